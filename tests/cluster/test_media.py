"""Large files: a pointer in Git, the bytes in `data/media` under their hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.media import MediaStore, Pointer, dump_pointer, parse_pointer

SHA = "a" * 64
RIGHT = f"version https://git-lfs.github.com/spec/v1\noid sha256:{SHA}\nsize 12345\n".encode()


def test_a_pointer_is_written_as_git_lfs_does():
    assert dump_pointer(Pointer(SHA, 12345)) == RIGHT
    assert parse_pointer(RIGHT) == Pointer(SHA, 12345)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 10**15 - 1))
def test_a_pointer_reads_back(digest, size):
    pointer = Pointer(digest.hex(), size)
    assert parse_pointer(dump_pointer(pointer)) == pointer


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"%PDF-1.7", id="a file"),
        pytest.param(RIGHT + b"\n", id="a line too many"),
        pytest.param(RIGHT.strip(), id="no last line break"),
        pytest.param(RIGHT.replace(b"a" * 64, b"../" * 21 + b"a"), id="a path for a hash"),
        pytest.param(RIGHT.replace(b"a", b"A"), id="upper case"),
        pytest.param(RIGHT.replace(b"12345", b"-1"), id="a negative size"),
        pytest.param(RIGHT.replace(b"12345", b"9" * 16), id="a size of 16 digits"),
        pytest.param(RIGHT + b"x" * 1_000_000, id="a long file that starts like one"),
    ],
)
def test_ordinary_bytes_are_no_pointer(data):
    assert parse_pointer(data) is None


def test_a_kept_file_lies_under_its_hash_and_nothing_else_is_left(tmp_path: Path):
    data = b"x" * 3_000_000
    (tmp_path / "big.mp4").write_bytes(data)
    store = MediaStore(tmp_path / "media")
    pointer = store.keep(tmp_path / "big.mp4")
    assert pointer == Pointer(hashlib.sha256(data).hexdigest(), len(data))
    path = store.path(pointer)
    assert path is not None
    assert path.read_bytes() == data
    assert store.keep(tmp_path / "big.mp4") == pointer
    assert [file.name for file in (tmp_path / "media").iterdir()] == [pointer.sha256]


def test_bytes_that_are_missing_or_cut_short_are_not_given_out(tmp_path: Path):
    store = MediaStore(tmp_path)
    pointer = Pointer(hashlib.sha256(b"abc").hexdigest(), 3)
    assert store.path(pointer) is None
    (tmp_path / pointer.sha256).write_bytes(b"ab")
    assert store.path(pointer) is None
    (tmp_path / pointer.sha256).write_bytes(b"abc")
    assert store.path(pointer) == tmp_path / pointer.sha256


def test_a_missing_file_cannot_be_kept(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        MediaStore(tmp_path / "media").keep(tmp_path / "nowhere")
