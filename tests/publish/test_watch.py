"""Watching: a burst of changes is one call, and a change during the call is the next one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from publish.watch import Bell, watching
from tests.publish.small_city import until


def test_a_ring_before_the_wait_is_heard() -> None:
    bell = Bell()
    bell.ring()

    assert bell.wait(0, settle=0)
    assert not bell.rung.is_set()


def test_a_wait_without_a_ring_ends_after_its_time() -> None:
    assert Bell().wait(0)


def test_a_stopped_bell_never_waits_again() -> None:
    bell = Bell()
    bell.stop()

    assert not bell.wait(None, settle=3600)
    assert not bell.wait(0)


def test_stopping_ends_a_burst_at_once() -> None:
    bell, answers = Bell(), []
    waiting = threading.Thread(target=lambda: answers.append(bell.wait(None, settle=3600)))
    waiting.start()
    bell.ring()
    bell.stop()
    waiting.join(10)

    assert answers == [False]


def test_many_rings_are_one_call() -> None:
    bell = Bell()
    for _ in range(5):
        bell.ring()

    assert bell.wait(0, settle=0)
    assert not bell.rung.is_set()


def test_a_ring_while_a_call_is_served_is_the_next_call() -> None:
    bell = Bell()
    bell.ring()
    bell.wait(0, settle=0)
    bell.ring()

    assert bell.rung.is_set()


def created(folder: Path) -> None:
    (folder / "new.md").write_text("new")


def changed(folder: Path) -> None:
    (folder / "old.md").write_text("other")


def moved(folder: Path) -> None:
    (folder / "old.md").rename(folder / "renamed.md")


def deleted(folder: Path) -> None:
    (folder / "old.md").unlink()


def saved_aside(folder: Path) -> None:
    (folder / ".old.md.tmp").write_text("other")
    (folder / ".old.md.tmp").replace(folder / "old.md")


def deep(folder: Path) -> None:
    (folder / "news" / "2026" / "a.md").write_text("other")


@pytest.mark.parametrize("act", [created, changed, moved, deleted, saved_aside, deep])
def test_a_change_rings(tmp_path: Path, act: Callable[[Path], None]) -> None:
    (tmp_path / "news" / "2026").mkdir(parents=True)
    (tmp_path / "old.md").write_text("old")
    bell = Bell()
    with watching([tmp_path], bell, lambda path: path.endswith(".md")):
        act(tmp_path)
        until(bell.rung.is_set)


def test_a_burst_of_files_becomes_one_call(tmp_path: Path) -> None:
    bell, calls = Bell(), []

    def serve() -> None:
        while bell.wait(None, settle=0.5):
            calls.append(len(list(tmp_path.iterdir())))

    serving = threading.Thread(target=serve)
    with watching([tmp_path], bell):
        serving.start()
        for number in range(100):
            (tmp_path / f"{number}.md").write_text("text")
        until(lambda: calls and calls[-1] == 100)
        bell.stop()
        serving.join()

    assert len(calls) < 5


def test_what_is_not_wanted_does_not_ring(tmp_path: Path) -> None:
    bell, asked = Bell(), []

    def is_wanted(path: str) -> bool:
        asked.append(path)
        return path.endswith(".toml")

    with watching([tmp_path], bell, is_wanted):
        (tmp_path / "a.md").write_text("text")
        until(lambda: any(path.endswith("a.md") for path in asked))

    assert not bell.rung.is_set()


def test_a_flat_folder_rings_for_what_lies_right_in_it(tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    bell, asked = Bell(), []
    with watching([], bell, lambda path: not asked.append(path), flat=[tmp_path]):
        (tmp_path / "objects" / "deep").write_text("text")
        (tmp_path / "packed-refs").write_text("text")
        until(bell.rung.is_set)

    assert not any(path.endswith("deep") for path in asked)


def test_several_folders_are_watched(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("content", "sites")]
    for folder in folders:
        folder.mkdir()
    bell = Bell()
    with watching(folders, bell):
        for folder in folders:
            (folder / "x").write_text("text")
            until(bell.rung.is_set)
            bell.rung.clear()
