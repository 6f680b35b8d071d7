"""How commands change content: read `main` or a folder, make the changes, write them as one commit or in place.

Where a commit goes is the cluster's intake policy; a `main` that moved meanwhile means reading and making them again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from cli.console import Console
from cli.options import FOLDER
from cluster.clock import current_time
from cluster.errors import ConflictError, ContentError
from cluster.gitstore import GitSource, GitStore, identity
from cluster.intake import decide
from cluster.site import Cluster
from cluster.source import FolderSource, Source
from cluster.writing import Changes, CommitWriting, FolderWriting
from publish.build import read_cluster
from publish.workspace import Workspace

TRIES = 5

Make = Callable[[Source, Cluster], Changes]

content_option = click.option(
    "--content", type=FOLDER, help="Change this folder instead of the content repository's main."
)
urgent_option = click.option("--urgent", metavar="REASON", help="Go live without a review, for this reason.")


def change(
    console: Console, workspace: Workspace, content: Path | None, urgent: str | None, make: Make, what: str
) -> str:
    """Makes the changes and tells where they went; empty when there was nothing to change."""
    if content is not None:
        source = FolderSource(content)
        changes = make(source, read_cluster(source))
        if not changes:
            return _nothing(console)
        made = FolderWriting(content).write(changes, what)
        console.tell("{files} file(s) changed in {folder}.", files=len(changes), folder=content)
        return made
    with GitStore(workspace.settings.repository) as store:
        for attempt in range(TRIES):
            try:
                return _commit(console, store, urgent, make, what)
            except ConflictError:
                if attempt == TRIES - 1:
                    raise
    return ""


def _nothing(console: Console) -> str:
    console.tell("There is nothing to change.")
    return ""


def _commit(console: Console, store: GitStore, urgent: str | None, make: Make, what: str) -> str:
    head = store.head()
    if head is None:
        raise ContentError(
            f"{store.path} has no branch 'main'. Run 'zhanqun seed', or push one.",
            f"{store.path} 没有 main 分支。请运行 zhanqun seed 或推送内容。",
        )
    source = GitSource(store, head)
    cluster = read_cluster(source)
    changes = make(source, cluster)
    if not changes:
        return _nothing(console)
    who, email = identity()
    at = current_time()
    decision = decide(cluster.intake, urgent=urgent, who=who, at=at)
    made = CommitWriting(store, decision.branch, who, email, at, head).write(changes, decision.message(what))
    console.tell(
        "{files} file(s) changed on the branch {branch}. {why}",
        files=len(changes),
        branch=decision.branch,
        why=decision.why(console.language),
    )
    return made
