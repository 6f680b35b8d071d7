"""Builds: the same state gives the same manifest, nothing is done twice, and a failure leaves the last one alone."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pelican import signals

from cluster.errors import BuildError, BusyError, ConfigError, ContentError
from cluster.gitstore import GitStore
from cluster.index import Index
from cluster.index.schema import delete_index
from cluster.issues import Issue
from cluster.manifest import Entry, Manifest
from cluster.media import MediaStore, dump_pointer
from publish.build import MisconfiguredError, Order, read_state
from publish.workspace import Workspace
from tests.builders import (
    ARTICLE,
    NOW,
    REPOSITORY,
    make_article,
    make_cluster_files,
    make_cluster_toml,
    make_site,
    make_toml,
    make_topic,
    write_tree,
)
from tests.plugins.pictures.samples import make_picture
from tests.plugins.rendering import SVG
from tests.publish.small_city import LATER, SESSION, SITES, City, make_files

SCHEDULED = "content/portal/news/2026/soon.md"
SITE = "sites/portal/site.toml"
CHANGE = {SESSION: make_article("改了标题", "2026-11-12")}
TYPO = "content/portal/news/2026/typo.md"


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City.founded(tmp_path / "city")


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """What a clean build makes of the cluster with `CHANGE`."""
    return City.founded(tmp_path_factory.mktemp("clean") / "city", make_files() | CHANGE).build().manifest


@pytest.fixture
def broken_theme(tmp_path: Path) -> Path:
    """The theme with an article page that fails."""
    theme = tmp_path / "theme"
    shutil.copytree(REPOSITORY / "themes" / "gov", theme)
    (theme / "templates" / "article.html").write_text("{{ article.nothing.at.all }}", "utf-8")
    return theme


def written_files(folder: Path) -> dict[Path, tuple[int, int]]:
    """Every file with its inode and time of change: equal only when nothing was written."""
    stats = {file: file.stat() for file in folder.rglob("*") if file.is_file()}
    return {file: (stat.st_ino, stat.st_mtime_ns) for file, stat in stats.items()}


@contextmanager
def plugin(reaction: Callable[[object], None]) -> Iterator[None]:
    """A third-party plugin that does this with every item."""

    def receive(content: object, **_: object) -> None:
        reaction(content)

    signals.content_object_init.connect(receive)
    try:
        yield
    finally:
        signals.content_object_init.disconnect(receive)


# ---- what a build tells ---------------------------------------------------------------------------------------------


def test_a_first_build_writes_every_page_and_tells_what_it_made(city: City) -> None:
    outcome = city.build()

    assert outcome.commit == city.head()
    assert outcome.pages_total == outcome.pages_written > 10
    assert outcome.pages_removed == 0
    assert (outcome.issues, outcome.exit_code, outcome.next_moment) == ((), 0, "")
    assert outcome.manifest == city.output()
    assert outcome.root == outcome.manifest.root()
    assert (outcome.written, outcome.removed) == (set(outcome.manifest), set())
    assert set(outcome.manifest.sites()) == {"portal", "congress"}


def test_every_file_of_the_manifest_is_in_the_blob_store(city: City) -> None:
    outcome = city.build()

    blobs = city.workspace.rooms.blobs
    for path in outcome.manifest:
        entry = outcome.manifest[path]
        assert len(blobs.read(entry.raw)) == entry.size
        assert entry.brotli is None or entry.brotli in blobs


def test_one_new_article_counts_the_pages_that_it_changed(city: City) -> None:
    before = city.build()
    city.commit({"content/portal/news/2026/new.md": make_article("新文章", "2026-11-19")})
    after = city.build()

    assert after.pages_total == before.pages_total + 1
    assert 2 <= after.pages_written < after.pages_total / 2
    assert after.pages_removed == 0


def test_a_removed_article_is_counted(city: City) -> None:
    city.build()
    city.commit({ARTICLE: None})

    assert city.build().pages_removed == 1


def test_an_item_with_a_mistake_is_left_out_and_the_rest_is_built(city: City) -> None:
    city.commit({TYPO: make_article(title=None)})
    outcome = city.build()

    assert [issue.path for issue in outcome.issues if issue.leaves_out] == [TYPO]
    assert outcome.exit_code == 3
    assert "portal/news/2026/typo.html" not in outcome.manifest
    assert "portal/news/2026/river.html" in outcome.manifest


def test_progress_names_the_index_and_every_site(city: City) -> None:
    steps: list[str] = []
    workspace = city.workspace
    workspace.build(Order(NOW), progress=steps.append)

    assert steps == ["index", "portal", "congress"]


def test_what_came_changed_and_went_is_told_by_path(city: City) -> None:
    city.build()
    moved = "content/portal/about/2026/river.md"
    city.commit({ARTICLE: None, moved: make_article(id="6f1c2a9e0b7d4c35", redirect_from=["/news/2026/river.html"])})
    outcome = city.build()

    assert outcome.removed == {"portal/news/2026/river.html"}
    assert {"portal/about/2026/river.html", "portal/about/feed.xml", "portal/_redirects"} <= outcome.written
    assert outcome.as_dict()["files_written"] == len(outcome.written)
    assert (outcome.pages_written, outcome.pages_removed) == (
        sum(1 for path in outcome.written if path.endswith(".html")), 1
    )  # fmt: skip


def test_a_manifest_asked_for_after_a_further_build_is_refused(city: City) -> None:
    first, early = city.build(), city.build()
    manifest = early.manifest
    city.commit(CHANGE)
    city.build()

    with pytest.raises(BusyError, match="Another build has finished meanwhile"):
        _ = first.manifest
    assert early.manifest is manifest


# ---- nothing is done twice ------------------------------------------------------------------------------------------


def test_an_unchanged_build_runs_no_pelican_and_touches_no_blob(city: City) -> None:
    first = city.build()
    blobs = written_files(city.workspace.rooms.blobs.root)
    pages: list[object] = []
    with plugin(pages.append):
        again = city.build()

    assert pages == []
    assert again.pages_written == again.pages_removed == 0
    assert again.manifest == first.manifest
    assert written_files(city.workspace.rooms.blobs.root) == blobs


def test_an_unchanged_build_tells_the_same_issues_again(city: City) -> None:
    city.commit({TYPO: make_article(title=None)})

    assert city.build().issues == city.build().issues != ()


def test_the_issues_of_a_site_that_nothing_leads_to_are_still_told(city: City) -> None:
    city.commit({ARTICLE: make_article(body="[甲](none.md)")})
    first = city.build()
    city.commit(CHANGE)
    second = city.build()

    assert [issue.code for issue in first.issues] == ["link-missing"]
    assert second.issues == first.issues
    assert {path.partition("/")[0] for path in second.written} == {"congress"}


def test_a_date_that_has_passed_makes_a_build(city: City) -> None:
    city.commit({SCHEDULED: make_article("明天见", "2026-11-21T09:00")})
    first = city.build()
    assert first.next_moment == "2026-11-21T09:00:00+08:00"
    assert "portal/news/2026/soon.html" not in first.manifest
    assert city.build("2026-11-21T08:59:59+08:00").pages_written == 0

    second = city.build("2026-11-21T09:00:00+08:00")
    assert "portal/news/2026/soon.html" in second.manifest
    assert second.next_moment == ""


def test_an_item_that_expired_goes(city: City) -> None:
    city.commit({SCHEDULED: make_article("报名", "2026-11-01", expires="2026-11-21T09:00")})

    assert "portal/news/2026/soon.html" in city.build().manifest
    assert "portal/news/2026/soon.html" not in city.build(LATER).manifest


def test_the_end_of_a_topic_is_a_moment_to_build_at(city: City) -> None:
    city.commit({"sites/portal/topics/river.toml": make_topic(ends="2026-11-25")})

    assert city.build().next_moment == "2026-11-25T00:00:00+08:00"


def test_an_earlier_now_is_built_as_of_then_and_a_later_one_as_before(city: City) -> None:
    first = city.build().manifest

    assert "portal/news/2026/river.html" not in city.build("2026-11-15T00:00:00+08:00").manifest
    assert city.build().manifest == first


def test_full_builds_everything_anew_with_the_same_result(city: City) -> None:
    first = city.build()
    pages: list[object] = []
    with plugin(pages.append):
        again = city.build(full=True)

    assert len(pages) == 4
    assert again.manifest == first.manifest


def test_full_makes_a_blob_again_that_was_lost(city: City) -> None:
    manifest = city.build().manifest
    blobs = city.workspace.rooms.blobs
    lost = {manifest["portal/news/2026/river.html"].raw, manifest["portal/index.html"].brotli}
    for sha in lost:
        blobs.path(str(sha)).unlink()

    assert city.build(full=True).manifest == manifest
    assert [sha for sha in lost if sha not in blobs] == []


def test_a_large_file_that_arrives_later_is_taken_in(city: City, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film" * 1000)
    elsewhere = MediaStore(tmp_path / "elsewhere")
    pointer = dump_pointer(elsewhere.keep(film))
    city.commit(
        {
            "content/portal/news/2026/film.mp4": pointer,
            "content/portal/news/2026/film.vtt": b"WEBVTT\n",
            ARTICLE: make_article(body="看片：\n\n![短片](film.mp4)\n"),
        }
    )
    assert [issue.code for issue in city.build().issues] == ["file-missing"]

    MediaStore(city.workspace.rooms.media).keep(film)
    outcome = city.build()
    assert outcome.issues == ()
    assert outcome.manifest["portal/news/2026/film.mp4"].size == 4000
    assert outcome.written == {f"portal/news/2026/{name}" for name in ("river.html", "film.mp4", "film.vtt")}


def test_a_large_file_that_is_taken_away_leaves_the_page_without_it(city: City, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film" * 1000)
    pointer = MediaStore(city.workspace.rooms.media).keep(film)
    city.commit(
        {"content/portal/news/2026/film.mp4": dump_pointer(pointer), ARTICLE: make_article(body="![短片](film.mp4)")}
    )
    assert "portal/news/2026/film.mp4" in city.build().manifest

    shutil.rmtree(city.workspace.rooms.media)
    outcome = city.build()
    assert [issue.code for issue in outcome.issues] == ["file-missing"]
    assert outcome.removed == {"portal/news/2026/film.mp4"}


# ---- little is written for little ---------------------------------------------------------------------------------------


def test_another_body_writes_exactly_that_items_page(city: City) -> None:
    city.build()
    city.commit({ARTICLE: make_article(id="6f1c2a9e0b7d4c35", body="施工人员今日进场。")})

    assert city.build().written == {"portal/news/2026/river.html"}


def test_a_new_article_writes_its_page_its_neighbours_and_the_lists_that_show_it(city: City) -> None:
    city.build()
    city.commit({"content/portal/news/2026/new.md": make_article("新文章", "2026-11-19")})

    assert city.build().written == {
        f"portal/{path}"
        for path in (
            "news/2026/new.html", "news/2026/river.html", "news/index.html", "news/feed.xml",
            "feed.xml", "feed.json", "sitemap.xml",
        )
    }  # fmt: skip


@pytest.fixture(scope="module")
def large_files() -> dict[str, bytes]:
    """A portal with five years of items in three levels of columns, enough for several chunks of pages."""
    columns = ("news", "news/notices", "news/notices/water", "about")
    home = [{"block": "headline", "column": "news", "count": 5}]
    files = make_files() | make_cluster_files({"portal": make_site("portal", columns, home=home), "congress": ["news"]})
    return files | {
        f"content/portal/{columns[n % 3]}/{2022 + n % 5}/n{n:03}.md": make_article(
            f"第{n}篇",
            f"{2022 + n % 5}-{n % 10 + 1:02}-{n % 28 + 1:02}",
            also=["congress:news"] if n % 50 == 0 else None,
        )
        for n in range(300)
    }


@pytest.fixture(scope="module")
def large_built(large_files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> City:
    """That portal, built once by one process."""
    city = City.founded(tmp_path_factory.mktemp("large") / "city", large_files)
    city.build()
    return city


@pytest.fixture
def large_city(large_built: City, tmp_path: Path) -> City:
    """A copy of it, to be edited."""
    return City(shutil.copytree(large_built.root, tmp_path / "large"))


FEW = {
    "a new article": ({"content/portal/news/notices/water/2026/new.md": make_article("新", "2026-11-19")}, 16),
    "another title": ({"content/portal/news/notices/2026/n004.md": make_article("改", "2026-05-05")}, 12),
    "an article that goes": ({"content/portal/news/2026/n009.md": None}, 12),
    "a new article of an earlier year": ({"content/portal/news/2025/old.md": make_article("旧", "2025-12-31")}, 8),
    "another body": ({"content/portal/news/2024/n012.md": make_article("第12篇", "2024-03-13", body="改")}, 1),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "most"), FEW.values(), ids=FEW)
def test_one_change_of_a_well_filled_site_writes_few_files(
    large_city: City, large_files: dict[str, bytes], changes: dict[str, bytes | None], most: int
) -> None:
    large_city.commit(changes)
    outcome = large_city.build()
    assert 1 <= len(outcome.written | outcome.removed) <= most

    large_city.commit({path: large_files.get(path) for path in changes})
    assert 1 <= len(large_city.build().written) <= most


def test_the_first_article_of_an_empty_column_writes_no_old_page(large_city: City) -> None:
    columns = ("news", "news/notices", "news/notices/water", "news/video", "about")
    large_city.commit({SITE: make_site("portal", columns)})
    large_city.build()
    large_city.commit({"content/portal/news/video/2026/v.md": make_article("片", "2026-11-19")})

    written = large_city.build().written
    assert len(written) <= 20
    assert {path for path in written if "/list-" in path} == set()


# ---- configuration, theme, program ----------------------------------------------------------------------------------

HOME_PAGE, GONE_FILE = "portal/index.html", "sites/portal/gone.toml"
RIVER_TOPIC = "sites/portal/topics/river.toml"


def portal(**settings: object) -> bytes:
    """The portal's configuration with other settings."""
    home = [{"block": "headline", "column": "news", "count": 2}, {"block": "topics", "count": 3}]
    return make_site("portal", **{"columns": ("news", "about"), "home": home, **settings})  # type: ignore[arg-type]


