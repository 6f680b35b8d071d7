"""The rolling re-hash: round after round over everything, for what events missed.

It takes so many bytes a second and no more than its share of a processor; with small files the latter sets its pace.
It only looks, beside the guard's own thread, and rings for the paths that seem wrong: the guard looks again and mends.
The first round, and one after lost events, goes as fast as it can: folders first, then the bytes of every blob, then
those of the vault.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cluster.errors import FormatError
from publish.guard import Limits
from publish.guard.folder import Folder
from publish.guard.sight import Sight
from publish.guard.signed import Signed

FANS = tuple(f"{number:02x}" for number in range(256))


@dataclass(slots=True)
class Patrol:
    """Rounds over one target; `ring` gets the paths that seem wrong, `ended` is called after every round."""

    www: Path
    read: Callable[[], Signed | None]
    ring: Callable[[Iterable[str]], None]
    ended: Callable[[], None]
    limits: Limits
    stopped: threading.Event = field(default_factory=threading.Event)
    hurried: threading.Event = field(default_factory=threading.Event)
    _again: threading.Event = field(default_factory=threading.Event)

    def hurry(self) -> None:
        """Begins a new round at once, as fast as it can."""
        self._again.set()
        self.hurried.set()

    def run(self) -> None:
        """Goes round until it is stopped."""
        self.hurry()
        while not self.stopped.is_set():
            self._again.clear()
            try:
                is_done = self._go_round()
            except (OSError, FormatError):  # the vault is away, or changed under our feet: the next round tells more
                is_done = False
            if is_done:
                self.hurried.clear()
                self.ended()
            elif not self._again.is_set():
                self.stopped.wait(self.limits.tick)

    def _go_round(self) -> bool:
        signed = self.read()
        return signed is not None and self._round(signed)

    def _round(self, signed: Signed) -> bool:
        """One round; False when it was broken off."""
        used = time.thread_time()
        for paths, cost in steps(self.www, signed):
            if paths:
                self.ring(paths)
            if self.stopped.is_set() or self._again.is_set():
                return False
            if not self.hurried.is_set():
                self._rest(cost, time.thread_time() - used)
            used = time.thread_time()
        return True

    def _rest(self, cost: int, used: float) -> None:
        """Waits after so many bytes and CPU seconds."""
        end = time.monotonic() + max(cost / self.limits.rehash_bytes, used / self.limits.rehash_share)
        while (left := end - time.monotonic()) > 0 and not self._again.is_set():
            if self.stopped.wait(min(left, self.limits.tick)):
                return


def steps(www: Path, signed: Signed) -> Iterator[tuple[list[str], int]]:
    """Looks at everything, a folder at a time: the paths that seem wrong, and the bytes that were read."""
    for folder in signed.folders():
        yield _look(www, signed, folder, deep=False)
        _note_what_the_vault_lacks(signed, folder)
    for fan in FANS:
        yield _look(www, signed, f"blobs/{fan}", deep=True)
    for fan in FANS:
        yield [], _check_vault(signed, fan)


def _look(www: Path, signed: Signed, folder: str, *, deep: bool) -> tuple[list[str], int]:
    try:
        with Folder.open(www) as opened:
            sight = Sight(opened, signed, deep=deep)
            faults = sight.look([folder])
            return [*sight.unseen, *(fault.path for fault in faults)], max(sight.read_bytes, 4096)
    except OSError:  # the web root moved under our feet: the guard's own thread sees to it
        return [folder], 4096


def _note_what_the_vault_lacks(signed: Signed, folder: str) -> None:
    if not folder.startswith("trees/"):
        return
    try:
        directory = signed.directory(folder[6:])
    except FormatError:
        return
    vaulted = signed.vaulted
    for _, entry in directory.files:
        vaulted.lacking.update(sha for sha in (entry.raw, entry.brotli) if sha and not vaulted.has(sha))


def _check_vault(signed: Signed, fan: str) -> int:
    """Reads the vault's own copies below one folder; returns the bytes."""
    vaulted, size = signed.vaulted, 0
    for name in vaulted.blobs_in(fan):
        size += vaulted.size_of(fan + name)
        vaulted.is_whole(fan + name)
    return max(size, 4096)
