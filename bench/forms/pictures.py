"""A site's pictures: small drawings made of its own colours."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from bench.bodies import PICTURES
from bench.tree import SiteShape

WIDTH, HEIGHT = 1200, 675
_BARS = 24


def pictures(site: SiteShape) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every picture."""
    for number in range(PICTURES):
        yield picture_name(number), _draw(site, Random(f"{site.key}/{number}"))


def picture_name(number: int) -> str:
    """A picture's file name."""
    return f"picture-{number}.svg"


def _draw(site: SiteShape, rng: Random) -> bytes:
    heights = [rng.randrange(60, 500) for _ in range(_BARS)]
    bars = "".join(
        f'<rect x="{n * 50}" y="{HEIGHT - height}" width="38" height="{height}" fill="{site.accent}"/>'
        for n, height in enumerate(heights)
    )
    sky = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{site.main}"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">{sky}{bars}</svg>\n'.encode()
