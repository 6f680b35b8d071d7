"""The made-up cluster as a Hugo project with the pages of `themes/gov`; its templates lie in `bench/peers/hugo`.

The sites are the top-level sections of one project. `apart` gives the configuration of a project that is one site
alone: the same content and templates, with the site's folder as its content and its name in the addresses. Left out,
so that Hugo does less than this program: `also`, topics, references between items, list pages in the sitemap.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.bodies import OUTSIDE
from bench.chrome import CLUSTER, SITE_ID, words_of
from bench.corpus import Corpus, Item
from bench.forms.folder import File
from bench.forms.pictures import picture_name, pictures
from bench.home import home_blocks
from bench.tree import ColumnShape, Place, SiteShape

TEMPLATES = Path(__file__).parent.parent / "peers" / "hugo"
THEME = Path(__file__).parent.parent.parent / "themes" / "gov" / "static"
_FIXED = (("search", "search"), ("notice", "notice"), ("404", "not_found"), ("410", "withdrawn"))


class HugoLinks:
    """Links to `.md` files, which a render hook turns into the page's address; all else as it is written."""

    def item(self, place: Place) -> str:
        """The other item's file."""
        return f"/{place.stem}.md"

    def picture(self, site: str, number: int) -> str:
        """The picture below `static`."""
        return f"/{site}/images/{picture_name(number)}"

    def outside(self, site: str, url: str) -> str:
        """The site's notice page for that address."""
        return f"/{site}/leave/{_leaving(url)}.html"


LINKS = HugoLinks()


def hugo_files(corpus: Corpus) -> Iterator[File]:
    """Every file of the project."""
    for file in sorted(path for path in TEMPLATES.rglob("*") if path.is_file()):
        yield file.relative_to(TEMPLATES).as_posix(), file.read_bytes()
    yield "hugo.json", _dump(configuration(corpus))
    yield from assets()
    for site in corpus.sites:
        yield f"apart/{site.key}.json", _dump(apart(corpus, site))
        yield from _site_files(site)
    for item in corpus.items(LINKS):
        yield from item_files(item)


def configuration(corpus: Corpus) -> dict[str, Any]:
    """The configuration of the project for the whole cluster, with everything off that the pages do not need."""
    return {
        "baseURL": "http://bench.localhost:8080/",
        "title": CLUSTER,
        "buildFuture": True,
        "disableAliases": True,
        "disableHugoGeneratorInject": True,
        "disableKinds": ["home", "taxonomy", "term", "rss", "sitemap", "robotsTXT", "404"],
        "enableGitInfo": False,
        "timeZone": "Asia/Shanghai",
        "timeout": "900s",
        "uglyURLs": True,
        "outputs": {"home": ["html"], "section": ["html"], "page": ["html"]},
        "mediaTypes": {"application/atom+xml": {"suffixes": ["xml"]}},
        "outputFormats": {
            "atom": {"mediaType": "application/atom+xml", "baseName": "feed", "noUgly": True},
            "jsonfeed": {"mediaType": "application/json", "baseName": "feed", "isPlainText": True, "noUgly": True},
            "urlset": {"mediaType": "application/xml", "baseName": "sitemap", "noUgly": True},
        },
        "pagination": {"pagerSize": 20, "disableAliases": True},
        "markup": {
            "goldmark": {
                "extensions": {"typographer": {"disable": True}, "linkify": False},
                "parser": {"wrapStandAloneImageWithinParagraph": False},
            }
        },
        "params": {
            "apart": False,
            "sisters": [
                {"key": site.key, "url": f"{site.address}/", "title": site.short_name} for site in corpus.sites
            ],
        },
    }


def apart(corpus: Corpus, site: SiteShape) -> dict[str, Any]:
    """The configuration of a project that is this site alone."""
    whole = configuration(corpus)
    return whole | {
        "baseURL": f"{whole['baseURL']}{site.key}/",
        "contentDir": f"content/{site.key}",
        "disableKinds": [kind for kind in whole["disableKinds"] if kind != "home"],
        "staticDir": f"static/{site.key}",
        "params": whole["params"] | {"apart": True},
    }


