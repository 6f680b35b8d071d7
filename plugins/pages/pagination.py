"""Stable pagination: which items stand on which page of a list, so that a change rewrites a page or two.

A list with fewer than 40 dated items is one page. A longer one is divided into periods: a year, or the months of a year
with more than 240 items. A period has full pages of 20, oldest first, and, if it is not the newest, one last page with
the rest; the list's own page shows the newest 20 to 39 across periods. Pure arithmetic over counts per month.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from cluster.index import Period

PER_PAGE = 20
# A year of more than twelve full pages is divided, so that what goes from it moves the pages of one month alone.
MANY = 12 * PER_PAGE


@dataclass(frozen=True, slots=True)
class Pages:
    """A list's pages: how many items its own page shows, and how many numbered pages each period has, if any."""

    newest: int
    periods: Mapping[Period, int]

    def neighbours(self, period: Period, number: int) -> tuple[tuple[Period, int] | None, tuple[Period, int] | None]:
        """The (period, number) of the next older and the next newer page, None where there is none."""
        periods = sorted(self.periods)
        at = periods.index(period)
        before, after = periods[:at][-1:], periods[at + 1 : at + 2]
        older = [(period, number - 1)] if number > 1 else [(one, self.periods[one]) for one in before]
        newer = [(period, number + 1)] if number < self.periods[period] else [(one, 1) for one in after]
        return (older[0] if older else None), (newer[0] if newer else None)

    def latest(self) -> tuple[Period, int] | None:
        """The newest numbered page."""
        return max(self.latest_by_year().values(), default=None)

    def latest_by_year(self) -> dict[int, tuple[Period, int]]:
        """Each year's newest numbered page, oldest year first."""
        return {period.year: (period, self.periods[period]) for period in sorted(self.periods)}


def paginate(months: Mapping[Period, int]) -> Pages:
    """The pages of a list that has `months[month]` dated items."""
    total = sum(months.values())
    if total < 2 * PER_PAGE:
        return Pages(total, {})
    counts = divide(months, MANY)
    newest = max(counts)
    pages = {period: -(-count // PER_PAGE) for period, count in counts.items()}
    pages[newest] = counts[newest] // PER_PAGE
    return Pages(PER_PAGE + counts[newest] % PER_PAGE, {period: n for period, n in pages.items() if n})


def divide(months: Mapping[Period, int], most: int) -> dict[Period, int]:
    """How many items each period has, oldest first: a year, or each month of a year that has more than `most`."""
    years: Counter[int] = Counter()
    for month, count in months.items():
        years[month.year] += count
    counts: Counter[Period] = Counter()
    for month in sorted(months):
        counts[month if years[month.year] > most else Period(month.year)] += months[month]
    return dict(counts)


def slice_of(number: int) -> tuple[int, int]:
    """How many items of a period stand before a numbered page, and how many on it at most."""
    return (number - 1) * PER_PAGE, PER_PAGE
