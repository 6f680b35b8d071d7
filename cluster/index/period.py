"""Periods: the stretches of time by which a list's items are counted and divided. Pure."""

from __future__ import annotations

from typing import NamedTuple


class Period(NamedTuple):
    """A month, or a whole year when `month` is 0; those that do not overlap sort by time."""

    year: int
    month: int = 0

    @property
    def start(self) -> str:
        """A word that sorts before every stamp in the period and after every earlier one."""
        return f"{self.year:04}-{self.month:02}" if self.month else f"{self.year:04}"

    @property
    def end(self) -> str:
        """The same for the time that follows it."""
        follows = Period(self.year, self.month + 1) if 0 < self.month < 12 else Period(self.year + 1)
        return follows.start

    def part(self, number: int) -> str:
        """How one of its parts is called within its year: `2` of a year, `3-2` of a March."""
        return f"{self.month}-{number}" if self.month else f"{number}"
