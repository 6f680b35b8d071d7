"""Paths that could not be looked at or set right, to be tried again after pauses that grow.

Somebody may take a folder away while the guard looks into it, the disk may be full for an hour: the first try comes
soon, the next ones ever later. What is too much to remember is left to the rolling re-hash. Called by the guard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

FIRST, LONGEST = 0.25, 30.0
MOST = 50_000


@dataclass(slots=True)
class Again:
    """Paths that wait; `seconds` is a clock that only runs forward."""

    seconds: Callable[[], float]
    _paths: set[str] = field(default_factory=set)
    _pause: float = 0.0
    _due: float = 0.0

    def add(self, paths: Iterable[str]) -> None:
        """Keeps these for the next try."""
        wanted = set(paths)
        if not wanted:
            return
        if not self._paths:
            self._pause = min(max(FIRST, 2 * self._pause), LONGEST)
            self._due = self.seconds() + self._pause
        if len(self._paths) < MOST:
            self._paths |= wanted

    def take(self) -> set[str]:
        """What is to be tried now: nothing before the pause is over."""
        if not self._paths:
            self._pause = 0.0
        elif self.seconds() >= self._due:
            taken, self._paths = self._paths, set()
            return taken
        return set()
