"""One picture: what it is, and its smaller WebP variants, drawn by Pillow.

- The same bytes give the same variants, byte for byte, with the same libraries; `settings` names everything they
  follow from.
- A variant is never wider than the picture and never heavier than the file it stands for.
- Variants carry no notes and no profile: they are upright and in sRGB.
- Moving pictures, and those with more than eight bits a colour, are left alone.

Called by `plugins.pictures.store`; one picture at a time, so memory is bounded by `LIMITS.picture_pixels`.
"""

from __future__ import annotations

import functools
import hashlib
import io
import struct
import warnings
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError, features

from cluster.limits import LIMITS
from plugins.pictures.metadata import without_notes

# In pixels. A phone takes 480 or 800, a reading column on a sharp screen 1200 or 1600.
WIDTHS = (480, 800, 1200, 1600)
KINDS = ("jpg", "jpeg", "png", "webp")
_QUALITY, _DRAWING_QUALITY, _EFFORT = 78, 86, 4
# A picture hardly wider than a step needs no variant of that step beside the one of its own width.
_NEAR = 1.1
_FORMATS = ("JPEG", "PNG", "WEBP")
_TURNED = frozenset((5, 6, 7, 8))  # orientations that lie on their side
_ORIENTATION = 0x0112
# What Pillow's decoders raise at bytes that are not what they say.
_DAMAGE = (UnidentifiedImageError, OSError, SyntaxError, ValueError, struct.error, EOFError, IndexError)


@dataclass(frozen=True, slots=True)
class Look:
    """What a page must know of a picture: size in pixels as it is shown, the widths of its variants, what is wrong.

    `fault` is empty, `damaged` (shown as it is) or `huge` (more pixels than is safe to decode, not shown).
    """

    width: int = 0
    height: int = 0
    widths: tuple[int, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture with the bytes of its variants by width, and of the original without notes when it had some."""

    look: Look
    variants: dict[int, bytes]
    cleaned: bytes | None = None


@functools.cache
def settings() -> str:
    """A short hash of everything that variants follow from beside the picture: this package, libraries, limits."""
    digest = hashlib.sha256(files("cluster").joinpath("limits.py").read_bytes())
    for name in ("metadata", "variants"):
        digest.update(files("plugins.pictures").joinpath(f"{name}.py").read_bytes())
    libraries = [str(features.version(name)) for name in ("webp", "littlecms2", "jpg", "libjpeg_turbo", "zlib")]
    digest.update("\0".join([version("pillow"), *libraries]).encode())
    return digest.hexdigest()[:16]


def draw(file: Path | bytes, kind: str) -> Drawn:
    """The picture looked at and its variants drawn; never fails, but tells a fault."""
    data = file if isinstance(file, bytes) else file.read_bytes()
    cleaned = without_notes(data, kind)
    look, variants = _drawn(data)
    return Drawn(look, variants, cleaned if cleaned != data else None)


def _drawn(data: bytes) -> tuple[Look, dict[int, bytes]]:
    size = (0, 0)
    try:
        with warnings.catch_warnings():
            # Told as our own fault, at our own limit, instead of on somebody's terminal.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)
            with Image.open(io.BytesIO(data)) as picture:
                if picture.width * picture.height > LIMITS.picture_pixels:
                    return Look(fault="huge"), {}
                size = picture.size
                size = _upright(picture)
                if picture.format not in _FORMATS or not _is_still(picture):
                    return Look(*size), {}
                variants = _variants(picture, size, len(data))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return Look(fault="huge"), {}
    except _DAMAGE:
        return Look(*size, fault="damaged"), {}
    return Look(*size, widths=tuple(variants)), variants


def _upright(picture: Image.Image) -> tuple[int, int]:
    width, height = picture.size
    return (height, width) if picture.getexif().get(_ORIENTATION) in _TURNED else (width, height)


def _is_still(picture: Image.Image) -> bool:
    return getattr(picture, "n_frames", 1) == 1 and not picture.mode.startswith(("I", "F"))


def steps(width: int, *, is_webp: bool) -> tuple[int, ...]:
    """The widths of the variants to try, smallest first; a WebP of a fitting width is its own largest variant."""
    smaller = [step for step in WIDTHS if step * _NEAR <= width]
    if not is_webp and width <= WIDTHS[-1] * _NEAR:
        smaller.append(min(width, WIDTHS[-1]))
    return tuple(dict.fromkeys(smaller))


def _variants(picture: Image.Image, size: tuple[int, int], weight: int) -> dict[int, bytes]:
    is_webp = picture.format == "WEBP"
    quality = _DRAWING_QUALITY if picture.format == "PNG" else _QUALITY
    wanted = steps(size[0], is_webp=is_webp)
    found: dict[int, bytes] = {}
    if not wanted:
        picture.load()  # whether it is whole is told all the same
        return found
    shown = _in_srgb(picture, wanted[-1], size)
    for width in reversed(wanted):
        height = max(1, round(size[1] * width / size[0]))
        if shown.size != (width, height):
            shown = shown.resize((width, height), Image.Resampling.LANCZOS)
        data = _encoded(shown, quality)
        if data is not None and len(data) < weight:
            found[width] = data
    return dict(sorted(found.items()))


def _in_srgb(picture: Image.Image, width: int, size: tuple[int, int]) -> Image.Image:
    """The picture upright, in sRGB, without notes; a large JPEG is decoded at a fraction of its size."""
    if picture.format == "JPEG" and picture.mode != "CMYK":
        share = width / size[0]
        picture.draft(picture.mode, (round(picture.width * share), round(picture.height * share)))
    profile = picture.info.get("icc_profile")
    upright = ImageOps.exif_transpose(picture)
    is_clear = "A" in upright.mode or "transparency" in upright.info
    alpha = upright.convert("RGBA").getchannel("A") if is_clear else None
    plain = _by_profile(upright, profile)
    plain.info = {}
    if alpha is not None and alpha.getextrema() != (255, 255):
        plain.putalpha(alpha)
    return plain


def _by_profile(picture: Image.Image, profile: object) -> Image.Image:
    flat = picture if picture.mode in ("RGB", "CMYK", "L") else picture.convert("RGB")
    if isinstance(profile, bytes) and profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            found = ImageCms.profileToProfile(flat, source, target, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            found = None  # a profile that is none, or one for other colours
        if found is not None:
            return found
    return flat.convert("RGB")


def _encoded(picture: Image.Image, quality: int) -> bytes | None:
    """The bytes as WebP; None where the format cannot hold the picture (over 16383 pixels high)."""
    out = io.BytesIO()
    try:
        picture.save(out, "WEBP", quality=quality, method=_EFFORT)
    except (OSError, ValueError):
        return None
    return out.getvalue()
