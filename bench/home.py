"""The blocks of a site's home page, the same for every generator."""

from __future__ import annotations

from dataclasses import dataclass

from bench.tree import SiteShape

LINKS_TITLE = "links"
_PAIRS = 3


@dataclass(frozen=True, slots=True)
class HomeBlock:
    """One block: `headline`, `columns` (side by side) or `documents`, with so many items of each column."""

    kind: str
    columns: tuple[str, ...]
    count: int


def home_blocks(site: SiteShape) -> tuple[HomeBlock, ...]:
    """The first column's headline, pairs of the next ones, and the last one's documents."""
    tops = [column.path for column in site.children("")]
    rest = tops[1 : 1 + 2 * _PAIRS]
    pairs = [HomeBlock("columns", tuple(rest[at : at + 2]), 6) for at in range(0, len(rest), 2)]
    return HomeBlock("headline", tuple(tops[:1]), 6), *pairs, HomeBlock("documents", (tops[-1],), 8)
