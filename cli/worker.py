"""`zhanqun worker`: commits on main go live by themselves."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass
from typing import Any

import click

from cli.console import Console
from cli.options import command
from cli.publish import tell_outcome
from cluster.clock import current_time
from cluster.errors import ClusterError
from cluster.issues import Issue
from publish.build import Outcome as Build
from publish.release import Outcome as Release
from publish.watch import Bell
from publish.worker import Worker
from publish.workspace import Workspace

STDIN = 0


@command("worker", example="zhanqun worker")
@click.option("--with-parent", is_flag=True, hidden=True)
def worker(console: Console, workspace: Workspace, with_parent: bool) -> int:
    """Publishes every commit on main, and every item whose date has come, until Ctrl-C stops it."""
    bell = Bell()

    def stop(_signal: int, _frame: Any) -> None:
        bell.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    if with_parent:
        threading.Thread(target=_stop_at_end_of_input, args=(bell,), daemon=True).start()
    Worker(workspace, ConsoleReport(console), current_time).run(bell)
    live = workspace.ledger.live()
    console.dump({"live": live.release.as_dict() if live else None})
    return 0


def _stop_at_end_of_input(bell: Bell) -> None:
    """The input closes when the process that started us is gone, however it ended."""
    while os.read(STDIN, 1024):  # not through the buffer, whose lock would break the interpreter's end
        pass
    bell.stop()


@dataclass(slots=True)
class ConsoleReport:
    """Tells the worker's runs on the console; an issue is told when it is new."""

    console: Console
    told: frozenset[Issue] = frozenset()

    def published(self, build: Build, outcome: Release) -> None:
        """A run ended."""
        self.console.issues(set(build.issues) - self.told)
        self.told = frozenset(build.issues)
        if outcome.is_new or outcome.held or outcome.failures:
            tell_outcome(self.console, outcome)

    def failed(self, error: ClusterError) -> None:
        """A run could not be finished."""
        self.console.tell("{why}", why=error.text(self.console.language))