CONFIGURATION = {
    "a comment": (portal() + b"# the end\n", set()),
    "a comment above everything": (b"# the beginning\n" + portal(), set()),
    "lines that moved": (portal().replace(b"[[columns]]", b"\n# next\n\n[[columns]]"), set()),
    "a home block": (portal(home=[{"block": "headline", "column": "news", "count": 1}]), {HOME_PAGE}),
}


@pytest.mark.parametrize(("site", "written"), CONFIGURATION.values(), ids=CONFIGURATION)
def test_configuration_writes_the_pages_that_show_it(city: City, site: bytes, written: set[str]) -> None:
    city.commit({SITE: portal()})
    city.build()
    city.commit({SITE: site})

    outcome = city.build()
    assert (outcome.written, outcome.removed) == (written, set())


def test_a_withdrawn_address_writes_the_table_alone(city: City) -> None:
    city.build()
    city.commit({GONE_FILE: make_toml({"format": 1, "gone": [{"path": "/news/2020/old.html"}]})})

    assert city.build().written == {"portal/_redirects"}


def test_another_title_of_a_topic_writes_the_pages_that_name_it(city: City) -> None:
    city.commit({SITE: portal(), RIVER_TOPIC: make_topic("治河"), ARTICLE: make_article(topic="river")})
    city.build()
    city.commit({RIVER_TOPIC: make_topic("治水")})

    assert city.build().written == {
        HOME_PAGE, "portal/news/2026/river.html", "portal/topics/index.html", "portal/topics/river/index.html",
        "portal/sitemap.html",
    }  # fmt: skip


