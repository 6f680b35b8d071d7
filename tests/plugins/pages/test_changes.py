"""Promises about what a change leads to: the pages that show it, by their reads or by contract, and few others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.index import Made, PageKey
from cluster.manifest import Entry
from plugins.feeds.feeds import Feeds
from plugins.feeds.sitemap import PART, Sitemaps
from plugins.pages.changes import Plan, has_changes, plan_changes, plan_everything
from plugins.pages.job import Job
from plugins.pages.plan import Pages
from tests.builders import NOW, make_article, make_cluster_files, make_page, make_site, make_topic
from tests.plugins.growing import Changes, GrownSite, with_changes
from tests.plugins.paging import short_lists
from tests.plugins.rendering import SVG, make_job, render_site

MAKERS = (Pages(), Feeds(), Sitemaps())
HOME = [{"block": "headline", "column": "news", "count": 2}, {"block": "topics", "count": 3}]
COLUMNS = ("news", "news/notices", "news/video", "policy", "about", "archive")


def news(day: int, slug: str, column: str = "news", **fields: object) -> dict[str, bytes]:
    """One item of the portal, of a day in November."""
    item = make_article(title=f"第{day}日 {slug}", date=f"2026-11-{day:02}", **fields)  # type: ignore[arg-type]
    return {f"content/portal/{column}/2026/{slug}.md": item}


def archived(year: int, count: int, start: int = 0) -> dict[str, bytes]:
    """Items of the archive, an hour apart, so that the list has 2025's pages 1 to 3 and 2026's page 1."""
    return {
        f"content/portal/archive/{year}/n{n:02}.md": make_article(date=f"{year}-01-{n // 24 + 1:02}T{n % 24:02}:00")
        for n in range(start, start + count)
    }


def make_city() -> dict[str, bytes]:
    """Portal and coal in Chinese, one site in English; five news of the portal, one column without any item."""
    files = make_cluster_files(
        {
            "portal": make_site("portal", COLUMNS, home=HOME),
            "coal": ["news"],
            "english": make_site("english", ["news"], language="en"),
        }
    )
    files |= {"content/coal/news/2026/mine.md": make_article("矿山", "2026-10-01")}
    files |= {"content/english/news/2026/start.md": make_article("Start", "2026-10-01", source="Office")}
    files |= news(1, "a") | news(2, "b") | news(3, "c") | news(4, "d") | news(5, "e")
    files |= archived(2025, 45) | archived(2026, 25)
    return files | news(2, "note", "news/notices") | {
        "content/portal/policy/2026/plan.md": make_article("方案", "2026-06-01", id="bb22"),
        "content/portal/about/history.md": make_page(),
        "content/portal/about/people.md": make_page("人口"),
        "sites/portal/topics/river.toml": make_topic("治河", ends="2026-12-01"),
    }  # fmt: skip


def town_of(tmp_path: Path, more: Changes | None = None, site: str = "portal") -> GrownSite:
    """The city with more files, one of its sites made."""
    return GrownSite.made(tmp_path / site, with_changes(make_city(), more or {}), site=site)


def look(town: GrownSite, changes: Changes, now: str = NOW, *, structure: bool = False) -> Plan:
    """What is to be made after one more edit or at another moment."""
    return plan_changes(replace_scope(town.edited(changes, now), structure=structure), MAKERS)


def replace_scope(job: Job, *, structure: bool) -> Job:
    """The same job over other configuration of its home page, topics or withdrawn addresses."""
    return replace(job, scope=replace(job.scope, structure=structure))


def paths(plan: Plan) -> set[str]:
    """The paths of all files to make."""
    return {key.path for key in plan.keys}


def items(plan: Plan) -> set[str]:
    """The paths of the items' pages to make."""
    return {key.path for key in plan.keys if key.kind == "article"}


def kinds(plan: Plan) -> set[tuple[str, str]]:
    """(kind, path) of all other files to make."""
    return {(key.kind, key.path) for key in plan.keys if key.kind != "article"}


