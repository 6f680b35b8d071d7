"""The plan of a site: which pages it has, and how each kind is composed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from cluster.index import PageKey
from plugins.pages.articles import Renderers, article_key, compose_article
from plugins.pages.fixed import compose_fixed, fixed_keys, text_file, text_keys
from plugins.pages.home import compose_home
from plugins.pages.job import Findings, Job
from plugins.pages.lists import column_key, compose_column, compose_list, numbered_keys
from plugins.pages.page import Composed
from plugins.pages.topics import compose_topic, compose_topics, topic_keys

Composer = Callable[[Job, Findings, PageKey], Composed]


class Maker(Protocol):
    """A plugin that makes files of its own kinds; `kinds` are those it can count without looking at every item."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds."""

    def keys(self, job: Job) -> Iterable[PageKey]:
        """Every file of these kinds that the site has."""

    def make(self, job: Job, findings: Findings, key: PageKey) -> Composed | bytes:
        """One file: bytes, or what a template needs."""


class Pages:
    """The site's own pages but items and numbered lists, and its small text files."""

    kinds: tuple[str, ...] = ("home", "sitemap", "search", "notice", "404", "410", "topics", "topic", "column", "text")

    def keys(self, job: Job) -> Iterator[PageKey]:
        """All of them."""
        yield PageKey("index.html", "home")
        yield from fixed_keys()
        yield from topic_keys(job)
        yield from (column_key(column) for column in job.shown_columns())
        yield from text_keys()

    def make(self, job: Job, findings: Findings, key: PageKey) -> Composed | bytes:
        """One of them."""
        return text_file(job, key) if key.kind == "text" else compose_page(job, findings, key)


def plan_pages(job: Job) -> Iterator[PageKey]:
    """Every page of the site but the leaving notices, which follow from what the others link to."""
    yield from (key for key in Pages().keys(job) if key.kind != "text")
    yield from list_keys(job)
    yield from article_keys(job)


def list_keys(job: Job) -> Iterator[PageKey]:
    """The numbered pages of all columns."""
    for column in job.site.columns:
        yield from numbered_keys(job, column)


def article_keys(job: Job) -> Iterator[PageKey]:
    """The pages of all items."""
    return (article_key(path, url) for path, url in job.index.own_pages(job.site.key))


def compose_page(job: Job, findings: Findings, key: PageKey, renderers: Renderers | None = None) -> Composed:
    """The page of a key, with all that its template needs; an item's needs `renderers` for its body."""
    if renderers is not None and key.kind == "article":
        return compose_article(job, findings, key, renderers)
    return _COMPOSERS.get(key.kind, compose_fixed)(job, findings, key)


_COMPOSERS: Mapping[str, Composer] = {
    "home": compose_home,
    "column": compose_column,
    "list": compose_list,
    "topic": compose_topic,
    "topics": compose_topics,
}
