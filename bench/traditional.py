"""`python -m bench.traditional`: what a page in traditional characters costs, in CPU time of one process.

The demo's portal is built; its pages in simplified characters are then converted again and again, as the build did. A
page's first time is without any word kept from other pages, later ones know the words of the frame. Made-up articles
of given lengths stand in the frame of one of them. Prints a table; with `--report` writes `bilingual.md` into a folder.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import click

from bench.prose import Prose
from bench.stage import ROOT
from bench.words import voice_of
from cluster.clock import parse_date, stamp
from cluster.site import TRADITIONAL
from cluster.source import FolderSource
from plugins.bilingual import traditional
from plugins.bilingual.traditional import Address, convert_page
from publish.build import Order, Rooms, build

DAY = "2026-11-20T09:00"
MUST_MS = 15.0
LENGTHS = (1_000, 3_000, 10_000)
_SENTENCES_A_PARAGRAPH = 3
_ADDRESS = Address("http://portal", "/a.html", f"/{TRADITIONAL}/a.html")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what, and milliseconds of CPU of each of its runs; what is limited must keep to it."""

    what: str
    milliseconds: tuple[float, ...]
    is_limited: bool = True

    @property
    def middle(self) -> float:
        """The median in milliseconds."""
        return statistics.median(self.milliseconds)


def built_pages(work: Path) -> list[str]:
    """The simplified pages of the demo of which there are copies, as one build into `work` makes them."""
    rooms = Rooms(work / "var", work / "media", ROOT / "themes" / "gov")
    outcome = build(FolderSource(ROOT), rooms, Order(stamp(parse_date(DAY))))
    copy = f"/{TRADITIONAL}/"
    paths = sorted(path for path in outcome.manifest if copy in path)
    return [rooms.blobs.read(outcome.manifest[path.replace(copy, "/", 1)].raw).decode() for path in paths]


def article_of(frame: str, characters: int) -> str:
    """A page with that frame and a made-up article of about so many characters."""
    sentences = Prose(Random(characters), voice_of("zh-Hans")).sentences(characters)
    starts = range(0, len(sentences), _SENTENCES_A_PARAGRAPH)
    paragraphs = ["".join(sentences[at : at + _SENTENCES_A_PARAGRAPH]) for at in starts]
    head, mark, tail = frame.partition('<div class="body">')
    return f"{head}{mark}{''.join(f'<p>{one}</p>' for one in paragraphs)}{tail}"


def rows_of(pages: Sequence[str], runs: int) -> list[Row]:
    """Every row."""
    first = [_measured(lambda: traditional.convert("历史"), forget=_forget_all) for _ in range(runs)]
    early = [_measured(lambda page=page: _convert(page), forget=_forget_words) for page in pages]  # type: ignore[misc]
    later = [_measured(lambda page=page: _convert(page)) for page in pages]  # type: ignore[misc]
    rows = [
        Row("dictionaries read, once a process that makes such a page", tuple(first), is_limited=False),
        Row(f"a page of the demo, no word kept ({len(pages)} pages)", tuple(early)),
        Row("the same with the words of the frame and of lists kept", tuple(later)),
    ]
    for length in LENGTHS:
        page = article_of(pages[0], length)
        found = [_measured(lambda page=page: _convert(page), forget=_forget_words) for _ in range(runs)]  # type: ignore[misc]
        rows.append(Row(f"a page with an article of {length:,} characters", tuple(found), length <= LENGTHS[1]))
    return rows


def _convert(page: str) -> str:
    return convert_page(page, _ADDRESS, lambda _: "")


def _forget_words() -> None:
    traditional._kept.cache_clear()


def _forget_all() -> None:
    _forget_words()
    traditional._opencc.cache_clear()


def _measured(work: Callable[[], object], *, forget: Callable[[], None] = lambda: None) -> float:
    """The milliseconds of CPU that the work takes."""
    forget()
    before = time.process_time()
    work()
    return (time.process_time() - before) * 1000


def table_of(rows: Sequence[Row]) -> str:
    """The rows as a table."""
    return "\n".join(["| CPU time of one process |  | must |", "| --- | ---: | ---: |", *map(_line, rows), ""])


def _line(row: Row) -> str:
    runs = row.milliseconds
    must = f"≤ {MUST_MS:.0f} ms: {'met' if row.middle <= MUST_MS else '**missed**'}" if row.is_limited else ""
    return f"| {row.what} | {row.middle:.1f} ms ({min(runs):.1f}–{max(runs):.1f}) | {must} |"


_HEAD = """# Pages in traditional characters: measured

Written whole by `python -m bench.traditional --report docs/benchmarks`; do not edit. Medians, least and most in
brackets. A site that lists no column in `traditional` asks one question a page and does nothing else.

"""


@click.command()
@click.option("--runs", default=7, show_default=True, help="How often each is taken.")
@click.option("--report", "folder", type=click.Path(path_type=Path, file_okay=False), help="Where bilingual.md goes.")
def main(runs: int, folder: Path | None) -> None:
    """Measures the conversion."""
    with tempfile.TemporaryDirectory() as work:
        pages = built_pages(Path(work))
    table = table_of(rows_of(pages, runs))
    click.echo(table)
    if folder is not None:
        (folder / "bilingual.md").write_text(_HEAD + table, "utf-8")


if __name__ == "__main__":
    main()
