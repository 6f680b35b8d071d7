"""Which pages to look at: all of them, or those that the journal's touches lead to.

Pages that gather items are found by what they read (`cluster.index.reads`). An item's page has a fixed contract
instead, and `_items` is the other half of it: it goes with its item, the items beside it in its column, those that its
references name, their translations, and the versions of its law. A page that turns out as it was is not written.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cluster.index import IndexedItem, PageKey, Period, Touch
from plugins.pages.articles import article_key
from plugins.pages.job import Job
from plugins.pages.lists import list_path, numbered_key, numbered_pages
from plugins.pages.plan import Maker, article_keys, list_keys


@dataclass(frozen=True, slots=True)
class Plan:
    """The files to make, and the paths of those that go."""

    keys: Iterable[PageKey]
    gone: Sequence[str]


def plan_everything(job: Job, makers: Sequence[Maker]) -> Plan:
    """Every file of the site."""
    counted = _by_path(itertools.chain(_counted(job, makers), list_keys(job)))
    known = job.outputs.keys(*_kinds(makers), "list")
    gone = [path for path in known if path not in counted]
    return Plan(itertools.chain(counted.values(), article_keys(job)), gone + job.outputs.articles_without_item())


def plan_changes(job: Job, makers: Sequence[Maker]) -> Plan:
    """The files that may be other than the last time."""
    there = _by_path(_counted(job, makers))
    known = job.outputs.keys(*_kinds(makers))
    found = (
        dict(there) if job.scope.structure else {path: there[path] for path in there if there[path] != known.get(path)}
    )
    gone = {path for path in known if path not in there}
    for column in _moved_columns(job):
        changed, left = _renumbered(job, column)
        found |= changed
        gone |= left
    gone |= set(_items_gone(job))
    for touch in job.scope.touches:
        found |= _readers(job, touch) | _by_path(_pages_of(job, touch))
    return Plan([there.get(path, key) for path, key in sorted(found.items()) if path not in gone], sorted(gone))


def has_changes(job: Job) -> bool:
    """Whether any touch leads to this site."""
    scope, site = job.scope, job.site.key
    if scope.everything or scope.structure or any(touch.site == site for touch in scope.touches):
        return True
    return any(_readers(job, touch) or any(_pages_of(job, touch)) for touch in scope.touches)


def _counted(job: Job, makers: Sequence[Maker]) -> Iterator[PageKey]:
    return itertools.chain.from_iterable(maker.keys(job) for maker in makers)


def _kinds(makers: Sequence[Maker]) -> list[str]:
    return [kind for maker in makers for kind in maker.kinds]


def _by_path(keys: Iterable[PageKey]) -> dict[str, PageKey]:
    return {key.path: key for key in keys}


# ---- pages that read ------------------------------------------------------------------------------------------------


def _readers(job: Job, touch: Touch) -> dict[str, PageKey]:
    """The files that read what was touched."""
    outputs = job.outputs
    if touch.kind == "key":
        return outputs.readers(touch.name)
    if touch.kind == "item":
        return outputs.readers(f"item:{touch.path}")
    if touch.kind == "body":
        return outputs.readers(f"blob:{touch.path}")
    if touch.kind not in ("move", "edit"):
        return {}
    if not touch.date:
        return outputs.readers(f"standing:{touch.site}:{touch.name}")
    counted = outputs.readers(f"months:{touch.site}:{touch.name}") if touch.kind == "move" else {}
    return outputs.spanning(touch) | counted


# ---- numbered lists -------------------------------------------------------------------------------------------------


def _moved_columns(job: Job) -> list[str]:
    """The columns of the site in which dated items came or went."""
    moves = (touch for touch in job.scope.touches if touch.kind == "move" and touch.site == job.site.key and touch.date)
    return sorted({touch.name for touch in moves} & job.site.columns.keys())


def _renumbered(job: Job, column: str) -> tuple[dict[str, PageKey], set[str]]:
    """The numbered pages that came, with those beside one that came or went, and the paths of those that went."""
    old = job.outputs.count_by_period("list", column)
    new = numbered_pages(job, column).periods
    found: set[tuple[Period, int]] = set()
    gone: set[str] = set()
    for period in old.keys() | new.keys():
        before, after = old.get(period, 0), new.get(period, 0)
        if before != after:
            gone |= {list_path(column, period, number) for number in range(after + 1, before + 1)}
            found |= {(period, number) for number in range(max(1, min(before, after)), after + 1)}
            found |= _first_after(new, period) | (set() if before and after else _last_before(new, period))
    return _by_path(numbered_key(column, *one) for one in found), gone


def _last_before(pages: Mapping[Period, int], period: Period) -> set[tuple[Period, int]]:
    found = max((one for one in pages if one < period), default=None)
    return set() if found is None else {(found, pages[found])}


def _first_after(pages: Mapping[Period, int], period: Period) -> set[tuple[Period, int]]:
    found = min((one for one in pages if one > period), default=None)
    return set() if found is None else {(found, 1)}


# ---- pages of items -------------------------------------------------------------------------------------------------


def _pages_of(job: Job, touch: Touch) -> Iterator[PageKey]:
    """The items' pages of the site that a touch leads to by their contract."""
    if touch.kind == "beside" and touch.site == job.site.key:
        place = (touch.site, touch.name, touch.date, touch.path)
        for neighbour in (*job.index.beside(*place, dated=True), *job.index.beside(*place, dated=False)):
            if neighbour is not None:
                yield article_key(neighbour.path, neighbour.url)
    for item in _items(job, touch):
        if item.site == job.site.key:
            yield article_key(item.path, item.url)


def _items(job: Job, touch: Touch) -> Iterator[IndexedItem]:
    index = job.index
    if touch.kind in ("item", "body"):
        yield from filter(None, [index.own(touch.path)])
    elif touch.kind == "refer":
        for item in index.named(touch.name):
            yield item
            yield from index.referring(item, "translation_of")
    elif touch.kind == "law":
        yield from index.versions(touch.name)


def _items_gone(job: Job) -> Iterator[str]:
    """The paths of items' pages whose item is not shown any more."""
    folder = f"content/{job.site.key}/"
    for touch in job.scope.touches:
        if touch.kind == "item" and touch.path.startswith(folder) and job.index.own(touch.path) is None:
            path = touch.path.removeprefix(folder).removesuffix(".md") + ".html"
            key = job.outputs.key(path)
            if key is not None and key.subject == touch.path:
                yield path
