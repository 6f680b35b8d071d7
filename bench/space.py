"""Is there room for a benchmark? Asked before anything is written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes on the disk and files (inodes)."""

    size: int
    files: int

    def plus(self, other: Need) -> Need:
        """Both together."""
        return Need(self.size + other.size, self.files + other.files)


# For one item, measured with 10,000 and rounded up: sources, output and what is derived, on blocks of 4 KiB. Ours holds
# the blobs of two themes after a theme edit; the second way of running Hugo shares the first one's folders.
NEEDS = {
    "ours": Need(40_000, 4),
    "disk": Need(16_000, 2),
    "hugo": Need(22_000, 3),
    "hugo-apart": Need(0, 0),
    "pelican": Need(21_000, 3),
}
_ALWAYS = Need(200_000_000, 5_000)


def need_for(size: int, generators: Iterable[str], times: int = 1) -> Need:
    """What a benchmark of `size` items by these generators needs, which keeps the output of so many cold builds."""
    need = _ALWAYS
    for one in generators:
        need = need.plus(Need(NEEDS[one].size * size * times, NEEDS[one].files * size * times))
    return need


def require_space(folder: Path, need: Need) -> None:
    """Refuses to begin when the disk of `folder` has less.

    Raises:
        BenchError: says how many gigabytes or inodes are missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    disk = os.statvfs(folder)
    check_space(folder, need, free=Need(disk.f_bavail * disk.f_frsize, disk.f_favail))


def check_space(folder: Path, need: Need, *, free: Need) -> None:
    """The rule of `require_space`. Raises: BenchError."""
    if need.size > free.size:
        lack, all_ = (f"{count / 1e9:.1f}" for count in (need.size - free.size, need.size))
        raise BenchError(
            f"{folder} needs {all_} GB, {lack} GB more than are free. Choose smaller --sizes or another --work.",
            f"{folder} 需要 {all_} GB，还差 {lack} GB。请减小 --sizes 或换一个 --work。",
        )
    if need.files > free.files:
        lack, all_ = (f"{count:,}" for count in (need.files - free.files, need.files))
        raise BenchError(
            f"{folder} needs {all_} inodes, {lack} more than are free. Choose smaller --sizes or another --work.",
            f"{folder} 需要 {all_} 个 inode，还差 {lack} 个。请减小 --sizes 或换一个 --work。",
        )