def test_an_issue_of_the_configuration_is_told_at_its_new_line(city: City) -> None:
    site = make_site("portal", ("news", "about", "empty"))
    city.commit({SITE: site})
    (before,) = city.build().issues
    city.commit({SITE: b"# one line more\n" + site})
    (after,) = city.build().issues

    assert (before.code, after.code) == ("column-empty", "column-empty")
    assert after.line == before.line + 1


def test_another_name_of_a_site_is_on_every_page_of_its_own_and_another_short_name_on_those_of_its_sisters(
    city: City,
) -> None:
    pages = {path for path in city.build().manifest if path.endswith(".html")}
    own, sisters = ({path for path in pages if path.startswith(f"{site}/")} for site in ("portal", "congress"))
    city.commit({SITE: make_site("portal", ("news", "about"), name="云泽市人民政府")})
    assert city.build().written >= own
    city.commit({SITE: make_site("portal", ("news", "about"), name="云泽市人民政府", short_name="云泽")})
    assert city.build().written >= sisters


def test_a_site_that_left_the_cluster_goes_with_its_issues_and_comes_back_as_it_was(city: City) -> None:
    city.commit({"content/congress/news/2026/typo.md": make_article(body="[甲](none.md)")})
    first = city.build()
    whole = first.manifest
    both, alone = (make_cluster_toml(sites=sites) for sites in (list(SITES), ["portal"]))
    city.commit({"sites/cluster.toml": alone})
    left = city.build()

    assert left.removed >= {path for path in whole if path.startswith("congress/")}
    assert left.manifest.sites() == ("portal",)
    assert left.root == left.manifest.root()
    assert left.pages_total == sum(1 for path in left.manifest if path.endswith(".html"))
    assert [issue for issue in left.issues if issue.code == "link-missing"] == []

    city.commit({"sites/cluster.toml": both})
    back = city.build()
    assert (back.manifest, back.issues) == (whole, first.issues)


