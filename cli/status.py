"""`zhanqun status`: what is live where, what is held, what comes next."""

from __future__ import annotations

from typing import Any

from cli.console import Console
from cli.options import command
from cluster.errors import ClusterError
from publish.build import read_state
from publish.delivery import Target
from publish.workspace import Workspace


@command("status", example="zhanqun status --json")
def status(console: Console, workspace: Workspace) -> int:
    """Shows what is live at each target, what is held, and what should be mended."""
    with workspace.source() as source:
        head = source.revision
    state = _state(console, workspace, head)
    _show(console, state)
    console.dump(state)
    if state["holds"]:
        return 4
    return 3 if state["issues"] or state["failure"] or any(row["problem"] for row in state["targets"]) else 0


def _state(console: Console, workspace: Workspace, head: str) -> dict[str, Any]:
    ledger = workspace.ledger
    live = ledger.live()
    is_behind = live is None or live.release.commit != head
    build = read_state(workspace.rooms)
    return {
        "live": live.release.as_dict() if live else None,
        "targets": [_target_state(console, target) for target in workspace.targets()],
        "main": head,
        "failure": ledger.last_failure() if is_behind else "",
        "holds": [{"kind": str(hold.kind), "why": hold.text(console.language)} for hold in ledger.holds()],
        "issues": [issue.as_dict() for issue in build.issues] if build else [],
        "next_moment": build.next_moment if build else "",
    }


def _target_state(console: Console, target: Target) -> dict[str, Any]:
    try:
        live = target.live()
    except ClusterError as error:
        return {"target": target.url, "release": None, "problem": error.text(console.language)}
    return {"target": target.url, "release": live.number if live else None, "problem": ""}


def _show(console: Console, state: dict[str, Any]) -> None:
    for row in state["targets"]:
        number = row["release"] or "-"
        line = console.words("{target}: release {number}", target=row["target"], number=number)
        console.result(f"{line}  {row['problem']}".rstrip())
    for hold in state["holds"]:
        console.result(console.words("Held: {why}", why=hold["why"]))
    if state["failure"]:
        console.result(console.words("main is not live; the last try failed: {why}", why=state["failure"]))
    if state["next_moment"]:
        moment = state["next_moment"][:16].replace("T", " ")
        console.result(console.words("The next item goes live or expires at {moment}.", moment=moment))
    count = len(state["issues"])
    message = "{count} issue(s); see: zhanqun check --content {repository}" if count else "No issues."
    console.result(console.words(message, count=count, repository=console.settings.repository))
