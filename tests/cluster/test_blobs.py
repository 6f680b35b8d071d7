"""Blobs: stored once, checked when read, the same times everywhere."""

import hashlib
import os
from pathlib import Path

import brotli
import pytest

from cluster.blobs import BlobStore, compress, copy_checked, mtime_of
from cluster.errors import FormatError


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def files_in(store: BlobStore) -> list[Path]:
    return sorted(path for path in store.root.rglob("*") if path.is_file())


def test_a_blob_lies_under_its_sha256(store):
    sha = store.put(b"words")
    assert sha == hashlib.sha256(b"words").hexdigest()
    assert store.path(sha) == store.root / sha[:2] / sha[2:]
    assert store.read(sha) == b"words"
    assert sha in store
    assert "0" * 64 not in store
    assert 7 not in store


def test_putting_the_same_bytes_again_writes_nothing(store):
    sha = store.put(b"words")
    os.utime(store.path(sha), (1, 1))
    assert store.put(b"words") == sha
    assert store.path(sha).stat().st_mtime == 1


def test_a_blob_that_a_power_cut_left_short_is_written_again(store):
    sha = store.put(b"words")
    store.path(sha).write_bytes(b"")
    store.put(b"words")
    assert store.read(sha) == b"words"


def test_a_large_file_is_stored_without_touching_it(store, tmp_path):
    data = bytes(range(256)) * 10_000
    film = tmp_path / "film.mp4"
    film.write_bytes(data)
    sha, size = store.put_file(film)
    assert (sha, size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert store.read(sha) == data
    assert store.put_file(film) == (sha, size)
    assert store.path(sha).stat().st_ino != film.stat().st_ino


def test_nothing_but_blobs_is_left_behind(store, tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    shas = {store.put(b"one"), store.put_file(tmp_path / "a")[0]}
    assert {path.parent.name + path.name for path in files_in(store)} == shas


@pytest.mark.parametrize("damage", [b"wordz", b"word", b""], ids=["another letter", "cut short", "empty"])
def test_a_damaged_blob_is_told_with_its_path(store, damage):
    sha = store.put(b"words")
    store.path(sha).write_bytes(damage)
    with pytest.raises(FormatError, match="damaged") as told:
        store.read(sha)
    assert str(store.path(sha)) in told.value.text("zh")


def test_a_missing_blob_is_told(store):
    with pytest.raises(FormatError, match=r"missing.*--full"):
        store.read("0" * 64)


def test_a_copy_is_checked_on_the_way(tmp_path):
    source, place = tmp_path / "source", tmp_path / "place"
    source.write_bytes(b"words")
    copy_checked(source, place, hashlib.sha256(b"words").hexdigest())
    assert place.read_bytes() == b"words"
    with pytest.raises(FormatError, match="damaged"):
        copy_checked(source, place, "0" * 64)
    assert not place.exists()
    with pytest.raises(FormatError, match="missing"):
        copy_checked(tmp_path / "nowhere", place, "0" * 64)


def test_a_copy_to_nowhere_does_not_blame_the_source(tmp_path):
    (tmp_path / "source").write_bytes(b"words")
    with pytest.raises(FileNotFoundError):
        copy_checked(tmp_path / "source", tmp_path / "no" / "place", "0" * 64)


def test_a_sweep_leaves_what_is_wanted_and_takes_leftovers_of_killed_writers(store):
    kept, gone = store.put(b"kept"), store.put(b"gone")
    (store.path(kept).parent / ".tmp-123-left").write_bytes(b"half")
    assert store.sweep([kept]) == 2
    assert files_in(store) == [store.path(kept)]
    assert gone not in store


def test_an_empty_store_can_be_swept_and_synced(store):
    assert store.sweep(set()) == 0
    store.sync()
    store.put(b"words")
    store.sync()


@pytest.mark.parametrize(
    ("sha", "seconds"),
    [("0" * 64, 978_307_200), ("f" * 64, 978_307_200 + 0xFFFFFFFF % 631_152_000)],
    ids=["the first second of 2001", "the highest hash"],
)
def test_the_mtime_follows_the_rule_of_the_formats(sha, seconds):
    assert mtime_of(sha) == seconds
    assert 978_307_200 <= mtime_of(sha) < 978_307_200 + 631_152_000


def test_an_edit_of_the_same_length_gets_another_mtime(store):
    assert mtime_of(store.put("会议定于三日".encode())) != mtime_of(store.put("会议定于五日".encode()))


def test_compressing_is_deterministic_and_loses_nothing():
    text = "云泽市人民政府".encode() * 500
    assert compress(text) == compress(text)
    assert brotli.decompress(compress(text)) == text
    assert len(compress(text)) < len(text) / 20