def assets() -> Iterator[File]:
    """The theme's static files and each site's colours, which no page builder changes."""
    for file in sorted(THEME.iterdir()):
        yield f"static/assets/{file.name}", file.read_bytes()
    yield "static/_mode.css", b""


def item_files(item: Item) -> Iterator[File]:
    """The item's file and its attachment."""
    place = item.place
    fields: dict[str, Any] = {
        "id": item.id,
        "title": item.title,
        "date": f"{place.date}:00+08:00",
        "source": item.source,
        "editor": item.editor,
        "description": item.summary,
        "words": list(item.keywords),
        "updated": item.updated.replace("T", " "),
        "image": LINKS.picture(place.site, item.image) if item.image is not None else "",
    }
    if item.attachment:
        folder = place.stem.rpartition("/")[0]
        file = item.attachment
        fields["attachments"] = [{"title": file.title, "url": f"/{folder}/{file.name}", "size": len(file.data)}]
        yield f"static/{folder}/{file.name}", file.data
    yield f"content/{place.stem}.md", _page(fields, item.body)


def _site_files(site: SiteShape) -> Iterator[File]:
    yield f"content/{site.key}/_index.md", _page(_site_fields(site))
    yield f"static/assets/site-{site.key}.css", f":root{{--main:{site.main};--accent:{site.accent};}}\n".encode()
    yield f"static/{site.key}/robots.txt", b"User-agent: *\nAllow: /\n"
    for name, data in pictures(site):
        yield f"static/{site.key}/images/{name}", data
    words = words_of(site)
    fixed = {name: words[title] for name, title in _FIXED} | {f"leave/{_leaving(url)}": url for url in OUTSIDE}
    for name, title in fixed.items():
        yield f"content/{site.key}/{name}.md", _page(_fixed(title, "fixed"))
    yield f"content/{site.key}/sitemap.md", _page(_fixed(words["sitemap"], "tree"))
    yield f"content/{site.key}/leave/_index.md", _page({"build": {"list": "never", "render": "never"}})
    for number, column in enumerate(site.columns, 1):
        if column.weight:
            yield f"content/{site.key}/{column.path}/_index.md", _page(_column_fields(column, number))


def _site_fields(site: SiteShape) -> dict[str, Any]:
    return {
        "title": site.name,
        "description": site.name,
        "layout": "sitehome",
        "outputs": ["html", "atom", "jsonfeed", "urlset"],
        "key": site.key,
        "root": f"/{site.key}/",
        "host": site.host,
        "language": site.language,
        "main": site.main,
        "organizer": site.organizer,
        "site_id": SITE_ID,
        "words": words_of(site),
        "blocks": [
            {"kind": block.kind, "columns": list(block.columns), "count": block.count} for block in home_blocks(site)
        ],
        "outside": [{"title": url, "url": LINKS.outside(site.key, url)} for url in OUTSIDE],
    }


def _column_fields(column: ColumnShape, number: int) -> dict[str, Any]:
    fields = {"title": column.title, "description": column.description, "kind": column.kind, "weight": number}
    return fields if column.parent else fields | {"outputs": ["html", "atom"]}


def _fixed(title: str, layout: str) -> dict[str, Any]:
    return {"title": title, "layout": layout, "build": {"list": "never"}}


def _leaving(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def _page(fields: dict[str, Any], body: str = "") -> bytes:
    """A content file; of Hugo's three kinds of front matter, TOML is read fastest."""
    head = "".join(f"{name} = {_toml(value)}\n" for name, value in fields.items() if value)
    return f"+++\n{head}+++\n\n{body}".encode()


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {_toml(one)}' for name, one in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _dump(data: dict[str, Any]) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()
