"""The tables of `var/index.db`, format 4, and the opening of the file.

Three kinds of tables, all derived:

- *content*: `file`, `item`, `reference`, `redirect`, `issue` say what the content's files hold; an item's `shown`
  says whether it is to be seen at the moment the index was settled at.
- *lists*: `listing` holds the shown items of every list (columns, all their ancestors, topics) in their order, `tally`
  counts them by month. `touch` is the journal of what changed, for sites that have not been built since.
- *output*: `page` holds every output file of the last build with its hashes, `reading`, `span` and `finding` what a
  page read and noted, `directory` the Merkle tree over all of them, `built` how far each site has come, `since` what
  a file was in the last release where it is other now.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from cluster.errors import BusyError

FORMAT = 4
# How long a process waits for another one that is writing.
WAIT_SECONDS = 60.0
# Kibibytes of pages that one connection keeps in memory.
CACHE_KIB = 32_768

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE file (path TEXT PRIMARY KEY, blob TEXT NOT NULL, mode TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE item (
  path TEXT PRIMARY KEY, blob TEXT NOT NULL, site TEXT NOT NULL, "column" TEXT NOT NULL, year INTEGER NOT NULL,
  slug TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, url TEXT NOT NULL, title TEXT NOT NULL, date TEXT NOT NULL,
  updated TEXT NOT NULL, expires TEXT NOT NULL, topic TEXT NOT NULL, law TEXT NOT NULL, fields TEXT NOT NULL,
  body_line INTEGER NOT NULL, lists TEXT NOT NULL, shown INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX item_id ON item (id);
CREATE INDEX item_place ON item (site, "column", year > 0, date, path);
CREATE INDEX item_updated ON item (path, updated) WHERE updated <> '';
CREATE INDEX item_law ON item (law, date) WHERE law <> '';
CREATE INDEX item_date ON item (date) WHERE shown = 0;
CREATE INDEX item_expires ON item (expires) WHERE expires <> '';
CREATE TABLE listing (
  site TEXT NOT NULL, list TEXT NOT NULL, date TEXT NOT NULL, path TEXT NOT NULL,
  PRIMARY KEY (site, list, date, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE tally (
  site TEXT NOT NULL, list TEXT NOT NULL, month INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (site, list, month)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE body (blob TEXT NOT NULL, settings TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (blob, settings)) STRICT;
CREATE TABLE touch (
  number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, site TEXT NOT NULL, name TEXT NOT NULL,
  date TEXT NOT NULL, path TEXT NOT NULL
) STRICT;
CREATE TABLE page (
  number INTEGER PRIMARY KEY, site TEXT NOT NULL, folder TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
  subject TEXT NOT NULL, year INTEGER NOT NULL, month INTEGER NOT NULL, part INTEGER NOT NULL, raw BLOB NOT NULL,
  brotli BLOB, size INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX page_place ON page (site, folder, name);
CREATE INDEX page_kind ON page (site, kind, subject, year, month) WHERE kind <> 'article';
CREATE TABLE reading (key TEXT NOT NULL, page INTEGER NOT NULL, PRIMARY KEY (key, page)) STRICT, WITHOUT ROWID;
CREATE INDEX reading_page ON reading (page);
CREATE TABLE span (
  site TEXT NOT NULL, list TEXT NOT NULL, high TEXT NOT NULL, low TEXT NOT NULL, first TEXT NOT NULL,
  page INTEGER NOT NULL, PRIMARY KEY (site, list, high, low, first, page)
) STRICT, WITHOUT ROWID;
CREATE INDEX span_page ON span (page);
CREATE TABLE finding (
  site TEXT NOT NULL, page INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL
) STRICT;
CREATE INDEX finding_page ON finding (page);
CREATE INDEX finding_name ON finding (site, kind, name);
CREATE INDEX finding_issue ON finding (kind) WHERE kind = 'issue';
CREATE TABLE directory (
  parent TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (parent, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE since (path TEXT PRIMARY KEY, raw BLOB, brotli BLOB, size INTEGER) STRICT, WITHOUT ROWID;
CREATE TABLE built (
  site TEXT PRIMARY KEY, touch INTEGER NOT NULL, recipe TEXT NOT NULL, parts TEXT NOT NULL, frame TEXT NOT NULL,
  files INTEGER NOT NULL, pages INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
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
        return _opened(path, wait)
    except (sqlite3.DatabaseError, _OtherFormat) as error:
        refuse_when_busy(path, error)
        delete_index(path)
        return _opened(path, wait)


def _opened(path: Path, wait: float) -> sqlite3.Connection:
    """SQLite does not wait by itself when two openers turn a new file to WAL at once, since they could wait forever."""
    until = time.monotonic() + wait
    while True:
        try:
            return _prepared(sqlite3.connect(path, timeout=wait, isolation_level=None))
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() >= until:
                raise
        time.sleep(0.01)


def _is_busy(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def refuse_when_busy(path: Path, error: Exception) -> None:
    """Raises a BusyError when `error` says that another process holds the index, which is then not damaged."""
    if _is_busy(error):
        raise in_use(path) from error


def in_use(path: Path) -> BusyError:
    """What is told when another process holds the index."""
    return BusyError(
        f"{path} is in use by another zhanqun. Wait for it and repeat.",
        f"{path} 正被另一个 zhanqun 使用。请等它结束后再试。",
    )


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
        db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
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


def read_meta(db: sqlite3.Connection, name: str) -> str:
    """A word kept under a name, empty when there is none."""
    row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return str(row[0]) if row else ""


def write_meta(db: sqlite3.Connection, name: str, value: str) -> None:
    """Keeps a word under a name."""
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))
