"""Promises to browsers without script, and that no look hides what the rules for government websites ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.scenarios.house import House
from tests.theme.looks import LOOK, looking
from tests.tools.sample import Sample, sample_pages

pytestmark = pytest.mark.browser

ARTICLE = "portal/news/headlines/2026/east-hospital-opens.html"
# Rules 1 to 6: header with name, languages, search and accessible mode; breadcrumb; the whole footer.
EVERYWHERE = (
    ".brand-name", ".search-box input", ".accessible-link", ".utility-links a[hreflang]",
    ".marks img >> nth=0", ".marks img >> nth=1", ".site-id", ".icp", ".police", ".owner", ".footer-links a[href='/sitemap.html']",
)  # fmt: skip
TAGS = ("SiteName", "SiteDomain", "SiteIDCode")


@pytest.fixture(scope="module")
def pages(house: House) -> list[Sample]:
    """Home, column, article, list, topic and a statute, from whichever site has one first."""
    found: dict[str, Sample] = {}
    for page in sample_pages(house):
        found.setdefault(page.kind, page)
    return [found[kind] for kind in ("home", "column", "list", "article", "page", "topic", "statute") if kind in found]


@pytest.fixture
def plain(chromium: Browser) -> Iterator[BrowserContext]:
    with looking(chromium, LOOK["normal"], width=390, script=False) as context:
        yield context


def at(house: House, city: int, path: str) -> str:
    return house.address(path).replace(f":{house.port}/", f":{city}/")


def opened(context: BrowserContext, house: House, city: int, path: str) -> Page:
    page = context.new_page()
    page.goto(at(house, city, path), wait_until="load")
    return page


@pytest.mark.parametrize("look", ["normal", "dark", "elder", "yellow", "text only"])
def test_no_look_hides_what_the_rules_ask_for(
    chromium: Browser, house: House, city: int, pages: list[Sample], look: str
) -> None:
    wrong = []
    with looking(chromium, LOOK[look], width=390, script=False) as context:
        for one in pages:
            page = opened(context, house, city, one.path)
            for wanted in EVERYWHERE:
                if not page.locator(wanted).first.is_visible():
                    wrong.append(f"{one.path}: {wanted}")
            if one.kind != "home" and not page.locator(".breadcrumb").is_visible():
                wrong.append(f"{one.path}: breadcrumb")
            wrong += [f"{one.path}: {tag}" for tag in TAGS if page.locator(f"meta[name={tag}]").count() != 1]
            page.close()
    assert wrong == []


def test_the_menu_opens_without_script(plain: BrowserContext, house: House, city: int) -> None:
    page = opened(plain, house, city, "portal/index.html")
    page.locator(".menu summary").click()
    page.locator(".menu ul a", has_text="办事服务").click()
    assert page.url == at(house, city, "portal/services/index.html")


def test_the_language_switch_leads_to_the_same_item(plain: BrowserContext, house: House, city: int) -> None:
    page = opened(plain, house, city, "portal/news/headlines/2026/yunze-river-phase2.html")
    link = page.locator(".languages a[hreflang=en]")
    assert link.get_attribute("href") == house.address("english/news/2026/yunze-river-phase-two-begins.html")


def test_the_headlines_are_a_list(plain: BrowserContext, house: House, city: int) -> None:
    page = opened(plain, house, city, "portal/index.html")
    titles = page.locator(".headline-grid a")
    assert titles.count() >= 6
    assert all(titles.nth(number).is_visible() for number in range(titles.count()))


def test_the_search_page_leads_to_the_columns(plain: BrowserContext, house: House, city: int) -> None:
    page = opened(plain, house, city, "portal/search.html")
    assert page.locator("main a[href='/news/']").first.is_visible()
    assert page.locator("main a").count() > 30


def test_the_accessible_link_leads_to_the_statement(plain: BrowserContext, house: House, city: int) -> None:
    page = opened(plain, house, city, ARTICLE)
    page.locator(".accessible-link").click()
    assert page.url == at(house, city, "portal/help/accessibility.html")


def test_films_have_controls_captions_and_a_transcript(plain: BrowserContext, house: House, city: int) -> None:
    film = next(page for page in sample_pages(house) if page.kind == "film")
    page = opened(plain, house, city, film.path)
    assert page.locator("video").get_attribute("controls") is not None
    assert page.locator("video track[kind=captions]").count() == 1
    sound = next(page for page in sample_pages(house) if page.kind == "sound")
    page = opened(plain, house, city, sound.path)
    summary = page.locator(".transcript summary").first
    summary.click()
    assert page.locator(".transcript p").first.is_visible()


def test_print_is_title_source_date_address_and_body(chromium: Browser, house: House, city: int) -> None:
    with looking(chromium, LOOK["normal"], width=800) as context:
        page = opened(context, house, city, ARTICLE)
        page.emulate_media(media="print")
        shown = page.evaluate("""() => [...document.body.querySelectorAll("*")].filter(one => one.checkVisibility()
            && [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim())
            && !one.closest(".body")).map(one => one.className || one.tagName)""")
    assert set(shown) <= {"article-title", "LI", "content-source", "pub-date", "print-url"}
    assert {"article-title", "content-source", "pub-date", "print-url"} <= set(shown)


def test_a_printed_table_repeats_its_head(chromium: Browser, house: House, city: int) -> None:
    table = next(page for page in sample_pages(house) if page.kind == "table")
    with looking(chromium, LOOK["normal"], width=800) as context:
        page = opened(context, house, city, table.path)
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"
        assert page.evaluate("getComputedStyle(document.querySelector('.table')).overflowX") == "visible"
