"""The index's file: kept when it is ours, made anew when it is not, left alone when somebody holds it."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from cluster.errors import BusyError
from cluster.index import Index, Updated
from cluster.index.ingest import update_index
from cluster.index.schema import FORMAT, connect, delete_index, read_meta, write_meta
from cluster.source import Entry
from tests.builders import ARTICLE, NOW, make_article
from tests.cluster.trees import Tree, dated, paths


def foreign(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE item (name TEXT)")
    db.commit()
    db.close()


def of_format(number: int, *, tables: str = "CREATE TABLE x (y TEXT)") -> Any:
    def write(path: Path) -> None:
        db = sqlite3.connect(path)
        db.executescript(f"{tables}; PRAGMA user_version = {number};")
        db.close()

    return write


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda path: path.write_bytes(b""), id="an empty file"),
        pytest.param(
            lambda path: path.write_bytes(b"not a database, but long enough to look at " * 100), id="other bytes"
        ),
        pytest.param(lambda path: path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 4096), id="a damaged head"),
        pytest.param(foreign, id="somebody else's database"),
        pytest.param(of_format(FORMAT + 1), id="a later format"),
        pytest.param(of_format(FORMAT - 1), id="an earlier format"),
        pytest.param(of_format(FORMAT), id="our format's number without our tables"),
    ],
)
def test_a_damaged_or_foreign_file_is_made_anew(tmp_path, cluster, spoil):
    spoil(tmp_path / "index.db")
    index = Index(tmp_path / "index.db")
    assert index.update(Tree({ARTICLE: make_article()}), cluster, NOW) == Updated(read=1, removed=0)
    assert paths(index.items("portal")) == ["river"]
    index.close()


def test_a_file_of_our_own_is_kept_and_its_folder_made(tmp_path, cluster):
    path = tmp_path / "var" / "index.db"
    for expected in (Updated(1, 0), Updated(0, 0)):
        index = Index(path)
        assert index.update(Tree({ARTICLE: make_article()}), cluster, NOW) == expected
        index.close()


def test_a_deleted_index_leaves_no_file(tmp_path, cluster):
    index = Index(tmp_path / "index.db")
    index.update(Tree({ARTICLE: make_article()}), cluster, NOW)
    assert len(list(tmp_path.iterdir())) > 1
    delete_index(tmp_path / "index.db")
    assert list(tmp_path.iterdir()) == []
    index.close()


def test_another_process_gets_a_connection_of_its_own(tmp_path, cluster):
    index = Index(tmp_path / "index.db")
    index.update(Tree({ARTICLE: make_article()}), cluster, NOW)
    again = index.reopened()
    index.close()
    assert paths(again.items("portal")) == ["river"]
    again.close()


def test_an_index_in_memory_cannot_be_shared(index):
    with pytest.raises(ValueError, match="one process"):
        index.reopened()


def test_readers_see_the_former_state_while_an_update_runs(tmp_path, cluster):
    writer = Index(tmp_path / "index.db")
    writer.update(Tree(dated("a", "2026-01-01")), cluster, NOW)
    reader = Index(tmp_path / "index.db")
    seen = []

    class Watched(Tree):
        def read(self, entry: Entry) -> bytes:
            seen.append(paths(reader.items("portal")))
            return super().read(entry)

    writer.update(Watched(dated("b", "2026-01-02")), cluster, NOW)
    assert seen == [["a"]]
    assert paths(reader.items("portal")) == ["b"]
    reader.close()
    writer.close()


def test_a_file_that_another_process_holds_is_not_thrown_away(tmp_path):
    path = tmp_path / "index.db"
    Index(path).close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(BusyError, match="in use"):
        connect(path, wait=0)
    holder.execute("INSERT INTO body VALUES ('k', 's', 'kept')")
    holder.execute("COMMIT")
    holder.close()
    again = Index(path)
    assert again.body("k", "s") == "kept"
    again.close()


def test_openers_at_the_same_time_share_one_new_file(tmp_path):
    together = Barrier(6)

    def open_and_keep(number: int) -> None:
        together.wait()
        own = Index(tmp_path / "index.db")
        own.keep_bodies({(str(number), "s"): "kept"})
        own.close()

    with ThreadPoolExecutor(6) as openers:
        list(openers.map(open_and_keep, range(6)))
    index = Index(tmp_path / "index.db")
    assert [index.body(str(number), "s") for number in range(6)] == ["kept"] * 6
    index.close()


def test_a_connection_can_be_used_without_the_class(tmp_path, cluster):
    db = connect(tmp_path / "index.db")
    assert update_index(db, Tree({ARTICLE: make_article()}), cluster, NOW).read == 1
    assert db.execute("SELECT title FROM item").fetchone()["title"] == "云泽河综合治理二期工程开工"
    db.close()


def test_a_word_is_kept_under_its_name():
    db = connect(None)
    assert read_meta(db, "now") == ""
    for word in ("one", "two"):
        write_meta(db, "now", word)
    assert read_meta(db, "now") == "two"
    db.close()