# ---- pages of items -------------------------------------------------------------------------------------------------

C, MOVED = "content/portal/news/2026/c.md", "content/portal/policy/2026/c.md"
LAWS = {
    f"content/portal/policy/{year}/law.md": make_article(f"{year} 年治水条例", f"{year}-03-01", type="statute", law="治水条例")
    for year in (2015, 2020)
}  # fmt: skip
FAMILY = news(3, "c", id="aa11") | {
    "content/portal/policy/2026/mirror.md": make_article("镜", "2026-06-02", translation_of="aa11"),
    "content/english/news/2026/c.md": make_article("C", "2026-11-03", translation_of="aa11"),
}

CONTRACT = {
    "another body": ({}, news(3, "c", body="别的话"), ["news/c"]),
    "another title": ({}, {C: make_article("改名", "2026-11-03")}, ["news/b", "news/c", "news/d"]),
    "another date beside the same items": ({}, {C: make_article("同", "2026-11-03T10:00")}, ["news/b", "news/c", "news/d"]),
    "a new item between two": ({}, news(3, "cc"), ["news/c", "news/cc", "news/d"]),
    "a new item that is the newest": ({}, news(9, "z"), ["news/e", "news/z"]),
    "an item that goes": ({}, {C: None}, ["news/b", "news/d"]),
    "an item that expires": ({}, news(3, "c", expires="2026-11-19"), ["news/b", "news/d"]),
    "an item that moves to another column": (
        {}, {C: None} | news(3, "c", "policy"), ["news/b", "news/d", "policy/c", "policy/plan"]
    ),
    "an item that is passed over by time": (
        {}, {C: make_article("后", "2026-11-06")}, ["news/b", "news/c", "news/d", "news/e"]
    ),
    "a new item of an earlier year": (
        {}, {"content/portal/news/2025/old.md": make_article(date="2025-12-31")}, ["news/2025/old", "news/a"]
    ),
    "an item of a column below": ({}, news(3, "x", "news/notices"), ["news/notices/note", "news/notices/x"]),
    "an item listed here only": ({}, news(3, "x", "policy", also=["news"]), ["policy/plan", "policy/x"]),
    "another title of a document that is interpreted": (
        news(7, "read", interprets="bb22"),
        {"content/portal/policy/2026/plan.md": make_article("新方案", "2026-06-01", id="bb22")},
        ["news/read", "policy/plan"],
    ),
    "another title of an interpretation": (
        news(7, "read", interprets="bb22"),
        {"content/portal/news/2026/read.md": make_article("新解读", "2026-11-07", interprets="bb22")},
        ["news/e", "news/read", "policy/plan"],
    ),
    "an interpretation that is one no more": (
        news(7, "read", interprets="bb22"), news(7, "read"), ["news/e", "news/read", "policy/plan"]
    ),
    "a reference by path that comes true": (
        news(7, "read", interprets="portal/policy/2026/later.md"),
        {"content/portal/policy/2026/later.md": make_article(date="2026-07-01")},
        ["news/read", "policy/later", "policy/plan"],
    ),
    "an original with translations here and elsewhere": (
        FAMILY,
        {C: make_article("改名", "2026-11-03", id="aa11")},
        ["news/b", "news/c", "news/d", "policy/mirror"],
    ),
    "a further translation": (
        FAMILY,
        {"content/coal/news/2026/c.md": make_article("丙", "2026-11-03", translation_of="aa11")},
        ["news/c", "policy/mirror"],
    ),
    "a translation elsewhere that goes": (
        FAMILY, {"content/english/news/2026/c.md": None}, ["news/c", "policy/mirror"]
    ),
    "an original that goes": (FAMILY, {C: None}, ["news/b", "news/d", "policy/mirror"]),
    "a new version of a law": (
        LAWS,
        {"content/portal/policy/2026/law.md": make_article("新", "2026-07-01", type="statute", law="治水条例")},
        ["policy/2015/law", "policy/2020/law", "policy/law", "policy/plan"],
    ),
    "a version of a law on another site": (
        LAWS,
        {"content/coal/news/2026/law.md": make_article("煤", "2026-07-01", type="statute", law="治水条例")},
        ["policy/2015/law", "policy/2020/law"],
    ),
    "a link's target that is renamed": (
        news(3, "c", body="见[方案](/portal/policy/2026/plan.md)。"),
        {"content/portal/policy/2026/plan.md": make_article("改名", "2026-06-01", id="bb22")},
        ["news/c", "policy/plan"],
    ),
    "a link's target on another site that goes": (
        news(3, "c", body="见[矿](/coal/news/2026/mine.md)。"), {"content/coal/news/2026/mine.md": None}, ["news/c"]
    ),
    "a link's target that appears": (
        news(3, "c", body="见[来日](/portal/policy/2026/x.md)。"),
        {"content/portal/policy/2026/x.md": make_article(date="2026-05-01")},
        ["news/c", "policy/plan", "policy/x"],
    ),
    "a link's page that is now an old address": (
        news(3, "c", body="见[旧](/news/2020/old.html)。"),
        news(9, "z", redirect_from=["/news/2020/old.html"]),
        ["news/c", "news/e", "news/z"],
    ),
    "a link to a column that gets its first item": (
        news(3, "c", body="见[视频](/news/video/)。"), news(9, "v", "news/video"), ["news/c", "news/video/v"]
    ),
    "an attachment that is replaced": (
        news(3, "c", attachments=[{"file": "a.pdf", "title": "甲"}]) | {"content/portal/news/2026/a.pdf": b"1"},
        {"content/portal/news/2026/a.pdf": b"22"},
        ["news/c"],
    ),
    "a picture that goes": (
        news(3, "c", body="![图](a.svg)") | {"content/portal/news/2026/a.svg": SVG},
        {"content/portal/news/2026/a.svg": None},
        ["news/c"],
    ),
    "a file that nobody uses": ({}, {"content/portal/news/2026/a.pdf": b"1"}, []),
    "an item of another site": ({}, {"content/coal/news/2026/x.md": make_article()}, []),
    "a standing item's title": ({}, {"content/portal/about/people.md": make_page("人")}, ["about/history", "about/people"]),
}  # fmt: skip


