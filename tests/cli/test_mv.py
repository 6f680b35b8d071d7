"""`zhanqun mv`: a move that leaves no dead link."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import ARTICLE, NOW, make_article, make_site, write_tree
from tests.cli.conftest import CommandLine
from tests.publish.small_city import City, make_files

OLD, NEW = "portal/news/2026/river.md", "portal/news/2026/yunze-river.md"
LINKING = {"content/portal/news/2026/bridge.md": make_article("云泽大桥", "2026-11-10", body="见[开工](river.md)。")}


def test_a_moved_item_answers_at_both_addresses(zhanqun: CommandLine, city: City) -> None:
    assert zhanqun("mv", OLD, NEW).code == 0
    assert zhanqun("publish", "--now", NOW).code == 0

    assert "云泽河" in city.page("portal/news/2026/yunze-river.html")
    assert city.page("portal/news/2026/river.html") == ""
    assert city.page("portal/_redirects") == "/news/2026/river.html /news/2026/yunze-river.html\n"


def test_links_to_a_moved_item_are_mended(zhanqun: CommandLine, city: City) -> None:
    city.commit(LINKING)
    zhanqun("mv", OLD, NEW)

    assert zhanqun("publish", "--now", NOW).code == 0
    assert 'href="/news/2026/yunze-river.html"' in city.page("portal/news/2026/bridge.html")


def test_a_move_is_one_commit_with_its_author(zhanqun: CommandLine, city: City) -> None:
    said = zhanqun("mv", OLD, NEW, "--json")

    assert said.json["made"] == city.head()
    assert "2 file(s) changed on the branch main. Goes live: this cluster's intake is open." in said.err


def test_where_the_configuration_names_the_old_address_is_told(zhanqun: CommandLine, seeded: City) -> None:
    links = [{"block": "links", "title": "热点", "items": [{"title": "河", "url": "/news/2026/river.html"}]}]
    site = make_site("portal", ("news", "about"), home=links)
    seeded.commit({"sites/portal/site.toml": site})
    said = zhanqun("mv", OLD, NEW, "--json")

    assert said.code == 0
    (place,) = said.json["named_in"]
    assert place.startswith("sites/portal/site.toml:")
    assert f"{place} still names the old address." in said.err


def test_a_working_folder_is_changed_in_place(zhanqun: CommandLine, here: Path) -> None:
    folder = write_tree(here / "work", make_files())
    said = zhanqun("mv", OLD, NEW, "--content", "work")

    assert said.code == 0
    assert "2 file(s) changed in work." in said.err
    assert (folder / "content" / NEW).is_file()
    assert not (folder / ARTICLE).exists()


REFUSED = [
    ("an item that is not there", ("portal/news/2026/none.md", NEW), "There is no item"),
    ("a place that is taken", (OLD, "portal/news/2026/bridge.md"), "exists already"),
    ("another site", (OLD, "congress/news/2026/river.md"), "is on another site"),
    ("a name that is not allowed", (OLD, "portal/news/2026/River_2.md"), "Nothing was moved"),
]


@pytest.mark.parametrize(("places", "told"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_move_is_refused(zhanqun: CommandLine, seeded: City, places: tuple[str, str], told: str) -> None:
    head = seeded.head()
    said = zhanqun("mv", *places)

    assert said.code == 1
    assert told in said.err
    assert seeded.head() == head
