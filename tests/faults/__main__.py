"""`python -m tests.faults`: every fault at every point, as JSON or as the tables of docs/reliability.md.

Exit code 0 when nothing was broken, 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

MOST_TOLD = 50
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
    parser.add_argument("--kinds", default="", help="which faults, separated by commas; all without")
    parser.add_argument("--seed", type=int, default=1)
    # What a disk may lose is worked out from the record: the disk itself may be the fastest.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    parser.add_argument("--work", default=memory, help="a folder for the work")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--report", default="", help="the page whose tables are renewed")
    return parser.parse_args()


def _run(order: argparse.Namespace, work: Path) -> dict[str, list[dict[str, Any]]]:
    from tests.faults.kinds import KINDS, Play  # after the layer

    play, wanted = Play(order, work), order.kinds.split(",")
    return {kind: [_as_dict(row) for row in play.rows(kind)] for kind in KINDS if not order.kinds or kind in wanted}


def _as_dict(row: Any) -> dict[str, Any]:
    return {each.name: getattr(row, each.name) for each in fields(row)}


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
    "house": (
        "SIGKILL of the inside, at its calls to the disk",
        {"what was killed": _field("scene"), "kills, confirmed": _field("confirmed"), **_STATES},
    ),
    "wires": (
        "SIGKILL of the inside, while bytes go over a wire",
        {
            "what was killed": _field("scene"),
            "kills, confirmed": _field("confirmed"),
            "bytes of a delivery": _field("bytes"),
            **_STATES,
            "mirror between the two": _left("between"),
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