def test_without_compression_no_file_has_a_sibling_and_with_it_again_all_have(city: City) -> None:
    city.commit({ARTICLE: make_article(body="![图](a.svg)"), "content/portal/news/2026/a.svg": SVG})
    first = city.build().manifest
    assert first["portal/news/2026/a.svg"].brotli is not None
    plain = make_cluster_toml(sites=list(SITES))
    city.commit({"sites/cluster.toml": plain + b"\n[build]\ncompress = false\n"})
    bare = city.build().manifest
    assert {bare[path].brotli for path in bare} == {None}
    assert {path: bare[path].raw for path in bare} == {path: first[path].raw for path in first}

    city.commit({"sites/cluster.toml": plain})
    assert city.build().manifest == first


def test_an_edited_theme_is_on_every_page_and_its_return_brings_the_earlier_bytes(city: City, tmp_path: Path) -> None:
    theme = shutil.copytree(REPOSITORY / "themes" / "gov", tmp_path / "theme")
    template = theme / "templates" / "base.html"
    words = template.read_text("utf-8")
    workspace = city.with_theme(theme)
    first = workspace.build(Order(NOW)).manifest
    template.write_text(words.replace("</head>", "<!-- neu --></head>"), "utf-8")
    edited = workspace.build(Order(NOW))
    assert edited.pages_written == edited.pages_total
    template.write_text(words, "utf-8")

    assert workspace.build(Order(NOW)).manifest == first


def test_a_theme_that_is_edited_without_effect_writes_nothing(city: City, tmp_path: Path) -> None:
    theme = shutil.copytree(REPOSITORY / "themes" / "gov", tmp_path / "theme")
    city.with_theme(theme).build(Order(NOW))
    template = theme / "templates" / "article.html"
    template.write_text("{# a word among us #}" + template.read_text("utf-8"), "utf-8")
    pages: list[object] = []
    with plugin(pages.append):
        again = city.with_theme(theme).build(Order(NOW))

    assert len(pages) == 4
    assert again.written == set()


def test_a_sheet_of_the_theme_that_changed_goes_under_its_old_name(city: City, tmp_path: Path) -> None:
    theme = shutil.copytree(REPOSITORY / "themes" / "gov", tmp_path / "theme")
    before = {path for path in city.with_theme(theme).build(Order(NOW)).manifest if path.startswith("assets/style.")}
    with (theme / "static" / "style.css").open("a") as sheet:
        sheet.write("/* more */\n")
    outcome = city.with_theme(theme).build(Order(NOW))

    assert outcome.removed == before
    assert len([path for path in outcome.manifest if path.startswith("assets/style.")]) == 1


# ---- some sites only ------------------------------------------------------------------------------------------------


