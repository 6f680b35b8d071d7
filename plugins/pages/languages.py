"""Where a page is to be had in another language: the same item, the same page in traditional characters, else the
column that holds the like. Never a dead link: a column is named only while it holds something.

An item's page and a numbered list follow the column as part of the site's frame (`site_counterparts`), so that no
column of another site stands in the reads of thousands of pages; a column's own page follows it by its reads.
"""

from __future__ import annotations

from collections.abc import Iterator

from cluster.site import Column
from plugins.bilingual.addresses import CODE, in_traditional
from plugins.pages.job import Job
from plugins.pages.views import LanguageLink

# Each language in its own words.
NAMES = {"zh-Hans": "简体中文", CODE: "繁體中文", "en": "English"}

Alternates = tuple[tuple[str, str], ...]


def own_alternates(job: Job, url: str) -> Alternates:
    """(language, absolute address) of a page that there is in traditional characters too; empty for any other."""
    traditional = in_traditional(job.site, url)
    if not traditional:
        return ()
    own = job.address + url
    return ((job.site.language, own), (CODE, job.address + traditional), ("x-default", own))


def language_links(job: Job, alternates: Alternates) -> tuple[LanguageLink, ...]:
    """The links to the others of a page's alternates; on the same host they are paths."""
    return tuple(
        LanguageLink(language, NAMES[language], address.removeprefix(job.address))
        for language, address in alternates
        if language in NAMES and language != job.site.language
    )


def fixed_counterpart(job: Job, column: str, known: tuple[LanguageLink, ...] = ()) -> LanguageLink | None:
    """The column to go to from a page that is not among the `known` in another language."""
    if any(link.language != CODE for link in known):
        return None
    counterparts: dict[str, LanguageLink] | None = job.views.get("counterparts")
    if counterparts is None:
        counterparts = job.views["counterparts"] = site_counterparts(job)
    return counterparts.get(column)


def site_counterparts(job: Job) -> dict[str, LanguageLink]:
    """For each column of the site that has one, the column to go to in another language."""
    if not _paired(job):
        return {}
    found = {path: column_counterpart(job, path, noted=False) for path in job.site.columns}
    return {path: link for path, link in found.items() if link is not None}


def column_counterpart(job: Job, column: str, *, noted: bool = True) -> LanguageLink | None:
    """The column in another language that holds the like of a column, else of the nearest above it."""
    if not _paired(job):
        return None
    for one in reversed(job.site.ancestors(column)):
        for key, path in _paired(job).get(one.path, ()):
            if job.index.is_filled(key, path, noted=noted):
                site = job.cluster.sites[key]
                return LanguageLink(
                    site.language, site.columns[path].title, job.cluster.address(site) + site.columns[path].url
                )
    return None


def _paired(job: Job) -> dict[str, list[tuple[str, str]]]:
    """Column → (site, column) pairs in other languages, the column's own choice first, from the configuration."""
    known: dict[str, list[tuple[str, str]]] | None = job.views.get("paired")
    if known is None:
        known = job.views["paired"] = {}
        for column, place in [*_chosen(job), *_choosing(job)]:
            known.setdefault(column, []).append(place)
    return known


def _chosen(job: Job) -> Iterator[tuple[str, tuple[str, str]]]:
    """The site's columns that name a counterpart."""
    for column in job.site.columns.values():
        if column.counterpart:
            yield column.path, _place(column)


def _choosing(job: Job) -> Iterator[tuple[str, tuple[str, str]]]:
    """The site's columns that are named as one, by which."""
    for site in job.cluster.sites.values():
        for column in site.columns.values():
            key, path = _place(column)
            if key == job.site.key:
                yield path, (site.key, column.path)


def _place(column: Column) -> tuple[str, str]:
    key, _, path = column.counterpart.partition(":")
    return key, path
