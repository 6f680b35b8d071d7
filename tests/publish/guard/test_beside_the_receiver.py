"""The guard beside the receiver: whatever an honest publish has just done when the guard looks, it is no incident.

The receiver goes on step by step (`Stepwise`); the guard reads what must be at one step and looks at another.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from publish.guard import LIMITS, Done, Found, Incident, Limits
from publish.guard.guard import Guard
from publish.guard.signed import read_signed
from publish.guard.vaulted import Vaulted
from publish.receiver.forget import SWEEP_AFTER
from publish.receiver.places import OWN_NAMES
from publish.receiver.receive import Receiver
from publish.receiver.sweep import ASSET_DAYS
from publish.receiver.turn import turn
from tests.publish.guard.stepwise import Stepwise
from tests.publish.guard.target import NOW, ONE, TWO, Target, snapshot

AT_ONCE = replace(LIMITS, turn_wait=0.0)
PAGE = "portal/news/a.html"
STYLE = "assets/gov.1.css"


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """Two releases, of which the second is live; the third will drop the first."""
    target = Target(tmp_path, keep=2)
    target.publish(ONE)
    target.publish(TWO)
    return target


def guard_of(target: Target, at: Callable[[str], None] = lambda _: None, limits: Limits = AT_ONCE) -> Guard:
    return Guard(target.places, now=lambda: NOW, limits=limits, at=at)


def everything(target: Target) -> list[str]:
    """Every folder of the web root but the receiver's own: to look at a folder is to look at all that is in it."""
    found = [""]
    for folder, folders, _ in os.walk(target.www):
        folders[:] = [name for name in folders if name not in OWN_NAMES]
        found += [os.path.relpath(f"{folder}/{name}", target.www) for name in folders]
    return found


def stepwise(target: Target, work: Callable[[], object]) -> Stepwise:
    def run(at: Callable[[str], None]) -> object:
        target.at = at
        try:
            return work()
        finally:
            target.at = lambda _: None

    return Stepwise(run)


def no_incidents(target: Target, found: Iterable[Incident]) -> bool:
    return not [one.as_dict() for one in found] and not (target.places.state / "incidents.jsonl").exists()


# ---- everything that a receiver does --------------------------------------------------------------------------------

OTHERS = {**TWO, STYLE: "another style", "assets/search/s2/00.bin": "shard 2", "congress/_redirects": "/a /b\n"}
LESS = {path: text for path, text in OTHERS.items() if path not in ("portal/_redirects", "assets/search/s1/00.bin")}


def new_pages_and_files(target: Target) -> None:
    target.publish({**OTHERS, "portal/new/1.html": "new"})


def files_without_their_siblings_and_maps_that_go(target: Target) -> None:
    target.unpacked = frozenset({STYLE})
    target.publish({**LESS, STYLE: "short"})


def a_rollback(target: Target) -> None:
    assert target.last is not None
    target.rollback(target.last)


def a_state_of_the_cluster(target: Target) -> None:
    target.in_state({"portal/_mode.css": "html { filter: grayscale(1) }", "portal/notice.html": "mourning"})


def a_release_after_which_everything_is_swept(target: Target) -> None:
    target.keep = 1
    target.publish({**LESS, PAGE: "the last"})
    _later(target.receiver()).sweep()


def _later(receiver: Receiver) -> Receiver:
    """A receiver at a time when files under `assets/` that nobody uses any more have stayed long enough."""
    receiver.holding = replace(receiver.holding, now=lambda: NOW + timedelta(days=ASSET_DAYS + 1))
    return receiver


def a_purge(target: Target) -> None:
    target.publish({PAGE: "all that is left", "assets/gov.9.css": "style"})
    target.receiver().purge(target.tree)


DEEDS = (
    new_pages_and_files,
    files_without_their_siblings_and_maps_that_go,
    a_rollback,
    a_state_of_the_cluster,
    a_release_after_which_everything_is_swept,
    a_purge,
)


