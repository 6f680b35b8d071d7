"""What the engine must show, as pure functions over results: the issue's table, one `Goal` a row.

A figure is a number to be at most (or, for savings, at least) the bound; None when it was not measured. Ratios are
between medians of the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.generators import HUGO, OURS
from bench.results import Results
from bench.rows import COLD, ONE_ARTICLE, REBUILD, STILL, THEME, WARM

SMALL, MIDDLE, LARGE = 10_000, 100_000, 300_000
_GIB = 2**30
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Goal:
    """One thing to show; `show` writes a figure or a bound, `at_least` turns the comparison round."""

    what: str
    figure: Callable[[Results], float | None]
    must: float
    aim: float
    show: Callable[[float], str]
    at_least: bool = False

    def verdict(self, figure: float | None) -> str:
        """Whether must and aim are met, in words."""
        if figure is None:
            return "not measured"
        if self._meets(figure, self.aim):
            return "aim met"
        return "must met" if self._meets(figure, self.must) else "**missed**"

    def bound(self, value: float) -> str:
        """Must or aim with its sign."""
        return f"{'≥' if self.at_least else '≤'} {self.show(value)}"

    def _meets(self, figure: float, bound: float) -> bool:
        return figure >= bound if self.at_least else figure <= bound


def goals() -> Iterator[Goal]:
    """All rows of the issue's table."""
    for size in (MIDDLE, LARGE):
        for figure, words in (("cpu", "CPU"), ("instructions", "instructions")):
            yield Goal(f"cold build, {size:,}: {words} against Hugo", _cold(size, figure), 1.0, 0.5, _times)
    yield Goal("cold build, 100,000: peak memory against Hugo", _cold(MIDDLE, "peak"), 1 / 6, 1 / 12, _times)
    yield Goal("cold build, 300,000: peak memory of all processes", _peak(LARGE), 1 * _GIB, 600 * _MIB, _memory)
    for row in ONE_ARTICLE:
        yield Goal(f"one article {row}, 300,000, by the command", _middle(LARGE, row, OURS), 1.0, 0.4, _seconds)
    for row in ONE_ARTICLE:
        yield Goal(f"one article {row}, 300,000, in the warm worker", _middle(LARGE, row, WARM), 0.3, 0.1, _seconds)
    yield Goal("one article, 300,000 : 10,000, the worst by the command", _growth(OURS), 1.5, 1.2, _times)
    yield Goal("one article, 300,000 : 10,000, the worst in the warm worker", _growth(WARM), 1.5, 1.2, _times)
    yield Goal(
        "one article edited, 300,000: less CPU than Hugo's rebuild", _saving(LARGE), 400, 1000, _times, at_least=True
    )
    yield Goal("files written for one added article, 300,000, at most", _most_written(LARGE, "added"), 40, 25, _count)
    yield Goal("files for the first article of an empty column, 300,000", _most_written(LARGE, "empty"), 60, 40, _count)
    yield Goal("no change, 300,000", _middle(LARGE, STILL, OURS), 0.5, 0.25, _seconds)
    yield Goal("every page changes (theme edit), 100,000, against cold", _theme(MIDDLE), 0.6, 0.35, _times)
    yield Goal("100 articles in one commit, 300,000", _middle(LARGE, "hundred", OURS), 3.0, 1.5, _seconds)
    yield Goal("memory of a warm worker after 1,000 builds", _leak, 0.05, 0.02, _share)


# ---- figures --------------------------------------------------------------------------------------------------------

Figure = Callable[[Results], float | None]


def ratio(above: float | None, below: float | None) -> float | None:
    """A quotient, None when a part of it was not measured."""
    return above / below if above is not None and below else None


def middle(results: Results, size: int, row: str, who: str, figure: str = "cpu") -> float | None:
    """The median of a row's figure."""
    spread = results.spread(size, row, who, figure)
    return spread.middle if spread else None


def _middle(size: int, row: str, who: str) -> Figure:
    return lambda results: middle(results, size, row, who)


def _cold(size: int, figure: str) -> Figure:
    return lambda results: ratio(*(middle(results, size, COLD, who, figure) for who in (OURS, HUGO)))


def _peak(size: int) -> Figure:
    return lambda results: middle(results, size, COLD, OURS, "peak")


def _theme(size: int) -> Figure:
    return lambda results: ratio(middle(results, size, THEME, OURS), middle(results, size, COLD, OURS))


def _saving(size: int) -> Figure:
    return lambda results: ratio(middle(results, size, REBUILD, HUGO), middle(results, size, "edited", OURS))


def _growth(who: str) -> Figure:
    def worst(results: Results) -> float | None:
        found = (ratio(middle(results, LARGE, row, who), middle(results, SMALL, row, who)) for row in ONE_ARTICLE)
        return max((one for one in found if one is not None), default=None)

    return worst


def _most_written(size: int, row: str) -> Figure:
    def most(results: Results) -> float | None:
        spread = results.spread(size, row, OURS, "written")
        return spread.most if spread else None

    return most


def _leak(results: Results) -> float | None:
    return max((leak["growth"] for leak in results.leak.values()), default=None)


# ---- how figures are written ----------------------------------------------------------------------------------------


def _times(value: float) -> str:
    return f"{value:,.0f} ×" if value >= 100 else f"{value:.3g} ×"


def _seconds(value: float) -> str:
    return f"{value:.2f} CPU s"


def _memory(value: float) -> str:
    return f"{value / _MIB:,.0f} MiB"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _share(value: float) -> str:
    return f"{value:.1%}"
