"""Markdown → `Body`: Python-Markdown with our extensions, sanitised, with links and files marked.

One `BodyRenderer` serves many bodies; it is reset between them, so a body never depends on the one before.
"""

from __future__ import annotations

import html
import re
import unicodedata
import xml.etree.ElementTree as ET
from typing import Any

import markdown
from markdown.extensions.tables import TableExtension
from markdown.extensions.toc import TocExtension
from markdown.treeprocessors import Treeprocessor

from plugins.pages.body import MARK, Body, Target
from plugins.pages.sanitize import clean, violations
from plugins.pages.statute import StatuteExtension
from plugins.pages.views import TocEntry

# Raised by hand whenever the same Markdown gives other HTML than before.
RENDERER_VERSION = "1"
_EXTENSIONS = ("attr_list", "footnotes", "def_list", "abbr", "sane_lists")
_VIDEO, _AUDIO = (".mp4", ".webm"), (".mp3",)
_ADDRESS = re.compile(r'(<(?P<tag>[a-z0-9]+)\b[^<>]*?\s(?:href|src|poster)=")(?P<url>[^"]*)"')
_TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)


class BodyRenderer:
    """Renders bodies of one language; `statute` gives every article its anchor; `table_label` names table regions."""

    def __init__(self, *, statute: bool, table_label: str) -> None:
        self._table_label = html.escape(table_label)
        extensions: list[Any] = [*_EXTENSIONS, TableExtension(use_align_attribute=True)]
        extensions += [TocExtension(slugify=_heading_id, toc_depth="2-4"), _Shaping()]
        if statute:
            extensions.append(StatuteExtension())
        self._markdown: Any = markdown.Markdown(extensions=extensions, output_format="html")
        self._statute = statute
        self.settings = f"{RENDERER_VERSION} {markdown.__version__} {statute} {table_label}"

    def render(self, text: str) -> Body:
        """The body of one item."""
        self._markdown.reset()
        text = text.replace(MARK, "")
        raw = self._markdown.convert(text)
        notes = self._notes(text, raw)
        targets: list[Target] = []
        marked = _ADDRESS.sub(lambda match: _mark(match, text, targets), clean(raw))
        marked = _TABLE.sub(self._wrap_table, marked)
        toc = self._markdown.statute_toc if self._statute else _toc(self._markdown.toc_tokens)
        return Body(marked, tuple(toc), tuple(targets), tuple(notes))

    def _notes(self, text: str, raw: str) -> list[tuple[str, int, str]]:
        notes = []
        if "<" in text or "{" in text or ":" in text:
            notes = [("html-removed", _line_of(text, what), what) for what in violations(raw)]
        for tag in self._markdown.headings_lowered:
            notes.append(("heading-first", _line_of(text, "# "), tag))
        return notes

    def _wrap_table(self, match: re.Match[str]) -> str:
        table = match[0]
        return f'<div class="table" role="region" tabindex="0" aria-label="{self._table_label}">{table}</div>'


def _mark(match: re.Match[str], text: str, targets: list[Target]) -> str:
    url = html.unescape(match["url"])
    if url.startswith("#"):
        return match[0]
    targets.append(Target(url, _line_of(text, url), embedded=match["tag"] != "a"))
    return f'{match[1]}{MARK}{len(targets) - 1}{MARK}"'


def _line_of(text: str, what: str) -> int:
    """The line on which `what` first stands, else the first line."""
    position = text.lower().find(what.lower().rstrip(">"))
    return text.count("\n", 0, position) + 1 if position >= 0 else 1


def _heading_id(title: str, separator: str) -> str:
    """A heading's anchor; the prefix keeps it apart from the theme's and the statutes' own."""
    words = re.sub(r"[^\w\s-]", "", unicodedata.normalize("NFKC", title)).strip().lower()
    return "s-" + re.sub(r"[\s_-]+", separator, words) if words else "s"


def _toc(tokens: list[dict[str, Any]]) -> list[TocEntry]:
    entries = []
    for token in tokens:
        entries.append(TocEntry(token["id"], html.unescape(token["name"]), int(token["level"])))
        entries += _toc(token["children"])
    return entries


# ---- shaping the tree -----------------------------------------------------------------------------------------------


class _Shaping(markdown.Extension):
    """Registers `_Shaper` before ids are given, and keeps what it lowered on the Markdown instance."""

    def extendMarkdown(self, md: Any) -> None:
        md.registerExtension(self)
        self._md = md
        self.reset()
        md.treeprocessors.register(_Shaper(md), "zhanqun-shape", 6)

    def reset(self) -> None:
        self._md.headings_lowered = []


class _Shaper(Treeprocessor):
    """First-level headings become second-level, alignment becomes classes, lone pictures become figures."""

    def run(self, root: ET.Element) -> None:
        for element in root.iter():
            if element.tag == "h1":
                element.tag = "h2"
                self.md.headings_lowered.append("h1")  # type: ignore[attr-defined]
            align = element.attrib.pop("align", None)
            if align:
                element.set("class", f"align-{align}")
            if element.tag == "img" and not element.get("alt"):
                element.set("alt", "")
        for parent in [root, *root.iter("blockquote"), *root.iter("li"), *root.iter("div")]:
            for child in list(parent):
                if child.tag == "p" and _holds_only_pictures(child):
                    _to_figures(child)


def _holds_only_pictures(paragraph: ET.Element) -> bool:
    texts = [paragraph.text, *(child.tail for child in paragraph)]
    return (
        len(paragraph) > 0
        and all(c.tag == "img" for c in paragraph)
        and not any(t and t.strip() for t in texts)
    )


def _to_figures(paragraph: ET.Element) -> None:
    pictures = list(paragraph)
    figures = [_figure(picture) for picture in pictures]
    tail = paragraph.tail
    attributes = {name: value for name, value in paragraph.attrib.items() if name != "class"}
    paragraph.clear()
    paragraph.tail = tail
    paragraph.attrib.update(attributes)
    if len(figures) == 1:
        paragraph.tag = "figure"
        paragraph.set("class", figures[0].get("class", ""))
        paragraph.extend(list(figures[0]))
    else:
        paragraph.tag = "div"
        paragraph.set("class", "gallery")
        paragraph.extend(figures)


def _figure(picture: ET.Element) -> ET.Element:
    source, words = picture.get("src", ""), picture.get("alt", "")
    name = source.lower().split("?")[0]
    media = "video" if name.endswith(_VIDEO) else "audio" if name.endswith(_AUDIO) else ""
    figure = ET.Element("figure", {"class": "media" if media else "picture"})
    if media:
        player = ET.SubElement(figure, media, {"src": source, "controls": "controls", "preload": "metadata"})
        player.text = ""
    else:
        caption = picture.attrib.pop("title", "")
        picture.tail = None
        figure.append(picture)
        words = caption
    if words:
        ET.SubElement(figure, "figcaption").text = words
    return figure
