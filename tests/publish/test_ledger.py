"""The ledger: numbers, receipts, jobs and holds survive the process that wrote them."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cluster.errors import BusyError, FormatError
from cluster.manifest import Entry, Manifest
from cluster.release import Kind, Release
from publish.ledger import HoldKind, Ledger, OpenPurge, State
from publish.receiver import Receipt
from publish.state import ClusterState

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
MANIFEST = Manifest.of({"portal/index.html": Entry("a" * 64, None, 1)})


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "data" / "publish.db")


def make_release(number: int) -> Release:
    return Release.publishing(number, MANIFEST, commit="c0ffee", now=NOW)


def record(ledger: Ledger, number: int) -> Release:
    release = make_release(number)
    ledger.record(release, who="王", at=NOW, pages_changed=3)
    return release


# Releases


def test_the_first_number_is_one_and_numbers_grow(ledger):
    assert ledger.next_number() == 1
    record(ledger, 1)
    assert ledger.next_number() == 2
    assert ledger.next_number(above=7) == 8


def test_a_release_is_pending_until_a_target_confirms(ledger):
    assert ledger.latest() is None
    release = record(ledger, 1)
    assert ledger.live() is None
    assert ledger.latest().state is State.PENDING
    ledger.mark_live(1)
    live = Ledger(ledger.path).live()
    assert (live.release, live.state, live.who, live.at, live.pages_changed) == (release, State.LIVE, "王", NOW, 3)


def test_a_pending_release_is_abandoned_when_a_later_one_goes_live(ledger):
    for number in (1, 2, 3):
        record(ledger, number)
    ledger.mark_live(2)
    assert [each.state for each in ledger.releases()] == [State.PENDING, State.LIVE, State.ABANDONED]
    assert ledger.live().release.number == 2
    assert ledger.latest().release.number == 3


def test_a_number_is_recorded_once(ledger):
    record(ledger, 1)
    with pytest.raises(FormatError, match="number 1 is already recorded"):
        record(ledger, 1)


def test_only_the_newest_releases_are_read_when_no_more_are_asked_for(ledger):
    for number in range(1, 6):
        record(ledger, number)
    assert [each.release.number for each in ledger.releases(most=2)] == [5, 4]
    assert len(ledger.releases()) == 5


def test_the_newest_purge_is_known(ledger):
    record(ledger, 1)
    assert ledger.last_purge() == 0
    for number, kind in ((2, Kind.PURGE), (3, Kind.PUBLISH), (4, Kind.PURGE), (5, Kind.STATE)):
        of = 4 if kind is Kind.STATE else None
        ledger.record(replace(make_release(number), kind=kind, of=of), who="王", at=NOW, pages_changed=0)
    assert ledger.last_purge() == 4


# Confirmations


def record_purge(ledger: Ledger, number: int) -> None:
    ledger.record(replace(make_release(number), kind=Kind.PURGE), who="王", at=LATER, pages_changed=0)


def test_the_highest_release_that_a_target_is_known_to_have_is_kept(ledger):
    for number in (2, 5, 3):
        ledger.confirm("file:usb", number, NOW)
    ledger.confirm("dir:a", 1, NOW)
    assert Ledger(ledger.path).confirmations() == {"file:usb": 5, "dir:a": 1}


def test_without_a_purge_none_is_open(ledger):
    record(ledger, 1)
    ledger.receive(Receipt("file:usb", 1, "r", NOW))
    assert ledger.open_purges() == []


def test_a_purge_is_open_where_something_older_was_sent_until_the_target_is_known_to_have_it(ledger):
    record(ledger, 1)
    record_purge(ledger, 2)
    for target, number in (("dir:a", 1), ("file:usb", 1), ("file:usb", 2), ("dir:new", 2)):
        ledger.receive(Receipt(target, number, "r", NOW))
    assert ledger.open_purges() == [OpenPurge("dir:a", 2, LATER), OpenPurge("file:usb", 2, LATER)]
    ledger.confirm("dir:a", 2, LATER)
    ledger.confirm("file:usb", 1, LATER)
    assert [each.target for each in ledger.open_purges()] == ["file:usb"]
    ledger.confirm("file:usb", 3, LATER)
    assert ledger.open_purges() == []


def test_of_several_purges_the_newest_counts(ledger):
    record_purge(ledger, 1)
    ledger.receive(Receipt("dir:a", 1, "r", NOW))
    ledger.confirm("dir:a", 1, NOW)
    record_purge(ledger, 2)
    assert ledger.open_purges() == [OpenPurge("dir:a", 2, LATER)]


# The cluster's state


def test_the_cluster_s_state_is_kept_until_it_is_changed(ledger):
    assert ledger.state() == ClusterState()
    for state in (ClusterState(grey=True), ClusterState(zh="停水", en="No water"), ClusterState()):
        ledger.set_state(state)
        assert Ledger(ledger.path).state() == state


# Receipts


def test_the_newest_receipt_of_every_target_is_known(ledger):
    old, new, other = Receipt("dir:a", 1, "r1", NOW), Receipt("dir:a", 2, "r2", LATER), Receipt("dir:b", 1, "r1", NOW)
    for receipt in (new, old, other, other):
        ledger.receive(receipt)
    assert ledger.receipts() == {"dir:a": new, "dir:b": other}


# Jobs


def test_asking_twice_makes_one_job_of_a_kind(ledger):
    first = ledger.enqueue("publish", NOW)
    assert ledger.enqueue("publish", LATER) == first
    assert ledger.enqueue("check", LATER) != first
    jobs = [ledger.take(LATER), ledger.take(LATER)]
    assert [(job.kind, job.asked_at) for job in jobs] == [("publish", NOW), ("check", LATER)]
    assert ledger.take(LATER) is None


def test_asking_while_a_job_runs_makes_another(ledger):
    first = ledger.enqueue("publish", NOW)
    ledger.take(NOW)
    second = ledger.enqueue("publish", LATER)
    ledger.finish(first, "release 1", LATER)
    assert ledger.take(LATER).id == second != first


def test_the_last_failure_is_remembered_until_a_job_succeeds(ledger):
    assert ledger.last_failure("en") == ""
    ledger.enqueue("publish", NOW)
    ledger.fail(ledger.take(NOW).id, zh="磁盘已满", en="the disk is full", at=LATER)
    assert (ledger.last_failure("zh_CN"), ledger.last_failure("en")) == ("磁盘已满", "the disk is full")
    ledger.enqueue("publish", NOW)
    ledger.finish(ledger.take(NOW).id, "done", LATER)
    assert ledger.last_failure("en") == ""


def test_a_finished_job_is_not_taken_again(ledger):
    job = ledger.enqueue("publish", NOW)
    ledger.take(NOW)
    ledger.finish(job, "release 1", LATER)
    assert ledger.recover_jobs() == 0
    assert ledger.take(LATER) is None


def test_a_job_of_a_killed_worker_comes_back(ledger):
    job = ledger.enqueue("publish", NOW)
    ledger.take(NOW)
    assert ledger.recover_jobs() == 1
    assert ledger.take(LATER).id == job


def test_a_job_of_a_killed_worker_joins_the_one_that_waits(ledger):
    ledger.enqueue("publish", NOW)
    ledger.take(NOW)
    waiting = ledger.enqueue("publish", LATER)
    assert ledger.recover_jobs() == 1
    assert ledger.take(LATER).id == waiting
    assert ledger.take(LATER) is None


def test_many_askers_at_once_make_one_job(ledger):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: ledger.enqueue("publish", NOW), range(40)))) == 1


# Holds


def test_a_hold_stands_until_somebody_clears_it(ledger):
    ledger.hold(HoldKind.ROLLBACK, zh="已退回。", en="Rolled back.", at=NOW)
    (hold,) = Ledger(ledger.path).holds()
    assert (hold.text("zh-CN"), hold.text("en"), hold.since) == ("已退回。", "Rolled back.", NOW)
    assert ledger.clear(HoldKind.ROLLBACK, at=LATER, by="李")
    assert ledger.holds() == []
    assert not ledger.clear(HoldKind.ROLLBACK, at=LATER, by="李")
    (past,) = ledger.all_holds()
    assert (past.cleared_at, past.cleared_by) == (LATER, "李")


def test_a_hold_of_a_kind_in_force_keeps_its_beginning_and_takes_the_new_reason(ledger):
    ledger.hold(HoldKind.BRAKE, zh="六十页", en="60 pages", at=NOW)
    ledger.hold(HoldKind.BRAKE, zh="七十页", en="70 pages", at=LATER)
    ledger.hold(HoldKind.ROLLBACK, zh="退", en="back", at=LATER)
    (brake,) = ledger.holds(HoldKind.BRAKE)
    assert (brake.en, brake.since) == ("70 pages", NOW)
    assert len(ledger.holds()) == 2


# The file


def test_the_file_is_in_wal_mode_and_says_its_format(ledger):
    ledger.next_number()
    db = sqlite3.connect(ledger.path)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA user_version").fetchone() == (3,)
    db.close()


# What version 0.1 wrote: no table of the cluster's state, and records of format 1, without an overlay.
FORMAT_1 = """
CREATE TABLE releases (number INTEGER PRIMARY KEY, root TEXT NOT NULL, record BLOB NOT NULL,
  state TEXT NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL, pages_changed INTEGER NOT NULL);
