"""Ids and pictures in sanitised HTML: what an author writes must not clash with the theme or with itself.

Works on nh3's output, where every attribute stands in double quotes. Called by the body renderer alone.
"""

from __future__ import annotations

import re

# Anchors that the program gives: headings, statutes, footnotes. The theme uses none of these.
_OURS = re.compile(r"s-|s(?:_\d+)?$|(?:part|tiao|zhang|jie|bian|fenbian)-|fn(?:ref\d*)?:")
_TAG = r'<[a-z0-9]+\b(?:[^<>"]|"[^"]*")*?'
_ID = re.compile(rf'({_TAG}) id="([^"]*)"')
_FRAGMENT = re.compile(rf'({_TAG} href="#)([^"]*)"')
_PICTURE = re.compile(r'<img\b((?:[^<>"]|"[^"]*")*)>')
_SOURCE = re.compile(r' src="([^"]*)"')


def settle_ids(text: str) -> tuple[str, dict[str, str]]:
    """The HTML with every id once and apart from the theme's, and what was renamed; links within it follow."""
    renamed: dict[str, str] = {}
    seen: set[str] = set()

    def settle(match: re.Match[str]) -> str:
        own = match[2]
        name = own if _OURS.match(own) else f"s-{own}"
        if not own or name in seen:
            return match[1]
        seen.add(name)
        if name != own:
            renamed[own] = name
        return f'{match[1]} id="{name}"'

    settled = _ID.sub(settle, text)
    if renamed:
        settled = _FRAGMENT.sub(lambda match: f'{match[1]}{renamed.get(match[2], match[2])}"', settled)
    return settled, renamed


def with_alt(text: str) -> tuple[str, list[str]]:
    """The HTML with an empty `alt` on every picture that has none, and the addresses of those pictures."""
    wordless: list[str] = []

    def mend(match: re.Match[str]) -> str:
        if " alt=" in re.sub('"[^"]*"', "", match[1]):
            return match[0]
        source = _SOURCE.search(match[1])
        wordless.extend([source[1]] if source else [])
        return f'<img{match[1]} alt="">'

    return _PICTURE.sub(mend, text), wordless
