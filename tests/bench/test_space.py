"""Nothing is written on a disk that is too small."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.space import Need, check_space, need_for, require_space

PLENTY = Need(10**15, 10**12)


def test_a_small_disk_is_refused_and_what_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"needs 30\.0 GB, 10\.0 GB more than are free"):
        check_space(tmp_path, Need(30 * 10**9, 10), free=Need(20 * 10**9, 10**6))


def test_missing_inodes_are_told_too(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="1,000,000 inodes, 600,000 more"):
        check_space(tmp_path, Need(1, 10**6), free=Need(10**9, 400_000))


def test_enough_room_is_no_matter(tmp_path: Path) -> None:
    check_space(tmp_path, need_for(300_000, ("ours", "hugo", "pelican")), free=PLENTY)
    require_space(tmp_path / "work", Need(1, 1))


def test_more_items_and_more_generators_need_more() -> None:
    assert need_for(1000, ("ours",)).size < need_for(1000, ("ours", "hugo")).size < need_for(9000, ("ours",)).size
