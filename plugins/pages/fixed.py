"""The pages every site has whatever it publishes: sitemap, search, notices, errors, and the small text files."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cluster.release import MODE, MODE_FILES
from plugins.pages.frame import home_name, make_page
from plugins.pages.job import Findings, Job
from plugins.pages.links import leaving_path
from plugins.pages.lists import column_view
from plugins.pages.page import Composed, PageKey
from plugins.pages.topics import topic_view
from plugins.pages.views import Link

# The colours alone differ.
_BUILT_ON = {"yellow.css": ("elder.css",)}
_KINDS = ("sitemap", "search", "notice", "404", "410")
_TRAILED = ("sitemap", "search", "notice", "leave")


def fixed_keys() -> list[PageKey]:
    """The fixed pages, without the leaving notices."""
    return [PageKey(f"{kind}.html", kind) for kind in _KINDS]


def leaving_key(url: str) -> PageKey:
    """The notice page for an external address that a page of the site links to."""
    return PageKey(leaving_path(url), "leave", url)


def compose_fixed(job: Job, findings: Findings, key: PageKey) -> Composed:
    """Any fixed page."""
    title = _titles(job)[key.kind]
    trail = [Link(home_name(job), "/"), Link(title, f"/{key.path}")] if key.kind in _TRAILED else []
    page = make_page(job, key.kind, key.path, title, trail=trail, noindex=key.kind != "sitemap")
    return Composed(key.kind, page, _context(job, findings, key))


def _titles(job: Job) -> dict[str, str]:
    words = job.words
    return {
        "sitemap": words.gettext("Site map"),
        "search": words.gettext("Search"),
        "notice": words.gettext("Notice"),
        "leave": words.gettext("Leaving this site"),
        "404": words.gettext("Page not found"),
        "410": words.gettext("Page withdrawn"),
    }


def _context(job: Job, findings: Findings, key: PageKey) -> dict[str, Any]:
    if key.kind == "leave":
        return {"target": key.subject, "host": urlsplit(key.subject).hostname or key.subject}
    if key.kind in ("sitemap", "search"):
        topics = [topic_view(job, findings, topic) for topic in job.site.topics.values()]
        return {"tree": _tree(job, ""), "topics": topics}
    return {}


def _tree(job: Job, path: str) -> list[tuple[Any, list[Any]]]:
    """The columns below `path` that have a page, each with its own subtree."""
    shown = (column for column in job.site.children(path) if job.is_shown(column))
    return [(column_view(job, column), _tree(job, column.path)) for column in shown]


def text_keys() -> list[PageKey]:
    """The sheets of the modes and the word to robots."""
    return [*(PageKey(name, "text") for name in MODE_FILES), PageKey("robots.txt", "text")]


def text_file(job: Job, key: PageKey) -> bytes:
    """The bytes of one of them."""
    if key.path == MODE:
        return b"/* The state of the cluster: empty in normal times. */\n"
    if key.path in MODE_FILES:
        return mode_sheet(job.theme, key.path)
    barred = "Disallow: /leave/\nDisallow: /_mode/\n"
    return f"User-agent: *\nAllow: /\n{barred}Sitemap: {job.address}/sitemap.xml\n".encode()


def mode_sheet(theme: Path, name: str) -> bytes:
    """The sheet of a mode, from the theme's `modes/`; empty where a theme has none, and the page stays as it is."""
    mode = name.removeprefix("_mode-")
    files = (theme / "modes" / part for part in (*_BUILT_ON.get(mode, ()), mode))
    return b"".join(file.read_bytes() for file in files if file.is_file())
