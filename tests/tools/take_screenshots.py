"""`make screenshots`: every site's kinds of pages in every look, as of the demo's own day; a chosen dozen for `docs/images`.

Builds into a temporary folder and serves that, so the pictures never show what somebody happens to have in `dmz/`.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from cluster.site import TRADITIONAL
from tests.scenarios.house import LAW_COLUMN, House, open_house, served
from tests.tools.screenshots import Shot, take_pictures

REPOSITORY = Path(__file__).parents[2]
# Where the demo's own statutes are, for those who have no folder of real ones.
DEMO_STATUTES = "/fagui/difang/"
DOCUMENTS = "/disclosure/policy/municipal/"
# The site whose pages are shown in every look, and the looks.
SHOWN = "portal"
LOOKS = ("elder", "yellow", "text", "dark", "contrast")
# What stands in `docs/images`.
CHOSEN = (
    "portal-home-1440", "portal-home-390", "portal-column-1440", "portal-article-1440", "portal-article-390",
    "congress-home-1440", "congress-statute-1440", "tourism-home-1440", "english-home-1440", "portal-home-elder-390",
    "portal-article-dark-390", "portal-traditional-1440",
)  # fmt: skip


def shots_of(house: House) -> list[Shot]:
    """The table of pictures."""
    shots = [shot for site in house.cluster.sites for shot in _of_site(house, site)]
    shots += _of_statutes(house)
    shots += [Shot("portal-document", SHOWN, _first(house, rf"{SHOWN}/{DOCUMENTS.strip('/')}.*/\d{{4}}/[^/]+"))]
    shots += [Shot("portal-traditional", SHOWN, _first(house, rf"{SHOWN}/{TRADITIONAL}/.*/[^/]+\.html"))]
    shown = [shot for shot in shots if shot.site == SHOWN or shot.name == "congress-statute"]
    return [*shots, *(_in_look(shot, look) for look in LOOKS for shot in shown)]


def _of_site(house: House, site: str) -> Iterator[Shot]:
    yield Shot(f"{site}-home", site)
    column = next(path for path in house.cluster.sites[site].columns if _items(house, site, path))
    yield Shot(f"{site}-column", site, f"/{column}/")
    yield Shot(f"{site}-article", site, f"/{column}/", first_item=True)
    topics = [path for path in house.pages if re.fullmatch(rf"{site}/topics/[^/]+/index\.html", path)]
    yield from (Shot(f"{site}-topic", site, f"/{path.partition('/')[2]}") for path in topics[:1])
    yield Shot(f"{site}-404", site, "/404.html")


def _items(house: House, site: str, column: str) -> list[str]:
    return [path for path in house.pages if re.match(rf"{site}/{re.escape(column)}/\d{{4}}/(?!list-)", path)]


def _first(house: House, pattern: str) -> str:
    found = next(path for path in house.pages if re.fullmatch(pattern, path) and "/list-" not in path)
    return f"/{found.partition('/')[2]}"


def _of_statutes(house: House) -> Iterator[Shot]:
    """The newest real statute, or else the demo's."""
    site, column = LAW_COLUMN
    # Their names begin with their dates.
    laws = [path for path in house.pages if re.fullmatch(rf"{site}/{column}/\d{{4}}/\d{{8}}-[^/]+", path)]
    if laws:
        yield Shot(f"{site}-statute", site, f"/{max(laws).partition('/')[2]}")
    else:
        yield Shot(f"{site}-statute", site, DEMO_STATUTES, first_item=True)


def _in_look(shot: Shot, look: str) -> Shot:
    return Shot(f"{shot.name}-{look}", shot.site, shot.path, shot.first_item, look)


def take(house: House, out: Path, chosen: Path | None = None) -> Sequence[Path]:
    """Serves the house, takes every picture, and copies the chosen ones."""
    base = f"http://{{site}}.yunze.localhost:{house.port}"
    with served(house):
        files = take_pictures(base, shots_of(house), out)
    for name in CHOSEN if chosen is not None else ():
        shutil.copy(out / f"{name}.png", chosen / f"{name}.png")
    return files


def main() -> int:
    """Builds, serves and takes the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "var" / "screenshots", help="all of them")
    parser.add_argument("--chosen", type=Path, default=REPOSITORY / "docs" / "images", help="the chosen dozen")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = take(open_house(Path(folder)), arguments.out, arguments.chosen)
    print(f"{len(files)} pictures in {arguments.out}, {len(CHOSEN)} of them in {arguments.chosen}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
