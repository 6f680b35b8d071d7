"""Power cuts: one delivery is recorded, and the disk asked at every moment what it might have kept.

- Whatever survives of what was not promised, the old or the new release is live; after the receipt, the new one.
- Every sync is needed: without any one of them some cut leaves something broken. A sync that is not would say that
  the check, or the program, is wrong.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cluster.release import Kind
from tests.faults import layer
from tests.faults.layer import Listener
from tests.faults.model import Act, Disk, Left, Step, Sync, SyncAll, is_sync, perform, power_cuts, write_disk
from tests.faults.subjects import BELIEVED, TRUSTED, Stage, judge, state_flaw, trusted_snapshot, unwhole


@dataclass(frozen=True, slots=True)
class Recording:
    """What one delivery did to the disk."""

    start: Disk
    acts: tuple[Act, ...]


@dataclass(slots=True)
class Cuts:
    """What came of the power cuts of one scene."""

    scene: str
    acts: int
    syncs: int = 0
    cuts: int = 0
    left: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    restarted: int = 0
    needless: list[str] = field(default_factory=list)


def record(stage: Stage, folder: Path) -> Recording:
    """Plays the move once, undisturbed."""
    listener = Listener(stage.copy(folder), is_recording=True)
    layer.listen(listener)
    try:
        stage.play(folder, listener.step)
    finally:
        layer.listen(None)
    shutil.rmtree(folder)
    return Recording(listener.start, tuple(listener.acts))


@dataclass(frozen=True, slots=True)
class Promises:
    """What holds from which act on, for one sequence of acts."""

    stage: Stage
    acts: int
    # The receiver asked for blobs: from then on the metadata of this delivery is never forgotten.
    believed: int
    snapshot: int
    # From then on the first root is never forgotten.
    trusted: int

    @classmethod
    def of(cls, stage: Stage, start: Disk, acts: Sequence[Act]) -> Promises:
        """The promises of a run that did these acts."""
        end = start.copy()
        for act in acts:
            perform(end, act)
        trusted = acts.index(Step(TRUSTED)) + 1 if Step(TRUSTED) in acts else 0
        return cls(stage, len(acts), acts.index(Step(BELIEVED)) + 1, trusted_snapshot(end), trusted)

    def broken_by(self, left: Left, state: str = "") -> str:
        """Which promise the disk breaks that a cut left, with `state` live; empty for none."""
        state = state or judge(left.disk, self.stage.candidates)
        if state not in self.stage.candidates:
            return state
        snapshot = self.snapshot if left.done >= self.believed else 0
        root = 1 if left.done >= self.trusted else 0
        if reason := state_flaw(left.disk, root=root, snapshot=snapshot) or unwhole(left.disk):
            return reason
        if left.done < self.acts:
            return ""
        if state != "new":
            return f"the receipt was given, and {state} is live"
        is_purge = self.stage.scene.move.kind is Kind.PURGE
        secret = self.stage.left_of_secrets(left.disk) if is_purge else ""
        return f"the receipt was given, and purged bytes are left in {secret}" if secret else ""


def cut_power(stage: Stage, recording: Recording, folder: Path, *, seed: int, samples: int, restarts: int) -> Cuts:
    """Looks at everything that a cut may leave; at `restarts` of them the next delivery must work, on a real disk."""
    chosen = random.Random(seed)
    promises = Promises.of(stage, recording.start, recording.acts)
    cuts = Cuts(stage.scene.name, len(recording.acts), sum(map(is_sync, recording.acts)))
    kept: list[Left] = []
    for left in power_cuts(recording.start, recording.acts, chosen=chosen, samples=samples):
        cuts.cuts += 1
        state = judge(left.disk, stage.candidates)
        cuts.left[state.partition(":")[0]] += 1
        if reason := promises.broken_by(left, state):
            cuts.faults.append(f"after act {left.done}, kept {left.how}: {reason}")
        place = chosen.randrange(cuts.cuts)  # each cut is as likely as any other to be tried for real
        if len(kept) < restarts:
            kept.append(left)
        elif place < restarts:
            kept[place] = left
    for left in kept:
        _restart(stage, left, folder, cuts)
    return cuts


def _restart(stage: Stage, left: Left, folder: Path, cuts: Cuts) -> None:
    write_disk(left.disk, folder)
    if reason := stage.recovers(folder):
        cuts.faults.append(f"after act {left.done}, kept {left.how}: {reason}")
    shutil.rmtree(folder)
    cuts.restarted += 1


def needless_syncs(stage: Stage, recording: Recording, *, seed: int, samples: int) -> list[str]:
    """The syncs that could be left out without any cut doing harm; there must be none."""
    found = []
    for index, act in enumerate(recording.acts):
        if isinstance(act, Sync | SyncAll):
            fewer = (*recording.acts[:index], *recording.acts[index + 1 :])
            promises = Promises.of(stage, recording.start, fewer)
            cuts = power_cuts(recording.start, fewer, chosen=random.Random(seed), samples=samples)
            if not any(promises.broken_by(left) for left in cuts):
                found.append(f"{stage.scene.name}: nobody needs act {index + 1}, {type(act).__name__} of {act.path}")
    return found
