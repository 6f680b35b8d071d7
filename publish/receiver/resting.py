"""The sweep at rest: what dropped releases leave goes in small steps that give the lock back between them.

- What may be unused (`publish.receiver.candidates`) is found without the lock, and so is what of it is still used: by
  one look through the texts of the kept listings.
- Under the lock, each step sees that the same releases are kept as when that was found. When others have published
  meanwhile the sweep ends; the next one starts over.
- That releases are forgotten is on the disk before anything of them goes. Trees go before the vault's listings, by
  which the guard knows them; the record of a dropped release goes last, so that what a killed sweep left is found.
- A kept listing that cannot be read ends the sweep before anything is removed.

`publish.receiver.sweep` does it in one go, for a purge. Called by `publish.receiver.receive`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice

from cluster.errors import BusyError, FormatError
from cluster.manifest import ASSETS
from cluster.release import Release
from publish.receiver.candidates import Beside, Candidates, Everything, Thought, Tree
from publish.receiver.disk import told
from publish.receiver.holding import Holding
from publish.receiver.place import assets_of, release_of
from publish.receiver.remembered import Remembered
from publish.receiver.sweep import ASSET_DAYS, remove_strange_assets
from publish.receiver.vault import Unused

# How many listings are looked at before it is asked whether to go on.
_GLANCE = 500
_HASHES = re.compile(rb"[0-9a-f]{64}")


class _StoppedError(Exception):
    """The sweep ends here; a later one does the rest."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Which releases are kept and which wait to be swept: as long as this is so, nothing unused comes into use."""

    kept: tuple[int, ...]
    waiting: tuple[str, ...]

    @classmethod
    def of(cls, holding: Holding) -> Moment:
        """How it is now."""
        kept = {*holding.place.numbers(), *holding.vault.numbers()}
        return cls(tuple(sorted(kept)), tuple(sorted(path.name for path in holding.vault.dropped.glob("*.json"))))


