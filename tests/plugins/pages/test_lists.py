"""Promises about items in lists and about column pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugins.pages.job import Findings, Job
from plugins.pages.lists import column_list, column_view, fixed_column_view, item_link, numbered_keys
from plugins.pages.views import Link
from tests.builders import ARTICLE, make_article, make_cluster_files, make_column, make_page, make_site
from tests.plugins.rendering import SVG, compose, make_job, render_site

NEWS = ("news", "news/notices", "news/video")


def titles(items: Any) -> list[str]:
    """The titles of a page's items."""
    return [item.title for item in items]


def test_an_item_says_in_a_list_what_readers_choose_by() -> None:
    files = make_cluster_files() | {
        ARTICLE: make_article(
            title="开工",
            summary="一句话。",
            image="/portal/images/a.svg",
            image_alt="河",
            attachments=[{"file": "a.pdf", "title": "甲"}, {"file": "b.pdf", "title": "乙"}],
        ),
        "content/portal/images/a.svg": SVG,
    }
    job = make_job(files)
    found = job.index.item(ARTICLE)
    assert found is not None
    link = item_link(job, Findings(), found)
    assert (link.title, link.url, link.summary, link.documents) == ("开工", "/news/2026/river.html", "一句话。", 2)
    assert link.date is not None
    assert link.date.isoformat() == "2026-11-18T09:30:00+08:00"
    assert link.column == Link("栏目 news", "/news/")
    assert link.image is not None
    assert (link.image.url, link.image.alt, link.image.width) == ("/images/a.svg", "河", 320)
    assert (link.elsewhere, link.badge) == ("", "")


def test_an_item_of_another_site_leads_there_and_names_the_site() -> None:
    files = make_cluster_files({"portal": ["news"], "coal": ["news"]})
    files |= {"content/coal/news/2026/mine.md": make_article(title="矿", also=["portal:news"])}
    (link,) = compose(make_job(files), "news/index.html")[0].context["items"]
    assert link.url == "http://coal.yunze.localhost:8080/news/2026/mine.html"
    assert link.column.url == "http://coal.yunze.localhost:8080/news/"
    assert (link.elsewhere, link.language) == ("coal", "")


@pytest.mark.parametrize(
    ("site", "page", "language"), [("portal", "news/index.html", "en"), ("english", "about/index.html", "zh-Hans")]
)
def test_an_item_in_another_language_says_which_wherever_a_list_shows_it(
    tmp_path: Path, site: str, page: str, language: str
) -> None:
    home = [{"block": kind, "column": "news"} for kind in ("headline", "gallery")]
    home = [*home, {"block": "channels", "columns": ["news"]}]
    sites = {
        "portal": make_site("portal", ["news"], home=home),
        "english": make_site("english", ["about"], language="en"),
    }
    files = make_cluster_files(sites) | {
        ARTICLE: make_article("河", summary="一句话。", also=["english:about"]),
        "content/english/about/2026/a.md": make_article("River", summary="Words.", also=["portal:news"]),
    }
    rendered = render_site(tmp_path, files, site=site)
    shown = {"en": ("River", "Words.", "english"), "zh-Hans": ("河", "一句话。", "portal")}[language]
    places = [page, "index.html"] if site == "portal" else [page]
    runs = [run for place in places for run in rendered.page(place).find_all(string=shown)]
    assert len(runs) > len(shown)
    assert {run.parent["lang"] for run in runs if run.parent is not None and run.find_parent("main")} == {language}


def test_a_statutes_validity_is_its_badge() -> None:
    law = make_article(type="statute", law="治水条例", status="repealed")
    (link,) = compose(make_job(make_cluster_files() | {ARTICLE: law}), "news/index.html")[0].context["items"]
    assert link.badge == "repealed"


