"""`make bench-theme`: what pages weigh and how long they take on a slow phone, in Chromium behind the real nginx.

Cold cache, Brotli as nginx serves it, a line of 1.6 Mbit/s and 150 ms, a processor four times slower (Lighthouse's slow
4G, here applied and not simulated). Bytes and requests are counted once, seconds are the median of the runs with their
spread. Writes the table into `docs/benchmarks/theme.md`; ends with 1 when a weight is above what is promised.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, CDPSession, sync_playwright

from tests.scenarios.house import House, open_house
from tests.tools.csp import ARGUMENTS, CHROMIUM
from tests.tools.nginx_city import behind_nginx
from tests.tools.sample import Sample, sample_pages
from tests.tools.sections import write_section

REPORT = Path(__file__).parents[2] / "docs/benchmarks/theme.md"
KINDS = ("home", "column", "article", "statute")
WIDTHS = (390, 1280)
LINE = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
SLOWER = 4
# Bytes: the home page with pictures on a phone; HTML and sheets of an article, where its text allows.
HOME, ARTICLE = 200_000, 14_000
PAINT = 2.5

_WATCH = """() => {
  window.__paint = window.__shift = 0;
  new PerformanceObserver(list => { for (const one of list.getEntries()) window.__paint = one.startTime; })
    .observe({ type: "largest-contentful-paint", buffered: true });
  new PerformanceObserver(list => { for (const one of list.getEntries()) if (!one.hadRecentInput) window.__shift += one.value; })
    .observe({ type: "layout-shift", buffered: true });
}"""


@dataclass(frozen=True, slots=True)
class Visit:
    """One cold visit: bytes and requests by type of resource, foreign hosts, seconds, layout shift."""

    weights: Mapping[str, int]
    requests: int
    foreign: frozenset[str]
    paint: float
    done: float
    shift: float

    @property
    def words(self) -> int:
        """Bytes of HTML and sheets."""
        return self.weights.get("Document", 0) + self.weights.get("Stylesheet", 0)

    @property
    def total(self) -> int:
        """Bytes of everything."""
        return sum(self.weights.values())


@dataclass(slots=True)
class _Traffic:
    """What a tab has fetched, as the protocol tells it: bytes on the wire, headers included."""

    kinds: dict[str, str]
    weights: Counter[str]
    hosts: set[str]

    def listen(self, session: CDPSession) -> None:
        session.on("Network.requestWillBeSent", lambda event: self._asked(event))
        session.on("Network.loadingFinished", lambda event: self._came(event))
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", LINE)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})

    def _asked(self, event: dict) -> None:  # type: ignore[type-arg]
        self.kinds[event["requestId"]] = event.get("type", "Other")
        self.hosts.add(urlsplit(event["request"]["url"]).hostname or "")

    def _came(self, event: dict) -> None:  # type: ignore[type-arg]
        self.weights[self.kinds.get(event["requestId"], "Other")] += int(event["encodedDataLength"])


def visit(browser: Browser, address: str, width: int) -> Visit:
    """Opens the page as somebody who was never there, and waits until nothing comes any more."""
    context: BrowserContext = browser.new_context(viewport={"width": width, "height": 844}, device_scale_factor=2)
    try:
        page = context.new_page()
        traffic = _Traffic({}, Counter(), set())
        traffic.listen(context.new_cdp_session(page))
        page.add_init_script(f"({_WATCH})()")
        page.goto(address, wait_until="networkidle", timeout=60_000)
        paint, shift, done = page.evaluate(
            "[window.__paint, window.__shift, performance.getEntriesByType('navigation')[0].loadEventEnd]"
        )
    finally:
        context.close()
    foreign = frozenset(host for host in traffic.hosts if not host.endswith(".yunze.localhost"))
    return Visit(traffic.weights, len(traffic.kinds), foreign, paint / 1000, done / 1000, shift)


def measure(house: House, folder: Path, runs: int) -> Iterator[tuple[Sample, int, list[Visit]]]:
    """Every page of the table at every width."""
    with behind_nginx(house, folder, port=house.port), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for width in WIDTHS:
            for page in sample_pages(house):
                if page.kind in KINDS:
                    yield page, width, [visit(browser, house.address(page.path), width) for _ in range(runs)]
        browser.close()


def faults(page: Sample, width: int, visits: Sequence[Visit]) -> list[str]:
    """What is not as promised."""
    one = visits[0]
    paint = statistics.median(visit.paint for visit in visits)
    rules = {
        f"weighs {one.total:,} bytes": page.kind != "home" or width != 390 or one.total <= HOME,
        f"HTML and sheets weigh {one.words:,} bytes": page.kind != "article" or one.words <= ARTICLE,
        f"asks {', '.join(sorted(one.foreign))}": not one.foreign,
        f"shifts by {one.shift:.3f}": max(visit.shift for visit in visits) == 0,
        f"paints after {paint:.2f} s": paint <= PAINT,
    }
    return [words for words, is_kept in rules.items() if not is_kept]


def table(rows: Sequence[tuple[Sample, int, list[Visit]]], runs: int) -> str:
    """The section of `docs/benchmarks/theme.md`."""
    lines = [
        "Chromium, cold cache, nginx with Brotli over HTTP/1.1, 1.6 Mbit/s with 150 ms, processor 4 × slower, two device pixels",
        f"a CSS pixel; kB on the wire with headers (1 kB = 1000 bytes); seconds: median of {runs} (least–most).",
        "",
        "| site | page | width | HTML + CSS | scripts | pictures | all | requests | largest paint, s | loaded, s | shift |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for page, width, visits in rows:
        one = visits[0]
        paints = sorted(visit.paint for visit in visits)
        loaded = statistics.median(visit.done for visit in visits)
        pictures, scripts = one.weights.get("Image", 0), one.weights.get("Script", 0)
        lines.append(
            f"| {page.site} | {page.kind} | {width} | {one.words / 1000:.1f} | {scripts / 1000:.1f} "
            f"| {pictures / 1000:.1f} | {one.total / 1000:.1f} | {one.requests} "
            f"| {statistics.median(paints):.2f} ({paints[0]:.2f}–{paints[-1]:.2f}) | {loaded:.2f} "
            f"| {max(visit.shift for visit in visits):.3f} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Measures, writes the table, and tells whether all is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--house", type=Path, help="a folder where the house stays for the next time")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        house = open_house(arguments.house or Path(folder) / "house")
        rows = list(measure(house, Path(folder), arguments.runs))
    write_section(REPORT, "weights", table(rows, arguments.runs))
    told = [f"{page.path} at {width}: {fault}" for page, width, visits in rows for fault in faults(page, width, visits)]
    print(*told, f"{len(rows)} pages, {len(told)} not as promised", sep="\n")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
