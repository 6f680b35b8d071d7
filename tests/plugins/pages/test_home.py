"""Promises about the home page: each kind of block shows what docs/formats.md says, and empty ones are left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugins.pages.views import Block, Figure, Tile
from tests.builders import make_article, make_cluster_files, make_column, make_page, make_site, make_topic
from tests.plugins.rendering import SVG, codes, compose, make_job, render_site

SERVICE = {"title": "办事", "icon": "law", "url": "/news/"}
COLUMNS = ("news", "news/notices", "residents", "residents/old", "empty")


def make_home(*blocks: dict[str, Any]) -> dict[str, bytes]:
    """A site whose home page has these blocks."""
    columns = [make_column(path, hidden=path == "empty") for path in COLUMNS]
    site = make_site("portal", columns=columns, home=list(blocks))
    files = make_cluster_files({"portal": site}) | {
        f"content/portal/news/2026/n{n}.md": make_article(title=f"第{n}条", date=f"2026-11-0{n}") for n in range(1, 9)
    }
    return files | {
        "content/portal/news/notices/2026/a.md": make_article(title="通知", date="2026-10-01"),
        "content/portal/residents/old/card.md": make_page(title="老年证"),
        "content/portal/images/a.svg": SVG,
        "sites/portal/topics/run.toml": make_topic("在办", image="/portal/images/a.svg", image_alt="河"),
        "sites/portal/topics/over.toml": make_topic("已毕", ends="2026-10-31"),
        "sites/portal/topics/void.toml": make_topic("空的"),
        "content/portal/news/2026/t.md": make_article(title="专题文", date="2026-10-01", topic="run"),
        "content/portal/news/2026/u.md": make_article(title="旧专题文", date="2026-10-01", topic="over"),
    }


def block_of(**block: Any) -> Block:
    """The one block of a home page."""
    composed, findings = compose(make_job(make_home(block)), "index.html")
    assert findings.issues == []
    (only,) = composed.context["blocks"]
    assert only.kind == block["block"]
    return only  # type: ignore[no-any-return]


def titles(block: Block) -> list[list[str]]:
    """The titles in each list of a block."""
    return [[item.title for item in one.items] for one in block.lists]


@pytest.mark.parametrize("kind", ["headline", "gallery", "documents"])
def test_blocks_of_one_column_show_its_newest_items_under_its_name(kind: str) -> None:
    block = block_of(block=kind, column="news", count=3)
    assert titles(block) == [["第8条", "第7条", "第6条"]]
    assert (block.title, block.url) == ("栏目 news", "/news/")


def test_a_block_may_have_its_own_title_and_six_items_without_a_count() -> None:
    block = block_of(block="headline", column="news", title="要闻")
    assert block.title == "要闻"
    assert len(block.lists[0].items) == 6


def test_columns_stand_side_by_side_and_hidden_empty_ones_are_left_out() -> None:
    block = block_of(block="columns", columns=["news", "empty", "news/notices"], count=2)
    assert titles(block) == [["第8条", "第7条"], ["通知"]]
    assert (block.title, block.url) == ("", "")


def test_channels_show_their_sub_columns() -> None:
    block = block_of(block="channels", columns=["residents"])
    (channel,) = block.lists
    assert [link.url for link in channel.column.children] == ["/residents/old/"]


def test_a_channel_without_sub_columns_shows_its_newest_items() -> None:
    block = block_of(block="channels", title="频道", columns=["news/notices"])
    assert titles(block) == [["通知"]]


def test_services_are_tiles_and_outside_ones_pass_the_notice() -> None:
    items = [SERVICE, {"title": "外网", "icon": "mail", "url": "https://example.com/"}]
    block = block_of(block="services", title="服务", items=items)
    assert block.tiles[0] == Tile("办事", "/news/", "law")
    assert block.tiles[1].url.startswith("/leave/")
    assert block.tiles[1].external


def test_links_may_name_an_item_by_its_file() -> None:
    items = [{"title": "老年证", "url": "/portal/residents/old/card.md"}, {"title": "省", "url": "https://a.gov.cn/"}]
    block = block_of(block="links", items=items)
    assert [(tile.url, tile.external) for tile in block.tiles] == [
        ("/residents/old/card.html", False),
        ("https://a.gov.cn/", False),
    ]


def test_figures_show_numbers_with_units_and_notes() -> None:
    items = [{"label": "人口", "value": "321", "unit": "万"}, {"label": "面积", "value": "1", "note": "估"}]
    block = block_of(block="figures", title="数说", note="2025 年", items=items)
    assert block.figures == (Figure("人口", "321", "万"), Figure("面积", "1", "", "估"))
    assert block.note == "2025 年"


def test_only_running_topics_with_items_are_shown() -> None:
    block = block_of(block="topics", count=5)
    assert [topic.name for topic in block.topics] == ["run"]
    assert block.url == "/topics/"
    assert block.topics[0].image is not None
    assert block.topics[0].image.url == "/images/a.svg"


def test_an_introduction_has_words_picture_and_a_link() -> None:
    block = block_of(
        block="intro",
        title="云泽",
        text="依河而建。",
        image="/portal/images/a.svg",
        image_alt="河",
        url="/news/",
        label="更多",
    )
    assert block.image is not None
    assert (block.text, block.url, block.label, block.image.url, block.image.alt) == (
        "依河而建。", "/news/", "更多", "/images/a.svg", "河",
    )  # fmt: skip


@pytest.mark.parametrize(
    "block",
    [
        {"block": "headline", "column": "empty", "count": 3},
        {"block": "columns", "columns": ["empty"], "count": 3},
        {"block": "channels", "columns": ["empty"]},
    ],
    ids=lambda block: block["block"],
)
def test_a_block_with_nothing_to_show_is_left_out(block: dict[str, Any]) -> None:
    assert compose(make_job(make_home(block)), "index.html")[0].context["blocks"] == []


def test_the_topics_block_goes_when_the_last_topic_ends() -> None:
    job = make_job(make_home({"block": "topics", "count": 3}), now="2027-01-01T00:00:00+08:00")
    assert compose(job, "index.html")[0].context["blocks"] == []


@pytest.mark.parametrize(
    ("block", "code"),
    [
        ({"block": "services", "items": [{**SERVICE, "url": "/none/"}]}, "link-missing"),
        ({"block": "links", "items": [{"title": "x", "url": "javascript:alert(1)"}]}, "link-scheme"),
        ({"block": "intro", "text": "字", "url": "/none.md"}, "link-missing"),
        ({"block": "intro", "text": "字", "image": "/portal/none.svg"}, "file-missing"),
    ],
    ids=["tile", "script", "introduction's link", "introduction's picture"],
)
def test_a_dead_link_of_the_configuration_is_told_with_its_line(block: dict[str, Any], code: str) -> None:
    job = make_job(make_home(block))
    composed, findings = compose(job, "index.html")
    assert codes(findings) == [code]
    (issue,) = findings.issues
    assert issue.path == "sites/portal/site.toml"
    lines = make_home(block)[issue.path].decode().splitlines()
    assert lines[issue.line - 1] == "[[home]]"
    assert all(not one.tiles and not one.image for one in composed.context["blocks"])


def test_the_home_page_shows_all_its_blocks(tmp_path: Path) -> None:
    blocks = (
        {"block": "headline", "column": "news"},
        {"block": "columns", "columns": ["news", "news/notices"], "count": 2},
        {"block": "gallery", "column": "news"},
        {"block": "documents", "column": "news"},
        {"block": "services", "items": [SERVICE]},
        {"block": "channels", "columns": ["residents"]},
        {"block": "topics", "count": 3},
        {"block": "figures", "items": [{"label": "人口", "value": "321"}]},
        {"block": "intro", "text": "依河而建。"},
        {"block": "links", "items": [{"title": "省政府", "url": "https://a.gov.cn/"}]},
    )
    page = render_site(tmp_path, make_home(*blocks)).page("index.html")
    assert len(page.select("main section.block")) == len(blocks)
    assert page.title is not None
    assert page.title.string == "portal 网站"
    assert page.select("main [href='http://portal.yunze.localhost:8080/']") == []
