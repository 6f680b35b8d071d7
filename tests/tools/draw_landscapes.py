"""Draws the demo's large landscapes of the fictional city of Yunze: `python -m tests.tools.draw_landscapes [FOLDER]`.

Every picture is layers of flat shapes with gradients, drawn twice as large as it is kept, without any source picture;
chance comes from a fixed seed, so the same Pillow gives the same bytes. 1600 × 900 JPEG, at most 150 kB each.
"""

from __future__ import annotations

import io
import math
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

CONTENT = Path(__file__).parents[2] / "content"
WIDTH, HEIGHT, SCALE = 1600, 900, 2
HEAVIEST = 150_000
Point = tuple[float, float]


@dataclass
class Canvas:
    """A picture in the making; all lengths are those of the finished picture."""

    seed: int
    image: Image.Image = field(default_factory=lambda: Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE)))
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    @property
    def pen(self) -> ImageDraw.ImageDraw:
        """Draws on the picture, see-through where a colour says so."""
        return ImageDraw.Draw(self.image, "RGBA")

    def sky(self, *colors: str, bottom: float = HEIGHT) -> None:
        """Bands of colour from top to bottom, melting into each other."""
        band = Image.new("RGB", (1, len(colors)))
        for row, color in enumerate(colors):
            band.paste(color, (0, row, 1, row + 1))
        size = (WIDTH * SCALE, round(bottom * SCALE))
        self.image.paste(band.resize(size, Image.Resampling.BICUBIC), (0, 0))

    def fill(self, points: Sequence[Point], top: str, bottom: str) -> None:
        """A shape that goes from one colour to another."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        left, right = (round(edge(x for x, _ in scaled)) for edge in (min, max))
        high, low = (round(edge(y for _, y in scaled)) for edge in (min, max))
        size = (max(1, right - left), max(1, low - high))
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).polygon([(x - left, y - high) for x, y in scaled], fill=255)
        ramp = Image.linear_gradient("L").resize(size)
        paint = Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp)
        self.image.paste(paint, (left, high), mask)

    def ridge(self, y: float, height: float, top: str, bottom: str, *, waves: float = 3, rough: float = 0.5) -> None:
        """A line of hills across the picture, down to its lower edge."""
        tones = [(waves * 2**n, height * rough**n, self.chance.uniform(0, math.tau)) for n in range(7)]
        line = [(float(x), y - sum(a * math.sin(x / WIDTH * math.pi * f + p) for f, a, p in tones) / 2)
                for x in range(0, WIDTH + 8, 8)]  # fmt: skip
        self.fill([(0, HEIGHT), *line, (WIDTH, HEIGHT)], top, bottom)

    def glow(self, x: float, y: float, radius: float, color: str, strength: int = 200) -> None:
        """Light that fades outwards."""
        side = round(radius * 2 * SCALE)
        mask = Image.radial_gradient("L").resize((side, side)).point(lambda v: max(0, (150 - v) * strength // 150))
        self.image.paste(
            Image.new("RGB", (side, side), color), (round((x - radius) * SCALE), round((y - radius) * SCALE)), mask
        )

    def disc(self, x: float, y: float, radius: float, color: str) -> None:
        """A round spot."""
        self.pen.ellipse([v * SCALE for v in (x - radius, y - radius, x + radius, y + radius)], fill=color)

    def oval(self, x: float, y: float, wide: float, high: float, color: str) -> None:
        """An oval spot around a point."""
        self.pen.ellipse([v * SCALE for v in (x - wide, y - high, x + wide, y + high)], fill=color)

    def box(self, x: float, y: float, wide: float, high: float, color: str) -> None:
        """A rectangle from its upper left corner."""
        self.pen.rectangle([v * SCALE for v in (x, y, x + wide, y + high)], fill=color)

    def shape(self, points: Sequence[Point], color: str) -> None:
        """A shape of one colour."""
        self.pen.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=color)

    def line(self, points: Sequence[Point], color: str, width: float) -> None:
        """A line with round joints."""
        self.pen.line(
            [(x * SCALE, y * SCALE) for x, y in points], fill=color, width=round(width * SCALE), joint="curve"
        )

    def clouds(self, count: int, low: float, color: str = "#ffffff66") -> None:
        """Long thin clouds."""
        for _ in range(count):
            x, y = self.chance.uniform(0, WIDTH), self.chance.uniform(60, low)
            for _ in range(4):
                wide = self.chance.uniform(50, 150)
                self.oval(x + self.chance.uniform(-110, 110), y + self.chance.uniform(-6, 6), wide, wide / 9, color)

    def water(self, top: float, colors: tuple[str, str], shine: str, *, light: float = WIDTH / 2) -> None:
        """Water to the lower edge with a softened picture of what stands above it, ripples and a path of light."""
        edge = round(top * SCALE)
        above = self.image.crop((0, max(0, 2 * edge - HEIGHT * SCALE), WIDTH * SCALE, edge)).transpose(
            Image.Transpose.FLIP_TOP_BOTTOM
        )
        above = above.filter(ImageFilter.GaussianBlur(9 * SCALE))
        self.fill([(0, top), (WIDTH, top), (WIDTH, HEIGHT), (0, HEIGHT)], *colors)
        below = self.image.crop((0, edge, WIDTH * SCALE, edge + above.height))
        self.image.paste(Image.blend(below, above, 0.42), (0, edge))
        for _ in range(170):
            depth = self.chance.random() ** 1.5
            y, wide = top + 4 + depth * (HEIGHT - top), self.chance.uniform(12, 40) * (0.6 + 2 * depth)
            self.oval(self.chance.uniform(0, WIDTH), y, wide, 0.7 + depth * 1.3, "#ffffff20")
        for step in range(46):
            depth = (step / 46) ** 1.3
            wide = self.chance.uniform(14, 60) * (0.4 + depth)
            self.oval(
                light + self.chance.uniform(-40, 40) * (0.5 + depth),
                top + 6 + depth * (HEIGHT - top),
                wide,
                1.2 + 2.4 * depth,
                shine,
            )

    def tree(self, x: float, y: float, size: float, leaf: str, light: str, fruit: str = "") -> None:
        """A round tree that stands at a point, with fruit if it has a colour."""
        self.oval(x, y, size * 0.55, size * 0.1, "#00000026")
        self.shape(
            [
                (x - size * 0.07, y),
                (x + size * 0.07, y),
                (x + size * 0.04, y - size * 0.6),
                (x - size * 0.04, y - size * 0.6),
            ],
            "#5b4230",
        )
        for dx, dy, radius in ((-0.28, 0.62, 0.3), (0.28, 0.62, 0.3), (0, 0.85, 0.38), (0, 0.55, 0.34)):
            self.disc(x + dx * size, y - dy * size, radius * size, leaf)
        for dx, dy, radius in ((-0.1, 0.95, 0.2), (-0.32, 0.7, 0.15), (0.16, 0.72, 0.16)):
            self.disc(x + dx * size, y - dy * size, radius * size, light)
        for _ in range(round(size / 5) if fruit else 0):
            angle, far = self.chance.uniform(0, math.tau), self.chance.uniform(0.05, 0.42)
            fx, fy = x + math.cos(angle) * far * size * 1.1, y - size * 0.7 + math.sin(angle) * far * size
            self.disc(fx, fy, max(1.6, size * 0.045), fruit)

    def roof(self, x: float, y: float, wide: float, high: float, wall: str, tiles: str, *, lit: bool = False) -> None:
        """A house of the old town: white wall, dark swept roof, windows, from its lower left corner."""
        self.box(x, y - high, wide, high, wall)
        eave, top = wide * 0.12, high * 0.5
        self.shape([(x - eave, y - high + 3), (x + wide * 0.08, y - high - top), (x + wide * 0.92, y - high - top),
                    (x + wide + eave, y - high + 3), (x + wide / 2, y - high - 5)], tiles)  # fmt: skip
        self.box(x + wide * 0.05, y - high - top - 5, wide * 0.9, 6, tiles)
        for number in range(3):
            color = "#ffd27a" if lit and self.chance.random() < 0.8 else "#6a4a38"
            self.box(x + wide * (0.12 + 0.28 * number), y - high * 0.72, wide * 0.18, high * 0.34, color)

    def cow(self, x: float, y: float, size: float, color: str, *, left: bool) -> None:
        """A red cow that grazes or looks up."""
        turn = -1 if left else 1
        self.oval(x, y + size * 0.02, size * 0.62, size * 0.07, "#00000030")
        for dx in (-0.36, -0.22, 0.24, 0.38):
            self.box(x + dx * size - size * 0.045, y - size * 0.4, size * 0.09, size * 0.4, "#5d2a18")
        self.pen.rounded_rectangle(
            [v * SCALE for v in (x - size * 0.5, y - size * 0.74, x + size * 0.5, y - size * 0.26)],
            radius=size * 0.2 * SCALE,
            fill=color,
        )
        graze = self.chance.random() < 0.55
        hx, hy = x + turn * size * 0.68, y - size * (0.16 if graze else 0.8)
        self.line([(x + turn * size * 0.36, y - size * 0.58), (hx - turn * size * 0.06, hy)], color, size * 0.26)
        self.oval(hx, hy, size * 0.19, size * 0.13, color)
        self.line(
            [(hx - turn * size * 0.08, hy - size * 0.1), (hx - turn * size * 0.02, hy - size * 0.22)],
            "#efe2c4",
            size * 0.04,
        )
        self.line(
            [(x - turn * size * 0.48, y - size * 0.64), (x - turn * size * 0.56, y - size * 0.22)],
            "#5d2a18",
            size * 0.04,
        )

    def jpeg(self) -> bytes:
        """The finished picture, as good as its weight allows."""
        small = self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        for quality in range(88, 50, -3):
            out = io.BytesIO()
            small.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
            if out.tell() <= HEAVIEST:
                return out.getvalue()
        raise ValueError("The picture is too rich for its weight.")


def _skyline(c: Canvas, base: float, count: int, tallest: float, color: str, window: str) -> None:
    for number in range(count):
        wide = c.chance.uniform(36, 74)
        x = 420 + number * (820 / count) + c.chance.uniform(-10, 10)
        high = tallest * (0.35 + 0.65 * math.exp(-(((x - 860) / 300) ** 2))) * c.chance.uniform(0.6, 1)
        c.box(x, base - high, wide, high, color)
        c.box(x + wide * 0.72, base - high, wide * 0.28, high, "#00000018")
        for row in range(int(high / 15)):
            for place in range(int(wide / 13)):
                if c.chance.random() < 0.6:
                    c.box(x + 5 + place * 12, base - high + 8 + row * 14, 5, 7, window)


def _bridge(c: Canvas, y: float, color: str) -> None:
    for number in range(-1, 5):
        x = 40 + number * 340
        arch = [(x + 330 * t / 24, y - 86 * math.sin(math.pi * t / 24)) for t in range(25)]
        c.line(arch, color, 8)
        for px, py in arch[2:-2:2]:
            c.line([(px, py), (px, y)], color, 2.4)
        c.box(x - 9, y, 18, 46, color)
    c.box(0, y - 4, WIDTH, 11, color)


def river_dawn(c: Canvas) -> None:
    """The Yunze River at dawn, with the new bridge and the town."""
    c.sky("#5d8fc9", "#9cc2e4", "#fbe3c0", "#fdd3a2", bottom=560)
    c.glow(1130, 400, 330, "#fff1c9", 235)
    c.disc(1130, 400, 46, "#fff6dc")
    c.clouds(9, 300)
    c.ridge(440, 110, "#93aed0", "#c5d5e6")
    c.ridge(480, 80, "#6f94b8", "#a5c2d6", waves=4)
    _skyline(c, 540, 20, 230, "#5a7fa9", "#e8f2fb90")
    c.ridge(530, 26, "#4c7f6b", "#3c6a58", waves=6)
    c.water(548, ("#7fb0d6", "#16507f"), "#fff0cc70", light=1130)
    _bridge(c, 596, "#f4f8fc")
    c.ridge(850, 40, "#2f7a55", "#1c573c", waves=2)
    for x in range(40, 1600, 130):
        c.tree(
            x + c.chance.uniform(-20, 20),
            858 + c.chance.uniform(-8, 20),
            c.chance.uniform(80, 120),
            "#24694a",
            "#3c8a62",
        )


def city_evening(c: Canvas) -> None:
    """The town at dusk, lights on the water."""
    c.sky("#1c2d5c", "#3d4f8c", "#a8719a", "#f3a871", bottom=560)
    c.glow(760, 520, 420, "#ffd9a0", 190)
    c.clouds(8, 330, "#ffd7c030")
    c.ridge(450, 120, "#5a5685", "#8a7598")
    c.ridge(500, 60, "#3f4876", "#5f6490", waves=4)
    _skyline(c, 552, 26, 300, "#26345f", "#ffd98acc")
    c.water(552, ("#a3789b", "#101d44"), "#ffd98a80", light=800)
    _bridge(c, 610, "#cdd6ef")
    c.ridge(868, 30, "#14264a", "#0c1833", waves=2)
    for x in range(20, 1600, 110):
        c.tree(x, 876 + c.chance.uniform(-4, 12), c.chance.uniform(60, 100), "#14294c", "#1f3a63")


def power_plant(c: Canvas) -> None:
    """The Heiyan power plant behind its field of solar panels."""
    c.sky("#6fa5cf", "#b5d4e6", "#f3e9d2", bottom=600)
    c.glow(330, 260, 260, "#fff4cf", 220)
    c.disc(330, 260, 40, "#fffae6")
    c.clouds(8, 280)
    c.ridge(420, 120, "#8fa9bb", "#c2d2d8")
    c.ridge(480, 70, "#7296a0", "#a6c0bf", waves=4)
    for x, size in ((980, 1.0), (1170, 1.12)):
        wide, high, base = 76 * size, 250 * size, 585.0
        for puff in range(9):
            radius = (26 + puff * 8) * size
            c.oval(x + puff * 30, base - high - 10 - puff * 22, radius * 1.3, radius * 0.8, "#ffffff70")
        side = [(wide * (0.62 + 0.38 * ((t - 0.7) / 0.7) ** 2), base - high * t) for t in [n / 12 for n in range(13)]]
        c.shape([(x - w, y) for w, y in side] + [(x + w, y) for w, y in reversed(side)], "#dfe6e9")
        c.shape([(x + w * 0.3, y) for w, y in side] + [(x + w, y) for w, y in reversed(side)], "#b9c7cf")
    c.box(1290, 330, 22, 255, "#e7ebed")
    for y in (330, 386, 442):
        c.box(1290, y, 22, 24, "#b8483a")
    c.box(760, 500, 150, 90, "#c7d1d6")
    c.box(1330, 480, 210, 110, "#aebcc5")
    c.box(1330, 480, 210, 12, "#234b5e")
    c.ridge(600, 36, "#7fa070", "#55794f", waves=4)
    for row in range(7):
        y, tall, step = 640 + row * row * 6.2 + row * 6, 16 + row * 6.5, 120 + row * 26
        for x in range(-60, 1660, round(step)):
            left = x + (row % 2) * step / 2
            c.shape(
                [
                    (left, y + tall),
                    (left + step * 0.14, y),
                    (left + step * 0.86, y - 2),
                    (left + step * 0.76, y + tall),
                ],
                "#1d4a72",
            )
            c.shape(
                [
                    (left + 4, y + tall - 3),
                    (left + step * 0.16, y + 2),
                    (left + step * 0.46, y),
                    (left + step * 0.38, y + tall - 3),
                ],
                "#3f79a8",
            )
            c.line([(left + step * 0.4, y + tall), (left + step * 0.4, y + tall * 1.5)], "#8d9aa0", 2)


def wind_hills(c: Canvas) -> None:
    """Wind turbines on the hills north of the mines."""
    c.sky("#4f93c4", "#a9d2ea", "#eef5ee", bottom=620)
    c.clouds(14, 360)
    c.ridge(500, 130, "#9dbccb", "#cfdfe0")
    c.ridge(560, 120, "#86ab95", "#b4cdb0", waves=3)
    for x, y, size in ((240, 520, 0.8), (520, 500, 1.0), (860, 470, 1.25), (1180, 500, 0.95), (1430, 520, 0.75)):
        c.shape(
            [
                (x - 5 * size, y + 170 * size),
                (x + 5 * size, y + 170 * size),
                (x + 2.4 * size, y - 130 * size),
                (x - 2.4 * size, y - 130 * size),
            ],
            "#ffffff",
        )
        start = c.chance.uniform(0, math.tau)
        for blade in range(3):
            angle = start + blade * math.tau / 3
            tip = (x + math.cos(angle) * 112 * size, y - 130 * size + math.sin(angle) * 112 * size)
            c.shape(
                [
                    (x + math.cos(angle + 1.4) * 7 * size, y - 130 * size + math.sin(angle + 1.4) * 7 * size),
                    tip,
                    (x, y - 130 * size),
                ],
                "#f6fafc",
            )
        c.disc(x, y - 130 * size, 6 * size, "#d7e0e6")
    c.ridge(680, 90, "#6f9f63", "#4b7f4b", waves=3)
    c.ridge(780, 70, "#5a9050", "#34683c", waves=2)
    for _ in range(46):
        x, depth = c.chance.uniform(0, WIDTH), c.chance.random()
        c.tree(x, 760 + depth * 120, 26 + depth * 44, "#2f6a3e", "#4c8a52")


def orchard(c: Canvas) -> None:
    """The terraces of Jiudie's southern slope at harvest."""
    c.sky("#79b2d8", "#c8e1ec", "#fdf0d6", bottom=520)
    c.glow(1280, 210, 240, "#fff5d2", 220)
    c.disc(1280, 210, 42, "#fffbe9")
    c.clouds(7, 240)
    c.ridge(350, 130, "#9db5c6", "#ccdad9")
    c.ridge(420, 100, "#7fa494", "#aac4a4", waves=4)
    for number, (x, y) in enumerate(((1010, 456), (1078, 448), (1150, 460), (1220, 452))):
        c.roof(x, y, 56, 30, "#faf6ee", "#7d4a3c" if number % 2 else "#6c5048")
    for row in range(8):
        y = 470 + row * row * 5.4 + row * 18
        c.ridge(y, 34, "#95b868" if row % 2 else "#84ab5c", "#5f8f44", waves=1.6, rough=0.35)
        size = 34 + row * 13
        for x in range(-30, 1640, round(size * 1.7)):
            c.tree(x + c.chance.uniform(-8, 8) + row * 17, y + 26 + row * 3, size, "#3c7434", "#5d9a48", "#c8252f")


