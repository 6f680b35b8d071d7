"""The worker: a commit on `main` goes live by itself, and so does an item whose date has come.

watch → job → build → publish → wait until the next change or the next moment. Jobs lie in the ledger, one pending at a
time, so that commits during a run become one further run and a killed worker's job is done by the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cluster.clock import parse_date, stamp
from cluster.errors import ClusterError, HeldError
from publish import release
from publish.build import Order
from publish.build import Outcome as Build
from publish.release import Outcome as Release
from publish.watch import Bell, watching
from publish.workspace import Workspace, as_built

JOB = "publish"
WHO = "worker"
# How long a wait may last at most: a clock that was set, or a watch that the system dropped, costs one minute.
LONGEST_WAIT_SECONDS = 60.0
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
    """One worker over one workspace; `clock` gives the aware time."""

    workspace: Workspace
    report: Report
    clock: Callable[[], datetime]
    next_moment: str = ""
    last_head: str = ""

    def run(self, bell: Bell) -> None:
        """Works until the bell stops it."""
        ledger = self.workspace.ledger
        ledger.recover_jobs()
        repository = self.workspace.settings.repository
        with watching([repository], bell, _is_reference):
            ledger.enqueue(JOB, self.clock())
            wait = 0.0
            while bell.wait(wait):
                self._notice()
                wait = self._seconds_to_next_moment() if self._work() else RETRY_SECONDS

    def _notice(self) -> None:
        """Asks for a job when `main` moved or a date has come."""
        head = self._head()
        now = self.clock()
        if head != self.last_head or (self.next_moment and self.next_moment <= stamp(now)):
            self.workspace.ledger.enqueue(JOB, now)
        self.last_head = head

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
                outcome = self.publish_once()
            except HeldError as error:
                ledger.finish(job.id, "held", self.clock())
                self.report.failed(error)
            except ClusterError as error:
                ledger.finish(job.id, f"failed: {error.english}", self.clock())
                ledger.enqueue(JOB, self.clock())
                self.report.failed(error)
                return False
            else:
                ledger.finish(job.id, "held" if outcome.held else "done", self.clock())
        return True

    def publish_once(self) -> Release:
        """Builds `main` at this moment and publishes it to all targets."""
        now = self.clock()
        built = self.workspace.build(Order(stamp(now), url=self.workspace.settings.url))
        self.next_moment = built.next_moment
        office = self.workspace.office(self.workspace.targets(), built.cluster.keep_releases)
        outcome = release.publish(office, as_built(built), at=now, who=WHO)
        self.report.published(built, outcome)
        return outcome

    def _seconds_to_next_moment(self) -> float:
        if not self.next_moment:
            return LONGEST_WAIT_SECONDS
        left = (parse_date(self.next_moment) - self.clock()).total_seconds()
        return min(max(0.0, left), LONGEST_WAIT_SECONDS)


def _is_reference(path: str) -> bool:
    """Whether a path in a repository tells that a branch moved."""
    return "/refs/heads/" in path or path.endswith(("packed-refs", "/reftable"))
