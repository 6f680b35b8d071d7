"""What may be unused at a target: what dropped releases have beside the kept ones, or everything there is.

- What a dropped release has and the kept one next to it has not, at the same path, follows what changed; whatever only
  dropped releases use is among it. What of it stands at another path, or in another release, is for the sweep to see.
- A listing of a dropped release that cannot be read hides what lay below it: then everything is looked at.

Reads listings and the names of folders, and changes nothing. Called by `publish.receiver.resting`, without the lock.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from cluster.listings import EMPTY
from cluster.manifest import Directory
from cluster.release import Release
from publish.receiver.place import Place, served_top
from publish.receiver.shelf import Shelf
from publish.receiver.store import Store


@dataclass(frozen=True, slots=True)
class Thought(Shelf):
    """Listings whose new ones are in memory alone: reading needs no lock."""

    _thought: dict[str, bytes] = field(default_factory=dict)

    def _keep(self, id: str, data: bytes) -> None:
        self._thought[id] = data

    def text(self, id: str) -> bytes:
        """The text of a listing. Raises: FormatError."""
        return self._thought[id] if id in self._thought else Shelf.text(self, id)


@dataclass(frozen=True, slots=True)
class Tree:
    """A release by its roots, of its content and of what is served, and by the top of its tree, without assets."""

    number: int
    root: str
    served: str
    top: Directory

    @classmethod
    def of(cls, release: Release, shelf: Shelf) -> Tree:
        """The roots of a release. Raises: FormatError when a listing near them cannot be read."""
        served = shelf.change(release.root, release.overlay)
        return cls(release.number, release.root, served, served_top(shelf, served))


class Candidates(Protocol):
    """What may be unused: listings and trees by id, blobs by hash."""

    @property
    def listings(self) -> Iterable[str]:
        """Listings, those below others first."""

    @property
    def trees(self) -> Iterable[str]:
        """Trees."""

    def blobs(self) -> Iterator[bytes]:
        """Blobs, some of them more than once."""


class Everything:
    """All that there is."""

    def __init__(self, place: Place, vault: Store) -> None:
        self._stores: tuple[Store, ...] = (place, vault)
        self.listings = place.listings.known() | vault.listings.known()
        self.trees = {path.name for path in place.trees.iterdir()}

    def blobs(self) -> Iterator[bytes]:
        """The names of all blobs."""
        for store in self._stores:
            for folder in store.blobs.root.iterdir():
                with suppress(FileNotFoundError, NotADirectoryError):
                    names = os.listdir(folder)  # noqa: PTH208 - hundreds of thousands: no Path for each
                    yield from (os.fsencode(f"{folder.name}{name}") for name in names)


class Beside:
    """What dropped releases have beside the kept ones. Raises: FormatError when a listing of either is lost."""

    def __init__(self, shelf: Shelf, dropped: Iterable[Release], kept: Sequence[Tree]) -> None:
        self._shelf = shelf
        self.listings: dict[str, None] = {}
        self.trees: dict[str, None] = {}
        self._pairs: dict[tuple[str | None, str], None] = {}
        for release in dropped:
            self._compare(Tree.of(release, shelf), kept)

    def _compare(self, tree: Tree, kept: Sequence[Tree]) -> None:
        base = _next_to(tree, kept)
        served = (base.served if base else None, tree.served)
        content = (base.root if base else None, tree.root)
        for _, directory in self._differing(*served):
            self.trees[directory.id] = self.listings[directory.id] = None
        for _, directory in self._differing(*content):
            self.listings[directory.id] = None
        self.trees[tree.top.id] = None
        self._pairs |= {served: None, content: None}

    def blobs(self) -> Iterator[bytes]:
        """The blobs of files that a dropped release has and its neighbour has not at the same path."""
        for pair in self._pairs:
            for before, after in self._differing(*pair):
                known = dict(before.files)
                for name, entry in after.files:
                    if known.get(name) != entry:
                        yield from (sha.encode() for sha in entry[:2] if sha)

    def _differing(self, base: str | None, id: str) -> Iterator[tuple[Directory, Directory]]:
        """The directories of a dropped tree that are not the kept one's at the same path, each beside that."""
        if base == id:
            return
        before, after = self._shelf.read(base or EMPTY), self._shelf.read(id)
        known = dict(before.children)
        for name, child in after.children:
            yield from self._differing(known.get(name), child)
        yield before, after


def _next_to(tree: Tree, kept: Sequence[Tree]) -> Tree | None:
    """The kept release that came next after this one, or the last before it."""
    later = [each for each in kept if each.number > tree.number]
    return later[0] if later else kept[-1] if kept else None
