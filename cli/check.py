"""`zhanqun check`: what an editor should mend, without building."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from cli.console import Console
from cli.options import command, content_option, now_option, stamp_of
from cluster.issues import Issue
from publish.build import MisconfiguredError
from publish.check import find_issues
from publish.workspace import Workspace


@command("check", example="zhanqun check --content . content/portal/news")
@click.argument("paths", nargs=-1)
@content_option
@now_option
def check(
    console: Console, workspace: Workspace, paths: tuple[str, ...], content: Path | None, now: datetime | None
) -> int:
    """Checks the content and tells what should be mended: in all of it, or below the given paths."""
    here = Path()
    place = content or (here if (here / "sites").is_dir() else None)
    try:
        with workspace.source(place) as source:
            issues = find_issues(source, workspace.rooms, stamp_of(now))
    except MisconfiguredError as error:
        console.dump({"issues": [issue.as_dict() for issue in error.issues]})
        raise
    wanted = [issue for issue in issues if _is_below(issue, paths)]
    console.issues(wanted)
    console.result(console.words("{issues} issue(s).", issues=len(wanted)))
    console.dump({"issues": [issue.as_dict() for issue in wanted]})
    return 3 if wanted else 0


def _is_below(issue: Issue, paths: tuple[str, ...]) -> bool:
    wanted = [path.removeprefix("./").rstrip("/") for path in paths]
    return not wanted or any(issue.path == path or issue.path.startswith(f"{path}/") for path in wanted)
