"""Pelican's generator for us: plans the site's files, makes them in chunks over all cores, and keeps what they are.

Third-party plugins get Pelican's per-item signals: `content_object_init` and `article_generator_write_article` before
an item's page is rendered, `content_written` after; they may change the `ArticleView` they are given. With several
processes the signals are sent in the process that makes the page.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from markupsafe import Markup
from pelican import signals
from pelican.generators import Generator

from cluster import manifest
from cluster.index import Made, PageKey
from cluster.limits import LIMITS
from cluster.pool import in_chunks, work_through
from cluster.source import Entry
from plugins.pages.changes import Plan, plan_changes, plan_everything
from plugins.pages.files import needed_file
from plugins.pages.fixed import leaving_key
from plugins.pages.job import Findings, Job, empty_navigation
from plugins.pages.links import missing_help
from plugins.pages.markdown import BodyRenderer
from plugins.pages.page import Composed
from plugins.pages.plan import Maker, Pages, compose_page
from plugins.pages.redirects import REDIRECTS, dump_redirects, redirect_table
from plugins.pages.sinks import is_text
from plugins.pages.theme import Theme
from plugins.pages.views import SiteView
from plugins.pages.writer import PageWriter

Tagger = Callable[[SiteView, Composed], tuple[tuple[str, str], ...]]
CHUNK = 250


class Copier(Protocol):
    """A plugin that makes a second page of some finished pages; what it makes follows from the page's bytes alone."""

    @property
    def kind(self) -> str:
        """The kind of its pages."""

    def path(self, job: Job, path: str) -> str:
        """The output path of the copy of the page at a path, empty when it has none."""

    def copy(self, job: Job, path: str, data: bytes) -> bytes:
        """The copy of a page."""


def no_tags(_site: SiteView, _composed: Composed) -> tuple[tuple[str, str], ...]:
    """Page tags when no plugin gives some."""
    return ()


