"""Bringing the index up to one state of the content at one moment: changed files in, rows and touches out.

One transaction, with the revision written last: a run that was killed left the earlier state whole, and the next run
does the same work again. A change of what items are read by (content types, columns, topics, the program) reads every
item again; after that, and after a change too big to follow, `epoch` moves on and every site is built from the start.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import NamedTuple

from cluster.index.card import Card, make_card
from cluster.index.schema import read_meta, write_meta
from cluster.index.settle import Touch, note, settle_all, settle_some
from cluster.issues import Issue
from cluster.limits import LIMITS
from cluster.pool import Pool, in_chunks, work_through
from cluster.site import Cluster
from cluster.source import Entry, Source
from cluster.spool import Kept, Spool
from cluster.validation import read_item

# Raised by hand whenever reading an item gives other rows than before.
READER_VERSION = "3"
# From this many changed files on nobody asks which page each of them touched: all pages are looked at.
MOST_FOLLOWED = 5_000
_CHUNK = 250
_CONTENT = ("file", "item", "reference", "redirect", "issue")


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update did: files read and files that went."""

    read: int
    removed: int


class Reading(NamedTuple):
    """One changed file as read: the card of a well-formed item, its issues as lines of JSON, its place in the spool."""

    entry: Entry
    card: Card | None = None
    issues: tuple[str, ...] = ()
    kept: Kept | None = None


def update_index(
    db: sqlite3.Connection,
    source: Source,
    cluster: Cluster,
    now: str,
    pool: Pool | None = None,
    spool: Spool | None = None,
) -> Updated:
    """Makes the index say what `source` holds under this configuration, as seen at the stamp `now`.

    What is read when very much is goes into the `spool` too, for whoever reads it next.
    """
    settings = f"{READER_VERSION} {_reading_settings(cluster)}"
    fresh = read_meta(db, "settings") != settings
    db.execute("BEGIN IMMEDIATE")
    try:
        if fresh:
            _clear(db)
        changed = iter(source.entries() if fresh else _changed_entries(db, source))
        some = list(itertools.islice(changed, MOST_FOLLOWED + 1))
        is_much = len(some) > MOST_FOLLOWED
        reader = _Reader(source, cluster, spool if is_much else None)
        readings = _read(reader, itertools.chain(some, changed), pool)
        if fresh or is_much:
            updated = _learn_all(db, readings, now, fresh=fresh, spool=spool)
        else:
            ended = _ended(db, cluster, now)
            updated = _learn_some(db, list(readings), now)
            note(db, ended)
        write_meta(db, "settings", settings)
        write_meta(db, "now", now)
        write_meta(db, "revision", source.revision)
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    return updated


@functools.lru_cache(maxsize=4)
def _reading_settings(cluster: Cluster) -> str:
    """A hash of what items are read by: content types, and which columns and topics there are."""
    places = [(key, tuple(site.columns), tuple(site.topics)) for key, site in cluster.sites.items()]
    return hashlib.sha256(f"{cluster.types_fingerprint} {places!r}".encode()).hexdigest()


def _ended(db: sqlite3.Connection, cluster: Cluster, now: str) -> list[Touch]:
    """The topics that end between the moment the index was settled at and `now`."""
    earlier = read_meta(db, "now")
    return [
        Touch("key", site.key, f"topic:{site.key}:{topic.name}")
        for site in cluster.sites.values()
        for topic in site.topics.values()
        if topic.is_over(earlier) != topic.is_over(now)
    ]


def _clear(db: sqlite3.Connection) -> None:
    for table in _CONTENT:
        db.execute(f"DELETE FROM {table}")


def _changed_entries(db: sqlite3.Connection, source: Source) -> Iterable[Entry]:
    revision = read_meta(db, "revision")
    changes = source.changes_since(revision) if revision else None
    return changes if changes is not None else _compared(db, source)


def _compared(db: sqlite3.Connection, source: Source) -> Iterator[Entry]:
    """The difference found by comparing every file, when the source cannot tell it."""
    known = {row["path"]: (row["blob"], row["mode"]) for row in db.execute("SELECT path, blob, mode FROM file")}
    for entry in source.entries():
        if known.pop(entry.path, None) != (entry.blob, entry.mode):
            yield entry
    yield from (Entry(path, "") for path in known)


