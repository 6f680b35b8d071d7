"""Plain text: what Markdown and the sanitiser leave as it is, so that reading it costs next to nothing.

- `is_plain` is narrow on purpose: a character or the start of a line that a rule of Python-Markdown, of an extension
  or of nh3 could take for more than a letter makes a text not plain. Line breaks and blank lines are plain.
- A plain body needs neither of them: `paragraphs` gives the bytes that both would give.
- In other bodies `skip_plain` spares the plain blocks the search for what they cannot hold; the tree stays the same.

Python-Markdown without this module is the reference, to which a test holds every text. Called by the body renderer.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element

from markdown.blockprocessors import ParagraphProcessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

# Not here: controls and other line ends, the no-break space (nh3 writes it as an entity), lone surrogates, the mark of
# `body.fill`, the byte order mark, and of ASCII all that marks, escapes or encloses.
_BEYOND_PLAIN = re.compile(
    "[^\n !\"$%'()+,./0-9:;=?@A-Za-z~\\-\xa1-\u2027\u202a-\ud7ff\ue001-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
# Indents, items, definitions, rules and underlines begin a line; a blank at its end may be a break.
_STRUCTURE = re.compile(r"\n(?:[ +\-:=]|\d+\. )| \n")
# One of these stands in whatever an inline pattern of Python-Markdown or of our extensions finds.
_INLINE = re.compile(r"[`\\\[<&*_]|  \n")
_AFTER_EMPTY, _BEFORE_INLINE = 95, 25


def is_plain(text: str) -> bool:
    """Whether a body or a block of it is nothing but paragraphs of letters."""
    return _BEYOND_PLAIN.search(text) is None and _STRUCTURE.search(f"\n{text}\n") is None


def paragraphs(text: str) -> str:
    """The HTML of a plain text."""
    blocks = [block.lstrip() for block in text.rstrip("\n").split("\n\n")]
    inner = "</p>\n<p>".join([block for block in blocks if block])
    return f"<p>{inner}</p>" if inner else ""


def skip_plain(reader: Any) -> None:
    """Makes a Markdown instance pass over plain blocks and plain words; what it makes of a text stays the same."""
    reader.parser.blockprocessors.register(_PlainParagraph(reader.parser), "plain", _AFTER_EMPTY)
    reader.treeprocessors.register(_PlainWords(reader), "plain", _BEFORE_INLINE)
    # Both are asked for by number and by tag once per block and pattern: a list and a set answer faster.
    reader.parser.blockprocessors = list(reader.parser.blockprocessors)
    reader.treeprocessors["inline"].inlinePatterns = list(reader.inlinePatterns)
    reader.block_level_elements = frozenset(reader.block_level_elements)


class _PlainParagraph(ParagraphProcessor):
    """Takes a plain block at once, which no other processor but the last would take."""

    def test(self, parent: Element, block: str) -> bool:
        return is_plain(block)


class _PlainWords(Treeprocessor):
    """Keeps the inline patterns away from texts in which none of them can find anything."""

    def run(self, root: Element) -> None:
        """Marks such texts as atomic, which patterns and abbreviations leave alone."""
        if self.md.treeprocessors["abbr"].abbrs:
            return
        for element in root.iter():
            if element.text and _INLINE.search(element.text) is None:
                element.text = AtomicString(element.text)
