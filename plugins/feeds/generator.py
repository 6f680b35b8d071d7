"""Pelican's generator that writes feeds and sitemaps of the job's site; it needs no Jinja environment of its own."""

from __future__ import annotations

from typing import Any

from plugins.feeds.feeds import feed_files
from plugins.feeds.sitemap import sitemap_files
from plugins.pages.job import Job
from plugins.pages.writer import PageWriter


class FeedsGenerator:
    """Writes the feeds after the pages."""

    def __init__(self, *, settings: dict[str, Any], **_: Any) -> None:
        self._job: Job = settings["ZHANQUN"]

    def generate_output(self, writer: PageWriter) -> None:
        """Hands every feed and sitemap to the writer."""
        for path, data in (*feed_files(self._job), *sitemap_files(self._job)):
            writer.put(path, data)