def grassland(c: Canvas) -> None:
    """Red cattle on the high pasture in the evening."""
    c.sky("#6a9ccc", "#b8d3e2", "#fbe2b8", "#f8cf97", bottom=560)
    c.glow(400, 410, 340, "#fff0c4", 230)
    c.disc(400, 410, 50, "#fff7da")
    c.clouds(10, 300, "#fff4e070")
    c.ridge(430, 120, "#9aa9c0", "#cfcdc6")
    c.ridge(490, 80, "#8a9f8c", "#bcc39a", waves=4)
    c.ridge(560, 60, "#a3b365", "#7f9c4c", waves=2)
    c.roof(1180, 566, 150, 46, "#f1e6d4", "#8a4630")
    c.roof(1350, 572, 90, 36, "#f1e6d4", "#7a4030")
    c.ridge(620, 50, "#8fae52", "#5c8a3a", waves=2)
    c.ridge(760, 50, "#78a044", "#3f7030", waves=1.4)
    for y, count, size in ((610, 7, 34), (672, 5, 62), (780, 3, 120)):
        for number in range(count):
            x = (number + 0.5) * WIDTH / count + c.chance.uniform(-70, 70)
            c.cow(
                x,
                y + c.chance.uniform(-10, 24),
                size,
                c.chance.choice(("#9c4a26", "#a8542c", "#8a3f20")),
                left=c.chance.random() < 0.5,
            )
    for _ in range(500):
        x, y = c.chance.uniform(0, WIDTH), c.chance.uniform(800, 900)
        c.line(
            [(x, y), (x + c.chance.uniform(-6, 6), y - c.chance.uniform(8, 24))],
            c.chance.choice(("#6d9c3c", "#8ab650", "#4d7c30")),
            1.6,
        )


