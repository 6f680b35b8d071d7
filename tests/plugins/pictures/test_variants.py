"""Promises about variants: which there are, that they show the same picture, and what is done with odd files."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image, ImageCms

from cluster.limits import LIMITS
from plugins.pictures.variants import draw, steps
from tests.plugins.pictures.samples import make_notes, make_picture, opened


@pytest.mark.parametrize(
    ("name", "width", "is_webp", "expected"),
    [
        ("a large photo", 4000, False, (480, 800, 1200, 1600)),
        ("exactly the largest", 1600, False, (480, 800, 1200, 1600)),
        ("between two", 1000, False, (480, 800, 1000)),
        ("hardly wider than a step", 850, False, (480, 850)),
        ("a small one", 300, False, (300,)),
        ("a large WebP", 4000, True, (480, 800, 1200, 1600)),
        ("a WebP is its own largest", 1200, True, (480, 800)),
        ("a small WebP", 300, True, ()),
    ],
)
def test_no_variant_is_wider_than_the_picture(name: str, width: int, is_webp: bool, expected: tuple[int, ...]) -> None:
    assert steps(width, is_webp=is_webp) == expected, name


def test_variants_are_webp_of_their_width_and_lighter_than_the_original() -> None:
    data = make_picture(1000, 600)
    drawn = draw(data, "jpg")
    assert (drawn.look.width, drawn.look.height) == (1000, 600)
    assert drawn.look.widths == tuple(drawn.variants) == (480, 800, 1000)
    for width, variant in drawn.variants.items():
        assert (opened(variant).format, opened(variant).size) == ("WEBP", (width, round(width * 0.6)))
        assert len(variant) < len(data)


def test_the_same_picture_gives_the_same_bytes() -> None:
    data = make_picture(700, 400)
    assert draw(data, "jpg") == draw(data, "jpg")


def test_a_variant_that_would_be_heavier_is_not_kept() -> None:
    noise = Image.effect_noise((500, 300), 90).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=8)
    assert 500 not in draw(out.getvalue(), "jpg").look.widths


def test_a_photo_taken_sideways_is_upright_and_says_so() -> None:
    drawn = draw(make_picture(900, 600, exif=make_notes(orientation=6)), "jpg")
    assert (drawn.look.width, drawn.look.height) == (600, 900)
    shown = opened(drawn.variants[600])
    assert shown.size == (600, 900)
    red, green, _ = shown.convert("RGB").getpixel((580, 20))  # type: ignore[misc]
    assert red > 150 > green


def test_variants_carry_no_notes_and_no_profile() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    drawn = draw(make_picture(700, 400, exif=make_notes(), icc_profile=profile), "jpg")
    for variant in drawn.variants.values():
        assert not {"exif", "icc_profile", "xmp"} & set(opened(variant).info)
    assert drawn.cleaned is not None


def test_what_is_clear_in_a_drawing_stays_clear() -> None:
    picture = Image.new("RGBA", (600, 300), (10, 80, 160, 0))
    picture.paste((200, 30, 30, 255), (0, 0, 300, 300))
    for x in range(0, 600, 3):
        picture.putpixel((x, x // 2), (x % 255, 9, 9, 200))
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=0)
    shown = opened(draw(out.getvalue(), "png").variants[480])
    assert shown.mode == "RGBA"
    assert shown.getpixel((470, 10))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_printers_colours_become_the_screens(mode: str) -> None:
    assert opened(draw(make_picture(700, 400, mode=mode), "jpg").variants[480]).mode == "RGB"


def moving(kind: str) -> bytes:
    """Two different pictures one after the other."""
    frames = [Image.new("RGB", (600, 300), color) for color in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_a_moving_picture_is_left_alone(kind: str) -> None:
    drawn = draw(moving(kind.upper()), kind)
    assert (drawn.look.width, drawn.look.height, drawn.look.widths, drawn.look.fault) == (600, 300, (), "")


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is this large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("side", [7_100, 12_000, 60_000])
def test_a_picture_of_too_many_pixels_is_never_decoded(side: int) -> None:
    assert side * side > LIMITS.picture_pixels
    assert draw(bomb(side, side), "png").look.fault == "huge"


@pytest.mark.parametrize(
    ("name", "data", "kind", "size"),
    [
        ("no picture at all", b"not a picture", "png", (0, 0)),
        ("nothing", b"", "webp", (0, 0)),
        ("a photo cut off", make_picture(700, 400)[:-3000], "jpg", (700, 400)),
        ("a drawing that says more than it has", bomb(400, 300), "png", (400, 300)),
        ("a small one cut off", make_picture(100, 80, "webp")[:-40], "webp", (0, 0)),
    ],
)
def test_a_damaged_picture_is_told(name: str, data: bytes, kind: str, size: tuple[int, int]) -> None:
    look = draw(data, kind).look
    assert (look.fault, look.widths) == ("damaged", ()), name
    assert (look.width, look.height) == size, name


def test_a_broken_profile_does_not_spoil_the_picture() -> None:
    assert draw(make_picture(700, 400, icc_profile=b"no profile"), "jpg").look.widths == (480, 700)