def test_a_column_page_shows_standing_items_first_then_the_newest_of_all_below_it() -> None:
    files = make_cluster_files({"portal": NEWS}) | {
        "content/portal/news/2026/a.md": make_article(title="旧", date="2026-01-01"),
        "content/portal/news/notices/2026/b.md": make_article(title="新", date="2026-02-01"),
        "content/portal/news/about.md": make_page(title="常设"),
        "content/portal/news/2026/c.md": make_article(title="未来", date="2026-12-01"),
    }
    composed, _ = compose(make_job(files), "news/index.html")
    assert titles(composed.context["items"]) == ["常设", "新", "旧"]
    assert titles(compose(make_job(files), "news/notices/index.html")[0].context["items"]) == ["新"]


def test_items_of_the_same_time_stand_in_a_fixed_order() -> None:
    files = make_cluster_files() | {f"content/portal/news/2026/{name}.md": make_article(title=name) for name in "bca"}
    assert titles(compose(make_job(files), "news/index.html")[0].context["items"]) == ["c", "b", "a"]


def test_a_column_names_its_shown_neighbours_only() -> None:
    files = make_cluster_files({"portal": NEWS}) | {"content/portal/news/notices/2026/a.md": make_article()}
    job = make_job(files)
    notices = Link("栏目 news/notices", "/news/notices/")
    news = column_view(job, job.site.columns["news"])
    assert (news.children, news.siblings, news.parent) == ((notices,), (), None)
    view = column_view(job, job.site.columns["news/notices"])
    assert (view.children, view.siblings, view.parent) == ((), (notices,), Link("栏目 news", "/news/"))
    assert (view.name, view.slug) == (view.title, view.path)


def test_the_column_on_an_items_page_follows_from_the_configuration_alone() -> None:
    files = make_cluster_files({"portal": NEWS}) | {ARTICLE: make_article()}
    more = files | {"content/portal/news/notices/2026/a.md": make_article()}
    views = [fixed_column_view(job, job.site.columns["news"]) for job in (make_job(files), make_job(more))]
    assert views[0] == views[1]
    assert (views[0].children, views[0].siblings) == ((), ())


def test_a_lists_first_page_leads_to_its_years_and_its_newest_numbered_page() -> None:
    items = {
        f"content/portal/news/{year}/n{n}.md": make_article(date=f"{year}-01-01")
        for year in (2025, 2026)
        for n in range(25)
    }
    job = make_job(make_cluster_files() | items)
    pager = compose(job, "news/index.html")[0].context["pager"]
    assert (pager.newer, pager.older, pager.year, pager.number) == ("", "/news/2026/list-1.html", 0, 0)
    assert pager.years == (Link("2026", "/news/2026/list-1.html"), Link("2025", "/news/2025/list-2.html"))


def test_a_numbered_page_leads_on_both_ways_and_the_newest_one_back_to_the_column() -> None:
    items = {
        f"content/portal/news/{year}/n{n}.md": make_article(date=f"{year}-01-01")
        for year in (2025, 2026)
        for n in range(25)
    }
    job = make_job(make_cluster_files() | items)
    newest = compose(job, "news/2026/list-1.html")[0]
    oldest = compose(job, "news/2025/list-1.html")[0]
    assert (newest.context["pager"].newer, newest.context["pager"].older) == ("/news/", "/news/2025/list-2.html")
    assert (oldest.context["pager"].newer, oldest.context["pager"].older) == ("/news/2025/list-2.html", "")
    assert newest.page.title == "栏目 news 2026年 · 第 1 页 - portal 网站"
    assert newest.page.canonical == "http://portal.yunze.localhost:8080/news/2026/list-1.html"


def make_big_year(language: str = "zh-Hans") -> Job:
    """A column with 25 items in 2024, 240 from January to June 2025 and one in July, 25 in January 2026."""
    days = [f"2024-05-{n + 1:02}" for n in range(25)] + [f"2026-01-{n + 1:02}" for n in range(25)]
    days += [f"2025-{n // 40 + 1:02}-{n % 20 + 1:02}T{n % 40 // 20:02}:00" for n in range(241)]
    items = {f"content/portal/news/{day[:4]}/n{n}.md": make_article(date=day) for n, day in enumerate(days)}
    site = make_site("portal", columns=[make_column("news")], language=language)
    return make_job(make_cluster_files({"portal": site}) | items)


