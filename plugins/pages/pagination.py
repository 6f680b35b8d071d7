"""Stable pagination: which items stand on which page of a list, so that a new item changes a page or two.

A list with fewer than 40 dated items is one page. A longer one has full pages of 20 per year, oldest first, and, for
every year but the newest, one last page with the rest; the list's own page shows the newest 20 to 39 across years.
Pure arithmetic over counts per year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PER_PAGE = 20


@dataclass(frozen=True, slots=True)
class Pages:
    """A list's pages: how many items its own page shows, and how many numbered pages each year has, if any."""

    newest: int
    years: Mapping[int, int]

    def neighbours(self, year: int, number: int) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
        """The (year, number) of the next older and the next newer page, None where there is none."""
        years = sorted(self.years)
        at = years.index(year)
        before, after = years[at - 1 : at], years[at + 1 : at + 2]
        older = [(year, number - 1)] if number > 1 else [(one, self.years[one]) for one in before]
        newer = [(year, number + 1)] if number < self.years[year] else [(one, 1) for one in after]
        return (older[0] if older else None), (newer[0] if newer else None)

    def latest(self) -> tuple[int, int] | None:
        """The newest numbered page."""
        filled = [year for year, count in self.years.items() if count]
        return (max(filled), self.years[max(filled)]) if filled else None


def paginate(counts: Mapping[int, int]) -> Pages:
    """The pages of a list that has `counts[year]` dated items."""
    total = sum(counts.values())
    if total < 2 * PER_PAGE:
        return Pages(total, {})
    newest_year = max(counts)
    years = {year: -(-count // PER_PAGE) for year, count in counts.items() if year != newest_year}
    years[newest_year] = counts[newest_year] // PER_PAGE
    return Pages(PER_PAGE + counts[newest_year] % PER_PAGE, {year: n for year, n in sorted(years.items()) if n})
