"""The spool: what the first pass of a cold build read of Git, on the disk for the second, since asking Git for a file
costs ten times as much as reading one.

One file a process below `var/spool`, removed when the build is over. It is a shortcut only: what is not in it, because
the disk was full or a file changed, is read from the source. Called by the index, which fills it, and by the build.
"""

from __future__ import annotations

import os
import shutil
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cluster.source import Entry, Source

_ID_BYTES = 20
_SIZE_BITS = 24


class Kept(NamedTuple):
    """Where a file's bytes lie: number of the process's file, and offset."""

    file: int
    offset: int
    size: int


@dataclass(slots=True)
class Spool:
    """The files below one folder; three numbers a blob are held in memory, in the order of the blobs' ids."""

    folder: Path
    _keys: array[int] = field(default_factory=lambda: array("Q"))
    _places: array[int] = field(default_factory=lambda: array("Q"))
    _files: array[int] = field(default_factory=lambda: array("I"))
    _open: dict[int, int] = field(default_factory=dict)
    _owner: int = 0
    _end: int = 0

    def keep(self, blob: str, data: bytes) -> Kept | None:
        """Keeps a file in this process's own spool; None when it is too large, or the disk will not take it."""
        if len(data) >> _SIZE_BITS:
            return None
        try:
            number = os.getpid()
            descriptor = self._descriptor(number, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            record = bytes.fromhex(blob)[:_ID_BYTES] + data
            written = os.pwrite(descriptor, record, self._end)
        except (OSError, ValueError):
            return None
        if written < len(record):
            return None
        kept = Kept(number, self._end, len(data))
        self._end += written
        return kept

    def learn(self, places: Iterable[tuple[str, Kept | None]]) -> None:
        """Takes in where other processes kept files, before any is asked for."""
        known = [
            (int(blob[:16], 16), (kept.offset << _SIZE_BITS) | kept.size, kept.file) for blob, kept in places if kept
        ]
        known += zip(self._keys, self._places, self._files, strict=True)
        known.sort()
        self._keys, self._places = array("Q", (one[0] for one in known)), array("Q", (one[1] for one in known))
        self._files = array("I", (one[2] for one in known))

    def read(self, blob: str) -> bytes | None:
        """A blob's bytes, None when they are not here."""
        key = int(blob[:16], 16)
        at = bisect_left(self._keys, key)
        if at == len(self._keys) or self._keys[at] != key:
            return None
        size, offset = self._places[at] & ((1 << _SIZE_BITS) - 1), self._places[at] >> _SIZE_BITS
        try:
            record = os.pread(self._descriptor(self._files[at], os.O_RDONLY), _ID_BYTES + size, offset)
        except OSError:
            return None
        is_whole = len(record) == _ID_BYTES + size and record[:_ID_BYTES] == bytes.fromhex(blob)[:_ID_BYTES]
        return record[_ID_BYTES:] if is_whole else None

    def _descriptor(self, number: int, flags: int) -> int:
        if self._owner != os.getpid():  # a forked process writes a file of its own
            self._owner, self._end, self._open = os.getpid(), 0, {}
        if number not in self._open:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._open[number] = os.open(self.folder / str(number), flags | os.O_CLOEXEC, 0o600)
        return self._open[number]

    def close(self) -> None:
        """Removes everything."""
        if self._owner == os.getpid():
            for descriptor in self._open.values():
                os.close(descriptor)
        self._open = {}
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def spooling(folder: Path) -> Iterator[Spool]:
    """A spool for one build; what a killed one left is removed first."""
    spool = Spool(folder)
    spool.close()
    try:
        yield spool
    finally:
        spool.close()


@dataclass(frozen=True, slots=True)
class SpooledSource:
    """A source whose files are read from the spool where they are there."""

    source: Source
    spool: Spool

    @property
    def revision(self) -> str:
        """The source's."""
        return self.source.revision

    def entries(self, under: str = "") -> Iterable[Entry]:
        """The source's."""
        return self.source.entries(under)

    def changes_since(self, revision: str) -> Iterable[Entry] | None:
        """The source's."""
        return self.source.changes_since(revision)

    def size(self, entry: Entry) -> int:
        """The source's."""
        return self.source.size(entry)

    def read(self, entry: Entry) -> bytes:
        """The bytes of a regular file."""
        found = self.spool.read(entry.blob)
        return self.source.read(entry) if found is None else found

    def read_many(self, entries: Iterable[Entry], limit: int) -> Iterator[tuple[Entry, bytes | None, int]]:
        """As the source does; files in a row that the spool lacks are asked for together."""
        lacking: list[Entry] = []
        for entry in entries:
            found = self.spool.read(entry.blob) if entry.is_regular and entry.blob else None
            if found is None or len(found) > limit:
                lacking.append(entry)
                continue
            yield from self._from_source(lacking, limit)
            yield entry, found, len(found)
        yield from self._from_source(lacking, limit)

    def _from_source(self, lacking: list[Entry], limit: int) -> Iterator[tuple[Entry, bytes | None, int]]:
        if lacking:
            yield from self.source.read_many(list(lacking), limit)
            lacking.clear()

    def reopened(self) -> SpooledSource:
        """The same for another process."""
        return SpooledSource(self.source.reopened(), self.spool)

    def close(self) -> None:
        """Ends what the source keeps open."""
        self.source.close()
