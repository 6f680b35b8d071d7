"""`zhanqun mv`: move an item, with a redirect from its old address."""

from __future__ import annotations

from pathlib import Path

import click

from cli.change import change, content_option, urgent_option
from cli.console import Console
from cli.options import command
from cluster.moves import config_mentions, item_path, move_item
from cluster.site import Cluster
from cluster.source import Source
from cluster.writing import Changes
from publish.workspace import Workspace


@command("mv", example="zhanqun mv portal/news/2026/flu.md portal/health/2026/flu.md")
@click.argument("old")
@click.argument("new")
@content_option
@urgent_option
def mv(console: Console, workspace: Workspace, old: str, new: str, content: Path | None, urgent: str | None) -> int:
    """Moves an item: its old address leads to the new one, and links to it are mended."""
    named: list[str] = []

    def make(source: Source, cluster: Cluster) -> Changes:
        named[:] = config_mentions(source, item_path(old))
        return move_item(source, cluster, old, new)

    made = change(console, workspace, content, urgent, make, f"Move {old} to {new}")
    for place in named:
        console.tell("{place} still names the old address. Change it there by hand.", place=place)
    console.dump({"made": made, "named_in": named})
    return 0
