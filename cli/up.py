"""`zhanqun up`: everything at once for one machine: seed, publish, serve, worker."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.build import build_and_tell
from cli.console import Console
from cli.options import command, stamp_of
from cli.publish import tell_outcome
from cli.seed import has_main, seed_repository
from cli.serve import serve_target
from cluster.clock import current_time
from cluster.errors import HeldError
from cluster.gitstore import identity
from cluster.source import FolderSource
from publish.preview import listen
from publish.worker import require_alone
from publish.workspace import Workspace


@command("up", example="zhanqun up")
def up(console: Console, workspace: Workspace) -> int:
    """Seeds the content repository once, publishes main, serves it and keeps it live. Ctrl-C stops all."""
    if not has_main(workspace.settings.repository):
        seed_repository(workspace.settings.repository, FolderSource(Path()))
        console.tell("The content repository was made from the demo content.")
    require_alone(workspace.settings.data)
    listen(workspace.settings.host, workspace.settings.port).close()
    _publish(console, workspace)
    with _worker(console, workspace):
        serve_target(console, workspace, workspace.settings.port)
    return 0


def _publish(console: Console, workspace: Workspace) -> None:
    """The first publish; a hold is told and does not keep the live state from being served."""
    built = build_and_tell(console, workspace, workspace.order(stamp_of(None)))
    console.issues(built.issues)
    office = workspace.office(workspace.targets(), built.cluster.keep_releases)
    try:
        tell_outcome(console, workspace.publish(office, built, at=current_time(), who=identity()[0]))
    except HeldError as error:
        console.tell("{why}", why=error.text(console.language))


@contextmanager
def _worker(console: Console, workspace: Workspace) -> Iterator[None]:
    """The worker in a process of its own, ended with this one; when it dies before, that is told.

    It has its own session, so that Ctrl-C reaches it through us, and ends when our end of its input closes.
    """
    settings = workspace.settings
    arguments = ["worker", "--with-parent", "--data", str(settings.data), "--var", str(settings.var)]
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *arguments],
        cwd=settings.base,
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    ending = threading.Event()

    def tell_death() -> None:
        process.wait()
        if not ending.is_set():
            console.tell("The worker has stopped; new commits do not go live. Start it again with: zhanqun worker")

    watch = threading.Thread(target=tell_death, daemon=True)
    watch.start()
    try:
        yield
    finally:
        ending.set()
        process.terminate()
        watch.join()
        if process.stdin is not None:
            process.stdin.close()