def changed(town: GrownSite, scratch: Path) -> set[str]:
    """The planned files that a clean run over the edited content makes other than the town was made."""
    before, after = town.rendered.files, render_site(scratch / "clean", town.files).files
    differing = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    return differing - town.files_of_content()


def full(short: str) -> str:
    """`news/c` as `news/2026/c.html`; standing items and other years are written as they are."""
    folder, _, name = short.rpartition("/")
    is_whole = folder == "about" or folder[-4:].isdigit()
    return f"{short}.html" if is_whole else f"{folder}/2026/{name}.html"


@pytest.mark.parametrize(("more", "changes", "looked_at"), CONTRACT.values(), ids=CONTRACT)
def test_a_change_leads_to_the_items_pages_that_show_it(
    tmp_path: Path, more: Changes, changes: Changes, looked_at: list[str]
) -> None:
    town = town_of(tmp_path, more)
    plan = look(town, changes)
    assert items(plan) == set(map(full, looked_at))
    assert changed(town, tmp_path) <= paths(plan) | set(plan.gone)


def test_a_change_on_one_site_leads_to_the_translations_on_another(tmp_path: Path) -> None:
    town = town_of(tmp_path, FAMILY, site="english")
    assert items(look(town, {C: make_article("改名", "2026-11-03", id="aa11")})) == {"news/2026/c.html"}
    assert items(look(town, {"content/portal/policy/2026/mirror.md": None})) == {"news/2026/c.html"}
    assert paths(look(town, {C: None})) >= {"news/2026/c.html"}
    assert paths(look(town, news(9, "z"))) == set()


# ---- pages that gather ----------------------------------------------------------------------------------------------

