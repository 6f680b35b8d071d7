"""Questions to the index. Every answer is a function of the content's state and of the moment it was settled at, in a
fixed order; only shown items are ever found.

While `reads` is set, answers that any page may ask for are noted there. Those of an item's own page (`own`,
`neighbours`, `referring`, `versions`) are not: the page has a fixed contract, and `plugins.pages.changes` knows it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from cluster.index.card import position
from cluster.index.ingest import Updated, parse_issue, update_index
from cluster.index.outputs import Outputs, SiteOutputs
from cluster.index.period import Period
from cluster.index.reads import HIGHEST, LOWEST, Reads, Span
from cluster.index.schema import connect, in_use, read_meta, refuse_when_busy, write_meta
from cluster.index.settle import NOT_BUILT, Touch, note
from cluster.issues import Issue
from cluster.pool import Pool
from cluster.site import Cluster
from cluster.source import Entry, Source
from cluster.spool import Spool
from cluster.validation import item_key, url_of

_decode = json.JSONDecoder().raw_decode
_ITEM = (
    'item.path, blob, item.site, "column", year, slug, type, id, url, title, item.date, updated, expires, topic, law, '
    "fields, body_line"
)
_OWNER = """(SELECT min(twin.path) FROM item AS twin WHERE twin.id = item.id AND twin.path < item.path
             AND (twin.expires = '' OR twin.expires > :now))"""
_BESIDE = 'SELECT path, url, title FROM item WHERE site = ?1 AND "column" = ?2'
_BEFORE = f"{_BESIDE} AND (date, path) < (?3, ?4) AND (year > 0) = ?5 AND shown ORDER BY date DESC, path DESC LIMIT 1"
_AFTER = f"{_BESIDE} AND (date, path) > (?3, ?4) AND (year > 0) = ?5 AND shown ORDER BY date, path LIMIT 1"
_BETWEEN = (
    f"{_BESIDE} AND (date, path) >= (?3, ?4) AND (date, path) <= (?6, ?7) AND (year > 0) = ?5 AND shown "
    "ORDER BY date, path"
)
_AT_PLACES = (
    "WITH place (path, number) AS (SELECT value, key FROM json_each(:places)) "
    f"SELECT {_ITEM} FROM place JOIN item USING (path) ORDER BY number"
)
# The planner would look at each whole item; few items were ever updated, and the index alone knows which.
_UPDATED = (
    "SELECT path, updated FROM item INDEXED BY item_updated "
    "WHERE updated <> '' AND path IN (SELECT value FROM json_each(?))"
)
_LISTED = f"SELECT {_ITEM} FROM listing JOIN item USING (path) WHERE listing.site = :site AND list = :list"


class Fields(Mapping[str, Any]):
    """An item's fields, parsed at the first look: a sitemap of a thousand items never looks."""

    __slots__ = ("_found", "_json")

    def __init__(self, text: str) -> None:
        self._json = text
        self._found: dict[str, Any] | None = None

    def _parsed(self) -> dict[str, Any]:
        if self._found is None:
            # What this program wrote has no blanks around it for `json.loads` to look for.
            self._found = _decode(self._json)[0]
        return self._found

    def __getitem__(self, name: str) -> Any:
        return self._parsed()[name]

    def get(self, name: str, default: Any = None) -> Any:
        """The field, or the default."""
        return self._parsed().get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parsed())

    def __len__(self) -> int:
        return len(self._parsed())

    def __repr__(self) -> str:
        return repr(self._parsed())


class IndexedItem(NamedTuple):
    """An item as the index holds it; `fields` are typed by its content type, dates are stamps.

    A named tuple, not a dataclass: a cold build makes a million of them.
    """

    path: str
    blob: str
    site: str
    column: str
    year: int
    slug: str
    type: str
    id: str
    url: str
    title: str
    date: str
    updated: str
    expires: str
    topic: str
    law: str
    fields: Mapping[str, Any]
    body_line: int

    @property
    def modified(self) -> str:
        """The stamp that feeds and sitemaps give: the update, else the date."""
        return self.updated or self.date


class _Everything(frozenset[str]):
    """Names too many to be held: any may be among them."""

    def isdisjoint(self, other: Iterable[Any]) -> bool:
        return False


# More names than these are asked for one by one: they are no longer few, nor cheap to hold in every process.
_MOST_TARGETS = 50_000


class Neighbour(NamedTuple):
    """An item that stands beside another."""

    path: str
    url: str
    title: str