CREATE TABLE receipts (target TEXT NOT NULL, number INTEGER NOT NULL, root TEXT NOT NULL,
  at TEXT NOT NULL, PRIMARY KEY (target, number));
CREATE TABLE jobs (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, state TEXT NOT NULL,
  asked_at TEXT NOT NULL, started_at TEXT, finished_at TEXT, outcome TEXT);
CREATE UNIQUE INDEX one_pending_job ON jobs (kind) WHERE state = 'pending';
CREATE TABLE holds (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, zh TEXT NOT NULL,
  en TEXT NOT NULL, since TEXT NOT NULL, cleared_at TEXT, cleared_by TEXT);
CREATE UNIQUE INDEX one_hold ON holds (kind) WHERE cleared_at IS NULL;
PRAGMA user_version = 1;
"""
RECORD_1 = """{"bytes": 1, "commit": "c0ffee", "files": 1, "format": 1, "kind": "publish",
 "now": "2026-11-20T01:00:00+00:00", "number": 1, "of": null, "root": "%s"}"""


@pytest.fixture
def ledger_1(ledger: Ledger) -> Ledger:
    """A ledger of format 1 with a live release and a hold in it."""
    ledger.path.parent.mkdir()
    db = sqlite3.connect(ledger.path)
    db.executescript(FORMAT_1)
    record = (RECORD_1 % MANIFEST.root()).encode()
    at = NOW.isoformat()
    db.execute("INSERT INTO releases VALUES (1, ?, ?, 'live', '王', ?, 3)", (MANIFEST.root(), record, at))
    for target in ("dir:a", "file:usb"):
        db.execute("INSERT INTO receipts VALUES (?, 1, ?, ?)", (target, MANIFEST.root(), at))
    db.execute("INSERT INTO holds (kind, zh, en, since) VALUES ('rollback', '退', 'back', ?)", (at,))
    db.commit()
    db.close()
    return ledger


def test_a_ledger_of_format_1_is_upgraded_with_all_that_it_holds(ledger_1):
    assert ledger_1.live().release == make_release(1)
    assert ledger_1.next_number() == 2
    assert ledger_1.receipts()["dir:a"].number == 1
    assert [hold.en for hold in ledger_1.holds()] == ["back"]
    assert ledger_1.state() == ClusterState()
    assert ledger_1.confirmations() == {"dir:a": 1}  # a bundle that was written is not known to have arrived
    db = sqlite3.connect(ledger_1.path)
    assert db.execute("PRAGMA user_version").fetchone() == (3,)
    db.close()


def test_a_ledger_of_format_2_is_upgraded_with_its_state(ledger_1):
    db = sqlite3.connect(ledger_1.path)
    db.executescript(
        "CREATE TABLE state (grey INTEGER NOT NULL, zh TEXT NOT NULL, en TEXT NOT NULL); "
        "INSERT INTO state VALUES (1, '', ''); PRAGMA user_version = 2;"
    )
    db.close()
    assert ledger_1.state().grey
    assert ledger_1.confirmations() == {"dir:a": 1}


def test_an_upgraded_ledger_works_like_a_new_one(ledger_1):
    ledger_1.set_state(ClusterState(grey=True))
    record(ledger_1, 2)
    ledger_1.mark_live(2)
    assert Ledger(ledger_1.path).state().grey
    assert [each.release.number for each in ledger_1.releases()] == [2, 1]


@pytest.mark.parametrize("version", [0, 4], ids=["another program's file", "a later format"])
def test_an_unknown_format_is_refused(ledger, version):
    ledger.path.parent.mkdir()
    db = sqlite3.connect(ledger.path)
    db.execute("CREATE TABLE x (y)")
    db.execute(f"PRAGMA user_version = {version}")
    db.close()
    with pytest.raises(FormatError, match="Upgrade"):
        ledger.latest()


def test_a_file_that_is_no_database_is_told(ledger):
    ledger.path.parent.mkdir()
    ledger.path.write_text("not a database, but long enough to be looked at " * 40)
    with pytest.raises(FormatError, match="Restore"):
        ledger.latest()


def test_a_file_that_cannot_be_opened_is_told(ledger):
    ledger.path.mkdir(parents=True)
    with pytest.raises(BusyError):
        ledger.latest()


def test_a_time_without_zone_is_refused_and_nothing_is_written(ledger):
    with pytest.raises(ValueError, match="no zone"):
        ledger.enqueue("publish", datetime(2026, 11, 20))
    assert ledger.take(NOW) is None


def test_only_one_publishes_at_a_time(ledger):
    with ledger.locked(), pytest.raises(BusyError), Ledger(ledger.path).locked():
        pass
    with ledger.locked():
        pass


def test_a_killed_publisher_gives_up_its_lock(ledger):
    script = (
        "import os, sys; from pathlib import Path; from publish.ledger import Ledger\n"
        "with Ledger(Path(sys.argv[1])).locked(): os._exit(9)"
    )
    command = [sys.executable, "-c", script, str(ledger.path)]
    assert subprocess.run(command, cwd=Path(__file__).parents[2], check=False).returncode == 9
    with ledger.locked():
        pass
