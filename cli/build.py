"""`zhanqun build`: content to blobs and a manifest; nothing is published."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from cli.console import Console
from cli.options import command, content_option, now_option, stamp_of
from publish.build import MisconfiguredError, Order, Outcome
from publish.workspace import Workspace


@command("build", example="zhanqun build --content . --now 2026-11-20T09:00")
@content_option
@click.option("--site", "sites", multiple=True, help="Build only this site, for a look; may be repeated.")
@click.option("--full", is_flag=True, help="Forget what is derived and build everything anew.")
@click.option("--jobs", type=click.IntRange(1, 64), default=None, help="Processes at most; default: all cores.")
@now_option
def build(
    console: Console,
    workspace: Workspace,
    content: Path | None,
    sites: tuple[str, ...],
    full: bool,
    jobs: int | None,
    now: datetime | None,
) -> int:
    """Builds the cluster's sites and tells what should be mended. Nothing is published."""
    order = workspace.order(stamp_of(now), sites=sites, full=full, jobs=jobs)
    outcome = build_and_tell(console, workspace, order, content)
    report(console, workspace, outcome)
    return outcome.exit_code


def build_and_tell(console: Console, workspace: Workspace, order: Order, content: Path | None = None) -> Outcome:
    """Builds, and tells every mistake of the configuration when there are some."""
    try:
        return workspace.build(order, content, console.progress())
    except MisconfiguredError as error:
        console.dump({"commit": "", "issues": [issue.as_dict() for issue in error.issues]})
        raise


def report(console: Console, workspace: Workspace, outcome: Outcome) -> None:
    """Tells what a build made."""
    console.issues(outcome.issues)
    removals = workspace.find_removals(outcome)
    for removal in removals:
        console.result(removal.text(console.language))
    console.result(
        console.words(
            "{total} pages, {written} written, {removed} removed, {issues} issue(s).",
            total=outcome.pages_total,
            written=outcome.pages_written,
            removed=outcome.pages_removed,
            issues=len(outcome.issues),
        )
    )
    console.dump({**outcome.as_dict(), "removals": [removal.as_dict() for removal in removals]})
