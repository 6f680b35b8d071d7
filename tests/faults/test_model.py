"""The model of a disk: it keeps what was promised, and may lose everything else."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults.model import (
    TOP,
    Act,
    Data,
    Disk,
    Enter,
    Leave,
    Length,
    Move,
    Node,
    Sync,
    SyncAll,
    perform,
    power_cuts,
    read_disk,
    write_disk,
)

FILE, FOLDER = 1, 2


def disk() -> Disk:
    """A disk with the nodes of a file and a folder that have no names yet."""
    return Disk({TOP: Node("folder"), FILE: Node("file"), FOLDER: Node("folder")}, {TOP: {}})


def left(acts: list[Act]) -> set[tuple[tuple[str, bytes], ...] | None]:
    """The contents of the disk that a cut after all of the acts may leave."""
    cuts = power_cuts(disk(), acts, chosen=random.Random(1), samples=50)
    return {tuple(sorted((one.disk.files("") or {}).items())) for one in cuts if one.done == len(acts)}


WRITTEN: list[Act] = [Enter(TOP, "aside", FILE), Data(FILE, 0, b"text"), Move(TOP, "aside", TOP, "name", FILE)]
NAMED = (("name", b"text"),)


def test_without_a_promise_everything_may_be_lost_in_any_mixture():
    assert left(WRITTEN) == {(), (("aside", b""),), (("aside", b"text"),), (("name", b""),), NAMED}


def test_a_rename_survives_without_the_bytes_when_only_the_folder_was_synced():
    assert left([*WRITTEN, Sync(TOP, ".")]) == {(("name", b""),), NAMED}


def test_bytes_survive_without_a_name_when_only_the_file_was_synced():
    assert left([*WRITTEN, Sync(FILE, "x")]) == {(), (("aside", b"text"),), NAMED}


@pytest.mark.parametrize("promise", [[SyncAll(".")], [Sync(FILE, "x"), Sync(TOP, ".")]], ids=["all", "one by one"])
def test_what_was_promised_whole_survives_whole(promise):
    assert left([*WRITTEN, *promise]) == {NAMED}


def test_a_promise_covers_only_what_was_before_it():
    assert left([WRITTEN[0], SyncAll("."), *WRITTEN[1:]]) == {
        (("aside", b""),),
        (("aside", b"text"),),
        (("name", b""),),
        NAMED,
    }


def test_a_folder_may_have_its_name_without_anything_in_it():
    acts: list[Act] = [Enter(TOP, "folder", FOLDER), Enter(FOLDER, "file", FILE), Data(FILE, 0, b"x")]
    assert left(acts) == {(), (("folder/file", b""),), (("folder/file", b"x"),)}
    assert left([*acts, Sync(FOLDER, "folder")]) >= {(), (("folder/file", b""),)}


def test_acts_do_what_the_calls_do():
    made = disk()
    for act in [*WRITTEN, Length(FILE, 2), Data(FILE, 4, b"!")]:
        perform(made, act)
    assert made.files("") == {"name": b"te\0\0!"}
    perform(made, Leave(TOP, "name", FILE))
    assert made.files("") == {}


def test_a_name_that_means_another_file_by_now_is_not_taken_away():
    made = Disk({TOP: Node("folder"), 1: Node("file"), 2: Node("file", b"new")}, {TOP: {"name": 2}})
    perform(made, Leave(TOP, "name", 1))
    assert made.files("") == {"name": b"new"}


def test_every_prefix_is_looked_at_with_nothing_and_with_everything():
    cuts = list(power_cuts(disk(), WRITTEN, chosen=random.Random(1), samples=3))
    for done in range(1, len(WRITTEN) + 1):
        assert {"only what was promised", "everything"} <= {one.how for one in cuts if one.done == done}


def test_a_real_folder_is_read_and_written_back(tmp_path: Path):
    one = tmp_path / "one"
    (one / "trees/x").mkdir(parents=True)
    (one / "blob").write_text("text")
    (one / "blob").chmod(0o444)
    (one / "trees/x/file").hardlink_to(one / "blob")
    (one / "current").symlink_to("trees/x")
    (one / "gone").symlink_to("../../outside")
    read, _ = read_disk(one)
    write_disk(read, tmp_path / "two")
    again, _ = read_disk(tmp_path / "two")
    assert {**again.nodes} == {**read.nodes}
    assert again.files("current") == {"file": b"text"}
    assert (tmp_path / "two/blob").stat().st_nlink == 2
    assert again.find("current/file") == again.find("blob")
    assert again.find("gone") is None
    assert again.files("") is None


def test_links_in_a_circle_lead_nowhere():
    made = Disk(
        {TOP: Node("folder"), 1: Node("link", target="b"), 2: Node("link", target="a")}, {TOP: {"a": 1, "b": 2}}
    )
    assert made.find("a") is None
    assert made.find("a", follow=False) == 1
