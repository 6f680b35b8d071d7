"""What a page read of the index, so that a later change finds the pages that saw it.

A *key* names one thing: `item:<path>`, `id:<id>`, `file:<path>`, `media:<sha256>`, `redirect:<site>:<old>`,
`blob:<path>`, `filled:<site>:<list>`, `dated:<site>:<list>`, `months:<site>:<list>`, `standing:<site>:<list>`,
`topic:<site>:<name>`.
A *span* is a slice of a list: what comes or goes between `low` and `high` changes the slice, what only looks different
does so from `first` on. All three are positions (`cluster.index.card.position`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

# Sorts before and after every position.
LOWEST = ""
HIGHEST = "~"


class Span(NamedTuple):
    """A slice of a list that was read."""

    site: str
    list: str
    high: str
    low: str
    first: str


@dataclass(slots=True)
class Reads:
    """All that was read since it was made."""

    keys: set[str] = field(default_factory=set)
    spans: set[Span] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.keys or self.spans)
