"""The edits that are measured: new articles, changed ones, removed ones, each by a number that names it for good.

Pure: a corpus and a number give items and paths. Edits and removals are spread over all old articles and hit each once;
no column is left empty by a removal.
"""

from __future__ import annotations

from dataclasses import replace

from bench.bodies import Links
from bench.corpus import Corpus, Item
from bench.forms import content
from bench.tree import columns_for

Changes = dict[str, bytes | None]
HUNDRED = 100
_APART = 10**6  # the hundreds have numbers that no single article has
_STRIDE = 7919  # a prime, so that numbers lead to distinct articles


def added(corpus: Corpus, number: int, links: Links = content.LINKS) -> Item:
    """A new article of the last day."""
    return corpus.item(corpus.size + number, links)


def first_of_empty(corpus: Corpus, number: int, links: Links = content.LINKS) -> Item:
    """A new article in the column that has none."""
    fresh = corpus.size + number
    return corpus.item(fresh, links, corpus.place_in_empty_column(fresh))


def edited(corpus: Corpus, number: int, links: Links = content.LINKS) -> Item:
    """An old article with another title and one more paragraph."""
    item = corpus.item(_old(corpus, number), links)
    return replace(item, title=f"{item.title} {number}", body=f"{item.body}\n{item.title}。\n")


def removed(corpus: Corpus, number: int) -> str:
    """The path of an old article."""
    return f"content/{corpus.place(_old(corpus, number)).stem}.md"


def _old(corpus: Corpus, number: int) -> int:
    kept = columns_for(corpus.size)
    return kept + (number * _STRIDE) % (corpus.size - kept)


def changes_of(corpus: Corpus, kind: str, number: int) -> Changes:
    """The commit of an edit by its row's name: `added`, `edited`, `deleted`, `empty` or `hundred`."""
    if kind == "deleted":
        return {removed(corpus, number): None}
    if kind == "hundred":
        numbers = range(_APART + number * HUNDRED, _APART + (number + 1) * HUNDRED)
        return {path: data for one in numbers for path, data in content.item_files(added(corpus, one))}
    makers = {"added": added, "edited": edited, "empty": first_of_empty}
    return dict(content.item_files(makers[kind](corpus, number)))
