"""Kills: a delivery is ended by SIGKILL at one point after the other, and must leave the old or the new release.

A point is a call that changes the disk (just before it, or half-way through a write) or a named step. Each death
happens in a forked child and counts only when the child told where it dies and the parent saw the signal.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.faults import layer
from tests.faults.layer import Listener, Point
from tests.faults.subjects import Scene, no_step


class Stage(Protocol):
    """A scene on a real disk: what is killed, what may be left then, and whether that mends itself."""

    @property
    def scene(self) -> Scene:
        """Its name, at least."""

    @property
    def candidates(self) -> Collection[str]:
        """The states that may be left."""

    def copy(self, folder: Path) -> Path:
        """The folder before the move, as one of its own."""

    def play(self, folder: Path, at: Callable[[str], None] = no_step) -> None:
        """The move."""

    def state(self, folder: Path) -> str:
        """One of the candidates, or what is broken."""

    def recovers(self, folder: Path) -> str:
        """Empty when the next run works, else what went wrong."""


@dataclass(slots=True)
class Tally:
    """What came of the kills of one scene."""

    scene: str
    points: int
    confirmed: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def points_of(stage: Stage, folder: Path) -> list[Point]:
    """Every point of an undisturbed run."""
    listener = Listener(stage.copy(folder))
    layer.listen(listener)
    try:
        stage.play(folder, listener.step)
    finally:
        layer.listen(None)
    shutil.rmtree(folder)
    return listener.points


def kill_at(stage: Stage, points: Sequence[Point], folder: Path) -> Tally:
    """Kills one run at each of the points and looks at what is left."""
    tally = Tally(stage.scene.name, len(points))
    for point in points:
        target = stage.copy(folder / str(point.number))
        died_at = _die(stage, target, point.number)
        if died_at is None:
            tally.faults.append(f"{point}: the run did not come by here")
        else:
            tally.confirmed += 1
            tally.calls[died_at.split(" ")[1]] += 1
            _look(stage, target, died_at, tally)
        shutil.rmtree(target)
    return tally


def _look(stage: Stage, target: Path, died_at: str, tally: Tally) -> None:
    state = stage.state(target)
    tally.left[state.partition(":")[0]] += 1
    if state not in stage.candidates:
        tally.faults.append(f"killed at {died_at}: {state}")
    if reason := stage.recovers(target):
        tally.faults.append(f"killed at {died_at}: {reason}")


def _die(stage: Stage, target: Path, number: int) -> str | None:
    """Runs in a child that dies at point `number`; the point it told, or None when it was not killed there."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _run_and_die(stage, target, number, writing)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    is_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return told if told and is_killed else None


def _run_and_die(stage: Stage, target: Path, number: int, pipe: int) -> None:
    code = 1
    try:
        listener = Listener(target, fatal=number, tell=lambda point: layer.tell(pipe, str(point)))
        layer.listen(listener)
        stage.play(target, listener.step)
        code = 0
    finally:
        os._exit(code)


def spread(points: Sequence[Point], count: int) -> list[Point]:
    """At most `count` of the points, evenly spread, the first and the last among them."""
    if count >= len(points) or count < 2:
        return list(points)
    return [points[round(index * (len(points) - 1) / (count - 1))] for index in range(count)]
