"""Articles of a statute: anchors, links on their numbers, and the table of contents, as a Python-Markdown extension.

- An anchor depends on the text alone: `tiao-12`, `tiao-123-1` (第一百二十三条之一), `zhang-2`, `zhang-2-jie-1`,
  `bian-1`, in a 编 `bian-1-zhang-2`.
- 第一条 after any other article begins a new part: `part-2-tiao-12`. What is there twice all the same (a misprint)
  takes the lowest free part, and no id is used twice, whoever gave it.
- Only paragraphs and headings at the top level count; an article in a quotation or a list is a quotation.

Called by the page renderer for items of type `statute`; works with the `toc` extension, whose ids other headings keep.
"""

from __future__ import annotations

import html
import itertools
import re
from dataclasses import dataclass, field
from xml.etree import ElementTree

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.toc import remove_fnrefs, render_inner_html, strip_tags
from markdown.treeprocessors import Treeprocessor

from plugins.pages.views import TocEntry

_DIGITS = {"零": 0, "〇": 0, "○": 0} | {digit: value for value, digit in enumerate("一二三四五六七八九", 1)}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_NUMERAL = r"[零〇○一二三四五六七八九十百千]{1,12}"
_ARTICLE = re.compile(
    rf"\s*(?:\*\*|__)?(?P<label>第(?P<number>{_NUMERAL})条(?:之(?P<more>{_NUMERAL}))?)(?:\*\*|__)?(?=\s|$)"
)
_HEADING = re.compile(rf"\s*第(?P<number>{_NUMERAL})(?P<unit>分编|编|章|节)")
_HEADING_TAGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BOLD_TAGS = frozenset({"strong", "b", "em"})
_UNIT_NAMES = {"编": "bian", "分编": "fenbian", "章": "zhang", "节": "jie"}
_RAW_ID = re.compile(r"\bid\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_OPENING_LEVEL = 2
_BEFORE_TOC, _AFTER_TOC = 5.5, 4


def numeral_value(text: str) -> int | None:
    """The number that a Chinese numeral names (1-9999), written with units (一百零三) or digit by digit (一〇三)."""
    if not any(sign in _UNITS for sign in text):
        digits = [_DIGITS.get(sign) for sign in text]
        return None if None in digits or not text else int("".join(map(str, digits))) or None
    total, digit, unit = 0, None, 10_000
    for sign in text:
        if sign in _UNITS and _UNITS[sign] < unit and digit != 0:
            unit = _UNITS[sign]
            total, digit = total + (digit or 1) * unit, None
        elif sign in _DIGITS and (digit is None or digit == 0):
            digit = _DIGITS[sign]
        else:
            return None
    return total + (digit or 0)


def article_number(text: str) -> tuple[int, int] | None:
    """The article that a paragraph begins: (123, 1) for 第一百二十三条之一; None when it only mentions one."""
    found = _match_article(text)
    return found.number if found is not None else None


@dataclass(frozen=True, slots=True)
class _Article:
    number: tuple[int, int]
    label: str


def _match_article(text: str) -> _Article | None:
    match = _ARTICLE.match(text)
    if match is None:
        return None
    number, more = numeral_value(match["number"]), numeral_value(match["more"] or "") or 0
    if number is None or (match["more"] and not more):
        return None
    return _Article((number, more), match["label"])


@dataclass(slots=True)
class _Numbering:
    """The ids given so far in one document."""

    used: set[str]
    part: int = 1
    seen: bool = False
    parents: dict[str, str] = field(default_factory=dict)

    def article(self, number: tuple[int, int], own: str | None) -> str:
        """The id of the next article, its author's `own` one if there is one."""
        if number == (1, 0) and self.seen:
            self.part += 1
        self.seen = True
        if own is not None:
            return own
        name = f"tiao-{number[0]}-{number[1]}" if number[1] else f"tiao-{number[0]}"
        return self._take(name, self.part)

    def heading(self, number: int, unit: str, own: str | None) -> str:
        """The id of the next 编, 分编, 章 or 节, its author's `own` one if there is one."""
        above = {"编": (), "分编": ("编",), "章": ("编",), "节": ("章", "编")}[unit]
        parent = next((self.parents[name] for name in above if name in self.parents), "")
        name = f"{_UNIT_NAMES[unit]}-{number}"
        taken = own if own is not None else self._take(f"{parent}-{name}" if parent else name, 1)
        if unit == "编":
            self.parents = {}
        self.parents[unit] = taken
        return taken

    def _take(self, name: str, first_part: int) -> str:
        for part in itertools.count(first_part):
            candidate = f"part-{part}-{name}" if part > 1 else name
            if candidate not in self.used:
                self.used.add(candidate)
                return candidate
        raise AssertionError  # the count never ends


class StatuteExtension(Extension):
    """Gives articles and headings their anchors and leaves `statute_toc` on the Markdown instance."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Registers the two steps around toc's."""
        md.registerExtension(self)
        self._md = md
        md.treeprocessors.register(_Anchors(md), "statute-anchors", _BEFORE_TOC)
        md.treeprocessors.register(_Contents(md), "statute-toc", _AFTER_TOC)
        self.reset()

    def reset(self) -> None:
        """Forgets the last document."""
        _leave(self._md, ())


def _leave(md: Markdown, entries: tuple[TocEntry, ...]) -> None:
    md.statute_toc = entries  # type: ignore[attr-defined]  # as toc leaves `toc_tokens`


class _Anchors(Treeprocessor):
    """Before toc: ids of articles, 编, 章 and 节, so that toc keeps clear of them."""

    def run(self, root: ElementTree.Element) -> None:
        """Marks `root`'s paragraphs and headings."""
        numbering = _Numbering(_own_ids(root, self.md))
        for element in root:
            if element.tag == "p":
                _mark_article(element, numbering)
            elif element.tag in _HEADING_TAGS:
                _mark_heading(element, numbering)


def _own_ids(root: ElementTree.Element, md: Markdown) -> set[str]:
    """The ids that the text gives itself; one given twice is taken from its later bearers."""
    own: set[str] = set()
    for raw in md.htmlStash.rawHtmlBlocks:
        own.update(_RAW_ID.findall(raw if isinstance(raw, str) else "".join(raw.itertext())))
    for element in root.iter():
        if element.get("id") in own:
            del element.attrib["id"]
        elif "id" in element.attrib:
            own.add(element.attrib["id"])
    return own


def _mark_article(paragraph: ElementTree.Element, numbering: _Numbering) -> None:
    article = _match_article("".join(paragraph.itertext()))
    if article is None:
        return
    anchor = numbering.article(article.number, paragraph.get("id"))
    paragraph.set("id", anchor)
    classes = [*paragraph.get("class", "").split(), "tiao"]
    paragraph.set("class", " ".join(classes))
    _link_label(paragraph, article.label, anchor)


def _link_label(paragraph: ElementTree.Element, label: str, anchor: str) -> None:
    """Wraps the number in a link to itself, inside the bold type where there is one."""
    holder = paragraph
    while not (holder.text or "").strip() and len(holder) and holder[0].tag in _BOLD_TAGS:
        holder = holder[0]
    text = (holder.text or "").lstrip()
    if not text.startswith(label):
        return
    link = ElementTree.Element("a", {"class": "tiao-number", "href": f"#{anchor}"})
    link.text, link.tail = label, text.removeprefix(label)
    holder.text = ""
    holder.insert(0, link)


def _mark_heading(heading: ElementTree.Element, numbering: _Numbering) -> None:
    match = _HEADING.match("".join(heading.itertext()))
    number = numeral_value(match["number"]) if match else None
    if match and number is not None:
        heading.set("id", numbering.heading(number, match["unit"], heading.get("id")))


class _Contents(Treeprocessor):
    """After toc: the table of contents, from the ids that all headings have by now."""

    def run(self, root: ElementTree.Element) -> None:
        """Leaves the entries on the Markdown instance."""
        entries: list[TocEntry] = []
        articles: list[tuple[str, str]] = []
        heading = TocEntry("", "", _OPENING_LEVEL)
        for element in root:
            if element.tag in _HEADING_TAGS:
                entries.append(_with_articles(heading, articles))
                heading = TocEntry(element.get("id", ""), _title(element, self.md), int(element.tag[1]))
                articles = []
            elif element.tag == "p" and "tiao" in element.get("class", "").split():
                article = _match_article("".join(element.itertext()))
                if article is not None:
                    articles.append((element.attrib["id"], article.label))
        entries.append(_with_articles(heading, articles))
        _leave(self.md, tuple(entry for entry in entries if entry.title or entry.articles))


def _with_articles(heading: TocEntry, articles: list[tuple[str, str]]) -> TocEntry:
    return TocEntry(heading.id, heading.title, heading.level, tuple(articles))


def _title(heading: ElementTree.Element, md: Markdown) -> str:
    """The heading's words as readers see them, without marks and footnotes."""
    return html.unescape(strip_tags(render_inner_html(remove_fnrefs(heading), md))).strip()
