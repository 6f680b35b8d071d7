"""Promises about links: every form that docs/formats.md names leads where it says, and dead ones are told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from plugins.pages.job import Findings, Job
from plugins.pages.links import is_external, leaving_path, missing_help, outward, page_exists, resolve_link
from tests.builders import ARTICLE, NOW, make_article, make_cluster_files, make_page, make_site, make_topic
from tests.plugins.paging import short_lists
from tests.plugins.pictures.samples import make_picture
from tests.plugins.rendering import body_of, compose, make_job, render_site

OUTSIDE = "https://example.com/a?b=1&c=2#d"


def make_town() -> dict[str, bytes]:
    """Two sites that link to each other."""
    files = make_cluster_files({"portal": ("news", "about", "data"), "coal": ("news",)})
    return files | {
        ARTICLE: make_article(),
        "content/portal/news/2026/dam.md": make_article(title="大坝"),
        "content/portal/news/2026/later.md": make_article(title="以后", date="2026-11-22T10:00"),
        "content/portal/about/history.md": make_page(),
        "content/coal/news/2026/mine.md": make_article(title="矿山"),
        "content/portal/news/2026/plan.pdf": b"x",
        "content/coal/images/mine.png": make_picture(9, 9, "png"),
        "sites/portal/topics/river.toml": make_topic(),
    }


@pytest.fixture(scope="module")
def town() -> Job:
    """The job of the portal in that town."""
    return make_job(make_town())


LINKS = {
    "an item beside this one": ("dam.md", "/news/2026/dam.html"),
    "an item in another folder": ("../../about/history.md", "/about/history.html"),
    "an item from the top": ("/portal/about/history.md", "/about/history.html"),
    "a place in an item": ("dam.md#s-工程", "/news/2026/dam.html#s-%E5%B7%A5%E7%A8%8B"),
    "another site's item": ("/coal/news/2026/mine.md", "http://coal.yunze.localhost:8080/news/2026/mine.html"),
    "a place in another site's item": (
        "/coal/news/2026/mine.md#x",
        "http://coal.yunze.localhost:8080/news/2026/mine.html#x",
    ),
    "a file beside this item": ("plan.pdf", "/news/2026/plan.pdf"),
    "a file from the top": ("/portal/news/2026/plan.pdf", "/news/2026/plan.pdf"),
    "another site's file": ("/coal/images/mine.png", "/files/coal/images/mine.png"),
    "a column": ("/news/", "/news/"),
    "a page": ("/news/2026/dam.html", "/news/2026/dam.html"),
    "a place on a page": ("/news/2026/dam.html#x", "/news/2026/dam.html#x"),
    "the home page": ("/", "/"),
    "the sitemap": ("/sitemap.html", "/sitemap.html"),
    "the search": ("/search.html", "/search.html"),
    "the feed": ("/feed.xml", "/feed.xml"),
    "the topics": ("/topics/", "/topics/"),
    "a topic": ("/topics/river/", "/topics/river/"),
    "a place on this page": ("#s-x", "#s-x"),
    "mail": ("mailto:a@b.example", "mailto:a@b.example"),
    "telephone": ("tel:0999-1", "tel:0999-1"),
    "the search with words": ("/search.html?q=x#y", "/search.html?q=x#y"),
    "a column's feed": ("/news/feed.xml", "/news/feed.xml"),
    "a file on another host of the cluster": (
        "http://coal.yunze.localhost/images/mine.png",
        "http://coal.yunze.localhost:8080/images/mine.png",
    ),
    "outside": (OUTSIDE, f"/{leaving_path(OUTSIDE)}"),
    "outside without encryption": ("http://example.com/", f"/{leaving_path('http://example.com/')}"),
    "outside in capitals": ("HTTPS://example.com/", f"/{leaving_path('HTTPS://example.com/')}"),
    "a government address": ("https://www.beijing.gov.cn/a", "https://www.beijing.gov.cn/a"),
    "the government's own name": ("https://gov.cn/", "https://gov.cn/"),
    "this site's own host": ("https://portal.yunze.localhost/news/?a=1#b", "/news/?a=1#b"),
    "this site's own host without a path": ("http://portal.yunze.localhost", "/"),
    "another host of the cluster": (
        "https://coal.yunze.localhost/news/2026/mine.html",
        "http://coal.yunze.localhost:8080/news/2026/mine.html",
    ),
    "another host of the cluster with a port": (
        "http://coal.yunze.localhost:9999/news/?y#z",
        "http://coal.yunze.localhost:8080/news/?y#z",
    ),
}


@pytest.mark.parametrize(("target", "url"), LINKS.values(), ids=LINKS)
def test_every_form_of_link_leads_where_it_says(town: Job, target: str, url: str) -> None:
    findings = Findings()
    assert resolve_link(town, findings, target, of=ARTICLE, line=1) == url
    assert findings.issues == []


DEAD = {
    "an item that does not exist": ("none.md", "link-missing"),
    "an item still to come": ("later.md", "link-missing"),
    "a page that does not exist": ("/news/2026/none.html", "link-missing"),
    "a page still to come": ("/news/2026/later.html", "link-missing"),
    "a column that does not exist": ("/none/", "link-missing"),
    "a column's name run into a page's": ("/newsindex.html", "link-missing"),
    "a column with one slash too many": ("/news//", "link-missing"),
    "the feed of an empty column": ("/data/feed.xml", "link-missing"),
    "the feed of a column without dates": ("/about/feed.xml", "link-missing"),
    "a dead page on this site's own host": ("http://portal.yunze.localhost/none.html", "link-missing"),
    "a dead page on another host of the cluster": ("https://coal.yunze.localhost/none/?a#b", "link-missing"),
    "a topic that does not exist": ("/topics/none/", "link-missing"),
    "a numbered page that does not exist": ("/news/2026/list-1.html", "link-missing"),
    "a page of an unknown column": ("/none/2026/list-1.html", "link-missing"),
    "an item outside the content": ("../../../../../x.md", "link-missing"),
    "a file that does not exist": ("none.pdf", "file-missing"),
    "a file of a kind that is not published": ("x.exe", "file-kind"),
    "a bare word": ("beijing", "file-kind"),
    "script": ("javascript:alert(1)", "link-scheme"),
    "script with a tab": ("java\tscript:alert(1)", "link-scheme"),
    "another host without a scheme": ("//example.com/", "link-scheme"),
    "an address that cannot be read": ("http://[bad", "link-scheme"),
}


@pytest.mark.parametrize(("target", "code"), DEAD.values(), ids=DEAD)
def test_a_link_that_leads_nowhere_is_told_with_its_line(town: Job, target: str, code: str) -> None:
    findings = Findings()
    assert resolve_link(town, findings, target, of=ARTICLE, line=12) is None
    assert [(issue.code, issue.path, issue.line) for issue in findings.issues] == [(code, ARTICLE, 12)]
    assert target in findings.issues[0].text("zh")


def test_the_topics_are_a_dead_link_on_a_site_without_any() -> None:
    files = {path: data for path, data in make_town().items() if "topics" not in path}
    job = make_job(files)
    assert not page_exists(job, "/topics/")
    assert not page_exists(job, "/topics/index.html")


def test_a_hidden_column_is_a_page_only_when_it_holds_something() -> None:
    columns = [{"path": name, "title": name, "description": "d", "kind": "news", "owner": "o"} for name in ("a", "b")]
    site = make_site("portal", columns=[{**column, "hidden": True} for column in columns])
    job = make_job(make_cluster_files({"portal": site}) | {"content/portal/a/2026/x.md": make_article()})
    assert page_exists(job, "/a/")
    assert page_exists(job, "/a/index.html")
    assert not page_exists(job, "/b/")


def test_numbered_pages_may_be_linked_to() -> None:
    items = {f"content/portal/news/2026/n{n}.md": make_article() for n in range(45)}
    job = make_job(make_town() | items)
    assert page_exists(job, "/news/2026/list-2.html")
    assert not page_exists(job, "/news/2026/list-3.html")
    assert not page_exists(job, "/news/2026/list-0.html")
    assert not page_exists(job, "/news/2025/list-1.html")
    for other in ("list-01", "list-11-1"):
        assert not page_exists(job, f"/news/2026/{other}.html")


def test_numbered_pages_of_a_month_may_be_linked_to_and_those_of_its_year_are_no_more() -> None:
    items = {
        f"content/portal/news/2026/n{n}.md": make_article(date=f"2026-{1 + n // 20:02}-{1 + n % 20:02}")
        for n in range(45)
    }
    with short_lists(many=40):
        job = make_job(make_town() | items)
        for page in ("1-1", "1-4", "2-4"):
            assert page_exists(job, f"/news/2026/list-{page}.html")
        for page in ("1", "1-0", "1-5", "01-1", "1-01", "0-1", "13-1", "12-1"):
            assert not page_exists(job, f"/news/2026/list-{page}.html")


# ---- leaving --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "external"),
    [
        ("https://example.com/", True),
        ("https://notgov.cn/", True),
        ("https://gov.cn.example.com/", True),
        ("https://www.gov.cn@example.com/", True),
        ("https://example.com\\@www.gov.cn/", True),
        ("https://example.com/www.gov.cn", True),
        ("https://WWW.GOV.CN/", False),
        ("https://user@www.gov.cn:8443/", False),
        ("https://coal.yunze.localhost/", False),
        ("https://yunze.localhost/", True),
    ],
)
def test_only_government_and_own_hosts_need_no_notice(town: Job, url: str, external: bool) -> None:
    assert is_external(town, url) is external


def test_an_outside_address_is_noted_for_its_notice_page(town: Job) -> None:
    findings = Findings()
    assert outward(town, findings, OUTSIDE) == f"/{leaving_path(OUTSIDE)}"
    assert findings.leaving == {OUTSIDE}
    assert re.fullmatch(r"leave/[0-9a-f]{16}\.html", leaving_path(OUTSIDE))


def test_the_notice_page_shows_the_address_and_leads_on(tmp_path: Path) -> None:
    evil = "<a href='https://example.com/?&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;'>外</a>"
    files = make_cluster_files() | {ARTICLE: make_article(body=f"[外]({OUTSIDE}) 和 {evil}")}
    site = render_site(tmp_path, files)
    links = site.page("news/2026/river.html").select(".body a")
    assert [link["rel"] for link in links] == [["external", "noopener"]] * 2
    page = site.page(str(links[0]["href"]).lstrip("/"))
    (onward,) = page.select("main a.button[rel~=external]")
    assert onward["href"] == OUTSIDE
    assert "example.com" in page.select("main")[0].get_text()
    assert page.select_one("meta[name=robots][content=noindex]") is not None
    assert page.select("main script") == []
    assert "alert(1)" not in {script.get_text() for script in page.find_all("script")}
    assert site.page(str(links[1]["href"]).lstrip("/")).select("main script") == []


def test_two_links_to_one_address_share_a_notice_page(tmp_path: Path) -> None:
    files = make_cluster_files() | {ARTICLE: make_article(body=f"[甲]({OUTSIDE}) [乙]({OUTSIDE})")}
    assert len([path for path in render_site(tmp_path, files).files if path.startswith("leave/")]) == 1


def test_an_outside_link_keeps_its_own_class_once() -> None:
    html, _ = body_of("[外](https://example.com/){: .btn }")
    assert html.count("class=") == 1
    assert 'class="btn"' in html


# ---- links of a body over time --------------------------------------------------------------------------------------


def test_a_link_to_a_scheduled_item_is_dead_now_and_alive_later() -> None:
    files = make_town() | {ARTICLE: make_article(body="见[以后](later.md)。")}
    now, _ = compose(make_job(files, now=NOW), "news/2026/river.html")
    later, findings = compose(make_job(files, now="2026-11-22T10:00:00+08:00"), "news/2026/river.html")
    assert str(now.context["article"].content) == "<p>见以后。</p>"
    assert str(later.context["article"].content) == '<p>见<a href="/news/2026/later.html">以后</a>。</p>'
    assert findings.issues == []


def test_a_dead_link_in_a_body_is_told_with_the_line_in_the_file() -> None:
    html, findings = body_of("一\n\n二 [甲](none.md) 三")
    assert BeautifulSoup(html, "html.parser").find_all("a") == []
    assert [(issue.code, issue.path, issue.line) for issue in findings.issues] == [("link-missing", ARTICLE, 9)]


def test_a_help_page_that_is_not_there_is_told() -> None:
    site = make_site("portal", help={"about": "/about/city.html", "contact": "/about/nobody.html"})
    job = make_job(make_cluster_files({"portal": site}) | {"content/portal/about/city.md": make_page()})

    (issue,) = missing_help(job)

    assert (issue.code, issue.path) == ("link-missing", "sites/portal/site.toml")
    assert "/about/nobody.html" in issue.text("en")
