"""Forgetting at a target: which files under `assets/` fall out of use, and mark and sweep of everything else.

- Forgetting a release costs little; the sweep looks through the whole target and is done now and then.
- A file under `assets/` stays for 30 days after the last kept release that used it was forgotten.
- A listing that cannot be read stops the sweep before anything is removed.

Called by the receiver after the switch, under the target's lock.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cluster.manifest import ASSETS
from cluster.release import Release
from publish.receiver.place import Place, assets_of, served_top
from publish.receiver.shelf import Shelf
from publish.receiver.vault import Unused, Vault

ASSET_DAYS = 30


@dataclass(frozen=True, slots=True)
class Marked:
    """What kept releases need: listings and trees by id, blobs by hash, files under `assets/` by path."""

    listings: set[str]
    trees: set[str]
    blobs: set[str]
    assets: set[str]


def newly_unused(shelf: Shelf, dropped: Iterable[Release], kept: Sequence[Release], at: datetime) -> dict[str, Unused]:
    """The files under `assets/` that only the dropped releases used."""
    roots = [assets_of(shelf, release.root) for release in kept]
    found: dict[str, Unused] = {}
    for release in dropped:
        for change in shelf.differences(roots[0], assets_of(shelf, release.root)):
            below = change.path
            if change.new is not None and not any(shelf.find(root, below) for root in roots):
                found[f"{ASSETS}/{below}"] = Unused(change.new, at)
    return found


def sweep(place: Place, vault: Vault, *, at: datetime, days: int = ASSET_DAYS) -> int:
    """Removes what no kept release needs from web root and vault; returns how many blobs and listings went.

    Raises:
        FormatError: a listing is damaged in both; nothing was removed.
    """
    marked = mark(place, vault)
    unused = {path: each for path, each in vault.unused().items() if path not in marked.assets}
    left = {path: each for path, each in unused.items() if at - each.since <= timedelta(days=days)}
    for each in left.values():
        marked.blobs.update(filter(None, (each.entry.raw, each.entry.brotli)))
    # A record that is forgotten is so on the disk before anything that it needs goes.
    place.disk.sync_all((place.root, vault.root))
    vault.write_unused(left)
    remove_strange_assets(place, marked.assets | left.keys())
    place.sweep_trees(marked.trees)
    gone = place.listings.sweep(marked.listings) + place.sweep_blobs(marked.blobs)
    place.at("swept")
    gone += vault.sweep(marked.listings, marked.blobs)
    place.at("swept")
    return gone


def mark(place: Place, vault: Vault) -> Marked:
    """What the kept releases need. Raises: FormatError for a listing that is damaged in both places."""
    shelf = Shelf(place.aside / "shelf", (place.listings, vault.listings))
    marked = Marked(set(), set(), set(), set())
    children: dict[str, tuple[str, ...]] = {}  # of every listing seen: each is read once
    for release in place.kept():
        served = shelf.change(release.root, release.overlay)
        for root in (release.root, served):
            _read_below(shelf, root, children, marked.blobs)
        top = served_top(shelf, served)
        marked.trees.add(top.id)
        _reach((id for _, id in top.children), children, marked.trees)
        marked.assets.update(f"{ASSETS}/{path}" for path, _ in shelf.walk(assets_of(shelf, served)))
    marked.listings.update(children)
    return marked


def _read_below(shelf: Shelf, root: str, children: dict[str, tuple[str, ...]], blobs: set[str]) -> None:
    """Notes the children of every listing of a tree, and the blobs that its files need."""
    waiting = [root]
    while waiting:
        id = waiting.pop()
        if id not in children:
            directory = shelf.read(id)
            children[id] = tuple(child for _, child in directory.children)
            waiting += children[id]
            for _, entry in directory.files:
                blobs.update(filter(None, entry[:2]))


def _reach(roots: Iterable[str], children: Mapping[str, tuple[str, ...]], found: set[str]) -> None:
    """Adds everything below these; what is found already is not looked through again."""
    waiting = list(roots)
    while waiting:
        id = waiting.pop()
        if id not in found:
            found.add(id)
            waiting += children[id]


def remove_strange_assets(place: Place, in_use: set[str]) -> None:
    """Takes away every file under `assets/` that is none of these, nor the compressed sibling of one."""
    for path in list(_asset_files(place)):
        is_sibling = path.endswith(".br") and path.removesuffix(".br") in in_use
        if path not in in_use and not is_sibling:
            place.remove_asset(path)


def _asset_files(place: Place) -> Iterator[str]:
    for folder, _, names in os.walk(place.assets):
        for name in names:
            yield Path(folder, name).relative_to(place.root).as_posix()
