"""The actions: what is published, held, rolled back, and what a kill in between leaves."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cluster.blobs import BlobStore
from cluster.errors import BusyError, HeldError, TargetError
from cluster.manifest import Entry, Manifest
from cluster.release import Kind, Release
from publish.delivery import Receipt
from publish.delivery.directory import DirectoryTarget
from publish.ledger import HoldKind, Ledger, State
from publish.receiver.place import STEPS as PLACE_STEPS
from publish.receiver.place import Disk, Place
from publish.release import STEPS, Built, Office, Outcome, publish, rollback

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FAST = Disk(sync=lambda folder: None)
ONE = {"portal/index.html": "home", "portal/news/a.html": "a", "congress/index.html": "c", "assets/s.css": "style"}
TWO = {**ONE, "portal/news/a.html": "A"}
THREE = {**ONE, "portal/news/b.html": "b"}


@dataclass
class City:
    """A publishing office and its targets in one folder."""

    root: Path
    names: tuple[str, ...] = ("www",)

    @property
    def office(self) -> Office:
        targets = tuple(
            DirectoryTarget(f"dir:{name}", Place(self.root / name, disk=FAST), lambda: NOW) for name in self.names
        )
        ledger = Ledger(self.root / "data/publish.db")
        return Office(ledger, BlobStore(self.root / "var/blobs"), targets, self.root / "var/released.manifest", keep=4)

    @property
    def ledger(self) -> Ledger:
        return self.office.ledger

    def built(self, files: dict[str, str], commit: str = "c0ffee") -> Built:
        blobs = self.office.blobs
        entries = {path: Entry(blobs.put(text.encode()), None, len(text)) for path, text in files.items()}
        return Built(Manifest.of(entries), commit, NOW)

    def publish(self, files: dict[str, str], **options: bool) -> Outcome:
        return publish(self.office, self.built(files), at=NOW, who="王", **options)

    def rollback(self, number: int | None = None) -> Outcome:
        return rollback(self.office, number, at=LATER, who="李")

    def visible(self, name: str = "www") -> dict[str, str]:
        live = self.root / name / "current"
        found = {path: live / path for path in {**ONE, **TWO, **THREE} if not path.startswith("assets/")}
        return {path: file.read_text() for path, file in found.items() if file.exists()}

    def live_number(self, name: str = "www") -> int:
        return int((self.root / name / "current").readlink().name)


def pages(files: dict[str, str]) -> dict[str, str]:
    return {path: text for path, text in files.items() if not path.startswith("assets/")}


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


@pytest.fixture
def two_targets(tmp_path: Path) -> City:
    return City(tmp_path, ("www", "mirror"))


def break_target(city: City, name: str) -> Callable[[], None]:
    """Makes a target refuse everything; the answer mends it."""
    folder, hidden = city.root / name, city.root / f"{name}.hidden"
    if folder.exists():
        folder.rename(hidden)
    folder.write_text("in the way")

    def mend() -> None:
        folder.unlink()
        if hidden.exists():
            hidden.rename(folder)

    return mend


# Publishing


def test_the_first_release_goes_live_without_a_baseline(city):
    outcome = city.publish(ONE)
    assert (outcome.release.number, outcome.is_new, outcome.held, outcome.failures) == (1, True, (), ())
    assert outcome.receipts == (Receipt("dir:www", 1, outcome.release.root, NOW),)
    assert len(outcome.changes.added) == 4
    assert city.visible() == pages(ONE)
    (recorded,) = city.ledger.releases()
    assert (recorded.state, recorded.who, recorded.pages_changed) == (State.LIVE, "王", 3)
    assert Manifest.parse(city.office.released.read_bytes()) == city.built(ONE).manifest


def test_the_next_release_tells_what_changed(city):
    city.publish(ONE)
    outcome = city.publish(TWO)
    assert outcome.changes.changed == ("portal/news/a.html",)
    assert outcome.as_dict()["changes"] == {"added": 0, "changed": 1, "removed": 0}
    assert outcome.as_dict()["release"]["number"] == 2
    assert city.visible() == pages(TWO)
    assert city.ledger.releases()[0].pages_changed == 1


def test_nothing_changed_makes_no_release(city):
    first = city.publish(ONE)
    again = publish(city.office, city.built(ONE, commit="deadbeef"), at=LATER, who="王")
    assert (again.release, again.is_new, again.receipts) == (first.release, False, ())
    assert len(city.ledger.releases()) == 1


def test_a_lost_var_costs_nothing_but_speed(city):
    city.publish(ONE)
    city.office.released.unlink()
    outcome = city.publish(TWO)
    assert outcome.changes.changed == ("portal/news/a.html",)


def test_a_damaged_memory_of_the_last_release_is_not_believed(city):
    city.publish(ONE)
    city.office.released.write_bytes(b"zhanqun-manifest 1\n")
    assert city.publish(TWO).changes.changed == ("portal/news/a.html",)
    city.office.released.write_bytes(b"rubbish")
    assert city.publish(THREE).changes.added == ("portal/news/b.html",)


def test_only_one_publishes_at_a_time(city):
    with city.ledger.locked(), pytest.raises(BusyError):
        city.publish(ONE)
    assert city.ledger.releases() == []


# Several targets


def test_a_failing_target_does_not_stop_the_others(two_targets):
    break_target(two_targets, "www")
    outcome = two_targets.publish(ONE)
    assert [receipt.target for receipt in outcome.receipts] == ["dir:mirror"]
    (failure,) = outcome.failures
    assert failure.target == "dir:www"
    assert failure.text("en") in str(outcome.as_dict())
    assert failure.text("zh") != failure.text("en")
    assert two_targets.visible("mirror") == pages(ONE)


def test_a_target_that_lags_is_delivered_to_though_nothing_changed(two_targets):
    mend = break_target(two_targets, "www")
    first = two_targets.publish(ONE)
    mend()
    outcome = two_targets.publish(ONE)
    assert (outcome.release, outcome.is_new) == (first.release, False)
    assert [receipt.target for receipt in outcome.receipts] == ["dir:www"]
    assert two_targets.visible("www") == pages(ONE)


def test_a_release_that_no_target_took_stays_pending_and_keeps_its_number(city):
    mend = break_target(city, "www")
    outcome = city.publish(ONE)
    assert (outcome.receipts, len(outcome.failures)) == ((), 1)
    assert city.ledger.live() is None
    assert city.ledger.latest().state is State.PENDING
    assert not city.office.released.exists()
    mend()
    again = city.publish(ONE)
    assert (again.release, again.is_new) == (outcome.release, True)
    assert city.live_number() == 1


def test_other_content_after_a_failure_takes_the_next_number(city):
    mend = break_target(city, "www")
    city.publish(ONE)
    mend()
    assert city.publish(TWO).release.number == 2
    assert [each.state for each in city.ledger.releases()] == [State.LIVE, State.ABANDONED]


def test_a_new_target_gets_the_live_release(city):
    city.publish(ONE)
    wider = City(city.root, ("www", "mirror"))
    assert [receipt.target for receipt in wider.publish(ONE).receipts] == ["dir:mirror"]
    assert wider.visible("mirror") == pages(ONE)


# An old backup of data/


def test_a_lost_ledger_goes_on_above_the_number_that_is_live(city):
    for files in (ONE, TWO):
        city.publish(files)
    city.ledger.path.unlink()
    outcome = city.publish(THREE)
    assert outcome.release.number == 3
    assert (outcome.changes.added, outcome.changes.changed) == (("portal/news/b.html",), ("portal/news/a.html",))
    assert city.visible() == pages(THREE)


def test_a_ledger_from_an_old_backup_does_not_take_the_site_back(city):
    city.publish(ONE)
    backup = city.ledger.path.read_bytes()
    city.publish(TWO)
    city.ledger.path.write_bytes(backup)
    outcome = city.publish(ONE)
    assert (outcome.release.number, outcome.is_new) == (3, True)
    assert city.visible() == pages(ONE)


# The brake

MANY = {**ONE, **{f"portal/news/{n}.html": "x" for n in range(60)}}


def test_a_mass_removal_is_held_and_told(city):
    city.publish(MANY)
    outcome = city.publish(ONE)
    assert outcome.release is None
    assert [(each.site, each.count) for each in outcome.held] == [("portal", 60)]
    assert outcome.as_dict()["held"][0]["count"] == 60
    assert city.live_number() == 1
    (hold,) = city.ledger.holds()
    assert (hold.kind, hold.en) == (HoldKind.BRAKE, outcome.held[0].text("en"))


def test_a_persons_yes_lets_a_mass_removal_go(city):
    city.publish(MANY)
    city.publish(ONE)
    assert city.publish(ONE, accept_removals=True).release.number == 2
    assert city.ledger.holds() == []
    assert city.ledger.all_holds()[0].cleared_by == "王"
    assert city.visible() == pages(ONE)


def test_mending_the_content_ends_the_brakes_hold(city):
    city.publish(MANY)
    city.publish(ONE)
    city.publish({**MANY, "portal/news/a.html": "better"})
    assert city.ledger.holds() == []
    assert city.ledger.all_holds()[0].cleared_by == "brake"


def test_a_held_build_does_not_use_up_a_number(city):
    city.publish(MANY)
    city.publish(ONE)
    assert city.ledger.next_number() == 2


def test_without_anything_to_compare_a_person_is_asked(city):
    city.publish(ONE)
    city.office.released.unlink()
    break_target(city, "www")
    with pytest.raises(TargetError, match="--accept-removals"):
        city.publish(TWO)
    assert city.publish(TWO, accept_removals=True).release.number == 2


def test_an_emptied_target_has_nothing_to_lose(city):
    city.publish(MANY)
    city.office.released.unlink()
    (city.root / "www").rename(city.root / "gone")
    assert city.publish(ONE).receipts[0].number == 2


# Rolling back


def test_rollback_makes_the_previous_release_live_under_a_new_number(city):
    first = city.publish(ONE).release
    city.publish(TWO)
    outcome = city.rollback()
    assert outcome.release == first.rolled_back_as(3)
    assert outcome.changes.changed == ("portal/news/a.html",)
    assert city.visible() == pages(ONE)
    assert city.live_number() == 3
    assert city.ledger.releases()[0].who == "李"


def test_rollback_holds_automatic_publishing_until_resumed(city):
    city.publish(ONE)
    city.publish(TWO)
    city.rollback()
    with pytest.raises(HeldError, match=r"rolled back to release 1.*--resume") as told:
        city.publish(TWO)
    assert "第 1 号" in told.value.text("zh")
    assert city.visible() == pages(ONE)
    assert city.publish(TWO, resume=True).release.number == 4
    assert city.publish(THREE).release.number == 5


def test_a_braked_resume_stays_held(city):
    city.publish(ONE)
    city.publish(MANY)
    city.publish({**MANY, "portal/news/a.html": "x"})
    city.rollback()
    assert city.publish(ONE, resume=True).held
    assert {hold.kind for hold in city.ledger.holds()} == {HoldKind.BRAKE, HoldKind.ROLLBACK}
    assert city.publish(ONE, resume=True, accept_removals=True).release.number == 5
    assert city.ledger.holds() == []


def test_rolling_back_again_goes_ever_further_back(city):
    for files in (ONE, TWO, THREE):
        city.publish(files)
    assert city.rollback().release.of == 2
    assert city.rollback().release.of == 1
    assert city.visible() == pages(ONE)
    with pytest.raises(TargetError, match="no earlier release"):
        city.rollback()


def test_a_release_can_be_named(city):
    for files in (ONE, TWO, THREE):
        city.publish(files)
    assert city.rollback(1).release.of == 1
    assert city.rollback(3).release.of == 3
    assert city.rollback(4).release.of == 1  # number 4 was itself a rollback to 1
    assert city.visible() == pages(ONE)


def test_rolling_back_twice_to_one_release_makes_one_number(city):
    city.publish(ONE)
    city.publish(TWO)
    first = city.rollback(1)
    again = city.rollback(1)
    assert (again.release, again.is_new) == (first.release, False)


@pytest.mark.parametrize(("number", "reason"), [(9, "never live"), (2, "is live")], ids=["unknown", "the live one"])
def test_a_rollback_to_nowhere_is_refused_and_holds_nothing(city, number, reason):
    city.publish(ONE)
    city.publish(TWO)
    with pytest.raises(TargetError, match=reason):
        city.rollback(number)
    assert city.ledger.holds() == []


def test_a_rollback_before_the_first_release_is_refused(city):
    with pytest.raises(TargetError, match="no earlier release"):
        city.rollback()


def test_a_rollback_past_what_is_kept_is_refused_and_holds_nothing(city):
    for number in range(6):
        city.publish({**ONE, "portal/news/a.html": str(number)})
    with pytest.raises(TargetError, match="No target keeps release 1"):
        city.rollback(1)
    assert city.ledger.holds() == []


def test_a_target_that_does_not_keep_the_release_gets_it_from_the_inside(city):
    city.publish(ONE)
    wider = City(city.root, ("www", "mirror"))
    wider.publish(TWO)
    outcome = wider.rollback()
    assert (len(outcome.receipts), outcome.failures) == (2, ())
    assert wider.visible("mirror") == pages(ONE)


def test_a_rollback_works_without_var(city):
    city.publish(ONE)
    city.publish(TWO)
    (city.root / "var").rename(city.root / "lost")
    city.rollback()
    assert city.visible() == pages(ONE)


# Killed at any moment

KILLED = """
import os, sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from test_release import FAST, NOW, City, TWO, publish, rollback
from publish.delivery.directory import DirectoryTarget
from publish.receiver.place import Place

