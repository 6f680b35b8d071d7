"""`zhanqun build`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import ARTICLE, NOW, make_article, write_tree
from tests.cli.conftest import CommandLine
from tests.publish.small_city import SESSION, City, make_files

SITE = "sites/portal/site.toml"


def test_build_tells_how_much_it_made(zhanqun: CommandLine, seeded: City) -> None:
    said = zhanqun("build", "--now", NOW)

    assert said.code == 0
    assert "19 pages, 19 written, 0 removed, 0 issue(s)." in said.out
    assert [line for line in said.err.splitlines() if line.startswith("… ")] == ["… index", "… portal", "… congress"]
    assert not seeded.www.exists()


def test_build_json_is_one_object_with_the_promised_keys(zhanqun: CommandLine, seeded: City) -> None:
    seen = zhanqun("build", "--now", NOW, "--json").json

    assert {"commit", "pages_total", "pages_written", "pages_removed", "issues", "seconds", "root"} <= set(seen)
    assert seen["commit"] == seeded.head()
    assert seen["now"] == NOW


def test_build_names_what_to_mend_and_ends_with_3(zhanqun: CommandLine, seeded: City) -> None:
    seeded.commit({ARTICLE: make_article(title=None), SESSION: make_article(date="2026-11-12", body="![桥](no.png)")})
    said = zhanqun("build", "--now", NOW)

    assert said.code == 3
    assert f"{ARTICLE}:" in said.err
    assert f"Left out (1): {ARTICLE}" in said.err
    assert said.err.index(ARTICLE) < said.err.index(SESSION)


def test_a_long_list_of_issues_is_cut_and_says_where_the_rest_is(zhanqun: CommandLine, seeded: City) -> None:
    seeded.commit({f"content/portal/news/2026/bad-{n}.md": make_article(title=None) for n in range(60)})
    said = zhanqun("build", "--now", NOW)

    assert "… and 10 more; --json lists all." in said.err
    assert len(zhanqun("build", "--now", NOW, "--json").json["issues"]) == 60


def test_every_mistake_of_the_configuration_is_told_at_once(zhanqun: CommandLine, city: City) -> None:
    city.commit({SITE: b"format = 1\n", "sites/congress/site.toml": b"nonsense"})
    said = zhanqun("build", "--now", NOW)

    assert said.code == 1
    assert said.out == ""
    assert f"{SITE}:1: " in said.err
    assert "sites/congress/site.toml" in said.err
    assert "nothing was built" in said.err
    assert said.err.count("sites/congress/site.toml") == 1
    assert "云泽河" in city.page("portal/news/2026/river.html")


def test_a_broken_configuration_is_one_json_object_too(zhanqun: CommandLine, seeded: City) -> None:
    seeded.commit({SITE: b"format = 1\n"})
    said = zhanqun("build", "--json")

    assert said.code == 1
    assert said.json["issues"][0]["path"] == SITE
    assert said.json["commit"] == ""


def test_build_reports_would_be_removals(zhanqun: CommandLine, city: City) -> None:
    city.commit({ARTICLE: None})
    said = zhanqun("build", "--now", NOW)

    assert "Site portal would lose 1 of its" in said.out
    (removal,) = zhanqun("build", "--now", NOW, "--json").json["removals"]
    assert (removal["site"], removal["count"], removal["reason"]) == ("portal", 1, "few")


@pytest.mark.parametrize("more", [(), ("--full",)], ids=["what changed", "everything anew"])
def test_build_reports_what_the_release_would_lose_after_a_rollback_too(
    zhanqun: CommandLine, city: City, more: tuple[str, ...]
) -> None:
    city.commit({ARTICLE: None})
    zhanqun("publish", "--now", NOW)
    zhanqun("rollback")

    (removal,) = zhanqun("build", "--now", NOW, "--json", *more).json["removals"]
    assert (removal["site"], removal["count"], removal["reason"]) == ("portal", 1, "few")


def test_build_reports_removals_when_it_starts_anew(zhanqun: CommandLine, city: City) -> None:
    city.commit({ARTICLE: None})

    assert "Site portal would lose 1 of its" in zhanqun("build", "--now", NOW, "--full").out


def test_a_look_at_one_site_reports_no_removal_of_the_others(zhanqun: CommandLine, city: City) -> None:
    said = zhanqun("build", "--site", "portal", "--now", NOW)

    assert said.code == 0
    assert "would" not in said.out
    assert "19 pages, 0 written, 0 removed" in said.out


def test_an_unknown_site_is_refused(zhanqun: CommandLine, seeded: City) -> None:
    said = zhanqun("build", "--site", "nowhere")

    assert said.code == 1
    assert "There is no site 'nowhere'. Choose from: portal congress." in said.err


def test_a_folder_can_be_built_without_a_repository(zhanqun: CommandLine, here: Path) -> None:
    write_tree(here / "work", make_files())

    assert zhanqun("build", "--content", "work", "--now", NOW).code == 0


def test_data_and_var_can_lie_elsewhere(zhanqun: CommandLine, seeded: City, tmp_path: Path) -> None:
    (seeded.root / "data").rename(tmp_path / "elsewhere")
    said = zhanqun("build", "--data", tmp_path / "elsewhere", "--var", tmp_path / "derived", "--now", NOW)

    assert said.code == 0
    assert (tmp_path / "derived" / "index.db").is_file()
    assert not (seeded.root / "var").exists()


def test_without_a_repository_build_says_what_to_do(zhanqun: CommandLine, here: Path) -> None:
    said = zhanqun("build")

    assert said.code == 1
    assert "Run 'zhanqun seed' first." in said.err


def test_full_and_jobs_give_the_same_root(zhanqun: CommandLine, seeded: City) -> None:
    roots = {zhanqun("build", "--now", NOW, "--json", *more).json["root"] for more in ((), ("--full", "--jobs", "2"))}

    assert len(roots) == 1
