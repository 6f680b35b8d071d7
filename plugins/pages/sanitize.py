"""What HTML a body may hold, and what of it was not allowed.

`clean` is nh3 (ammonia) with our lists and is what makes a body safe; `violations` only finds the words with which
to tell the editor what was removed.
"""

from __future__ import annotations

import functools
import html
import re
from html.parser import HTMLParser
from typing import ClassVar

import nh3

_PLAIN = (
    "a abbr b bdi bdo blockquote br caption cite code col colgroup dd del dfn div dl dt em figcaption figure h2 h3 h4 "
    "h5 h6 hr i ins kbd li mark ol p pre q rp rt ruby s samp small span strong sub sup table tbody td tfoot th thead "
    "time tr u ul var img video audio details summary"
)
TAGS = frozenset(_PLAIN.split())
_EVERYWHERE = frozenset({"id", "class", "title", "lang", "dir", "translate"})
ATTRIBUTES: dict[str, set[str]] = {
    "*": set(_EVERYWHERE),
    "a": {"href"},
    "img": {"src", "alt"},
    "video": {"src", "controls", "preload"},
    "audio": {"src", "controls", "preload"},
    "td": {"colspan", "rowspan", "headers"},
    "th": {"colspan", "rowspan", "scope", "headers"},
    "col": {"span"},
    "colgroup": {"span"},
    "ol": {"start", "reversed", "type"},
    "li": {"value"},
    "time": {"datetime"},
    "del": {"datetime"},
    "ins": {"datetime"},
    "div": {"role", "tabindex", "aria-label"},
    "details": {"open"},
}
# Python-Markdown's own marks that the theme does not need; they go without a word.
_SILENT = frozenset({("a", "rev"), ("sup", "role"), ("li", "role"), ("a", "role"), ("table", "align")})
SCHEMES = frozenset({"http", "https", "mailto", "tel"})
# An address that certainly stays: one without a scheme, or of the web on a host with a plain name.
_NAME = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_ODD_ADDRESS = re.compile(rf"""\s(?:href|src)="(?![^":&\s]*"|https?://(?:{_NAME}\.)+[a-z]{{2,}}(?:[/?#][^"\s]*)?")""")


def clean(markup: str) -> str:
    """The HTML with everything that is not allowed taken out."""
    return str(_cleaner().clean(markup))


@functools.cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        url_schemes=set(SCHEMES),
        link_rel=None,
        strip_comments=True,
    )


def violations(markup: str) -> list[str]:
    """What `clean` will take out, in the words an editor knows: `<script>`, `onclick`, `javascript:`; each once."""
    finder = _Finder()
    finder.feed(markup)
    finder.close()
    return list(dict.fromkeys(finder.found))


def has_odd_address(markup: str) -> bool:
    """Whether Markdown's HTML has a link or picture whose address `clean` might take out."""
    return _ODD_ADDRESS.search(markup) is not None


class _Finder(HTMLParser):
    _links: ClassVar[frozenset[str]] = frozenset({"href", "src"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Takes `<![…` for a comment up to the next `>`, as browsers do; Python's parser fails at it."""
        return self.parse_bogus_comment(i, report)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.found.append(f"<{tag}>")
            return
        for name, value in attrs:
            if name in self._links and has_unsafe_scheme(value or ""):
                self.found.append(f"{(value or '').split(':', 1)[0].strip()}:")
            elif name in self._links and not _survives(value or ""):
                self.found.append(value or "")
            elif name not in _EVERYWHERE | ATTRIBUTES.get(tag, set()) and (tag, name) not in _SILENT:
                self.found.append(name)


def _survives(url: str) -> bool:
    """Whether `clean` keeps this address in a link; it drops what no browser could follow, such as `http://[x`."""
    return "href" in clean(f'<a href="{html.escape(url)}">')


def has_unsafe_scheme(url: str) -> bool:
    """Whether a link has a scheme beyond http, https, mailto and tel; blanks and control marks do not hide it."""
    squeezed = "".join(mark for mark in url if mark > " ")
    head, colon, _ = squeezed.partition(":")
    is_scheme = bool(colon) and not any(mark in head for mark in "/?#.") and head.isascii()
    return is_scheme and head.lower() not in SCHEMES
