"""A sample of `make axe`: a few kinds of pages in a few looks break no rule of WCAG; and axe does find what is wrong."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.scenarios.house import House
from tests.theme.axe import judge, prepare
from tests.theme.looks import LOOK, looking
from tests.tools.sample import Sample, sample_pages

pytestmark = pytest.mark.browser

SAMPLE = (
    ("portal", "home"), ("portal", "article"), ("congress", "statute"), ("portal", "search"), ("portal", "traditional page"),
    ("english", "article"), ("tourism", "gallery"), ("portal", "table"), ("apple", "404"),
)  # fmt: skip


@pytest.fixture(scope="module")
def pages(house: House) -> list[Sample]:
    """The pages of the sample that this house has; without the real statutes it may lack their kind."""
    return [page for page in sample_pages(house) if (page.site, page.kind) in SAMPLE]


@pytest.mark.parametrize("look", ["normal", "dark", "elder", "yellow"])
def test_no_rule_is_broken(chromium: Browser, house: House, city: int, pages: list[Sample], look: str) -> None:
    assert len(pages) >= 7
    broken = {}
    with looking(chromium, LOOK[look], width=390) as context:
        prepare(context)
        tab = context.new_page()
        for page in pages:
            tab.goto(house.address(page.path).replace(f":{house.port}/", f":{city}/"), wait_until="load")
            found = judge(tab, is_enhanced=LOOK[look].is_enhanced).violations
            broken |= {page.path: [str(one) for one in found]} if found else {}
    assert broken == {}


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=/x.png>')", "image-alt"),
        ("document.documentElement.removeAttribute('lang')", "html-has-lang"),
        ("document.querySelector('h1').style.color = '#bbb'", "color-contrast"),
        ("document.querySelector('main a').textContent = ''", "link-name"),
    ],
    ids=["a picture without words", "a page without language", "pale grey", "a link without words"],
)
def test_axe_finds_what_is_wrong(
    chromium: Browser, house: House, city: int, pages: list[Sample], fault: str, rule: str
) -> None:
    with looking(chromium, LOOK["normal"], width=1280) as context:
        prepare(context)
        tab = context.new_page()
        tab.goto(house.address("portal/help/contact.html").replace(f":{house.port}/", f":{city}/"), wait_until="load")
        tab.evaluate(fault)
        assert rule in {one.rule for one in judge(tab).violations}
