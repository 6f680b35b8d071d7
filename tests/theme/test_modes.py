"""Promises of the modes in a browser, behind the real nginx: chosen without script, and shown wherever one goes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.publish.nginx_house import RunningNginx
from tests.scenarios.house import House
from tests.theme.conftest import Opened
from tests.tools.nginx_city import behind_nginx

pytestmark = pytest.mark.browser

COLUMN = "/news/headlines/"
ARTICLE = "/news/headlines/2026/east-hospital-opens.html"


@pytest.fixture(scope="module")
def nginx(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNginx]:
    with behind_nginx(house, tmp_path_factory.mktemp("nginx")) as running:
        yield running


@pytest.fixture(params=[False, True], ids=["without script", "with script"])
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, java_script_enabled=request.param)
    context.set_default_timeout(5000)
    yield context.new_page()
    context.close()


def address(nginx: RunningNginx, path: str, site: str = "portal") -> str:
    return f"http://{site}.yunze.localhost:{nginx.port}{path}"


def mode(page: Page) -> str:
    """The mode that the page shows, by what it shows: the bar that leads back, and pictures."""
    page.wait_for_timeout(100)
    if not page.locator(".mode-bar").is_visible():
        return "normal"
    if page.locator(".to-yellow").is_visible():
        return "elder"
    return "yellow" if page.locator(".to-elder").is_visible() else "text"


def choose(page: Page, words: str) -> None:
    with page.expect_event("load"):
        page.get_by_role("link", name=words, exact=True).first.click()


def test_a_choice_shows_on_pages_seen_before_and_on_the_way_back(page: Page, nginx: RunningNginx) -> None:
    page.goto(address(nginx, ARTICLE))
    page.goto(address(nginx, COLUMN))
    assert mode(page) == "normal"

    choose(page, "长者版")
    assert (page.url, mode(page)) == (address(nginx, COLUMN), "elder")
    page.goto(address(nginx, ARTICLE))
    assert mode(page) == "elder"
    page.go_back()
    assert mode(page) == "elder"

    choose(page, "黑底黄字")
    assert mode(page) == "yellow"
    choose(page, "返回普通版")
    assert (page.url, mode(page)) == (address(nginx, COLUMN), "normal")
    page.goto(address(nginx, ARTICLE))
    assert mode(page) == "normal"
    assert [cookie["name"] for cookie in page.context.cookies()] == []


def test_going_back_to_a_page_of_before_the_choice_shows_the_choice(page: Page, nginx: RunningNginx) -> None:
    page.goto(address(nginx, ARTICLE))
    page.goto(address(nginx, COLUMN))
    choose(page, "纯文字")
    while page.url != address(nginx, ARTICLE):
        page.go_back()
    assert mode(page) == "text"


def test_a_choice_holds_on_all_sites_of_the_cluster(page: Page, nginx: RunningNginx) -> None:
    page.goto(address(nginx, "/"))
    choose(page, "长者版")
    page.goto(address(nginx, "/", "english"))
    assert mode(page) == "elder"
    choose(page, "Back to normal view")
    page.goto(address(nginx, "/", "congress"))
    assert mode(page) == "normal"


@pytest.mark.parametrize("path", ["/", COLUMN, ARTICLE, "/sitemap.html", "/404.html"])
def test_the_way_back_to_the_normal_view_is_always_in_view(chromium: Browser, nginx: RunningNginx, path: str) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    host = "yunze.localhost"
    context.add_cookies([{"name": "mode", "value": "elder", "domain": f".{host}", "path": "/"}])
    page = context.new_page()
    page.goto(address(nginx, path))
    for _ in range(3):
        box = page.locator(".to-normal").bounding_box()
        assert box is not None
        assert 0 <= box["y"] < 60, box
        assert box["height"] >= 44
        page.mouse.wheel(0, 700)
    context.close()


def test_a_mirror_without_server_shows_the_mode_by_script(visit: Opened) -> None:
    visitor = visit()
    # What a mirror answers: the same sheet for everybody.
    visitor.page.route("**/_mode.css*", lambda route: route.fulfill(content_type="text/css", body=":root{}"))
    visitor.page.route("**/_mode/*", lambda route: route.abort())
    visitor.go(ARTICLE)
    with visitor.page.expect_event("load"):
        visitor.page.get_by_role("link", name="长者版", exact=True).click()
    visitor.page.wait_for_function("getComputedStyle(document.documentElement).fontSize === '24px'")
    assert visitor.page.locator(".to-normal").is_visible()
