"""Pelican's generator for us: plans the site in `generate_context`, renders it in `generate_output`.

Third-party plugins get Pelican's per-item signals: `content_object_init` and `article_generator_write_article` before
an item's page is rendered, `content_written` after; they may change the `ArticleView` they are given.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from markupsafe import Markup
from pelican import signals
from pelican.generators import Generator

from plugins.pages.files import write_files
from plugins.pages.fixed import leaving_keys, text_files
from plugins.pages.job import Findings, Job, empty_navigation
from plugins.pages.links import missing_help
from plugins.pages.markdown import BodyRenderer
from plugins.pages.page import Composed, PageKey
from plugins.pages.plan import compose_page, plan_pages
from plugins.pages.theme import Theme
from plugins.pages.views import SiteView
from plugins.pages.writer import PageWriter

Tagger = Callable[[SiteView, Composed], tuple[tuple[str, str], ...]]


def no_tags(_site: SiteView, _composed: Composed) -> tuple[tuple[str, str], ...]:
    """Page tags when no plugin gives some."""
    return ()


class PagesGenerator(Generator):  # type: ignore[misc]
    """Makes every page of the job's site. Plugins set `tagger` on Pelican's `generator_init` signal."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.tagger: Tagger = no_tags
        super().__init__(*args, **kwargs)
        self.job: Job = self.settings["ZHANQUN"]
        self.theme_of_site = Theme(self.job, self.env)
        self.renderers = functools.cache(self._renderer)
        self.keys: list[PageKey] = []

    def _renderer(self, template: str) -> BodyRenderer:
        label = self.theme_of_site.words.gettext("Table")
        return BodyRenderer(statute=template == "statute", table_label=label)

    def generate_context(self) -> None:
        """Plans the pages."""
        self.keys = plan_pages(self.job)
        self.job.findings.issues += [*empty_navigation(self.job), *missing_help(self.job)]

    def generate_output(self, writer: PageWriter) -> None:
        """Renders the pages, then what they turned out to need: leaving notices, files, assets."""
        findings = self.job.findings
        for key in self.keys:
            self._write_page(writer, findings, key)
        for key in leaving_keys(findings):
            self._write_page(writer, findings, key)
        for path, data in text_files(self.job):
            writer.put(path, data)
        for path, data in self.theme_of_site.assets():
            writer.put(path, data)
        write_files(self.job, findings)

    def _write_page(self, writer: PageWriter, findings: Findings, key: PageKey) -> None:
        composed = compose_page(self.job, findings, key, self.renderers)
        article = composed.context.get("article")
        if article is not None:
            signals.content_object_init.send(article)
            signals.article_generator_write_article.send(self, content=article)
            article.content = Markup(article.content)  # noqa: S704 - a plugin's text is HTML, as in plain Pelican
        tags = self.tagger(self.theme_of_site.site, composed)
        data = self.theme_of_site.render(composed, tags, {})
        writer.put(key.path, data)
        if article is not None:
            signals.content_written.send(key.path, context=composed.context)
