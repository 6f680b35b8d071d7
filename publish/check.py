"""All issues of a state of the content, without rendering or storing a page."""

from __future__ import annotations

import functools
from pathlib import Path

from cluster.index import Index
from cluster.issues import Issue
from cluster.source import Source
from plugins.pages.job import Job, empty_navigation
from plugins.pages.links import missing_help
from plugins.pages.markdown import BodyRenderer
from plugins.pages.plan import compose_page, plan_pages
from plugins.pages.redirects import redirect_table
from publish.build import Rooms, make_job, read_cluster


class NoSink:
    """Takes output and forgets it."""

    def begin(self, folder: Path) -> None:
        """No folder is needed."""

    def put(self, path: str, data: bytes) -> None:
        """Forgets one file."""

    def put_file(self, path: str, file: Path) -> None:
        """Forgets one large file."""

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
        index.update(source, cluster)
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

    for key in plan_pages(job):
        compose_page(job, job.findings, key, renderers)
    redirect_table(job, job.findings)
    return [*job.findings.issues, *empty_navigation(job), *missing_help(job)]
