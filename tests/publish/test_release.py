"""The actions: what is published, held, rolled back, shown and purged, and what a kill in between leaves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import brotli
import pytest

from cluster.blobs import BlobStore, compress
from cluster.delta import Delta
from cluster.errors import BuildError, BusyError, HeldError, TargetError
from cluster.listings import EMPTY, Listings
from cluster.manifest import Entry, Manifest
from cluster.release import Kind, Release
from publish.brake import Reason
from publish.delivery import Hello, Parcel, Progress, Receipt
from publish.delivery.directory import DirectoryTarget
from publish.ledger import HoldKind, Ledger, State
from publish.receiver.disk import Disk, no_step
from publish.receiver.place import Place
from publish.receiver.places import Places
from publish.receiver.receive import Receiver
from publish.release import STEPS, Built, Office, Outcome, change_state, publish, rollback, sign_again
from publish.state import ClusterState
from publish.trust import Trust
from publish.validity import VALIDITY
from tests.builders import REPOSITORY

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FAST = Disk(sync=lambda folder: None)
NOTICE = '<html lang="zh-Hans"><p class="notice-text">目前没有重要通知。</p>'
ONE = {"portal/index.html": "home", "portal/news/a.html": "a", "congress/index.html": "c", "assets/s.css": "style"}
TWO = {**ONE, "portal/news/a.html": "A"}
THREE = {**ONE, "portal/news/b.html": "b"}


@dataclass(frozen=True, slots=True)
class FastTarget(DirectoryTarget):
    """A folder that is not waited for, and that names its steps."""

    at: Callable[[str], None] = no_step

    @property
    def receiver(self) -> Receiver:
        """The receiver of this folder."""
        return Receiver(self.places, now=self.now, disk=FAST, at=self.at, name=self.url)


@dataclass
class City:
    """A publishing office and its targets in one folder, each with its own web root, state and vault."""

    root: Path
    names: tuple[str, ...] = ("dmz",)
    now: datetime = NOW
    told: list[Progress] = field(default_factory=list)

    def office(self, at_step: Callable[[str], None] = no_step) -> Office:
        """The office as it is opened for one action."""
        targets = tuple(
            FastTarget(f"dir:{name}", Places.from_www(self.root / name / "www"), lambda: self.now, at=at_step)
            for name in self.names
        )
        return Office(
            self.ledger, self.listings, self.blobs, targets, self.sign, keep=4, tell=self.told.append, at_step=at_step
        )

    def sign(self, record: bytes, at: datetime, expiry: timedelta, root_version: int) -> dict[str, bytes]:
        trust = Trust.of(self.root / "data")
        trust.ensure(at)
        return trust.sign(record, at=at, expiry=expiry, root_version=root_version)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.root / "data/publish.db")

    @property
    def listings(self) -> Listings:
        return Listings(self.root / "var/listings")

    @property
    def blobs(self) -> BlobStore:
        return BlobStore(self.root / "var/blobs")

    def built(self, files: dict[str, str], commit: str = "c0ffee") -> Built:
        entries = {path: self.entry(text.encode()) for path, text in files.items()}
        manifest = Manifest.of(entries)
        root = self.listings.change(EMPTY, manifest.entries.items())
        pages = {
            site: sum(path.startswith(f"{site}/") and path.endswith(".html") for path in files)
            for site in manifest.sites()
        }
        return Built(root, pages, commit, NOW)

    def entry(self, data: bytes) -> Entry:
        return Entry(self.blobs.put(data), self.blobs.put(compress(data)), len(data))

    def publish(self, files: dict[str, str], **options: bool) -> Outcome:
        return publish(self.office(), self.built(files), at=self.now, who="王", **options)

    def rollback(self, number: int | None = None) -> Outcome:
        return rollback(self.office(), number, at=self.now, who="李")

    def show(self, state: ClusterState) -> Outcome:
        return change_state(self.office(), state, at=self.now, who="赵")

    def page(self, path: str, name: str = "dmz") -> str:
        file = self.root / name / "www/current" / path
        return file.read_text("utf-8") if file.is_file() else ""

    def visible(self, name: str = "dmz") -> dict[str, str]:
        paths = [path for path in {**ONE, **TWO, **THREE} if not path.startswith("assets/")]
        return {path: self.page(path, name) for path in paths if self.page(path, name)}

    def live_number(self, name: str = "dmz") -> int:
        return int((self.root / name / "www/current").readlink().name)

    def lose_var(self) -> None:
        shutil.rmtree(self.root / "var")


def pages(files: dict[str, str]) -> dict[str, str]:
    return {path: text for path, text in files.items() if not path.startswith("assets/")}


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


@pytest.fixture
def two_targets(tmp_path: Path) -> City:
    return City(tmp_path, ("dmz", "mirror"))


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


def test_nothing_changed_makes_no_release(city):
    first = city.publish(ONE)
    again = publish(city.office(), city.built(ONE, commit="deadbeef"), at=LATER, who="王")
    assert (again.release, again.is_new, again.receipts) == (first.release, False, ())
    assert len(city.ledger.releases()) == 1


def test_a_records_counts_follow_every_change(city):
    city.publish(ONE)
    city.publish({**THREE, "portal/news/a.html": "longer"})
    release = city.publish({**ONE, "portal/index.html": "h"}).release
    assert (release.files, release.bytes) == (4, len("hacstyle"))


def test_publishing_reads_what_changed_and_no_more(city):
    files = {f"portal/{column}/{n}.html": f"{column}{n}" for column in "abcdef" for n in range(4)}
    city.publish(files)
    (untouched,) = {id for name, id in city.listings.read(portal_of(city)).children if name == "c"}
    (city.root / "var/listings" / untouched).unlink()
    changed = city.listings.change(city.ledger.live().release.root, [("portal/a/0.html", city.entry(b"new"))])
    built = Built(changed, {"portal": 24}, "c0ffee", NOW)
    assert publish(city.office(), built, at=NOW, who="王").changes.changed == ("portal/a/0.html",)
    assert city.page("portal/a/0.html") == "new"


def portal_of(city: City) -> str:
    return dict(city.listings.read(city.ledger.live().release.root).children)["portal"]


def test_only_one_publishes_at_a_time(city):
    with city.ledger.locked(), pytest.raises(BusyError):
        city.publish(ONE)
    assert city.ledger.releases() == []


# Several targets


def test_a_failing_target_does_not_stop_the_others(two_targets):
    break_target(two_targets, "dmz")
    outcome = two_targets.publish(ONE)
    assert [receipt.target for receipt in outcome.receipts] == ["dir:mirror"]
    (failure,) = outcome.failures
    assert failure.target == "dir:dmz"
    assert failure.text("en") in str(outcome.as_dict())
    assert failure.text("zh") != failure.text("en")
    assert two_targets.visible("mirror") == pages(ONE)


def test_a_target_that_lags_is_delivered_to_though_nothing_changed(two_targets):
    mend = break_target(two_targets, "dmz")
    first = two_targets.publish(ONE)
    mend()
    outcome = two_targets.publish(ONE)
    assert (outcome.release, outcome.is_new) == (first.release, False)
    assert [receipt.target for receipt in outcome.receipts] == ["dir:dmz"]
    assert two_targets.visible("dmz") == pages(ONE)


def test_a_release_that_no_target_took_stays_pending_and_keeps_its_number(city):
    mend = break_target(city, "dmz")
    outcome = city.publish(ONE)
    assert (outcome.receipts, len(outcome.failures)) == ((), 1)
    assert city.ledger.live() is None
    assert city.ledger.latest().state is State.PENDING
    mend()
    again = city.publish(ONE)
    assert (again.release, again.is_new) == (outcome.release, True)
    assert city.live_number() == 1


def test_other_content_after_a_failure_takes_the_next_number(city):
    mend = break_target(city, "dmz")
    city.publish(ONE)
    mend()
    assert city.publish(TWO).release.number == 2
    assert [each.state for each in city.ledger.releases()] == [State.LIVE, State.ABANDONED]


def test_a_new_target_gets_the_live_release(city):
    city.publish(ONE)
    wider = City(city.root, ("dmz", "mirror"))
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
    city.lose_var()
    break_target(city, "dmz")
    with pytest.raises(TargetError, match="--accept-removals"):
        city.publish(TWO)
    assert city.publish(TWO, accept_removals=True).release.number == 2


def test_an_emptied_target_has_nothing_to_lose(city):
    city.publish(MANY)
    city.lose_var()
    (city.root / "dmz").rename(city.root / "gone")
    assert city.publish(ONE).receipts[0].number == 2


def test_moved_pages_and_new_sites_are_weighed_like_before(city):
    city.publish({**MANY, "apple/index.html": "apple"})
    moved = {path.replace("/news/", "/archive/"): text for path, text in MANY.items()}
    outcome = city.publish({**moved, "pear/index.html": "pear"})
    assert [(each.site, each.count, each.total, each.reason) for each in outcome.held] == [
        ("apple", 1, 1, Reason.SITE),
        ("portal", 61, 62, Reason.MANY),
    ]


def test_a_home_page_does_not_go_unasked(city):
    city.publish(ONE)
    without_home = {path: text for path, text in ONE.items() if path != "portal/index.html"}
    (removal,) = city.publish(without_home).held
    assert (removal.site, removal.reason) == ("portal", Reason.HOME)


# A lost var/


def test_a_tree_that_was_lost_is_fetched_from_a_target(city):
    city.publish(MANY)
    city.lose_var()
    outcome = city.publish({**MANY, "portal/news/a.html": "A"})
    assert outcome.changes.changed == ("portal/news/a.html",)
    assert outcome.held == ()


def test_the_brake_holds_after_var_was_lost_too(city):
    city.publish(MANY)
    city.lose_var()
    assert [removal.count for removal in city.publish(ONE).held] == [60]


def test_a_lost_tree_is_fetched_from_any_target_that_has_it(two_targets):
    two_targets.publish(ONE)
    break_target(two_targets, "dmz")
    two_targets.lose_var()
    outcome = two_targets.publish(TWO)
    assert outcome.changes.changed == ("portal/news/a.html",)
    assert [receipt.target for receipt in outcome.receipts] == ["dir:mirror"]


def test_a_listing_that_a_target_lends_damaged_is_not_believed(city):
    city.publish(ONE)
    city.lose_var()
    root = city.ledger.live().release.root
    for folder in ("www", "vault"):
        place = city.root / "dmz" / folder / "listings" / root
        place.chmod(0o644)
        place.write_bytes(b"rubbish")
    with pytest.raises(TargetError, match="--accept-removals"):
        city.publish(TWO)
    assert root not in city.listings


def test_what_could_be_fetched_in_part_only_is_no_tree(city):
    """A listing that is here has its children here too, whenever the fetching was cut."""
    city.publish(ONE)
    root = city.ledger.live().release.root
    news = dict(city.listings.read(portal_of(city)).children)["news"]
    city.lose_var()
    for folder in ("www", "vault"):
        (city.root / "dmz" / folder / "listings" / news).unlink()
    with pytest.raises(TargetError, match="--accept-removals"):
        city.publish(TWO)
    assert root not in city.listings


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
    city.lose_var()
    city.office().targets[0].receiver.sweep()
    with pytest.raises(TargetError, match="No target keeps release 1"):
        city.rollback(1)
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

SHOWN = {**ONE, "portal/_mode.css": "p {}", "portal/notice.html": NOTICE, "congress/notice.html": NOTICE}
GREY = ClusterState(grey=True)
BANNER = ClusterState(zh="今晚停水 <九点>", en="No water & no ice")


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


def test_the_same_content_in_the_same_state_makes_no_release(city):
    city.publish(SHOWN)
    city.show(GREY)
    assert not city.publish(SHOWN).is_new
    assert not city.show(GREY).is_new
    assert city.live_number() == 2


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


def test_the_content_that_is_live_in_a_state_is_no_place_to_go_back_to(city):
    city.publish(SHOWN)
    city.show(GREY)
    with pytest.raises(TargetError, match="is live"):
        city.rollback(1)
    assert city.ledger.holds() == []


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


def test_a_state_reaches_the_targets_that_are_up_and_the_other_when_it_is_back(two_targets):
    two_targets.publish(SHOWN)
    mend = break_target(two_targets, "dmz")
    assert [failure.target for failure in two_targets.show(GREY).failures] == ["dir:dmz"]
    assert "grayscale" in two_targets.page("portal/_mode.css", "mirror")
    mend()
    two_targets.publish(SHOWN)
    assert "grayscale" in two_targets.page("portal/_mode.css")


# Purging

SECRET = "the-secret-of-the-mayor"
LEAKED = {**SHOWN, "portal/news/leak.html": f"<p>{SECRET}</p>", "assets/leak.js": f"// {SECRET}"}


def holding(folder: Path, secret: str = SECRET) -> list[str]:
    """The files below a folder that hold the secret, in plain words, compressed, or in their name."""
    needle = secret.encode()
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (needle in path.read_bytes() or needle in unpacked(path.read_bytes()))
    ]


def unpacked(data: bytes) -> bytes:
    try:
        return brotli.decompress(data)
    except brotli.error:
        return b""


def test_a_purge_takes_every_older_release_and_its_bytes_away(city):
    city.publish(LEAKED)
    city.publish({**LEAKED, "portal/news/a.html": "A"})
    assert holding(city.root / "dmz") != []
    outcome = city.publish(SHOWN, purge=True, accept_removals=True)
    assert (outcome.release.number, outcome.release.kind, outcome.release.of) == (3, Kind.PURGE, None)
    assert holding(city.root / "dmz") == []
    assert [path.name for path in sorted((city.root / "dmz/www/releases").iterdir())] == ["00000003", "00000003.json"]
    assert city.visible() == pages(ONE)


def test_there_is_no_way_back_past_a_purge(city):
    city.publish(LEAKED)
    city.publish(SHOWN, purge=True)
    with pytest.raises(TargetError, match="no earlier release"):
        city.rollback()
    with pytest.raises(TargetError, match="was purged"):
        city.rollback(1)
    city.publish({**SHOWN, "portal/news/a.html": "A"})
    assert city.rollback().release.of == 2
    assert city.ledger.holds() != []


def test_a_purge_of_unchanged_content_is_a_release_all_the_same(city):
    city.publish(LEAKED)
    city.publish(SHOWN)
    assert holding(city.root / "dmz") != []
    assert city.publish(SHOWN, purge=True).release.number == 3
    assert holding(city.root / "dmz") == []
    assert not city.publish(SHOWN).is_new


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
    mend()
    two_targets.show(GREY)  # which takes nothing away
    two_targets.publish({**SHOWN, "portal/news/a.html": "B"})
    assert holding(two_targets.root / "dmz") == []
    assert two_targets.publish({**SHOWN, "portal/news/a.html": "C"}).release.kind is Kind.PUBLISH


def test_a_purge_that_is_owed_makes_no_release_after_the_other(two_targets):
    two_targets.publish(LEAKED)
    break_target(two_targets, "dmz")
    two_targets.publish(SHOWN, purge=True)
    assert [two_targets.publish(SHOWN).release.number for _ in range(3)] == [2, 2, 2]
    other = {**SHOWN, "portal/news/a.html": "A"}
    assert [two_targets.publish(other).release.number for _ in range(3)] == [3, 3, 3]


def test_a_purge_that_no_target_took_is_owed_too(city):
    city.publish(LEAKED)
    mend = break_target(city, "dmz")
    city.publish(SHOWN, purge=True)
    mend()
    city.publish({**SHOWN, "portal/news/a.html": "A"})
    assert holding(city.root / "dmz") == []


def test_a_purge_in_a_bundle_is_owed_until_the_receipt_comes_back(tmp_path):
    city, board = City(tmp_path, ()), Board()

    def publish_there(files: dict[str, str], **options: bool) -> Kind:
        office = replace(city.office(), targets=(board,))
        return publish(office, city.built(files), at=NOW, who="王", **options).release.kind

    publish_there(LEAKED)
    board.carried = 1
    assert publish_there(SHOWN, purge=True) is Kind.PURGE
    assert publish_there(TWO) is Kind.PURGE
    board.carried = 3
    assert publish_there(ONE) is Kind.PUBLISH


def test_a_new_target_owes_no_purge(city):
    city.publish(LEAKED)
    city.publish(SHOWN, purge=True)
    wider = City(city.root, ("dmz", "mirror"))
    assert wider.publish({**SHOWN, "portal/news/a.html": "A"}).release.kind is Kind.PUBLISH


# Signing again


def test_the_live_release_is_signed_anew_without_a_new_number(city):
    city.publish(ONE)
    before = timestamp(city)
    city.now = NOW + VALIDITY.sign_again_after("dir:dmz")
    outcome = sign_again(city.office(), at=city.now)
    assert (outcome.release.number, outcome.is_new, len(outcome.receipts)) == (1, False, 1)
    assert timestamp(city) != before
    assert len(city.ledger.releases()) == 1
    assert city.ledger.receipts()["dir:dmz"].at == city.now


def test_a_signature_that_is_young_is_left_alone(city):
    city.publish(ONE)
    city.now = NOW + VALIDITY.sign_again_after("dir:dmz") - timedelta(minutes=1)
    assert sign_again(city.office(), at=city.now).receipts == ()


def test_every_target_is_signed_for_by_its_own_validity(city):
    board = Board()
    board.url = "file:usb"
    office = replace(city.office(), targets=(*city.office().targets, board))
    publish(office, city.built(ONE), at=NOW, who="王")
    city.now = NOW + VALIDITY.sign_again_after("dir:dmz")
    office = replace(city.office(), targets=(*city.office().targets, board))
    assert [receipt.target for receipt in sign_again(office, at=city.now).receipts] == ["dir:dmz"]


def test_a_bundle_under_way_is_not_written_anew_before_its_signature_is_old(tmp_path):
    city, board = City(tmp_path, ()), Board()
    board.url, board.carried = "file:usb", 0
    office = replace(city.office(), targets=(board,))
    publish(office, city.built(ONE), at=NOW, who="王")
    assert sign_again(office, at=LATER).receipts == ()
    assert len(sign_again(office, at=NOW + VALIDITY.sign_again_after(board.url)).receipts) == 1


def test_publishing_what_is_live_signs_anew_when_that_is_due(city):
    city.publish(ONE)
    city.now = NOW + timedelta(days=2)
    outcome = city.publish(ONE)
    assert (outcome.is_new, len(outcome.receipts)) == (False, 1)


def timestamp(city: City) -> bytes:
    return (city.root / "dmz/state/tuf/timestamp.json").read_bytes()


def test_signing_again_delivers_to_a_target_that_lags(two_targets):
    two_targets.publish(ONE)
    mend = break_target(two_targets, "dmz")
    two_targets.publish(TWO)
    mend()
    outcome = sign_again(two_targets.office(), at=NOW)
    assert ([receipt.target for receipt in outcome.receipts], outcome.failures) == (["dir:dmz"], ())
    assert two_targets.visible() == pages(TWO)


def test_signing_again_neither_waits_for_a_hold_nor_ends_it(city):
    city.publish(ONE)
    city.publish(TWO)
    city.rollback()
    assert sign_again(city.office(), at=NOW).release.kind is Kind.ROLLBACK
    assert [hold.kind for hold in city.ledger.holds()] == [HoldKind.ROLLBACK]
    assert city.visible() == pages(ONE)


def test_before_anything_is_live_there_is_nothing_to_sign(city):
    with pytest.raises(TargetError, match="Nothing is live"):
        sign_again(city.office(), at=NOW)


def test_what_no_target_took_is_not_signed_again(city):
    city.publish(ONE)
    mend = break_target(city, "dmz")
    city.publish(TWO)
    mend()
    assert sign_again(city.office(), at=NOW).release.number == 1
    assert city.visible() == pages(ONE)


# A target that lags


def test_a_target_catches_up_over_several_releases_with_what_changed_between(two_targets):
    files = {**ONE, **{f"portal/old/{n}.html": f"{n}" for n in range(30)}}
    two_targets.publish(files)
    mend = break_target(two_targets, "dmz")
    for text in ("first", "second", "third"):
        two_targets.publish({**files, "portal/news/a.html": text})
    mend()
    two_targets.told.clear()
    outcome = two_targets.publish({**files, "portal/news/a.html": "third"})
    assert [(receipt.target, receipt.number) for receipt in outcome.receipts] == [("dir:dmz", 4)]
    assert two_targets.told[-1].blobs == 1
    assert two_targets.page("portal/news/a.html") == "third"


def test_a_target_whose_tree_is_forgotten_here_takes_the_whole_tree_but_only_the_bytes_it_lacks(two_targets):
    two_targets.publish(ONE)
    mend = break_target(two_targets, "dmz")
    two_targets.publish(TWO)
    two_targets.listings.sweep(two_targets.listings.reachable([two_targets.ledger.live().release.root]))
    mend()
    two_targets.told.clear()
    two_targets.publish(TWO)
    assert two_targets.told[-1].blobs == 1
    assert two_targets.visible() == pages(TWO)


# Killed at any moment

KILLED = """
import os, sys
from pathlib import Path
from tests.publish.test_release import NOW, TWO, City, publish, rollback

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


