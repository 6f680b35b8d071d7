"""`zhanqun rm`: an address that is gone for good, and the reason kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import ARTICLE, NOW, write_tree
from tests.cli.conftest import CommandLine
from tests.publish.small_city import City, make_files

ITEM = "portal/news/2026/river.md"


def test_a_removed_item_answers_410_from_the_next_publish_on(zhanqun: CommandLine, city: City) -> None:
    assert zhanqun("rm", ITEM, "--reason", "重复发布").code == 0
    assert zhanqun("publish", "--now", NOW).code == 0

    assert city.page("portal/news/2026/river.html") == ""
    assert city.page("portal/_redirects") == "/news/2026/river.html 410\n"


def test_the_reason_is_kept(zhanqun: CommandLine, here: Path) -> None:
    folder = write_tree(here / "work", make_files())
    assert zhanqun("rm", ITEM, "--reason", "重复发布", "--content", "work").code == 0

    assert "重复发布" in (folder / "sites" / "portal" / "gone.toml").read_text("utf-8")
    assert not (folder / ARTICLE).exists()


def test_a_removal_needs_a_reason(zhanqun: CommandLine, seeded: City) -> None:
    said = zhanqun("rm", ITEM)

    assert said.code == 2
    assert "--reason" in said.err
    assert zhanqun("rm", ITEM, "--reason", " ").code == 1


def test_a_removal_is_one_commit_and_cannot_be_repeated(zhanqun: CommandLine, seeded: City) -> None:
    made = zhanqun("rm", ITEM, "--reason", "重复发布", "--json").json["made"]

    assert made == seeded.head()
    assert zhanqun("rm", ITEM, "--reason", "重复发布").code == 1


@pytest.mark.parametrize("path", ["portal/news/2026/none.md", "../secret.md", "portal"])
def test_what_is_no_item_is_refused(zhanqun: CommandLine, seeded: City, path: str) -> None:
    head = seeded.head()

    assert zhanqun("rm", path, "--reason", "x").code == 1
    assert seeded.head() == head
