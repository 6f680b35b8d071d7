"""Every limit of the inside in one place, with its unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What content may weigh."""

    item_bytes: int = 2 * 1024 * 1024
    front_matter_bytes: int = 64 * 1024
    front_matter_depth: int = 4
    git_blob_bytes: int = 2 * 1024 * 1024
    svg_bytes: int = 1024 * 1024
    # A picture is decoded whole: four bytes a pixel in each process. A larger file is shown without variants.
    picture_pixels: int = 50_000_000
    picture_bytes: int = 32 * 1024 * 1024
    transcript_bytes: int = 256 * 1024
    slug_length: int = 80
    # What a body may ask of the Markdown reader: marks of structure (headings, definitions, notes), and characters
    # looked at while brackets and tags are matched, which grows with the square of what is never closed.
    body_structure: int = 1500
    body_steps: int = 4_000_000


LIMITS = Limits()
