"""Promises of single looks: large print is short, text only shows no picture, the dark has no white, print no ground."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.theme.conftest import Opened, Visitor

pytestmark = pytest.mark.browser

KINDS = {
    "home": ("portal", "/"),
    "column": ("portal", "/news/"),
    "document": ("portal", "/disclosure/policy/office/2024/parking-fee-notice.html"),
    "table": ("portal", "/services/elder-allowance.html"),
    "statute": ("congress", "/fagui/difang/2026/yunze-river-2026.html"),
    "repealed statute": ("congress", "/fagui/difang/2019/urban-dogs-2019.html"),
    "topic": ("portal", "/topics/clear-river/"),
    "sitemap": ("portal", "/sitemap.html"),
    "search": ("portal", "/search.html"),
    "English home": ("english", "/"),
}
WHITE = """() => [...document.querySelectorAll("body, body *")].filter((one) => {
  const box = one.getBoundingClientRect();
  const [red, green, blue, alpha = 1] = (getComputedStyle(one).backgroundColor.match(/[\\d.]+/g) || []).map(Number);
  return box.width * box.height > 0 && alpha > 0.5 && red > 200 && green > 200 && blue > 200 && !one.closest(".band .search-box");
}).map((one) => one.outerHTML.slice(0, 80))"""


def chosen(visitor: Visitor, mode: str) -> Page:
    """The visitor's page with the cookie of a mode."""
    visitor.context.add_cookies([{"name": "mode", "value": mode, "domain": ".yunze.localhost", "path": "/"}])
    return visitor.page


@pytest.mark.parametrize(
    ("site", "path"), [KINDS["home"], KINDS["document"], KINDS["English home"]], ids=["home", "document", "English"]
)
def test_large_print_has_five_entries(visit: Opened, site: str, path: str) -> None:
    visitor = visit(has_script=False)
    page = chosen(visitor, "elder")
    visitor.go(path, site)
    assert page.locator(".main-nav .row > li:visible").count() == 5


def test_text_only_shows_no_picture(visit: Opened) -> None:
    visitor = visit(has_script=False, width=390)
    page = chosen(visitor, "text")
    for kind, (site, path) in KINDS.items():
        visitor.go(path, site)
        wide = (
            "[...document.querySelectorAll('img, video, svg')].filter((one) => one.getBoundingClientRect().width > 1)"
        )
        assert page.evaluate(f"{wide}.map((one) => one.outerHTML)") == [], kind
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), kind


@pytest.mark.parametrize("mode", ["", "elder", "text"])
def test_print_is_the_title_the_source_the_address_and_the_body(visit: Opened, mode: str) -> None:
    visitor = visit(has_script=False)
    page = chosen(visitor, mode)
    page.emulate_media(media="print", color_scheme="dark")
    for kind in ("document", "table", "statute"):
        site, path = KINDS[kind]
        visitor.go(path, site)
        for gone in (".site-header", ".mode-bar", ".site-footer", ".breadcrumb", ".article-aside", ".neighbours"):
            assert page.locator(f"{gone}:visible").count() == 0, (kind, gone)
        dated = () if kind == "table" else (".pub-date",)
        for shown in (".article-title", ".print-url", ".body", *dated):
            assert page.locator(f"{shown}:visible").count() == 1, (kind, shown)
        assert page.inner_text(".print-url").endswith(path)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("getComputedStyle(document.querySelector('.body')).color") == "rgb(0, 0, 0)"


@pytest.mark.parametrize(("kind", "words"), [("repealed statute", ".badge"), ("topic", ".topic-banner h1")])
def test_nothing_is_printed_white_on_white(visit: Opened, kind: str, words: str) -> None:
    visitor = visit(has_script=False)
    visitor.page.emulate_media(media="print")
    site, path = KINDS[kind]
    visitor.go(path, site)
    assert visitor.page.evaluate(f"getComputedStyle(document.querySelector('{words}')).color") == "rgb(0, 0, 0)"


def test_the_dark_has_no_white_boxes(visit: Opened) -> None:
    visitor = visit(has_script=False)
    visitor.page.emulate_media(color_scheme="dark")
    for kind, (site, path) in KINDS.items():
        visitor.go(path, site)
        assert visitor.page.evaluate(WHITE) == [], kind