class Index:
    """The index in one file, or in memory when `path` is None."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._db = connect(path)
        self.outputs = Outputs(self._db)
        self.reads: Reads | None = None
        # What a run over very many items reads at once: who is referred to, the next items, and those beside them.
        self._targets: frozenset[str] | None = None
        self._gathered: dict[str, IndexedItem] = {}
        self._beside: dict[str, tuple[Neighbour | None, Neighbour | None]] = {}

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def overwrite_deleted(self) -> None:
        """Writes the file anew, so that what was deleted cannot be read in it; costs as much as there is.

        Raises:
            BusyError: another process is reading or writing.
        """
        try:
            self._db.execute("PRAGMA secure_delete = ON")
            self._db.execute("VACUUM")
            (is_busy, *_) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError as error:
            if self.path is not None:
                refuse_when_busy(self.path, error)
            raise
        if is_busy and self.path is not None:
            raise in_use(self.path)

    def reopened(self) -> Index:
        """The same file for another process. Raises: ValueError for one in memory."""
        if self.path is None:
            raise ValueError("an index in memory has one process only")
        return Index(self.path)

    def update(
        self, source: Source, cluster: Cluster, now: str, pool: Pool | None = None, spool: Spool | None = None
    ) -> Updated:
        """Brings the index up to `source` as seen at the stamp `now`; much that is read is left in the `spool`."""
        self._targets, self._gathered, self._beside = None, {}, {}
        return update_index(self._db, source, cluster, now, pool, spool)

    def site_outputs(self, site: str) -> SiteOutputs:
        """The output of one site."""
        return SiteOutputs(self._db, site)

    @property
    def revision(self) -> str:
        """The revision of the content that the index was brought up to, empty for none."""
        return read_meta(self._db, "revision")

    @property
    def now(self) -> str:
        """The moment that the index was settled at, empty for none."""
        return read_meta(self._db, "now")

    @contextmanager
    def reading(self) -> Iterator[Reads]:
        """Notes what is read meanwhile."""
        self.reads = Reads()
        try:
            yield self.reads
        finally:
            self.reads = None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction over everything in the index."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # ---- single items ---------------------------------------------------------------------------------------------

    def item(self, path: str) -> IndexedItem | None:
        """The item at a path below the repository, when it is shown."""
        self.saw(f"item:{path}")
        return self.own(path)

    def own(self, path: str) -> IndexedItem | None:
        """The same for the page of that item itself."""
        gathered = self._gathered.pop(path, None)
        if gathered is not None:
            return gathered
        return self._one(f"SELECT {_ITEM} FROM item WHERE path = :path AND shown", path=path)

    def find(self, reference: str) -> IndexedItem | None:
        """The shown item that a reference names: a path below `content/`, a full path, or an id."""
        path = reference if reference.startswith("content/") else f"content/{reference.lstrip('/')}"
        self.saw(f"id:{reference}")
        return self.item(path) or self._one(f"SELECT {_ITEM} FROM item WHERE id = :id AND shown", id=reference)

    def named(self, word: str) -> list[IndexedItem]:
        """The shown items that a reference's word may name, by path or by id, for whoever follows a change."""
        by_path = self.own(word if word.startswith("content/") else f"content/{word}")
        by_id = self._all(f"SELECT {_ITEM} FROM item WHERE id = :id AND shown", id=word)
        return [*filter(None, [by_path]), *by_id]

    def at(self, site: str, url: str) -> IndexedItem | None:
        """The shown item with this URL path: the path of its file, with another ending."""
        return self.item(f"content/{site}{url.removesuffix('.html')}.md") if url.endswith(".html") else None

    def items(self, site: str) -> Iterator[IndexedItem]:
        """All shown items of a site by path."""
        return self._all(f"SELECT {_ITEM} FROM item WHERE site = :site AND shown ORDER BY path", site=site)

    def own_pages(self, site: str) -> Iterator[tuple[str, str]]:
        """(path, URL path) of all shown items of a site by path."""
        start, end = f"content/{site}/", f"content/{site}0"  # "0" is the mark after "/"
        rows = self._db.execute("SELECT path, url FROM item WHERE path > ? AND path < ? AND shown", (start, end))
        return ((row[0], row[1]) for row in rows)

    def neighbours(self, item: IndexedItem) -> tuple[Neighbour | None, Neighbour | None]:
        """The shown items just before and just after in the same column, by (date, path).

        A dated item's neighbours are dated, a standing one's standing.
        """
        known = self._beside.pop(item.path, None)
        return known or self.beside(item.site, item.column, item.date, item.path, dated=item.year > 0)

    def beside(
        self, site: str, column: str, date: str, path: str, *, dated: bool
    ) -> tuple[Neighbour | None, Neighbour | None]:
        """The shown items of a column just before and just after a place in it."""
        key = (site, column, date, path, dated)
        before, after = self._db.execute(_BEFORE, key).fetchone(), self._db.execute(_AFTER, key).fetchone()
        return Neighbour(*before) if before else None, Neighbour(*after) if after else None

    def referring(self, item: IndexedItem, field: str) -> list[IndexedItem]:
        """The shown items whose `field` names this one, by (date, path)."""
        short, full, id = reference_keys(item.path, item.id)
        return list(
            self._all(
                f"""SELECT {_ITEM} FROM reference JOIN item USING (path)
                    WHERE field = :field AND target IN (:short, :full, :id) AND shown ORDER BY date, path""",
                field=field, short=short, full=full, id=id,
            )
        )  # fmt: skip

    def all_referring(self, item: IndexedItem) -> dict[str, list[IndexedItem]]:
        """The shown items that name this one in any field, by that field; nothing for nearly every item."""
        names = reference_keys(item.path, item.id)
        if self._targets is not None and self._targets.isdisjoint(names):
            return {}
        rows = self._db.execute("SELECT DISTINCT field FROM reference WHERE target IN (?, ?, ?)", names).fetchall()
        return {row[0]: self.referring(item, row[0]) for row in rows}

    def gather(self, first: str, last: str) -> None:
        """Reads at once the items between two paths, which `own` and `neighbours` will be asked for."""
        rows = self._all(
            f"SELECT {_ITEM} FROM item WHERE path BETWEEN :first AND :last AND shown", first=first, last=last
        )
        self._gathered = {item.path: item for item in rows}
        self._beside = {}
        lists: dict[tuple[str, str, bool], list[tuple[str, str]]] = {}
        for item in self._gathered.values():
            lists.setdefault((item.site, item.column, item.year > 0), []).append((item.date, item.path))
        for (site, column, dated), places in lists.items():
            self._gather_beside(site, column, min(places), max(places), dated=dated)
        if self._targets is None:
            query = "SELECT DISTINCT target FROM reference LIMIT ?"
            targets = [row[0] for row in self._db.execute(query, (_MOST_TARGETS,))]
            self._targets = frozenset(targets) if len(targets) < _MOST_TARGETS else _Everything()

    def _gather_beside(
        self, site: str, column: str, first: tuple[str, str], last: tuple[str, str], *, dated: bool
    ) -> None:
        """Reads at once what stands beside each item between two places of a column."""
        between = [Neighbour(*row) for row in self._db.execute(_BETWEEN, (site, column, *first, dated, *last))]
        before, after = (
            self.beside(site, column, *first, dated=dated)[0],
            self.beside(site, column, *last, dated=dated)[1],
        )
        for one, left, right in zip(between, [before, *between], [*between[1:], after], strict=False):
            self._beside[one.path] = (left, right)

    def versions(self, law: str) -> list[IndexedItem]:
        """The shown versions of a law, oldest first."""
        return list(self._all(f"SELECT {_ITEM} FROM item WHERE law = :law AND shown ORDER BY date, path", law=law))

    # ---- lists ----------------------------------------------------------------------------------------------------

    def newest(self, site: str, list: str, count: int) -> tuple[IndexedItem, ...]:
        """The newest dated items of a list, newest first."""
        items = tuple(
            self._all(
                f"{_LISTED} AND listing.date > '' ORDER BY listing.date DESC, path DESC LIMIT :count",
                site=site, list=list, count=count,
            )
        )  # fmt: skip
        last = _place(items[-1]) if len(items) == count and items else LOWEST
        self._saw_span(Span(site, list, HIGHEST, last, last))
        return items

    def latest(self, site: str, list: str) -> str:
        """The stamp that feeds and sitemaps give for the newest dated item of a list, empty without one."""
        row = self._db.execute(
            """SELECT updated, listing.date, path FROM listing JOIN item USING (path)
               WHERE listing.site = ? AND list = ? AND listing.date > ''
               ORDER BY listing.date DESC, path DESC LIMIT 1""",
            (site, list),
        ).fetchone()
        last = position(row[1], row[2]) if row else LOWEST
        self._saw_span(Span(site, list, HIGHEST, last, last))
        return (row[0] or row[1]) if row else ""

    def standing(self, site: str, list: str) -> tuple[IndexedItem, ...]:
        """The standing items of a list, by path."""
        self.saw(f"standing:{site}:{list}")
        return tuple(self._all(f"{_LISTED} AND listing.date = '' ORDER BY path", site=site, list=list))

    def of_period(self, site: str, list: str, period: Period, *, skip: int, count: int) -> tuple[IndexedItem, ...]:
        """A slice of a list's items of one period, oldest first."""
        places = self._places_of(period, site, list, skip, count)
        return tuple(self._all(_AT_PLACES, places=json.dumps([*places])))

    def addresses_of_period(
        self, site: str, list: str, period: Period, *, skip: int, count: int
    ) -> list[tuple[str, str]]:
        """The same items as what a sitemap says of them: URL path, and the stamp of the last change."""
        places = self._places_of(period, site, list, skip, count)
        updated = dict(self._db.execute(_UPDATED, (json.dumps([*places]),)).fetchall())
        return [(url_of(path), updated.get(path, date)) for path, date in places.items()]

    def _places_of(self, period: Period, site: str, list: str, skip: int, count: int) -> dict[str, str]:
        """The dates of the slice by path, from the list alone: what is skipped costs no look at an item."""
        start, end = period.start, period.end
        rows = self._db.execute(
            """SELECT date, path FROM listing WHERE site = ? AND list = ? AND date >= ? AND date < ?
               ORDER BY date, path LIMIT ? OFFSET ?""",
            (site, list, start, end, count, skip),
        ).fetchall()
        high = position(*rows[-1]) if len(rows) == count and rows else end
        self._saw_span(Span(site, list, high, start, position(*rows[0]) if rows else start))
        return {path: date for date, path in rows}

    def months(self, site: str, list: str) -> dict[Period, int]:
        """How many dated items a list shows of each month that has any, oldest month first."""
        self.saw(f"months:{site}:{list}")
        return self.tally(site, list)

    def tally(self, site: str, list: str) -> dict[Period, int]:
        """The same for a numbered page of the list, which follows only part of it."""
        rows = self._db.execute(
            "SELECT month, count FROM tally WHERE site = ? AND list = ? AND month > 0 ORDER BY month", (site, list)
        )
        return {Period(*divmod(month, 100)): count for month, count in rows}

    def is_filled(self, site: str, list: str, *, noted: bool = True) -> bool:
        """Whether a list shows at least one item; not noted for what all pages of a site follow as its frame."""
        if noted:
            self.saw(f"filled:{site}:{list}")
        row = self._db.execute("SELECT 1 FROM tally WHERE site = ? AND list = ? LIMIT 1", (site, list)).fetchone()
        return row is not None

    def is_dated(self, site: str, list: str) -> bool:
        """Whether a list shows at least one dated item."""
        self.saw(f"dated:{site}:{list}")
        query = "SELECT 1 FROM tally WHERE site = ? AND list = ? AND month > 0 LIMIT 1"
        return self._db.execute(query, (site, list)).fetchone() is not None

    # ---- files, redirects, time -----------------------------------------------------------------------------------

    def file(self, path: str) -> Entry | None:
        """The regular file at a path below the repository."""
        self.saw(f"file:{path}")
        row = self._db.execute("SELECT path, blob, mode FROM file WHERE path = ?", (path,)).fetchone()
        entry = Entry(*row) if row else None
        return entry if entry is not None and entry.is_regular else None

    def redirects(self, site: str) -> list[tuple[str, str, str]]:
        """(old path, item's path, item's URL path) of shown items, by old path."""
        rows = self._db.execute(
            """SELECT old, path, url FROM redirect JOIN item USING (path)
               WHERE redirect.site = ? AND shown ORDER BY old, path""",
            (site,),
        )
        return [(row[0], row[1], row[2]) for row in rows]

    def redirected(self, site: str, old: str) -> IndexedItem | None:
        """The shown item that an old address leads to."""
        self.saw(f"redirect:{site}:{old}")
        return self._one(
            f"""SELECT {_ITEM} FROM redirect JOIN item USING (path)
                WHERE redirect.site = :site AND old = :old AND shown ORDER BY path LIMIT 1""",
            site=site, old=old,
        )  # fmt: skip

    def next_moment(self, now: str) -> str:
        """The next stamp after now at which an item appears or expires, empty when there is none."""
        row = self._db.execute(
            """SELECT min(moment) FROM (SELECT min(date) AS moment FROM item WHERE shown = 0 AND date > :now
               UNION ALL SELECT min(expires) FROM item WHERE expires <> '' AND expires > :now)""",
            {"now": now},
        ).fetchone()
        return str(row[0] or "")

    # ---- issues ---------------------------------------------------------------------------------------------------

    def issues(self, now: str) -> list[Issue]:
        """What the items' own files say must be mended, and which ids are taken or dates still to come."""
        stored = [parse_issue(row[0]) for row in self._db.execute("SELECT issue FROM issue")]
        hidden = self._db.execute(f"SELECT path, id, date, {_OWNER} FROM item WHERE shown = 0", {"now": now}).fetchall()
        clashes = [
            Issue.of("id-taken", path, 0, "id", id=id, other=owner)
            for path, id, _, owner in hidden
            if owner is not None
        ]
        waiting = [
            Issue.of("scheduled", path, 0, "date", date=date[:16].replace("T", " "))
            for path, _, date, owner in hidden
            if date > now and owner is None
        ]
        return sorted([*stored, *clashes, *waiting])

    # ---- rendered bodies, the journal, large files -------------------------------------------------------------------

    def body(self, blob: str, settings: str) -> str | None:
        """A rendered body kept for a blob and a renderer's settings."""
        row = self._db.execute("SELECT data FROM body WHERE blob = ? AND settings = ?", (blob, settings)).fetchone()
        return str(row[0]) if row else None

    def unkept(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """(path, blob) of those of the items whose body is not kept."""
        if self._gathered and self._db.execute("SELECT 1 FROM body LIMIT 1").fetchone() is None:
            yield from ((path, self._gathered[path].blob) for path in paths if path in self._gathered)
            return
        query = "SELECT blob FROM item WHERE path = ? AND NOT EXISTS (SELECT 1 FROM body WHERE body.blob = item.blob)"
        for path in paths:
            row = self._db.execute(query, (path,)).fetchone()
            if row is not None:
                yield path, row[0]

    def keep_bodies(self, bodies: Mapping[tuple[str, str], str]) -> None:
        """Keeps rendered bodies, by blob and settings, until their blob goes; those of other settings go now."""
        rows = [(*name, data) for name, data in bodies.items()]
        self._db.executemany("DELETE FROM body WHERE blob = ? AND settings <> ?", bodies)
        self._db.executemany("INSERT OR REPLACE INTO body VALUES (?, ?, ?)", rows)

    def touches(self, after: int) -> list[Touch]:
        """The journal after a line."""
        rows = self._db.execute("SELECT DISTINCT kind, site, name, date, path FROM touch WHERE number > ?", (after,))
        return [Touch(*row) for row in rows]

    def last_touch(self) -> int:
        """The journal's last line ever written."""
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'touch'").fetchone()
        return int(row[0]) if row else 0

    def note_media(self, names: list[str]) -> None:
        """Tells which large files came or went since the last time."""
        known = read_meta(self._db, "media").split()
        if names != known:
            note(self._db, [Touch("key", name=f"media:{name}") for name in sorted(set(names) ^ set(known))])
            write_meta(self._db, "media", " ".join(names))

    def forget_touches(self) -> None:
        """Shortens the journal to what some site has not followed yet."""
        row = self._db.execute("SELECT min(touch) FROM built WHERE touch <> ?", (NOT_BUILT,)).fetchone()
        if row[0] is not None:
            self._db.execute("DELETE FROM touch WHERE number <= ?", (row[0],))

    def saw(self, key: str) -> None:
        """Notes a key that a page read."""
        if self.reads is not None:
            self.reads.keys.add(key)

    def _saw_span(self, span: Span) -> None:
        if self.reads is not None:
            self.reads.spans.add(span)

    def _one(self, sql: str, **values: Any) -> IndexedItem | None:
        row = self._db.execute(sql, values).fetchone()
        return _item(row) if row else None

    def _all(self, sql: str, **values: Any) -> Iterator[IndexedItem]:
        return (_item(row) for row in self._db.execute(sql, values))


def reference_keys(path: str, id: str) -> tuple[str, str, str]:
    """The words by which another item may name this one: its path in two forms, and its id."""
    return item_key(path), path, id


def _place(item: IndexedItem) -> str:
    return position(item.date if item.year else "", item.path)


def _item(row: sqlite3.Row) -> IndexedItem:
    return IndexedItem._make((*row[:15], Fields(row[15]), row[16]))
