"""The actions on releases: publish and roll back.

- A number is recorded as pending, with its whole record, before any target hears of it. A run after a kill
  goes on with that record when the content is the same, else takes the next number: none names two states.
- One target that fails does not stop the others; the next run delivers to it, changed content or not.
- A rollback holds automatic publishing *before* it delivers: no worker brings the bad state back.
- The brake's hold is about one build: a later one that removes less ends it. A rollback's needs a person.

Called by the command line and the worker, with a built state in hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cluster.aside import write_aside
from cluster.blobs import BlobStore
from cluster.errors import ClusterError, FormatError, HeldError, TargetError
from cluster.manifest import Changes, Manifest
from cluster.release import Kind, Release
from publish import brake
from publish.brake import Removal
from publish.delivery import Receipt, Target
from publish.ledger import Hold, HoldKind, Ledger, Recorded, State
from publish.receiver.place import no_step

STEPS = ("held", "recorded", "delivered", "received", "live", "written")
# What the targets that answered said is live there, by URL.
Seen = Mapping[str, Release | None]


@dataclass(frozen=True, slots=True)
class Built:
    """What a build made: the manifest, and the commit and `now` that it follows from."""

    manifest: Manifest
    commit: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Office:
    """What every action works with; `released` is the file that remembers the last release's manifest."""

    ledger: Ledger
    blobs: BlobStore
    targets: tuple[Target, ...]
    released: Path
    keep: int = 10
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
) -> Outcome:
    """Makes a built state live at every target, unless it is held.

    A brake gives an outcome with `held`, a failing target one with `failures`. Raises: HeldError after a
    rollback unless `resume`; TargetError when nothing is left to compare removals with; BusyError.
    """
    with office.ledger.locked():
        if not resume:
            _refuse_after_rollback(office.ledger)
        seen = _look_at(office.targets)
        baseline = _baseline(office, seen, must_be_known=not accept_removals)
        changes = built.manifest.compare(baseline or Manifest.of({}))
        removals = brake.holds(baseline, built.manifest)
        if removals and not accept_removals:
            return _hold(office, removals, changes, at)
        release, is_new = _take_number(office, _Wish.to_publish(built), seen, changes, at=at, who=who)
        _clear_holds(office.ledger, at=at, who=who, resume=resume, accept_removals=accept_removals)
        round_ = _Round(office, release, built.manifest, seen, is_new=is_new, changes=changes)
        return round_.go(lambda target: target.deliver(release, built.manifest, office.blobs, office.keep))


def rollback(office: Office, number: int | None = None, *, at: datetime, who: str) -> Outcome:
    """Makes the content of an earlier release live under a new number, and holds automatic publishing.

    Without a number that is the release before the live one, and ever earlier ones when repeated. Raises:
    TargetError when there is none, or no target keeps it; BusyError.
    """
    with office.ledger.locked():
        seen = _look_at(office.targets)
        older = _earlier(office.ledger, seen, number)
        manifest = _kept_manifest(office, older)
        changes = manifest.compare(_baseline(office, seen, must_be_known=False) or Manifest.of({}))
        _hold_after_rollback(office, older, at=at, who=who)
        release, is_new = _take_number(office, _Wish.to_roll_back(older), seen, changes, at=at, who=who)

        def bring_back(target: Target) -> Receipt:
            try:
                return target.redeliver(release)
            except TargetError:
                return target.deliver(release, manifest, office.blobs, office.keep)

        return _Round(office, release, manifest, seen, is_new=is_new, changes=changes).go(bring_back)


# What there is


def _look_at(targets: Iterable[Target]) -> Seen:
    """What is live at each target; one that does not answer is left out and told when delivered to."""
    seen: dict[str, Release | None] = {}
    for target in targets:
        try:
            seen[target.url] = target.live()
        except ClusterError:
            continue
    return seen


def _newest(ledger: Ledger, seen: Seen) -> Release | None:
    """The release that visitors see: the newest that the ledger or a target knows as live."""
    recorded = ledger.live()
    known = [*filter(None, seen.values()), *([recorded.release] if recorded else [])]
    return max(known, key=lambda release: release.number, default=None)


def _baseline(office: Office, seen: Seen, *, must_be_known: bool) -> Manifest | None:
    """The manifest of what visitors see; None when they see nothing yet."""
    last = _newest(office.ledger, seen)
    if last is None:
        return None
    manifest = _remembered(office.released, last) or _kept(office.targets, last, [last.number])
    nothing_is_live = len(seen) == len(office.targets) and not any(seen.values())
    if manifest is None and must_be_known and not nothing_is_live:
        raise _nothing_to_compare(last)
    return manifest


def _remembered(file: Path, release: Release) -> Manifest | None:
    try:
        manifest = Manifest.parse(file.read_bytes())
    except (FileNotFoundError, FormatError):  # var/ is derived: what is lost there is fetched from a target
        return None
    return manifest if release.describes(manifest) else None


def _kept(targets: Iterable[Target], release: Release, numbers: Iterable[int]) -> Manifest | None:
    for target in targets:
        for number in numbers:
            try:
                manifest = target.manifest(number)
            except (TargetError, FormatError):
                continue
            if release.describes(manifest):
                return manifest
    return None


