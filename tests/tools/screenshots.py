"""Pictures of pages as visitors see them, at three widths and in every look; taken from a running server.

A look is what a visitor may have chosen: a mode (a cookie, ADR 0019), a colour scheme of the accessible mode (a cookie,
docs/accessible.md), or a dark desktop. Called by `make screenshots` and its tests.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.tools.csp import ARGUMENTS, CHROMIUM

WIDTHS = (390, 768, 1440)
MOST_HEIGHT = 3200
MOST_BYTES = 200_000

# The first dated item that the main part of a page links to.
_FIRST_ITEM = """() => {
  const links = [...document.querySelectorAll("main a[href]")];
  const first = links.find(link => /\\/\\d{4}\\/[a-z0-9-]+\\.html$/.test(new URL(link.href).pathname)
    && new URL(link.href).host === location.host);
  return first ? first.href : null;
}"""

# A lazy picture below the photograph, or in a closed menu, is never loaded and never decoded: nobody waits for it.
_DECODE_VISIBLE = """() => Promise.all([...document.images]
  .filter(image => image.offsetParent !== null && image.getBoundingClientRect().top < innerHeight)
  .map(image => image.decode().catch(() => null)))"""


@dataclass(frozen=True, slots=True)
class Look:
    """What a visitor has chosen: cookies, and light or dark."""

    cookies: Mapping[str, str]
    scheme: Literal["light", "dark"] = "light"


LOOKS: Mapping[str, Look] = {
    "": Look({}),
    "elder": Look({"mode": "elder"}),
    "yellow": Look({"mode": "yellow"}),
    "text": Look({"mode": "text"}),
    "dark": Look({}, "dark"),
    "contrast": Look({"accessible": "o1c3"}),
}


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture to take: of the page at `path`, or of the first item that page leads to, in a look of `LOOKS`."""

    name: str
    site: str
    path: str = "/"
    first_item: bool = False
    look: str = ""


def take_pictures(base: str, shots: Sequence[Shot], out: Path, widths: Sequence[int] = WIDTHS) -> list[Path]:
    """Takes every shot at every width; `base` is the address of a site with `{site}` for its key.

    Raises:
        LookupError: a page that should lead to an item leads to none.
    """
    out.mkdir(parents=True, exist_ok=True)
    written = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for look in dict.fromkeys(shot.look for shot in shots):
            for width in widths:
                page = _page(browser, base, LOOKS[look], width)
                for shot in (shot for shot in shots if shot.look == look):
                    _open(page, base.format(site=shot.site), shot)
                    file = out / f"{shot.name}-{width}.png"
                    file.write_bytes(shrink(_photograph(page, width)))
                    written.append(file)
                page.context.close()
        browser.close()
    return written


def _page(browser: Browser, base: str, look: Look, width: int) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, locale="zh-CN", color_scheme=look.scheme, reduced_motion="reduce"
    )
    domain = base.partition("{site}")[2].partition(":")[0]
    for name, value in look.cookies.items():
        context.add_cookies([{"name": name, "value": value, "domain": domain, "path": "/"}])
    return context.new_page()


def _open(page: Page, base: str, shot: Shot) -> None:
    page.goto(base + shot.path, wait_until="load")
    if not shot.first_item:
        return
    item = page.evaluate(_FIRST_ITEM)
    if item is None:
        raise LookupError(f"{base}{shot.path} links to no item: the picture {shot.name} cannot be taken.")
    page.goto(item, wait_until="load")


def _photograph(page: Page, width: int) -> bytes:
    height = min(MOST_HEIGHT, page.evaluate("document.documentElement.scrollHeight"))
    # Pictures below the fold are loaded lazily and only when they come into view.
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(_DECODE_VISIBLE)
    picture = page.screenshot(animations="disabled")
    page.set_viewport_size({"width": width, "height": 900})
    return picture


def shrink(png: bytes) -> bytes:
    """The picture with as many colours as fit into 200 KB, and smaller when even 16 are too many."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    while True:
        for colors in (256, 128, 64, 32, 16):
            small = _encode(picture.quantize(colors, dither=Image.Dither.NONE))
            if len(small) <= MOST_BYTES:
                return small
        picture = picture.reduce(2)


def _encode(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
