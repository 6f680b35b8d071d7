"""Promises of the page tags: exactly the rules 1-3, and the same words as readers see."""

from __future__ import annotations

import re

import pytest

from cluster.site import COLUMN_KINDS
from plugins.metatags.tags import COLUMN_TYPES, column_tags, page_tags
from plugins.pages.frame import site_view
from plugins.pages.views import ColumnView
from tests.plugins.rendering import Rendered, compose
from tests.plugins.town import ODD

SITE = [("SiteName", "portal 网站"), ("SiteDomain", "portal.yunze.localhost"), ("SiteIDCode", "9999000001")]
NEWS = [
    ("ColumnName", "栏目 news"),
    ("ColumnDescription", "这个栏目的内容。"),
    ("ColumnKeywords", "云泽,news"),
    ("ColumnType", "工作动态"),
]
RULES = re.compile(r"(Site|Column)[A-Z]|ArticleTitle|PubDate|ContentSource|Keywords|Author|Description|Image|Url")


def tags_of(site: Rendered, path: str) -> list[tuple[str, str]]:
    """The tags of the rules on a page, in their order."""
    metas = [(str(meta.get("name", "")), str(meta.get("content", ""))) for meta in site.page(path).select("meta")]
    return [(name, content) for name, content in metas if RULES.match(name)]


@pytest.mark.parametrize(
    ("path", "tags"),
    [
        ("index.html", SITE),
        ("sitemap.html", SITE),
        ("404.html", SITE),
        ("topics/river/index.html", SITE),
        ("news/index.html", [*SITE, *NEWS]),
        (
            "news/2026/river.html",
            [
                *SITE,
                *NEWS,
                ("ArticleTitle", "云泽河综合治理二期工程开工"),
                ("PubDate", "2026-11-18 09:30"),
                ("ContentSource", "云泽市水务局"),
                ("Keywords", "河,堤"),
                ("Author", "王芳"),
                ("Description", "一句话。"),
                ("Image", "http://portal.yunze.localhost:8080/images/a.svg"),
                ("Url", "http://portal.yunze.localhost:8080/news/2026/river.html"),
            ],
        ),
    ],
)
def test_a_page_has_the_tags_of_the_rules_in_their_order(
    town: dict[str, Rendered], path: str, tags: list[tuple[str, str]]
) -> None:
    assert tags_of(town["portal"], path) == tags


def test_a_standing_page_has_no_date_and_no_source(town: dict[str, Rendered]) -> None:
    names = [name for name, _ in tags_of(town["portal"], "about/history.html")]
    assert "ArticleTitle" in names
    assert not {"PubDate", "ContentSource"} & set(names)


def test_numbered_pages_have_their_columns_tags(town: dict[str, Rendered]) -> None:
    tags = dict(tags_of(town["portal"], "archive/2025/list-1.html"))
    assert (tags["ColumnName"], tags["ColumnKeywords"]) == ("栏目 archive", "云泽,archive")


def test_every_page_carries_the_sites_own_code(town: dict[str, Rendered]) -> None:
    for site in town.values():
        for path in site.pages():
            code = dict(tags_of(site, path))["SiteIDCode"]
            assert re.fullmatch(r"\d{10}|bm\d{8}", code), path


def test_the_tags_say_what_readers_see(town: dict[str, Rendered]) -> None:
    """Title, time, source and column (rule 3), on every dated item's page of the town."""
    seen = 0
    for site in town.values():
        for path in site.pages():
            page, tags = site.page(path), dict(tags_of(site, path))
            if "PubDate" not in tags:
                continue
            seen += 1
            assert page.select("h1.article-title")[0].get_text() == tags["ArticleTitle"]
            assert page.select(".pub-date")[0].get_text() == tags["PubDate"]
            assert page.select(".content-source")[0].get_text() == tags["ContentSource"]
            assert page.select(".breadcrumb a")[-1].get_text() == tags["ColumnName"]
    assert seen > 50


def test_the_column_tags_say_what_readers_see(town: dict[str, Rendered]) -> None:
    for site in town.values():
        for column in site.job.shown_columns():
            page = site.page(f"{column.path}/index.html")
            tags = dict(tags_of(site, f"{column.path}/index.html"))
            assert page.select("h1")[0].get_text() == tags["ColumnName"]
            assert page.select(".breadcrumb li")[-1].get_text() == tags["ColumnName"]
            assert page.select("p.lead")[0].get_text() == tags["ColumnDescription"]


def test_odd_marks_stay_words(town: dict[str, Rendered]) -> None:
    site = town["portal"]
    tags = dict(tags_of(site, "news/notices/2026/odd.html"))
    assert (tags["ArticleTitle"], tags["Keywords"], tags["Description"]) == (ODD, ODD, ODD)
    assert site.page("news/notices/2026/odd.html").select("h1.article-title")[0].get_text() == ODD
    for path in site.pages():
        assert site.page(path).find_all("script", src=False) == [], path


def test_every_column_kind_has_its_word() -> None:
    assert set(COLUMN_TYPES) == set(COLUMN_KINDS)


def test_an_english_column_has_an_english_type_and_its_title_as_keyword() -> None:
    column = ColumnView("news", "News", "/news/", "What happens.", (), "news", "Office")
    assert column_tags(column, english=True)[2:] == (("ColumnKeywords", "News"), ("ColumnType", "News"))
    assert column_tags(column, english=False)[3] == ("ColumnType", "工作动态")


def test_tags_without_a_value_are_left_out(town: dict[str, Rendered]) -> None:
    for path in town["portal"].pages():
        assert all(content for _, content in tags_of(town["portal"], path)), path


def test_tags_follow_from_the_views_alone(town: dict[str, Rendered]) -> None:
    job = town["portal"].job
    composed, _ = compose(job, "news/2026/river.html")
    assert list(page_tags(site_view(job), composed)) == tags_of(town["portal"], "news/2026/river.html")