class PagesGenerator(Generator):  # type: ignore[misc]
    """Makes every file of the job's site; plugins set `tagger`, add `makers` and `copiers` on `generator_init`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.tagger: Tagger = no_tags
        self.makers: list[Maker] = [Pages()]
        self.copiers: list[Copier] = []
        super().__init__(*args, **kwargs)
        self.job: Job = self.settings["ZHANQUN"]
        self.theme_of_site = Theme(self.job, self.env)
        self.plan = Plan((), ())

    def generate_context(self) -> None:
        """Plans the files: all of them where the chrome is other than the last time."""
        scope = self.job.scope
        if scope.everything or scope.frame != self.theme_of_site.frame:
            self.plan = plan_everything(self.job, self.makers)
        else:
            self.plan = plan_changes(self.job, self.makers)

    def generate_output(self, _writer: PageWriter) -> None:
        """Makes the planned files, then what they turned out to need: leaving notices, content files, redirects."""
        outputs = self.job.outputs
        outputs.remove([*self.plan.gone, *self._copies_gone()])
        bench = PageBench(self.job, self.theme_of_site, self.tagger, tuple(self.makers), tuple(self.copiers))
        self._keep(work_through(bench, in_chunks(self.plan.keys, CHUNK), self.job.pool))
        self._keep([bench.work(self._needed_notices())])
        for made in self._needed_files():
            outputs.keep(made)
        self._put_assets()
        outputs.keep(self._redirects())
        self.job.frame.append(self.theme_of_site.frame)

    def _copies_gone(self) -> Iterator[str]:
        """The copies of pages that go, and those that a page no longer has: only another recipe can change that."""
        for copier in self.copiers:
            yield from filter(None, (copier.path(self.job, path) for path in self.plan.gone))
            if self.job.scope.everything:
                known = self.job.outputs.keys(copier.kind)
                yield from (path for path, key in known.items() if copier.path(self.job, key.subject) != path)

    def _keep(self, results: Iterable[Chunk]) -> None:
        for result in results:
            self.job.outputs.keep(*result.made)
            self.job.index.keep_bodies(result.bodies)

    def _needed_notices(self) -> list[PageKey]:
        """The leaving notices to make; those that no page needs any more go."""
        keys = []
        for url in sorted(name for kind, name in self.job.outputs.loose if kind == "leave"):
            key = leaving_key(url)
            if self.job.outputs.needed("leave", url) is not None:
                keys.append(key)
            else:
                self.job.outputs.remove([key.path])
        return keys

    def _needed_files(self) -> Iterator[Made]:
        """The content files to place; those that no page uses any more go."""
        outputs = self.job.outputs
        for path in sorted(name for kind, name in outputs.loose if kind == "file"):
            value = outputs.needed("file", path)
            known = outputs.key(path)
            if value is None:
                outputs.remove([path])
            elif known is None or known.subject != value or (self.job.scope.everything and is_text(path)):
                yield needed_file(self.job, path, value)

    def _put_assets(self) -> None:
        """The theme's files, which change with the theme, the site's colours and the wish for siblings alone."""
        outputs = self.job.outputs
        assets = dict(self.theme_of_site.assets())
        known = outputs.keys("asset")
        outputs.remove([path for path in known if path not in assets])
        for path, data in assets.items():
            if path not in known or self.job.scope.everything:
                outputs.keep(Made(PageKey(path, "asset"), self.job.sink.put(path, data, outputs.entry(path))))

    def _redirects(self) -> Made:
        """The table of old addresses, which must know every other file, with the issues that are the site's own."""
        findings = Findings(issues=[*empty_navigation(self.job), *missing_help(self.job)])
        outputs = self.job.outputs
        table = redirect_table(self.job, findings, lambda path: outputs.entry(path) is not None)
        known = outputs.entry(REDIRECTS)
        entry = self.job.sink.put(REDIRECTS, dump_redirects(table.items()), known)
        return Made(PageKey(REDIRECTS, "redirects"), entry, findings=findings.notes())


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a chunk of keys became: the files, and rendered bodies worth keeping by blob and settings."""

    made: list[Made]
    bodies: dict[tuple[str, str], str]


@dataclass(frozen=True)
class PageBench:
    """Makes files in any process."""

    job: Job
    theme: Theme
    tagger: Tagger
    makers: tuple[Maker, ...]
    copiers: tuple[Copier, ...] = ()

    def opened(self) -> PageBench:
        """The same with an index and a source of its own."""
        index = self.job.index.reopened()
        outputs = index.site_outputs(self.job.site.key)
        fresh: dict[str, Any] = {"views": {}, "measures": {}, "texts": {}, "bodies": {}}
        job = replace(self.job, index=index, outputs=outputs, source=self.job.source.reopened(), **fresh)
        return replace(self, job=job)

    def work(self, keys: list[PageKey]) -> Chunk:
        """Makes some files."""
        if len(keys) == CHUNK and all(key.kind == "article" for key in keys) and self.job.scope.everything:
            self.job.index.gather(keys[0].subject, keys[-1].subject)
        self._read_texts(keys)
        known = self.job.outputs.known(*(key.path for key in keys))
        made = [one for key in keys for one in self._make(key, known.get(key.path))]
        bodies = dict(self.job.bodies)
        self.job.bodies.clear()
        self.job.texts.clear()
        return Chunk(made, bodies)

    def _read_texts(self, keys: list[PageKey]) -> None:
        """Reads the files of all items among the keys at once."""
        paths = [key.subject for key in keys if key.kind == "article"]
        entries = [Entry(path, blob) for path, blob in self.job.index.unkept(paths)]
        for entry, data, _ in self.job.source.read_many(entries, LIMITS.item_bytes):
            if data is not None:
                self.job.texts[entry.blob] = data

    def _make(self, key: PageKey, known: manifest.Entry | None) -> Iterator[Made]:
        """The file of a key, and the copies of a page."""
        findings = Findings()
        with self.job.index.reading() as reads:
            composed = self._compose(findings, key)
        data = composed if isinstance(composed, bytes) else self._render(key, composed)
        entry = self.job.sink.put(key.path, data, known)
        yield Made(key, entry, reads or None, findings.notes())
        if self.copiers and not isinstance(composed, bytes):
            yield from self._copies(key.path, data)

    def _copies(self, page: str, data: bytes) -> Iterator[Made]:
        for copier in self.copiers:
            path = copier.path(self.job, page)
            if path:
                copy = copier.copy(self.job, page, data)
                entry = self.job.sink.put(path, copy, self.job.outputs.known(path).get(path))
                yield Made(PageKey(path, copier.kind, page), entry)

    def _compose(self, findings: Findings, key: PageKey) -> Composed | bytes:
        maker = self._makers_by_kind.get(key.kind)
        if maker is not None:
            return maker.make(self.job, findings, key)
        return compose_page(self.job, findings, key, self._renderers)

    @functools.cached_property
    def _makers_by_kind(self) -> dict[str, Maker]:
        return {kind: maker for maker in self.makers for kind in maker.kinds}

    @functools.cached_property
    def _renderers(self) -> Callable[[str], BodyRenderer]:
        return functools.cache(self._renderer)

    def _renderer(self, template: str) -> BodyRenderer:
        return BodyRenderer(statute=template == "statute", table_label=self.theme.words.gettext("Table"))

    def _render(self, key: PageKey, composed: Composed) -> bytes:
        article = composed.context.get("article")
        if article is not None:
            signals.content_object_init.send(article)
            signals.article_generator_write_article.send(self, content=article)
            article.content = Markup(article.content)  # noqa: S704 - a plugin's text is HTML, as in plain Pelican
        data = self.theme.render(composed, self.tagger(self.theme.site, composed), {})
        if article is not None:
            signals.content_written.send(key.path, context=composed.context)
        return data
