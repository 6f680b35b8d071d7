"""Promises of the crawler, over two small sites served as the cluster is."""

from __future__ import annotations

from pathlib import Path

import pytest

from publish.preview import preview_app
from publish.preview_index import IndexPage
from tests.tools.crawl import CrawlResult, Reference, crawl, read_references
from tests.tools.serving import running

HOSTS = {"portal.yunze.localhost": "portal", "english.yunze.localhost": "english"}
HOME = """<!DOCTYPE html><title>云泽</title><link rel="stylesheet" href="/assets/gov.css">
<a href="/news/?page=1#list">新闻</a> <a href="news/#nowhere">新闻</a>
<a href="#top">顶</a> <a href="">这里</a>
<a href="http://english.yunze.localhost:8080/#main">English</a>
<a href="/leave/0a.html">外部</a> <a href="https://www.gov.cn/">政府</a> <a href="/旧.html">旧</a>
<a href="mailto:a@yunze.example">信</a> <a href="/missing.html">缺</a>
<img src="/a.png" srcset="/a.png 1x, /a%402.png 2x" alt=""><video src="/clip.mp4" poster="/a.png"></video>"""
SITES = {
    "current/portal/index.html": HOME,
    "current/portal/news/index.html": '<h1 id="list">新闻</h1><a href="https://stray.example/x">外</a>',
    "current/portal/leave/0a.html": '<a href="https://outside.example/">外</a>',
    "current/portal/a.png": "1",
    "current/portal/a@2.png": "2",
    "current/portal/clip.mp4": "3",
    "current/portal/forgotten.html": "",
    "current/portal/404.html": "",
    "current/portal/_redirects": "/旧.html /news/\n",
    "current/english/index.html": '<main id="main"><a href="javascript:alert(1)">x</a></main>',
    "assets/gov.css": 'body { background: url("bg.svg") } @import "more.css";',
    "assets/bg.svg": '<svg id="a"></svg>',
    "assets/more.css": "",
    "assets/old.css": "",
}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> CrawlResult:
    www = tmp_path_factory.mktemp("www")
    for path, text in SITES.items():
        file = www / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    with running(preview_app(www, hosts=HOSTS, index=IndexPage("", "", ()))) as port:
        return crawl(port, HOSTS)


def test_dead_links_are_told_with_the_page_that_has_them(result: CrawlResult) -> None:
    assert [str(finding) for finding in result.dead_links()] == [
        "404: http://portal.yunze.localhost/missing.html (from http://portal.yunze.localhost/)"
    ]


def test_a_link_to_a_moved_page_is_told_apart(result: CrawlResult) -> None:
    assert [finding.url for finding in result.redirected_links()] == ["http://portal.yunze.localhost/%E6%97%A7.html"]


def test_only_leaving_notices_and_government_addresses_may_lead_outside(result: CrawlResult) -> None:
    assert [finding.url for finding in result.external_links()] == [
        "http://outside.example/",
        "http://stray.example/x",
        "http://www.gov.cn/",
        "javascript:alert(1)",
    ]
    assert [finding.url for finding in result.stray_links()] == [
        "http://stray.example/x",
        "javascript:alert(1)",
    ]


def test_a_link_to_a_place_that_a_page_does_not_have_is_told(result: CrawlResult) -> None:
    assert [finding.url for finding in result.missing_anchors()] == ["http://portal.yunze.localhost/news/#nowhere"]


def test_files_that_no_link_leads_to_are_told(result: CrawlResult) -> None:
    paths = [path.removeprefix("current/") for path in SITES]
    assert result.unreached(paths) == ["assets/old.css", "portal/forgotten.html"]


def test_every_page_is_counted_once(result: CrawlResult) -> None:
    assert [page.url for page in result.pages] == [
        "http://english.yunze.localhost/",
        "http://portal.yunze.localhost/",
        "http://portal.yunze.localhost/leave/0a.html",
        "http://portal.yunze.localhost/news/",
    ]


def test_without_a_map_a_hosts_first_label_is_its_site() -> None:
    with running(preview_app(Path("/nonexistent"), hosts=HOSTS, index=IndexPage("", "", ()))) as port:
        result = crawl(port, list(HOSTS))
    assert result.sites == HOSTS
    assert {page.status for page in result.fetched.values()} == {503}


def test_a_server_that_does_not_answer_is_a_dead_link() -> None:
    with running(preview_app(Path("/nonexistent"), hosts={}, index=IndexPage("", "", ()))) as port:
        pass
    assert [finding.what for finding in crawl(port, ["portal.yunze.localhost"]).dead_links()] == ["0"]


@pytest.mark.parametrize(
    ("target", "reference"),
    [
        ("x.html", Reference("http://a.localhost/news/x.html")),
        ("../x.html?q=1#b", Reference("http://a.localhost/x.html", "b")),
        ("//B.localhost:8080", Reference("http://b.localhost/")),
        ("https://c.example/文.html", Reference("http://c.example/%E6%96%87.html")),
        ("#%E7%AC%AC1%E6%9D%A1", Reference("http://a.localhost/news/", "第1条")),
        ("#:~:text=x", Reference("http://a.localhost/news/")),
        ("tel:0999-0000000", None),
        ("data:image/png;base64,AA", None),
        ("http://[broken", Reference("unreadable:http://[broken")),
    ],
)
def test_a_link_means_an_address(target: str, reference: Reference | None) -> None:
    page = f'<a href="{target}">x</a>'
    assert read_references("http://a.localhost/news/", "text/html", page) == ([reference], set())
