"""`zhanqun check`: what an editor should mend, without building."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from cli.console import Console
from cli.options import command, content_option, now_option, stamp_of
from cluster.errors import ContentError
from cluster.source import Source
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
            wanted = [_known(source, path) for path in paths]
            issues = find_issues(source, workspace.rooms, stamp_of(now))
    except MisconfiguredError as error:
        console.dump({"issues": [issue.as_dict() for issue in error.issues]})
        raise
    found = [issue for issue in issues if not wanted or any(_is_below(issue.path, path) for path in wanted)]
    console.issues(found)
    console.result(console.words("{issues} issue(s).", issues=len(found)))
    if stale := sum(issue.code == "translation-stale" for issue in found):
        console.result(console.words("{count} of them: a translation older than its original.", count=stale))
    console.dump({"issues": [issue.as_dict() for issue in found]})
    return 3 if found else 0


def _known(source: Source, path: str) -> str:
    """The path below the repository that is meant, with or without `content/`."""
    plain = path.removeprefix("./").rstrip("/")
    for meant in (plain, f"content/{plain}"):
        if any(_is_below(entry.path, meant) for entry in source.entries()):
            return meant
    raise ContentError(
        f"There is nothing at {path}. Write it like content/portal/news, from the top of the content.",
        f"没有 {path}。请从内容库顶层写起，例如 content/portal/news。",
    )


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
