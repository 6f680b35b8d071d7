"""One page of every kind for every site of the house: what tools that look at all kinds of pages go through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cluster.site import TRADITIONAL
from tests.scenarios.house import House


@dataclass(frozen=True, slots=True, order=True)
class Sample:
    """A page of the manifest and what kind it is."""

    site: str
    kind: str
    path: str


# Kind → the manifest's paths of it, the site in front left out. The first that fits is taken, statutes the newest.
_KINDS = {
    "home": r"index\.html",
    "list": r".+/list-\d+(-\d+)?\.html",
    "page": r"help/[^/]+\.html",
    "service": r"services/.*[^/]+\.html",
    "leave": r"leave/[^/]+\.html",
    "topics": r"topics/index\.html",
    "topic": r"topics/[^/]+/index\.html",
    "sitemap": r"sitemap\.html",
    "search": r"search\.html",
    "notice": r"notice\.html",
    "404": r"404\.html",
    "410": r"410\.html",
    "traditional column": rf"{TRADITIONAL}/.+/index\.html",
    "traditional page": rf"{TRADITIONAL}/.+/[^/]+(?<!index)\.html",
}
_BY_MARKUP = {
    "gallery": '<div class="gallery"',
    "film": "<video",
    "sound": "<audio",
    "table": '<div class="table"',
    "attachments": 'class="attachments"',
    "translated": 'class="languages wrap"',
}


def sample_pages(house: House) -> list[Sample]:
    """The pages, by site and kind; a site has only some of the kinds."""
    return [page for site in house.cluster.sites for page in _of_site(house, site)]


def _of_site(house: House, site: str) -> Iterator[Sample]:
    inner = [path.partition("/")[2] for path in house.pages if path.startswith(f"{site}/")]
    for kind, pattern in _KINDS.items():
        found = next((path for path in inner if re.fullmatch(pattern, path)), None)
        if found is not None:
            yield Sample(site, kind, f"{site}/{found}")
    yield from _items(house, site, inner)


def _items(house: House, site: str, inner: list[str]) -> Iterator[Sample]:
    items = [path for path in inner if re.search(r"/20\d\d/(?!list-)[^/]+\.html", path) and TRADITIONAL not in path]
    statutes = sorted((path for path in items if path.startswith("fagui/")), key=lambda path: path.rpartition("/")[2])
    articles = [path for path in items if path not in statutes]
    article = next((path for path in articles if path.startswith("news/")), articles[0])
    yield Sample(site, "article", f"{site}/{article}")
    yield Sample(site, "column", f"{site}/{re.sub(r'20[0-9][0-9]/[^/]+$', 'index.html', article)}")
    if statutes:
        yield Sample(site, "statute", f"{site}/{statutes[-1]}")
    texts = {path: house.file(f"{site}/{path}").read_text("utf-8") for path in articles}
    for kind, mark in _BY_MARKUP.items():
        found = next((path for path, text in texts.items() if mark in text), None)
        if found is not None:
            yield Sample(site, kind, f"{site}/{found}")
