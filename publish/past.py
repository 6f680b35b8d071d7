"""Which release a rollback brings back: a published one that was live, from after the newest purge.

Called by `publish.release.rollback`.
"""

from __future__ import annotations

from collections.abc import Mapping

from cluster.errors import TargetError
from cluster.release import Kind, Release
from publish.ledger import Ledger, Recorded, State
from publish.seen import Seen, newest


def earlier(ledger: Ledger, seen: Seen, number: int | None) -> Release:
    """The published release to go back to."""
    known = {each.release.number: each for each in ledger.releases()}
    live = newest(ledger, seen)
    current = known.get(live[0]) if live else None
    if current is None:
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


# What is told


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
