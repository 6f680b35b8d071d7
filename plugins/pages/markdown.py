"""Markdown → `Body`: Python-Markdown with our extensions, sanitised, with links and files marked.

One `BodyRenderer` serves many bodies; it is reset between them, so a body never depends on the one before. What a body
of plain paragraphs does not need is passed over (`plugins.pages.plain`); not a byte depends on that.
"""

from __future__ import annotations

import functools
import hashlib
import html
import itertools
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import markdown
from markdown.extensions.tables import TableExtension
from markdown.extensions.toc import TocExtension
from markdown.treeprocessors import Treeprocessor

from plugins.pages.anchors import settle_ids, with_alt
from plugins.pages.body import GONE, MARK, Body, Target
from plugins.pages.effort import TooHardError, check_effort, meter_links
from plugins.pages.plain import is_plain, paragraphs, skip_plain
from plugins.pages.sanitize import clean, has_odd_address, violations
from plugins.pages.simple import convert_simple
from plugins.pages.statute import StatuteExtension
from plugins.pages.views import TocEntry

_EXTENSIONS = ("attr_list", "footnotes", "def_list", "abbr", "sane_lists")
_DEPTH = 4  # of the table of contents
_VIDEO, _AUDIO = (".mp4", ".webm"), (".mp3",)
_ADDRESS = re.compile(r'(<(?P<tag>[a-z0-9]+)\b[^<>]*?\s(?:href|src)=")(?P<url>[^"]*)"')
# The mark itself, and control characters, which HTML forbids (HTML Standard, "Text").
_UNPRINTABLE = re.compile(rf"[{MARK}\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TABLE = re.compile(r"<table\b|</table>")
# A picture whose address was taken out, for `body.fill` to drop with its figure.
_SOURCELESS = re.compile(r"<img\b(?![^>]*\ssrc=)[^>]*>")
_FIRST_LEVEL = re.compile(r"[ >]{0,9}(?:[-*+]|\d+\.)? {0,3}#(?!#)")
_UNDERLINE = re.compile(r"[ >]{0,9}=+ *")


class BodyRenderer:
    """Renders bodies of one language; `statute` gives every article its anchor; `table_label` names table regions.

    Without `quick` every body takes the whole way; the result is the same (a test compares the two).
    """

    def __init__(self, *, statute: bool, table_label: str, quick: bool = True) -> None:
        self._table_label = html.escape(table_label)
        self._statute = statute
        self._quick = quick
        self._was_simple = False
        self._markdown = self._new_reader()
        self.settings = f"{_program()} {markdown.__version__} {version('nh3')} {statute} {table_label}"

    def _new_reader(self) -> Any:
        extensions: list[Any] = [*_EXTENSIONS, TableExtension(use_align_attribute=True)]
        extensions += [TocExtension(slugify=_heading_id, toc_depth=f"2-{_DEPTH}"), _Shaping()]
        if self._statute:
            extensions.append(StatuteExtension())
        reader: Any = markdown.Markdown(extensions=extensions, output_format="html")
        meter_links(reader)
        if self._quick:
            skip_plain(reader)
        return reader

    def plain(self, text: str) -> Body | None:
        """The body of a text that is nothing but plain paragraphs, which costs less to render than to keep."""
        if self._quick and not self._statute and is_plain(text):
            return Body(paragraphs(text), (), (), ())
        return None

    def render(self, text: str) -> Body:
        """The body of one item; an empty one with a note when the text is nested too deep or too hard to read."""
        if (plain := self.plain(text)) is not None:
            return plain
        text = _UNPRINTABLE.sub("", text)
        try:
            check_effort(text)
            return self._render(text)
        except RecursionError:
            return self._refused("body-too-deep")
        except TooHardError:
            return self._refused("body-too-hard")

    def _refused(self, code: str) -> Body:
        self._markdown = self._new_reader()  # the old one stopped half-way and holds what it had read
        return Body("", (), (), ((code, 1, ""),))

    def _render(self, text: str) -> Body:
        raw, toc = self._converted(text)
        if self._is_our_own(raw):
            return Body(self._wrap_tables(raw), tuple(toc), (), ())
        notes = self._notes(text, raw)
        lowered = text.lower()
        line_of = functools.cache(functools.partial(_line_of, lowered))
        targets: list[Target] = []
        safe, wordless = with_alt(clean(raw).replace(MARK, ""))
        notes += [("alt-missing", line_of(source), source) for source in wordless]
        safe, renamed = settle_ids(_SOURCELESS.sub(GONE, safe))
        marked = _ADDRESS.sub(lambda match: _mark(match, line_of, targets), safe)
        marked = self._wrap_tables(marked)
        settled = tuple(replace(entry, id=renamed.get(entry.id, entry.id)) for entry in toc)
        return Body(marked, settled, tuple(targets), tuple(notes))

    def _converted(self, text: str) -> tuple[str, list[TocEntry]]:
        """The HTML before it is sanitised, and the table of contents."""
        self._markdown.reset()
        simple = convert_simple(text, _heading_id) if self._quick and not self._statute else None
        self._was_simple = simple is not None
        if simple is not None:
            return simple.html, [TocEntry(id, title, level) for level, id, title in simple.headings if level <= _DEPTH]
        raw = self._markdown.convert(text)
        return raw, self._markdown.statute_toc if self._statute else _toc(self._markdown.toc_tokens)

    def _is_our_own(self, raw: str) -> bool:
        """Whether a simple document's HTML has nothing from outside but plain words, so nothing to sanitise."""
        return self._was_simple and "<a " not in raw and "<img " not in raw

    def _notes(self, text: str, raw: str) -> list[tuple[str, int, str]]:
        notes = []
        if self._may_violate(text, raw):
            notes = [("html-removed", _line_of_removed(text, what), what) for what in violations(raw)]
        if lowered := self._markdown.headings_lowered:
            lines = itertools.chain(_first_level_lines(text), itertools.repeat(1))
            notes += [("heading-first", line, "h1") for line in itertools.islice(lines, lowered)]
        for source in self._markdown.pictures_without_words:
            notes.append(("alt-missing", _line_of(text.lower(), source), source))
        return notes

    def _may_violate(self, text: str, raw: str) -> bool:
        """Whether `clean` could take something out: without tags and attributes of its own, a text only has links."""
        return "<" in text or "{" in text or (":" in text and (not self._quick or has_odd_address(raw)))

    def _wrap_tables(self, text: str) -> str:
        """Puts every outermost table into its own region."""
        region = f'<div class="table" role="region" tabindex="0" aria-label="{self._table_label}">'
        depth = 0

        def wrap(match: re.Match[str]) -> str:
            nonlocal depth
            opens = match[0] != "</table>"
            depth += 1 if opens else -1
            if opens:
                return f"{region}{match[0]}" if depth == 1 else match[0]
            return match[0] if depth else f"{match[0]}</div>"

        return _TABLE.sub(wrap, text)


@functools.cache
def _program() -> str:
    """A hash of what turns text into a body, so that a kept body never outlives the program that made it."""
    sources = ("simple", "anchors", "body", "effort", "markdown", "plain", "sanitize", "statute")
    data = b"".join(files("plugins.pages").joinpath(f"{name}.py").read_bytes() for name in sources)
    limits = files("cluster").joinpath("limits.py").read_bytes()
    return hashlib.sha256(data + limits).hexdigest()


def _mark(match: re.Match[str], line_of: Callable[[str], int], targets: list[Target]) -> str:
    url = html.unescape(match["url"])
    if url.startswith("#"):
        return match[0]
    targets.append(Target(url, line_of(url), embedded=match["tag"] != "a"))
    return f'{match[1]}{MARK}{len(targets) - 1}{MARK}"'


def _line_of(text: str, what: str) -> int:
    """The line of a text in small letters where an address first stands as a whole, else is part of, else the first."""
    what = what.lower().removeprefix("mailto:")
    first = position = text.find(what)
    while position >= 0 and (_joins(text[position - 1 : position]) or _joins(text[position + len(what) :][:1])):
        position = text.find(what, position + 1)
    return text.count("\n", 0, max(first, position, 0)) + 1


def _joins(mark: str) -> bool:
    return mark.isalnum() or (mark != "" and mark in "/.-_%")


def _line_of_removed(text: str, what: str) -> int:
    """The line on which something that was taken out stands: a tag, an attribute, a scheme or an address."""
    name = re.escape(what.strip("<>"))
    if what.startswith("<"):
        pattern = rf"<\s*{name}(?![\w-])"
    elif what.endswith(":"):
        pattern = name
    else:
        pattern = rf"(?<![\w-]){name}\s*=|{name}$"
    sought = re.compile(pattern, re.IGNORECASE)
    lines = text.split("\n")
    found = (number for number, line in enumerate(lines, 1) if sought.search(html.unescape(line)))
    return next(found, 1)


def _first_level_lines(text: str) -> list[int]:
    """The lines that look like first-level headings, `# …` or underlined with `=`."""
    lines = text.split("\n")
    hashed = {number for number, line in enumerate(lines, 1) if _FIRST_LEVEL.match(line)}
    underlined = {
        number for number, line in enumerate(lines[1:], 1) if _UNDERLINE.fullmatch(line) and lines[number - 1]
    }
    return sorted(hashed | underlined)


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
        self._md.headings_lowered = 0
        self._md.pictures_without_words = []


class _Shaper(Treeprocessor):
    """First-level headings become second-level, alignment becomes classes, lone pictures become figures."""

    def run(self, root: ET.Element) -> None:
        for element in root.iter():
            if element.tag == "h1":
                element.tag = "h2"
                self.md.headings_lowered += 1  # type: ignore[attr-defined]
            align = element.attrib.pop("align", None)
            if align:
                element.set("class", f"{element.get('class', '')} align-{align}".strip())
            if element.tag == "img" and not element.get("alt"):
                element.set("alt", "")
                self.md.pictures_without_words.append(element.get("src", ""))  # type: ignore[attr-defined]
        if next(root.iter("img"), None) is not None:
            _set_figures(root)


def _set_figures(root: ET.Element) -> None:
    for parent in [root, *root.iter("blockquote"), *root.iter("li"), *root.iter("div")]:
        for child in list(parent):
            if child.tag == "p" and _holds_only_pictures(child):
                _to_figures(child)


def _holds_only_pictures(paragraph: ET.Element) -> bool:
    texts = [paragraph.text, *(child.tail for child in paragraph)]
    return len(paragraph) > 0 and all(c.tag == "img" for c in paragraph) and not any(t and t.strip() for t in texts)


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
        for figure in figures:
            _link_to_larger(figure)
        paragraph.tag = "div"
        paragraph.set("class", "gallery")
        paragraph.extend(figures)


def _link_to_larger(figure: ET.Element) -> None:
    """Lets a gallery's picture lead to itself; one without words would be a link without a name."""
    picture = figure[0]
    if picture.tag == "img" and picture.get("alt"):
        figure.remove(picture)
        link = ET.Element("a", {"class": "larger", "href": picture.get("src", "")})
        link.append(picture)
        figure.insert(0, link)


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
