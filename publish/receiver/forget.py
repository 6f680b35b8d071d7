"""Keeping the last few releases of a target: drop records at each delivery, sweep now and then, purge at once.

Called by the receiver after the switch, under the target's lock.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from cluster.errors import FormatError
from cluster.release import Release
from publish.receiver.holding import Holding
from publish.receiver.remembered import Remembered
from publish.receiver.sweep import newly_unused, sweep

SWEEP_AFTER = 10
# Where the guard makes files in the web root (`publish.guard.mend`): a killed one leaves copies of blobs there.
GUARD_ASIDE = ".tmp-guard"


def forget(holding: Holding, keep: int) -> None:
    """Drops all but the newest `keep` releases; what only they used is swept at rest, once enough were dropped.

    The release is live by now: a listing that an older one lost must not make its delivery fail.
    """
    numbers = holding.place.numbers()
    kept, dropped = numbers[-max(keep, 1) :], numbers[: -max(keep, 1)]
    with suppress(FormatError):  # what a lost listing named goes without its thirty days
        _note_unused(holding, dropped, kept)
    for store in (holding.vault, holding.place):  # what the vault names the guard misses in the web root
        store.keep(kept)
    if dropped:
        remembered = Remembered.read(holding.places.state)
        replace(remembered, forgotten=remembered.forgotten + len(dropped)).write(holding.places.state)


def owes_sweep(holding: Holding) -> bool:
    """Whether enough releases were dropped since the last sweep."""
    return Remembered.read(holding.places.state).forgotten >= SWEEP_AFTER


def sweep_now(holding: Holding) -> int:
    """Removes what no kept release needs; returns how many blobs and listings went."""
    gone = sweep(holding.place, holding.vault, at=holding.now())
    replace(Remembered.read(holding.places.state), forgotten=0).write(holding.places.state)
    return gone


def purge(holding: Holding, number: int) -> int:
    """Drops every release below this number, and at once all that only they used; returns how much went.

    It is remembered when everything is gone: a purge that was killed is done by the next delivery.
    """
    for store in (holding.vault, holding.place):
        store.keep([each for each in store.numbers() if each >= number])
        for left in store.incoming.iterdir():
            left.unlink()
    holding.vault.write_unused({})
    gone = sweep_now(holding)
    for folder in (holding.places.state / "quarantine", holding.places.www / GUARD_ASIDE):
        shutil.rmtree(folder, ignore_errors=True)
    holding.place.disk.sync_all(holding.places.folders)
    holding.at("purged")
    replace(Remembered.read(holding.places.state), purged=number).write(holding.places.state)
    return gone


def owes_purge(holding: Holding, release: Release) -> bool:
    """Whether a release names a purge that was not done here, or is one."""
    return release.clean_from > Remembered.read(holding.places.state).purged


def _note_unused(holding: Holding, dropped: Sequence[int], kept: Sequence[int]) -> None:
    if not dropped:
        return
    gone, stay = ([holding.place.release(number) for number in numbers] for numbers in (dropped, kept))
    if new := newly_unused(holding.shelf(), gone, stay, holding.now()):
        holding.vault.write_unused({**holding.vault.unused(), **new})
