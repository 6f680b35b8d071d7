"""`zhanqun worker`: commits on main go live by themselves."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Any

from cli.console import Console
from cli.options import command
from cli.publish import tell_outcome
from cluster.clock import current_time
from cluster.errors import ClusterError
from publish.build import Outcome as Build
from publish.release import Outcome as Release
from publish.watch import Bell
from publish.worker import Worker
from publish.workspace import Workspace


@command("worker", example="zhanqun worker")
def worker(console: Console, workspace: Workspace) -> int:
    """Publishes every commit on main, and every item whose date has come, until Ctrl-C stops it."""
    bell = Bell()

    def stop(_signal: int, _frame: Any) -> None:
        bell.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    Worker(workspace, ConsoleReport(console), current_time).run(bell)
    live = workspace.ledger.live()
    console.dump({"live": live.release.as_dict() if live else None})
    return 0


@dataclass(frozen=True, slots=True)
class ConsoleReport:
    """Tells the worker's runs on the console."""

    console: Console

    def published(self, build: Build, outcome: Release) -> None:
        """A run ended."""
        if outcome.is_new or outcome.held or outcome.failures:
            self.console.issues(build.issues)
            tell_outcome(self.console, outcome)

    def failed(self, error: ClusterError) -> None:
        """A run could not be finished."""
        self.console.tell("{why}", why=error.text(self.console.language))
