"""The actions: what is published, held, rolled back, shown and purged, and what a kill in between leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.errors import BuildError, BusyError, HeldError, TargetError
from cluster.release import Kind
from publish.delivery import Receipt
from publish.ledger import HoldKind, State
from publish.receiver.place import Place
from publish.release import STEPS, publish, rollback
from publish.state import ClusterState
from tests.builders import REPOSITORY
from tests.publish.released_city import (
    BANNER,
    GREY,
    LEAKED,
    MANY,
    NOTICE,
    NOW,
    ONE,
    SHOWN,
    THREE,
    TWO,
    Board,
    City,
    break_target,
    holding,
    pages,
)  # fmt: skip


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


@pytest.fixture
def two_targets(tmp_path: Path) -> City:
    return City(tmp_path, ("dmz", "mirror"))


# Publishing


def test_the_first_release_goes_live_without_a_baseline(city):
    outcome = city.publish(ONE)
    assert (outcome.release.number, outcome.is_new, outcome.held, outcome.failures) == (1, True, (), ())
    assert outcome.receipts == (Receipt("dir:dmz", 1, outcome.release.root, NOW),)
    assert len(outcome.changes.added) == 4
    assert city.visible() == pages(ONE)
    (recorded,) = city.ledger.releases()
    assert (recorded.state, recorded.who, recorded.pages_changed) == (State.LIVE, "王", 3)
    assert (outcome.release.files, outcome.release.bytes) == (4, len("homeacstyle"))


def test_the_next_release_tells_what_changed(city):
    city.publish(ONE)
    outcome = city.publish(TWO)
    assert outcome.changes.changed == ("portal/news/a.html",)
    assert outcome.as_dict()["changes"] == {"added": 0, "changed": 1, "removed": 0}
    assert outcome.as_dict()["release"]["number"] == 2
    assert city.visible() == pages(TWO)
    assert city.ledger.releases()[0].pages_changed == 1


def test_only_one_publishes_at_a_time(city):
    with city.ledger.locked(), pytest.raises(BusyError):
        city.publish(ONE)
    assert city.ledger.releases() == []


# The brake


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


# Rolling back


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


def test_a_target_that_does_not_keep_the_release_gets_it_from_the_inside(city):
    city.publish(ONE)
    wider = City(city.root, ("dmz", "mirror"))
    wider.publish(TWO)
    outcome = wider.rollback()
    assert (len(outcome.receipts), outcome.failures) == (2, ())
    assert wider.visible("mirror") == pages(ONE)


def test_a_rollback_works_without_var(city):
    city.publish(ONE)
    city.publish(TWO)
    city.lose_var()
    city.rollback()
    assert city.visible() == pages(ONE)


# The cluster's state


def test_grey_is_shown_at_once_under_a_number_of_its_own(city):
    first = city.publish(SHOWN).release
    outcome = city.show(GREY)
    assert (outcome.release.number, outcome.release.kind, outcome.release.of) == (2, Kind.STATE, 1)
    assert outcome.release.root == first.root
    assert (outcome.is_new, outcome.changes.added, outcome.changes.changed) == (True, (), ())
    assert city.page("portal/_mode.css") == "p {}html { filter: grayscale(1); }\n"
    assert city.page("portal/notice.html") == NOTICE
    assert city.ledger.releases()[0].pages_changed == 0


def test_a_later_publish_keeps_the_state(city):
    city.publish(SHOWN)
    city.show(GREY)
    outcome = city.publish({**SHOWN, "portal/news/a.html": "A"})
    assert outcome.changes.changed == ("portal/news/a.html",)
    assert "grayscale" in city.page("portal/_mode.css")
    assert city.page("portal/news/a.html") == "A"


def test_a_rollback_keeps_the_state_of_today(city):
    city.publish(SHOWN)
    city.publish({**SHOWN, "portal/news/a.html": "A"})
    city.show(GREY)
    outcome = city.rollback()
    assert (outcome.release.number, outcome.release.kind, outcome.release.of) == (4, Kind.ROLLBACK, 1)
    assert (city.page("portal/news/a.html"), "grayscale" in city.page("portal/_mode.css")) == ("a", True)


def test_a_rollback_to_a_grey_day_is_not_grey(city):
    city.publish(SHOWN)
    city.show(GREY)
    city.publish({**SHOWN, "portal/news/a.html": "A"})
    city.show(ClusterState())
    city.rollback()
    assert (city.page("portal/news/a.html"), city.page("portal/_mode.css")) == ("a", "p {}")


def test_a_state_shows_through_a_rollback_and_its_hold(city):
    city.publish(SHOWN)
    city.publish({**SHOWN, "portal/news/a.html": "A"})
    city.rollback()
    city.show(GREY)
    assert (city.page("portal/news/a.html"), "grayscale" in city.page("portal/_mode.css")) == ("a", True)
    with pytest.raises(HeldError):
        city.publish(SHOWN)
    with pytest.raises(TargetError, match="is live"):
        city.rollback(1)


def test_a_new_site_follows_the_state(city):
    city.publish(SHOWN)
    city.show(GREY)
    city.publish({**SHOWN, "apple/index.html": "apple", "apple/_mode.css": "a {}"})
    assert city.page("apple/_mode.css").startswith("a {}html")


def test_clearing_brings_the_old_bytes_back(city):
    first = city.publish(SHOWN).release
    city.show(ClusterState(grey=True, zh="停水"))
    cleared = city.show(ClusterState())
    assert (cleared.release.overlay, cleared.release.root) == ((), first.root)
    assert city.page("portal/_mode.css") == "p {}"
    assert city.page("portal/notice.html") == NOTICE


def test_a_banner_is_put_on_notice_pages_as_text_in_their_language(city):
    english = NOTICE.replace("zh-Hans", "en")
    city.publish({**SHOWN, "congress/notice.html": english})
    city.show(BANNER)
    assert '<p class="notice-text">今晚停水 &lt;九点&gt;</p>' in city.page("portal/notice.html")
    assert '<p class="notice-text">No water &amp; no ice</p>' in city.page("congress/notice.html")
    assert ".notice-link[hidden] { display: block; }" in city.page("portal/_mode.css")


def test_a_state_needs_no_blob_of_the_content(city):
    city.publish(SHOWN)
    city.told.clear()
    city.show(GREY)
    assert [progress.blobs for progress in city.told] == [2]  # one for each site


def test_a_state_before_anything_is_live_is_refused(city):
    with pytest.raises(TargetError, match="Nothing is live"):
        city.show(GREY)
    assert not city.ledger.state()


def test_a_banner_that_has_no_place_changes_nothing(city):
    city.publish({**ONE, "portal/notice.html": "<p>no place</p>"})
    with pytest.raises(BuildError, match="notice-text"):
        city.show(BANNER)
    assert not city.ledger.state()
    assert city.live_number() == 1


# Purging


def test_a_purge_takes_every_older_release_and_its_bytes_away(city):
    city.publish(LEAKED)
    city.publish({**LEAKED, "portal/news/a.html": "A"})
    assert holding(city.root / "dmz") != []
    outcome = city.publish(SHOWN, purge=True, accept_removals=True)
    assert (outcome.release.number, outcome.release.kind, outcome.release.of) == (3, Kind.PURGE, None)
    assert holding(city.root / "dmz") == []
    assert [path.name for path in sorted((city.root / "dmz/www/releases").iterdir())] == ["00000003", "00000003.json"]
    assert city.visible() == pages(ONE)


def test_a_purge_keeps_the_state_of_the_cluster(city):
    city.publish(LEAKED)
    city.show(GREY)
    city.publish(SHOWN, purge=True)
    assert "grayscale" in city.page("portal/_mode.css")


def test_a_target_that_was_down_during_a_purge_purges_when_it_is_back(two_targets):
    two_targets.publish(LEAKED)
    mend = break_target(two_targets, "dmz")
    outcome = two_targets.publish(SHOWN, purge=True)
    assert (len(outcome.receipts), len(outcome.failures)) == (1, 1)
    assert holding(two_targets.root / "mirror") == []
    mend()
    with pytest.raises(TargetError, match="was purged"):
        two_targets.rollback(1)
    two_targets.publish(SHOWN)
    assert holding(two_targets.root / "dmz") == []


def test_a_target_that_missed_a_purge_purges_however_much_later_it_is_back(two_targets):
    two_targets.publish(LEAKED)
    mend = break_target(two_targets, "dmz")
    two_targets.publish(SHOWN, purge=True)
    two_targets.publish({**SHOWN, "portal/news/a.html": "A"})
    assert two_targets.rollback().release.of == 2
    mend()
    outcome = two_targets.show(GREY)  # whatever comes next takes the purged away, and what is newer stays
    assert (outcome.release.kind, outcome.release.purged) == (Kind.STATE, 2)
    assert holding(two_targets.root / "dmz") == []
    assert [path.name for path in sorted((two_targets.root / "mirror/www/releases").glob("*.json"))] == [
        f"0000000{number}.json" for number in (2, 3, 4, 5)
    ]


def test_a_purge_that_no_target_took_is_owed_too(city):
    city.publish(LEAKED)
    mend = break_target(city, "dmz")
    city.publish(SHOWN, purge=True)
    mend()
    city.publish({**SHOWN, "portal/news/a.html": "A"})
    assert holding(city.root / "dmz") == []


def test_a_new_target_owes_no_purge(city):
    city.publish(LEAKED)
    city.publish(SHOWN, purge=True)
    wider = City(city.root, ("dmz", "mirror"))
    wider.publish({**SHOWN, "portal/news/a.html": "A"})
    assert city.ledger.open_purges() == []


def test_a_purge_is_open_until_the_target_that_was_down_has_done_it(two_targets):
    two_targets.publish(LEAKED)
    mend = break_target(two_targets, "dmz")
    two_targets.publish(SHOWN, purge=True)
    assert [each.target for each in two_targets.ledger.open_purges()] == ["dir:dmz"]
    mend()
    two_targets.publish(SHOWN)
    assert two_targets.ledger.open_purges() == []


def test_a_purge_in_a_bundle_is_open_until_a_receipt_of_it_or_of_a_later_release_comes_back(tmp_path):
    city, board = City(tmp_path, ()), Board()
    board.url, board.carried = "file:usb", 0
    office = replace(city.office(), targets=(board,))

    def publish_there(files: dict[str, str], **options: bool) -> tuple[int, int]:
        release = publish(office, city.built(files), at=NOW, who="王", **options).release
        return release.purged, len(city.ledger.open_purges())

    assert publish_there(LEAKED) == (0, 0)
    assert publish_there(SHOWN, purge=True) == (0, 1)
    assert publish_there(TWO) == (2, 1)
    board.carried = 1  # a receipt from before
    assert publish_there(ONE) == (2, 1)
    board.carried = 3  # the bundle of the purge was never carried there: the next one purged too
    assert publish_there(THREE) == (2, 0)
    assert board.told[-1].kind is Kind.PUBLISH


def test_a_bundle_that_overtakes_that_of_a_purge_purges_too(city):
    """The stick held the purge, and then a later bundle was written over it."""
    city.publish(LEAKED)
    mend = break_target(city, "dmz")
    city.publish(SHOWN, purge=True)
    city.publish({**SHOWN, "portal/news/a.html": "A"})
    mend()
    outcome = city.publish({**SHOWN, "portal/news/a.html": "B"})
    assert (outcome.release.number, outcome.release.kind) == (4, Kind.PUBLISH)
    assert holding(city.root / "dmz") == []


# Killed at any moment

KILLED = """
import os, sys
from pathlib import Path
from publish.release import publish, rollback
from tests.publish.released_city import NOW, TWO, City

