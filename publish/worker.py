"""The worker: a commit on `main` goes live by itself, and so does an item whose date has come.

watch → job → build → publish → sweep, while nothing else is to be done → wait until the next change or the next moment.
Jobs lie in the ledger, one pending at a time, so that commits during a run become one further run and a killed worker's
job is done by the next one.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from cluster.clock import parse_date, stamp
from cluster.errors import BuildError, BusyError, ClusterError, HeldError, TargetError
from cluster.gitstore import GitStore
from cluster.manifest import Changes
from publish.build import MisconfiguredError
from publish.build import Outcome as Build
from publish.ledger import Job
from publish.recipe import loaded_program
from publish.release import Failure, sign_again
from publish.release import Outcome as Release
from publish.watch import Bell, watching
from publish.workspace import Workspace

JOB = "publish"
SIGN = "sign"
# How often it is asked whether a target's signature has grown old.
SIGN_HOURS = 1
WHO = "worker"
# How long a wait may last at most: a clock that was set, or a watch that the system dropped, costs one minute.
LONGEST_WAIT_SECONDS = 60.0
# How long others may take the locks between two steps of a sweep; whoever waits for one looks more often.
PAUSE_SECONDS = 0.05
# How soon a failed job is tried again.
RETRY_SECONDS = 30.0


class Report(Protocol):
    """What the worker tells: a run that went through, or why it did not."""

    def published(self, build: Build, outcome: Release) -> None:
        """A run ended; nothing new may have been published."""

    def failed(self, error: ClusterError) -> None:
        """A run could not be finished; the live site is as it was."""


@dataclass(slots=True)
class Worker:
    """One worker over one workspace; `clock` gives the aware time, a failed job waits `retry_seconds`."""

    workspace: Workspace
    report: Report
    clock: Callable[[], datetime]
    retry_seconds: float = RETRY_SECONDS
    next_moment: str = ""
    last_head: str | None = None
    signed_at: datetime | None = None
    unswept: str = ""

    def run(self, bell: Bell) -> None:
        """Works until the bell stops it.

        Raises:
            BusyError: another worker works over the same data.
            ContentError: there is no content repository yet.
        """
        repository = self.workspace.settings.repository
        loaded_program()
        with _alone(self.workspace.settings.data), GitStore(repository), _watched(repository, bell):
            wait = 0.0
            while bell.wait(wait):
                wait = self._turn(bell)

    def _turn(self, bell: Bell) -> float:
        """Does what there is to do; for how many seconds to wait then. A ledger that fails is tried again too."""
        try:
            # Nobody else works here: a running job is one that was killed, or that failed half-way.
            self.workspace.ledger.recover_jobs()
            self._notice()
            if not self._work():
                return self.retry_seconds
            self._sweep(bell)
            return self._seconds_to_next_moment()
        except (ClusterError, OSError, sqlite3.Error) as error:
            self.report.failed(_as_told(error))
            return self.retry_seconds

    def _notice(self) -> None:
        """Asks for a job at the start, when `main` moved, or when a date has come."""
        head = self._head()
        now = self.clock()
        if head != self.last_head or (self.next_moment and self.next_moment <= stamp(now)):
            self.workspace.ledger.enqueue(JOB, now)
        self.last_head = head
        # A clock that was set back must not keep the next signature waiting until it has caught up.
        if self.signed_at is None or abs(now - self.signed_at) >= timedelta(hours=SIGN_HOURS):
            self.workspace.ledger.enqueue(SIGN, now)
            self.signed_at = now

    def _head(self) -> str:
        try:
            with self.workspace.source() as source:
                return source.revision
        except ClusterError:
            return ""

    def _work(self) -> bool:
        """Does all pending jobs; False when one must be tried again."""
        ledger = self.workspace.ledger
        while (job := ledger.take(self.clock())) is not None:
            try:
                outcome = self.sign_once() if job.kind == SIGN else self.publish_once()
            except HeldError as error:
                ledger.finish(job.id, "held", self.clock())
                self.report.failed(error)
                continue
            except MisconfiguredError as error:
                # Neither time nor another try mends it: the next commit does.
                self.next_moment = ""
                ledger.fail(job.id, zh=error.chinese, en=error.english, at=self.clock())
                self.report.failed(error)
                continue
            except (ClusterError, OSError, sqlite3.Error) as error:
                told = _as_told(error)
                self._put_back(job, zh=told.chinese, en=told.english)
                self.report.failed(told)
                return False
            if outcome.failures:
                self._put_back(job, zh=outcome.failures[0].zh, en=outcome.failures[0].en)
                if job.kind == SIGN:  # a publish has told its own
                    self.report.failed(_not_signed(outcome.failures[0]))
                return False
            ledger.finish(job.id, "held" if outcome.held else "done", self.clock())
        return True

    def _put_back(self, job: Job, *, zh: str, en: str) -> None:
        self.workspace.ledger.fail(job.id, zh=zh, en=en, at=self.clock())
        self.workspace.ledger.enqueue(job.kind, self.clock())

    def sign_once(self) -> Release:
        """Signs the live release anew for every target; before there is one, nothing needs it."""
        if self.workspace.ledger.live() is None:
            return Release(None, is_new=False, changes=Changes((), (), ()))
        office = self.workspace.office(self.workspace.targets(), self.workspace.keep_releases)
        return sign_again(office, at=self.clock())

    def publish_once(self) -> Release:
        """Builds `main` at this moment and publishes it to all targets."""
        now = self.clock()
        built = self.workspace.build(self.workspace.order(stamp(now)))
        self.next_moment = built.next_moment
        office = self.workspace.office(self.workspace.targets(), built.cluster.keep_releases)
        outcome = self.workspace.publish(office, built, at=now, who=WHO)
        self.report.published(built, outcome)
        return outcome

    def _sweep(self, bell: Bell) -> None:
        """Removes what nobody needs any more, until the bell rings or a date has come; the next rest goes on."""

        def is_at_rest() -> bool:
            return not bell.rung.wait(PAUSE_SECONDS) and self._seconds_to_next_moment() > 0

        try:
            self.workspace.sweep_at_rest(is_at_rest)
            self.unswept = ""
        except ClusterError as error:  # nothing waits for it: told once, and tried again
            if error.english != self.unswept:
                self.report.failed(error)
            self.unswept = error.english

    def _seconds_to_next_moment(self) -> float:
        if not self.next_moment:
            return LONGEST_WAIT_SECONDS
        left = (parse_date(self.next_moment) - self.clock()).total_seconds()
        return min(max(0.0, left), LONGEST_WAIT_SECONDS)


def is_at_work(data: Path) -> bool:
    """Whether a worker works over these folders."""
    try:
        require_alone(data)
    except BusyError:
        return True
    return False


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Keeps a second worker away: it would take the first one's running job for a killed worker's."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / ".worker.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(
                f"Another worker works over {data}. One is enough.", f"已有另一个 worker 在处理 {data}，一个就够了。"
            ) from error
        yield


def _watched(repository: Path, bell: Bell) -> AbstractContextManager[None]:
    """Rings when a branch moves; the objects of a push are nobody's business."""
    return watching([repository / "refs"], bell, _is_reference, flat=[repository])


def require_alone(data: Path) -> None:
    """Makes sure that a worker could start over these folders.

    Raises:
        BusyError: one works there already.
    """
    with _alone(data):
        pass


def _as_told(error: ClusterError | OSError | sqlite3.Error) -> ClusterError:
    """The error as a report takes it; a full or failing disk, or a damaged database, must not end the worker."""
    if isinstance(error, ClusterError):
        return error
    if isinstance(error, sqlite3.Error):
        return BuildError(f"A database failed: {error}. It is tried again.", f"数据库出错：{error}。稍后重试。")
    return BuildError(f"The disk failed: {error}. It is tried again.", f"磁盘出错：{error}。稍后重试。")


def _not_signed(failure: Failure) -> TargetError:
    return TargetError(
        f"{failure.target} got no fresh signature: {failure.en} It is tried again.",
        f"{failure.target} 未收到新签名：{failure.zh}稍后重试。",
    )


def _is_reference(path: str) -> bool:
    """Whether a path in a repository tells that a branch moved."""
    return "/refs/heads/" in path or path.endswith(("packed-refs", "/reftable"))
