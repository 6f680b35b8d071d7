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

from datetime import datetime

from cluster.errors import HeldError, TargetError
from cluster.manifest import Changes
from cluster.release import Overlay, Release
from publish.brake import Removal
from publish.ledger import Hold, HoldKind, Ledger
from publish.office import Built, Office, Signer
from publish.outcome import Failure, Outcome
from publish.past import earlier
from publish.round import Round
from publish.seen import look_at
from publish.state import ClusterState, make_overlay
from publish.trees import baseline, changes_since, find_removals, held_removals, require_tree
from publish.wish import Wish, take_number

# What callers of the actions need, from one place.
__all__ = [
    "STEPS",
    "Built",
    "Failure",
    "Office",
    "Outcome",
    "Signer",
    "change_state",
    "find_removals",
    "publish",
    "rollback",
    "sign_again",
]

STEPS = ("held", "recorded", "delivered", "received", "live")


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
        seen = look_at(office, at)
        before = baseline(office, seen, must_be_known=not accept_removals)
        changes = changes_since(office, before, built.root)
        removals = held_removals(office, before, built)
        if removals and not accept_removals:
            return _hold(office, removals, changes, at)
        wish = Wish.to_publish(office, built, _overlay(office, built.root), is_purge=purge)
        release, is_new = take_number(office, wish, seen, changes, at=at, who=who)
        _clear_holds(office.ledger, at=at, who=who, resume=resume, accept_removals=accept_removals)
        return Round(office, release, seen, at, is_new=is_new, changes=changes).go()


def rollback(office: Office, number: int | None = None, *, at: datetime, who: str) -> Outcome:
    """Makes the content of an earlier release live under a new number, and holds automatic publishing.

    Without a number that is the release before the live one, and ever earlier ones when repeated. Raises:
    TargetError when there is none; BusyError.
    """
    with office.ledger.locked():
        seen = look_at(office, at)
        older = earlier(office.ledger, seen, number)
        require_tree(office, older)
        changes = changes_since(office, baseline(office, seen, must_be_known=False), older.root)
        _hold_after_rollback(office, older, at=at, who=who)
        wish = Wish.to_roll_back(older, overlay=_overlay(office, older.root))
        release, is_new = take_number(office, wish, seen, changes, at=at, who=who)
        return Round(office, release, seen, at, is_new=is_new, changes=changes).go()


def change_state(office: Office, state: ClusterState, *, at: datetime, who: str) -> Outcome:
    """Shows the cluster's state on all sites at once: nothing is built, and no hold stands in the way.

    Raises: TargetError when nothing is live yet; BusyError.
    """
    with office.ledger.locked():
        seen = look_at(office, at)
        live = office.ledger.live()
        if live is None:
            raise _nothing_is_live()
        require_tree(office, live.release)
        overlay = make_overlay(state, live.release.root, office.listings, office.blobs)
        office.ledger.set_state(state)
        no_changes = Changes((), (), ())
        wish = Wish.to_change_state(live.release, overlay)
        release, is_new = take_number(office, wish, seen, no_changes, at=at, who=who)
        return Round(office, release, seen, at, is_new=is_new, changes=no_changes).go()


def sign_again(office: Office, *, at: datetime) -> Outcome:
    """Delivers the live release under a fresh signature to every target whose last one has grown old.

    Raises: TargetError when nothing is live yet; BusyError.
    """
    with office.ledger.locked():
        live = office.ledger.live()
        if live is None:
            raise _nothing_is_live()
        seen = look_at(office, at)
        no_changes = Changes((), (), ())
        return Round(office, live.release, seen, at, is_new=False, changes=no_changes, only_signs=True).go()


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


# What is told


def _held(hold: Hold) -> HeldError:
    return HeldError(
        f"Publishing is held: {hold.en} Mend the content, then use `zhanqun publish --resume`.",
        f"发布已暂停：{hold.zh}请先改正内容，再用 `zhanqun publish --resume` 恢复发布。",
    )


def _nothing_is_live() -> TargetError:
    return TargetError(
        "Nothing is live yet. Publish first: `zhanqun publish`.",
        "目前尚无线上版本。请先发布：`zhanqun publish`。",
    )
