"""What tests of the theme in a browser share: the demo city over HTTP on a port of its own, and one Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, sync_playwright

from publish.preview import preview_app
from publish.preview_index import IndexPage
from tests.scenarios.house import House
from tests.tools.csp import ARGUMENTS, CHROMIUM
from tests.tools.serving import running

Opened = Callable[..., "Visitor"]


@dataclass(slots=True)
class Visitor:
    """Somebody with a browser: the page shown, what was fetched, and what went wrong."""

    page: Page
    context: BrowserContext
    port: int
    asked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def address(self, path: str = "/", site: str = "portal") -> str:
        """The address of a page of the demo city."""
        return f"http://{site}.yunze.localhost:{self.port}{path}"

    def go(self, path: str = "/", site: str = "portal") -> None:
        """Opens a page."""
        self.page.goto(self.address(path, site))

    def fetched(self, name: str) -> list[str]:
        """The fetched files of that name, whatever their hash."""
        stem, _, suffix = name.rpartition(".")
        names = (url.rpartition("/")[2] for url in self.asked)
        return [one for one in names if one.startswith(f"{stem}.") and one.endswith(f".{suffix}")]

    def hear(self, message: ConsoleMessage) -> None:
        """Notes an error that the browser tells, refusals of the policy among them."""
        if message.type == "error":
            self.wrong.append(message.text)


@pytest.fixture(scope="module")
def city(house: House) -> Iterator[int]:
    """The port on which the demo city is served; other files' tests have the house's own."""
    index = IndexPage(house.cluster.name["zh"], house.cluster.name["en"], ())
    with running(preview_app(house.www, hosts=house.hosts, index=index, domain=house.cluster.domain)) as port:
        yield port


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser; every test has a profile of its own in it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, city: int) -> Iterator[Opened]:
    """Makes visitors; a test fails in which the browser told an error."""
    visitors: list[Visitor] = []

    def open_for(*, script: str = "", width: int = 1280, height: int = 900, has_script: bool = True) -> Visitor:
        size: ViewportSize = {"width": width, "height": height}
        # Scrolling is done at once, so that a test may measure.
        context = chromium.new_context(viewport=size, reduced_motion="reduce", java_script_enabled=has_script)
        context.set_default_timeout(5000)
        if script:
            context.add_init_script(script)
        visitor = Visitor(context.new_page(), context, city)
        visitor.page.on("request", lambda request: visitor.asked.append(request.url))
        visitor.page.on("console", lambda message: visitor.hear(message))
        visitor.page.on("pageerror", lambda error: visitor.wrong.append(str(error)))
        visitors.append(visitor)
        return visitor

    yield open_for
    for visitor in visitors:
        visitor.context.close()
    assert [words for visitor in visitors for words in visitor.wrong] == []