def old_town(c: Canvas) -> None:
    """The old ferry street when the lamps are lit."""
    c.sky("#27355f", "#6a5a8c", "#d98a78", "#fbc48c", bottom=560)
    c.glow(820, 470, 380, "#ffdfae", 200)
    c.clouds(7, 300, "#ffd9c838")
    c.ridge(400, 130, "#7b6f98", "#b3909f")
    c.ridge(450, 90, "#5c6188", "#8f7f98", waves=4)
    for row, (base, wide, wall) in enumerate(((540, 92, "#cdbfb4"), (588, 120, "#e2d4c4"), (650, 150, "#f3e8d8"))):
        x = -40.0 - row * 30
        while x < WIDTH:
            each = wide * c.chance.uniform(0.8, 1.25)
            c.roof(
                x,
                base,
                each,
                wide * c.chance.uniform(0.5, 0.78),
                wall,
                ("#4c4a62", "#3f4058", "#33354c")[row],
                lit=True,
            )
            x += each * 1.06
    for x in range(60, 1600, 118):
        c.glow(x, 668, 34, "#ff9a5c", 170)
        c.oval(x, 668, 9, 12, "#e23b2c")
        c.box(x - 5, 654, 10, 3, "#f3c96b")
    c.box(0, 690, WIDTH, 22, "#8b7f7a")
    c.water(712, ("#a3728a", "#1d2748"), "#ffcf8a80", light=820)
    for x, y, size in ((360, 790, 1.0), (1180, 830, 1.3)):
        c.shape(
            [
                (x - 90 * size, y),
                (x + 96 * size, y - 4),
                (x + 64 * size, y + 24 * size),
                (x - 62 * size, y + 24 * size),
            ],
            "#3a2a28",
        )
        c.shape(
            [(x - 40 * size, y), (x - 30 * size, y - 34 * size), (x + 34 * size, y - 34 * size), (x + 44 * size, y)],
            "#7b5a42",
        )
        c.glow(x, y - 10 * size, 26 * size, "#ffd28a", 200)


