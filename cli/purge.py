"""`zhanqun purge`: publish, and take every older release away with it."""

from __future__ import annotations

import click

from cli.build import build_and_tell
from cli.console import Console
from cli.options import command
from cli.publish import tell_outcome
from cluster.clock import current_time, stamp
from cluster.gitstore import identity
from publish.workspace import Workspace


@command("purge", example="zhanqun purge --yes")
@click.option("--yes", is_flag=True, help="Do it: no rollback past this release will be possible.")
def purge(console: Console, workspace: Workspace, yes: bool) -> int:
    """Publishes main, from which a secret was taken out, and drops all older releases and their files everywhere.

    Take the item out first (zhanqun rm). Git still keeps its text; the operations manual says how to rewrite history.
    """
    if not yes:
        console.tell("After a purge no older release can come back. If this is meant: zhanqun purge --yes")
        return 4
    at = current_time()
    built = build_and_tell(console, workspace, workspace.order(stamp(at)))
    console.issues(built.issues)
    office = workspace.office(workspace.targets(), built.cluster.keep_releases, console.delivery())
    outcome = workspace.publish(office, built, at=at, who=identity()[0], accept_removals=True, purge=True)
    console.dump({**built.as_dict(), **outcome.as_dict()})
    return tell_outcome(console, outcome) or built.exit_code
