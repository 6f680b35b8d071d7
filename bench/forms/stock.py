"""The made-up cluster as a project for stock Pelican 4.12: its own generators, a plain theme in `bench/peers/stock`.

A column is a tag, because Pelican's categories do not nest: an item has the tags of its column and all above it, so
the same list pages come out. Left out, so that Pelican does less: neighbours, JSON feed, `also`, topics, references
between items, list pages in the sitemap.
"""

from __future__ import annotations

import hashlib
import pprint
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.bodies import OUTSIDE
from bench.chrome import CLUSTER, SITE_ID, words_of
from bench.corpus import Corpus, Item
from bench.forms.folder import File
from bench.forms.pictures import picture_name, pictures
from bench.home import home_blocks
from bench.tree import ColumnShape, Place, SiteShape

PEER = Path(__file__).parent.parent / "peers" / "stock"
THEME = Path(__file__).parent.parent.parent / "themes" / "gov" / "static"
_FIXED = (
    ("search", "search"),
    ("notice", "notice"),
    ("404", "not_found"),
    ("410", "withdrawn"),
    ("sitemap", "sitemap"),
)
# With everything off that the pages do not need.
_FASTEST: Mapping[str, Any] = {
    "SITENAME": CLUSTER,
    "SITEURL": "http://bench.localhost:8080",
    "AUTHOR": CLUSTER,
    "PATH": "content",
    "OUTPUT_PATH": "output",
    "THEME": "theme",
    "TIMEZONE": "Asia/Shanghai",
    "DEFAULT_LANG": "zh",
    "PAGE_PATHS": ["pages"],
    "STATIC_PATHS": ["static"],
    "WITH_FUTURE_DATES": True,
    "DEFAULT_PAGINATION": 20,
    "PAGINATED_TEMPLATES": {"tag": 20},
    "SLUGIFY_SOURCE": "basename",
    "TAG_REGEX_SUBSTITUTIONS": [],
    "CATEGORY_REGEX_SUBSTITUTIONS": [],
    "ARTICLE_URL": "{category}/{date:%Y}/{slug}.html",
    "ARTICLE_SAVE_AS": "{category}/{date:%Y}/{slug}.html",
    "TAG_URL": "{slug}/",
    "TAG_SAVE_AS": "{slug}/index.html",
    "CATEGORY_SAVE_AS": "",
    "AUTHOR_SAVE_AS": "",
    "FEED_ALL_ATOM": "feed.xml",
    "TAG_FEED_ATOM": "{slug}/feed.xml",
    "CATEGORY_FEED_ATOM": None,
    "TRANSLATION_FEED_ATOM": None,
    "AUTHOR_FEED_ATOM": None,
    "AUTHOR_FEED_RSS": None,
    "FEED_MAX_ITEMS": 20,
    "RSS_FEED_SUMMARY_ONLY": True,
    "MARKDOWN": {
        "extension_configs": {"markdown.extensions.extra": {}, "markdown.extensions.meta": {}},
        "output_format": "html5",
    },
    "CACHE_CONTENT": False,
    "LOAD_CONTENT_CACHE": False,
}


class StockLinks:
    """Links that Pelican resolves itself, pictures below `static`."""

    def item(self, place: Place) -> str:
        """The other item's file."""
        return f"{{filename}}/{place.stem}.md"

    def picture(self, site: str, number: int) -> str:
        """The picture's address."""
        return f"/static/{site}/images/{picture_name(number)}"

    def outside(self, site: str, url: str) -> str:
        """The site's notice page for that address."""
        return f"/{site}/leave/{_leaving(url)}.html"


LINKS = StockLinks()


def stock_files(corpus: Corpus) -> Iterator[File]:
    """Every file of the project."""
    for file in sorted(path for path in PEER.rglob("*") if path.is_file()):
        yield file.relative_to(PEER).as_posix(), file.read_bytes()
    for file in sorted(THEME.iterdir()):
        yield f"theme/static/{file.name}", file.read_bytes()
    yield "pelicanconf.py", _settings(corpus)
    for site in corpus.sites:
        yield from _site_files(site)
    for item in corpus.items(LINKS):
        yield from item_files(item)


