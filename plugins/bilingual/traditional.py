"""A finished page in simplified characters becomes one in traditional characters, by OpenCC with its phrases.

Converted are text and the words in attributes (`title`, `alt`, `aria-label`, `placeholder`, `content`, `label`,
`data-words`), never addresses, scripts, styles, or what is marked as another language or `translate="no"`. The page
names its own language and address; a link to it becomes the link back; links to pages that there are in traditional
characters lead to them.

Pure. Called for each page of the columns that are shown so; the pages must be as our templates and sanitiser write
them: attributes in double quotes, `<` in text escaped.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC

# Taiwan's forms without its idioms: 為, 裡, 群 are read everywhere; OpenCC's own standard writes 爲, 裏, 羣.
CONVERSION = "s2tw"
# Words of the frame and of lists come again on every page, paragraphs do not.
_LONGEST_KEPT = 120

_TAG = re.compile(
    r"<!--.*?-->|<(script|style)\b.*?</\1\s*>|<[a-zA-Z/!][^<>\"']*(?:(?:\"[^\"]*\"|'[^']*')[^<>\"']*)*>",
    re.DOTALL | re.IGNORECASE,
)
_WORDS = re.compile(r'(\s(?:alt|title|aria-label|placeholder|content|label|data-words)=")([^"]*)"')
_HREF = re.compile(r'(\shref=")(/[^"]*)"')
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_LANGUAGE = re.compile(r'\slang="([^"]*)"')
_VOID = frozenset(("img", "br", "hr", "meta", "link", "input", "source", "track", "wbr", "col"))


@dataclass(frozen=True, slots=True)
class Address:
    """Where a page stands: the site's absolute address, and the URL paths of both forms of it."""

    site: str
    simplified: str
    traditional: str


@functools.cache
def _opencc() -> OpenCC:
    from opencc import OpenCC  # heavy: 50,000 words, for sites that show traditional characters only

    return OpenCC(CONVERSION)


def convert(text: str) -> str:
    """A text in traditional characters."""
    if text.isascii():
        return text
    return _kept(text) if len(text) <= _LONGEST_KEPT else str(_opencc().convert(text))


@functools.lru_cache(maxsize=8192)
def _kept(text: str) -> str:
    return str(_opencc().convert(text))


def convert_page(html: str, address: Address, traditional_path: Callable[[str], str]) -> str:
    """The page; `traditional_path` gives the traditional form of a URL path of the site, empty where there is none."""
    return _Page(address, traditional_path).convert(html)


@dataclass(slots=True)
class _Page:
    """One page being converted; `foreign` is the element whose text stays, with how many of its name are open."""

    address: Address
    traditional_path: Callable[[str], str]
    foreign: str = ""
    depth: int = 0
    is_way_back: bool = False
    parts: list[str] = field(default_factory=list)

    def convert(self, html: str) -> str:
        at = 0
        for match in _TAG.finditer(html):
            self._text(html[at : match.start()])
            self._tag(match[0])
            at = match.end()
        self._text(html[at:])
        return "".join(self.parts)

    def _text(self, text: str) -> None:
        if self.is_way_back and text.strip():
            text, self.is_way_back = "简体中文", False
        elif text == self.address.site + self.address.simplified:
            text = self.address.site + self.address.traditional
        elif not self.foreign:
            text = convert(text)
        self.parts.append(text)

    def _tag(self, tag: str) -> None:
        found = _NAME.match(tag)
        name = found[1].lower() if found else ""
        if not name or name in ("script", "style"):
            self.parts.append(tag)
            return
        if tag.startswith("</"):
            self._end(name)
        else:
            tag = self._start(name, tag)
        self.parts.append(tag)

    def _end(self, name: str) -> None:
        if name == self.foreign:
            self.depth -= 1
            if not self.depth:
                self.foreign = ""

    def _start(self, name: str, tag: str) -> str:
        if name == "html":
            return _LANGUAGE.sub(' lang="zh-Hant"', tag)
        if name == self.foreign:
            self.depth += 1
        if name == "a":
            tag = self._link(tag)
        elif name in ("link", "meta"):
            tag = self._own_address(tag)
        if not self.foreign and _is_foreign(tag):
            if name not in _VOID:
                self.foreign, self.depth = name, 1
            return tag
        if not self.foreign and not tag.isascii():
            tag = _WORDS.sub(lambda match: f'{match[1]}{convert(match[2])}"', tag)
        return tag

    def _link(self, tag: str) -> str:
        if ' hreflang="zh-Hant"' in tag:
            self.is_way_back = True
            tag = tag.replace('"zh-Hant"', '"zh-Hans"')
            return _HREF.sub(f'\\g<1>{self.address.simplified}"', tag)
        return _HREF.sub(self._href, tag)

    def _href(self, match: re.Match[str]) -> str:
        path = re.split("[?#]", match[2], maxsplit=1)[0]
        return f'{match[1]}{self.traditional_path(path) or path}{match[2][len(path) :]}"'

    def _own_address(self, tag: str) -> str:
        if ' rel="canonical"' in tag or ' name="Url"' in tag:
            own = self.address.site + self.address.simplified
            return tag.replace(f'"{own}"', f'"{self.address.site}{self.address.traditional}"')
        return tag


def _is_foreign(tag: str) -> bool:
    language = _LANGUAGE.search(tag)
    return ' translate="no"' in tag or (language is not None and language[1] != "zh-Hant")
