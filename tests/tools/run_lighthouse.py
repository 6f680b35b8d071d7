"""`make lighthouse`: Lighthouse (mobile) over home, column, article and statute of every site, behind the real nginx.

The pages are asked over HTTP on `*.localhost`, which browsers hold for as safe as HTTPS. Writes the table into
`docs/benchmarks/theme.md`; ends with 1 when a score is below what the project promises.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.scenarios.house import House, open_house
from tests.tools.csp import CHROMIUM
from tests.tools.nginx_city import behind_nginx
from tests.tools.sample import Sample, sample_pages
from tests.tools.sections import write_section

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "bench/lighthouse/node_modules/.bin/lighthouse"
REPORT = ROOT / "docs/benchmarks/theme.md"
# What the project promises, by Lighthouse's category.
LEAST = {"performance": 98, "accessibility": 100, "best-practices": 100, "seo": 100}
KINDS = ("home", "column", "article", "statute")
# Lighthouse now and then loses the beginning of its own trace (NO_NAVSTART), and asks to be run again.
TRIES = 4
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage"


@dataclass(frozen=True, slots=True)
class Score:
    """The scores of a page (median of the runs), what cost points, and the largest paint in milliseconds."""

    page: Sample
    scores: Mapping[str, int]
    least: Mapping[str, int]
    paint: float
    shift: float
    faults: tuple[str, ...]

    @property
    def is_kept(self) -> bool:
        """Whether every score is at least what is promised."""
        return all(self.scores[name] >= least for name, least in LEAST.items())


def look(address: str, folder: Path) -> dict[str, Any]:
    """One run's result.

    Raises:
        RuntimeError: Lighthouse failed.
    """
    out = folder / "result.json"
    categories = ",".join(LEAST)
    command = [
        str(PROGRAM), address, "--quiet", "--output=json", f"--output-path={out}", f"--chrome-flags={FLAGS}",
        f"--only-categories={categories}",
    ]  # fmt: skip
    for _ in range(TRIES):
        done = subprocess.run(command, env={**os.environ, "CHROME_PATH": CHROMIUM}, capture_output=True, text=True)
        if not done.returncode:
            return dict(json.loads(out.read_text("utf-8")))
    raise RuntimeError(f"{address}: {done.stderr[-1000:]}")


def score(page: Sample, results: Sequence[dict[str, Any]]) -> Score:
    """What the runs of one page say together."""
    rows = [{name: round(one["categories"][name]["score"] * 100) for name in LEAST} for one in results]
    audits = results[0]["audits"]
    return Score(
        page,
        {name: round(statistics.median(row[name] for row in rows)) for name in LEAST},
        {name: min(row[name] for row in rows) for name in LEAST},
        statistics.median(one["audits"]["largest-contentful-paint"]["numericValue"] for one in results),
        max(one["audits"]["cumulative-layout-shift"]["numericValue"] for one in results),
        tuple(_faults(results[0], audits)),
    )


def _faults(result: Mapping[str, Any], audits: Mapping[str, Any]) -> list[str]:
    found = []
    for name in LEAST:
        for row in result["categories"][name]["auditRefs"]:
            audit = audits[row["id"]]
            if row["weight"] and audit["score"] is not None and audit["score"] < (0.9 if name == "performance" else 1):
                found.append(f"{name}/{row['id']} {audit.get('displayValue', '')}".strip())
    return found


def table(rows: Sequence[Score], runs: int) -> str:
    """The section of `docs/benchmarks/theme.md`."""
    lines = [
        f"Lighthouse 12.8.2, mobile (simulated slow 4G, CPU ÷ 4), Debian's Chromium, nginx over HTTP/1.1; median of {runs}",
        "(least beside it where it differs). No audit was set aside.",
        "",
        "| site | page | performance | accessibility | best practices | SEO | largest paint, s | shift |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = [
            f"{row.scores[name]}" + (f" ({row.least[name]})" if row.least[name] != row.scores[name] else "")
            for name in LEAST
        ]
        numbers = f"{row.paint / 1000:.2f} | {row.shift:.3f}"
        lines.append(f"| {row.page.site} | {row.page.kind} | {' | '.join(cells)} | {numbers} |")
    return "\n".join(lines)


def measure(house: House, folder: Path, runs: int, only: str) -> list[Score]:
    """Every page of the table, told as it goes."""
    rows = []
    with behind_nginx(house, folder, port=house.port):
        for page in sample_pages(house):
            if page.kind in KINDS and only in f"{page.site}-{page.kind}":
                results = [look(house.address(page.path), folder) for _ in range(runs)]
                rows.append(score(page, results))
                print(page.site, page.kind, dict(rows[-1].scores), *rows[-1].faults, sep=" ", flush=True)
    return rows


def main() -> int:
    """Measures, writes the table, and tells whether all is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="part of <site>-<kind>; nothing is written then")
    parser.add_argument("--house", type=Path, help="a folder where the house stays for the next time")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        house = open_house(arguments.house or Path(folder) / "house")
        rows = measure(house, Path(folder), arguments.runs, arguments.only)
    if not arguments.only:
        write_section(REPORT, "lighthouse", table(rows, arguments.runs))
    return 0 if all(row.is_kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
