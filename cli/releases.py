"""`zhanqun releases`: what was released, when, by whom."""

from __future__ import annotations

from cli.console import Console
from cli.options import command
from cluster.clock import CHINA
from publish.workspace import Workspace


@command("releases", example="zhanqun releases")
def releases(console: Console, workspace: Workspace) -> int:
    """Lists all releases, newest first."""
    rows = workspace.ledger.releases()
    live = workspace.ledger.live()
    for row in rows:
        record = row.release
        state = "*" if live and live.release.number == record.number else " "
        of = f" ← {record.of}" if record.of else ""
        console.result(
            f"{state} {record.number:>6}  {row.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}  {record.kind}{of}  "
            f"{record.files:>7}  {record.bytes / 1e6:>8.1f} MB  {row.pages_changed:>6}  {row.who}  {record.commit[:12]}"
        )
    if live:
        console.tell("* is live now. Columns: number, time, kind, files, size, pages changed, who, commit.")
    if not rows:
        console.tell("There is no release yet. Make one with: zhanqun publish")
    console.dump(
        {
            "releases": [
                {
                    **row.release.as_dict(),
                    "state": str(row.state),
                    "who": row.who,
                    "at": row.at.astimezone(CHINA).isoformat(),
                    "pages_changed": row.pages_changed,
                }
                for row in rows
            ]
        }
    )
    return 0
