"""The ledger: numbers, receipts, jobs and holds survive the process that wrote them."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cluster.errors import BusyError, FormatError
from cluster.manifest import Entry, Manifest
from cluster.release import Release
from publish.ledger import HoldKind, Ledger, State
from publish.receiver import Receipt

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
    assert ledger.last_failure() == ""
    for outcome, failure in (("failed: the disk is full", "the disk is full"), ("done", "")):
        ledger.enqueue("publish", NOW)
        ledger.finish(ledger.take(NOW).id, outcome, LATER)
        assert ledger.last_failure() == failure


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
    assert db.execute("PRAGMA user_version").fetchone() == (1,)
    db.close()


@pytest.mark.parametrize("version", [0, 2], ids=["another program's file", "a later format"])
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
