"""The actions on releases: publish, roll back, change the cluster's state, purge, sign again.

- A number is recorded as pending, with its whole record, before any target hears of it. A run after a kill
  goes on with that record when the content is the same, else takes the next number: none names two states.
- One target that fails does not stop the others; the next run delivers to it, changed content or not.
- A rollback holds automatic publishing *before* it delivers: no worker brings the bad state back.
- The brake's hold is about one build: a later one that removes less ends it. A rollback's needs a person.
- What an action costs follows what differs between two trees, never what the cluster holds.

Called by the command line and the worker, with a built state in hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cluster.blobs import BlobStore
from cluster.errors import ClusterError, FormatError, HeldError, TargetError
from cluster.listings import DEEPEST, EMPTY, Listings
from cluster.manifest import ASSETS, Changes, Manifest
from cluster.release import Kind, Overlay, Release
from publish import brake
from publish.brake import Removal
from publish.delivery.parcel import Parcel, Progress, Target, tell_nobody
from publish.ledger import Hold, HoldKind, Ledger, Recorded, State
from publish.receiver import Receipt
from publish.receiver.place import no_step
from publish.receiver.receive import Hello
from publish.state import ClusterState, make_overlay
from publish.validity import VALIDITY

STEPS = ("held", "recorded", "delivered", "received", "live")
# (record, when, how long the signatures hold, version of the root metadata that the target trusts) -> TUF files.
Signer = Callable[[bytes, datetime, timedelta, int], Mapping[str, bytes]]
# What the targets that answered said of themselves, by URL.
Seen = Mapping[str, Hello]


@dataclass(frozen=True, slots=True)
class Built:
    """What a build made: the root of its tree, the pages of each site, commit and `now` that it follows from."""

    root: str
    pages: Mapping[str, int]
    commit: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Office:
    """What every action works with; `listings` holds the built tree and, while they are known, released ones."""

    ledger: Ledger
    listings: Listings
    blobs: BlobStore
    targets: tuple[Target, ...]
    sign: Signer
    keep: int = 10
    tell: Callable[[Progress], None] = tell_nobody
    at_step: Callable[[str], None] = no_step


@dataclass(frozen=True, slots=True)
class Failure:
    """A target that was not delivered to, and why."""

    target: str
    zh: str
    en: str

    def text(self, language: str) -> str:
        """The reason in `zh` or `en`."""
        return self.zh if language.startswith("zh") else self.en

    def as_dict(self) -> dict[str, str]:
        """The form of `--json`."""
        return {"target": self.target, "zh": self.zh, "en": self.en}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action did: `release` is None when held, `is_new` False when nothing had changed."""

    release: Release | None
    is_new: bool
    changes: Changes
    receipts: tuple[Receipt, ...] = ()
    failures: tuple[Failure, ...] = ()
    held: tuple[Removal, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The form of `--json`; changes are counts of files."""
        return {
            "release": self.release.as_dict() if self.release else None,
            "is_new": self.is_new,
            "changes": {name: len(getattr(self.changes, name)) for name in ("added", "changed", "removed")},
            "receipts": [receipt.as_dict() for receipt in self.receipts],
            "failures": [failure.as_dict() for failure in self.failures],
            "held": [removal.as_dict() for removal in self.held],
        }


def publish(
    office: Office,
    built: Built,
    *,
    at: datetime,
    who: str,
    resume: bool = False,
    accept_removals: bool = False,
    purge: bool = False,
) -> Outcome:
    """Makes a built state live at every target, unless it is held; a `purge` takes every older release away with it.

    A brake gives an outcome with `held`, a failing target one with `failures`. Raises: HeldError after a
    rollback unless `resume`; TargetError when nothing is left to compare removals with; BusyError.
    """
    with office.ledger.locked():
        if not resume:
            _refuse_after_rollback(office.ledger)
        seen = _look_at(office.targets)
        before = _baseline(office, seen, must_be_known=not accept_removals)
        changes = _changes(office, before, built.root)
        removals = _removals(office, before, built)
        if removals and not accept_removals:
            return _hold(office, removals, changes, at)
        kind = Kind.PURGE if purge or _owes_purge(office, seen) else Kind.PUBLISH
        wish = _Wish.to_publish(office, built, _overlay(office, built.root), kind, must_be_new=purge)
        release, is_new = _take_number(office, wish, seen, changes, at=at, who=who)
        _clear_holds(office.ledger, at=at, who=who, resume=resume, accept_removals=accept_removals)
        return _Round(office, release, seen, at, is_new=is_new, changes=changes).go()


def rollback(office: Office, number: int | None = None, *, at: datetime, who: str) -> Outcome:
    """Makes the content of an earlier release live under a new number, and holds automatic publishing.

    Without a number that is the release before the live one, and ever earlier ones when repeated. Raises:
    TargetError when there is none; BusyError.
    """
    with office.ledger.locked():
        seen = _look_at(office.targets)
        older = _earlier(office.ledger, seen, number)
        _require_tree(office, older)
        changes = _changes(office, _baseline(office, seen, must_be_known=False), older.root)
        _hold_after_rollback(office, older, at=at, who=who)
        wish = _Wish.to_roll_back(older, overlay=_overlay(office, older.root))
        release, is_new = _take_number(office, wish, seen, changes, at=at, who=who)
        return _Round(office, release, seen, at, is_new=is_new, changes=changes).go()


def change_state(office: Office, state: ClusterState, *, at: datetime, who: str) -> Outcome:
    """Shows the cluster's state on all sites at once: nothing is built, and no hold stands in the way.

    Raises: TargetError when nothing is live yet; BusyError.
    """
    with office.ledger.locked():
        seen = _look_at(office.targets)
        live = office.ledger.live()
        if live is None:
            raise _nothing_is_live()
        _require_tree(office, live.release)
        overlay = make_overlay(state, live.release.root, office.listings, office.blobs)
        office.ledger.set_state(state)
        no_changes = Changes((), (), ())
        wish = _Wish.to_change_state(live.release, overlay)
        release, is_new = _take_number(office, wish, seen, no_changes, at=at, who=who)
        return _Round(office, release, seen, at, is_new=is_new, changes=no_changes).go()


def sign_again(office: Office, *, at: datetime) -> Outcome:
    """Delivers the live release under a fresh signature to every target whose last one has grown old.

    Raises: TargetError when nothing is live yet; BusyError.
    """
    with office.ledger.locked():
        live = office.ledger.live()
        if live is None:
            raise _nothing_is_live()
        seen = _look_at(office.targets)
        no_changes = Changes((), (), ())
        return _Round(office, live.release, seen, at, is_new=False, changes=no_changes, only_signs=True).go()


# What there is


def _look_at(targets: Iterable[Target]) -> Seen:
    """What each target says of itself; one that does not answer is left out and told when delivered to."""
    seen: dict[str, Hello] = {}
    for target in targets:
        try:
            seen[target.url] = target.hello()
        except ClusterError:
            continue
    return seen


def _newest(ledger: Ledger, seen: Seen) -> tuple[int, str] | None:
    """Number and root of what visitors see: the newest that the ledger or a target knows as live."""
    recorded = ledger.live()
    known = [(hello.number, hello.root) for hello in seen.values() if hello.number]
    known += [(recorded.release.number, recorded.release.root)] if recorded else []
    return max(known, default=None)


def _baseline(office: Office, seen: Seen, *, must_be_known: bool) -> str | None:
    """The root of what visitors see, once its tree is here; None when they see nothing yet, or nobody has the tree."""
    newest = _newest(office.ledger, seen)
    if newest is None:
        return None
    number, root = newest
    if _has_tree(office, root):
        return root
    nothing_is_live = len(seen) == len(office.targets) and not any(hello.number for hello in seen.values())
    if must_be_known and not nothing_is_live:
        raise _nothing_to_compare(number)
    return None


def _has_tree(office: Office, root: str) -> bool:
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


def _require_tree(office: Office, older: Release) -> None:
    if not _has_tree(office, older.root):
        raise _not_kept(older)


def _changes(office: Office, before: str | None, root: str) -> Changes:
    found: tuple[list[str], list[str], list[str]] = ([], [], [])
    for change in office.listings.differences(before or EMPTY, root):
        found[0 if change.old is None else 2 if change.new is None else 1].append(change.path)
    added, changed, removed = map(tuple, found)
    return Changes(added, changed, removed)


def _removals(office: Office, before: str | None, built: Built) -> list[Removal]:
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


def _earlier(ledger: Ledger, seen: Seen, number: int | None) -> Release:
    """The published release to go back to."""
    known = {each.release.number: each for each in ledger.releases()}
    newest = _newest(ledger, seen)
    current = known.get(newest[0]) if newest else None
    if newest is None or current is None:
        raise _nothing_to_go_back_to()
    if number is not None:
        return _named(known, number, current.release)
    before = _origin(known, current.release).number
    states = (each.release for each in known.values() if each.state is State.LIVE)
    fit = [each for each in states if each.kind in (Kind.PUBLISH, Kind.PURGE) and each.number < before]
    fit = [each for each in fit if each.number >= _purged(known)]
    fit = [each for each in fit if each.root != current.release.root]
    if not fit:
        raise _nothing_to_go_back_to()
    return max(fit, key=lambda release: release.number)


def _named(known: Mapping[int, Recorded], number: int, current: Release) -> Release:
    if number not in known or known[number].state is not State.LIVE:
        raise _never_live(number)
    older = _origin(known, known[number].release)
    if older.number < _purged(known):
        raise _was_purged(number)
    if older.root == current.root and current.kind is not Kind.ROLLBACK:
        raise _already_live(number)
    return older


def _purged(known: Mapping[int, Recorded]) -> int:
    """The number of the newest purge: nothing older may come back, though a target that was down still keeps it."""
    purges = (number for number, each in known.items() if each.release.kind is Kind.PURGE)
    return max(purges, default=0)


def _origin(known: Mapping[int, Recorded], release: Release) -> Release:
    """The published release whose content a rollback brought back; a published one is its own origin."""
    while release.of is not None and release.of in known:
        release = known[release.of].release
    return release


def _owes_purge(office: Office, seen: Seen) -> bool:
    """Whether a target has not taken the last purge, whatever it took since: the next release is then one again."""
    purge = office.ledger.last_purge()
    if not purge:
        return False
    known, done = office.ledger.receipts(), office.ledger.confirmed(purge)
    behind = {url for url, hello in seen.items() if 0 < hello.number < purge}  # a bundle that is still under way
    return any(target.url in known and (target.url not in done or target.url in behind) for target in office.targets)


def _overlay(office: Office, root: str) -> Overlay:
    """The state that the cluster is in, over this content."""
    return make_overlay(office.ledger.state(), root, office.listings, office.blobs)


# Holds


def _refuse_after_rollback(ledger: Ledger) -> None:
    for hold in ledger.holds(HoldKind.ROLLBACK):
        raise _held(hold)


def _hold(office: Office, removals: list[Removal], changes: Changes, at: datetime) -> Outcome:
    zh, en = ("".join(each.text("zh") for each in removals), " ".join(each.text("en") for each in removals))
    office.ledger.hold(HoldKind.BRAKE, zh=zh, en=en, at=at)
    office.at_step("held")
    return Outcome(release=None, is_new=False, changes=changes, held=tuple(removals))


def _hold_after_rollback(office: Office, older: Release, *, at: datetime, who: str) -> None:
    zh = f"{who} 已退回到第 {older.number} 号发布版本。"
    en = f"{who} rolled back to release {older.number}."
    office.ledger.hold(HoldKind.ROLLBACK, zh=zh, en=en, at=at)
    office.at_step("held")


def _clear_holds(ledger: Ledger, *, at: datetime, who: str, resume: bool, accept_removals: bool) -> None:
    if resume:
        ledger.clear(HoldKind.ROLLBACK, at=at, by=who)
    ledger.clear(HoldKind.BRAKE, at=at, by=who if accept_removals else "brake")


# A number, and the way to the targets


@dataclass(frozen=True, slots=True)
class _Wish:
    """A state that is to become live: root and overlay, and its record once it has a number."""

    root: str
    overlay: Overlay
    record: Callable[[int], Release]
    is_purge: bool = False
    must_be_new: bool = False

    @classmethod
    def to_publish(cls, office: Office, built: Built, overlay: Overlay, kind: Kind, *, must_be_new: bool) -> _Wish:
        files, size = _weight(office, built.root)
        unnumbered = Release(1, built.commit, built.now, built.root, files, size, kind, overlay=overlay)
        return cls(built.root, overlay, unnumbered.numbered, kind is Kind.PURGE, must_be_new)

    @classmethod
    def to_roll_back(cls, older: Release, overlay: Overlay) -> _Wish:
        return cls(older.root, overlay, lambda number: replace(older.rolled_back_as(number), overlay=overlay))

    @classmethod
    def to_change_state(cls, live: Release, overlay: Overlay) -> _Wish:
        return cls(live.root, overlay, lambda number: live.in_state(number, overlay))

    def is_of(self, release: Release) -> bool:
        """Whether a record has this state."""
        if self.must_be_new or (self.is_purge and release.kind is not Kind.PURGE):
            return False
        return (release.root, release.overlay) == (self.root, self.overlay)


def _weight(office: Office, root: str) -> tuple[int, int]:
    """Files and bytes of a tree: those of the latest release whose tree is known, and what differs from it."""
    newest = office.ledger.releases(most=office.keep)
    known = next((each.release for each in newest if each.release.root in office.listings), None)
    files, size = (known.files, known.bytes) if known else (0, 0)
    for change in office.listings.differences(known.root if known else EMPTY, root):
        files += (change.new is not None) - (change.old is not None)
        size += (change.new.size if change.new else 0) - (change.old.size if change.old else 0)
    return files, size


def _take_number(
    office: Office, wish: _Wish, seen: Seen, changes: Changes, *, at: datetime, who: str
) -> tuple[Release, bool]:
    """The record to deliver, and whether it is yet to go live: the latest if it has this state, else new."""
    latest = office.ledger.latest()
    if latest is not None and wish.is_of(latest.release) and _is_unsurpassed(latest.release, seen):
        return latest.release, latest.state is State.PENDING
    highest_seen = max((each.number for each in seen.values()), default=0)
    release = wish.record(office.ledger.next_number(above=highest_seen))
    office.ledger.record(release, who=who, at=at, pages_changed=sum(map(brake.is_page, changes)))
    office.at_step("recorded")
    return release, True


def _is_unsurpassed(release: Release, seen: Seen) -> bool:
    """Whether no target is further on: it would be after the ledger came back from an old backup."""
    return all(each.number < release.number or _is_at(each, release) for each in seen.values())


def _is_at(hello: Hello, release: Release) -> bool:
    return (hello.number, hello.root) == (release.number, release.root)


@dataclass(frozen=True, slots=True)
class _Round:
    """One release on its way to all targets that lack it."""

    office: Office
    release: Release
    seen: Seen
    at: datetime
    is_new: bool
    changes: Changes
    only_signs: bool = False

    def go(self) -> Outcome:
        receipts: list[Receipt] = []
        failures: list[Failure] = []
        lagging = [target for target in self.office.targets if self._lags(target)]
        for target in lagging:
            try:
                receipts.append(self._receive(target.deliver(self._parcel())))
            except ClusterError as error:
                failures.append(Failure(target.url, error.chinese, error.english))
        if receipts or len(lagging) < len(self.office.targets):
            self.office.ledger.mark_live(self.release.number)
            self.office.at_step("live")
        return Outcome(self.release, self.is_new, self.changes, receipts=tuple(receipts), failures=tuple(failures))

    def _parcel(self) -> Parcel:
        office = self.office
        return Parcel(
            self.release,
            self.release.dump(),
            office.keep,
            office.listings,
            office.blobs,
            lambda expiry, root_version: office.sign(self.release.dump(), self.at, expiry, root_version),
            office.tell,
        )

    def _lags(self, target: Target) -> bool:
        """Whether a target has not got the release, or not lately: its signature must not grow too old there."""
        receipt, hello = self.office.ledger.receipts().get(target.url), self.seen.get(target.url)
        if receipt is None or receipt.number != self.release.number:
            return True
        is_carried = target.url.startswith("file:")  # what it says comes late, and its medium is seldom there
        if not (self.only_signs and is_carried) and (hello is None or not _is_at(hello, self.release)):
            return True
        return self.at - receipt.at >= VALIDITY.sign_again_after(target.url)

    def _receive(self, receipt: Receipt) -> Receipt:
        self.office.at_step("delivered")
        self.office.ledger.receive(receipt)
        self.office.at_step("received")
        return receipt


# What is told

_TOO_DEEP = ("The target lends folders without end. Check the target.", "目标提供的目录层级没有尽头。请检查目标。")


def _held(hold: Hold) -> HeldError:
    return HeldError(
        f"Publishing is held: {hold.en} Mend the content, then use `zhanqun publish --resume`.",
        f"发布已暂停：{hold.zh}请先改正内容，再用 `zhanqun publish --resume` 恢复发布。",
    )


def _nothing_to_compare(number: int) -> TargetError:
    return TargetError(
        f"Release {number} is live but no target shows its files, so removals cannot be checked. "
        "Mend the target, or use `zhanqun publish --accept-removals`.",
        f"第 {number} 号已上线，但读不到它的文件清单，无法检查删除的页面。"
        "请修复发布目标，或用 `zhanqun publish --accept-removals`。",
    )


def _nothing_to_go_back_to() -> TargetError:
    return TargetError(
        "There is no earlier release to go back to. See `zhanqun releases`.",
        "没有可以退回的更早版本。请用 `zhanqun releases` 查看。",
    )


def _never_live(number: int) -> TargetError:
    return TargetError(
        f"Release {number} was never live. Choose one from `zhanqun releases`.",
        f"第 {number} 号从未上线。请从 `zhanqun releases` 中选择。",
    )


def _was_purged(number: int) -> TargetError:
    return TargetError(
        f"Release {number} was purged and cannot come back. Choose a newer one from `zhanqun releases`.",
        f"第 {number} 号已被清除，不能恢复。请从 `zhanqun releases` 中选择较新的版本。",
    )


def _already_live(number: int) -> TargetError:
    return TargetError(
        f"Release {number} has the content that is live. Choose another from `zhanqun releases`.",
        f"第 {number} 号的内容就是线上内容。请从 `zhanqun releases` 中另选。",
    )


def _not_kept(older: Release) -> TargetError:
    return TargetError(
        f"No target keeps release {older.number} any more. Choose a newer one or publish the old commit.",
        f"各发布目标均未保留第 {older.number} 号。请选择较新的版本，或重新发布旧的提交。",
    )


def _nothing_is_live() -> TargetError:
    return TargetError(
        "Nothing is live yet. Publish first: `zhanqun publish`.",
        "目前尚无线上版本。请先发布：`zhanqun publish`。",
    )
