"""Promises about writing aside: the old bytes or the new ones, and nothing left beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.aside import write_aside


def test_a_file_is_replaced_and_its_folder_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state"
    for data in (b"one", b"two"):
        write_aside(path, data)
        assert path.read_bytes() == data
    assert [file.name for file in path.parent.iterdir()] == ["state"]


def test_a_write_that_fails_leaves_the_old_bytes(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_bytes(b"old")
    (tmp_path / ".state.tmp").mkdir()
    with pytest.raises(IsADirectoryError):
        write_aside(path, b"new")
    assert path.read_bytes() == b"old"
