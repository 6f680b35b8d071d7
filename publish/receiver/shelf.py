"""Listings of several folders read as one: new ones go aside, known ones are found where they lie.

A listing that is damaged in one folder is read from the next. Called by the receiver, whose new listings get their
names only when the release is on the disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

from cluster.errors import FormatError
from cluster.listings import Listings
from cluster.manifest import Directory

# A publish looks at the same few changed directories several times.
_RECENT = 200
_SMALL = 300


@dataclass(frozen=True, slots=True)
class Shelf(Listings):
    """A folder for new listings, and those `behind` it that are only read."""

    behind: tuple[Listings, ...] = ()
    _recent: dict[str, Directory] = field(default_factory=dict)

    def __contains__(self, id: object) -> bool:
        # Named rather than by super(): a class with slots is made twice, and super() would mean the first one.
        return Listings.__contains__(self, id) or any(id in each for each in self.behind)

    def read(self, id: str, path: str = "") -> Directory:
        """The directory with this id, from the first folder that has it whole. Raises: FormatError."""
        recent = self._recent.get(id)
        if recent is None:
            recent = Listings.read(self, id, path)
            if len(self._recent) >= _RECENT:
                self._recent.clear()
            if len(recent.files) <= _SMALL:
                self._recent[id] = recent
        return replace(recent, path=path)

    def text(self, id: str) -> bytes:
        """The text of a listing, from the first folder that has it whole. Raises: FormatError."""
        if Listings.__contains__(self, id) or not self.behind:
            return Listings.text(self, id)
        for each in self.behind[:-1]:
            with suppress(FormatError):
                return each.text(id)
        return self.behind[-1].text(id)

    def differing(self, old: str | None, new: str, path: str = "") -> Iterator[Directory]:
        """The directories of `new` that are not those of `old` at the same paths, children before parents."""
        if old == new:
            return
        before = dict(self.read(old, path).children) if old else {}
        after = self.read(new, path)
        for name, id in after.children:
            yield from self.differing(before.get(name), id, f"{path}/{name}" if path else name)
        yield after
