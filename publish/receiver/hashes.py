"""Many SHA-256 hashes in little memory: of a first release as many are on their way as there are files.

`Hashes` are those of a list, 32 bytes each; `UniqueHashes` are found by a small table beside them. They are given and
taken as text, as everywhere. Called by the receiver and by deliveries. Does no I/O.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

SIZE = 32
# A table that is fuller than this is slow to look through.
_FULL = 0.6
_FIRST_TABLE = 256


class Hashes(Sequence[str]):
    """Hashes in the order in which they came."""

    __slots__ = ("_bytes",)

    def __init__(self, hashes: Iterable[str] = ()) -> None:
        self._bytes = bytearray()
        for sha in hashes:
            self.append(sha)

    @classmethod
    def parse(cls, data: bytes) -> Hashes:
        """Reads them from 32 bytes each."""
        found = Hashes()
        found._bytes += data[: len(data) // SIZE * SIZE]
        return found

    def dump(self) -> bytes:
        """32 bytes each."""
        return bytes(self._bytes)

    def append(self, sha: str) -> None:
        """Puts one at the end."""
        self._bytes += bytes.fromhex(sha)

    def __len__(self) -> int:
        return len(self._bytes) // SIZE

    def __iter__(self) -> Iterator[str]:
        for place in range(len(self)):
            yield self._bytes[place * SIZE : (place + 1) * SIZE].hex()

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...

    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        numbers = range(len(self))[place]
        if isinstance(numbers, range):
            return tuple(self[number] for number in numbers)
        return self._bytes[numbers * SIZE : (numbers + 1) * SIZE].hex()


class UniqueHashes(Hashes):
    """Hashes in the order in which they came first, each once, and where each of them is."""

    __slots__ = ("_table",)

    def __init__(self, hashes: Iterable[str] = ()) -> None:
        # Open addressing: the place of each hash plus one, 0 for none.
        self._table = array("I", bytes(4 * _FIRST_TABLE))
        super().__init__(hashes)

    def append(self, sha: str) -> None:
        """Puts one at the end unless it is here."""
        self.add(sha)

    def add(self, sha: str) -> int:
        """The place of a hash, which comes last when it is new."""
        data = bytes.fromhex(sha)
        slot, found = self._look(data)
        if found is not None:
            return found
        self._bytes += data
        count = len(self)
        self._table[slot] = count
        if count > _FULL * len(self._table):
            self._grow()
        return count - 1

    def find(self, sha: str) -> int | None:
        """The place of a hash; None when it is not here, or is none."""
        try:
            data = bytes.fromhex(sha)
        except ValueError:
            return None
        return self._look(data)[1] if data.hex() == sha else None

    def __contains__(self, sha: object) -> bool:
        return isinstance(sha, str) and self.find(sha) is not None

    def _look(self, data: bytes) -> tuple[int, int | None]:
        """The slot of a hash in the table, and its place."""
        table, known = self._table, self._bytes
        mask = len(table) - 1
        slot = int.from_bytes(data[:8], "big") & mask
        while place := table[slot]:
            if known[(place - 1) * SIZE : place * SIZE] == data:
                return slot, place - 1
            slot = (slot + 1) & mask
        return slot, None

    def _grow(self) -> None:
        self._table = array("I", bytes(4 * 2 * len(self._table)))
        for place in range(len(self)):
            slot, _ = self._look(bytes(self._bytes[place * SIZE : (place + 1) * SIZE]))
            self._table[slot] = place + 1
