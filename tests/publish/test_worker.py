"""The worker: commits and dates go live by themselves, and nothing that goes wrong is forgotten."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cluster.clock import parse_date
from cluster.errors import BusyError, ContentError
from cluster.gitstore import GitStore
from publish import release
from publish.ledger import HoldKind, Ledger
from publish.validity import VALIDITY
from publish.watch import Bell
from publish.worker import JOB, LONGEST_WAIT_SECONDS, SIGN, Worker, _is_reference
from publish.workspace import Workspace
from tests.builders import ARTICLE, NOW, REPOSITORY, make_article
from tests.publish.small_city import SESSION, City, Notes, until

SOON = "content/portal/news/2026/soon.md"
SITE = "sites/portal/site.toml"


@dataclass(slots=True)
class Clock:
    """A clock that stands still until it is set."""

    at: datetime = field(default_factory=lambda: parse_date(NOW))

    def __call__(self) -> datetime:
        return self.at


@dataclass(slots=True)
class Work:
    """A worker in a thread of its own."""

    worker: Worker
    notes: Notes
    bell: Bell
    clock: Clock


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City.founded(tmp_path / "city")


def made(workspace: Workspace, **settings: float) -> Work:
    notes, clock = Notes([], [], []), Clock()
    return Work(Worker(replace(workspace, clock=clock), notes, clock, **settings), notes, Bell(), clock)


@contextmanager
def working(workspace: Workspace, **settings: float) -> Iterator[Work]:
    """A worker that runs while the block does, past its first run."""
    work = made(workspace, **settings)
    thread = threading.Thread(target=work.worker.run, args=(work.bell,))
    thread.start()
    try:
        until(lambda: work.notes.builds or work.notes.errors)
        yield work
    finally:
        work.bell.stop()
        thread.join(30)
        assert not thread.is_alive()


def outcomes(ledger: Ledger, kind: str = JOB) -> list[str]:
    """How the finished jobs ended; one line of SQL because the ledger tells only what is yet to do."""
    query = "SELECT outcome FROM jobs WHERE state = 'done' AND kind = ? ORDER BY id"
    with closing(sqlite3.connect(ledger.path)) as db:
        return [str(row[0]) for row in db.execute(query, (kind,))]


# ---- commits go live ------------------------------------------------------------------------------------------------


def test_a_commit_on_main_goes_live_without_a_restart(city: City) -> None:
    with working(city.workspace) as work:
        until(lambda: "云泽河综合治理" in city.page("portal/news/2026/river.html"))
        city.commit({ARTICLE: make_article("云泽河治理提前完工")})
        until(lambda: "提前完工" in city.page("portal/news/2026/river.html"))
        until(lambda: len(work.notes.releases) == 2)

    assert [outcome.is_new for outcome in work.notes.releases] == [True, True]
    assert work.notes.errors == []
    assert outcomes(city.workspace.ledger) == ["done", "done"]


def test_a_commit_on_another_branch_publishes_nothing(city: City) -> None:
    with working(city.workspace) as work:
        with GitStore(city.root / "data" / "content.git") as store:
            store.advance("draft", new=str(store.head()), old=None)
        city.commit({ARTICLE: make_article("草稿")}, branch="draft")
        city.commit({SESSION: make_article("主线", "2026-11-12")})
        until(lambda: "主线" in city.page("congress/news/2026/session.html"))

    assert "草稿" not in city.page("portal/news/2026/river.html")
    assert len(work.notes.builds) == 2


def test_what_changed_while_no_worker_ran_goes_live_at_its_start(city: City) -> None:
    with working(city.workspace):
        until(lambda: city.live_number() == 1)
    city.commit({ARTICLE: make_article("夜里提交的")})
    with working(city.workspace):
        until(lambda: "夜里提交的" in city.page("portal/news/2026/river.html"))


@dataclass(slots=True)
class CommittingNotes(Notes):
    """Notes that commit thrice while the first run is going on."""

    city: City | None = None

    def published(self, build: object, outcome: object) -> None:
        if self.city is not None and not self.builds:
            for number in range(3):
                self.city.commit({ARTICLE: make_article(f"第{number}次修改")})
        Notes.published(self, build, outcome)  # type: ignore[arg-type]


def test_commits_during_a_run_become_one_further_run(city: City) -> None:
    notes = CommittingNotes([], [], [], city)
    worker, bell = Worker(city.workspace, notes, Clock()), Bell()
    thread = threading.Thread(target=worker.run, args=(bell,))
    thread.start()
    until(lambda: "第2次修改" in city.page("portal/news/2026/river.html"))
    until(lambda: len(notes.builds) == 2)
    bell.stop()
    thread.join(30)

    assert [each.release.number for each in city.workspace.ledger.releases()] == [2, 1]


# ---- dates ----------------------------------------------------------------------------------------------------------


def test_an_item_goes_live_when_its_date_has_come(city: City) -> None:
    city.commit({SOON: make_article("明天见", "2026-11-21T09:00")})
    with working(city.workspace) as work:
        until(lambda: city.live_number() == 1)
        assert city.page("portal/news/2026/soon.html") == ""
        work.clock.at = parse_date("2026-11-21T09:00")
        work.bell.ring()
        until(lambda: "明天见" in city.page("portal/news/2026/soon.html"))


def test_the_worker_wakes_by_itself_at_the_next_date(city: City) -> None:
    city.commit({SOON: make_article("马上", "2026-11-20T09:00:01")})
    notes = Notes([], [], [])
    start, real = parse_date(NOW), datetime.now(tz=parse_date(NOW).tzinfo)
    worker, bell = Worker(city.workspace, notes, lambda: start + (datetime.now(tz=start.tzinfo) - real)), Bell()
    thread = threading.Thread(target=worker.run, args=(bell,))
    thread.start()
    until(lambda: "马上" in city.page("portal/news/2026/soon.html"))
    bell.stop()
    thread.join(30)


WAITS = [
    ("no date to come", "", LONGEST_WAIT_SECONDS),
    ("a date in half a minute", "2026-11-20T09:00:30+08:00", 30.0),
    ("a date next year", "2027-01-01T00:00:00+08:00", LONGEST_WAIT_SECONDS),
    ("a date that has passed", "2026-11-20T08:00:00+08:00", 0.0),
]


@pytest.mark.parametrize(("moment", "seconds"), [row[1:] for row in WAITS], ids=[row[0] for row in WAITS])
def test_a_wait_ends_at_the_next_date_and_after_a_minute_at_most(city: City, moment: str, seconds: float) -> None:
    worker = replace(made(city.workspace).worker, next_moment=moment)

    assert worker._seconds_to_next_moment() == seconds


# ---- what goes wrong ------------------------------------------------------------------------------------------------


def test_a_failing_target_is_tried_again(city: City) -> None:
    city.www.parent.mkdir()
    city.www.write_text("a file where the folder should be")
    with working(city.workspace, retry_seconds=0.05) as work:
        until(lambda: len(work.notes.releases) > 1)
        assert all(outcome.failures for outcome in work.notes.releases[:2])
        city.www.unlink()
        until(lambda: "云泽河" in city.page("portal/news/2026/river.html"))
        until(lambda: outcomes(city.workspace.ledger)[-1] == "done")

    assert outcomes(city.workspace.ledger)[0].startswith("failed: ")
    assert city.workspace.ledger.take(parse_date(NOW)) is None


def test_a_second_target_gets_its_release_when_it_is_back(city: City) -> None:
    (city.root / "other").write_text("a file")
    workspace = Workspace(replace(city.workspace.settings, targets=("dir:dmz/www", "dir:other/www")))
    with working(workspace, retry_seconds=0.05) as work:
        until(lambda: len(work.notes.releases) > 1)
        (city.root / "other").unlink()
        until(lambda: (city.root / "other" / "www" / "current" / "portal" / "index.html").is_file())

    assert [each.release.number for each in city.workspace.ledger.releases()] == [1]


def test_a_broken_configuration_is_told_and_the_next_commit_mends_it(city: City) -> None:
    with city.workspace.source() as source:
        good = next(source.read(entry) for entry in source.entries() if entry.path == SITE)
    city.commit({SITE: b"format = 1\n"})
    with working(city.workspace) as work:
        until(lambda: work.notes.errors)
        assert SITE in work.notes.errors[0].english
        city.commit({SITE: good})
        until(lambda: city.live_number() == 1)

    assert work.notes.errors[1:] == []


def test_a_broken_configuration_is_told_once_and_not_tried_again(city: City) -> None:
    city.commit({SITE: b"format = 1\n"})
    with working(city.workspace, retry_seconds=0.02) as work:
        threading.Event().wait(0.5)

    assert len(work.notes.errors) == 1
    assert len(outcomes(city.workspace.ledger)) == 1


def test_a_database_that_fails_is_told_and_tried_again(city: City) -> None:
    with working(city.workspace, retry_seconds=0.05) as work:
        until(lambda: city.live_number() == 1)
        ledger, aside = city.workspace.ledger.path, city.root / "data" / "aside.db"
        ledger.rename(aside)
        ledger.mkdir()
        work.bell.ring()
        until(lambda: work.notes.errors)
        ledger.rmdir()
        aside.rename(ledger)
        city.commit({ARTICLE: make_article("又能写了")})
        until(lambda: "又能写了" in city.page("portal/news/2026/river.html"))


def test_a_failure_when_a_date_has_passed_does_not_run_in_circles(city: City) -> None:
    """A job that fails is tried again after its pause, whatever the clock says about the next date."""
    city.commit({SITE: b"format = 1\n"})
    work = made(city.workspace)
    work.worker.next_moment = "2026-11-20T08:00:00+08:00"
    thread = threading.Thread(target=work.worker.run, args=(work.bell,))
    thread.start()
    until(lambda: work.notes.errors)
    threading.Event().wait(0.5)
    work.bell.stop()
    thread.join(30)

    assert len(work.notes.errors) == 1


def test_a_job_left_running_by_a_killed_worker_is_done(city: City) -> None:
    ledger = city.workspace.ledger
    ledger.enqueue(JOB, parse_date(NOW))
    assert ledger.take(parse_date(NOW) - timedelta(hours=1)) is not None
    with working(city.workspace):
        until(lambda: city.live_number() == 1)
        until(lambda: outcomes(ledger) == ["done"])


def test_a_hold_is_told_and_the_job_is_not_repeated(city: City) -> None:
    with working(city.workspace):
        until(lambda: city.live_number() == 1)
    with city.workspace.source() as source:
        files = [entry.path for entry in source.entries() if "/portal/" in entry.path]
        cluster = next(source.read(entry) for entry in source.entries() if entry.path == "sites/cluster.toml")
    city.commit(dict.fromkeys(files) | {"sites/cluster.toml": cluster.replace(b'"portal", ', b"")})
    with working(city.workspace) as work:
        until(lambda: outcomes(city.workspace.ledger)[-1] == "held")

    assert [each.site for each in work.notes.releases[0].held] == ["portal"]
    assert city.page("portal/index.html") != ""
    assert city.workspace.ledger.take(parse_date(NOW)) is None


def test_after_a_rollback_the_worker_holds(city: City) -> None:
    workspace = city.workspace
    with working(workspace):
        until(lambda: city.live_number() == 1)
        city.commit({ARTICLE: make_article("出错了")})
        until(lambda: city.live_number() == 2)
    release.rollback(workspace.office(workspace.targets(), 10), at=parse_date(NOW), who="王")
    with working(workspace) as work:
        city.commit({SESSION: make_article("又一篇", "2026-11-12")})
        until(lambda: len(work.notes.errors) == 2)

    assert "Publishing is held" in work.notes.errors[0].english
    assert "出错了" not in city.page("portal/news/2026/river.html")
    assert "又一篇" not in city.page("congress/news/2026/session.html")


def test_a_repository_that_cannot_be_read_for_a_while_is_tried_again(city: City) -> None:
    refs = city.root / "data" / "content.git" / "HEAD"
    aside = refs.with_name("HEAD.aside")
    with working(city.workspace, retry_seconds=0.05) as work:
        until(lambda: city.live_number() == 1)
        refs.rename(aside)
        work.bell.ring()
        until(lambda: work.notes.errors)
        aside.rename(refs)
        city.commit({ARTICLE: make_article("又能读了")})
        until(lambda: "又能读了" in city.page("portal/news/2026/river.html"))


# ---- sweeping at rest -----------------------------------------------------------------------------------------------


def test_the_worker_sweeps_when_nothing_else_is_to_be_done(city: City) -> None:
    with working(city.workspace) as work:
        until(lambda: city.live_number() == 1)
        city.owe_sweep()
        work.bell.ring()
        until(lambda: not city.owes_sweep)
        city.commit({ARTICLE: make_article("扫完再发")})
        until(lambda: "扫完再发" in city.page("portal/news/2026/river.html"))
    assert work.notes.errors == []


def test_a_ring_ends_the_sweep_and_the_next_rest_does_it(city: City) -> None:
    work = made(city.workspace)
    work.worker.publish_once()
    city.owe_sweep()
    work.bell.ring()
    work.worker._sweep(work.bell)
    assert city.owes_sweep
    assert work.bell.rung.is_set()

    work.bell.rung.clear()
    work.worker._sweep(work.bell)
    assert not city.owes_sweep


def test_a_date_that_has_come_ends_the_sweep(city: City) -> None:
    work = made(city.workspace)
    work.worker.publish_once()
    city.owe_sweep()
    work.worker.next_moment = "2026-11-20T08:00:00+08:00"
    work.worker._sweep(work.bell)
    assert city.owes_sweep


def test_a_sweep_that_cannot_be_done_is_told_once_and_stands_in_nobodys_way(city: City) -> None:
    work = made(city.workspace)
    work.worker.publish_once()
    city.owe_sweep()
    root = city.workspace.ledger.live().release.root
    for folder in ("www", "vault"):
        (city.root / "dmz" / folder / "listings" / root).write_bytes(b"rubbish")
    for _ in range(2):
        work.worker._sweep(work.bell)
    assert ["listing is damaged" in error.english for error in work.notes.errors] == [True]


# ---- signing again --------------------------------------------------------------------------------------------------


def timestamp(city: City) -> bytes:
    place = city.root / "dmz" / "state" / "tuf" / "timestamp.json"
    return place.read_bytes() if place.is_file() else b""


def test_the_worker_signs_the_live_release_anew_when_its_signature_grows_old(city: City) -> None:
    with working(city.workspace) as work:
        until(lambda: outcomes(city.workspace.ledger, SIGN) == ["done"])
        before = timestamp(city)
        work.clock.at += VALIDITY.sign_again_after("dir:dmz/www")
        work.bell.ring()
        until(lambda: timestamp(city) != before)
        until(lambda: outcomes(city.workspace.ledger, SIGN) == ["done", "done"])

    assert [each.release.number for each in city.workspace.ledger.releases()] == [1]
    assert work.notes.errors == []


def test_a_signature_is_looked_after_every_few_hours_and_not_at_every_turn(city: City) -> None:
    with working(city.workspace) as work:
        until(lambda: outcomes(city.workspace.ledger, SIGN) == ["done"])
        for _ in range(3):
            work.clock.at += timedelta(minutes=1)
            work.bell.ring()
            threading.Event().wait(0.05)
        city.commit({ARTICLE: make_article("改了标题")})
        until(lambda: city.live_number() == 2)

    assert outcomes(city.workspace.ledger, SIGN) == ["done"]


def test_signatures_are_looked_after_again_when_the_clock_was_set_back(city: City) -> None:
    with working(city.workspace) as work:
        until(lambda: outcomes(city.workspace.ledger, SIGN) == ["done"])
        work.clock.at -= timedelta(days=365)
        work.bell.ring()
        until(lambda: len(outcomes(city.workspace.ledger, SIGN)) == 2)


def test_before_anything_is_live_there_is_nothing_to_sign_and_nobody_is_told(city: City) -> None:
    city.commit({SITE: b"format = 1\n"})
    with working(city.workspace) as work:
        until(lambda: outcomes(city.workspace.ledger, SIGN) == ["done"])

    assert len(work.notes.errors) == 1


def test_a_target_that_cannot_be_signed_for_is_told_and_tried_again(city: City) -> None:
    dmz, away = city.root / "dmz", city.root / "away"
    with working(city.workspace, retry_seconds=0.05) as work:
        until(lambda: outcomes(city.workspace.ledger, SIGN) == ["done"])
        dmz.rename(away)
        dmz.write_text("in the way")
        work.clock.at += VALIDITY.sign_again_after("dir:dmz/www")
        work.bell.ring()
        until(lambda: work.notes.errors)
        dmz.unlink()
        away.rename(dmz)
        until(lambda: outcomes(city.workspace.ledger, SIGN)[-1] == "done")

    assert "no fresh signature" in work.notes.errors[0].english
    assert timestamp(city) != b""


def test_a_hold_does_not_keep_the_worker_from_signing(city: City) -> None:
    workspace = city.workspace
    with working(workspace):
        until(lambda: city.live_number() == 1)
        city.commit({ARTICLE: make_article("出错了")})
        until(lambda: city.live_number() == 2)
    release.rollback(workspace.office(workspace.targets(), 10), at=parse_date(NOW), who="王")
    before = timestamp(city)
    work = made(workspace)
    work.clock.at += VALIDITY.sign_again_after("dir:dmz/www")
    work.worker.sign_once()

    assert timestamp(city) != before
    assert [hold.kind for hold in workspace.ledger.holds()] == [HoldKind.ROLLBACK]
    assert "出错了" not in city.page("portal/news/2026/river.html")


# ---- starting and stopping ------------------------------------------------------------------------------------------


def test_a_second_worker_is_sent_away(city: City) -> None:
    with working(city.workspace), pytest.raises(BusyError, match="Another worker works over"):
        made(city.workspace).worker.run(Bell())


def test_without_a_repository_the_worker_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="zhanqun seed"):
        made(City(tmp_path).workspace).worker.run(Bell())


def test_a_stopped_bell_ends_the_worker_before_its_first_run(city: City) -> None:
    work = made(city.workspace)
    work.bell.stop()
    work.worker.run(work.bell)

    assert work.notes.builds == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_ends_the_worker_with_exit_code_0(city: City, number: int) -> None:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "ZHANQUN_LANG": "en"}
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "worker"],
        cwd=city.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        until(lambda: outcomes_if_any(city) == ["done"])
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()

    assert process.returncode == 0
    assert "Release 1 is live." in out
    assert "Traceback" not in err


def outcomes_if_any(city: City) -> list[str]:
    return outcomes(city.workspace.ledger) if city.live_number() else []


REFERENCES = [
    ("a branch", "/data/content.git/refs/heads/main", True),
    ("a branch being written", "/data/content.git/refs/heads/main.lock", True),
    ("packed branches", "/data/content.git/packed-refs", True),
    ("an object", "/data/content.git/objects/12/34", False),
    ("a reference of our own", "/data/content.git/refs/zhanqun/1234", False),
]


@pytest.mark.parametrize(("path", "expected"), [row[1:] for row in REFERENCES], ids=[row[0] for row in REFERENCES])
def test_the_worker_looks_up_only_when_a_branch_moved(path: str, expected: bool) -> None:
    assert _is_reference(path) is expected


def test_var_deleted_between_two_runs_loses_nothing(city: City) -> None:
    with working(city.workspace):
        until(lambda: city.live_number() == 1)
    shutil.rmtree(city.workspace.rooms.var)
    with working(city.workspace) as work:
        until(lambda: work.notes.releases)

    assert not work.notes.releases[0].is_new
    assert city.live_number() == 1
