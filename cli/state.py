"""`zhanqun state`: grey for mourning, a banner in an emergency, or neither."""

from __future__ import annotations

import click

from cli.console import Console
from cli.options import command
from cli.publish import sweep_at_rest, tell_outcome
from cluster.clock import current_time
from cluster.gitstore import identity
from publish import release
from publish.state import ClusterState
from publish.workspace import Workspace


@command(
    "state", example='zhanqun state banner --zh "今晚九时起全市停水抢修" --en "Water is cut off from 9 pm for repairs"'
)
@click.argument("kind", type=click.Choice(["grey", "banner", "clear"]))
@click.option("--zh", default="", help="The banner's words in Chinese.")
@click.option("--en", default="", help="The banner's words in English.")
def state(console: Console, workspace: Workspace, kind: str, zh: str, en: str) -> int:
    """Makes all sites grey, puts a banner on all of them (also on grey ones), or clears both; nothing is built."""
    if kind == "banner" and not (zh or en):
        raise click.UsageError(console.words("A banner needs words: --zh, --en or both."))
    now = workspace.ledger.state()
    wanted = {
        "grey": ClusterState(grey=True, zh=zh or now.zh, en=en or now.en),
        "banner": ClusterState(grey=now.grey, zh=zh, en=en),
        "clear": ClusterState(),
    }[kind]
    office = workspace.office(workspace.targets(), workspace.keep_releases, console.delivery())
    outcome = release.change_state(office, wanted, at=current_time(), who=identity()[0])
    code = tell_outcome(console, outcome)
    console.dump(outcome.as_dict())
    sweep_at_rest(console, workspace)
    return code