def test_a_year_with_more_than_240_items_has_its_pages_by_month() -> None:
    job = make_big_year()
    months = [f"news/2025/list-{month}-{number}.html" for month in range(1, 7) for number in (1, 2)]
    assert [key.path for key in numbered_keys(job, "news")] == [
        "news/2024/list-1.html", "news/2024/list-2.html", *months, "news/2025/list-7-1.html", "news/2026/list-1.html",
    ]  # fmt: skip
    march = compose(job, "news/2025/list-3-2.html")[0]
    assert [item.date.isoformat()[:13] for item in march.context["items"]] == [
        f"2025-03-{day:02}T{hour:02}" for day in range(20, 10, -1) for hour in (1, 0)
    ]


def test_older_and_newer_lead_through_months_as_through_years_and_each_year_to_its_newest_page() -> None:
    job = make_big_year()
    pagers = {key.path: compose(job, key.path)[0].context["pager"] for key in numbered_keys(job, "news")}
    paths = [f"/{path}" for path in pagers]
    assert [pager.newer for pager in pagers.values()] == [*paths[1:], "/news/"]
    assert [pager.older for pager in pagers.values()] == ["", *paths[:-1]]
    assert compose(job, "news/index.html")[0].context["pager"].years == (
        Link("2026", "/news/2026/list-1.html"),
        Link("2025", "/news/2025/list-7-1.html"),
        Link("2024", "/news/2024/list-2.html"),
    )


@pytest.mark.parametrize(
    ("language", "year", "month"),
    [("zh-Hans", "2024年 · 第 2 页", "2025年3月 · 第 1 页"), ("en", "2024, page 2", "March 2025, page 1")],
)
def test_a_numbered_page_says_its_period_and_its_number(language: str, year: str, month: str) -> None:
    job = make_big_year(language)
    for path, name in (("news/2024/list-2.html", year), ("news/2025/list-3-1.html", month)):
        composed = compose(job, path)[0]
        assert composed.context["pager"].name == name
        assert composed.page.title == f"栏目 news {name} - portal 网站"
    pager = compose(job, "news/2025/list-3-1.html")[0].context["pager"]
    assert (pager.year, pager.month, pager.number) == (2025, 3, 1)


def test_a_column_offers_its_feed_only_when_it_has_one() -> None:
    files = make_cluster_files({"portal": ("news", "news/notices", "about")}) | {
        "content/portal/news/notices/2026/a.md": make_article(),
        "content/portal/about/history.md": make_page(),
    }
    job = make_job(files)
    feeds = {path: [feed.url for feed in compose(job, f"{path}/index.html")[0].page.feeds] for path in job.site.columns}
    assert feeds == {
        "news": ["/feed.xml", "/news/feed.xml"],
        "news/notices": ["/feed.xml", "/news/feed.xml"],
        "about": ["/feed.xml"],
    }


def test_a_home_block_gets_the_newest_items_standing_ones_first() -> None:
    files = make_cluster_files() | {
        f"content/portal/news/2026/n{n}.md": make_article(title=f"{n}", date=f"2026-01-0{n}") for n in range(1, 5)
    }
    files |= {"content/portal/news/about.md": make_page(title="常设")}
    job = make_job(files)
    assert titles(column_list(job, Findings(), "news", 3).items) == ["常设", "4", "3"]


def test_a_column_without_items_has_no_page_hidden_or_not() -> None:
    site = make_site("portal", columns=[make_column("news"), make_column("none"), make_column("old", hidden=True)])
    job = make_job(make_cluster_files({"portal": site}) | {ARTICLE: make_article()})
    assert [column.path for column in job.shown_columns()] == ["news"]
