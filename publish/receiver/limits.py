"""The limits of what a receiver takes: every size and count in one place, each far above what a city needs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one bundle, and the release that comes of it, may have; sizes in bytes."""

    record: int = 1 << 20
    metadata: int = 1 << 20
    metadata_members: int = 1_000
    delta_packed: int = 1 << 28
    delta: int = 1 << 30
    blob: int = 1 << 32
    bundle_blobs: int = 4_000_000
    files: int = 2_000_000
    release: int = 1 << 41
    path: int = 1_024
    depth: int = 32


LIMITS = Limits()
