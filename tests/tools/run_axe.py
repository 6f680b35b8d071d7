"""`make axe`: axe-core over every kind of page of every site in every look, in Chromium, behind the real nginx.

Writes the table into `docs/benchmarks/theme.md`; ends with 1 when a rule is broken anywhere.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.scenarios.house import House, open_house
from tests.theme.axe import WCAG, Finding, Verdict, judge, prepare
from tests.theme.looks import LOOKS, Look, looking
from tests.tools.csp import ARGUMENTS, CHROMIUM
from tests.tools.nginx_city import behind_nginx
from tests.tools.sample import Sample, sample_pages
from tests.tools.sections import write_section

REPORT = Path(__file__).parents[2] / "docs/benchmarks/theme.md"
WIDTHS = (1280, 390)


@dataclass(frozen=True, slots=True)
class Checked:
    """One page in one look at one width, and what axe says."""

    page: Sample
    look: str
    width: int
    verdict: Verdict


def check(house: House, pages: Sequence[Sample], looks: Sequence[Look], widths: Sequence[int]) -> Iterator[Checked]:
    """Goes through all of them with one browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for look in looks:
            for width in widths:
                yield from _in_look(browser, house, pages, look, width)
        browser.close()


def _in_look(browser: Browser, house: House, pages: Sequence[Sample], look: Look, width: int) -> Iterator[Checked]:
    with looking(browser, look, width=width) as context:
        prepare(context)
        tab = context.new_page()
        for page in pages:
            _open(tab, house.address(page.path), look)
            yield Checked(page, look.name, width, judge(tab, is_enhanced=look.is_enhanced))


def _open(tab: Page, address: str, look: Look) -> None:
    tab.goto(address, wait_until="load")
    if any(name == "accessible" for name, _ in look.cookies):
        tab.wait_for_selector(".accessible")


def table(rows: Sequence[Checked]) -> str:
    """The section of `docs/benchmarks/theme.md`."""
    kinds = Counter(row.page.kind for row in rows)
    sites = len({row.page.site for row in rows})
    lines = [
        f"axe-core 4.14.1 in Debian's Chromium, rules {', '.join(WCAG)}; in the looks marked * also AAA contrast (7 : 1).",
        f"{len({row.page for row in rows})} pages of {len(kinds)} kinds on {sites} sites ({', '.join(sorted(kinds))}), at",
        f"{' and '.join(str(width) for width in sorted({row.width for row in rows}))} pixels: {len(rows)} checks.",
        "“Not sure” is what axe leaves to a person: text over pictures or gradients, and what it cannot see.",
        "",
        "| look | pages checked | violations | not sure |",
        "|---|---|---|---|",
    ]
    for look in LOOKS:
        found = [row for row in rows if row.look == look.name]
        violations = sum(len(row.verdict.violations) for row in found)
        unsure = sum(len(row.verdict.unsure) for row in found)
        lines.append(f"| {look.name}{' *' if look.is_enhanced else ''} | {len(found)} | {violations} | {unsure} |")
    return "\n".join(lines)


def tell(rows: Sequence[Checked]) -> None:
    """Prints each finding once, with how many pages have it and the first of them."""
    for kind in ("unsure", "violations"):
        found: dict[Finding, list[str]] = {}
        for row in rows:
            for one in getattr(row.verdict, kind):
                found.setdefault(Finding(one.rule, one.target, one.summary), []).append(
                    f"{row.page.path} {row.look} {row.width}"
                )
        for one, places in sorted(found.items(), key=lambda pair: -len(pair[1]))[:60]:
            print(f"{kind} ×{len(places)} {one} — {places[0]}")


def main() -> int:
    """Checks, writes the table, and tells whether all is right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--house", type=Path, help="a folder where the house stays for the next time")
    parser.add_argument("--look", action="append", help="only these; nothing is written then")
    arguments = parser.parse_args()
    looks = [look for look in LOOKS if not arguments.look or look.name in arguments.look]
    with tempfile.TemporaryDirectory() as folder:
        house = open_house(arguments.house or Path(folder) / "house")
        with behind_nginx(house, Path(folder), port=house.port):
            rows = list(check(house, sample_pages(house), looks, WIDTHS))
    tell(rows)
    if not arguments.look:
        write_section(REPORT, "axe", table(rows))
    print(f"{len(rows)} checks, {sum(len(row.verdict.violations) for row in rows)} violations")
    return 1 if any(row.verdict.violations for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
