"""Every kind of fault, played over the scenes: what `python -m tests.faults` runs once the layer is in place."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.faults import kills, line, power, refusals, wires
from tests.faults.guarding import GuardStage
from tests.faults.house import HouseStage
from tests.faults.layer import Point
from tests.faults.subjects import SCENES, Stage

# How many kills on each wire when no number is given: bytes are no points that could all be taken.
_ON_WIRES = 100
KINDS = ("kills", "guard", "house", "wires", "power", "refusals", "disks", "line")


@dataclass(frozen=True)
class Play:
    """One run of the harness: what was ordered, and a folder to work in."""

    order: argparse.Namespace
    work: Path

    def rows(self, kind: str) -> Iterator[object]:
        """The rows of one of `KINDS`."""
        kinds: dict[str, Callable[[], Iterator[object]]] = {
            "kills": self._kills,
            "guard": self._guard,
            "house": self._house,
            "wires": self._wires,
            "power": self._power,
            "refusals": self._refusals,
            "disks": self._disks,
            "line": self._line,
        }
        return kinds[kind]()

    @cached_property
    def _stages(self) -> list[Stage]:
        wanted = self.order.scenes.split(",") if self.order.scenes else [scene.name for scene in SCENES]
        return [Stage.set(scene, self.work / str(n)) for n, scene in enumerate(SCENES) if scene.name in wanted]

    @cached_property
    def _points(self) -> dict[str, list[Point]]:
        """Those of each scene that are taken."""
        found = {stage.scene.name: kills.points_of(stage, self.work / "count") for stage in self._stages}
        shares = share(self.order.points, {name: len(points) for name, points in found.items()})
        return {name: kills.spread(points, shares[name]) for name, points in found.items()}

    @property
    def _alone(self) -> int:
        """How many points a scene of another sort gets: as many as one of the others, 0 for all."""
        return int(self.order.points) // len(SCENES)

    def _kills(self) -> Iterator[object]:
        for stage in self._stages:
            yield kills.kill_at(stage, self._points[stage.scene.name], self.work / "kills")

    def _guard(self) -> Iterator[object]:
        yield self._killed(GuardStage.set(self.work / "guard"))

    def _house(self) -> Iterator[object]:
        yield self._killed(HouseStage.set(self.work / "house"))

    def _killed(self, stage: kills.Stage) -> kills.Tally:
        points = kills.points_of(stage, self.work / "count")
        return kills.kill_at(stage, kills.spread(points, self._alone or len(points)), self.work / "kills")

    def _wires(self) -> Iterator[object]:
        house = HouseStage.set(self.work / "wired").before
        return wires.kill_on_wires(house, self.work / "wires", self._alone or _ON_WIRES)

    def _power(self) -> Iterator[object]:
        order = self.order
        for stage in self._stages:
            recording = power.record(stage, self.work / "record")
            cuts = power.cut_power(
                stage, recording, self.work / "cut", seed=order.seed, samples=order.samples, restarts=order.restarts
            )
            cuts.needless = power.needless_syncs(stage, recording, seed=order.seed, samples=order.samples)
            yield cuts

    def _refusals(self) -> Iterator[object]:
        for stage in self._stages:
            for kind in refusals.FAILURES:
                yield refusals.refuse_at(stage, self._points[stage.scene.name], kind, self.work / "refused")

    def _disks(self) -> Iterator[object]:
        for stage in self._stages:
            try:
                yield refusals.full_disk(stage, self.work / "full")
                yield refusals.read_only_disk(stage, self.work / "read-only")
            except OSError as error:
                print(f"NOT TESTED ON A REAL DISK: {error}", file=sys.stderr)

    def _line(self) -> Iterator[object]:
        for stage in self._stages:
            yield line.cut_everywhere(stage, self.work / "line", len(self._points[stage.scene.name]))


def share(points: int, available: dict[str, int]) -> dict[str, int]:
    """How many of the points each scene gets: alike, and what a short one cannot use goes to the others."""
    shares = dict.fromkeys(available, 0)
    left = points or sum(available.values())
    while left > 0 and (open_ := [name for name in available if shares[name] < available[name]]):
        for name in open_[:left]:
            more = max(1, left // len(open_))
            taken = min(more, available[name] - shares[name], left)
            shares[name] += taken
            left -= taken
    return shares
