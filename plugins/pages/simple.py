"""Simple documents: paragraphs, headings, flat lists, tables and lone pictures of plain words, bold words and links,
converted without Python-Markdown.

Most bodies that are not plain (`plugins.pages.plain`) are this simple. `convert_simple` gives exactly the HTML that
Python-Markdown with our extensions would give, or declines; the same tests hold both modules to that. What follows the
conversion (sanitising, anchors, addresses) is the same for all bodies. Called by the body renderer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from markdown.extensions.toc import unique

from plugins.pages.plain import is_plain

# Beyond this, what Python-Markdown refuses as too hard is its own matter.
_LONGEST = 50_000
_HEADING = re.compile(r"(#{2,6}) ([^#\n]+)")
_RULE = re.compile(r"\|(?: ?-{3,} ?\|)+")
_BULLET, _NUMBERED = re.compile(r"- (?=\S)"), re.compile(r"\d{1,9}\. (?=\S)")
# No picture, no title, no nested brackets; the address holds nothing that is escaped or unescaped anywhere.
_ADDRESS = r"[A-Za-z0-9/._#:-]+"
_MARKED = re.compile(
    rf"(?<![!\]])\[(?P<label>[^\[\]()*\s](?:[^\[\]()*\n]*[^\[\]()*\s])?)\]\((?P<url>{_ADDRESS})\)"
    r"|(?<!\*)\*\*(?P<bold>[^\[\]()*\s](?:[^\[\]()*\n]*[^\[\]()*\s])?)\*\*(?!\*)"
)
_PICTURE = re.compile(
    rf"!\[([^\[\]()*\s](?:[^\[\]()*\n]*[^\[\]()*\s])?)\]\(({_ADDRESS}\.(?:svg|png|jpg|jpeg|webp|gif))\)"
)


@dataclass(frozen=True, slots=True)
class Simple:
    """A converted document: its HTML, and level, id and title of its headings."""

    html: str
    headings: tuple[tuple[int, str, str], ...]


class _NotSimpleError(Exception):
    """Python-Markdown must look at this."""


def convert_simple(text: str, heading_id: Callable[[str, str], str]) -> Simple | None:
    """The document, None when it is not simple; `heading_id` makes a title's anchor as for the toc extension."""
    if len(text) > _LONGEST or "\n\n\n" in text or not text.strip():
        return None
    headings: list[tuple[int, str, str]] = []
    ids: set[str] = set()

    def heading(match: re.Match[str]) -> str:
        level, title = len(match[1]), match[2].strip()
        if not is_plain(match[2]) or match[2] != " ".join(title.split()):
            raise _NotSimpleError
        anchor = unique(heading_id(title, "-"), ids)
        headings.append((level, anchor, title))
        return f'<h{level} id="{anchor}">{title}</h{level}>'

    try:
        pieces = []
        last = ""
        for block in text.strip("\n").split("\n\n"):
            match = _HEADING.fullmatch(block)
            kind, piece = ("h", heading(match)) if match else _block(block)
            if kind == last == "list":
                return None
            pieces.append(piece)
            last = kind
    except _NotSimpleError:
        return None
    return Simple("\n".join(pieces), tuple(headings))


def _block(block: str) -> tuple[str, str]:
    for mark, tag in ((_BULLET, "ul"), (_NUMBERED, "ol")):
        if mark.match(block):
            if tag == "ol" and not block.startswith("1. "):
                raise _NotSimpleError
            return "list", _list(block.split("\n"), mark, tag)
    if block.startswith("|"):
        return "table", _table(block.split("\n"))
    picture = _PICTURE.fullmatch(block)
    if picture is not None:
        return "picture", _figure(picture)
    # Markdown, too, takes the two wide blanks off that Chinese paragraphs begin with.
    words = _words(block).lstrip()
    if not words:
        raise _NotSimpleError
    return "p", f"<p>{words}</p>"


def _figure(match: re.Match[str]) -> str:
    words, source = match.groups()
    if not is_plain(words) or '"' in words:
        raise _NotSimpleError
    return f'<figure class="picture"><img alt="{words}" src="{source}"></figure>'


def _list(lines: list[str], mark: re.Pattern[str], tag: str) -> str:
    items = []
    for line in lines:
        match = mark.match(line)
        if match is None:
            raise _NotSimpleError
        items.append(f"<li>{_words(line[match.end() :])}</li>\n")
    return f"<{tag}>\n{''.join(items)}</{tag}>"


def _table(lines: list[str]) -> str:
    """A table whose every line begins and ends with a bar and has as many cells as its head."""
    if len(lines) < 3 or not _RULE.fullmatch(lines[1]):
        raise _NotSimpleError
    head, *rows = [line[1:-1].split("|") for line in (lines[0], *lines[2:])]
    is_whole = all(line.startswith("|") and line.endswith("|") and len(line) > 1 for line in (lines[0], *lines[2:]))
    if not is_whole or any(len(row) != lines[1].count("|") - 1 for row in (head, *rows)):
        raise _NotSimpleError
    body = "".join([_row(row, "td") for row in rows])
    return f"<table>\n<thead>\n{_row(head, 'th')}</thead>\n<tbody>\n{body}</tbody>\n</table>"


def _row(cells: list[str], tag: str) -> str:
    inner = "".join([f"<{tag}>{_words(cell.strip(' '))}</{tag}>\n" for cell in cells])
    return f"<tr>\n{inner}</tr>\n"


def _words(text: str) -> str:
    """Plain words with links among them."""
    if is_plain(text):
        return text
    # A letter in the place of each mark: what is left must be as plain as the words between them.
    if not is_plain(_MARKED.sub(_letters, text)):
        raise _NotSimpleError
    return _MARKED.sub(_tagged, text)


def _letters(match: re.Match[str]) -> str:
    return f"x{match['label'] or match['bold']}x"


def _tagged(match: re.Match[str]) -> str:
    if match["bold"]:
        return f"<strong>{match['bold']}</strong>"
    return f'<a href="{match["url"]}">{match["label"]}</a>'
