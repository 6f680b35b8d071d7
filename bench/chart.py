"""The report's chart as plain SVG: horizontal bars on a logarithmic scale, a panel each for CPU, memory and one edit.

Pure: the same results give the same bytes. Colours follow the reader's light or dark scheme.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.generators import APART, HUGO, OURS, PELICAN
from bench.goals import middle
from bench.results import Results
from bench.rows import COLD, REBUILD, WARM

_WIDTH = 860
_LEFT, _RIGHT = 250, 90  # room for names and figures
_BAR, _GAP, _HEAD = 18, 6, 44
_STYLE = """text{font:13px sans-serif;fill:#222}.title{font-weight:bold}.ours{fill:#0b6e4f}.warm{fill:#2f9e77}
.hugo{fill:#b3566b}.hugo-apart{fill:#cf8b9a}.pelican{fill:#7a6aa8}rect.ground{fill:#fff}
@media (prefers-color-scheme:dark){text{fill:#eee}rect.ground{fill:#1c1c1c}}"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name, its length's meaning, what is written behind it, and whose colour it has."""

    name: str
    value: float
    words: str
    who: str


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars on one scale."""

    title: str
    bars: tuple[Bar, ...]

    @property
    def height(self) -> int:
        """In pixels."""
        return _HEAD + len(self.bars) * (_BAR + _GAP)


def chart(results: Results) -> str:
    """The chart of everything that was measured."""
    panels = [panel for panel in _panels(results) if panel.bars]
    height = sum(panel.height for panel in panels) + _GAP
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        "<title>CPU, memory and one edited article: zhanqun beside Hugo and stock Pelican</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{_WIDTH}" height="{height}"/>',
    ]
    top = 0
    for panel in panels:
        lines += _draw(panel, top)
        top += panel.height
    return "\n".join([*lines, "</svg>"]) + "\n"


def _panels(results: Results) -> Iterator[Panel]:
    everybody = ((OURS, "zhanqun"), (HUGO, "Hugo"), (APART, "Hugo, seven projects"), (PELICAN, "stock Pelican"))
    for title, figure, show in (
        ("Cold build: CPU seconds", "cpu", _seconds),
        ("Cold build: peak memory, MiB", "peak", _mega),
    ):
        rows = [(COLD, who, name, who) for who, name in everybody]
        yield Panel(f"{title} (logarithmic)", tuple(_bars(results, rows, figure, show)))
    edits = [
        ("edited", WARM, "zhanqun, warm worker", WARM),
        ("edited", OURS, "zhanqun, command", OURS),
        (REBUILD, HUGO, "Hugo", HUGO),
    ]
    yield Panel("One edited article: CPU seconds (logarithmic)", tuple(_bars(results, edits, "cpu", _seconds)))


def _bars(
    results: Results, rows: Sequence[tuple[str, str, str, str]], figure: str, show: Callable[[float], str]
) -> Iterator[Bar]:
    for size in results.sizes():
        for row, who, name, color in rows:
            value = middle(results, size, row, who, figure)
            if value:
                yield Bar(f"{size:,} · {name}", value, show(value), color)


def _draw(panel: Panel, top: int) -> Iterator[str]:
    yield f'<text class="title" x="12" y="{top + 28}">{panel.title}</text>'
    least = min(bar.value for bar in panel.bars) / 2
    scale = (_WIDTH - _LEFT - _RIGHT) / math.log(max(bar.value for bar in panel.bars) / least)
    for number, bar in enumerate(panel.bars):
        y = top + _HEAD + number * (_BAR + _GAP)
        length = round(math.log(bar.value / least) * scale)
        yield f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{bar.name}</text>'
        yield f'<rect class="{bar.who}" x="{_LEFT}" y="{y}" width="{length}" height="{_BAR}"/>'
        yield f'<text x="{_LEFT + length + 6}" y="{y + 13}">{bar.words}</text>'


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def _mega(value: float) -> str:
    return f"{value / 2**20:,.0f}"
