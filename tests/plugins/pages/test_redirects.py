"""Promises about old addresses: they lead on or say that a page is gone, and never hide a page that is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.feeds.feeds import Feeds
from plugins.feeds.sitemap import Sitemaps
from plugins.pages.job import Findings, Job
from plugins.pages.plan import Pages, plan_pages
from plugins.pages.redirects import dump_redirects, redirect_table
from tests.builders import ARTICLE, make_article, make_cluster_files, make_toml
from tests.plugins.rendering import make_job, render_site

GONE = "sites/portal/gone.toml"


def make_old(gone: tuple[str, ...] = (), **items: str) -> dict[str, bytes]:
    """Items by slug, each with one old address, and addresses that are gone."""
    files = make_cluster_files() | {
        f"content/portal/news/2026/{slug}.md": make_article(redirect_from=[old]) for slug, old in items.items()
    }
    rows = [{"path": path, "reason": "过期"} for path in gone]
    return files | ({GONE: make_toml({"format": 1, "gone": rows})} if rows else {})


def table_of(files: dict[str, bytes]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The table, and (path, old address) of what was told."""
    job, findings = make_job(files), Findings()
    table = redirect_table(job, findings, paths_of(job).__contains__)
    assert {issue.code for issue in findings.issues} <= {"redirect-taken"}
    return table, [(issue.path, dict(issue.values)["old"]) for issue in findings.issues]


def paths_of(job: Job) -> set[str]:
    """The paths of everything that a site has but content files and notices."""
    made = {key.path for maker in (Pages(), Feeds(), Sitemaps()) for key in maker.keys(job)}
    return made | {key.path for key in plan_pages(job)}


def test_old_addresses_lead_on_and_gone_ones_say_so() -> None:
    table, told = table_of(make_old(("/news/2026/old.html",), a="/news/2025/a.html", b="/gone/folder/"))
    assert table == {
        "/news/2025/a.html": "/news/2026/a.html",
        "/gone/folder/": "/news/2026/b.html",
        "/news/2026/old.html": "410",
    }
    assert told == []


@pytest.mark.parametrize(
    "old",
    ["/news/2026/b.html", "/news/", "/news/index.html", "/sitemap.html", "/404.html", "/robots.txt", "/feed.xml"],
)
def test_a_live_page_wins_over_an_old_address(old: str) -> None:
    files = make_old((), a=old, b="/x.html")
    assert table_of(files) == ({"/x.html": "/news/2026/b.html"}, [("content/portal/news/2026/a.md", old)])
    assert table_of(make_old((old,), b="/x.html"))[1] == [(GONE, old)]


def test_of_two_items_with_one_old_address_the_first_by_path_has_it() -> None:
    table, told = table_of(make_old((), b="/x.html", a="/x.html"))
    assert table == {"/x.html": "/news/2026/a.html"}
    assert told == [("content/portal/news/2026/b.md", "/x.html")]


def test_an_old_address_that_leads_on_is_not_gone() -> None:
    table, told = table_of(make_old(("/x.html",), a="/x.html"))
    assert table == {"/x.html": "/news/2026/a.html"}
    assert told == [(GONE, "/x.html")]


def test_a_scheduled_items_old_address_leads_nowhere_yet() -> None:
    files = make_cluster_files() | {ARTICLE: make_article(date="2026-12-01", redirect_from=["/x.html"])}
    assert table_of(files) == ({}, [])


def test_the_file_is_sorted_and_travels_with_the_site(tmp_path: Path) -> None:
    site = render_site(tmp_path, make_old(("/b.html",), a="/z.html", c="/a.html"))
    assert site.text("_redirects") == "/a.html /news/2026/c.html\n/b.html 410\n/z.html /news/2026/a.html\n"
    assert dump_redirects([]) == b""


@pytest.mark.parametrize(
    "old",
    [
        "/_mode.css",
        "/assets/style.0123456789.css",
        "/leave/0123456789abcdef.html",
        "/news/2026/plan.pdf",
        "/news/feed.xml",
        "/feed.json",
    ],
)
def test_no_old_address_hides_a_file_of_the_site(tmp_path: Path, old: str) -> None:
    rows = [{"file": name, "title": name} for name in ("plan.pdf", "图.pdf")]
    files = make_old((), b=old) | {ARTICLE: make_article(attachments=rows)}
    files |= {f"content/portal/news/2026/{row['file']}": b"x" for row in rows}
    site = render_site(tmp_path, files)
    assert site.text("_redirects") == ""
    assert "redirect-taken" in {issue.code for issue in site.issues}
