"""Promises of the theme's style sheets to old browsers, and of the lint that holds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.css_support import GRACEFUL, unsupported

THEME = Path(__file__).parents[2] / "themes/gov"
SHEETS = sorted([*(THEME / "static").glob("*.css"), *(THEME / "modes").glob("*.css")])


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_chrome_85_and_safari_13_understand_the_sheet(sheet: Path) -> None:
    assert [str(found) for found in unsupported(sheet.read_text("utf-8"))] == []


def test_there_are_sheets_to_look_at() -> None:
    assert {sheet.name for sheet in SHEETS} >= {"style.css", "home.css", "accessible.css", "elder.css", "text.css"}


@pytest.mark.parametrize(
    ("css", "what"),
    [
        ("p { inset: 0 }", ["inset"]),
        ("p { colour: red }", ["colour"]),
        ("p { display: flow-root; overflow: clip }", ["overflow: clip"]),
        ("p { width: sin(1) }", ["sin()"]),
        (":is(h1, h2) { color: red }", [":is"]),
        ("p:has(a), b { color: red }", [":has"]),
        ("p:not(a, b) { color: red }", [":not(a, b)"]),
        ("p:not(:is(a)) { color: red }", [":is"]),
        ("@media (width < 600px) { p { color: red } }", ["a media query with < or >"]),
        ("@media print { p { inset: 0 } }", ["inset"]),
        ("@layer base { p { color: red } }", ["@layer"]),
        ("p { color: red", []),
        ("p { overflow-wrap: break-word; overflow-wrap: anywhere }", []),
        ("p:has(a) { color: red }", []),
        ("@supports (inset: 0) { p { inset: 0 } }", []),
        ("@media (min-width: 600px) { p { --own: 1; color: var(--own) } }", []),
    ],
    ids=[
        "a property that is too new", "a property that nobody knows", "a keyword that is too new",
        "a function that is too new", "a list that old browsers drop whole", "a graceful selector beside another",
        "a list within not", "a selector within another", "a range in a media query", "within a media query",
        "an at-rule that is too new", "no fault", "a newer value after an older one", "a graceful selector alone",
        "guarded by supports", "a property of our own",
    ],
)  # fmt: skip
def test_the_lint_tells_what_is_too_new(css: str, what: list[str]) -> None:
    assert sorted({found.what for found in unsupported(css)}) == what


def test_what_is_graceful_has_its_reason() -> None:
    assert all(GRACEFUL.values())
