"""`zhanqun rm`: remove an item, whose address answers "gone" from then on."""

from __future__ import annotations

from pathlib import Path

import click

from cli.change import change, content_option, urgent_option
from cli.console import Console
from cli.options import command
from cluster.edits import remove_item
from publish.workspace import Workspace


@command("rm", example='zhanqun rm portal/news/2026/flu.md --reason "published twice"')
@click.argument("path")
@click.option("--reason", required=True, help="Why it goes; kept in gone.toml.")
@content_option
@urgent_option
def rm(console: Console, workspace: Workspace, path: str, reason: str, content: Path | None, urgent: str | None) -> int:
    """Removes an item: its address answers 410 (gone), and the reason is kept."""
    made = change(
        console,
        workspace,
        content,
        urgent,
        lambda source, cluster: remove_item(source, cluster, path, reason),
        f"Remove {path}",
    )
    console.dump({"made": made})
    return 0
