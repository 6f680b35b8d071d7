"""`zhanqun status`: what is live where, what is held, what comes next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cli.base import guard_values
from cli.console import Console
from cli.options import command
from cluster.clock import CHINA
from cluster.errors import ClusterError
from publish.alarms import alarms
from publish.build import read_cluster, read_state
from publish.delivery.directory import DirectoryTarget
from publish.delivery.parcel import Target
from publish.guard.notes import read_status
from publish.ledger import Ledger
from publish.nginx.known import unknown_to_nginx
from publish.seen import note
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
    problems = [row["problem"] for row in state["targets"] if row["problem"]]
    return 3 if state["issues"] or state["failure"] or state["alarms"] or problems else 0


def _state(console: Console, workspace: Workspace, head: str) -> dict[str, Any]:
    ledger = workspace.ledger
    live, shown = ledger.live(), ledger.state()
    is_behind = live is None or live.release.commit != head
    build = read_state(workspace.rooms)
    targets, now = workspace.targets(), workspace.clock()
    rows = [_target_state(console, ledger, target, now) for target in targets]
    found = alarms(ledger, [target.url for target in targets], now)
    return {
        "live": live.release.as_dict() if live else None,
        "targets": rows,
        "alarms": [{**alarm.as_dict(), "why": alarm.text(console.language)} for alarm in found],
        "main": head,
        "failure": ledger.last_failure(console.language) if is_behind else "",
        "state": {"grey": shown.grey, "zh": shown.zh, "en": shown.en},
        "nginx": _unknown_to_nginx(workspace),
        "holds": [{"kind": str(hold.kind), "why": hold.text(console.language)} for hold in ledger.holds()],
        "issues": [issue.as_dict() for issue in build.issues] if build else [],
        "next_moment": build.next_moment if build else "",
    }


def _unknown_to_nginx(workspace: Workspace) -> dict[str, str]:
    """The sites that the web server's configuration lacks, and the command that mends it; empty when none."""
    try:
        with workspace.source() as source:
            unknown = unknown_to_nginx(read_cluster(source), workspace.settings.data)
    except ClusterError:
        return {}
    return {"sites": " ".join(unknown.sites), "command": unknown.command} if unknown else {}


def _target_state(console: Console, ledger: Ledger, target: Target, now: datetime) -> dict[str, Any]:
    """What a target says of itself, and when it last confirmed a release; what it says is noted in the ledger."""
    receipt = ledger.receipts().get(target.url)
    told = {**receipt.as_dict(), "at": receipt.at.astimezone(CHINA).isoformat()} if receipt else None
    guard = read_status(target.places.state) if isinstance(target, DirectoryTarget) else None
    row = {"target": target.url, "release": None, "receipt": told, "guard": guard, "problem": ""}
    try:
        hello = target.hello()
        number = hello.number
        note(ledger, {target.url: hello}, now)
        lost = receipt is not None and number < receipt.number and not target.url.startswith("file:")
        problem = console.words("This is older than what it confirmed. Mend it: zhanqun publish") if lost else ""
        if hello.lacks and not lost:
            problem = console.words("It lost {count} file(s) there. Bring them: zhanqun publish", count=hello.lacks)
        return row | {"release": number or None, "problem": problem}
    except ClusterError as error:
        return row | {"problem": error.text(console.language)}


def _show(console: Console, state: dict[str, Any]) -> None:
    for row in state["targets"]:
        number = row["release"] or "-"
        line = console.words("{target}: release {number}", target=row["target"], number=number)
        if row["receipt"]:
            line += console.words(", confirmed {moment}", moment=row["receipt"]["at"][:16].replace("T", " "))
        console.result(f"{line}  {row['problem']}".rstrip())
        if row["guard"]:
            told = console.words(
                "Guard: last sign of life {moment}, {incidents} incident(s), {missing} hash(es) missing.",
                **guard_values(row["guard"]),
            )
            console.result(f"  {told}")
    for alarm in state["alarms"]:
        console.result(alarm["why"])
    if state["state"]["grey"]:
        console.result(console.words("All sites are grey; end it with: zhanqun state clear"))
    if state["state"]["zh"] or state["state"]["en"]:
        words = state["state"]["zh"] or state["state"]["en"]
        console.result(console.words("Banner on all sites: {words}", words=words))
    if state["nginx"]:
        console.result(console.words("nginx does not know these sites yet: {sites}. Run: {command}", **state["nginx"]))
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
