"""A card: what the index keeps of one item, and the lists and positions that follow from it.

Positions are words that sort as items stand in a list: the date, a blank, the path. A standing item has no date there.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from cluster.validation import Item

# The list of a site's own items by date, without those that other sites show it; no column can be called so.
OWN = "/own"
REFERENCES = ("translation_of", "interprets")
# Made once: `json.dumps` with options makes an encoder at each call.
_encode = json.JSONEncoder(ensure_ascii=False).encode


class Card(NamedTuple):
    """One item in the words of the table `item`, then its references and old addresses.

    `fields` is JSON, `lists` the JSON of (site, list) pairs.
    """

    path: str
    blob: str
    site: str
    column: str
    year: int
    slug: str
    type: str
    id: str
    url: str
    title: str
    date: str
    updated: str
    expires: str
    topic: str
    law: str
    fields: str
    body_line: int
    lists: str
    references: tuple[tuple[str, str], ...]
    redirects: tuple[str, ...]

    @property
    def row(self) -> tuple[str | int, ...]:
        """The columns of the table `item`, without `shown`."""
        return self[:18]

    @property
    def listed(self) -> str:
        """The date by which lists order the item, empty for a standing one."""
        return self.date if self.year else ""

    @property
    def places(self) -> list[tuple[str, str]]:
        """The (site, list) pairs in which the item stands."""
        return [(site, name) for site, name in json.loads(self.lists)]

    def looks_like(self, other: Card) -> bool:
        """Whether both look the same to every page but the item's own."""
        return self._replace(blob=other.blob, body_line=other.body_line) == other


def make_card(item: Item, blob: str) -> Card:
    """The card of an item read from a blob."""
    place = item.place
    lists = {(site, name) for site, column in item.lists for name in _with_ancestors(column)}
    lists.add((place.site, OWN))
    if item.topic:
        lists.add((place.site, f"topic:{item.topic}"))
    return Card(
        item.path,
        blob,
        place.site,
        place.column,
        place.year,
        place.slug,
        item.type,
        item.id,
        place.url,
        item.title,
        item.date,
        item.updated,
        item.expires,
        item.topic,
        item.law,
        _encode(dict(item.fields)),
        item.body_line,
        json.dumps(sorted(lists)),
        tuple((name, item.fields[name].lstrip("/")) for name in REFERENCES if name in item.fields),
        tuple(sorted(set(item.fields.get("redirect_from", ())))),
    )


def _with_ancestors(column: str) -> list[str]:
    """The column, all above it, and the site as a whole, whose list has the empty name."""
    parts = column.split("/")
    return ["", *("/".join(parts[: n + 1]) for n in range(len(parts)))]


def position(date: str, path: str) -> str:
    """Where an item stands in a list."""
    return f"{date} {path}"
