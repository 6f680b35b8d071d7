"""Whether the theme's style sheets hold for the oldest browsers we build for, by MDN's browser-compat-data (npm).

Looked at: properties, keywords and functions of their values, pseudo-classes, at-rules and media features. What stands
inside `@supports` is guarded and passes. Pure but for reading the table. Called by the tests.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tinycss2

TABLE = Path(__file__).parents[2] / "node_modules/@mdn/browser-compat-data/data.json"
OLDEST: Mapping[str, float] = {"chrome": 85, "safari": 13, "safari_ios": 13}
# What an old browser leaves out without harm, and why.
GRACEFUL: Mapping[str, str] = {
    "aspect-ratio": "a picture keeps the shape of its width and height attributes",
    ":focus-visible": "the browser draws its own ring",
    "text-decoration-thickness": "an underline as thick as the browser draws it",
    "text-underline-offset": "an underline where the browser draws it",
    "scroll-behavior": "jumps at once",
    "color-scheme": "form controls stay light",
    "@media scripting": "the rule only takes away an empty line",
    "text-size-adjust": "a phone may choose the size itself",
    "print-color-adjust": "badges are printed without their ground",
    ":has": "a refinement of what stands there anyway",
    ":backdrop": "the ground behind a dialog",
    ":-webkit-details-marker": "the old name of ::marker, for those who know no other",
    "cursor": "a phone has none",
    "text-spacing-trim": "punctuation as wide as ever",
    "text-wrap": "lines as long as they happen to be",
    "break-after": "a heading may end a printed page",
    "@page": "the margins are the printer's",
    "zoom": "the toolbar enlarges the text instead",
}  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Unsupported:
    """Something that a browser we build for does not know: the line, what, and who."""

    line: int
    what: str
    browser: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.what} is newer than {self.browser}"


def unsupported(css: str) -> list[Unsupported]:
    """All that is too new in a style sheet, in the order of its lines."""
    return sorted(set(_rules(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True))))


def _rules(rules: Sequence[Any]) -> Iterator[Unsupported]:
    for rule in rules:
        if rule.type == "qualified-rule":
            yield from _selectors(rule)
            yield from _declarations(rule.content)
        elif rule.type == "at-rule":
            yield from _at_rule(rule)
        elif rule.type == "error":
            yield Unsupported(rule.source_line, f"unreadable: {rule.message}", "any browser")


def _at_rule(rule: Any) -> Iterator[Unsupported]:
    name = rule.lower_at_keyword
    yield from _look(rule.source_line, f"@{name}", _table()["at-rules"].get(name))
    if name == "supports" or rule.content is None:
        return
    if name == "media":
        for block in (token for token in rule.prelude if token.type == "() block"):
            yield from _media_feature(block)
        inside = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
        yield from _rules(inside)
    elif name in ("font-face", "page"):
        yield from _declarations(rule.content)


def _media_feature(block: Any) -> Iterator[Unsupported]:
    found = next((token for token in block.content if token.type == "ident"), None)
    if found is None or any(token.type == "literal" and token.value in "<>=" for token in block.content):
        yield Unsupported(block.source_line, "a media query with < or >", "chrome 85")
        return
    feature = found.lower_value.removeprefix("min-").removeprefix("max-")
    yield from _look(block.source_line, f"@media {feature}", _table()["at-rules"]["media"].get(feature))


def _selectors(rule: Any) -> Iterator[Unsupported]:
    """A selector that is not understood takes its whole list with it, so a graceful one must stand alone."""
    lists = _split(rule.prelude)
    for selector in lists:
        for what, line, node in _pseudos(selector):
            yield from (one for one in _look(line, what, node, alone=len(lists) == 1))


def _split(tokens: Sequence[Any]) -> list[list[Any]]:
    lists: list[list[Any]] = [[]]
    for token in tokens:
        if token.type == "literal" and token.value == ",":
            lists.append([])
        else:
            lists[-1].append(token)
    return lists


def _pseudos(tokens: Sequence[Any]) -> Iterator[tuple[str, int, Any]]:
    known = _table()["selectors"]
    for before, token in itertools.pairwise(tokens):
        if before.type != "literal" or before.value != ":" or token.type not in ("ident", "function"):
            continue
        name = token.lower_value if token.type == "ident" else token.lower_name
        yield f":{name}", token.source_line, known.get(name)
        if token.type == "function":
            if name == "not" and len(_split(token.arguments)) > 1:
                yield ":not(a, b)", token.source_line, known["not"]["selector_list"]
            yield from _pseudos(token.arguments)


def _declarations(content: Sequence[Any]) -> Iterator[Unsupported]:
    """A value is no fault where the same property has an older one before it: a browser keeps what it understands."""
    fallbacks: set[str] = set()
    for declaration in tinycss2.parse_declaration_list(content, skip_comments=True, skip_whitespace=True):
        if declaration.type == "error":
            yield Unsupported(declaration.source_line, f"unreadable: {declaration.message}", "any browser")
        elif declaration.type == "declaration" and not declaration.lower_name.startswith("-"):
            name = declaration.lower_name
            node = _table()["properties"].get(name)
            yield from _look(declaration.source_line, name, node)
            too_new = [] if name in GRACEFUL else list(_values(name, node or {}, declaration.value))
            if not too_new:
                fallbacks.add(name)
            elif name not in fallbacks:
                yield from too_new


def _values(name: str, node: Mapping[str, Any], tokens: Sequence[Any]) -> Iterator[Unsupported]:
    for token in tokens:
        if token.type == "ident" and token.lower_value in node:
            yield from _look(token.source_line, f"{name}: {token.lower_value}", node[token.lower_value])
        elif token.type == "function":
            called = _table()["types"].get(token.lower_name)
            if called is not None:
                yield from _look(token.source_line, f"{token.lower_name}()", called)
            yield from _values(name, {}, token.arguments)


def _look(line: int, what: str, node: Mapping[str, Any] | None, *, alone: bool = True) -> Iterator[Unsupported]:
    if what in GRACEFUL and alone:
        return
    if node is None:
        yield Unsupported(line, what, "any browser we know of")
        return
    for browser, oldest in OLDEST.items():
        if not _is_in(node, browser, oldest):
            yield Unsupported(line, what, f"{browser} {oldest:g}")


def _is_in(node: Mapping[str, Any], browser: str, oldest: float) -> bool:
    told = node.get("__compat", {}).get("support", {}).get(browser)
    if told is None:
        return True
    rows = told if isinstance(told, list) else [told]
    return any(_added(row) <= oldest for row in rows if not row.get("flags") and not row.get("prefix"))


def _added(row: Mapping[str, Any]) -> float:
    version = row.get("version_added")
    if row.get("alternative_name") or not isinstance(version, str):
        return float("inf")
    return float(".".join(version.lstrip("≤").split(".")[:2])) if version != "preview" else float("inf")


@functools.cache
def _table() -> Any:
    return json.loads(TABLE.read_text("utf-8"))["css"]
