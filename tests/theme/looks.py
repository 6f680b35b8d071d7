"""Every look that a visitor may choose: modes (ADR 0019), the accessible mode's schemes, a dark desktop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Browser, BrowserContext

DOMAIN = ".yunze.localhost"


@dataclass(frozen=True, slots=True)
class Look:
    """A look: its cookies, light or dark, and whether AAA contrast is promised."""

    name: str
    cookies: tuple[tuple[str, str], ...] = ()
    scheme: Literal["light", "dark"] = "light"
    is_enhanced: bool = False


LOOKS = (
    Look("normal"),
    Look("dark", scheme="dark"),
    Look("elder", (("mode", "elder"),), is_enhanced=True),
    Look("yellow", (("mode", "yellow"),), is_enhanced=True),
    Look("text only", (("mode", "text"),)),
    Look("black on white", (("accessible", "o1c1"),), is_enhanced=True),
    Look("white on black", (("accessible", "o1c2"),), is_enhanced=True),
    Look("yellow on black", (("accessible", "o1c3"),), is_enhanced=True),
    Look("blue on yellow", (("accessible", "o1c4"),), is_enhanced=True),
)

LOOK = {look.name: look for look in LOOKS}


@contextmanager
def looking(
    browser: Browser, look: Look, *, width: int, height: int = 900, script: bool = True
) -> Iterator[BrowserContext]:
    """A profile with that look."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=look.scheme, reduced_motion="reduce",
        java_script_enabled=script,
    )  # fmt: skip
    context.set_default_timeout(10_000)
    rows = [{"name": name, "value": value, "domain": DOMAIN, "path": "/"} for name, value in look.cookies]
    context.add_cookies(rows)  # type: ignore[arg-type]
    try:
        yield context
    finally:
        context.close()
