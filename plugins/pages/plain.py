"""Plain text: what Markdown and the sanitiser leave as it is, so that reading it costs next to nothing.

- `is_plain` is narrow on purpose: a character or the start of a line that a rule of Python-Markdown, of an extension
  or of nh3 could take for more than a letter makes a text not plain. Line breaks and blank lines are plain.
- A plain body needs neither of them: `paragraphs` gives the bytes that both would give.
- Other bodies go to Python-Markdown, where `skip_plain` leaves out the searches that can find nothing in them.

Python-Markdown without this module is the reference, to which a test holds every text. Called by the body renderer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
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
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_AFTER_EMPTY, _BEFORE_INLINE = 95, 25  # places in Python-Markdown's two orders of steps

_Step = Callable[[Element], None]


def is_plain(text: str) -> bool:
    """Whether a body or a block of it is nothing but paragraphs of letters."""
    return _BEYOND_PLAIN.search(text) is None and _STRUCTURE.search(f"\n{text}\n") is None


def paragraphs(text: str) -> str:
    """The HTML of a plain text."""
    blocks = [block.lstrip() for block in text.rstrip("\n").split("\n\n")]
    inner = "</p>\n<p>".join([block for block in blocks if block])
    return f"<p>{inner}</p>" if inner else ""


def skip_plain(reader: Any) -> None:
    """Makes a Markdown instance pass over what a text does not need; what it makes of the text stays the same."""
    steps = reader.treeprocessors
    words = _PlainWords(reader)
    steps.register(words, "plain", _BEFORE_INLINE)
    for name, mark in (("attr_list", "{"), ("unescape", "\\")):
        steps[name].run = _only_with(mark, words, steps[name].run)
    steps["toc"].run = _only_with_headings(words, steps["toc"])
    reader.parser.blockprocessors.register(_PlainParagraph(reader.parser), "plain", _AFTER_EMPTY)
    # Asked for by number, and by tag, once per block and pattern and element.
    reader.parser.blockprocessors = list(reader.parser.blockprocessors)
    steps["inline"].inlinePatterns = list(reader.inlinePatterns)
    reader.is_block_level = lru_cache(maxsize=256)(reader.is_block_level)


class _PlainParagraph(ParagraphProcessor):
    """Takes a plain block at once, which no other processor but the last would take."""

    def test(self, parent: Element, block: str) -> bool:
        return is_plain(block)


class _PlainWords(Treeprocessor):
    """Keeps the inline patterns away from texts in which none of them can find anything."""

    def __init__(self, reader: Any) -> None:
        super().__init__(reader)
        self.text = ""
        self._abbreviations: dict[str, str] = reader.treeprocessors["abbr"].abbrs

    def run(self, root: Element) -> None:
        """Marks such texts as atomic, which patterns and abbreviations leave alone; notes all of the text."""
        self.text = "".join(root.itertext())
        if self._abbreviations:
            return
        for element in root.iter():
            if element.text and _INLINE.search(element.text) is None:
                element.text = AtomicString(element.text)


def _only_with(mark: str, words: _PlainWords, run: _Step) -> _Step:
    """A step that is taken only for a text with the mark, without which it does nothing."""
    return lambda root: run(root) if mark in words.text else None


def _only_with_headings(words: _PlainWords, contents: Any) -> _Step:
    """The step of the table of contents, for a text with headings or with its marker, which is sought only there."""
    run, marker = contents.run, contents.marker

    def run_if_needed(root: Element) -> None:
        is_marked = marker in words.text
        contents.marker = marker if is_marked else ""
        if is_marked or any(element.tag in _HEADINGS for element in root.iter()):
            run(root)

    return run_if_needed
