"""The sweep of `var/`: blobs and listings that neither the last build nor a kept release has.

- What an earlier release has and the last one has not follows what changed since the last sweep: only that is looked
  for. What builds left that nobody published is found by looking through everything, which is done once in many sweeps,
  and at once after a purge.
- Files go in small steps; what a step is, and whether there shall be another, is the caller's.
- Listings go last: what was found by them is found again when a sweep was cut short.

Called by `publish.workspace`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import chain, islice

from cluster.errors import FormatError
from cluster.index import Index
from cluster.listings import EMPTY, Listings
from cluster.manifest import Entry
from cluster.release import Release
from publish.build import Rooms

# How many files go in one step, how many blobs are looked for at once, and how many are compared between two glances.
STEP = 1_000
_BATCH = 100_000
_GLANCE = 20_000


class StoppedError(Exception):
    """The sweep ends here; a later one does the rest."""


@dataclass(frozen=True, slots=True)
class Steps:
    """How a sweep goes on: `take` is what each removal happens in, `glance` is asked on the way; both may end it."""

    take: Callable[[], AbstractContextManager[None]]
    glance: Callable[[], None]


@dataclass(frozen=True, slots=True)
class VarSweep:
    """One sweep: `kept` are the newest releases, the last one first; `since` those that may have left blobs.

    Without `since` everything is looked through.
    """

    rooms: Rooms
    listings: Listings
    kept: Sequence[Release]
    since: Sequence[Release] | None = None

    def run(self, steps: Steps) -> int:
        """Removes what is unused; returns how many blobs went.

        Raises:
            FormatError: a listing of a kept release is damaged; nothing was removed.
            StoppedError: as the steps say.
        """
        with opened_index(self.rooms) as index:
            roots = {index.outputs.root(), *(each.root for each in self.kept)} & {EMPTY, *self.listings.known()}
            needed = self.listings.reachable(roots)
            live = next((each.root for each in self.kept if each.root in roots), EMPTY)
            candidates, gone = self._candidates(live), 0
            while batch := set(islice(candidates, _BATCH)):
                used = self._used(index, live)
                while some := list(islice(used, _GLANCE)):
                    steps.glance()
                    batch.difference_update(some)
                gone += self._remove(sorted(batch), steps)
        with steps.take():
            self.listings.sweep(needed)
        return gone

    def _used(self, index: Index, live: str) -> Iterator[str]:
        """The blobs of the last build, of the live release, and of the states that kept releases show."""
        yield from index.outputs.blobs()
        yield from _blobs_of(entry for each in self.kept for _, entry in each.overlay)
        if live != index.outputs.root():
            yield from _blobs_of(entry for _, entry in self.listings.walk(live))

    def _candidates(self, live: str) -> Iterator[str]:
        if self.since is None or not self._can_compare(live, self.since):
            yield from self.rooms.blobs.names()
            return
        for release in self.since:
            changes = self.listings.differences(live, release.root)
            overlaid = (entry for _, entry in release.overlay)
            yield from _blobs_of(chain((change.new for change in changes if change.new), overlaid))

    def _can_compare(self, live: str, releases: Iterable[Release]) -> bool:
        try:
            for release in releases:
                for _ in self.listings.differences(live, release.root):
                    pass
        except FormatError:
            return False
        return True

    def _remove(self, blobs: Sequence[str], steps: Steps) -> int:
        gone = 0
        for start in range(0, len(blobs), STEP):
            with steps.take():
                gone += sum(map(self.rooms.blobs.remove, blobs[start : start + STEP]))
        return gone


@contextmanager
def opened_index(rooms: Rooms) -> Iterator[Index]:
    """The index, closed at the end."""
    index = Index(rooms.index)
    try:
        yield index
    finally:
        index.close()


def _blobs_of(entries: Iterable[Entry]) -> Iterator[str]:
    return (sha for entry in entries for sha in entry[:2] if sha)