def test_a_look_at_one_site_leaves_the_others_as_they_were(city: City) -> None:
    before = city.build()
    earlier = before.manifest
    city.commit({ARTICLE: make_article("改了标题"), SESSION: make_article("也改了", "2026-11-12")})
    look = city.build(sites=("portal",))

    assert look.pages_total == before.pages_total
    assert look.pages_removed == 0
    assert {path.partition("/")[0] for path in look.written} == {"portal"}
    assert look.manifest["portal/news/2026/river.html"] != earlier["portal/news/2026/river.html"]
    assert look.manifest["congress/news/2026/session.html"] == earlier["congress/news/2026/session.html"]


def test_a_build_after_a_look_at_one_site_takes_in_the_others(city: City) -> None:
    city.build()
    city.commit({SESSION: make_article("改了标题", "2026-11-12")})
    city.build(sites=("portal",))
    city.build(sites=("portal",))

    assert city.build().written >= {"congress/news/2026/session.html", "congress/news/index.html"}


def test_a_first_look_at_one_site_makes_that_site_alone(city: City) -> None:
    look = city.build(sites=("congress",))
    assert look.manifest.sites() == ("congress",)
    assert look.pages_total == look.pages_written == sum(1 for path in look.manifest if path.endswith(".html"))

    assert "portal/index.html" in city.build().written


def test_looks_at_single_sites_in_turn_end_with_the_manifest_of_one_build(city: City, wanted: Manifest) -> None:
    city.build(sites=("portal",))
    city.commit(CHANGE)
    city.build(sites=("congress",))
    city.commit({ARTICLE: make_article("一时的标题")})
    city.build(sites=("congress",))
    city.commit({ARTICLE: make_files()[ARTICLE]})

    assert city.build(sites=("portal",)).manifest == wanted


def test_a_look_at_another_moment_leaves_no_trace(city: City) -> None:
    city.commit({"content/congress/news/2026/soon.md": make_article("明天见", "2026-11-21T09:00")})
    first = city.build().manifest
    city.build(LATER, sites=("portal",))
    assert "congress/news/2026/soon.html" not in city.output()

    assert city.build().manifest == first
    assert "congress/news/2026/soon.html" in city.build(LATER).manifest


def test_the_journal_is_kept_for_a_site_that_is_behind_and_no_longer(city: City) -> None:
    city.build()
    city.commit(CHANGE)
    city.build(sites=("portal",))
    with closing(Index(city.workspace.rooms.index)) as index:
        assert index.touches(0) != []
    city.build()
    with closing(Index(city.workspace.rooms.index)) as index:
        assert index.touches(0) == []


def test_a_site_that_does_not_exist_cannot_be_looked_at(city: City) -> None:
    with pytest.raises(ConfigError, match=r"no site 'tourism'. Choose from: portal congress"):
        city.build(sites=("portal", "tourism"))


# ---- the same bytes -------------------------------------------------------------------------------------------------


def test_two_clean_builds_are_equal_to_the_byte(tmp_path: Path) -> None:
    one, two = City.founded(tmp_path / "one"), City.founded(tmp_path / "two")

    assert one.build().manifest.dump() == two.build().manifest.dump()


def test_a_build_after_var_was_deleted_is_equal(city: City) -> None:
    first = city.build()
    shutil.rmtree(city.workspace.rooms.var)
    again = city.build()

    assert again.manifest == first.manifest
    assert again.pages_written == again.pages_total


def test_an_incremental_build_equals_a_clean_one(tmp_path: Path) -> None:
    changes = {ARTICLE: make_article("改了标题", "2026-11-17"), SESSION: None}
    grown = City.founded(tmp_path / "grown")
    grown.build()
    grown.commit(changes)
    fresh = City.founded(tmp_path / "fresh")
    fresh.commit(changes)

    assert grown.build().manifest.dump() == fresh.build().manifest.dump()


def test_several_sites_at_once_give_the_same_manifest(tmp_path: Path) -> None:
    one, two = City.founded(tmp_path / "one"), City.founded(tmp_path / "two")

    assert one.build(jobs=1).manifest.dump() == two.build(jobs=2).manifest.dump()


def test_several_processes_make_the_same_pages_as_one(
    large_city: City, large_files: dict[str, bytes], tmp_path: Path
) -> None:
    shared = City.founded(tmp_path / "city", large_files)
    assert shared.build(jobs=2).manifest.dump() == large_city.output().dump()

    changes = {f"content/portal/news/2026/more{n:03}.md": make_article(f"多{n}", "2026-03-01") for n in range(260)}
    for city in (large_city, shared):
        city.commit(changes)
    assert shared.build(jobs=2).manifest.dump() == large_city.build(jobs=1).manifest.dump()


def test_the_hash_seed_changes_nothing(city: City) -> None:
    roots = set()
    for seed in ("1", "4242"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(REPOSITORY)}
        command = [sys.executable, "-m", "cli", "build", "--now", NOW, "--json", "--var", f"var-{seed}"]
        done = subprocess.run(command, cwd=city.root, env=environment, capture_output=True, check=True)
        roots.add(json.loads(done.stdout)["root"])

    assert roots == {city.build().manifest.root()}


def test_a_folder_builds_what_the_repository_builds(city: City, tmp_path: Path) -> None:
    folder = write_tree(tmp_path / "folder", make_files())
    outcome = Workspace(city.workspace.settings).build(Order(NOW), folder)
    assert outcome.commit.startswith("folder-")
    assert outcome.manifest == city.build().manifest


