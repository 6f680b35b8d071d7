"""Promises to people without a mouse: every stop is seen, follows the page's order, and nothing holds them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.theme.conftest import Opened
from tests.theme.looks import LOOKS

pytestmark = pytest.mark.browser

ARTICLE = "/news/headlines/2026/east-hospital-opens.html"
PAGES = {
    "the portal's home": ("portal", "/"),
    "an article": ("portal", ARTICLE),
    "a topic": ("congress", "/topics/fifth-session/"),
    "an English article": ("english", "/news/2026/river-law-first-inspection.html"),
    "an industry's home": ("tourism", "/"),
    "search": ("portal", "/search.html"),
}
# What has the focus, whether it is seen, and where it lies.
STOP = """() => {
  const now = document.activeElement;
  if (!now || now === document.body) return null;
  const box = now.getBoundingClientRect();
  const look = () => { const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(now);
    return [outlineStyle === "none" || !parseFloat(outlineWidth) ? "" : outlineWidth + outlineColor, boxShadow].join(); };
  const focused = look();
  now.blur();
  const ring = look() !== focused;
  now.focus({ preventScroll: true });
  return {
    name: (now.innerText || now.getAttribute("aria-label") || now.name || now.tagName).trim().slice(0, 40),
    place: [...document.querySelectorAll("*")].indexOf(now),
    ring,
    seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""
# Everything that the Tab key should come to.
STOPS = """() => [...document.querySelectorAll("a[href], button, input, summary, [tabindex='0'], video, audio")]
  .filter(one => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && !one.closest("[inert]")).length"""


def walk(page: Page, most: int = 400) -> list[dict[str, object]]:
    """Every stop from the top of the page until the focus leaves it."""
    stops = []
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None or (stops and stop["place"] == stops[0]["place"]):
            return stops
        stops.append(stop)
    raise AssertionError(f"the focus is held at {stops[-1]}")


@pytest.mark.parametrize(("site", "path"), PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("width", [1280, 390])
def test_the_tab_key_comes_to_everything_in_the_order_of_the_page(
    visit: Opened, site: str, path: str, width: int
) -> None:
    visitor = visit(width=width)
    visitor.go(path, site)
    expected = visitor.page.evaluate(STOPS)
    stops = walk(visitor.page)
    places = [stop["place"] for stop in stops]
    assert places == sorted(places)  # type: ignore[type-var]
    assert [stop["name"] for stop in stops if not stop["ring"]] == []
    assert [stop["name"] for stop in stops if not stop["seen"]] == []
    # A film is one stop of ours and several of the browser's own.
    assert len(set(places)) == expected


@pytest.mark.parametrize("look", [look for look in LOOKS if look.name in ("elder", "yellow", "text only", "dark")])
def test_the_ring_is_seen_in_every_look(visit: Opened, look: object) -> None:
    visitor = visit()
    cookies = [{"name": n, "value": v, "domain": ".yunze.localhost", "path": "/"} for n, v in look.cookies]  # type: ignore[attr-defined]
    visitor.context.add_cookies(cookies)
    visitor.page.emulate_media(color_scheme=look.scheme)  # type: ignore[attr-defined]
    visitor.go(ARTICLE)
    stops = walk(visitor.page)
    assert len(stops) > 15
    assert [stop["name"] for stop in stops if not stop["ring"]] == []


def test_the_first_stop_leads_to_the_content(visit: Opened) -> None:
    visitor = visit()
    visitor.go(ARTICLE)
    page = visitor.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["y"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null") is True


@pytest.mark.parametrize(("width", "summary"), [(390, ".menu summary"), (1280, ".more summary")])
def test_menus_open_and_close_from_the_keyboard(visit: Opened, width: int, summary: str) -> None:
    visitor = visit(width=width)
    visitor.go("/", "congress")
    page = visitor.page
    page.focus(summary)
    menu = page.locator(summary).locator("xpath=../ul")
    assert not menu.is_visible()
    page.keyboard.press("Enter")
    assert menu.is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('details ul') !== null")
    page.focus(summary)
    page.keyboard.press("Space")
    assert not menu.is_visible()


def test_the_toolbar_is_one_stop_and_gives_the_focus_back(visit: Opened) -> None:
    visitor = visit()
    visitor.go(ARTICLE)
    page = visitor.page
    page.focus(".accessible-link")
    page.keyboard.press("Enter")
    page.wait_for_selector(".accessible")
    page.wait_for_function("document.activeElement.closest('.accessible') !== null")
    first = page.evaluate("document.activeElement.innerText")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.innerText") != first
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.accessible')") is None
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.closest('.accessible') !== null")
    page.keyboard.press("Alt+Shift+KeyQ")
    assert page.locator("[role=toolbar]").count() == 0
    assert page.evaluate("document.activeElement.className") == "accessible-link"


def test_nothing_on_a_home_page_moves_by_itself(visit: Opened) -> None:
    visitor = visit()
    visitor.go("/")
    before = visitor.page.screenshot(animations="allow")
    visitor.page.wait_for_timeout(1500)
    assert visitor.page.screenshot(animations="allow") == before
    assert visitor.page.evaluate("document.getAnimations().length") == 0
