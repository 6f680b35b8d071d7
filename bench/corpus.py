"""The made-up cluster: `size` items that follow from (size, seed) alone, whatever machine or process asks.

Every item is drawn from random numbers of its own, so any of them can be had without the others and nothing is held in
memory. Item `n` of a corpus never changes; numbers from `size` on are new articles for the benchmark to publish.
`bench.forms` turns items into files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import accumulate
from random import Random

from bench.bodies import PICTURES, Links, make_body
from bench.prose import Prose
from bench.tree import ColumnShape, Place, SiteShape, columns_for, make_tree
from bench.words import voice_of

NOW = "2026-11-20T09:00"  # the moment of every build
SMALLEST = 40  # every column holds an item
_FIRST_DAY = datetime(2017, 1, 1)
_DAYS = 3609  # to 2026-11-18; new items are of the next day
TOPICS = ("clear-river", "spring-jobs", "fifth-session")  # of the first two sites
_TOPIC_ITEMS = 150  # of all topics together, whatever the size


@dataclass(frozen=True, slots=True)
class Shares:
    """Which share of items has a field."""

    summary: float = 0.6
    keywords: float = 0.7
    editor: float = 0.8
    updated: float = 0.03
    also: float = 0.04
    image: float = 0.05
    attachment: float = 0.015
    interprets: float = 0.005
    translation: float = 0.1  # of the English site


SHARES = Shares()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside an item."""

    name: str
    title: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Item:
    """One article; `also` are columns as content writes them, `image` is a picture's number or None."""

    place: Place
    id: str
    title: str
    source: str
    body: str
    editor: str = ""
    summary: str = ""
    keywords: tuple[str, ...] = ()
    updated: str = ""
    also: tuple[str, ...] = ()
    topic: str = ""
    image: int | None = None
    attachment: Attachment | None = None
    interprets: str = ""
    translation_of: str = ""


class Corpus:
    """A made-up cluster of `size` items."""

    def __init__(self, size: int, seed: int = 1) -> None:
        self.size = size
        self.seed = seed

    @cached_property
    def sites(self) -> tuple[SiteShape, ...]:
        """The sites with their columns."""
        return make_tree(columns_for(self.size), self.seed)

    @cached_property
    def _columns(self) -> tuple[tuple[SiteShape, ColumnShape], ...]:
        return tuple((site, column) for site in self.sites for column in site.columns if column.weight)

    @cached_property
    def _weights(self) -> tuple[float, ...]:
        return tuple(accumulate(column.weight for _, column in self._columns))

    @property
    def empty_column(self) -> tuple[str, str]:
        """Site and path of the second-level column without items."""
        return next((site.key, column.path) for site in self.sites for column in site.columns if not column.weight)

    def site(self, key: str) -> SiteShape:
        """The site with this key."""
        return next(site for site in self.sites if site.key == key)

    def items(self, links: Links) -> Iterator[Item]:
        """All items, in the order of their numbers."""
        return (self.item(number, links) for number in range(self.size))

    def place(self, number: int) -> Place:
        """Where an item lies; the first ones give every column one. Numbers from `size` on are of the last day."""
        rng = Random(f"{self.seed}/place/{number}")
        if number < len(self._columns):
            site, column = self._columns[number]
        else:
            site, column = rng.choices(self._columns, cum_weights=self._weights)[0]
        return _placed(number, site.key, column.path, self._moment(rng, number))

    def place_in_empty_column(self, number: int) -> Place:
        """The place of a new item in the column without items."""
        return _placed(number, *self.empty_column, self._moment(Random(f"{self.seed}/place/{number}"), number))

    def _moment(self, rng: Random, number: int) -> datetime:
        if number >= self.size:
            return _FIRST_DAY + timedelta(days=_DAYS, hours=8, minutes=(number - self.size) % 900)
        return _FIRST_DAY + timedelta(days=int(rng.random() * _DAYS), hours=8, minutes=int(rng.random() * 600))

    def item(self, number: int, links: Links, place: Place | None = None) -> Item:
        """One item, at its own place or at another one."""
        place = place or self.place(number)
        site = self.site(place.site)
        rng = Random(f"{self.seed}/item/{number}")
        prose = Prose(rng, voice_of(site.language))
        body = make_body(prose, site.key, links, lambda: self._older(rng))
        has = {name: rng.random() < getattr(SHARES, name) for name in SHARES.__dataclass_fields__}
        return Item(
            place=place,
            id=hashlib.sha256(f"{self.seed}/{number}".encode()).hexdigest()[:16],
            title=prose.title(),
            source=prose.voice.organs.draw(rng, 1)[0],
            body=body,
            editor=site.organizer if has["editor"] else "",
            summary="".join(prose.sentences(45)).rstrip() if has["summary"] else "",
            keywords=tuple(dict.fromkeys(prose.words(3))) if has["keywords"] else (),
            updated=f"{place.date[:10]}T20:00" if has["updated"] else "",
            also=self._also(rng, place) if has["also"] else (),
            topic=self._topic(rng, site),
            image=rng.randrange(PICTURES) if has["image"] else None,
            attachment=_attachment(prose, place) if has["attachment"] else None,
            interprets=f"content/{self._older(rng).stem}.md" if has["interprets"] else "",
            translation_of=self._original(rng) if has["translation"] and site.language == "en" else "",
        )

    def _older(self, rng: Random) -> Place:
        """The place of any item of the corpus."""
        return self.place(rng.randrange(self.size))

    def _also(self, rng: Random, place: Place) -> tuple[str, ...]:
        """Another column, now and then of another site."""
        site, column = rng.choices(self._columns, cum_weights=self._weights)[0]
        if (site.key, column.path) == (place.site, place.column):
            return ()
        return (column.path if site.key == place.site else f"{site.key}:{column.path}",)

    def _topic(self, rng: Random, site: SiteShape) -> str:
        if site.key not in (self.sites[0].key, self.sites[1].key) or rng.random() >= _TOPIC_ITEMS / self.size:
            return ""
        return rng.choice(topics_of(site))

    def _original(self, rng: Random) -> str:
        """A Chinese item, by its path."""
        for _ in range(20):
            place = self._older(rng)
            if self.site(place.site).language != "en":
                return f"content/{place.stem}.md"
        return ""


def topics_of(site: SiteShape) -> tuple[str, ...]:
    """The topics of a site."""
    return {"portal": TOPICS[:2], "congress": TOPICS[2:]}.get(site.key, ())


def _placed(number: int, site: str, column: str, moment: datetime) -> Place:
    return Place(number, site, column, f"{moment:%Y-%m-%dT%H:%M}", f"{moment:%m%d}-{number}")


def _attachment(prose: Prose, place: Place) -> Attachment:
    rows = [",".join([*prose.words(1), *(str(prose.rng.randrange(10_000)) for _ in range(4))]) for _ in range(30)]
    return Attachment(f"{place.slug}.csv", prose.phrase(), ("\n".join(rows) + "\n").encode())