@pytest.mark.parametrize("late", [0, 3, 20])
def test_nothing_that_a_receiver_does_is_an_incident(target: Target, late: int) -> None:
    """What must be is read at one step, and the web root is looked at so many steps `late`."""
    reading = [0]
    going: list[Stepwise] = []

    def at(step: str) -> None:
        if step == "read" and going and not going[0].is_done:
            reading[0] += 1
            going[0].go_on(late)

    guard = guard_of(target, at)
    guard.check()
    for deed in DEEDS:
        with stepwise(target, lambda deed=deed: deed(target)) as work:  # type: ignore[misc]
            going[:] = [work]
            while not work.is_done:
                work.go_on()
                assert no_incidents(target, guard.attend(everything(target))), work.steps
        assert no_incidents(target, guard.attend(everything(target))), work.steps
    assert reading[0] >= len(DEEDS)
    assert guard_of(target).check().exit_code == 0


@pytest.mark.parametrize("settled", [True, False], ids=["a guard that knows the target", "a guard that just began"])
def test_a_switch_between_reading_and_looking_is_no_attack(target: Target, *, settled: bool) -> None:
    """The guard has read that release 2 is live, the receiver makes release 3 live, the guard looks."""

    def at(step: str) -> None:
        if step == "read" and "switched" not in work.steps:
            work.go_to("switched")

    guard = guard_of(target, at)
    with stepwise(target, lambda: target.publish(OTHERS)) as work:
        if settled:
            guard_of(target).check()
            guard.attend(["listings"])
        work.go_to("synced")
        # A new file under `assets/` makes it look closely: nobody knows yet who brought it.
        assert no_incidents(target, guard.attend(["current", "assets/search/s2/00.bin", "assets/search/s2"]))
        assert work.steps[-1] == "switched"
        assert (target.www / "current").readlink().name == "00000003"
    assert (target.www / "current").readlink().name == "00000003"


@pytest.mark.parametrize("late", [0, 1, 3])
def test_a_sweep_at_rest_is_no_incident(target: Target, late: int) -> None:
    """It gives the turn back between its steps: the guard then looks at what is half swept as if nobody were at work."""
    going: list[Stepwise] = []
    guard = guard_of(target, lambda step: going[0].go_on(late) if step == "read" and going else None)
    for number in range(SWEEP_AFTER + 2):
        target.publish({**OTHERS, PAGE: f"page {number}", f"assets/gov.{number}.css": f"style {number}"})
    with stepwise(target, lambda: _later(target.receiver()).sweep_at_rest(lambda: True)) as work:
        going[:] = [work]
        while not work.is_done:
            work.go_on()
            assert no_incidents(target, guard.attend(everything(target))), work.steps
        assert "swept" in work.steps, work.error
    assert guard_of(target).check().exit_code == 0
    assert not (target.www / "assets" / "gov.3.css").exists()


def test_a_release_that_is_dropped_while_the_vault_is_read_through_is_no_loss(target: Target) -> None:
    """A round takes long: what it set out with was dropped and swept when it comes to it."""
    guard = guard_of(target, lambda step: work.go_on() if step == "looked" and not work.is_done else None)
    with stepwise(target, lambda: a_release_after_which_everything_is_swept(target)) as work:
        report = guard.check()
    assert report.exit_code == 0, [one.as_dict() for one in report.incidents]
    assert report.missing == 0
    assert no_incidents(target, guard.attend([""]))


def test_a_round_that_was_begun_before_a_sweep_tells_no_loss(target: Target) -> None:
    guard = guard_of(target)
    guard.check()
    vaulted = Vaulted(target.places)
    old = read_signed(vaulted, (1, 2))
    a_release_after_which_everything_is_swept(target)
    guard._vaulted.lacking |= {sha for id in old.trees for sha in _hashes_in(target, id)}
    assert guard._tell_vault(0) == []


def _hashes_in(target: Target, id: str) -> Iterator[str]:
    with contextlib.suppress(Exception):
        for _, entry in target.listings.read(id).files:
            yield entry.raw


# ---- whose turn it is -----------------------------------------------------------------------------------------------


def test_while_blobs_travel_nothing_unknown_is_left_alone(target: Target) -> None:
    """A slow line keeps the guard from nothing: names change only when everything has come."""
    evil = target.www / "assets" / "evil.js"
    with stepwise(target, lambda: target.publish(OTHERS)) as work:
        work.go_to("blob")
        evil.write_text("evil")
        (incident,) = guard_of(target).attend(["assets/evil.js"])
        assert (incident.found, incident.done) == (Found.ADDED, Done.REMOVED)
        assert not evil.exists()
    assert guard_of(target).check().exit_code == 0


