"""Promises of the spool: what was read once is read again without Git, and nothing else ever is."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Iterable, Iterator

import pytest

from cluster.source import Entry
from cluster.spool import Kept, Spool, SpooledSource, spooling


def blob_id(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


class Told:
    """A source that remembers what it was asked for."""

    revision = "1" * 40

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []

    def entries(self, under: str = "") -> Iterable[Entry]:
        return [Entry(path, blob_id(data)) for path, data in self.files.items()]

    def changes_since(self, revision: str) -> None:
        return None

    def size(self, entry: Entry) -> int:
        return len(self.files[entry.path])

    def read(self, entry: Entry) -> bytes:
        self.asked.append(entry.path)
        return self.files[entry.path]

    def read_many(self, entries: Iterable[Entry], limit: int) -> Iterator[tuple[Entry, bytes | None, int]]:
        for entry in entries:
            data = self.read(entry)
            yield entry, data if len(data) <= limit else None, len(data)

    def reopened(self) -> Told:
        return self

    def close(self) -> None:
        self.asked.append("closed")


@pytest.fixture
def spool(tmp_path):
    with spooling(tmp_path / "spool") as opened:
        yield opened


def test_what_is_kept_is_read_again(spool):
    kept = {data: spool.keep(blob_id(data), data) for data in (b"one", b"", b"three" * 9000)}
    assert spool.read(blob_id(b"one")) is None, "nothing is known before it was learnt"
    spool.learn((blob_id(data), place) for data, place in kept.items())
    assert [spool.read(blob_id(data)) for data in kept] == list(kept)
    assert spool.read(blob_id(b"other")) is None


def test_what_other_processes_kept_is_read_here(spool):
    def keep(data: bytes) -> tuple[str, Kept | None]:
        return blob_id(data), spool.keep(blob_id(data), data)

    words = [f"word {number}".encode() for number in range(200)]
    assert spool.keep(blob_id(b"here"), b"here")
    ours, theirs = multiprocessing.get_context("fork").Pipe()
    process = multiprocessing.get_context("fork").Process(target=lambda: theirs.send([keep(one) for one in words]))
    process.start()
    spool.learn(ours.recv())
    process.join()
    assert [spool.read(blob_id(one)) for one in words] == words


def test_damage_and_loss_are_no_bytes_of_another_file(spool):
    spool.learn([(blob_id(b"one"), spool.keep(blob_id(b"one"), b"one")), (blob_id(b"two"), Kept(os.getpid(), 0, 3))])
    assert spool.read(blob_id(b"two")) is None
    for file in spool.folder.iterdir():
        file.write_bytes(b"short")
    assert spool.read(blob_id(b"one")) is None


def test_too_much_is_not_kept(spool):
    assert spool.keep(blob_id(b"x"), b"x" * (1 << 24)) is None


def test_a_disk_that_refuses_is_no_error(tmp_path):
    (tmp_path / "spool").write_text("in the way")
    assert Spool(tmp_path / "spool").keep(blob_id(b"x"), b"x") is None


def test_nothing_is_left(tmp_path):
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "99").write_text("of a killed build")
    with spooling(tmp_path / "spool") as spool:
        assert not (tmp_path / "spool").exists()
        spool.keep(blob_id(b"x"), b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_spooled_source_asks_for_the_rest_only_and_keeps_the_order(spool):
    files = {f"content/{number}.md": f"text {number}".encode() for number in range(20)}
    source = Told(files)
    even = [data for number, data in enumerate(files.values()) if number % 2 == 0]
    spool.learn((blob_id(data), spool.keep(blob_id(data), data)) for data in even)
    both = SpooledSource(source, spool)
    entries = [*both.entries(), Entry("content/link", blob_id(b"text 0"), "120000")]
    assert [(entry.path, data) for entry, data, _ in both.read_many(entries[:-1], 100)] == list(files.items())
    assert source.asked == [path for number, path in enumerate(files) if number % 2]
    assert both.read(entries[0]) == b"text 0"
    assert both.read(entries[1]) == b"text 1"
    assert [size for _, data, size in both.read_many(entries[:1], 2) if data is None] == [6]
    assert both.reopened().revision == source.revision
