"""Promises of the tools on an article: print, copy the link, QR code, text size; and of the bundled encoder."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.theme.conftest import Opened, Visitor

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "themes/gov/static"
NODE_MODULES = ROOT / "node_modules"
ARTICLE = "/news/headlines/2026/east-hospital-opens.html"

pytestmark = pytest.mark.browser


def read_code(page: Page) -> str:
    """What a phone would read from the picture: drawn as pixels, and decoded by jsQR."""
    script = """async () => {
        const svg = document.querySelector(".page-qr svg").cloneNode(true);
        svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
        svg.setAttribute("width", 400); svg.setAttribute("height", 400);
        const canvas = Object.assign(document.createElement("canvas"), { width: 400, height: 400 });
        const context = canvas.getContext("2d");
        for (const path of svg.querySelectorAll("path")) {
            const side = svg.viewBox.baseVal.width;
            context.setTransform(400 / side, 0, 0, 400 / side, 1600 / side, 1600 / side);
            context.fillStyle = path.getAttribute("fill") || "#000";
            context.fill(new Path2D(path.getAttribute("d")));
        }
        const found = jsQR(context.getImageData(0, 0, 400, 400).data, 400, 400);
        return found && found.data;
    }"""
    return str(page.evaluate(script))


def opened(visitor: Visitor, path: str = ARTICLE, site: str = "portal") -> Page:
    visitor.go(path, site)
    visitor.page.wait_for_selector(".page-tools.ready")
    return visitor.page


def test_a_phone_reads_the_pages_address_from_its_code(visit: Opened) -> None:
    visitor = visit(script=(NODE_MODULES / "jsqr/dist/jsQR.js").read_text("utf-8"))
    page = opened(visitor)
    assert visitor.fetched("qr.js") == []
    page.click("button[name=qr]")
    page.wait_for_selector(".page-qr svg")
    assert read_code(page) == page.get_attribute("link[rel=canonical]", "href")
    assert page.get_attribute("button[name=qr]", "aria-expanded") == "true"
    page.click("button[name=qr]")
    assert not page.is_visible(".page-qr")
    page.click("button[name=qr]")
    assert page.is_visible(".page-qr")
    assert len(visitor.fetched("qr.js")) == 1


def test_the_link_is_copied_and_said(visit: Opened) -> None:
    visitor = visit()
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = opened(visitor)
    page.click("button[name=copy]")
    page.locator(".page-tools [role=status]", has_text="链接已复制").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.get_attribute("link[rel=canonical]", "href")


def test_where_a_browser_lets_no_page_copy_the_link_is_shown(visit: Opened) -> None:
    page = opened(visit(script="Object.defineProperty(navigator, 'clipboard', { value: undefined });"))
    page.click("button[name=copy]")
    assert page.get_attribute("link[rel=canonical]", "href") in page.inner_text(".page-tools [role=status]")


def test_print_prints_and_text_size_opens_the_toolbar(visit: Opened) -> None:
    page = opened(visit(script="window.print = () => { window.printed = true; };"))
    page.click("button[name=print]")
    assert page.evaluate("window.printed") is True
    page.click("button[name=size]")
    page.wait_for_selector(".accessible")


def test_without_script_no_button_is_there_that_does_nothing(visit: Opened) -> None:
    visitor = visit(has_script=False)
    visitor.go(ARTICLE)
    assert not visitor.page.is_visible(".page-tools button")


def test_showing_the_tools_moves_nothing(visit: Opened) -> None:
    page = opened(visit())
    shown = page.evaluate("document.querySelector('.body').getBoundingClientRect().top")
    page.evaluate("document.querySelector('.page-tools').classList.remove('ready')")
    assert page.evaluate("document.querySelector('.body').getBoundingClientRect().top") == shown


def test_the_encoder_is_what_its_library_bundles_to() -> None:
    source = ROOT / "tests/tools/qr.js"
    options = re.findall(r"^// options: (.*)$", source.read_text("utf-8"), re.MULTILINE)[0].split()
    esbuild = shutil.which("esbuild", path=str(NODE_MODULES / ".bin"))
    assert esbuild is not None, "run: sh tests/tools/packages.sh"
    made = subprocess.run([esbuild, source, *options], check=True, capture_output=True).stdout
    assert made == (STATIC / "qr.js").read_bytes(), "renew it with: make qr"