def test_a_folder_that_is_edited_is_followed_like_a_repository(city: City, tmp_path: Path, wanted: Manifest) -> None:
    folder = write_tree(tmp_path / "folder", make_files())
    city.workspace.build(Order(NOW), folder)
    write_tree(folder, {ARTICLE: make_article(id="6f1c2a9e0b7d4c35", body="施工人员今日进场。")})
    assert city.workspace.build(Order(NOW), folder).written == {"portal/news/2026/river.html"}

    write_tree(folder, {ARTICLE: make_files()[ARTICLE], **CHANGE})
    assert city.workspace.build(Order(NOW), folder).manifest == wanted


def test_a_repository_and_a_folder_may_follow_each_other(city: City, tmp_path: Path) -> None:
    first = city.build().manifest
    folder = write_tree(tmp_path / "folder", make_files() | CHANGE)
    assert city.workspace.build(Order(NOW), folder).written >= {"congress/news/2026/session.html"}
    assert city.build().manifest == first


# ---- failures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_template_that_fails_voids_the_build(city: City, broken_theme: Path, jobs: int) -> None:
    city.build()
    before = city.output()
    with pytest.raises(BuildError, match=r"could not be built: UndefinedError.*Nothing was published"):
        city.with_theme(broken_theme).build(Order(NOW, jobs=jobs))

    assert city.output() == before
    assert city.build().pages_written == 0


def test_a_template_with_a_wrong_sign_voids_the_build(city: City, broken_theme: Path) -> None:
    (broken_theme / "templates" / "article.html").write_text("{% if %}", "utf-8")
    with pytest.raises(BuildError, match="could not be built"):
        city.with_theme(broken_theme).build(Order(NOW))

    assert len(city.output()) == 0


def raise_error(_content: object) -> None:
    raise RuntimeError("the plugin is broken")


def log_error(_content: object) -> None:
    logging.getLogger("pelican.plugins.broken").error("Could not process %s", "this")


@pytest.mark.parametrize(
    ("reaction", "told"),
    [(raise_error, "RuntimeError: the plugin is broken"), (log_error, "Could not process this")],
    ids=["a plugin that raises", "a plugin that only logs an error"],
)
def test_a_failing_plugin_voids_the_build(city: City, reaction: Callable[[object], None], told: str) -> None:
    city.build()
    before = city.output()
    city.commit({ARTICLE: make_article("改了标题")})
    with plugin(reaction), pytest.raises(BuildError, match=told) as caught:
        city.build()

    assert "站点“portal”构建失败" in caught.value.chinese
    assert city.output() == before
    assert city.build().pages_written > 0


def test_a_template_that_fails_in_another_process_voids_the_build(large_city: City, broken_theme: Path) -> None:
    before = large_city.output()
    with pytest.raises(BuildError, match="'portal' could not be built: UndefinedError"):
        large_city.with_theme(broken_theme).build(Order(NOW, jobs=2))

    assert large_city.output() == before
    assert large_city.build().written == set()


@pytest.mark.parametrize(
    ("reaction", "told"),
    [(raise_error, "RuntimeError: the plugin is broken"), (log_error, "Could not process this")],
    ids=["a plugin that raises", "a plugin that only logs an error"],
)
def test_a_plugin_that_fails_in_another_process_voids_the_build(
    large_city: City, reaction: Callable[[object], None], told: str
) -> None:
    before = large_city.output()
    large_city.commit({SITE: make_site("portal", ("news", "news/notices", "news/notices/water", "about"), name="改")})
    with plugin(reaction), pytest.raises(BuildError, match=told):
        large_city.build(jobs=2)

    assert large_city.output() == before


# ---- killed ---------------------------------------------------------------------------------------------------------

STEPS = {
    "before the index was brought up": "index",
    "after that, before any site": "portal",
    "after the first site": "congress",
}


def die(*_: object) -> None:
    """Ends the process at once, as `kill -9` would."""
    os._exit(9)


