"""Promises of the modes without script, of print and of the dark scheme (ADR 0019), in a real browser over the demo city."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from publish.nginx.configuration import configuration
from publish.nginx.options import Options, listen_addresses
from tests.publish.nginx_house import GENEROUS, USER, free_port, running_nginx
from tests.scenarios.house import House
from tests.theme.conftest import Opened, Visitor

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
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
SMALL = """() => [...document.querySelectorAll("a[href], button, summary, input")].filter((one) => {
  const box = one.getBoundingClientRect();
  // A link within a sentence is as high as its line.
  const inSentence = one.closest(".body p, .body li, .body td, .lead, .warning, .long-url, .marks, .body h2, .body h3");
  return box.width > 1 && !inSentence && !one.matches(".skip, .print-url *") && box.height < 43.5;
}).map((one) => `${one.textContent.trim()} ${Math.round(one.getBoundingClientRect().height)} ${one.parentElement.className}`)"""
WHITE = """() => [...document.querySelectorAll("body, body *")].filter((one) => {
  const box = one.getBoundingClientRect();
  const [red, green, blue, alpha = 1] = (getComputedStyle(one).backgroundColor.match(/[\\d.]+/g) || []).map(Number);
  return box.width * box.height > 0 && alpha > 0.5 && red > 200 && green > 200 && blue > 200 && !one.closest(".band .search-box");
}).map((one) => one.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def nginx_city(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The demo city behind the real nginx."""
    if shutil.which("nginx") is None and not Path("/usr/sbin/nginx").exists():
        pytest.skip("nginx is missing. Install it: apt install nginx-light")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    listen = listen_addresses((str(port),), ipv6=False)
    made = Options(house.www, listen=listen, user=USER, run=folder, limits=GENEROUS)
    with running_nginx(configuration(house.cluster, made), folder, port):
        yield port


def mode_of(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--mode').trim()"))


def font_size(page: Page) -> float:
    return float(page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)"))


def chosen(visitor: Visitor, mode: str) -> Page:
    """The visitor's page with the cookie of a mode."""
    visitor.context.add_cookies([{"name": "mode", "value": mode, "domain": ".yunze.localhost", "path": "/"}])
    return visitor.page


@pytest.mark.browser
@pytest.mark.parametrize("has_script", [False, True], ids=["without script", "with script"])
def test_a_mode_shows_on_visited_pages_on_back_on_all_hosts_and_goes_again(
    chromium: Browser, nginx_city: int, has_script: bool
) -> None:
    context = chromium.new_context(java_script_enabled=has_script)
    page = context.new_page()
    base = f"http://portal.yunze.localhost:{nginx_city}"
    page.goto(f"{base}/news/")
    page.goto(f"{base}/about/history.html")
    assert mode_of(page) == ""
    page.click(".utility a[href='/_mode/elder']")
    page.wait_for_url(f"{base}/about/history.html")
    page.wait_for_selector(".mode-bar .to-normal")
    assert (mode_of(page), font_size(page)) == ("elder", 24)
    page.goto(f"{base}/news/")
    assert mode_of(page) == "elder"
    page.goto(f"http://english.yunze.localhost:{nginx_city}/")
    assert mode_of(page) == "elder"
    page.go_back()
    assert mode_of(page) == "elder"
    page.click(".mode-bar .to-normal")
    page.wait_for_selector(".mode-bar .to-normal", state="hidden")
    assert (mode_of(page), page.url) == ("", f"{base}/news/")
    page.goto(f"http://english.yunze.localhost:{nginx_city}/")
    assert mode_of(page) == ""
    context.close()


@pytest.mark.browser
def test_a_mode_shows_when_a_page_visited_before_the_choice_comes_back(chromium: Browser, nginx_city: int) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    base = f"http://portal.yunze.localhost:{nginx_city}"
    page.goto(f"{base}/news/")
    page.goto(f"{base}/topics/")
    page.click(".utility a[href='/_mode/text']")
    page.wait_for_selector(".mode-bar .to-normal")
    while page.url != f"{base}/news/":
        page.go_back()
    assert mode_of(page) == "text"
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize(("site", "path"), KINDS.values(), ids=KINDS)
def test_large_print_has_targets_contrast_and_width_for_everybody(visit: Opened, site: str, path: str) -> None:
    visitor = visit(has_script=False)
    page = chosen(visitor, "elder")
    visitor.go(path, site)
    assert page.locator(".main-nav .row > li:visible").count() == 5
    for width in (1440, 768, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(SMALL) == [], width
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), width
        assert page.locator(".mode-bar .to-normal").is_visible()


@pytest.mark.browser
@pytest.mark.parametrize("mode", ["elder", "yellow"])
def test_every_text_in_large_print_has_a_contrast_of_seven(visit: Opened, mode: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is missing. Run: npm ci")
    visitor = visit()
    page = chosen(visitor, mode)
    for kind in ("home", "column", "document", "repealed statute", "topic", "English home"):
        site, path = KINDS[kind]
        visitor.go(path, site)
        page.evaluate(AXE.read_text("utf-8"))
        found: Any = page.evaluate("axe.run({ runOnly: ['color-contrast-enhanced'] })")
        assert [node["html"] for one in found["violations"] for node in one["nodes"]] == [], kind


@pytest.mark.browser
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


@pytest.mark.browser
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


@pytest.mark.browser
@pytest.mark.parametrize(("kind", "words"), [("repealed statute", ".badge"), ("topic", ".topic-banner h1")])
def test_nothing_is_printed_white_on_white(visit: Opened, kind: str, words: str) -> None:
    visitor = visit(has_script=False)
    visitor.page.emulate_media(media="print")
    site, path = KINDS[kind]
    visitor.go(path, site)
    assert visitor.page.evaluate(f"getComputedStyle(document.querySelector('{words}')).color") == "rgb(0, 0, 0)"


@pytest.mark.browser
def test_the_head_of_a_table_stands_on_every_printed_page(visit: Opened) -> None:
    visitor = visit(has_script=False)
    visitor.page.emulate_media(media="print")
    visitor.go(KINDS["table"][1])
    assert visitor.page.evaluate("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"


@pytest.mark.browser
def test_the_dark_has_no_white_boxes(visit: Opened) -> None:
    visitor = visit(has_script=False)
    visitor.page.emulate_media(color_scheme="dark")
    for kind, (site, path) in KINDS.items():
        visitor.go(path, site)
        assert visitor.page.evaluate(WHITE) == [], kind