class RestingSweep:
    """One sweep, of what dropped releases leave or `thorough`ly of everything.

    `go_on` is asked between two steps, while nobody is kept waiting, and may take its time.
    """

    def __init__(self, holding: Holding, go_on: Callable[[], bool], *, thorough: bool = False) -> None:
        self._holding = holding
        self._place, self._vault = holding.place, holding.vault
        self._go_on, self._is_thorough = go_on, thorough
        self._moment = Moment.of(holding)
        shelf = holding.shelf()
        self._shelf = Thought(shelf.root, shelf.behind)
        self._used: Collection[str] = ()
        self.gone = 0

    def run(self) -> bool:
        """Removes what is unused, and counts it in `gone`; whether it came to its end.

        Raises:
            FormatError: a listing or record of a kept release is damaged; nothing was removed.
            TargetError: the disk refuses.
        """
        if self._moment == Moment((), ()) and not self._is_thorough:
            return True
        with told(self._place.root), suppress(_StoppedError, BusyError):
            try:
                self._sweep()
                return True
            except FormatError:
                if Moment.of(self._holding) == self._moment:  # else somebody purged meanwhile
                    raise
        return False

    def _sweep(self) -> None:
        kept = [Tree.of(self._release(number), self._shelf) for number in self._moment.kept]
        used_trees = self._shelf.reachable(id for tree in kept for _, id in tree.top.children)
        used_trees |= {tree.top.id for tree in kept}
        self._used = self._shelf.reachable(root for tree in kept for root in (tree.root, tree.served))
        candidates = self._candidates(kept)
        unused, in_use = self._vault.unused(), self._assets(kept)
        left = {path: each for path, each in unused.items() if path not in in_use and self._is_young(each)}
        expired = {sha for path, each in unused.items() if path not in left for sha in _blobs_of(each)}
        # That they are forgotten is on the disk before anything that they need goes.
        self._place.disk.sync_all((self._place.root, self._vault.root))
        if left.keys() != unused.keys() or self._is_thorough:
            self._remove_assets(in_use, left, self._unused_blobs(expired, left))
        self._remove_trees([id for id in candidates.trees if id not in used_trees])
        blobs = candidates.blobs()
        while batch := set(islice(blobs, self._holding.limits.sweep_blobs)):
            self._remove_blobs(self._unused_blobs(batch, left))
        self._remove_listings([id for id in candidates.listings if id not in self._used])
        self._close()

    # What is used

    def _release(self, number: int) -> Release:
        return release_of(self._vault.record(number)) or self._place.release(number)

    def _assets(self, kept: Sequence[Tree]) -> set[str]:
        """The paths under `assets/` that kept releases have."""
        folders = {assets_of(self._shelf, tree.served) for tree in kept}
        return {f"{ASSETS}/{path}" for folder in folders for path, _ in self._shelf.walk(folder)}

    def _is_young(self, unused: Unused) -> bool:
        return self._holding.now() - unused.since <= timedelta(days=ASSET_DAYS)

    # What is not

    def _candidates(self, kept: Sequence[Tree]) -> Candidates:
        if not self._is_thorough:
            with suppress(FormatError):
                return Beside(self._shelf, self._dropped(), kept)
        return Everything(self._place, self._vault)

    def _dropped(self) -> Iterator[Release]:
        for name in self._moment.waiting:
            # A record that is not whole was never on the disk, nor was anything of its release named.
            with suppress(FileNotFoundError):
                if release := release_of((self._vault.dropped / name).read_bytes()):
                    yield release

    def _unused_blobs(self, blobs: set[bytes], left: Mapping[str, Unused]) -> list[str]:
        """Those that no kept release names, nor any file that still stays under `assets/`."""
        for each in left.values():
            blobs.difference_update(_blobs_of(each))
        for count, id in enumerate(self._used if blobs else ()):
            self._glance(count)
            blobs.difference_update(_HASHES.findall(self._shelf.text(id)))
        return [os.fsdecode(sha) for sha in sorted(blobs)]

    # Steps

    def _remove_assets(self, in_use: set[str], left: Mapping[str, Unused], blobs: Sequence[str]) -> None:
        """Takes away the files whose days are over, in one step: afterwards nothing would name their blobs."""
        with self._step():
            self._vault.write_unused(left)
            remove_strange_assets(self._place, in_use | left.keys())
            self._remove_from_both(blobs)

    def _remove_trees(self, ids: Sequence[str]) -> None:
        waiting = list(ids)
        while waiting:
            some, names = list[str](), 0
            while waiting and names < self._holding.limits.sweep_names:
                some.append(waiting.pop())
                names += self._names_in(some[-1])
            with self._step():
                self._place.remove_trees([id for id in some if os.path.lexists(self._place.trees / id)])

    def _names_in(self, tree: str) -> int:
        try:
            return len(os.listdir(self._place.trees / tree))  # noqa: PTH208 - only counted
        except (FileNotFoundError, NotADirectoryError):
            return 0

    def _remove_blobs(self, blobs: Sequence[str]) -> None:
        for some in self._shares(blobs):
            with self._step():
                self._remove_from_both(some)

    def _remove_from_both(self, blobs: Iterable[str]) -> None:
        for sha in blobs:
            was_here = self._place.blobs.remove(sha)
            self.gone += self._vault.blobs.remove(sha) or was_here

    def _remove_listings(self, ids: Sequence[str]) -> None:
        for some in self._shares(ids):
            with self._step():
                for id in some:
                    for listings in (self._place.listings, self._vault.listings):
                        (listings.root / id).unlink(missing_ok=True)
                    self.gone += 1

    def _shares(self, names: Sequence[str]) -> Iterator[Sequence[str]]:
        """What goes in one step each: every name goes in two places."""
        count = max(1, self._holding.limits.sweep_names // 2)
        return (names[start : start + count] for start in range(0, len(names), count))

    def _close(self) -> None:
        """Forgets the dropped releases for good."""
        with self._step():
            self._vault.forget_dropped(self._moment.waiting)
            replace(Remembered.read(self._holding.places.state), forgotten=0).write(self._holding.places.state)

    @contextmanager
    def _step(self) -> Iterator[None]:
        """One short time under the lock, in which nobody has published since everything was found."""
        if not self._go_on():
            raise _StoppedError
        with self._holding.held(), self._holding.turn():
            if Moment.of(self._holding) != self._moment:
                raise _StoppedError
            yield
            self._holding.at("swept")

    def _glance(self, count: int) -> None:
        if count % _GLANCE == _GLANCE - 1 and not self._go_on():
            raise _StoppedError


def _blobs_of(unused: Unused) -> list[bytes]:
    return [sha.encode() for sha in unused.entry[:2] if sha]
