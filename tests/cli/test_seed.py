"""`zhanqun seed`: once; later states of the demo are offered, never forced."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.gitstore import GitSource, GitStore
from tests.builders import ARTICLE, make_article, write_tree
from tests.cli.conftest import CommandLine
from tests.publish.small_city import City, make_files


@pytest.fixture
def demo(here: Path) -> Path:
    """A working folder that holds content/ and sites/."""
    return write_tree(here, make_files())


def read(city: City, path: str, branch: str = "main") -> bytes:
    with GitStore(city.root / "data" / "content.git") as store:
        source = GitSource(store, str(store.head(branch)))
        return next((source.read(entry) for entry in source.entries() if entry.path == path), b"")


def test_seed_makes_the_repository_from_the_folder(zhanqun: CommandLine, demo: Path) -> None:
    said = zhanqun("seed")

    assert said.code == 0
    assert "content.git was made from the demo content." in said.err
    assert read(City(demo), ARTICLE) == make_files()[ARTICLE]


def test_a_second_seed_leaves_the_repository_as_it_is(zhanqun: CommandLine, demo: Path) -> None:
    first = zhanqun("seed", "--json").json
    write_tree(demo, {ARTICLE: make_article("别处改的")})
    second = zhanqun("seed", "--json").json

    assert (first["made"], second["made"]) == ("seeded", "kept")
    assert first["commit"] == second["commit"] == City(demo).head()


def test_update_offers_the_present_state_as_a_branch(zhanqun: CommandLine, demo: Path) -> None:
    main = zhanqun("seed", "--json").json["commit"]
    write_tree(demo, {ARTICLE: make_article("新示例"), "content/portal/news/2026/more.md": make_article("更多")})
    offered = zhanqun("seed", "--update", "--json").json

    city = City(demo)
    assert offered["made"] == "offered"
    assert (city.head(), city.head("demo-update")) == (main, offered["commit"])
    assert "新示例".encode() in read(city, ARTICLE, "demo-update")
    assert read(city, "content/portal/news/2026/more.md", "demo-update") != b""


def test_a_new_offer_replaces_the_old_one(zhanqun: CommandLine, demo: Path) -> None:
    zhanqun("seed")
    for title in ("第一次", "第二次"):
        write_tree(demo, {ARTICLE: make_article(title)})
        zhanqun("seed", "--update")

    assert "第二次".encode() in read(City(demo), ARTICLE, "demo-update")
    assert read(City(demo), ARTICLE) == make_files()[ARTICLE]


def test_update_says_when_there_is_nothing_new(zhanqun: CommandLine, demo: Path) -> None:
    zhanqun("seed")
    said = zhanqun("seed", "--update")

    assert "what was already seeded or offered" in said.err
    assert City(demo).head("demo-update") is None


def test_another_folder_can_be_the_seed(zhanqun: CommandLine, here: Path, tmp_path: Path) -> None:
    write_tree(tmp_path / "elsewhere", make_files())

    assert zhanqun("seed", "--from", tmp_path / "elsewhere", "--json").json["made"] == "seeded"


def test_a_folder_without_sites_is_refused(zhanqun: CommandLine, here: Path) -> None:
    said = zhanqun("seed")

    assert said.code == 1
    assert "holds no folder 'sites'" in said.err
    assert not (here / "data").exists()


def test_an_offer_leaves_out_what_the_city_added_to_main(zhanqun: CommandLine, demo: Path) -> None:
    zhanqun("seed")
    city = City(demo)
    city.commit({"content/portal/news/2026/ours.md": make_article("本市新增")})
    write_tree(demo, {ARTICLE: make_article("新示例")})
    zhanqun("seed", "--update")

    with GitStore(city.root / "data" / "content.git") as store:
        offered, main = str(store.head("demo-update")), str(store.head())
        changed = {entry.path for entry in store.changes(store.first_commit(main), offered)}

    assert changed == {ARTICLE}
