"""When `var/` is swept, and under which locks: at rest in short steps, or at once after a purge.

- At rest it is due when many releases came since the last time. Each step takes the locks of publishing and building
  for a fraction of a second and sees that nothing was built or recorded since the unused files were found.
- `var/swept` and `var/looked-through` say after which release that was last, the second for the whole of `var/`.

Called by `publish.workspace`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass

from cluster.aside import write_aside
from cluster.errors import BusyError, FormatError
from cluster.listings import Listings
from publish.build import Rooms, build_lock
from publish.ledger import Ledger
from publish.leftovers import remove_leftovers
from publish.var_sweep import Steps, StoppedError, VarSweep, opened_index

# How many releases may come before `var/` is swept, and before everything in it is looked through for that.
SWEEP_EVERY = 20
LOOK_THROUGH_EVERY = 200
_SWEPT = "swept"
_LOOKED_THROUGH = "looked-through"


@dataclass(frozen=True, slots=True)
class Sweeping:
    """The sweeps of one `var/`, by what the ledger says was released."""

    rooms: Rooms
    ledger: Ledger
    listings: Listings

    @property
    def is_due(self) -> bool:
        """Whether many releases came since the last sweep."""
        return self._latest() >= self._mark(_SWEPT) + SWEEP_EVERY

    def owes_purge(self) -> bool:
        """Whether a purge is live that was not swept after: it was this one, or somebody was in the way then."""
        purge, live = self.ledger.last_purge(), self.ledger.live()
        return bool(purge) and live is not None and live.release.number >= purge > self._mark(_SWEPT)

    def at_once(self) -> int:
        """Removes everything that the last build and the latest release have not; how many blobs went.

        Nothing readable is left of it. Raises: BusyError, FormatError.
        """
        latest = self.ledger.latest()
        if latest is None:
            return 0
        with self.ledger.locked(), build_lock(self.rooms.var):
            gone = VarSweep(self.rooms, self.listings, [latest.release]).run(Steps(nullcontext, lambda: None))
            remove_leftovers(self.rooms.var)
            with opened_index(self.rooms) as index:
                index.overwrite_deleted()
        self._write_marks(latest.release.number, is_thorough=True)
        return gone

    def at_rest(self, keep: int, go_on: Callable[[], bool]) -> bool:
        """Removes what neither the last build nor one of the `keep` newest releases has; whether it came to its end.

        Between two steps others may build and publish, and `go_on` is asked. A listing that is needed and damaged ends
        it before anything is removed: whoever reads it next tells.
        """
        with suppress(StoppedError, BusyError, FormatError):
            self._in_steps(keep, go_on)
            return True
        return False

    def _in_steps(self, keep: int, go_on: Callable[[], bool]) -> None:
        found, known = self._moment(), [each.release for each in self.ledger.releases()]
        if found[0] not in self.listings:  # somebody is about to publish what was built
            raise StoppedError

        def glance() -> None:
            if not go_on():
                raise StoppedError

        @contextmanager
        def step() -> Iterator[None]:
            glance()
            with self.ledger.locked(), build_lock(self.rooms.var):
                if self._moment() != found:  # what was found unused may have come into use
                    raise StoppedError
                yield

        last = self._mark(_LOOKED_THROUGH)
        is_thorough = not last or found[1] >= last + LOOK_THROUGH_EVERY
        since = None if is_thorough else [each for each in known if each.number >= self._mark(_SWEPT)]
        VarSweep(self.rooms, self.listings, known[:keep], since).run(Steps(step, glance))
        with step():
            self._write_marks(found[1], is_thorough=is_thorough)

    def _moment(self) -> tuple[str, int]:
        """What was built and recorded last: as long as this is so, nothing that is unused comes into use."""
        with opened_index(self.rooms) as index:
            return index.outputs.root(), self._latest()

    def _latest(self) -> int:
        """The number of the release recorded last, 0 when there is none."""
        latest = self.ledger.latest() if self.ledger.path.is_file() else None
        return latest.release.number if latest else 0

    def _mark(self, name: str) -> int:
        mark = self.rooms.var / name
        return int(mark.read_text("utf-8")) if mark.is_file() else 0

    def _write_marks(self, number: int, *, is_thorough: bool) -> None:
        for name in (_LOOKED_THROUGH, _SWEPT) if is_thorough else (_SWEPT,):
            write_aside(self.rooms.var / name, str(number).encode())