def lake_morning(c: Canvas) -> None:
    """Lake Yunze in the morning mist, a boat and reeds."""
    c.sky("#7db3cf", "#bfdcdf", "#fdebcf", bottom=540)
    c.glow(520, 350, 320, "#fff4d4", 230)
    c.disc(520, 350, 44, "#fffbe8")
    c.clouds(7, 240)
    for y, high, top, low in (
        (390, 140, "#a4c4cc", "#d5e4dd"),
        (440, 120, "#7dabae", "#b8d3c8"),
        (490, 80, "#568f8c", "#94bcae"),
    ):
        c.ridge(y, high, top, low, waves=4)
    c.box(0, 470, WIDTH, 60, "#ffffff2a")
    c.water(530, ("#a8cfcf", "#14605f"), "#fff3cf80", light=520)
    c.shape([(930, 690), (1150, 684), (1112, 722), (966, 722)], "#5a3b26")
    c.shape([(990, 690), (1002, 650), (1084, 650), (1096, 688)], "#b58a55")
    c.line([(946, 692), (946, 610)], "#3b2a1d", 5)
    c.disc(946, 600, 11, "#e7b98f")
    c.shape([(922, 598), (970, 598), (946, 580)], "#caa45f")
    c.shape([(932, 612), (960, 612), (964, 660), (928, 660)], "#2c5f74")
    c.line([(958, 622), (900, 730)], "#4a3524", 4)
    for _ in range(210):
        x = c.chance.choice((c.chance.uniform(-20, 430), c.chance.uniform(1260, 1620)))
        high = c.chance.uniform(70, 230)
        bend = c.chance.uniform(-26, 26)
        c.line(
            [(x, 910), (x + bend * 0.4, 910 - high * 0.6), (x + bend, 910 - high)],
            c.chance.choice(("#2b6a4a", "#3e8258", "#6f8a42")),
            3.4,
        )
        if c.chance.random() < 0.24:
            c.oval(x + bend, 902 - high, 4.4, 15, "#8a5a32")


