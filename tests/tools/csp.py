"""Every page in a real browser: what the Content Security Policy refuses, what fails or leaves the cluster.

One Chromium, a few tabs that are used again and again. `*.localhost` needs no resolver: Chromium knows it.
Called by the tests and by `python -m tests.tools.csp URL…`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    Response,
    async_playwright,
)

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
TABS = 4
TIMEOUT_MS = 30_000

# Runs before anything of the page, in every frame; the page's own policy does not apply to it.
_LISTEN = """addEventListener("securitypolicyviolation", event => {
  const {effectiveDirective: rule, blockedURI, sourceFile, lineNumber, sample} = event;
  (window.__violations ??= []).push(`${rule}: ${blockedURI} ${sourceFile}:${lineNumber} ${sample}`);
});"""


@dataclass(frozen=True, slots=True, order=True)
class PageFinding:
    """Something wrong with a page; `kind` is csp, console, script, failed, status, foreign or load."""

    url: str
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.url}: {self.text}"


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie that every page is opened with, to test a mode."""

    name: str
    value: str
    domain: str


def visit(urls: Sequence[str], *, cookies: Sequence[Cookie] = ()) -> list[PageFinding]:
    """Opens every URL and gives what went wrong, sorted; a request to a host that no URL has is foreign."""
    return asyncio.run(_visit(urls, cookies))


async def _visit(urls: Sequence[str], cookies: Sequence[Cookie]) -> list[PageFinding]:
    hosts = frozenset(urlsplit(url).hostname or "" for url in urls)
    waiting = iter(urls)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await _open_context(browser, cookies)
        tabs = [_Tab(await context.new_page(), hosts) for _ in range(min(TABS, len(urls)))]
        # All tabs take from one iterator, so a slow page holds up its own tab only.
        await asyncio.gather(*(tab.visit_all(waiting) for tab in tabs))
        await browser.close()
    return sorted({finding for tab in tabs for finding in tab.findings})


async def _open_context(browser: Browser, cookies: Sequence[Cookie]) -> BrowserContext:
    context = await browser.new_context()
    await context.add_init_script(_LISTEN)
    for cookie in cookies:
        await context.add_cookies([{"name": cookie.name, "value": cookie.value, "domain": cookie.domain, "path": "/"}])
    return context


class _Tab:
    """One tab and what it found; `url` is the page it shows now."""

    def __init__(self, page: Page, hosts: frozenset[str]) -> None:
        self.page, self.hosts = page, hosts
        self.url = ""
        self.findings: list[PageFinding] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self._note("script", str(error)))
        page.on("request", self._see_request)
        page.on("requestfailed", self._see_failure)
        page.on("response", self._see_response)

    async def visit_all(self, urls: Iterable[str]) -> None:
        """Opens the URLs one after the other."""
        for self.url in urls:
            try:
                await self.page.goto(self.url, wait_until="load", timeout=TIMEOUT_MS)
                for violation in await self.page.evaluate("window.__violations ?? []"):
                    self._note("csp", violation)
            except Error as error:
                self._note("load", error.message)

    def _note(self, kind: str, text: str) -> None:
        self.findings.append(PageFinding(self.url, kind, text.strip()))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note("console", f"{message.text} ({message.location['url']})")

    def _see_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in self.hosts:
            self._note("foreign", request.url)

    def _see_failure(self, request: Request) -> None:
        # Aborted: a film's first bytes, or what the next page cut short.
        if request.failure != "net::ERR_ABORTED":
            self._note("failed", f"{request.url} {request.failure}")

    def _see_response(self, response: Response) -> None:
        if response.status >= 400:
            self._note("status", f"{response.url} {response.status}")


def main() -> int:
    """Visits the given URLs and prints what was found; returns 1 when anything was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("urls", nargs="+", metavar="URL")
    urls = parser.parse_args().urls
    findings = visit(urls)
    for finding in findings:
        print(finding)
    print(f"{len(urls)} pages, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
