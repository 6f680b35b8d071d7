"""`zhanqun purge`: publish, and take every older release away with it."""

from __future__ import annotations

import click

from cli.build import build_and_tell
from cli.console import Console
from cli.options import command
from cli.publish import tell_outcome
from cluster.clock import current_time, stamp
from cluster.gitstore import identity
from publish.alarms import purge_alarms
from publish.ledger import Ledger
from publish.workspace import Workspace


@command("purge", example="zhanqun purge --yes")
@click.option("--yes", is_flag=True, help="Do it: no rollback past this release will be possible.")
@click.option(
    "--confirm",
    "confirmed",
    metavar="TARGET",
    help="Say that this target has purged, where no receipt can come back; nothing is published.",
)
def purge(console: Console, workspace: Workspace, yes: bool, confirmed: str | None) -> int:
    """Publishes main, from which a secret was taken out, and drops all older releases and their files everywhere.

    Take the item out first (zhanqun rm). Git still keeps its text; the operations manual says how to rewrite history.
    """
    if confirmed is not None:
        return _confirm(console, workspace.ledger, confirmed)
    if not yes:
        console.tell("After a purge no older release can come back. If this is meant: zhanqun purge --yes")
        return 4
    at = current_time()
    built = build_and_tell(console, workspace, workspace.order(stamp(at)))
    console.issues(built.issues)
    office = workspace.office(workspace.targets(), built.cluster.keep_releases, console.delivery())
    outcome = workspace.publish(office, built, at=at, who=identity()[0], accept_removals=True, purge=True)
    left = purge_alarms(workspace.ledger)
    console.dump({**built.as_dict(), **outcome.as_dict(), "alarms": [alarm.as_dict() for alarm in left]})
    code = tell_outcome(console, outcome) or built.exit_code
    for alarm in left:
        console.tell("{why}", why=alarm.text(console.language))
    return code or (3 if left else 0)


def _confirm(console: Console, ledger: Ledger, target: str) -> int:
    """Takes somebody's word for it that a target has purged."""
    for each in ledger.open_purges():
        if each.target == target:
            ledger.confirm(target, each.number, current_time())
            console.tell("The purge of release {number} counts as done at {target}.", number=each.number, target=target)
            console.dump({"confirmed": target, "number": each.number})
            return 0
    console.tell("No purge waits for {target}. See: zhanqun status", target=target)
    return 1
