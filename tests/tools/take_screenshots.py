"""The pictures in `docs/images`: the demo, and the real statutes when they are there, as of the demo's own day.

Builds into a temporary folder and serves that, so the pictures never show what somebody happens to have in `dmz/`.
`make screenshots` calls it.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.scenarios.house import LAW_COLUMN, House, open_house, served
from tests.tools.screenshots import SHOTS, Shot, take_pictures

REPOSITORY = Path(__file__).parents[2]
# Where the demo's own statutes are, for those who have no folder of real ones.
DEMO_STATUTES = "/fagui/difang/"


def shots_of(house: House) -> Sequence[Shot]:
    """The table of pictures, with the newest real statute, or else the demo's."""
    site, column = LAW_COLUMN
    # Their names begin with their dates.
    laws = [path for path in house.pages if re.fullmatch(rf"{site}/{column}/\d{{4}}/\d{{8}}-[^/]+", path)]
    statute = Shot("statute", site, f"/{max(laws).partition('/')[2]}") if laws else None
    demo = Shot("statute", site, DEMO_STATUTES, first_item=True)
    return [(statute or demo) if shot.name == "statute" else shot for shot in SHOTS]


def take(house: House, out: Path) -> list[Path]:
    """Serves the house and takes every picture."""
    base = f"http://{{site}}.yunze.localhost:{house.port}"
    with served(house):
        return take_pictures(base, shots_of(house), out)


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
