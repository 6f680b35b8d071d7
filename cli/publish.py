"""`zhanqun publish`: build, brake, release, deliver."""

from __future__ import annotations

import time
from datetime import datetime

import click

from cli.build import build_and_tell
from cli.console import Console
from cli.options import command, now_option, stamp_of
from cluster.clock import current_time
from cluster.errors import ClusterError
from cluster.gitstore import identity
from publish.release import Outcome
from publish.workspace import Workspace


@command("publish", example="zhanqun publish")
@click.argument("targets", nargs=-1)
@click.option("--resume", is_flag=True, help="Go on publishing after a rollback.")
@click.option("--accept-removals", is_flag=True, help="Publish although the brake holds: these removals are meant.")
@now_option
def publish(
    console: Console,
    workspace: Workspace,
    targets: tuple[str, ...],
    resume: bool,
    accept_removals: bool,
    now: datetime | None,
) -> int:
    """Builds main, and makes it live at every target unless the brake or a rollback holds it."""
    built = build_and_tell(console, workspace, workspace.order(stamp_of(now)))
    console.issues(built.issues)
    office = workspace.office(workspace.targets(targets), built.cluster.keep_releases, console.delivery())
    outcome = workspace.publish(
        office, built, at=current_time(), who=identity()[0], resume=resume, accept_removals=accept_removals
    )
    console.dump({**built.as_dict(), **outcome.as_dict()})
    code = tell_outcome(console, outcome) or built.exit_code
    sweep_at_rest(console, workspace)
    return code


def tell_outcome(console: Console, outcome: Outcome) -> int:
    """Tells what a release action did; the exit code when it is not clean."""
    for removal in outcome.held:
        console.tell("Held: {why}", why=removal.text(console.language))
    if outcome.held:
        console.tell("Nothing was published. If this is meant: zhanqun publish --accept-removals")
        return 4
    for failure in outcome.failures:
        console.tell("{target} was not delivered to: {why}", target=failure.target, why=failure.text(console.language))
    number = outcome.release.number if outcome.release else 0
    message = "Release {number} is live." if outcome.is_new else "Nothing has changed; release {number} stays live."
    if outcome.receipts or not outcome.is_new:
        console.result(console.words(message, number=number))
    for receipt in outcome.receipts:
        console.result(f"  {receipt.target}")
    return 1 if outcome.failures and not outcome.receipts else 3 if outcome.failures else 0


def sweep_at_rest(console: Console, workspace: Workspace) -> None:
    """Removes what nobody needs any more, now that everything is told, unless a worker does; Ctrl-C ends it."""
    if not workspace.owes_sweep:
        return
    from publish.worker import PAUSE_SECONDS, is_at_work  # only now: it brings the watching of folders with it

    if is_at_work(workspace.settings.data):
        return
    console.tell("Removing what no release needs any more; Ctrl-C ends that without harm.")

    def pause() -> bool:
        time.sleep(PAUSE_SECONDS)
        return True

    try:
        workspace.sweep_at_rest(pause)
    except KeyboardInterrupt:
        return
    except ClusterError as error:
        console.tell("{why}", why=error.text(console.language))