action, step, root = sys.argv[1:4]

def die(name):
    if name == step:
        os._exit(9)

city = City(Path(root))
target = DirectoryTarget("dir:www", Place(city.root / "www", disk=FAST, at=die), lambda: NOW)
office = replace(city.office, at_step=die, targets=(target,))
if action == "publish":
    publish(office, city.built(TWO), at=NOW, who="王")
else:
    rollback(office, 1, at=NOW, who="李")
"""
MOMENTS = [*STEPS[1:], *PLACE_STEPS[1:]]


def kill(city: City, action: str, step: str) -> None:
    here = Path(__file__)
    command = [sys.executable, "-c", KILLED, action, step, str(city.root), str(here.parent)]
    assert subprocess.run(command, cwd=here.parents[2], check=False).returncode == 9


def roots_by_number(city: City) -> set[tuple[int, str]]:
    """Every number that the ledger or the target knows, with what it stands for."""
    at_target = [Place(city.root / "www").releases(), [each.release for each in city.ledger.releases()]]
    return {(release.number, release.root) for known in at_target for release in known}


@pytest.mark.parametrize("step", [step for step in MOMENTS if step != "asset"])
def test_a_killed_publish_is_finished_by_the_next_under_the_same_number(city, step):
    city.publish(ONE)
    kill(city, "publish", step)
    assert city.visible() in (pages(ONE), pages(TWO))
    city.publish(TWO)
    assert city.visible() == pages(TWO)
    assert city.live_number() == city.ledger.live().release.number == 2
    assert Manifest.parse(city.office.released.read_bytes()) == city.built(TWO).manifest


@pytest.mark.parametrize("step", [step for step in MOMENTS if step != "asset"])
@pytest.mark.parametrize("files", [ONE, THREE], ids=["the old content", "other content"])
def test_after_a_kill_other_content_never_takes_the_same_number(city, step, files):
    city.publish(ONE)
    kill(city, "publish", step)
    outcome = city.publish(files)
    assert city.visible() == pages(files)
    assert city.live_number() == outcome.release.number
    numbers = [number for number, _ in roots_by_number(city)]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("step", ["held", "recorded", "record", "synced", "switched", "delivered", "received", "live"])
def test_a_killed_rollback_holds_publishing_and_is_finished_by_the_next(city, step):
    city.publish(ONE)
    city.publish(TWO)
    kill(city, "rollback", step)
    with pytest.raises(HeldError):
        city.publish(THREE)
    outcome = city.rollback(1)
    assert (outcome.release.number, outcome.release.kind, outcome.release.of) == (3, Kind.ROLLBACK, 1)
    assert city.visible() == pages(ONE)
    assert city.ledger.live().release.number == 3


# A target of another kind


class Notice:
    """A target that only writes down what it was told, to show that the actions need no more than the protocol."""

    url = "notice:board"

    def __init__(self) -> None:
        self.told: list[Release] = []

    def deliver(self, release: Release, manifest: Manifest, blobs: BlobStore, keep: int) -> Receipt:
        self.told.append(release)
        return Receipt(self.url, release.number, release.root, NOW)

    def redeliver(self, release: Release) -> Receipt:
        raise TargetError("nothing is kept here", "未保留")

    def live(self) -> Release | None:
        return self.told[-1] if self.told else None

    def manifest(self, number: int) -> Manifest:
        raise TargetError("nothing is kept here", "未保留")


def test_any_target_that_speaks_the_protocol_will_do(city):
    board = Notice()
    office = replace(city.office, targets=(*city.office.targets, board))
    for files in (ONE, TWO):
        publish(office, city.built(files), at=NOW, who="王")
    rollback(office, at=LATER, who="李")
    assert [release.number for release in board.told] == [1, 2, 3]
