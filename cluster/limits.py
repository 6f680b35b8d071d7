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
    slug_length: int = 80


LIMITS = Limits()