def _kept_manifest(office: Office, older: Release) -> Manifest:
    same_root = [each.release.number for each in office.ledger.releases() if each.release.root == older.root]
    manifest = _kept(office.targets, older, same_root)
    if manifest is None:
        raise _not_kept(older)
    return manifest


def _earlier(ledger: Ledger, seen: Seen, number: int | None) -> Release:
    """The published release to go back to."""
    known = {each.release.number: each for each in ledger.releases()}
    current = _newest(ledger, seen)
    if current is None:
        raise _nothing_to_go_back_to()
    if number is not None:
        return _named(known, number, current)
    before = _origin(known, current).number
    states = (each.release for each in known.values() if each.state is State.LIVE)
    fit = [each for each in states if each.kind is Kind.PUBLISH and each.number < before]
    fit = [each for each in fit if each.root != current.root]
    if not fit:
        raise _nothing_to_go_back_to()
    return max(fit, key=lambda release: release.number)


def _named(known: Mapping[int, Recorded], number: int, current: Release) -> Release:
    if number not in known or known[number].state is not State.LIVE:
        raise _never_live(number)
    older = _origin(known, known[number].release)
    if older.root == current.root and current.kind is Kind.PUBLISH:
        raise _already_live(number)
    return older


def _origin(known: Mapping[int, Recorded], release: Release) -> Release:
    """The published release whose content a rollback brought back; a published one is its own origin."""
    while release.of is not None and release.of in known:
        release = known[release.of].release
    return release


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
    """A state that is to become live: its root, and its record once it has a number."""

    root: str
    record: Callable[[int], Release]

    @classmethod
    def to_publish(cls, built: Built) -> _Wish:
        unnumbered = Release.publishing(1, built.manifest, commit=built.commit, now=built.now)
        return cls(unnumbered.root, unnumbered.numbered)

    @classmethod
    def to_roll_back(cls, older: Release) -> _Wish:
        return cls(older.root, older.rolled_back_as)


def _take_number(
    office: Office, wish: _Wish, seen: Seen, changes: Changes, *, at: datetime, who: str
) -> tuple[Release, bool]:
    """The record to deliver, and whether it is yet to go live: the latest if it has this root, else new."""
    latest = office.ledger.latest()
    if latest is not None and latest.release.root == wish.root and _is_unsurpassed(latest.release, seen):
        return latest.release, latest.state is State.PENDING
    highest_seen = max((each.number for each in seen.values() if each), default=0)
    release = wish.record(office.ledger.next_number(above=highest_seen))
    office.ledger.record(release, who=who, at=at, pages_changed=sum(map(brake.is_page, changes)))
    office.at_step("recorded")
    return release, True


def _is_unsurpassed(release: Release, seen: Seen) -> bool:
    """Whether no target is further on: it would be after the ledger came back from an old backup."""
    return all(each is None or each.number < release.number or each == release for each in seen.values())


@dataclass(frozen=True, slots=True)
class _Round:
    """One release on its way to all targets."""

    office: Office
    release: Release
    manifest: Manifest
    seen: Seen
    is_new: bool
    changes: Changes

    def go(self, deliver: Callable[[Target], Receipt]) -> Outcome:
        receipts: list[Receipt] = []
        failures: list[Failure] = []
        lagging = [target for target in self.office.targets if self._lags(target)]
        for target in lagging:
            try:
                receipts.append(self._receive(deliver(target)))
            except ClusterError as error:
                failures.append(Failure(target.url, error.chinese, error.english))
        if receipts or len(lagging) < len(self.office.targets):
            self._settle()
        return Outcome(self.release, self.is_new, self.changes, receipts=tuple(receipts), failures=tuple(failures))

    def _lags(self, target: Target) -> bool:
        receipt = self.office.ledger.receipts().get(target.url)
        is_told = receipt is not None and receipt.number == self.release.number
        return not (is_told and self.seen.get(target.url) == self.release)

    def _receive(self, receipt: Receipt) -> Receipt:
        self.office.at_step("delivered")
        self.office.ledger.receive(receipt)
        self.office.at_step("received")
        return receipt

    def _settle(self) -> None:
        """Says that the release is live and remembers its manifest: at least one target has it."""
        self.office.ledger.mark_live(self.release.number)
        self.office.at_step("live")
        write_aside(self.office.released, self.manifest.dump())
        self.office.at_step("written")


# What is told


def _held(hold: Hold) -> HeldError:
    return HeldError(
        f"Publishing is held: {hold.en} Mend the content, then use `zhanqun publish --resume`.",
        f"发布已暂停：{hold.zh}请先改正内容，再用 `zhanqun publish --resume` 恢复发布。",
    )


def _nothing_to_compare(last: Release) -> TargetError:
    return TargetError(
        f"Release {last.number} is live but no target shows its manifest, so removals cannot be checked. "
        "Mend the target, or use `zhanqun publish --accept-removals`.",
        f"第 {last.number} 号已上线，但读不到它的清单，无法检查删除的页面。"
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
