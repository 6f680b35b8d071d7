"""The theme at work: hashed assets, the chrome rendered once, and a composed page turned into bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, Template
from markupsafe import Markup

from plugins.pages.frame import site_view
from plugins.pages.job import Job
from plugins.pages.language import catalogue, filters
from plugins.pages.page import Composed
from plugins.pages.skeleton import Skeletons, make_strict
from plugins.pages.templates import word_finder
from plugins.pages.views import SiteView


@dataclass(frozen=True, slots=True)
class Chrome:
    """Header and footer, the same on every page of a site."""

    header: Markup
    footer: Markup


def read_assets(theme: Path, site: SiteView) -> dict[str, bytes]:
    """Name → bytes of the theme's static files, and the site's own colours as `site-<key>.css`."""
    static = theme / "static"
    files = {
        path.relative_to(static).as_posix(): path.read_bytes() for path in sorted(static.rglob("*")) if path.is_file()
    }
    rules = "".join(f"--{name}:{value};" for name, value in site.colors.items())
    files[f"site-{site.key}.css"] = f":root{{{rules}}}\n".encode()
    return files


def hashed_name(name: str, data: bytes) -> str:
    """The published file name: flat, with ten digits of the content's hash."""
    stem, dot, suffix = name.replace("/", "-").rpartition(".")
    return f"{stem}.{hashlib.sha256(data).hexdigest()[:10]}{dot}{suffix}"


class Theme:
    """The theme of one site, ready to render; made once per Pelican run.

    `frame` is a hash of what every page of the site has around its own content.
    """

    def __init__(self, job: Job, env: Environment) -> None:
        self.site = site_view(job)
        self.words = catalogue(job.theme / "translations", job.site.language)
        self._assets = read_assets(job.theme, self.site)
        self._urls = {name: f"/assets/{hashed_name(name, data)}" for name, data in self._assets.items()}
        self._env = env
        self._language(job)
        make_strict(env)
        self._templates: dict[str, Template] = {}
        self._skeletons = Skeletons(env, self._run)
        self._chrome = self._render_chrome()
        self.frame = hashlib.sha256(repr((self.site, self._chrome, self._urls)).encode()).hexdigest()

    def _language(self, job: Job) -> None:
        self._env.add_extension("jinja2.ext.i18n")
        self._env.install_gettext_translations(self.words, newstyle=True)  # type: ignore[attr-defined]
        self._env.globals["_"] = word_finder(self.words)
        self._env.filters.update(filters(job.site.language))
        name = job.cluster.name["en" if job.site.language == "en" else "zh"]
        self._env.globals.update(site=self.site, cluster_name=name, asset=self.asset)

    def _render_chrome(self) -> Chrome:
        header, footer = (self._env.get_template(f"chrome/{part}.html").render() for part in ("header", "footer"))
        return Chrome(Markup(header), Markup(footer))  # noqa: S704 - rendered with autoescape on

    def asset(self, name: str) -> str:
        """The address of a static file.

        Raises:
            KeyError: the theme has no such file.
        """
        return self._urls[name]

    def assets(self) -> Iterator[tuple[str, bytes]]:
        """Output path and bytes of every static file."""
        return ((self._urls[name].lstrip("/"), data) for name, data in self._assets.items())

    def render(self, composed: Composed, tags: tuple[tuple[str, str], ...], extra: Mapping[str, Any]) -> bytes:
        """The page's bytes."""
        is_told = any(name.lower() == "description" for name, _ in tags)
        page = composed.page.tagged(tags, "" if is_told else composed.page.description)
        tagged = Composed(composed.template, page, composed.context)
        if "article" in composed.context and not extra:
            return self._skeletons.page(tagged)
        return self._run(tagged, extra).encode()

    def _run(self, composed: Composed, extra: Mapping[str, Any] = MappingProxyType({})) -> str:
        """A full run of the page's template."""
        template = self._template(composed.template)
        return template.render(**extra, **composed.context, page=composed.page, chrome=self._chrome)

    def _template(self, name: str) -> Template:
        if name not in self._templates:
            self._templates[name] = self._env.get_template(f"{name}.html")
        return self._templates[name]
