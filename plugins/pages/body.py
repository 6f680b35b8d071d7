"""A rendered body: HTML with marks where links and files stand, so that it can be kept whatever other items do.

`render_body` depends on the Markdown text and the settings alone and is cached by both; `fill` puts today's addresses
into the marks. The mark is a private-use character around a number, which sanitised content cannot hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from plugins.pages.views import TocEntry

MARK = "\ue000"
GONE = f"{MARK}gone{MARK}"
_ANCHOR = re.compile(rf'<a\b[^>]*?href="{MARK}(\d+){MARK}"[^>]*>(.*?)</a>', re.DOTALL)
_EMBEDDED = re.compile(
    rf'(<(?:img|video|audio)\b[^>]*?src=")({MARK}(\d+){MARK})("[^>]*>)((?:[^<{MARK}]*</(?:video|audio)>)?)'
)
_GONE = re.compile(rf"<figure[^>]*>\s*{GONE}.*?</figure>|{GONE}(?:[^<{MARK}]*</(?:video|audio)>)?", re.DOTALL)
_GONE_LINK = re.compile(rf"<a\b[^>]*>\s*({GONE})\s*</a>")
_EMPTY = re.compile(r'<div class="gallery">\s*</div>|<p>\s*</p>')


@dataclass(frozen=True, slots=True)
class Target:
    """What a link or picture points at, as written, with its line in the body (from 1)."""

    text: str
    line: int
    embedded: bool


@dataclass(frozen=True, slots=True)
class Body:
    """A body ready to be filled; `notes` are (issue code, line in the body, what) triples."""

    html: str
    toc: tuple[TocEntry, ...]
    targets: tuple[Target, ...]
    notes: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where a target leads today: an address and further attributes of the tag.

    For what is embedded, also HTML before the tag, `inside` a player, and after the element.
    """

    url: str
    attributes: str = ""
    before: str = ""
    inside: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the body something is embedded: early enough to be seen at once, or small, among others of a gallery.

    `tag` is the element that embeds it: img, video or audio.
    """

    tag: str = ""
    is_early: bool = False
    is_small: bool = False


# What a reader sees without scrolling ends about here, in characters of HTML.
_EARLY = 1200
_SMALL = 'class="larger"'


def fill(body: Body, resolve: Callable[[Target, Place], Resolved | None]) -> str:
    """The HTML with every target resolved: a dead link becomes plain text, a missing picture goes with its figure."""
    if not body.targets and MARK not in body.html:
        return body.html
    places = _places(body.html)
    found = [resolve(target, places.get(number, _ANYWHERE)) for number, target in enumerate(body.targets)]

    def anchor(match: re.Match[str]) -> str:
        resolved = found[int(match[1])]
        if resolved is None:
            return match[2]
        return match[0].replace(f'"{MARK}{match[1]}{MARK}"', f'"{_escape(resolved.url)}"{resolved.attributes}', 1)

    def embedded(match: re.Match[str]) -> str:
        resolved = found[int(match[3])]
        if resolved is None:
            return GONE
        head, tail = match[1], match[4]
        tag = f"{head}{_escape(resolved.url)}{tail[:1]}{resolved.attributes}{tail[1:]}"
        return f"{resolved.before}{tag}{resolved.inside}{match[5]}{resolved.after}"

    html = _ANCHOR.sub(anchor, _EMBEDDED.sub(embedded, body.html))
    return _EMPTY.sub("", _GONE.sub("", _GONE_LINK.sub(r"\1", html))) if MARK in html else html


_ANYWHERE = Place()


def _places(html: str) -> dict[int, Place]:
    """Where the embedded targets stand, by number; only the first of them can be early."""
    found: dict[int, Place] = {}
    for match in _EMBEDDED.finditer(html):
        is_small = html.find(_SMALL, max(0, match.start() - 60), match.start()) >= 0
        tag = match[1][1 : match[1].index(" ")]
        found[int(match[3])] = Place(tag, tag == "img" and not found and match.start() < _EARLY, is_small)
    return found


def _escape(url: str) -> str:
    return url.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


def dump_body(body: Body) -> str:
    """The body as JSON, for the cache."""
    toc = [(entry.id, entry.title, entry.level, entry.articles) for entry in body.toc]
    targets = [(target.text, target.line, target.embedded) for target in body.targets]
    return json.dumps((body.html, toc, targets, body.notes), ensure_ascii=False)


def parse_body(text: str) -> Body:
    """The body that `dump_body` wrote."""
    html, toc, targets, notes = json.loads(text)
    return Body(
        html=html,
        toc=tuple(TocEntry(id, title, level, tuple(map(tuple, articles))) for id, title, level, articles in toc),
        targets=tuple(Target(*row) for row in targets),
        notes=tuple(map(tuple, notes)),
    )