LISTS = {("column", "news/index.html"), ("feed", "news/feed.xml"), ("feed", "feed.xml"), ("json-feed", "feed.json")}
SITEMAP, FRONT = ("addresses", "sitemap.xml"), ("home", "index.html")


def test_another_body_leads_to_no_page_that_gathers(tmp_path: Path) -> None:
    assert kinds(look(town_of(tmp_path), news(3, "c", body="别的话"))) == set()


def test_an_item_leads_to_the_lists_it_stands_in_and_to_the_home_page_only_when_that_shows_it(tmp_path: Path) -> None:
    town = town_of(tmp_path)
    assert kinds(look(town, {C: make_article("改名", "2026-11-03")})) == {*LISTS, SITEMAP}
    assert kinds(look(town, news(9, "z"))) == {*LISTS, SITEMAP, FRONT}
    assert kinds(look(town, {C: None})) == {*LISTS, SITEMAP}


def test_an_item_leads_to_the_columns_above_its_own(tmp_path: Path) -> None:
    found = kinds(look(town_of(tmp_path), news(3, "x", "news/notices")))
    assert found == {*LISTS, SITEMAP, ("column", "news/notices/index.html")}


def test_an_item_of_another_site_leads_here_when_it_is_listed_here(tmp_path: Path) -> None:
    town = town_of(tmp_path)
    listed = look(town, {"content/coal/news/2026/x.md": make_article(date="2026-11-03", also=["portal:news"])})
    assert kinds(listed) == LISTS
    assert kinds(look(town, {"content/coal/news/2026/y.md": make_article()})) == set()


def test_the_first_item_of_a_column_leads_to_the_columns_around_it_and_to_no_old_list_or_item(tmp_path: Path) -> None:
    more = {f"content/portal/news/2025/n{n}.md": make_article(date=f"2025-01-{n + 1:02}") for n in range(28)}
    more |= {f"content/portal/news/2024/n{n}.md": make_article(date=f"2024-01-{n + 1:02}") for n in range(28)}
    town = town_of(tmp_path, more)
    assert ("list", "news/2024/list-2.html") in {
        (key.kind, key.path) for key in town.rendered.job.outputs.keys("list").values()
    }
    plan = look(town, news(3, "v", "news/video"))
    assert items(plan) == {"news/video/2026/v.html"}
    assert kinds(plan) == {
        *LISTS, SITEMAP, FRONT, ("column", "news/video/index.html"), ("column", "news/notices/index.html"),
        ("sitemap", "sitemap.html"), ("search", "search.html"),
    }  # fmt: skip


def test_the_last_item_of_a_column_takes_the_columns_page_with_it(tmp_path: Path) -> None:
    plan = look(town_of(tmp_path), {"content/portal/news/notices/2026/note.md": None})
    assert plan.gone == ["news/notices/2026/note.html", "news/notices/index.html"]
    assert ("sitemap", "sitemap.html") in kinds(plan)


def test_the_first_dated_item_of_a_first_level_column_gives_it_a_feed_and_the_last_takes_it(tmp_path: Path) -> None:
    town = town_of(tmp_path)
    dated = "content/portal/about/2026/x.md"
    assert {("feed", "about/feed.xml"), ("column", "about/index.html")} <= kinds(look(town, {dated: make_article()}))
    town.rendered.job.outputs.keep(Made(PageKey("about/feed.xml", "feed", "about"), Entry("0" * 64, None, 0)))
    plan = look(town, {dated: None})
    assert "about/feed.xml" in plan.gone
    assert ("column", "about/index.html") in kinds(plan)


def test_the_end_of_a_topic_leads_to_all_that_name_it(tmp_path: Path) -> None:
    town = town_of(tmp_path, news(3, "c", topic="river"))
    plan = look(town, {}, "2026-12-02T00:00:00+08:00")
    assert items(plan) == {"news/2026/c.html"}
    assert kinds(plan) == {
        FRONT, ("topic", "topics/river/index.html"), ("topics", "topics/index.html"),
        ("sitemap", "sitemap.html"), ("search", "search.html"),
    }  # fmt: skip
    assert kinds(look(town, {}, NOW)) == kinds(plan)