def killed(work: Callable[[], object]) -> None:
    """Does the work in a process that is killed half-way."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_build_that_was_killed_is_gone_on_with(city: City, wanted: Manifest, step: str) -> None:
    before = city.build().manifest
    city.commit({ARTICLE: make_article("一时的标题"), **CHANGE})
    killed(lambda: city.workspace.build(Order(NOW), progress=lambda at: die() if at == step else None))
    assert _site(city.output(), "congress") == _site(before, "congress")
    assert (_site(city.output(), "portal") == _site(before, "portal")) is (step != "congress")

    city.commit({ARTICLE: make_files()[ARTICLE]})
    assert city.build().manifest == wanted
    assert city.build().written == set()


def _site(manifest: Manifest, site: str) -> dict[str, Entry]:
    return {path: manifest[path] for path in manifest if path.startswith(f"{site}/")}


def test_a_build_that_was_killed_between_two_pages_is_gone_on_with(city: City, wanted: Manifest) -> None:
    city.build()
    city.commit(CHANGE)
    with plugin(die):
        killed(city.build)

    assert city.build().manifest == wanted


def test_a_first_build_that_was_killed_is_gone_on_with(city: City, wanted: Manifest) -> None:
    city.commit(CHANGE)
    killed(lambda: city.workspace.build(Order(NOW), progress=lambda at: die() if at == "congress" else None))
    assert city.output().sites() == ("portal",)

    again = city.build()
    assert again.manifest == wanted
    assert {path.partition("/")[0] for path in again.written} <= {"congress", "assets"}


def test_a_site_that_fails_leaves_what_was_built_before_it_and_is_made_next_time(city: City, wanted: Manifest) -> None:
    city.build()
    city.commit({ARTICLE: make_article("改了"), **CHANGE})

    def fail(content: object) -> None:
        if getattr(content, "title", "") == "改了标题":
            raise RuntimeError("the plugin is broken")

    with plugin(fail), pytest.raises(BuildError, match="'congress' could not be built: RuntimeError"):
        city.build()
    assert "改了" in city.built_page("portal/index.html") or "改了" in city.built_page("portal/news/index.html")
    assert "改了标题" not in city.built_page("congress/news/index.html")

    assert {path.partition("/")[0] for path in city.build().written} == {"congress"}
    city.commit({ARTICLE: make_files()[ARTICLE]})
    assert city.build().manifest == wanted


# ---- mistakes -------------------------------------------------------------------------------------------------------


def test_every_mistake_of_the_configuration_is_named_and_nothing_is_built(city: City) -> None:
    city.build()
    before = city.output()
    files = make_files()
    city.commit({SITE: files[SITE].replace(b"zh-Hans", b"latin"), "sites/congress/site.toml": b"format = 7\n"})
    with pytest.raises(MisconfiguredError) as caught:
        city.build()

    assert {issue.path for issue in caught.value.issues} == {SITE, "sites/congress/site.toml"}
    for issue in caught.value.issues:
        assert f"{issue.place()}: {issue.text('en')}" in caught.value.english
        assert f"{issue.place()}: {issue.text('zh')}" in caught.value.chinese
    assert city.output() == before


def test_two_builds_at_once_are_refused(city: City) -> None:
    city.build()
    with (city.workspace.rooms.var / ".lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BusyError, match="Another build works in"):
            city.build()

    assert city.build().pages_written == 0


def test_a_repository_without_main_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    GitStore.create(tmp_path / "data" / "content.git").close()
    with pytest.raises(ContentError, match="has no branch 'main'. Run 'zhanqun seed'"):
        City(tmp_path).build()


# ---- what is derived heals ------------------------------------------------------------------------------------------

DAMAGE = [
    ("an index that is no database", "index.db", b"not a database, far from it" * 300),
    ("an empty index", "index.db", b""),
]


@pytest.mark.parametrize(("name", "data"), [row[1:] for row in DAMAGE], ids=[row[0] for row in DAMAGE])
def test_damage_in_var_heals_by_itself(city: City, wanted: Manifest, name: str, data: bytes) -> None:
    city.build()
    city.commit(CHANGE)
    file = city.workspace.rooms.var / name
    for leftover in file.parent.glob(f"{name}-*"):
        leftover.unlink()
    file.write_bytes(data)

    assert city.build().manifest == wanted
    assert city.build().pages_written == 0


@pytest.mark.parametrize("name", ["index.db", "blobs", "templates"])
def test_what_is_missing_in_var_is_made_again(city: City, name: str) -> None:
    first = city.build()
    gone = city.workspace.rooms.var / name
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()

    again = city.build()
    assert again.manifest == first.manifest
    assert [sha for sha in again.manifest.blobs() if sha not in city.workspace.rooms.blobs] == []


def test_the_state_of_the_last_build_reads_back(city: City) -> None:
    city.commit({TYPO: make_article(title=None), SCHEDULED: make_article("明天见", "2026-11-21T09:00")})
    outcome = city.build()

    state = read_state(city.workspace.rooms)
    assert state is not None
    assert (state.root, state.now, state.next_moment) == (outcome.manifest.root(), NOW, outcome.next_moment)
    assert state.issues == outcome.issues


def test_before_the_first_build_there_is_no_state_and_asking_makes_none(city: City) -> None:
    assert read_state(city.workspace.rooms) is None
    assert not city.workspace.rooms.var.exists()


@pytest.mark.parametrize("data", [b"", b"not a database" * 300], ids=["empty", "no database"])
def test_a_damaged_index_has_no_state(city: City, data: bytes) -> None:
    city.workspace.rooms.var.mkdir()
    city.workspace.rooms.index.write_bytes(data)
    assert read_state(city.workspace.rooms) is None


def test_whatever_page_of_the_index_is_damaged_asking_for_the_state_does_not_fail(city: City) -> None:
    city.build()
    index = city.workspace.rooms.index
    data = index.read_bytes()
    for start in range(0, len(data), 4096):
        delete_index(index)
        index.write_bytes(data[:start] + b"\xff" * 4096 + data[start + 4096 :])
        state = read_state(city.workspace.rooms)
        assert state is None or state.now == NOW, start


def test_an_index_of_another_program_is_made_again(city: City, wanted: Manifest) -> None:
    city.build()
    city.commit(CHANGE)
    with closing(sqlite3.connect(city.workspace.rooms.index)) as db:
        db.execute("PRAGMA user_version = 99")

    assert city.build().manifest == wanted


def test_an_index_that_is_damaged_in_the_middle_is_made_again(city: City, wanted: Manifest) -> None:
    city.build()
    city.commit(CHANGE)
    damage_index(city.workspace.rooms.index)

    assert city.build().manifest == wanted


def damage_index(file: Path) -> None:
    """Leaves the head and the schema, so that the damage shows when the tables are read."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(file.read_bytes())
    data[12288:] = b"\xff" * (len(data) - 12288)
    file.write_bytes(data)
    with closing(sqlite3.connect(file)) as db, pytest.raises(sqlite3.DatabaseError):
        db.executescript("SELECT * FROM item; PRAGMA quick_check; UPDATE file SET blob = 1; DELETE FROM item")


