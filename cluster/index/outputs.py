"""What the last build made: every output file with its hashes, what it read and noted, and the tree over all of them.

A site's files are kept one by one while it is built (`SiteOutputs`); what is as it was costs no write. The ids of the
directories are brought up with the changed ones alone, so the root of 300,000 files follows from a few.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from cluster.errors import FormatError
from cluster.index.card import position
from cluster.index.period import Period
from cluster.index.reads import Reads
from cluster.index.schema import read_meta, write_meta
from cluster.index.settle import NOT_BUILT, Touch
from cluster.listings import Listings
from cluster.manifest import ASSETS, Directory, Entry, Manifest

_KEY = "folder, name, kind, subject, year, month, part"


class PageKey(NamedTuple):
    """One output file of a site: its path, its kind, and what it shows (a column, an item's path, a topic, a URL).

    Of a numbered file also the period and its number in it.
    """

    path: str
    kind: str
    subject: str = ""
    year: int = 0
    month: int = 0
    number: int = 0

    @property
    def period(self) -> Period:
        """The year, or the month of it, whose items a numbered file shows."""
        return Period(self.year, self.month)


class Finding(NamedTuple):
    """What a page noted while it was made: a file it needs, an address it leaves for, an issue."""

    kind: str
    name: str
    value: str = ""


class Made(NamedTuple):
    """One output file that was made, with what it read, where that is followed at all."""

    key: PageKey
    entry: Entry
    reads: Reads | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """How far a site has come: the journal's line, and what its pages were made with."""

    touch: int
    recipe: str
    parts: str
    frame: str
    files: int
    pages: int


@dataclass(frozen=True, slots=True)
class Removed:
    """What went since a release: how many pages each site had in it, and the paths that are no more."""

    pages: Mapping[str, int]
    gone: tuple[str, ...]


class Outputs:
    """The output of all sites, in the index's database; whoever writes holds a transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def built(self) -> dict[str, Built]:
        """How far every site has come."""
        return {row[0]: Built(*tuple(row)[1:]) for row in self._db.execute("SELECT * FROM built")}

    def start_anew(self) -> None:
        """Forgets how far any site has come: all pages will be looked at."""
        self._db.execute("UPDATE built SET touch = ?", (NOT_BUILT,))

    def forget_site(self, site: str) -> tuple[set[str], set[str]]:
        """Removes all that a site had which is no more; the paths written, none, and removed."""
        outputs = SiteOutputs(self._db, site)
        outputs.remove_all()
        self._db.execute("DELETE FROM built WHERE site = ?", (site,))
        outputs.settle_directories()
        return outputs.written, outputs.removed

    def root(self) -> str:
        """The hash that names the whole tree."""
        row = self._db.execute("SELECT id FROM directory WHERE parent = '/'").fetchone()
        return str(row[0]) if row else Directory.of("", (), ()).id

    def pages(self) -> dict[str, int]:
        """How many pages every site has, leaving notices apart, which come and go with links."""
        return {site: built.pages - self._notices(site) for site, built in self.built().items()}

    def keep_listings(self, listings: Listings) -> str:
        """Puts the tree's listings where they are not yet, and gives its root."""
        root = self.root()
        self._keep_listing(listings, "", root)
        return root

    def _keep_listing(self, listings: Listings, folder: str, id: str) -> None:
        if id in listings:  # and so is all that it names: children are put first
            return
        rows = self._db.execute("SELECT name, id FROM directory WHERE parent = ? ORDER BY name", (folder,))
        children = tuple((str(row[0]), str(row[1])) for row in rows)
        for name, child in children:
            self._keep_listing(listings, _join(folder, name), child)
        files = tuple(SiteOutputs(self._db, folder.partition("/")[0]).files_in(folder)) if folder else ()
        made = Directory.of(folder, files, children)
        if made.id != id:
            raise FormatError(*_TORN)
        listings.put(made)

    def blobs(self) -> Iterator[str]:
        """The SHA-256 of every blob of the last build, some of them more than once."""
        for raw, brotli in self._db.execute("SELECT raw, brotli FROM page"):
            yield raw.hex()
            if brotli is not None:
                yield brotli.hex()

    def manifest(self) -> Manifest:
        """Every file of every site: the whole tree at once, for whoever needs more than what changed."""
        rows = self._db.execute("SELECT site, folder, name, raw, brotli, size FROM page ORDER BY site")
        return Manifest.of({full_path(site, _join(folder, name)): _entry(*rest) for site, folder, name, *rest in rows})

    @property
    def next_moment(self) -> str:
        """The stamp at which the output changes by itself, as the last build knew it."""
        return read_meta(self._db, "next_moment")

    def remember_next_moment(self, moment: str) -> None:
        """Keeps it."""
        if moment != self.next_moment:
            write_meta(self._db, "next_moment", moment)

    def mark_released(self, root: str) -> None:
        """Says that the tree with this root is live: what differs is noted from now on, unless that is another tree."""
        self._db.execute("DELETE FROM since")
        write_meta(self._db, "released", root if root == self.root() else "")

    def removed_since_release(self) -> Removed | None:
        """What the last release has and this tree has not; None when no release is known."""
        if not read_meta(self._db, "released"):
            return None
        pages = self.pages()
        gone = []
        for path, was_there in self._db.execute("SELECT path, raw IS NOT NULL FROM since"):
            site, _, rest = path.partition("/")
            is_there = self._is_there(path)
            if rest.endswith(".html") and site != ASSETS and not rest.startswith("leave/"):
                pages[site] = pages.get(site, 0) + was_there - is_there
            if was_there and not is_there:
                gone.append(path)
        return Removed(pages, tuple(sorted(gone)))

    def _notices(self, site: str) -> int:
        """How many leaving notices a site has: they come and go with links, and nobody misses one."""
        query = "SELECT count(*) FROM page WHERE site = ? AND kind <> 'article' AND kind = 'leave'"
        return int(self._db.execute(query, (site,)).fetchone()[0])

    def _is_there(self, path: str) -> bool:
        site, _, rest = path.partition("/")
        return site != ASSETS and SiteOutputs(self._db, site).entry(rest) is not None

    def issues(self) -> Iterator[str]:
        """The issues that pages noted, as lines of JSON."""
        return (row[0] for row in self._db.execute("SELECT value FROM finding WHERE kind = 'issue'"))


class SiteOutputs:
    """The output of one site while it is built."""

    def __init__(self, db: sqlite3.Connection, site: str) -> None:
        self._db = db
        self.site = site
        # The names of files and addresses that some page began or ceased to need.
        self.loose: set[tuple[str, str]] = set()
        self.written: set[str] = set()
        self.removed: set[str] = set()
        # How many files, and how many pages among them, there are more than before.
        self.added = 0
        self.added_pages = 0
        self._folders: set[str] = set()
        self._has_release = bool(read_meta(db, "released"))
        # A site that never was built has nothing to be looked up for each of its pages.
        self._is_new = db.execute("SELECT 1 FROM page WHERE site = ? LIMIT 1", (site,)).fetchone() is None

    # ---- looking --------------------------------------------------------------------------------------------------

    def entry(self, path: str) -> Entry | None:
        """A file's hashes."""
        row = self._row("raw, brotli, size", path)
        return _entry(*row) if row else None

    def key(self, path: str) -> PageKey | None:
        """What a file shows."""
        row = self._row(_KEY, path)
        return _key(*row) if row else None

    def keys(self, *kinds: str) -> dict[str, PageKey]:
        """All files of some kinds by path; articles are too many to be asked for."""
        marks = ",".join("?" * len(kinds))
        return self._found(
            f"SELECT {_KEY} FROM page WHERE site = ? AND kind <> 'article' AND kind IN ({marks})", *kinds
        )

    def count_by_period(self, kind: str, subject: str) -> dict[Period, int]:
        """How many files of one kind show one thing, by their period."""
        where = "site = ? AND kind <> 'article' AND kind = ? AND subject = ?"
        rows = self._db.execute(
            f"SELECT year, month, count(*) FROM page WHERE {where} GROUP BY year, month", (self.site, kind, subject)
        )
        return {Period(year, month): count for year, month, count in rows}

    def articles_without_item(self) -> list[str]:
        """The paths of items' pages whose item is not shown any more."""
        where = "site = ? AND kind = 'article' AND NOT EXISTS (SELECT 1 FROM item WHERE path = subject AND shown)"
        rows = self._db.execute(f"SELECT folder, name FROM page WHERE {where}", (self.site,))
        return [_join(*row) for row in rows]

    def readers(self, key: str) -> dict[str, PageKey]:
        """The files that read a key."""
        return self._found(
            f"SELECT {_KEY} FROM reading JOIN page ON page = number WHERE page.site = ? AND key = ?", key
        )

    def spanning(self, touch: Touch) -> dict[str, PageKey]:
        """The files that read a slice of a list in which something moved or was edited."""
        low = "low" if touch.kind == "move" else "first"
        place = position(touch.date, touch.path)
        return self._found(
            f"""SELECT {_KEY} FROM span JOIN page ON page = number
                WHERE page.site = ? AND span.site = ? AND list = ? AND high >= ? AND {low} <= ?""",
            touch.site,
            touch.name,
            place,
            place,
        )

    def needed(self, kind: str, name: str) -> str | None:
        """The value with which a page needs a file or an address; None when none does any more."""
        row = self._db.execute(
            # All pages that need a file note it alike, since all of them read it.
            "SELECT value FROM finding WHERE site = ? AND kind = ? AND name = ? LIMIT 1",
            (self.site, kind, name),
        ).fetchone()
        return str(row[0]) if row else None

    def _row(self, columns: str, path: str) -> sqlite3.Row | None:
        folder, name = _cut(path)
        query = f"SELECT {columns} FROM page WHERE site = ? AND folder = ? AND name = ?"
        found: sqlite3.Row | None = self._db.execute(query, (self.site, folder, name)).fetchone()
        return found

    def _rows(self, columns: str, paths: Iterable[str]) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """What some files have in these columns, by one statement for all, which is quicker than one for each."""
        places = json.dumps([_cut(path) for path in paths])
        # `CROSS` holds SQLite to looking the files up: it would else go through all of the site's.
        query = f"""SELECT folder, name, {columns} FROM json_each(?) AS place CROSS JOIN page
                    ON site = ? AND folder = place.value->>0 AND name = place.value->>1"""
        return ((_join(*row[:2]), tuple(row[2:])) for row in self._db.execute(query, (places, self.site)))

    def _found(self, query: str, *values: str) -> dict[str, PageKey]:
        keys = (_key(*row) for row in self._db.execute(query, (self.site, *values)))
        return {key.path: key for key in keys}

    # ---- keeping --------------------------------------------------------------------------------------------------

    def known(self, *paths: str) -> dict[str, Entry]:
        """The hashes of those of some files that the last build left, thousands best asked for at once."""
        return {} if self._is_new else {path: _entry(*row) for path, row in self._rows("raw, brotli, size", paths)}

    def keep(self, *some: Made) -> None:
        """Takes files that were made, thousands best a chunk at a time; what is as it was is not written again."""
        made = {one.key.path: one for one in some}
        known = dict(self._rows("number, raw, brotli, size, kind, subject, year, month, part", self._perhaps(made)))
        new = [one for path, one in made.items() if path not in known]
        numbers = {path: int(row[0]) for path, row in known.items()}
        self._forget_notes(list(numbers.values()))
        numbers.update(self._insert(new))
        self._replace([(row, made[path]) for path, row in known.items()])
        self._note([(numbers[path], one) for path, one in made.items()])

    def _perhaps(self, paths: Iterable[str]) -> Iterable[str]:
        """Those of some files that may be there already."""
        return self.written.intersection(paths) if self._is_new else paths

    def _insert(self, made: list[Made]) -> dict[str, int]:
        first = self._db.execute("SELECT coalesce(max(number), 0) + 1 FROM page").fetchone()[0] if made else 0
        numbers = {one.key.path: number for number, one in enumerate(made, first)}
        for path in numbers:
            self._add(path, 1)
            self._changed(path, self.written, None)
        self._db.executemany(
            f"INSERT INTO page (number, site, {_KEY}, raw, brotli, size) VALUES ({','.join('?' * 12)})",
            [
                (numbers[one.key.path], self.site, *_cut(one.key.path), *one.key[1:], *_values(one.entry))
                for one in made
            ],
        )
        return numbers

    def _replace(self, found: list[tuple[tuple[Any, ...], Made]]) -> None:
        rows = []
        for row, one in found:
            known = _entry(*row[1:4])
            if known != one.entry:
                self._changed(one.key.path, self.written, known)
            if known != one.entry or row[4:] != one.key[1:]:
                rows.append((*one.key[1:], *_values(one.entry), row[0]))
        self._db.executemany(
            "UPDATE page SET kind = ?, subject = ?, year = ?, month = ?, part = ?, raw = ?, brotli = ?, size = ? "
            "WHERE number = ?",
            rows,
        )

    def _add(self, path: str, count: int) -> None:
        self.added += count
        self.added_pages += count if path.endswith(".html") else 0

    def _changed(self, path: str, where: set[str], known: Entry | None) -> None:
        where.add(path)
        full = full_path(self.site, path)
        self._folders.add(full.rpartition("/")[0])
        if self._has_release:
            values = _values(known) if known is not None else (None, None, None)
            self._db.execute("INSERT OR IGNORE INTO since VALUES (?, ?, ?, ?)", (full, *values))

    def _note(self, made: list[tuple[int, Made]]) -> None:
        read = [(number, one.reads) for number, one in made if one.reads is not None]
        keys = [(key, number) for number, reads in read for key in reads.keys]
        spans = [(*span, number) for number, reads in read for span in reads.spans]
        findings = [(self.site, number, *finding) for number, one in made for finding in one.findings]
        self.loose.update((kind, name) for _, _, kind, name, _ in findings if name)
        self._db.executemany("INSERT INTO reading VALUES (?, ?)", keys)
        self._db.executemany("INSERT INTO span VALUES (?,?,?,?,?,?)", spans)
        self._db.executemany("INSERT INTO finding VALUES (?,?,?,?,?)", findings)

    def _forget_notes(self, numbers: list[int]) -> None:
        if not numbers:
            return
        pages, these = "page IN (SELECT value FROM json_each(?))", (json.dumps(numbers),)
        found = self._db.execute(f"SELECT kind, name FROM finding WHERE {pages} AND name <> ''", these)
        self.loose.update((row[0], row[1]) for row in found)
        for table in ("reading", "span", "finding"):
            self._db.execute(f"DELETE FROM {table} WHERE {pages}", these)

    def remove(self, paths: Iterable[str]) -> None:
        """Takes files away that the site no longer has."""
        for path in paths:
            row = self._row("number, raw, brotli, size", path)
            if row is not None:
                self._forget_notes([row[0]])
                self._db.execute("DELETE FROM page WHERE number = ?", (row[0],))
                self._add(path, -1)
                self._changed(path, self.removed, _entry(*row[1:]))

    def remove_all(self) -> None:
        """Takes every file away."""
        rows = self._db.execute("SELECT folder, name FROM page WHERE site = ?", (self.site,))
        self.remove([_join(*row) for row in rows])

    # ---- finishing ------------------------------------------------------------------------------------------------

    def finish(self, touch: int, recipe: str, parts: str, frame: str) -> None:
        """Writes the directories that changed, and that the site has come up to this line of the journal."""
        self.settle_directories()
        earlier = self._db.execute("SELECT files, pages FROM built WHERE site = ?", (self.site,)).fetchone() or (0, 0)
        files, pages = earlier[0] + self.added, earlier[1] + self.added_pages
        row = (self.site, touch, recipe, parts, frame, files, pages)
        self._db.execute("INSERT OR REPLACE INTO built VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def settle_directories(self) -> None:
        """Gives every directory above a changed file its new id, deepest first."""
        waiting = {above for folder in self._folders for above in _upwards(folder)}
        for folder in sorted(waiting, key=lambda one: (-one.count("/") if one else 1, one)):
            self._settle_directory(folder)
        self._folders.clear()

    def _settle_directory(self, folder: str) -> None:
        children = tuple(
            (row[0], row[1])
            for row in self._db.execute("SELECT name, id FROM directory WHERE parent = ? ORDER BY name", (folder,))
        )
        files = tuple(self.files_in(folder)) if folder else ()
        parent, _, name = folder.rpartition("/") if folder else ("/", "", "")
        if files or children:
            made = Directory.of(folder, files, children)
            self._db.execute("INSERT OR REPLACE INTO directory VALUES (?, ?, ?)", (parent, name, made.id))
        else:
            self._db.execute("DELETE FROM directory WHERE parent = ? AND name = ?", (parent, name))

    def files_in(self, folder: str) -> Iterator[tuple[str, Entry]]:
        """The files right in a directory of the whole tree, by name; the assets are those of every site."""
        top, _, rest = folder.partition("/")
        columns = "name, raw, brotli, size"
        if top == ASSETS:
            # Where sites differ, which a look at some of them may leave, the last one is right, as in `manifest`.
            sites = "site IN (SELECT site FROM built UNION SELECT ?)"
            query = f"SELECT {columns}, max(site) FROM page WHERE {sites} AND folder = ? GROUP BY name ORDER BY name"
            rows = self._db.execute(query, (self.site, folder))
        else:
            query = f"SELECT {columns} FROM page WHERE site = ? AND folder = ? ORDER BY name"
            rows = self._db.execute(query, (top, rest))
        return ((row[0], _entry(*row[1:4])) for row in rows)


_TORN = (
    "The index does not agree with itself. Build with --full, then publish again.",
    "索引前后不一致。请用 --full 重新构建，然后重新发布。",
)


def full_path(site: str, path: str) -> str:
    """A file's path in the whole tree."""
    return path if path.startswith(f"{ASSETS}/") else f"{site}/{path}"


def _upwards(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""


def _cut(path: str) -> tuple[str, str]:
    folder, _, name = path.rpartition("/")
    return folder, name


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _key(folder: str, name: str, *rest: Any) -> PageKey:
    return PageKey(_join(folder, name), *rest)


def _entry(raw: bytes, brotli: bytes | None, size: int) -> Entry:
    return Entry(raw.hex(), brotli.hex() if brotli is not None else None, size)


def _values(entry: Entry) -> tuple[bytes, bytes | None, int]:
    return bytes.fromhex(entry.raw), bytes.fromhex(entry.brotli) if entry.brotli else None, entry.size