action, step, root = sys.argv[1:4]

def die(name):
    if name == step:
        os._exit(9)

city = City(Path(root))
if action == "publish":
    publish(city.office(die), city.built(TWO), at=NOW, who="王")
else:
    rollback(city.office(die), 1, at=NOW, who="李")
"""
# Those of the action, and the receiver's that an action can tell apart; tests/faults goes through all of them.
MOMENTS = [*STEPS[1:], "blob", "stored", "names", "synced", "switched"]


def kill(city: City, action: str, step: str) -> None:
    command = [sys.executable, "-c", KILLED, action, step, str(city.root)]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    assert subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode == 9


def roots_by_number(city: City) -> set[tuple[int, str]]:
    """Every number that the ledger or the target knows, with what it stands for."""
    at_target = [Place(city.root / "dmz/www").kept(), [each.release for each in city.ledger.releases()]]
    return {(release.number, release.root) for known in at_target for release in known}


@pytest.mark.parametrize("step", MOMENTS)
def test_a_killed_publish_is_finished_by_the_next_under_the_same_number(city, step):
    city.publish(ONE)
    kill(city, "publish", step)
    assert city.visible() in (pages(ONE), pages(TWO))
    city.publish(TWO)
    assert city.visible() == pages(TWO)
    assert city.live_number() == city.ledger.live().release.number == 2


@pytest.mark.parametrize("step", MOMENTS)
@pytest.mark.parametrize("files", [ONE, THREE], ids=["the old content", "other content"])
def test_after_a_kill_other_content_never_takes_the_same_number(city, step, files):
    city.publish(ONE)
    kill(city, "publish", step)
    outcome = city.publish(files)
    assert city.visible() == pages(files)
    assert city.live_number() == outcome.release.number
    numbers = [number for number, _ in roots_by_number(city)]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("step", ["held", "recorded", "stored", "synced", "switched", "delivered", "received", "live"])
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


def test_any_target_that_speaks_the_protocol_will_do(city):
    board = Board()
    office = replace(city.office(), targets=(*city.office().targets, board))
    for files in (ONE, TWO):
        publish(office, city.built(files), at=NOW, who="王")
    rollback(office, at=NOW, who="李")
    assert [release.number for release in board.told] == [1, 2, 3]
    assert [len(delta.entries) for delta in board.deltas] == [4, 1, 1]
