"""`zhanqun check`: 0 nothing to mend, 3 something, 1 it cannot be checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.source import blob_id
from tests.builders import ARTICLE, NOW, make_article, make_cluster_files, make_site, write_tree
from tests.cli.conftest import CommandLine
from tests.publish.small_city import SESSION, City, make_files

BROKEN = {ARTICLE: make_article(title=None), SESSION: make_article(date="2026-11-12", body="![桥](no.png)")}


def test_clean_content_has_no_issue(zhanqun: CommandLine, seeded: City) -> None:
    said = zhanqun("check", "--now", NOW)

    assert (said.code, said.out) == (0, "0 issue(s).\n")
    assert not (seeded.root / "var").exists()


def test_what_should_be_mended_is_told(zhanqun: CommandLine, seeded: City) -> None:
    seeded.commit(BROKEN)
    said = zhanqun("check", "--now", NOW)

    assert (said.code, said.out) == (3, "2 issue(s).\n")
    assert f"{ARTICLE}:" in said.err
    assert f"{SESSION}" in said.err


def test_translations_that_fell_behind_are_counted_and_told_with_the_line_to_write(
    zhanqun: CommandLine, tmp_path: Path
) -> None:
    sites = {"portal": make_site("portal", ["news"]), "english": make_site("english", ["news"], language="en")}
    translation = make_article("River", source="News", translation_of="aa11", translated_blob="0" * 12)
    files = make_cluster_files(sites) | {
        ARTICLE: make_article(id="aa11"),
        "content/english/news/2026/river.md": translation,
    }
    write_tree(tmp_path / "tree", files)
    said = zhanqun("check", "--content", tmp_path / "tree", "content/english", "--now", NOW)

    assert said.out == "1 issue(s).\n1 of them: a translation older than its original.\n"
    assert "content/english/news/2026/river.md:6: " in said.err
    assert f"translated_blob: {blob_id(files[ARTICLE])[:12]}\n" in said.err


FILTERS = [
    ("a file", "content/portal/news/2026/river.md", 1),
    ("a folder", "content/congress", 1),
    ("a folder with a slash", "./content/congress/", 1),
    ("without content", "portal/news", 1),
    ("a folder without issues", "content/portal/about", 0),
    ("all content", "content", 2),
    ("configuration", "sites", 0),
]


@pytest.mark.parametrize(("path", "count"), [row[1:] for row in FILTERS], ids=[row[0] for row in FILTERS])
def test_only_what_lies_below_the_path_is_told(zhanqun: CommandLine, seeded: City, path: str, count: int) -> None:
    seeded.commit(BROKEN)
    said = zhanqun("check", path, "--now", NOW, "--json")

    assert said.code == (3 if count else 0)
    assert len(said.json["issues"]) == count


def test_several_paths_are_one_list(zhanqun: CommandLine, seeded: City) -> None:
    seeded.commit(BROKEN)

    assert len(zhanqun("check", ARTICLE, SESSION, "--now", NOW, "--json").json["issues"]) == 2


@pytest.mark.parametrize("path", ["content/portal/nwes", "content/port", "/etc/passwd"])
def test_a_path_that_is_not_there_is_no_clean_result(zhanqun: CommandLine, seeded: City, path: str) -> None:
    said = zhanqun("check", path)

    assert said.code == 1
    assert f"There is nothing at {path}." in said.err


def test_a_working_folder_is_checked_before_the_repository(zhanqun: CommandLine, seeded: City) -> None:
    write_tree(seeded.root, make_files() | BROKEN)

    assert zhanqun("check", "--now", NOW).code == 3


def test_a_named_folder_is_checked(zhanqun: CommandLine, here: Path) -> None:
    write_tree(here / "work", make_files() | BROKEN)

    assert zhanqun("check", "--content", "work", "--now", NOW).code == 3


def test_a_broken_configuration_ends_with_1_and_all_its_mistakes(zhanqun: CommandLine, seeded: City) -> None:
    seeded.commit({"sites/portal/site.toml": b"format = 1\n"})
    said = zhanqun("check")
    assert said.code == 1
    assert "sites/portal/site.toml:1: " in said.err

    issues = zhanqun("check", "--json").json["issues"]
    assert len(issues) > 1
    assert all(issue["zh"] and issue["en"] for issue in issues)
