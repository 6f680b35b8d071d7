"""Promises to readers of another language: the same page, else the like column with a note, and never a dead link."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.source import blob_id
from tests.builders import make_article, make_cluster_files, make_column, make_site
from tests.plugins.rendering import Rendered, render_site

ENGLISH = "http://english.yunze.localhost:8080"
RIVER = "content/portal/news/2026/river.md"
WORKS = "content/english/news/2026/works.md"
ORIGINAL = make_article("云泽河综合治理二期工程开工", id="a1")
EDITED = make_article("云泽河综合治理二期工程开工", id="a1", updated="2026-11-19T08:00", body="有更正。")

Render = Callable[..., Rendered]


def town(**changes: bytes | None) -> dict[str, bytes]:
    """A Chinese and an English site; the column `news` of one is the like of the other's."""
    portal = [make_column("news", counterpart="english:news"), make_column("news/counties"), make_column("about")]
    english = [make_column("news", title="News")]
    files: dict[str, bytes | None] = {
        **make_cluster_files(
            {"portal": make_site("portal", portal), "english": make_site("english", english, language="en")}
        ),
        RIVER: ORIGINAL,
        "content/portal/news/2026/alone.md": make_article("只有中文", id="a3"),
        "content/portal/news/counties/2026/inner.md": make_article("下级栏目", id="a4"),
        "content/portal/about/2026/none.md": make_article("没有对应栏目", id="a5"),
        WORKS: make_article("Works begin", id="a2", translation_of="a1", translated_blob=blob_id(ORIGINAL)[:12]),
        **changes,
    }
    return {path: data for path, data in files.items() if data is not None}


@pytest.fixture
def render(tmp_path: Path) -> Render:
    return lambda key, changes=None: render_site(tmp_path / key, town(**(changes or {})), site=key)


def switch(page: Rendered, path: str) -> list[tuple[str, str]]:
    """Where the page's own switcher leads, and in which language."""
    return [(str(link["href"]), str(link["hreflang"])) for link in page.page(path).select(".languages a")]


def test_a_pair_leads_to_each_other(render: Render) -> None:
    assert switch(render("portal"), "news/2026/river.html") == [(f"{ENGLISH}/news/2026/works.html", "en")]
    portal = "http://portal.yunze.localhost:8080"
    assert switch(render("english"), "news/2026/works.html") == [(f"{portal}/news/2026/river.html", "zh-Hans")]


def test_both_pages_of_a_pair_name_the_same_alternates(render: Render) -> None:
    heads = [
        {(str(one["hreflang"]), str(one["href"])) for one in render(key).page(path).select("link[hreflang]")}
        for key, path in (("portal", "news/2026/river.html"), ("english", "news/2026/works.html"))
    ]
    assert heads[0] == heads[1]
    assert {language for language, _ in heads[0]} == {"zh-Hans", "en", "x-default"}


@pytest.mark.parametrize("path", ["news/2026/alone.html", "news/counties/2026/inner.html", "news/counties/index.html"])
def test_a_page_without_a_pair_leads_to_the_like_column_with_a_note(render: Render, path: str) -> None:
    portal = render("portal")
    assert switch(portal, path) == [(f"{ENGLISH}/news/", "en")]
    assert "英文栏目：" in portal.page(path).select_one(".languages").get_text()  # type: ignore[union-attr]
    assert portal.page(path).select("link[hreflang]") == []


def test_a_column_without_a_like_has_no_switcher(render: Render) -> None:
    assert switch(render("portal"), "about/2026/none.html") == []


def test_a_like_column_that_is_empty_is_never_led_to(render: Render) -> None:
    assert switch(render("portal", {WORKS: None}), "news/2026/alone.html") == []


def test_a_translation_says_when_the_original_is_newer(render: Render) -> None:
    assert render("english").page("news/2026/works.html").select(".newer") == []
    stale = render("english", {RIVER: EDITED}).page("news/2026/works.html").select_one(".newer")
    assert stale is not None
    assert "The Chinese version is newer" in stale.get_text()
    link = stale.select_one("a")
    assert link is not None
    assert (link["href"], link["lang"]) == ("http://portal.yunze.localhost:8080/news/2026/river.html", "zh-Hans")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({RIVER: EDITED}, "translation-stale"),
        ({WORKS: make_article("Works begin", id="a2", translation_of="a1")}, "translation-unmarked"),
        ({}, None),
    ],
    ids=["an original that changed", "no edition named", "as it should be"],
)
def test_the_report_tells_which_line_to_write(render: Render, changes: dict[str, bytes], code: str | None) -> None:
    told = [one for one in render("english", changes).issues if one.code.startswith("translation")]
    assert [one.code for one in told] == ([code] if code else [])
    original = changes.get(RIVER, ORIGINAL)
    assert all(dict(one.values)["blob"] == blob_id(original)[:12] for one in told)
