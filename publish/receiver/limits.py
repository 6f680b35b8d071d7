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
    turn_seconds: float = 60.0  # for the guard to finish what it mends
    # Of a sweep at rest: names that go in one step, far below half a second also on a slow disk; and blobs that are
    # looked for at once, since a new theme drops as many as there are pages.
    sweep_names: int = 2_000
    sweep_blobs: int = 100_000


LIMITS = Limits()