def test_the_receiver_waits_until_the_guard_has_mended(target: Target) -> None:
    with stepwise(target, lambda: target.publish(OTHERS)) as work, turn(target.places.state, 0) as is_ours:
        assert is_ours
        while "blob" not in work.steps:
            work.go_on()
        work.go_on(20)
        assert "aside" not in work.steps
    assert (target.www / "current").readlink().name == "00000003"


def test_who_holds_the_lock_in_the_web_root_keeps_the_guard_from_nothing(target: Target) -> None:
    evil = target.www / "assets" / "evil.js"
    evil.write_text("evil")
    with target.receiver().place.locked():
        assert guard_of(target).check().exit_code == 3
    assert not evil.exists()


def test_turns_far_apart_are_not_one_that_hangs(target: Target) -> None:
    """A second publish, long after the first one that the guard had to mend beside, is as honest as that."""
    clock = [0.0]
    guard = Guard(target.places, now=lambda: NOW, limits=AT_ONCE, seconds=lambda: clock[0])
    guard.check()
    unknown = target.www / "assets" / "unknown.js"
    for hour in range(3):
        clock[0] = hour * 3600.0
        with turn(target.places.state, 0):
            unknown.write_text("of the next release")
            assert guard.attend(["assets/unknown.js"]) == []
        unknown.unlink()
        assert guard.attend(["assets"]) == []


def test_a_turn_that_hangs_protects_nothing_in_the_end(target: Target) -> None:
    clock = [0.0]
    guard = Guard(target.places, now=lambda: NOW, limits=AT_ONCE, seconds=lambda: clock[0])
    unknown = target.www / "assets" / "unknown.js"
    with turn(target.places.state, 0):
        unknown.write_text("evil")
        assert guard.attend(["assets/unknown.js"]) == []
        clock[0] = AT_ONCE.turn_patience + 1
        assert [one.done for one in guard.attend(["assets/unknown.js"])] == [Done.REMOVED]


def test_a_folder_that_is_not_open_yet_is_no_incident(target: Target) -> None:
    """With a strict umask the receiver's new folders are closed for a moment."""
    folder = target.www / "assets" / "search"
    guard = guard_of(target)
    guard.check()
    with turn(target.places.state, 0):
        folder.chmod(0o700)
        assert guard.attend(["assets/search"]) == []
        folder.chmod(0o777)
        assert [one.found for one in guard.attend(["assets/search"])] == [Found.MODE]
    folder.chmod(0o700)
    assert [one.found for one in guard.attend(["assets/search"])] == [Found.MODE]
    assert folder.stat().st_mode & 0o777 == 0o755


def test_an_attack_while_names_change_is_undone_and_the_publish_goes_on(target: Target) -> None:
    guard = guard_of(target)
    guard.check()
    with stepwise(target, lambda: target.publish({**OTHERS, PAGE: "third"})) as work:
        work.go_to("names")
        page = target.real("portal/index.html")
        page.unlink()
        page.write_text("evil")
        assert [one.page for one in guard.attend([page.relative_to(target.www).as_posix()])] == ["portal/index.html"]
        assert page.read_text() == "home"
    assert target.real(PAGE).read_text() == "third"
    assert guard_of(target).check().exit_code == 0
    lines = (target.places.state / "incidents.jsonl").read_text().splitlines()
    assert [json.loads(line)["found"] for line in lines] == ["altered"]


def test_something_else_in_the_place_of_the_lock_is_told_and_the_next_publish_works(target: Target) -> None:
    lock = target.www / ".lock"
    lock.unlink(missing_ok=True)
    lock.mkdir()
    assert [one.path for one in guard_of(target).check().incidents] == [".lock"]
    before = snapshot(target.www)
    assert not lock.exists()
    target.publish(OTHERS)
    assert snapshot(target.www) != before


def test_an_empty_folder_of_assets_is_left_and_what_is_put_there_is_not(target: Target) -> None:
    """A sweep that was killed leaves one."""
    folder = target.www / "assets" / "search" / "s0"
    folder.mkdir()
    assert guard_of(target).check().exit_code == 0
    (folder / "evil.js").write_text("evil")
    assert guard_of(target).check().exit_code == 3
    assert not (folder / "evil.js").exists()