def item_files(item: Item) -> Iterator[File]:
    """The item's file and its attachment."""
    place = item.place
    fields = {
        "Title": item.title,
        "Date": place.date.replace("T", " "),
        "Category": f"{place.site}/{place.column}",
        "Tags": ", ".join(f"{place.site}/{path}" for path in _trail(place.column)),
        "Slug": place.slug,
        "Source": item.source,
        "Editor": item.editor,
        "Summary": item.summary,
        "Words": ",".join(item.keywords),
        "Updated": item.updated,
        "Image": LINKS.picture(place.site, item.image) if item.image is not None else "",
    }
    if item.attachment:
        file, folder = item.attachment, place.stem.rpartition("/")[0]
        fields |= {
            "Attachment": f"/static/{folder}/{file.name}",
            "Attachment_title": file.title,
            "Attachment_size": f"{len(file.data)}",
        }
        yield f"content/static/{folder}/{file.name}", file.data
    yield f"content/{place.stem}.md", _page(fields, item.body)


def _site_files(site: SiteShape) -> Iterator[File]:
    yield f"theme/static/site-{site.key}.css", f":root{{--main:{site.main};--accent:{site.accent};}}\n".encode()
    for template, include in (("home", "site_home.html"), ("map", "site_map.xml")):
        text = f'{{% set key = "{site.key}" %}}{{% include "{include}" %}}\n'
        yield f"theme/templates/{template}-{site.key}.html", text.encode()
    for name, data in pictures(site):
        yield f"content/static/{site.key}/images/{name}", data
    words = words_of(site)
    fixed = {name: words[title] for name, title in _FIXED} | {f"leave/{_leaving(url)}": url for url in OUTSIDE}
    for name, title in fixed.items():
        slug = f"{site.key}-{name.replace('/', '-')}"
        fields = {"Title": title, "Slug": slug, "Site": site.key, "Save_as": f"{site.key}/{name}.html"}
        yield f"content/pages/{slug}.md", _page(fields | {"URL": fields["Save_as"]}, f"{title}\n")


def _settings(corpus: Corpus) -> bytes:
    """`pelicanconf.py`."""
    keys = [site.key for site in corpus.sites]
    settings: dict[str, Any] = {
        **_FASTEST,
        "ARTICLE_PATHS": keys,
        "DIRECT_TEMPLATES": [f"{kind}-{key}" for key in keys for kind in ("home", "map")],
        "SITES": {site.key: _site_settings(site) for site in corpus.sites},
    }
    for key in keys:
        settings[f"HOME-{key.upper()}_SAVE_AS"] = f"{key}/index.html"
        settings[f"MAP-{key.upper()}_SAVE_AS"] = f"{key}/sitemap.xml"
    lines = [
        f"globals()[{name!r}] = {pprint.pformat(value, width=120, sort_dicts=False)}\n"
        for name, value in settings.items()
    ]
    return "".join(lines).encode()


def _site_settings(site: SiteShape) -> dict[str, Any]:
    return {
        "name": site.name,
        "short_name": site.short_name,
        "host": site.host,
        "url": f"{site.address}/",
        "language": site.language,
        "main": site.main,
        "organizer": site.organizer,
        "site_id": SITE_ID,
        "words": words_of(site),
        "tops": [{"path": column.path, "title": column.title} for column in site.children("")],
        "columns": {f"{site.key}/{one.path}": _column_settings(site, one) for one in site.columns if one.weight},
        "blocks": [
            {"kind": block.kind, "columns": [f"{site.key}/{path}" for path in block.columns], "count": block.count}
            for block in home_blocks(site)
        ],
        "outside": [{"title": url, "url": LINKS.outside(site.key, url)} for url in OUTSIDE],
    }


def _column_settings(site: SiteShape, column: ColumnShape) -> dict[str, Any]:
    side = site.children(column.path) or site.children(column.parent)
    return {
        "title": column.title,
        "description": column.description,
        "kind": column.kind,
        "trail": [f"{site.key}/{path}" for path in _trail(column.path)],
        "side": [f"{site.key}/{one.path}" for one in side],
    }


def _trail(column: str) -> list[str]:
    parts = column.split("/")
    return ["/".join(parts[: at + 1]) for at in range(len(parts))]


def _leaving(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def _page(fields: dict[str, str], body: str) -> bytes:
    head = "".join(f"{name}: {value}\n" for name, value in fields.items() if value)
    return f"{head}\n{body}".encode()
