"""The trees that an action compares: fetched from a target when the inside lost them, weighed against each other.

What a comparison costs follows what differs between two trees, never what the cluster holds.

Called by the actions of `publish.release`, and by a build that tells what publishing it would take away.
"""

from __future__ import annotations

from collections import Counter

from cluster.errors import FormatError, TargetError
from cluster.listings import DEEPEST, EMPTY, Listings
from cluster.manifest import ASSETS, Changes, Manifest
from cluster.release import Release
from publish import brake
from publish.brake import Removal
from publish.delivery.parcel import Target
from publish.office import Built, Office
from publish.seen import Seen, newest


def baseline(office: Office, seen: Seen, *, must_be_known: bool) -> str | None:
    """The root of what visitors see, once its tree is here; None when they see nothing yet, or nobody has the tree.

    Raises: TargetError when nobody has it and it `must_be_known`.
    """
    found = newest(office.ledger, seen)
    if found is None:
        return None
    number, root = found
    if has_tree(office, root):
        return root
    nothing_is_live = len(seen) == len(office.targets) and not any(hello.number for hello in seen.values())
    if must_be_known and not nothing_is_live:
        raise _nothing_to_compare(number)
    return None


def has_tree(office: Office, root: str) -> bool:
    """Whether the inside has the tree: what was lost with `var/` is fetched from a target that keeps it."""
    return root in office.listings or any(_fetch(office.listings, target, root) for target in office.targets)


def _fetch(listings: Listings, target: Target, root: str) -> bool:
    try:
        _fetch_below(listings, target, root, depth=0)
    except (TargetError, FormatError):
        return False
    return True


def _fetch_below(listings: Listings, target: Target, id: str, *, depth: int) -> None:
    """Fetches a directory's listing after those below it: a listing that is there has its children there too."""
    if id in listings:
        return
    if depth > DEEPEST:
        raise FormatError(*_TOO_DEEP)
    directory = listings.checked(id, target.lend(id))
    for _, child in directory.children:
        _fetch_below(listings, target, child, depth=depth + 1)
    listings.put(directory)


def require_tree(office: Office, older: Release) -> None:
    """Makes sure that the inside has the release's tree. Raises: TargetError when no target keeps it either."""
    if not has_tree(office, older.root):
        raise _not_kept(older)


def changes_since(office: Office, before: str | None, root: str) -> Changes:
    """The paths that differ between two trees; None stands for nothing at all."""
    found: tuple[list[str], list[str], list[str]] = ([], [], [])
    for change in office.listings.differences(before or EMPTY, root):
        found[0 if change.old is None else 2 if change.new is None else 1].append(change.path)
    added, changed, removed = map(tuple, found)
    return Changes(added, changed, removed)


def held_removals(office: Office, before: str | None, built: Built) -> list[Removal]:
    """The removals that need a person's yes; without a known state before there are none."""
    if before is None:
        return []
    return [removal for removal in find_removals(office.listings, before, built) if removal.is_held]


def find_removals(listings: Listings, before: str, built: Built) -> list[Removal]:
    """What each site of the tree `before` would lose by this build. Raises: FormatError when a tree is not here."""
    came: Counter[str] = Counter()
    gone: list[str] = []
    for change in listings.differences(before, built.root):
        if brake.is_page(change.path):
            came[Manifest.site_of(change.path)] += (change.old is None) - (change.new is None)
            gone += [change.path] if change.new is None else []
    sites = dict(listings.read(before).children).keys() - {ASSETS}
    pages = {site: built.pages.get(site, 0) - came[site] for site in sites}
    return brake.judge(pages, gone, built.pages)


def weight(office: Office, root: str) -> tuple[int, int]:
    """Files and bytes of a tree: those of the latest release whose tree is known, and what differs from it."""
    latest = office.ledger.releases(most=office.keep)
    known = next((each.release for each in latest if each.release.root in office.listings), None)
    files, size = (known.files, known.bytes) if known else (0, 0)
    for change in office.listings.differences(known.root if known else EMPTY, root):
        files += (change.new is not None) - (change.old is not None)
        size += (change.new.size if change.new else 0) - (change.old.size if change.old else 0)
    return files, size


# What is told

_TOO_DEEP = ("The target lends folders without end. Check the target.", "目标提供的目录层级没有尽头。请检查目标。")


def _nothing_to_compare(number: int) -> TargetError:
    return TargetError(
        f"Release {number} is live but no target shows its files, so removals cannot be checked. "
        "Mend the target, or use `zhanqun publish --accept-removals`.",
        f"第 {number} 号已上线，但读不到它的文件清单，无法检查删除的页面。"
        "请修复发布目标，或用 `zhanqun publish --accept-removals`。",
    )


def _not_kept(older: Release) -> TargetError:
    return TargetError(
        f"No target keeps release {older.number} any more. Choose a newer one or publish the old commit.",
        f"各发布目标均未保留第 {older.number} 号。请选择较新的版本，或重新发布旧的提交。",
    )
