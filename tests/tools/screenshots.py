"""The pictures of the documentation, taken from a running preview server.

`python -m tests.tools.screenshots --port 8080 --out docs/images` writes `<name>-1280.png` and
`<name>-390.png` for every page of the table below, at most 2400 px high and 200 KB heavy.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.tools.csp import ARGUMENTS, CHROMIUM

WIDTHS = (1280, 390)
MOST_HEIGHT = 2400
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
class Shot:
    """A picture to take: of the page at `path`, or of the first item that page leads to."""

    name: str
    site: str
    path: str = "/"
    first_item: bool = False


SHOTS = (
    Shot("portal-home", "portal"),
    Shot("portal-column", "portal", "/news/"),
    Shot("article", "portal", first_item=True),
    Shot("congress-home", "congress"),
    Shot("statute", "congress", "/fagui/falv/", first_item=True),
    Shot("english-home", "english"),
)


def take_pictures(base: str, shots: Sequence[Shot], out: Path) -> list[Path]:
    """Takes every shot at every width; `base` is the address of a site with `{site}` for its key.

    Raises:
        LookupError: a page that should lead to an item leads to none.
    """
    out.mkdir(parents=True, exist_ok=True)
    written = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for width in WIDTHS:
            page = browser.new_page(viewport={"width": width, "height": 900}, locale="zh-CN")
            for shot in shots:
                _open(page, base.format(site=shot.site), shot)
                file = out / f"{shot.name}-{width}.png"
                file.write_bytes(shrink(_photograph(page, width)))
                written.append(file)
        browser.close()
    return written


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


def main() -> int:
    """Takes all pictures of the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--domain", default="yunze.localhost")
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    arguments = parser.parse_args()
    base = f"http://{{site}}.{arguments.domain}:{arguments.port}"
    for file in take_pictures(base, SHOTS, arguments.out):
        print(f"{file} {file.stat().st_size // 1000} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
