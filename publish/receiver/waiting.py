"""The blobs of a release that are still to come: by the hash that travels, each with the file that it belongs to.

Of a first release these are all its files; each takes some eighty bytes. Called by `publish.receiver.delivery`, which
has compared the root by then: the hashes are signed. Does no I/O.
"""

from __future__ import annotations

from array import array

from cluster.delta import travelling
from cluster.manifest import Entry
from publish.receiver.hashes import Hashes, UniqueHashes

_PLAIN, _PACKED, _CAME = 0, 1, 2


class Waiting:
    """What was asked for, in the order of first use, and what of it has not come."""

    def __init__(self) -> None:
        self._hashes = UniqueHashes()
        self._raw = Hashes()
        self._sizes = array("Q")
        self._states = bytearray()
        self._left = 0

    @property
    def hashes(self) -> Hashes:
        """All that was asked for, whether or not it has come."""
        return self._hashes

    def __len__(self) -> int:
        """How many are still to come."""
        return self._left

    def add(self, entry: Entry) -> Entry:
        """Waits for a file's blob; the file for which that hash was asked first, which is this one when it is new."""
        sha = travelling(entry)
        place = self._hashes.add(sha)
        if place < len(self._states):
            return self._entry(sha, place)
        self._raw.append(entry.raw)
        self._sizes.append(entry.size)
        self._states.append(_PACKED if entry.brotli else _PLAIN)
        self._left += 1
        return entry

    def find(self, sha: str) -> Entry | None:
        """The file whose blob this is; None when it is not waited for, or has come."""
        place = self._hashes.find(sha)
        return None if place is None or self._states[place] == _CAME else self._entry(sha, place)

    def came(self, sha: str) -> None:
        """Waits for this one no longer."""
        place = self._hashes.find(sha)
        if place is not None and self._states[place] != _CAME:
            self._states[place] = _CAME
            self._left -= 1

    def _entry(self, sha: str, place: int) -> Entry:
        return Entry(self._raw[place], sha if self._states[place] == _PACKED else None, self._sizes[place])
