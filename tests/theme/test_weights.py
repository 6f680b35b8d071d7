"""Promises about weight: what a cold visit fetches on a phone, counted by the compressed files that nginx would send."""

from __future__ import annotations

from typing import Literal
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser

from tests.scenarios.house import House
from tests.theme.looks import LOOK, looking
from tests.tools.sample import Sample, sample_pages
from tests.tools.weigh_pages import ARTICLE, HOME, KINDS

pytestmark = pytest.mark.browser

# Requests of a cold visit at 390 pixels, before anything is scrolled to; a home page has its pictures besides.
MOST_REQUESTS = {"home": 20, "column": 15, "article": 15, "statute": 15}


@pytest.fixture(scope="module")
def fetched(chromium: Browser, house: House, city: int) -> dict[Sample, list[str]]:
    """Every page of the table with the addresses that a phone asks for, its own first."""
    pages: dict[Sample, list[str]] = {}
    with looking(chromium, LOOK["normal"], width=390, height=844) as context:
        for page in (one for one in sample_pages(house) if one.kind in KINDS):
            tab = context.new_page()
            pages[page] = []
            tab.on("request", lambda request, to=pages[page]: to.append(request.url))
            # Home pages have pictures that come late; waiting for them costs half a second.
            wanted: Literal["networkidle", "load"] = "networkidle" if page.kind == "home" else "load"
            tab.goto(house.address(page.path).replace(f":{house.port}/", f":{city}/"), wait_until=wanted)
            tab.close()
    return pages


def weight(house: House, page: Sample, address: str) -> int:
    """Bytes of the file that nginx sends for the address: its Brotli version where it has one."""
    path = unquote(urlsplit(address).path).lstrip("/")
    inner = "index.html" if not path else f"{path}index.html" if path.endswith("/") else path
    file = house.file(inner if inner.startswith("assets/") else f"{page.site}/{inner}")
    compressed = file.with_name(f"{file.name}.br")
    return (compressed if compressed.exists() else file).stat().st_size


def test_an_article_and_its_sheets_are_one_first_flight(house: House, fetched: dict[Sample, list[str]]) -> None:
    weights = {
        page.path: sum(weight(house, page, one) for one in (asked[0], *(url for url in asked if url.endswith(".css"))))
        for page, asked in fetched.items()
        if page.kind == "article"
    }
    assert len(weights) == 7
    assert {path: size for path, size in weights.items() if size > ARTICLE} == {}


def test_a_home_page_keeps_to_its_weight_with_its_pictures(house: House, fetched: dict[Sample, list[str]]) -> None:
    weights = {
        page.path: sum(weight(house, page, one) for one in asked)
        for page, asked in fetched.items()
        if page.kind == "home"
    }
    assert len(weights) == 7
    assert {path: size for path, size in weights.items() if size > HOME} == {}


def test_nothing_is_asked_of_anybody_else_and_not_too_much(fetched: dict[Sample, list[str]]) -> None:
    foreign = [url for asked in fetched.values() for url in asked if not urlsplit(url).hostname.endswith(".localhost")]  # type: ignore[union-attr]
    many = {page.path: len(asked) for page, asked in fetched.items() if len(asked) > MOST_REQUESTS[page.kind]}
    assert (foreign, many) == ([], {})


def test_the_toolbar_is_not_fetched_before_it_is_wanted(fetched: dict[Sample, list[str]]) -> None:
    early = [url for asked in fetched.values() for url in asked if "/accessible." in url or "captions" in url]
    assert early == []