def test_other_configuration_leads_to_every_page_that_is_no_items_and_no_numbered_one(tmp_path: Path) -> None:
    town = town_of(tmp_path)
    plan = look(town, {}, structure=True)
    job = town.rendered.job
    assert items(plan) == set()
    assert paths(plan) == {key.path for maker in MAKERS for key in maker.keys(job)}


# ---- numbered lists -------------------------------------------------------------------------------------------------


def lists(plan: Plan) -> list[str]:
    """The numbered pages of the archive to make."""
    return sorted(key.path.removeprefix("archive/") for key in plan.keys if key.kind == "list")


ARCHIVE = {
    "the newest item": (archived(2026, 1, 25), [], []),
    "the item that fills another page": (archived(2026, 15, 25), ["2026/list-1.html", "2026/list-2.html"], []),
    "an older item in front of two pages": (
        {"content/portal/archive/2025/z.md": make_article(date="2025-01-01T23:30")},
        ["2025/list-2.html", "2025/list-3.html"],
        [],
    ),
    "the oldest of a year": (
        {"content/portal/archive/2025/z.md": make_article(date="2025-01-01T00:00")},
        ["2025/list-1.html", "2025/list-2.html", "2025/list-3.html"],
        [],
    ),
    "an item of the last page of an earlier year": (
        {"content/portal/archive/2025/n44.md": None}, ["2025/list-3.html"], []
    ),
    "so few that a page goes": (
        {f"content/portal/archive/2025/n{n}.md": None for n in range(40, 45)},
        ["2025/list-2.html", "2026/list-1.html"],
        ["2025/list-3.html"],
    ),
    "a year before all others": (
        {"content/portal/archive/2024/z.md": make_article(date="2024-05-01")},
        ["2024/list-1.html", "2025/list-1.html"],
        [],
    ),
    "the newest year's only page": (
        dict.fromkeys(archived(2026, 25)), ["2025/list-2.html"], ["2025/list-3.html", "2026/list-1.html"]
    ),
    "another title on a page in the middle": (
        {"content/portal/archive/2025/n25.md": make_article("改", "2025-01-02T01:00")}, ["2025/list-2.html"], []
    ),
    "another body": (archived(2025, 1, 25) | {"content/portal/archive/2025/n25.md": make_article(date="2025-01-02T01:00", body="改")}, [], []),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "looked_at", "gone"), ARCHIVE.values(), ids=ARCHIVE)
def test_numbered_pages_are_looked_at_where_something_moved_and_beside_those_that_came_or_went(
    tmp_path: Path, changes: Changes, looked_at: list[str], gone: list[str]
) -> None:
    town = town_of(tmp_path)
    plan = look(town, changes)
    assert lists(plan) == looked_at
    assert [path.removeprefix("archive/") for path in plan.gone if "list-" in path] == gone
    assert changed(town, tmp_path) <= paths(plan) | set(plan.gone)


def test_the_first_item_of_a_year_closes_the_year_before(tmp_path: Path) -> None:
    plan = look(town_of(tmp_path, dict.fromkeys(archived(2026, 25))), archived(2026, 1))
    assert lists(plan) == ["2025/list-2.html", "2025/list-3.html"]
    assert plan.gone == []


def test_a_list_that_becomes_short_loses_all_its_numbered_pages(tmp_path: Path) -> None:
    files = archived(2026, 25) | dict.fromkeys(archived(2025, 45))
    plan = look(town_of(tmp_path, {}), files)
    assert lists(plan) == []
    assert [path for path in plan.gone if "list-" in path] == [
        *(f"archive/2025/list-{n}.html" for n in (1, 2, 3)), "archive/2026/list-1.html"
    ]  # fmt: skip


