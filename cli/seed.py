"""`zhanqun seed`: the content repository from a folder, once."""

from __future__ import annotations

from pathlib import Path

import click

from cli.console import Console
from cli.options import FOLDER, command
from cluster.clock import current_time
from cluster.gitstore import Commit, GitSource, GitStore, identity
from cluster.source import FolderSource, Source
from publish.workspace import Workspace

UPDATE_BRANCH = "demo-update"


@command("seed", example="zhanqun seed")
@click.option("--from", "folder", type=FOLDER, default=Path(), help="The folder with content/ and sites/.")
@click.option("--update", is_flag=True, help="Offer the folder's present state as the branch demo-update.")
def seed(console: Console, workspace: Workspace, folder: Path, update: bool) -> int:
    """Makes the content repository from a folder's content/ and sites/, once. It is never written again."""
    repository = workspace.settings.repository
    made = seed_repository(repository, FolderSource(folder), update=update)
    console.tell(_MESSAGES[made[0]], repository=repository.name, branch=UPDATE_BRANCH)
    console.dump({"made": made[0], "commit": made[1]})
    return 0


_MESSAGES = {
    "seeded": "{repository} was made from the demo content.",
    "kept": "{repository} is there already and was left as it is.",
    "offered": "The folder's state lies on the branch {branch}; merge what you like of it.",
    "same": "The folder's state is what was already seeded or offered.",
}


def seed_repository(repository: Path, folder: Source, *, update: bool = False) -> tuple[str, str]:
    """Seeds, and says what it did (`seeded`, `kept`, `offered` or `same`) with the commit."""
    with GitStore(repository) if _holds_files(repository) else GitStore.create(repository) as store:
        head = store.head()
        if head is None:
            return "seeded", store.commit(_commit(folder, {}, "Seed the content repository"))
        if not update:
            return "kept", head
        return _offer(store, folder, head)


def has_main(repository: Path) -> bool:
    """Whether there is something to publish: a seed that was stopped leaves a repository without `main`."""
    if not _holds_files(repository):
        return False
    with GitStore(repository) as store:
        return store.head() is not None


def _holds_files(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _offer(store: GitStore, folder: Source, head: str) -> tuple[str, str]:
    """The folder's state on the branch `demo-update`, on top of the last offer or of the seed.

    It never stands on `main`, so that a merge brings what the demo changed and leaves what the city added.
    """
    offered = store.head(UPDATE_BRANCH)
    base = offered or store.first_commit(head)
    known = {entry.path: entry.blob for entry in GitSource(store, base).entries()}
    commit = _commit(folder, known, "Offer the present demo content")
    if not commit.changes:
        return "same", base
    if offered is None:
        store.advance(UPDATE_BRANCH, new=base, old=None)
    return "offered", store.commit(commit, branch=UPDATE_BRANCH, base=base)


def _commit(folder: Source, known: dict[str, str], message: str) -> Commit:
    entries = [entry for entry in folder.entries() if entry.is_regular]
    changes: dict[str, bytes | None] = {
        entry.path: folder.read(entry) for entry in entries if known.get(entry.path) != entry.blob
    }
    changes |= dict.fromkeys(set(known) - {entry.path for entry in entries})
    name, email = identity()
    return Commit(changes, message, name, email, current_time())
