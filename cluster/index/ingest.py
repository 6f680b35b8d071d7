"""Bringing the index up to one state of the content: changed files in, rows out, in one transaction.

The revision is written last in the same transaction, so a run that was killed left the earlier state whole and the
next run does the same work again. A change of configuration or program re-reads every item.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass

from cluster.issues import Issue
from cluster.limits import LIMITS
from cluster.site import Cluster
from cluster.source import Entry, Source
from cluster.validation import Item, item_key, read_item

# Raised by hand whenever reading an item gives other rows than before.
READER_VERSION = "2"
_REFERENCES = ("translation_of", "interprets")

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update did: files read and files that went."""

    read: int
    removed: int


def update_index(db: sqlite3.Connection, source: Source, cluster: Cluster) -> Updated:
    """Makes the index say what `source` holds under this configuration."""
    settings = f"{READER_VERSION} {cluster.fingerprint}"
    fresh = _meta(db, "settings") != settings
    db.execute("BEGIN IMMEDIATE")
    try:
        changed = list(_all_entries(db, source) if fresh else _changed_entries(db, source))
        for entry in changed:
            _forget(db, entry.path)
            if entry.blob:
                _learn(db, entry, source, cluster)
        if changed:
            _settle_clashes(db)
        _set_meta(db, "settings", settings)
        _set_meta(db, "revision", source.revision)
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    return Updated(sum(1 for entry in changed if entry.blob), sum(1 for entry in changed if not entry.blob))


def _meta(db: sqlite3.Connection, name: str) -> str:
    row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return str(row[0]) if row else ""


def _set_meta(db: sqlite3.Connection, name: str, value: str) -> None:
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))


def _changed_entries(db: sqlite3.Connection, source: Source) -> Iterable[Entry]:
    revision = _meta(db, "revision")
    changes = source.changes_since(revision) if revision else None
    return changes if changes is not None else _compared(db, source)


def _compared(db: sqlite3.Connection, source: Source) -> Iterator[Entry]:
    """The difference found by comparing every file, when the source cannot tell it."""
    known = {row["path"]: (row["blob"], row["mode"]) for row in db.execute("SELECT path, blob, mode FROM file")}
    for entry in source.entries():
        if known.pop(entry.path, None) != (entry.blob, entry.mode):
            yield entry
    yield from (Entry(path, "") for path in known)


def _all_entries(db: sqlite3.Connection, source: Source) -> Iterator[Entry]:
    """Every file, and those that the index knows and the source no longer has."""
    known = {row["path"] for row in db.execute("SELECT path FROM file")}
    for entry in source.entries():
        known.discard(entry.path)
        yield entry
    yield from (Entry(path, "") for path in known)


def _forget(db: sqlite3.Connection, path: str) -> None:
    for table in ("file", "item", "listing", "reference", "redirect", "issue"):
        db.execute(f"DELETE FROM {table} WHERE path = ?", (path,))


def _learn(db: sqlite3.Connection, entry: Entry, source: Source, cluster: Cluster) -> None:
    db.execute("INSERT INTO file VALUES (?, ?, ?)", (entry.path, entry.blob, entry.mode))
    if not entry.path.startswith("content/"):
        return
    if not entry.is_regular:
        _note(db, [Issue.of("symlink", entry.path)])
    elif entry.path.lower().endswith((".md", ".markdown")):
        _learn_item(db, entry, source, cluster)
    elif (size := source.size(entry)) > LIMITS.git_blob_bytes:
        _note(db, [Issue.of("blob-too-big", entry.path, size=size, limit=LIMITS.git_blob_bytes)])


def _learn_item(db: sqlite3.Connection, entry: Entry, source: Source, cluster: Cluster) -> None:
    """An item's rows; a file over the limit is weighed and never read."""
    if (size := source.size(entry)) > LIMITS.item_bytes:
        _note(db, [Issue.of("file-too-big", entry.path, size=size, limit=LIMITS.item_bytes)])
        return
    item, issues = read_item(entry.path, source.read(entry), cluster)
    _note(db, issues)
    if item is not None:
        _insert(db, item, entry.blob)


def _note(db: sqlite3.Connection, issues: Iterable[Issue]) -> None:
    db.executemany("INSERT INTO issue VALUES (?, ?)", [(one.path, dump_issue(one)) for one in issues])


def _insert(db: sqlite3.Connection, item: Item, blob: str) -> None:
    place = item.place
    db.execute(
        f"INSERT INTO item VALUES ({','.join('?' * 16)}, '')",
        (
            item.path, blob, place.site, place.column, place.year, place.slug, item.type, item.id, place.url,
            item.title, item.date, item.updated, item.expires, item.topic, item.law,
            json.dumps(dict(item.fields), ensure_ascii=False),
        ),
    )  # fmt: skip
    lists = sorted({(site, name) for site, column in item.lists for name in _with_ancestors(column)})
    if item.topic:
        lists.append((place.site, f"topic:{item.topic}"))
    db.executemany("INSERT INTO listing VALUES (?, ?, ?, ?)", [(*one, item.date, item.path) for one in lists])
    references = [(item.path, name, item.fields[name].lstrip("/")) for name in _REFERENCES if name in item.fields]
    db.executemany("INSERT INTO reference VALUES (?, ?, ?)", references)
    old = sorted(set(item.fields.get("redirect_from", ())))
    db.executemany("INSERT INTO redirect VALUES (?, ?, ?)", [(place.site, path, item.path) for path in old])


def _with_ancestors(column: str) -> list[str]:
    """The column, all above it, and the site as a whole, whose list has the empty name."""
    parts = column.split("/")
    return ["", *("/".join(parts[: n + 1]) for n in range(len(parts)))]


def _settle_clashes(db: sqlite3.Connection) -> None:
    """Of the items that share an id the first by path keeps it; the others are marked with its path."""
    db.execute("UPDATE item SET clash = '' WHERE clash <> ''")
    db.execute(
        """UPDATE item SET clash = twin.first
           FROM (SELECT id, min(path) AS first FROM item GROUP BY id HAVING count(*) > 1) AS twin
           WHERE item.id = twin.id AND item.path <> twin.first"""
    )


def dump_issue(issue: Issue) -> str:
    """An issue as one line of JSON."""
    return json.dumps(asdict(issue), ensure_ascii=False)


def parse_issue(text: str) -> Issue:
    """The issue that `dump_issue` wrote."""
    data = json.loads(text)
    data["values"] = tuple((name, value) for name, value in data["values"])
    return Issue(**data)


def reference_keys(path: str, id: str) -> tuple[str, str, str]:
    """The words by which another item may name this one: its path in two forms, and its id."""
    return item_key(path), path, id