def chronicle(months: Mapping[str, int]) -> dict[str, bytes]:
    """So many items of the archive in each month."""
    return {
        f"content/portal/archive/{month[:4]}/m{month[5:]}n{n:02}.md": make_article(date=f"{month}-{n + 1:02}")
        for month, count in months.items()
        for n in range(count)
    }


def in_archive(*names: str) -> Changes:
    """Items of the archive's 2025 that go."""
    return dict.fromkeys(f"content/portal/archive/2025/{name}.md" for name in names)


# 2025 has 46 or 45 items of which the months have two pages each; it is divided when it has more than 45.
DIVIDED, WHOLE = {"2025-01": 23, "2025-02": 23, "2026-01": 25}, {"2025-01": 23, "2025-02": 22, "2026-01": 25}
BY_MONTH = ["2025/list-1-1.html", "2025/list-1-2.html", "2025/list-2-1.html", "2025/list-2-2.html"]
BY_YEAR = ["2025/list-1.html", "2025/list-2.html", "2025/list-3.html"]
BIG_YEAR = {
    "the oldest of a month and one that takes its place in the year": (
        DIVIDED,
        in_archive("m02n00") | {"content/portal/archive/2025/z.md": make_article(date="2025-02-28")},
        BY_MONTH[2:],
        [],
    ),
    "an item that is dated back": (
        DIVIDED,
        {"content/portal/archive/2025/m02n22.md": make_article(date="2025-01-22T12:00")},
        [BY_MONTH[1], BY_MONTH[3]],
        [],
    ),
    "a month before all others": (
        DIVIDED | {"2025-01": 0, "2025-03": 23},
        {"content/portal/archive/2025/z.md": make_article(date="2025-01-01")},
        ["2025/list-1-1.html", "2025/list-2-1.html"],
        [],
    ),
    "an item too many for the year": (
        WHOLE,
        {"content/portal/archive/2025/z.md": make_article(date="2025-02-28")},
        [*BY_MONTH, "2026/list-1.html"],
        BY_YEAR,
    ),
    "an item that makes the year a whole again": (
        DIVIDED, in_archive("m01n00"), [*BY_YEAR, "2026/list-1.html"], BY_MONTH
    ),
    "a year that is divided after another": (
        {"2024-05": 21} | WHOLE,
        {"content/portal/archive/2025/z.md": make_article(date="2025-02-28")},
        ["2024/list-2.html", *BY_MONTH, "2026/list-1.html"],
        BY_YEAR,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("months", "changes", "looked_at", "gone"), BIG_YEAR.values(), ids=BIG_YEAR)
def test_in_a_big_year_the_pages_of_one_month_are_looked_at_and_all_when_it_becomes_big_or_ceases_to_be(
    tmp_path: Path, months: Mapping[str, int], changes: Changes, looked_at: list[str], gone: list[str]
) -> None:
    with short_lists(per_page=20, many=45, part=PART):
        town = town_of(tmp_path, dict.fromkeys([*archived(2025, 45), *archived(2026, 25)]) | chronicle(months))
        plan = look(town, changes)
        assert lists(plan) == looked_at
        assert [path.removeprefix("archive/") for path in plan.gone if "list-" in path] == gone
        assert changed(town, tmp_path) <= paths(plan) | set(plan.gone)


# ---- what goes ------------------------------------------------------------------------------------------------------


def test_pages_of_items_that_are_not_shown_any_more_go(tmp_path: Path) -> None:
    town = town_of(tmp_path, news(6, "soon", expires="2026-11-21"))
    assert look(town, {C: None}).gone == ["news/2026/c.html"]
    assert look(town, {}, "2026-11-21T00:00:00+08:00").gone == ["news/2026/soon.html"]
    assert look(town, news(4, "d", column="policy") | {"content/portal/news/2026/d.md": None}).gone == [
        "news/2026/d.html"
    ]
    assert look(town, {"content/portal/news/2026/e.md": b"---\ntitle: [\n---\n"}).gone == ["news/2026/e.html"]
    assert look(town, {"content/coal/news/2026/mine.md": None}).gone == []


def test_an_earlier_moment_takes_pages_away_and_a_later_one_brings_them_back(tmp_path: Path) -> None:
    town = town_of(tmp_path)
    assert "news/2026/e.html" in look(town, {}, "2026-11-04T12:00:00+08:00").gone
    again = look(town, {}, NOW)
    assert again.gone == []
    assert items(again) == {"news/2026/d.html", "news/2026/e.html"}


def test_a_topic_that_is_no_more_takes_its_page_with_it(tmp_path: Path) -> None:
    plan = look(town_of(tmp_path), {"sites/portal/topics/river.toml": None}, structure=True)
    assert plan.gone == ["topics/index.html", "topics/river/index.html"]


def test_nothing_is_both_made_and_removed(tmp_path: Path) -> None:
    plan = look(town_of(tmp_path), {C: None, "content/portal/news/notices/2026/note.md": None}, structure=True)
    assert paths(plan).isdisjoint(plan.gone)


# ---- whether anything leads here ------------------------------------------------------------------------------------

QUIET = {
    "nothing at all": {},
    "an item of another site": {"content/coal/news/2026/x.md": make_article()},
    "a file that nobody uses": {"content/portal/news/2026/a.pdf": b"1"},
    "a broken item": {"content/coal/news/2026/x.md": b"---\ntitle: [\n---\n"},
}


@pytest.mark.parametrize("changes", QUIET.values(), ids=QUIET)
def test_a_site_that_nothing_leads_to_has_no_changes(tmp_path: Path, changes: Changes) -> None:
    job = town_of(tmp_path).edited(changes)
    assert not has_changes(job)
    assert paths(plan_changes(job, MAKERS)) == set()


LOUD = {
    "an item's body": ({}, news(3, "c", body="改")),
    "another site's item that is listed here": (
        {"content/coal/news/2026/x.md": make_article(also=["portal:news"])},
        {"content/coal/news/2026/x.md": make_article("改", also=["portal:news"])},
    ),
    "another site's item that a page links to": (
        news(3, "c", body="见[矿](/coal/news/2026/mine.md)。"), {"content/coal/news/2026/mine.md": None}
    ),
    "another site's picture": (
        news(3, "c", body="![矿](/coal/images/a.svg)") | {"content/coal/images/a.svg": SVG},
        {"content/coal/images/a.svg": SVG + b" "},
    ),
    "an old address, which only the table shows": ({}, news(3, "c", redirect_from=["/x.html"])),
}  # fmt: skip


@pytest.mark.parametrize(("more", "changes"), LOUD.values(), ids=LOUD)
def test_a_site_that_something_leads_to_has_changes(tmp_path: Path, more: Changes, changes: Changes) -> None:
    assert has_changes(town_of(tmp_path, more).edited(changes))


# ---- everything -----------------------------------------------------------------------------------------------------


def test_a_whole_plan_has_every_file_and_names_what_is_no_more(tmp_path: Path) -> None:
    town = town_of(tmp_path)
    changes: Changes = {C: None, **dict.fromkeys(archived(2025, 45))}
    job = town.edited({**changes, **news(9, "z")})
    plan = plan_everything(job, MAKERS)
    made_now = {key.path: key for key in plan.keys}
    clean = render_site(tmp_path / "clean", town.files)
    kept_apart = ("assets/", "leave/", "_redirects")
    assert made_now.keys() == {path for path in clean.files if not path.startswith(kept_apart)}
    assert made_now["news/2026/z.html"] == PageKey("news/2026/z.html", "article", "content/portal/news/2026/z.md")
    before = {path for path in town.rendered.files if not path.startswith(kept_apart)}
    assert set(plan.gone) == before - made_now.keys()


def test_the_first_plan_removes_nothing() -> None:
    plan = plan_everything(make_job(make_city()), MAKERS)
    assert plan.gone == []
    assert "news/2026/c.html" in paths(plan)
