"""`zhanqun rollback`: an earlier state live again, under a new number."""

from __future__ import annotations

import click

from cli.console import Console
from cli.options import command
from cli.publish import sweep_at_rest, tell_outcome
from cluster.clock import current_time
from cluster.gitstore import identity
from publish import release
from publish.workspace import Workspace


@command("rollback", example="zhanqun rollback 41")
@click.argument("number", type=click.IntRange(min=1), required=False)
def rollback(console: Console, workspace: Workspace, number: int | None) -> int:
    """Makes an earlier release live again (by default the one before) and holds automatic publishing."""
    office = workspace.office(workspace.targets(), keep=workspace.keep_releases)
    outcome = release.rollback(office, number, at=current_time(), who=identity()[0])
    if outcome.release is not None:
        workspace.mark_released(outcome.release.root)
    code = tell_outcome(console, outcome)
    console.tell("Automatic publishing is held until: zhanqun publish --resume")
    console.dump(outcome.as_dict())
    sweep_at_rest(console, workspace)
    return code
