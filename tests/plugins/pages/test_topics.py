"""Promises about topics: running and over, their sections, and the page that lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugins.pages.topics import topic_keys
from tests.builders import make_article, make_cluster_files, make_page, make_site, make_topic
from tests.plugins.rendering import SVG, codes, compose, make_job, render_site

RIVER = "sites/portal/topics/river.toml"
NEWS = {"title": "动态", "column": "news"}
NOTICES = {"title": "通知", "column": "news/notices"}
REST = {"title": "其他"}


def make_topics(*sections: dict[str, str], **settings: Any) -> dict[str, bytes]:
    """A site with one topic and four items of it."""
    return make_cluster_files() | {
        RIVER: make_topic("治河", summary="一条河。", sections=list(sections) or None, **settings),
        "content/portal/news/2026/a.md": make_article(title="动态一", date="2026-11-01", topic="river"),
        "content/portal/news/2026/b.md": make_article(title="动态二", date="2026-11-02", topic="river"),
        "content/portal/news/notices/2026/c.md": make_article(title="通知一", date="2026-11-03", topic="river"),
        "content/portal/about/d.md": make_page(title="说明", topic="river"),
        "content/portal/news/2026/e.md": make_article(title="无关", date="2026-11-04"),
        "content/portal/news/2026/f.md": make_article(title="未来", date="2026-12-04", topic="river"),
    }


def sections_of(files: dict[str, bytes]) -> dict[str, list[str]]:
    """Section title → titles of its items, on the topic's page."""
    composed, _ = compose(make_job(files), "topics/river/index.html")
    return {section.title: [item.title for item in section.items] for section in composed.context["sections"]}


@pytest.mark.parametrize(
    ("name", "sections", "shown"),
    [
        ("a column with what lies below it", [NEWS], {"动态": ["通知一", "动态二", "动态一"]}),
        ("the first that names the column", [NOTICES, NEWS], {"通知": ["通知一"], "动态": ["动态二", "动态一"]}),
        ("the rest in the last section", [NOTICES, REST], {"通知": ["通知一"], "其他": ["说明", "动态二", "动态一"]}),
        ("the rest in the first section", [REST, NOTICES], {"其他": ["说明", "动态二", "动态一"], "通知": ["通知一"]}),
        ("no section at all", [], {"全部内容": ["说明", "通知一", "动态二", "动态一"]}),
    ],
)
def test_items_stand_in_the_section_that_asks_for_them(
    name: str, sections: list[dict[str, str]], shown: dict[str, list[str]]
) -> None:
    assert sections_of(make_topics(*sections)) == shown, name


def test_a_section_with_nothing_in_it_is_left_out() -> None:
    assert list(sections_of(make_topics({"title": "居民", "column": "residents"}, NEWS))) == ["动态"]


def test_an_english_topic_without_sections_speaks_english() -> None:
    files = make_topics() | {"sites/portal/site.toml": make_site("portal", language="en")}
    assert list(sections_of(files)) == ["All items"]


@pytest.mark.parametrize(
    ("ends", "over"),
    [
        ("2026-12-31", False),
        ("2026-11-20T09:00", True),
        ("2026-11-20T09:01", False),
        ("2026-03-02", True),
        (None, False),
    ],
)
def test_a_topic_is_over_from_its_end_on(ends: str | None, over: bool) -> None:
    composed, _ = compose(make_job(make_topics(ends=ends)), "topics/river/index.html")
    assert composed.context["topic"].over is over


def test_a_topic_that_is_over_says_so_and_stays(tmp_path: Path) -> None:
    running = render_site(tmp_path, make_topics(NEWS)).page("topics/river/index.html")
    over = render_site(tmp_path, make_topics(NEWS, ends="2026-10-01")).page("topics/river/index.html")
    assert running.select(".warning") == []
    assert len(over.select(".warning")) == 1
    assert len(over.select("main li a")) == len(running.select("main li a")) > 0


def test_a_topic_has_its_own_head() -> None:
    files = make_topics(NEWS, image="/portal/images/a.svg", image_alt="河") | {"content/portal/images/a.svg": SVG}
    composed, findings = compose(make_job(files), "topics/river/index.html")
    view, page = composed.context["topic"], composed.page
    assert (view.title, view.summary, view.url, view.image.alt) == ("治河", "一条河。", "/topics/river/", "河")
    assert (page.canonical, page.description) == ("http://portal.yunze.localhost:8080/topics/river/", "一条河。")
    assert [link.url for link in page.breadcrumb] == ["/", "/topics/", "/topics/river/"]
    assert findings.issues == []


def test_a_topics_missing_picture_is_told_at_its_file() -> None:
    composed, findings = compose(make_job(make_topics(image="/portal/none.svg")), "topics/river/index.html")
    assert composed.context["topic"].image is None
    assert [(issue.code, issue.path, issue.field) for issue in findings.issues] == [("file-missing", RIVER, "image")]


def test_the_list_of_topics_names_running_ones_first() -> None:
    files = make_topics() | {
        "sites/portal/topics/a.toml": make_topic("甲", ends="2026-04-01"),
        "sites/portal/topics/z.toml": make_topic("末"),
    }
    composed, findings = compose(make_job(files), "topics/index.html")
    assert [(view.title, view.over) for view in composed.context["topics"]] == [
        ("治河", False), ("末", False), ("甲", True),
    ]  # fmt: skip
    assert codes(findings) == []


def test_a_site_without_topics_has_no_pages_of_them() -> None:
    assert topic_keys(make_job(make_cluster_files())) == []


def test_sections_with_one_title_stay_apart_and_no_item_is_dropped() -> None:
    sections = [{"title": "动态", "column": "news"}, {"title": "动态"}]
    files = make_cluster_files() | {"sites/portal/topics/a.toml": make_topic(sections=sections)}
    files |= {f"content/portal/news/2026/n{n}.md": make_article(topic="a") for n in range(230)}
    files |= {"content/portal/residents/2026/x.md": make_article(topic="a")}
    composed, _ = compose(make_job(files), "topics/a/index.html")
    assert [len(section.items) for section in composed.context["sections"]] == [230, 1]
