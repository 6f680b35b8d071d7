"""What the vault's records say at this moment: to the letter, and while the receiver is changing names.

- A reading counts only when the vault said the same before it and after it; for the receiver tells the vault first. A
  record stands there before the switch, goes from there before it goes from the web root, and `unused.json` is written
  before a file goes from `assets/`.
- It is read anew only when the vault says something else.

Called by the guard and its patrol.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from publish.guard.signed import Signed, read_signed
from publish.guard.vaulted import Vaulted

# How often it is read again when the receiver always goes on meanwhile.
_TRIES = 6


@dataclass(frozen=True, slots=True)
class Moment:
    """What the vault says at one moment: releases that were taken, those not yet, and which assets nobody uses."""

    numbers: tuple[int, ...]
    newer: tuple[int, ...]
    unused: tuple[int, ...] | None


@dataclass(slots=True)
class Records:
    """The records of one vault; `fresh` are trees that came into use and that nobody has looked at for it."""

    vaulted: Vaulted
    fresh: set[str] = field(default_factory=set)
    _children: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    _signed: Signed | None = None
    _signed_as: Moment | None = None
    _flying: Signed | None = None
    _flying_as: object = None

    def moment(self) -> Moment:
        """What the vault says now."""
        return Moment(*self.vaulted.numbers(), _stamp(self.vaulted.places.vault / "unused.json"))

    def strict(self) -> Signed | None:
        """What they want to the letter; None without any."""
        for _ in range(_TRIES):
            moment = self.moment()
            if not moment.numbers:
                return None
            signed = self._signed_at(moment)
            signed.older = self.vaulted.older_in_www(moment.numbers[0])
            if self.moment() == moment:  # nothing was forgotten while it was read
                break
        return signed

    def in_flight(self, moment: Moment, settled: Collection[int]) -> Signed | None:
        """What was settled before the receiver began, without what it has dropped since; None for nothing."""
        numbers = moment.numbers + moment.newer
        # The receiver had the turn when the guard began: the newest may be on its way.
        kept = [number for number in numbers if number in settled] or list(numbers[:-1])
        if not kept:
            return None
        if self._flying is None or self._flying_as != (moment, kept):
            newer = [number for number in numbers if number > kept[-1]]
            self._flying = read_signed(self.vaulted, kept, newer=newer, in_flight=True, children=self._children)
            self._flying_as = (moment, kept)
        return self._flying

    def forget(self) -> None:
        """Lets everything be read anew."""
        self._signed_as = None
        self.land()

    def land(self) -> None:
        """Drops what is needed only while the receiver works."""
        self._flying = None

    def _signed_at(self, moment: Moment) -> Signed:
        if self._signed is not None and moment == self._signed_as:
            return self._signed
        known = self._signed.trees if self._signed else {}
        self._signed, self._signed_as = self._read(moment), moment
        forget_lacking(self._signed)
        if known:  # a tree that waited for the sweep may be served again without having been touched
            self.fresh |= {f"trees/{id}" for id in self._signed.trees.keys() - known.keys()}
        return self._signed

    def _read(self, moment: Moment) -> Signed:
        numbers, newer = moment.numbers, moment.newer
        signed = read_signed(self.vaulted, numbers, newer=newer, in_flight=bool(newer), children=self._children)
        needed = signed.trees.keys() | signed.listing_ids
        for id in self._children.keys() - needed:
            del self._children[id]
        return signed


def read_for_patrol(vaulted: Vaulted) -> Signed | None:
    """What they want, every listing read from the disk; None without any."""
    numbers, newer = vaulted.numbers()
    if not numbers:
        return None
    signed = read_signed(vaulted, numbers, newer=newer, in_flight=bool(newer))
    forget_lacking(signed)
    return signed


def forget_lacking(signed: Signed) -> None:
    """Drops what the vault has again, and what nothing needs any more."""
    vaulted = signed.vaulted
    if vaulted.lacking:
        blobs = frozenset(vaulted.lacking)
        _, needed = signed.uses(blobs)
        lost = {fault.removeprefix("listings/") for fault in signed.faults}  # whole nowhere: known by no tree
        listings = signed.listing_ids | signed.trees.keys() | lost
        for sha in blobs:
            if sha in needed:
                vaulted.is_whole(sha)
            elif sha not in listings or vaulted.is_whole_listing(sha):
                vaulted.lacking.discard(sha)


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_ino, facts.st_size
