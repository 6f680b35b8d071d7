"""The pictures in `docs/images`: the demo, and the real statutes when they are there, as of the demo's own day.

Builds into a temporary folder and serves that, so the pictures never show what somebody happens to have in `dmz/`.
`make screenshots` calls it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.scenarios.house import House, laws_folder, open_house, served
from tests.tools.screenshots import SHOTS, Shot, take_pictures

REPOSITORY = Path(__file__).parents[2]
# Where the demo's own statutes are, for those who have no folder of real ones.
DEMO_STATUTES = "/fagui/difang/"


def shots_for(laws: Path | None) -> Sequence[Shot]:
    """The table of pictures, with a statute that is there."""
    if laws is not None:
        return SHOTS
    return [replace(shot, path=DEMO_STATUTES) if shot.name == "statute" else shot for shot in SHOTS]


def take(house: House, out: Path) -> list[Path]:
    """Serves the house and takes every picture."""
    base = f"http://{{site}}.yunze.localhost:{house.port}"
    with served(house):
        return take_pictures(base, shots_for(laws_folder()), out)


def main() -> int:
    """Builds, serves and takes the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "images")
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        for file in take(open_house(Path(folder)), out):
            print(f"{file.name} {file.stat().st_size // 1000} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
