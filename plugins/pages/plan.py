"""The plan of a site: which pages it has, and how each kind is composed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from plugins.pages.articles import Renderers, article_key, compose_article
from plugins.pages.fixed import compose_fixed, fixed_keys
from plugins.pages.home import compose_home
from plugins.pages.job import Findings, Job
from plugins.pages.lists import column_keys, compose_column, compose_list
from plugins.pages.page import Composed, PageKey
from plugins.pages.topics import compose_topic, compose_topics, topic_keys

Composer = Callable[[Job, Findings, PageKey], Composed]


def plan_pages(job: Job) -> list[PageKey]:
    """Every page of the site but the leaving notices, which follow from what the others link to."""
    keys = [PageKey("index.html", "home"), *fixed_keys(), *topic_keys(job)]
    for column in job.shown_columns():
        keys += column_keys(job, column)
    keys += [article_key(item) for item in job.index.items(job.site.key, job.now)]
    return keys


def compose_page(job: Job, findings: Findings, key: PageKey, renderers: Renderers) -> Composed:
    """The page of a key, with all that its template needs."""
    if key.kind == "article":
        return compose_article(job, findings, key, renderers)
    return _COMPOSERS.get(key.kind, compose_fixed)(job, findings, key)


_COMPOSERS: Mapping[str, Composer] = {
    "home": compose_home,
    "column": compose_column,
    "list": compose_list,
    "topic": compose_topic,
    "topics": compose_topics,
}