# ---- reading --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads files in any process."""

    source: Source
    cluster: Cluster
    spool: Spool | None = None

    def opened(self) -> _Reader:
        return _Reader(self.source.reopened(), self.cluster, self.spool)

    def work(self, chunk: list[Entry]) -> list[Reading]:
        items = [entry for entry in chunk if _is_item(entry)]
        found = self.source.read_many(items, LIMITS.item_bytes)
        return [self._item(*next(found)) if _is_item(entry) else self._other(entry) for entry in chunk]

    def _item(self, entry: Entry, data: bytes | None, size: int) -> Reading:
        """An item; a file over the limit is weighed and never read."""
        if data is None:
            issue = Issue.of("file-too-big", entry.path, size=size, limit=LIMITS.item_bytes)
            return Reading(entry, None, (dump_issue(issue),))
        item, issues = read_item(entry.path, data, self.cluster)
        card = make_card(item, entry.blob) if item is not None else None
        kept = self.spool.keep(entry.blob, data) if self.spool is not None and card is not None else None
        return Reading(entry, card, tuple(map(dump_issue, issues)), kept)

    def _other(self, entry: Entry) -> Reading:
        """Any other file, or one that has gone."""
        if not entry.blob or not entry.path.startswith("content/"):
            return Reading(entry)
        if not entry.is_regular:
            return Reading(entry, None, (dump_issue(Issue.of("symlink", entry.path)),))
        if (size := self.source.size(entry)) > LIMITS.git_blob_bytes:
            issue = Issue.of("blob-too-big", entry.path, size=size, limit=LIMITS.git_blob_bytes)
            return Reading(entry, None, (dump_issue(issue),))
        return Reading(entry)


def _is_item(entry: Entry) -> bool:
    is_markdown = entry.path.startswith("content/") and entry.path.lower().endswith((".md", ".markdown"))
    return bool(is_markdown and entry.blob and entry.is_regular)


def _read(reader: _Reader, entries: Iterable[Entry], pool: Pool | None) -> Iterator[Reading]:
    chunks = work_through(reader, in_chunks(entries, _CHUNK), pool)
    return itertools.chain.from_iterable(chunks)


# ---- learning -------------------------------------------------------------------------------------------------------


def _learn_some(db: sqlite3.Connection, readings: list[Reading], now: str) -> Updated:
    """A few changes: what they touch is told."""
    cards = [reading.card for reading in readings if reading.card is not None]

    def learn() -> None:
        for reading in readings:
            _forget(db, reading.entry.path)
        _insert(db, readings)

    settle_some(db, [reading.entry.path for reading in readings], cards, learn, now)
    return Updated(
        sum(1 for reading in readings if reading.entry.blob), sum(1 for reading in readings if not reading.entry.blob)
    )


def _learn_all(
    db: sqlite3.Connection, readings: Iterable[Reading], now: str, *, fresh: bool, spool: Spool | None
) -> Updated:
    """All files, or very many: nothing is told but that everything may be other than before."""
    read = removed = 0
    kept: list[tuple[str, Kept]] = []
    for some in in_chunks(readings, _CHUNK):
        for reading in [] if fresh else some:
            _forget(db, reading.entry.path)
        _insert(db, some)
        read += sum(1 for reading in some if reading.entry.blob)
        removed += sum(1 for reading in some if not reading.entry.blob)
        kept += [(reading.entry.blob, reading.kept) for reading in some if reading.kept is not None]
    if spool is not None:
        spool.learn(kept)
    settle_all(db, now)
    return Updated(read, removed)


def _forget(db: sqlite3.Connection, path: str) -> None:
    """Everything that was read from a file, and what was rendered of it."""
    db.execute("DELETE FROM body WHERE blob IN (SELECT blob FROM file WHERE path = ?)", (path,))
    for table in _CONTENT:
        db.execute(f"DELETE FROM {table} WHERE path = ?", (path,))


def _insert(db: sqlite3.Connection, readings: Iterable[Reading]) -> None:
    there = [reading for reading in readings if reading.entry.blob]
    cards = [reading.card for reading in there if reading.card is not None]
    entries = [(reading.entry.path, reading.entry.blob, reading.entry.mode) for reading in there]
    db.executemany("INSERT INTO file VALUES (?, ?, ?)", entries)
    db.executemany(f"INSERT INTO item VALUES ({','.join('?' * 18)}, 0)", [card.row for card in cards])
    references = [(card.path, *pair) for card in cards for pair in card.references]
    db.executemany("INSERT INTO reference VALUES (?, ?, ?)", references)
    redirects = [(card.site, old, card.path) for card in cards for old in card.redirects]
    db.executemany("INSERT INTO redirect VALUES (?, ?, ?)", redirects)
    issues = [(reading.entry.path, issue) for reading in there for issue in reading.issues]
    db.executemany("INSERT INTO issue VALUES (?, ?)", issues)


def dump_issue(issue: Issue) -> str:
    """An issue as one line of JSON."""
    return json.dumps(asdict(issue), ensure_ascii=False)


def parse_issue(text: str) -> Issue:
    """The issue that `dump_issue` wrote."""
    data = json.loads(text)
    data["values"] = tuple((name, value) for name, value in data["values"])
    return Issue(**data)
