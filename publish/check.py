"""All issues of a state of the content, without rendering or storing a page."""

from __future__ import annotations

import functools
from pathlib import Path

from cluster.index import Index
from cluster.issues import Issue
from cluster.manifest import Entry
from cluster.source import Source
from plugins.pages.job import Findings, Job, empty_navigation
from plugins.pages.links import missing_help, page_exists
from plugins.pages.markdown import BodyRenderer
from plugins.pages.plan import compose_page, plan_pages
from plugins.pages.redirects import redirect_table
from publish.build import Rooms, make_job, read_cluster


class NoSink:
    """Takes output and forgets it."""

    def begin(self, folder: Path) -> None:
        """No folder is needed."""

    def put(self, path: str, data: bytes, known: Entry | None) -> Entry:
        """Forgets one file."""
        return Entry("", None, len(data))

    def put_file(self, path: str, file: Path) -> Entry:
        """Forgets one large file."""
        return Entry("", None, 0)

    def finish(self) -> None:
        """Nothing to do."""


def find_issues(source: Source, rooms: Rooms, now: str) -> tuple[Issue, ...]:
    """Every issue of the items and of the pages made of them, sorted by place.

    Raises:
        MisconfiguredError: the configuration has mistakes; they are in the error.
    """
    cluster = read_cluster(source, theme=rooms.theme)
    index = Index(None)
    try:
        index.update(source, cluster, now)
        found = set(index.issues(now))
        for site in cluster.sites.values():
            job = make_job(source, cluster, site, index, rooms, now, NoSink())
            found |= set(_site_issues(job))
        return tuple(sorted(found))
    finally:
        index.close()


def _site_issues(job: Job) -> list[Issue]:
    @functools.cache
    def renderers(template: str) -> BodyRenderer:
        return BodyRenderer(statute=template == "statute", table_label="")

    findings, there = Findings(), set()
    for key in plan_pages(job):
        compose_page(job, findings, key, renderers)
        there.add(key.path)
    there |= findings.files.keys()
    redirect_table(job, findings, lambda path: path in there or page_exists(job, f"/{path}"))
    return [*findings.issues, *empty_navigation(job), *missing_help(job)]
