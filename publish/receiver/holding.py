"""A target that a receiver holds: its places opened under the lock, its clock, its limits.

Made by `publish.receiver.receive.Receiver`; what works on the target takes it as an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cluster.errors import BusyError
from cluster.release import Release
from publish.receiver.disk import make_folder, told
from publish.receiver.limits import Limits
from publish.receiver.place import Place, release_of
from publish.receiver.places import Places
from publish.receiver.shelf import Shelf
from publish.receiver.turn import turn
from publish.receiver.upgrade import upgrade
from publish.receiver.vault import Vault


@dataclass(frozen=True, slots=True)
class Holding:
    """One target's web root and vault, and what everything done there needs; `name` signs its receipts."""

    places: Places
    place: Place
    vault: Vault
    limits: Limits
    now: Callable[[], datetime]
    at: Callable[[str], None]
    name: str

    @contextmanager
    def held(self) -> Iterator[None]:
        """Opens the places under the lock. Raises: BusyError, TargetError, FormatError."""
        with ExitStack() as stack:
            with told(self.places.www):
                stack.enter_context(self.place.locked())
                upgrade(self.place)
                self.place.open()
            with told(self.places.vault):
                stack.callback(self.vault.close)
                self.vault.open()
            with told(self.places.state):
                make_folder(self.places.state)
            yield

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Keeps the guard from mending while names change. Raises: BusyError when it mends for too long."""
        with turn(self.places.state, self.limits.turn_seconds) as is_ours:
            if not is_ours:
                raise _guard_mends(self.places.www)
            yield

    def live(self) -> Release | None:
        """The live release; its record is read from the vault when the web root's is damaged."""
        number = self.place.live_number()
        with told(self.places.www):
            return release_of(self.place.record(number)) or release_of(self.vault.record(number))

    def shelf(self) -> Shelf:
        """All listings of the target; new ones go aside."""
        return Shelf(self.place.aside / "shelf", (self.place.listings, self.vault.listings))


def _guard_mends(root: Path) -> BusyError:
    return BusyError(
        f"{root}: the guard is mending much here. Look at its alarms; what came in is kept, publish again.",
        f"{root}：守护程序正在大量修复文件。请查看其告警；已接收的内容会保留，请重新发布。",
    )
