"""Keeping the last few releases of a target: drop records at each delivery, sweep now and then, purge at once.

Called by the receiver after the switch, under the target's lock.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace

from publish.receiver.holding import Holding
from publish.receiver.remembered import Remembered
from publish.receiver.sweep import newly_unused, sweep

SWEEP_AFTER = 10


def forget(holding: Holding, keep: int) -> None:
    """Drops all but the newest `keep` releases, and sweeps what only they used when enough were dropped."""
    numbers = holding.place.numbers()
    kept, dropped = numbers[-max(keep, 1) :], numbers[: -max(keep, 1)]
    if dropped:
        _note_unused(holding, dropped, kept)
    for store in (holding.place, holding.vault):
        store.keep(kept)
    remembered = Remembered.read(holding.places.state)
    forgotten = remembered.forgotten + len(dropped)
    if dropped:
        replace(remembered, forgotten=forgotten).write(holding.places.state)
    if forgotten >= SWEEP_AFTER:
        sweep_now(holding)


def sweep_now(holding: Holding) -> int:
    """Removes what no kept release needs; returns how many blobs and listings went."""
    gone = sweep(holding.place, holding.vault, at=holding.now())
    replace(Remembered.read(holding.places.state), forgotten=0).write(holding.places.state)
    return gone


def purge(holding: Holding, number: int) -> int:
    """Drops every release but this one, and at once all that only they used; returns how much went."""
    for store in (holding.place, holding.vault):
        store.keep([number])
        for left in store.incoming.iterdir():
            left.unlink()
    holding.vault.write_unused({})
    gone = sweep_now(holding)
    shutil.rmtree(holding.places.state / "quarantine", ignore_errors=True)
    holding.place.disk.sync_all(holding.places.folders)
    holding.at("purged")
    return gone


def _note_unused(holding: Holding, dropped: Sequence[int], kept: Sequence[int]) -> None:
    gone, stay = ([holding.place.release(number) for number in numbers] for numbers in (dropped, kept))
    if new := newly_unused(holding.shelf(), gone, stay, holding.now()):
        holding.vault.write_unused({**holding.vault.unused(), **new})
