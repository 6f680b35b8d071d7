"""Pictures made on the spot for tests: of any size and format, with notes, profiles, damage."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

CAMERA, PLACE, ORIENTATION = 0x010F, 0x8825, 0x0112


def make_picture(width: int, height: int, kind: str = "jpg", *, mode: str = "RGB", **options: Any) -> bytes:
    """A picture with something on it, a slope from dark to light and a corner of its own colour."""
    picture = Image.linear_gradient("L").resize((width, height)).convert(mode)
    if mode == "RGB":
        picture.paste((200, 20, 20), (0, 0, max(1, width // 3), max(1, height // 3)))
    out = io.BytesIO()
    picture.save(out, {"jpg": "JPEG"}.get(kind, kind.upper()), **{"quality": 95, **options})
    return out.getvalue()


def make_notes(**tags: int) -> Image.Exif:
    """Exif data with a camera, a place, and which way up where it is given."""
    exif = Image.Exif()
    exif[CAMERA] = "Yunze Camera"
    exif.get_ifd(PLACE)[1] = "N"
    if "orientation" in tags:
        exif[ORIENTATION] = tags["orientation"]
    return exif


def opened(data: bytes) -> Image.Image:
    """The picture in these bytes, decoded."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture
