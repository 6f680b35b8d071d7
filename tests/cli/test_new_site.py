"""`zhanqun new-site`: a folder of data, and it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import NOW, write_tree
from tests.cli.conftest import CommandLine
from tests.publish.small_city import City, make_files

WATER = ("water", "--name", "云泽市水务局", "--host", "water.yunze.localhost")


def test_a_new_site_is_live_after_the_next_publish(zhanqun: CommandLine, city: City) -> None:
    assert zhanqun("new-site", *WATER).code == 0
    said = zhanqun("publish", "--now", NOW)

    assert said.code in (0, 3)
    assert "云泽市水务局" in city.page("water/index.html")
    assert city.page("portal/index.html") != ""


def test_a_new_english_site_speaks_english(zhanqun: CommandLine, city: City) -> None:
    zhanqun("new-site", *WATER, "--language", "en")
    zhanqun("publish", "--now", NOW)

    assert '<html lang="en"' in city.page("water/index.html")


def test_a_new_site_in_a_working_folder(zhanqun: CommandLine, here: Path) -> None:
    folder = write_tree(here / "work", make_files())
    assert zhanqun("new-site", *WATER, "--content", "work").code == 0

    assert (folder / "sites" / "water" / "site.toml").is_file()
    assert zhanqun("build", "--content", "work", "--now", NOW).code in (0, 3)


REFUSED = [
    ("a name that is taken", ("portal", "--name", "门户", "--host", "x.yunze.localhost"), 1),
    ("a host that is taken", ("water", "--name", "水务", "--host", "portal.yunze.localhost"), 1),
    ("a name with capitals", ("Water", "--name", "水务", "--host", "x.yunze.localhost"), 1),
    ("no host", ("water", "--name", "水务"), 2),
    ("a language that is none", (*WATER, "--language", "fr"), 2),
]


@pytest.mark.parametrize(("arguments", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_new_site_is_refused(zhanqun: CommandLine, seeded: City, arguments: tuple[str, ...], code: int) -> None:
    head = seeded.head()

    assert zhanqun("new-site", *arguments).code == code
    assert seeded.head() == head
