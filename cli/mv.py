"""`zhanqun mv`: move an item, with a redirect from its old address."""

from __future__ import annotations

from pathlib import Path

import click

from cli.change import change, content_option, urgent_option
from cli.console import Console
from cli.options import command
from cluster.moves import move_item
from publish.workspace import Workspace


@command("mv", example="zhanqun mv portal/news/2026/flu.md portal/health/2026/flu.md")
@click.argument("old")
@click.argument("new")
@content_option
@urgent_option
def mv(console: Console, workspace: Workspace, old: str, new: str, content: Path | None, urgent: str | None) -> int:
    """Moves an item: its old address leads to the new one, and links to it are mended."""
    made = change(
        console,
        workspace,
        content,
        urgent,
        lambda source, cluster: move_item(source, cluster, old, new),
        f"Move {old} to {new}",
    )
    console.dump({"made": made})
    return 0