class Board:
    """A target that only writes down what it was told, to show that the actions need no more than the protocol."""

    url = "board:hall"
    # How far it says it is, when not the last that it was told.
    carried: int | None = None

    def __init__(self) -> None:
        self.told: list[Release] = []
        self.deltas: list[Delta] = []

    def hello(self) -> Hello:
        told = [release for release in self.told if self.carried is None or release.number <= self.carried]
        return Hello(told[-1].number, told[-1].root, 1) if told else Hello(0, EMPTY, 0)

    def deliver(self, parcel: Parcel) -> Receipt:
        self.deltas.append(parcel.delta(self.hello().root))
        self.told.append(parcel.release)
        return Receipt(self.url, parcel.release.number, parcel.release.root, NOW)

    def lend(self, id: str) -> bytes:
        raise TargetError("nothing is kept here", "未保留")


def test_any_target_that_speaks_the_protocol_will_do(city):
    board = Board()
    office = replace(city.office(), targets=(*city.office().targets, board))
    for files in (ONE, TWO):
        publish(office, city.built(files), at=NOW, who="王")
    rollback(office, at=NOW, who="李")
    assert [release.number for release in board.told] == [1, 2, 3]
    assert [len(delta) for delta in board.deltas] == [4, 1, 1]


def test_a_target_that_lends_nothing_leaves_the_question_of_removals_to_a_person(tmp_path):
    city, board = City(tmp_path, ()), Board()
    publish(replace(city.office(), targets=(board,)), city.built(ONE), at=NOW, who="王")
    city.lose_var()
    office = replace(city.office(), targets=(board,))
    with pytest.raises(TargetError, match="--accept-removals"):
        publish(office, city.built(TWO), at=NOW, who="王")
    outcome = publish(office, city.built(TWO), at=NOW, who="王", accept_removals=True)
    assert outcome.release.number == 2
    assert board.deltas[-1].old is None
