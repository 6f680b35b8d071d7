"""Promises to people who enlarge: nothing scrolls sideways at 320 pixels or 200 %, and targets are large enough."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.scenarios.house import House
from tests.theme.looks import LOOK, looking
from tests.tools.sample import Sample, sample_pages

pytestmark = pytest.mark.browser

# Elements that stick out of the window and do not lie in a box of their own that scrolls.
STICKING_OUT = """() => {
  const wide = document.documentElement.clientWidth + 1;
  if (document.documentElement.scrollWidth <= wide) return [];
  return [...document.body.querySelectorAll("*")].filter(one => one.getBoundingClientRect().right > wide
    && ![...parents(one)].some(up => ["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(up).overflowX)))
    .map(one => one.tagName + "." + one.className).slice(0, 5).concat("the page");
  function* parents(one) { while ((one = one.parentElement)) yield one; }
}"""
# WCAG 2.5.8: links in running text are excepted, and what is small but stands alone (a circle of the size around it
# touches no other).
TOO_SMALL = """size => {
  const all = [...document.querySelectorAll("a[href], button, input, summary, select")]
    .filter(one => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".skip"))
    .map(one => ({ one, box: one.getBoundingClientRect() })).filter(({ box }) => box.width > 1 && box.height > 1);
  const inText = one => getComputedStyle(one).display === "inline" && one.closest("p, .body li, .body td, dd, figcaption, .meta")
    && one.closest("p, li, td, dd, figcaption, .meta").innerText.trim() !== one.innerText.trim();
  const near = (a, b) => {
    const x = a.left + a.width / 2, y = a.top + a.height / 2;
    const dx = Math.max(b.left - x, 0, x - b.right), dy = Math.max(b.top - y, 0, y - b.bottom);
    return Math.hypot(dx, dy) < size / 2;
  };
  return all.filter(({ one, box }) => (box.width < size - .5 || box.height < size - .5) && !inText(one)
    && (size > 24 || all.some(other => other.one !== one && !one.contains(other.one) && near(box, other.box))))
    .map(({ one, box }) => `${one.tagName}.${one.className} ${one.innerText.trim().slice(0, 20)} ${box.width | 0}×${box.height | 0}`);
}"""


@pytest.fixture(scope="module")
def pages(house: House) -> list[Sample]:
    """One page of every kind, from whichever site has it first, and all homes."""
    found: dict[str, Sample] = {}
    for page in sample_pages(house):
        found.setdefault(f"{page.site} home" if page.kind == "home" else page.kind, page)
    return list(found.values())


def _each(page: Page, house: House, port: int, pages: list[Sample]) -> Iterator[Sample]:
    for one in pages:
        page.goto(house.address(one.path).replace(f":{house.port}/", f":{port}/"), wait_until="load")
        yield one


@pytest.mark.parametrize(
    ("look", "width"),
    [("normal", 320), ("normal", 640), ("elder", 320), ("text only", 320)],
    ids=["320 pixels", "1280 pixels at 200 %", "elder mode", "text only"],
)
def test_no_page_scrolls_sideways(
    chromium: Browser, house: House, city: int, pages: list[Sample], look: str, width: int
) -> None:
    with looking(chromium, LOOK[look], width=width) as context:
        page = context.new_page()
        wrong = {one.path: out for one in _each(page, house, city, pages) if (out := page.evaluate(STICKING_OUT))}
    assert wrong == {}


@pytest.mark.parametrize(
    ("look", "size", "width"),
    [("normal", 24, 390), ("normal", 24, 1280), ("elder", 44, 390), ("yellow", 44, 1280)],
    ids=["a phone", "a desk", "elder mode", "yellow on black"],
)
def test_targets_are_large_enough(
    chromium: Browser, house: House, city: int, pages: list[Sample], look: str, size: int, width: int
) -> None:
    with looking(chromium, LOOK[look], width=width) as context:
        page = context.new_page()
        wrong = {
            one.path: small for one in _each(page, house, city, pages) if (small := page.evaluate(TOO_SMALL, size))
        }
    assert wrong == {}


def test_a_wide_table_scrolls_in_its_own_box(chromium: Browser, house: House, city: int, pages: list[Sample]) -> None:
    (one,) = [page for page in pages if page.kind == "table"]
    with looking(chromium, LOOK["normal"], width=320) as context:
        page = context.new_page()
        next(_each(page, house, city, [one]))
        box = page.locator(".table").first
        assert box.get_attribute("tabindex") == "0"
        assert box.get_attribute("aria-label")
        assert box.evaluate("one => getComputedStyle(one).overflowX") == "auto"
