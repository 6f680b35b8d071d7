"""Bodies in Markdown: most are plain paragraphs, the others have what clerks use besides.

The same text comes out for every generator; only the addresses of links and pictures differ, which a `Links` writes.
Shares are in `Mix`. Called by `bench.corpus`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bench.prose import Prose
from bench.tree import Place

# Outside addresses; everything else that leaves the cluster leads below gov.cn, without a notice page.
OUTSIDE = tuple(f"https://{name}.example.org/" for name in ("library", "weather", "railway", "rating", "standards"))
PICTURES = 12  # a site's own, shared by its items
_GOVERNMENT = tuple(f"https://www.{name}.gov.cn/" for name in ("yunze-water", "yunze-tax", "yunze-data", "yunze-jobs"))


class Links(Protocol):
    """How one generator writes addresses in a body."""

    def item(self, place: Place) -> str:
        """The address of another item."""

    def picture(self, site: str, number: int) -> str:
        """The address of a site's picture."""

    def outside(self, site: str, url: str) -> str:
        """The address for a link from a site to a host that is no government's."""


@dataclass(frozen=True, slots=True)
class Mix:
    """How long bodies are, in characters, and how many have what; shares of those that are not plain."""

    mean: float = 930.0  # of the paragraphs; what is put between them makes it about 990
    spread: float = 0.5  # of the logarithm
    least: float = 120.0
    most: float = 6000.0
    plain: float = 0.7
    headings: float = 0.6
    lists: float = 0.45
    tables: float = 0.3
    pictures: float = 0.3
    item_links: float = 0.4
    outside_links: float = 0.25
    bold: float = 0.25
    telephone: float = 0.15  # of all


MIX = Mix()


def make_body(prose: Prose, site: str, links: Links, any_place: Callable[[], Place], mix: Mix = MIX) -> str:
    """One body."""
    rng = prose.rng
    length = rng.lognormvariate(math.log(mix.mean) - mix.spread**2 / 2, mix.spread)
    paragraphs = prose.paragraphs(min(mix.most, max(mix.least, length)))
    if rng.random() < mix.telephone:
        paragraphs.append(_telephone(prose))
    if rng.random() >= mix.plain:
        _enrich(prose, paragraphs, site, links, any_place, mix)
    return "\n\n".join(paragraphs) + "\n"


def _telephone(prose: Prose) -> str:
    number = f"0999-8{prose.rng.randrange(10**6):06}"
    return f"Telephone: {number}" if prose.voice.is_english else f"咨询电话：{number}（工作日8:30—17:30）"


def _enrich(
    prose: Prose, paragraphs: list[str], site: str, links: Links, any_place: Callable[[], Place], mix: Mix
) -> None:
    """Puts links into paragraphs first, then blocks between them."""
    rng = prose.rng
    if rng.random() < mix.item_links:
        _append(prose, paragraphs, f"[{prose.phrase()}]({links.item(any_place())})")
    if rng.random() < mix.outside_links:
        _append(prose, paragraphs, f"[{prose.phrase()}]({_away(prose, site, links)})")
    if rng.random() < mix.bold:
        _append(prose, paragraphs, f"**{prose.phrase()}**")
    makers: tuple[tuple[float, Callable[[], str]], ...] = (
        (mix.lists, lambda: _list(prose)),
        (mix.tables, lambda: _table(prose)),
        (mix.pictures, lambda: f"![{prose.phrase()}]({links.picture(site, rng.randrange(PICTURES))})"),
        (mix.headings, lambda: f"## {prose.phrase()}"),
        (mix.headings / 2, lambda: f"## {prose.phrase()}"),
    )
    for share, make in makers:
        if rng.random() < share:
            paragraphs.insert(rng.randrange(len(paragraphs)), make())


def _append(prose: Prose, paragraphs: list[str], words: str) -> None:
    at = prose.rng.randrange(len(paragraphs))
    paragraphs[at] = f"{paragraphs[at]}{prose.voice.gap}{words}{prose.voice.stop}".rstrip()


def _away(prose: Prose, site: str, links: Links) -> str:
    if prose.rng.random() < 0.7:
        return f"{prose.rng.choice(_GOVERNMENT)}{prose.rng.randrange(1000)}.html"
    return links.outside(site, prose.rng.choice(OUTSIDE))


def _list(prose: Prose) -> str:
    rows = prose.sentences(prose.rng.randrange(60, 240))
    numbered = prose.rng.random() < 0.4
    return "\n".join(f"{f'{n}.' if numbered else '-'} {row.rstrip()}" for n, row in enumerate(rows, 1))


def _table(prose: Prose) -> str:
    columns = prose.rng.randrange(2, 5)
    rows = [prose.words(columns), ["---"] * columns]
    for _ in range(prose.rng.randrange(3, 9)):
        rows.append([*prose.words(1), *(prose.figure() for _ in range(columns - 1))])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
