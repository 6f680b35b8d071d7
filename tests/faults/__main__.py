"""`python -m tests.faults`: every fault at every point, as JSON or as the tables of docs/reliability.md.

Exit code 0 when nothing was broken, 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

MOST_TOLD = 50
KINDS = ("kills", "guard", "power", "refusals", "disks", "line")
BEGIN, END = "<!-- results of make faults: begin -->", "<!-- end -->"


def main() -> int:
    """Runs what is asked for."""
    order = _arguments()
    from tests.faults import layer  # the layer comes before what it lies under

    layer.install()
    with tempfile.TemporaryDirectory(prefix="zhanqun-faults-", dir=order.work) as work:
        results = _run(order, Path(work))
    if order.json:
        print(json.dumps(results))
    if order.report:
        write_report(Path(order.report), results)
    faults = [
        fault for rows in results.values() for row in rows for fault in (*row["faults"], *row.get("needless", ()))
    ]
    for fault in faults[:MOST_TOLD]:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--points", type=int, default=0, help="kills in all, spread over the scenes; 0 for every point")
    parser.add_argument("--samples", type=int, default=60, help="random subsets at each promise")
    parser.add_argument("--restarts", type=int, default=60, help="power cuts per scene after which a real run follows")
    parser.add_argument("--scenes", default="", help="names, separated by commas; all without")
    parser.add_argument("--kinds", default=",".join(KINDS), help="which faults")
    parser.add_argument("--seed", type=int, default=1)
    # What a disk may lose is worked out from the record: the disk itself may be the fastest.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    parser.add_argument("--work", default=memory, help="a folder for the work")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--report", default="", help="the page whose tables are renewed")
    return parser.parse_args()


def _run(order: argparse.Namespace, work: Path) -> dict[str, list[dict[str, Any]]]:
    from tests.faults import kills, line, power, refusals  # after the layer
    from tests.faults.guarding import GuardStage
    from tests.faults.subjects import SCENES, Stage

    wanted = order.scenes.split(",") if order.scenes else [scene.name for scene in SCENES]
    stages = [Stage.set(scene, work / str(n)) for n, scene in enumerate(SCENES) if scene.name in wanted]
    points = {stage.scene.name: kills.points_of(stage, work / "count") for stage in stages}
    shares = share(order.points, {name: len(found) for name, found in points.items()})

    def kill(stage: Stage) -> Iterable[object]:
        found = points[stage.scene.name]
        yield kills.kill_at(stage, kills.spread(found, shares[stage.scene.name]), work / "kills")

    def guard(stage: Stage) -> Iterable[object]:
        if stage is stages[0]:  # one scene of its own
            tampered = GuardStage.set(work / "guard")
            found = kills.points_of(tampered, work / "count")
            yield kills.kill_at(tampered, kills.spread(found, order.points // len(stages)), work / "kills")

    def cut(stage: Stage) -> Iterable[object]:
        recording = power.record(stage, work / "record")
        cuts = power.cut_power(
            stage, recording, work / "cut", seed=order.seed, samples=order.samples, restarts=order.restarts
        )
        cuts.needless = power.needless_syncs(stage, recording, seed=order.seed, samples=order.samples)
        yield cuts

    def refuse(stage: Stage) -> Iterable[object]:
        found = kills.spread(points[stage.scene.name], shares[stage.scene.name])
        for kind in refusals.FAILURES:
            yield refusals.refuse_at(stage, found, kind, work / "refused")

    def disks(stage: Stage) -> Iterable[object]:
        try:
            yield refusals.full_disk(stage, work / "full")
            yield refusals.read_only_disk(stage, work / "read-only")
        except OSError as error:
            print(f"NOT TESTED ON A REAL DISK: {error}", file=sys.stderr)

    def cut_line(stage: Stage) -> Iterable[object]:
        yield line.cut_everywhere(stage, work / "line", shares[stage.scene.name])

    kinds: dict[str, Callable[[Stage], Iterable[object]]] = {
        "kills": kill,
        "guard": guard,
        "power": cut,
        "refusals": refuse,
        "disks": disks,
        "line": cut_line,
    }
    return {
        kind: [_as_dict(row) for stage in stages for row in kinds[kind](stage)]
        for kind in KINDS
        if kind in order.kinds.split(",")
    }


def _as_dict(row: Any) -> dict[str, Any]:
    return {each.name: getattr(row, each.name) for each in fields(row)}


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


# ---- the report -----------------------------------------------------------------------------------------------------


def write_report(page: Path, results: dict[str, list[dict[str, Any]]]) -> None:
    """Puts the tables between the two marks of the page."""
    text = page.read_text("utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    page.with_suffix(".new").write_text(f"{head}{BEGIN}\n\n{tables(results)}\n{END}{tail}", "utf-8")
    page.with_suffix(".new").replace(page)


def tables(results: dict[str, list[dict[str, Any]]]) -> str:
    """The results as Markdown."""
    parts = []
    for kind, rows in results.items():
        title, columns = COLUMNS[kind]
        parts.append(f"### {title}\n")
        parts.append(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
        parts += [f"| {' | '.join(str(cell(row)) for cell in columns.values())} |" for row in rows]
        parts.append(_total(rows))
    return "\n".join(parts)


def _total(rows: list[dict[str, Any]]) -> str:
    broken = sum(len(row["faults"]) + len(row.get("needless", ())) for row in rows)
    return f"\n**Broken: {broken}.**\n"


def _left(name: str) -> Callable[[dict[str, Any]], int]:
    return lambda row: row["left"].get(name, 0)


def _field(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda row: row[name]


_STATES = {"old release live": _left("old"), "new release live": _left("new"), "broken": lambda row: len(row["faults"])}
COLUMNS: dict[str, tuple[str, dict[str, Callable[[dict[str, Any]], Any]]]] = {
    "kills": (
        "SIGKILL",
        {"what was killed": _field("scene"), "kills, confirmed": _field("confirmed"), **_STATES},
    ),
    "guard": (
        "SIGKILL of the guard",
        {
            "what was killed": _field("scene"),
            "kills, confirmed": _field("confirmed"),
            "damage left for the next look": _left("old"),
            "mended already": _left("new"),
            "broken": lambda row: len(row["faults"]),
        },
    ),
    "power": (
        "Power cut",
        {
            "what was cut": _field("scene"),
            "recorded changes": _field("acts"),
            "syncs": _field("syncs"),
            "states looked at": _field("cuts"),
            **_STATES,
            "restarted for real": _field("restarted"),
            "syncs that could be left out": lambda row: len(row["needless"]),
        },
    ),
    "refusals": (
        "A call that fails, and all later ones",
        {
            "what was disturbed": _field("scene"),
            "by": _field("kind"),
            "calls": _field("points"),
            "told in words": _field("told"),
            "done without it": _field("survived"),
            **_STATES,
        },
    ),
    "disks": (
        "Real disks",
        {
            "what was disturbed": _field("scene"),
            "by": _field("kind"),
            "tries": _field("points"),
            "told in words": _field("told"),
            "had room enough": _field("survived"),
            **_STATES,
        },
    ),
    "line": (
        "A line or a bundle that breaks off",
        {"what was cut": _field("scene"), "cuts": _field("points"), "told in words": _field("told"), **_STATES},
    ),
}


if __name__ == "__main__":
    sys.exit(main())
