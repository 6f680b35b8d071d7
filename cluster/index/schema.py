"""The tables of `var/index.db`, format 1, and the opening of the file.

`item` holds every well-formed item; one that shares its id carries the first path with that id in `clash` and is
shown only when all before it have expired. `listing` says which item stands in which list of which site: its columns,
all their ancestors, its topic.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from cluster.errors import BusyError

FORMAT = 1
# How long a process waits for another one that is writing a rendered body.
WAIT_SECONDS = 60.0

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE file (path TEXT PRIMARY KEY, blob TEXT NOT NULL, mode TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE item (
  path TEXT PRIMARY KEY, blob TEXT NOT NULL, site TEXT NOT NULL, "column" TEXT NOT NULL, year INTEGER NOT NULL,
  slug TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, url TEXT NOT NULL, title TEXT NOT NULL, date TEXT NOT NULL,
  updated TEXT NOT NULL, expires TEXT NOT NULL, topic TEXT NOT NULL, law TEXT NOT NULL, fields TEXT NOT NULL,
  clash TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX item_id ON item (id);
CREATE INDEX item_place ON item (site, "column", date, path);
CREATE INDEX item_law ON item (law, date) WHERE law <> '';
CREATE TABLE listing (
  site TEXT NOT NULL, list TEXT NOT NULL, date TEXT NOT NULL, path TEXT NOT NULL,
  PRIMARY KEY (site, list, date, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX listing_path ON listing (path);
CREATE TABLE reference (
  path TEXT NOT NULL, field TEXT NOT NULL, target TEXT NOT NULL, PRIMARY KEY (path, field)
) STRICT, WITHOUT ROWID;
CREATE INDEX reference_target ON reference (target);
CREATE TABLE redirect (
  site TEXT NOT NULL, old TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (site, old, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX redirect_path ON redirect (path);
CREATE TABLE issue (path TEXT NOT NULL, issue TEXT NOT NULL) STRICT;
CREATE INDEX issue_path ON issue (path);
CREATE TABLE body (key TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""


def connect(path: Path | None, *, wait: float = WAIT_SECONDS) -> sqlite3.Connection:
    """The index at `path`, made anew when missing, damaged or of another format; None keeps it in memory.

    Raises:
        BusyError: another process holds the file for more than `wait` seconds.
    """
    if path is None:
        return _prepared(sqlite3.connect(":memory:", isolation_level=None))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _prepared(sqlite3.connect(path, timeout=wait, isolation_level=None))
    except (sqlite3.DatabaseError, _OtherFormat) as error:
        refuse_when_busy(path, error)
        delete_index(path)
        return _prepared(sqlite3.connect(path, timeout=wait, isolation_level=None))


def refuse_when_busy(path: Path, error: Exception) -> None:
    """Raises a BusyError when `error` says that another process holds the index, which is then not damaged."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        raise BusyError(
            f"{path} is in use by another zhanqun. Wait for it and repeat.",
            f"{path} 正被另一个 zhanqun 使用。请等它结束后再试。",
        ) from error


def delete_index(path: Path) -> None:
    """Removes the index; the next opening makes an empty one."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


class _OtherFormat(Exception):
    """The file was written by another version of the program."""


def _prepared(db: sqlite3.Connection) -> sqlite3.Connection:
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        if _format(db) == 0:
            _create(db)
        if _format(db) != FORMAT:
            raise _OtherFormat
        db.execute("SELECT 1 FROM item LIMIT 1")
    except (sqlite3.DatabaseError, _OtherFormat):
        db.close()
        raise
    db.row_factory = sqlite3.Row
    return db


def _create(db: sqlite3.Connection) -> None:
    """Makes the tables, unless another process has made them while this one waited."""
    db.execute("BEGIN IMMEDIATE")
    if _format(db) == 0:
        for statement in _TABLES.split(";"):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {FORMAT}")
    db.execute("COMMIT")


def _format(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