def test_a_file_that_is_saved_during_a_build_is_told_as_such(city: City, tmp_path: Path) -> None:
    folder = write_tree(tmp_path / "folder", make_files())

    def save(_step: str) -> None:
        (folder / ARTICLE).write_bytes(make_article("刚刚保存"))

    with pytest.raises(ContentError, match=f"{ARTICLE} was changed meanwhile"):
        city.workspace.build(Order(NOW), folder, lambda step: save(step) if step == "portal" else None)
    city.workspace.build(Order(NOW), folder)
    assert "刚刚保存" in city.built_page("portal/news/2026/river.html")


PORT = [
    ("the cluster's own address follows the port", "http://{host}:8080", "http://portal.yunze.localhost:9001/"),
    ("a production address does not", "https://{host}", "https://portal.yunze.localhost/"),
]


@pytest.mark.parametrize(("url", "expected"), [row[1:] for row in PORT], ids=[row[0] for row in PORT])
def test_the_port_of_the_settings_is_for_the_default_port_only(city: City, url: str, expected: str) -> None:
    with city.workspace.source() as source:
        cluster = next(source.read(entry) for entry in source.entries() if entry.path == "sites/cluster.toml")
    city.commit({"sites/cluster.toml": cluster.replace(b"http://{host}:8080", url.encode())})
    outcome = city.workspace.build(Order(NOW, port=9001))
    page = city.workspace.rooms.blobs.read(outcome.manifest["portal/index.html"].raw).decode()

    assert expected in page
    assert city.workspace.build(Order(NOW, port=9001)).pages_written == 0


def test_templates_that_the_theme_does_not_have_are_told_before_any_item_uses_them(city: City) -> None:
    article = make_files()["sites/types/article.toml"]
    poem, home = (article.replace(b'"article"', name) for name in (b'"poem"', b'"home"'))
    city.commit({"sites/types/poem.toml": poem, "sites/types/home.toml": home, SITE: b""})
    with pytest.raises(MisconfiguredError) as caught:
        city.build()

    assert {"sites/types/poem.toml", "sites/types/home.toml", SITE} == {issue.path for issue in caught.value.issues}


def test_mistakes_of_the_configuration_travel_between_processes() -> None:
    error = MisconfiguredError((Issue.of("config-missing", "sites/portal/site.toml", 3, "name"),))
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.issues, copy.english, copy.chinese) == (error.issues, error.english, error.chinese)


# ---- pictures -------------------------------------------------------------------------------------------------------

PICTURES = {f"content/portal/news/2026/{name}.jpg": make_picture(900, 500 + n) for n, name in enumerate("abc")}
ILLUSTRATED = "![甲](a.jpg)\n\n![乙](b.jpg)\n\n![丙](c.jpg)"


def test_an_edited_article_with_three_pictures_draws_none_of_them_again(city: City) -> None:
    city.commit(PICTURES | {ARTICLE: make_article(body=ILLUSTRATED)})
    first = city.build()
    pictures = city.workspace.rooms.var / "pictures"
    drawn = written_files(pictures)
    assert len([file for file in drawn if file.suffix == ".json"]) == 3
    assert len([path for path in first.manifest if path.startswith("portal/_pictures/")]) == len(drawn) - 3

    city.commit({ARTICLE: make_article(body=f"改了一个字。\n\n{ILLUSTRATED}")})
    assert "portal/news/2026/river.html" in city.build().written
    assert written_files(pictures) == drawn


def test_a_new_index_draws_no_picture_again(city: City) -> None:
    city.commit(PICTURES | {ARTICLE: make_article(body=ILLUSTRATED)})
    first = city.build()
    drawn = written_files(city.workspace.rooms.var / "pictures")

    again = city.build(full=True)

    assert again.manifest == first.manifest
    assert written_files(city.workspace.rooms.var / "pictures") == drawn


def test_without_the_folder_of_pictures_the_output_is_the_same(city: City) -> None:
    city.commit(PICTURES | {ARTICLE: make_article(body=ILLUSTRATED)})
    first = city.build()
    shutil.rmtree(city.workspace.rooms.var / "pictures")
    assert city.build(full=True).manifest == first.manifest


def test_a_picture_that_goes_takes_its_variants_with_it(city: City) -> None:
    city.commit(PICTURES | {ARTICLE: make_article(body=ILLUSTRATED)})
    city.build()
    city.commit({ARTICLE: make_article(body="![甲](a.jpg)")})
    left = {path.split(".")[0] for path in city.build().manifest if path.startswith("portal/_pictures/")}
    assert left == {"portal/_pictures/news/2026/a"}
