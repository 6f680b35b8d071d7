"""A line that breaks off: a bundle, and a conversation over a pipe, cut after so many bytes; the rest comes next time."""

from __future__ import annotations

import io
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from cluster import bundle
from cluster.errors import ClusterError, TargetError
from publish.receiver.receive import receive_bundle
from tests.faults.subjects import Stage, receiver_in


@dataclass(slots=True)
class CutLine:
    """What came of the cuts of one scene."""

    scene: str
    points: int = 0
    told: int = 0
    left: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def written(stage: Stage, target: Path) -> bytes:
    """The bundle file that brings the scene's move to this target."""
    offer = stage.offer(receiver_in(stage.inside, target))
    stream = io.BytesIO()
    bundle.write_begin(stream)
    for name, data in sorted(offer.metadata.items()):
        bundle.write_member(stream, "metadata", name, len(data), [data])
    bundle.write_member(stream, "record", "release.json", len(offer.record), [offer.record])
    if offer.delta:
        bundle.write_member(stream, "delta", "delta.br", len(offer.delta), [offer.delta])
    for sha in stage.wanted(target):
        data = stage.inside.blobs.read(sha)
        bundle.write_member(stream, "blob", sha, len(data), [data])
    bundle.write_end(stream)
    return stream.getvalue()


def cut_everywhere(stage: Stage, folder: Path, count: int) -> CutLine:
    """Cuts the scene's bundle after each of `count` spread lengths."""
    whole = written(stage, stage.copy(folder / "asked"))
    shutil.rmtree(folder / "asked")
    cut = CutLine(stage.scene.name)
    lengths = sorted({round(index * (len(whole) - 1) / max(count - 1, 1)) for index in range(count)})
    for length in lengths:
        target = stage.copy(folder / str(length))
        cut.points += 1
        _receive(stage, target, whole[:length], cut)
        shutil.rmtree(target)
    return cut


def _receive(stage: Stage, target: Path, data: bytes, cut: CutLine) -> None:
    where = f"cut after {len(data)} bytes"
    try:
        receive_bundle(cast(BinaryIO, io.BytesIO(data)), receiver_in(stage.inside, target))
        cut.faults.append(f"{where}: taken for whole")
    except TargetError:
        cut.told += 1
    except ClusterError as error:
        cut.faults.append(f"{where}: told as {type(error).__name__}: {error}")
    state = stage.state(target)
    cut.left[state.partition(":")[0]] += 1
    if state != "old":
        cut.faults.append(f"{where}: {state} is live")
    if reason := stage.recovers(target):
        cut.faults.append(f"{where}: {reason}")
