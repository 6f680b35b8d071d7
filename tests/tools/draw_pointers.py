"""The large pointers of the accessible mode: `accessible-arrow.png` and `accessible-hand.png` of the theme.

Drawn by us, black with a white rim and a thin black edge, so that they show on every ground. PNG, because Safari takes
no SVG as a pointer. Run by a developer: `python -m tests.tools.draw_pointers`.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

STATIC = Path(__file__).parents[2] / "themes" / "gov" / "static"
SIZE = 64
# Drawn larger and made smaller, for smooth edges.
SCALE = 8
RIM, EDGE = 3, 1
ARROW = [(6, 5), (6, 48), (16, 39), (23, 55), (31, 51), (24, 36), (38, 35)]
# Rounded bars: left, top, right, bottom. The finger, three knuckles, the palm.
HAND = [(19, 5, 27, 40), (26, 22, 34, 42), (33, 24, 41, 42), (40, 27, 48, 44), (19, 34, 48, 58)]
THUMB = [(20, 49), (9, 37), (13, 32), (22, 38)]


def arrow() -> Image.Image:
    """The shape of the arrow, white on black."""
    shape = Image.new("L", (SIZE * SCALE, SIZE * SCALE))
    ImageDraw.Draw(shape).polygon([(x * SCALE, y * SCALE) for x, y in ARROW], fill=255)
    return shape


def hand() -> Image.Image:
    """The shape of the hand."""
    shape = Image.new("L", (SIZE * SCALE, SIZE * SCALE))
    draw = ImageDraw.Draw(shape)
    for left, top, right, bottom in HAND:
        draw.rounded_rectangle([left * SCALE, top * SCALE, right * SCALE, bottom * SCALE], radius=4 * SCALE, fill=255)
    draw.polygon([(x * SCALE, y * SCALE) for x, y in THUMB], fill=255)
    return shape


def drawn(shape: Image.Image) -> Image.Image:
    """The shape with its rim and edge, in the size of a pointer."""
    picture = Image.new("RGBA", shape.size, (0, 0, 0, 0))
    for width, colour in ((RIM + EDGE, "black"), (RIM, "white"), (0, "black")):
        picture.paste(Image.new("RGBA", shape.size, colour), mask=_widened(shape, width * SCALE))
    return picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


def _widened(shape: Image.Image, by: int) -> Image.Image:
    return shape.filter(ImageFilter.MaxFilter(2 * by + 1)) if by else shape


def main() -> None:
    """Writes both."""
    for name, shape in (("arrow", arrow()), ("hand", hand())):
        drawn(shape).quantize(16).save(STATIC / f"accessible-{name}.png", optimize=True)


if __name__ == "__main__":
    main()