def mountains(c: Canvas) -> None:
    """The nine ridges of Jiudie in autumn."""
    c.sky("#86b4d2", "#d4e4e4", "#fbe6c8", bottom=560)
    c.glow(1060, 260, 300, "#fff3d2", 220)
    c.clouds(8, 220)
    cool = ("#b4c8d4", "#9cb8c4", "#84a8b2", "#6c979c", "#578884", "#4a7c6c", "#6f8a50", "#a8803c", "#a85a2c")
    for number, color in enumerate(cool):
        c.ridge(
            300 + number * 62,
            120 - number * 6,
            color,
            "#e6e4d2" if number < 5 else color,
            waves=3 + number * 0.35,
            rough=0.52,
        )
    for _ in range(150):
        depth = c.chance.random()
        color, light = c.chance.choice(
            (("#b8431f", "#d8652c"), ("#d08a2a", "#e8ac4a"), ("#8a3a20", "#b0552c"), ("#5f7d3c", "#82a050"))
        )
        c.tree(c.chance.uniform(0, WIDTH), 790 + depth * 120, 34 + depth * 52, color, light)


def assembly_hall(c: Canvas) -> None:
    """The hall of the people's congress on its square."""
    c.sky("#6ea4d4", "#b9d8ec", "#f6eddc", bottom=640)
    c.clouds(12, 320)
    c.ridge(470, 90, "#a9bfcf", "#d3dedd")
    for x in range(-20, 1640, 84):
        c.tree(x + c.chance.uniform(-14, 14), 600, c.chance.uniform(90, 140), "#3f7553", "#5b9468")
    c.fill([(250, 600), (1350, 600), (1350, 400), (250, 400)], "#f7f1e6", "#e4d8c6")
    c.fill([(500, 610), (1100, 610), (1100, 330), (500, 330)], "#fbf6ec", "#eaded0")
    c.shape([(460, 338), (800, 250), (1140, 338)], "#9b1c1f")
    c.shape([(500, 338), (800, 262), (1100, 338)], "#f1e6d4")
    c.box(460, 334, 680, 18, "#9b1c1f")
    c.box(230, 392, 270, 14, "#9b1c1f")
    c.box(1100, 392, 270, 14, "#9b1c1f")
    for x in range(530, 1100, 74):
        c.box(x, 356, 26, 250, "#ffffff")
        c.box(x + 18, 356, 8, 250, "#d9ccba")
        c.box(x - 6, 352, 38, 10, "#e7dccb")
    for x in (*range(272, 480, 52), *range(1124, 1340, 52)):
        for y in (424, 510):
            c.box(x, y, 28, 60, "#6f93b4")
            c.box(x, y, 28, 8, "#ffffff90")
    for x in range(570, 1080, 74):
        c.box(x, 470, 22, 136, "#7a2a22")
    for step in range(6):
        c.box(470 - step * 26, 606 + step * 11, 660 + step * 52, 12, ("#efe6d8", "#dccfbd")[step % 2])
    c.fill([(0, 668), (WIDTH, 668), (WIDTH, HEIGHT), (0, HEIGHT)], "#dcd6cc", "#bdb5a8")
    for x in range(-1200, 2900, 200):
        c.line([(800 + (x - 800) * 0.34, 668), (x, 900)], "#ffffff50", 2)
    for y in (690, 724, 776, 850):
        c.line([(0, y), (WIDTH, y)], "#ffffff50", 2)
    for x, color in ((120, "#c84a3c"), (1120, "#c84a3c")):
        for bloom in range(120):
            c.disc(
                x + c.chance.uniform(0, 360),
                720 + c.chance.uniform(0, 34),
                c.chance.uniform(4, 9),
                (color, "#e8a23c", "#4f8a4c")[bloom % 3],
            )
    for x, y in ((560, 700), (610, 706), (980, 716), (1040, 702), (760, 760), (800, 764)):
        c.oval(x, y + 44, 12, 3, "#00000030")
        c.box(x - 7, y, 14, 30, c.chance.choice(("#2f4b6c", "#7a3a34", "#3e5a48")))
        c.box(x - 6, y + 28, 5, 16, "#30343c")
        c.box(x + 1, y + 28, 5, 16, "#30343c")
        c.disc(x, y - 7, 7, "#e3b68f")


PICTURES: Mapping[str, Callable[[Canvas], None]] = {
    "portal/images/yunze-river-dawn.jpg": river_dawn,
    "congress/images/assembly-hall.jpg": assembly_hall,
    "coal-power/images/heiyan-power.jpg": power_plant,
    "coal-power/images/wind-hills.jpg": wind_hills,
    "tourism/images/lake-morning.jpg": lake_morning,
    "tourism/images/old-town-lanterns.jpg": old_town,
    "tourism/images/nine-ridges.jpg": mountains,
    "apple/images/terraces.jpg": orchard,
    "cattle/images/grassland.jpg": grassland,
    "english/images/city-evening.jpg": city_evening,
}


def main() -> int:
    """Draws every picture below the folder of the content, or the one named."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else CONTENT
    for number, (name, draw) in enumerate(PICTURES.items()):
        canvas = Canvas(number)
        draw(canvas)
        data = canvas.jpeg()
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        print(f"{name} {len(data) // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
