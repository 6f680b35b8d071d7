"""What a mirror holds, and in which order it comes to hold it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cluster.manifest import Entry
from cluster.release import Kind, Release
from publish.delivery.mirror import MirrorState, Stage, Stub, foreign_names, headers_of, read_redirects, stage_of

FILE = Entry("0" * 64, None, 1)


@pytest.mark.parametrize(
    ("key", "stage"),
    [
        ("assets/site.1.css", Stage.ASSETS),
        ("assets/search/s1/index.html", Stage.ASSETS),
        ("portal/news/2026/river.html", Stage.PAGES),
        ("portal/files/plan.pdf", Stage.PAGES),
        ("portal/news/list-october.html", Stage.PAGES),
        ("portal/_mode.css", Stage.PAGES),
        ("portal/index.html", Stage.INDEXES),
        ("portal/news/2026/list-12.html", Stage.INDEXES),
        ("portal/news/2026/list-11-2.html", Stage.INDEXES),
        ("portal/news/feed.xml", Stage.INDEXES),
        ("portal/feed.json", Stage.INDEXES),
        ("portal/sitemap.xml", Stage.INDEXES),
        ("portal/sitemap-3.xml", Stage.INDEXES),
        ("portal/sitemap.html", Stage.INDEXES),
    ],
)
def test_each_file_has_its_stage(key, stage):
    assert stage_of(key, FILE) is stage
    assert stage_of(key, Stub("/")) is Stage.STUBS


def test_only_the_mode_style_of_a_site_itself_is_asked_for_each_time():
    assert headers_of("portal/_mode.css").cache_control == "no-cache"
    assert headers_of("portal/x/_mode.css").cache_control == "public, max-age=60"


def test_a_stub_leads_people_browsers_and_search_engines_on():
    page = Stub("/news/新闻.html?a=1&b='2'").dump().decode()
    url = "/news/%E6%96%B0%E9%97%BB.html?a=1&amp;b=&#x27;2&#x27;"
    assert f'<link rel="canonical" href="{url}">' in page
    assert f'<meta http-equiv="refresh" content="0; url={url}">' in page
    assert f'<a href="{url}">' in page
    assert "<script" not in page


def test_nothing_breaks_out_of_a_stub():
    page = Stub('/"><script>alert(1)</script>').dump()
    assert b"<script" not in page


def test_a_line_that_is_no_redirect_is_passed_over():
    assert read_redirects(b"/a /b\n/c\n\n/d 410\n/e /f /g\n\xff\n") == {"/a": "/b", "/d": "410"}


def test_names_at_the_top_that_no_site_has_are_foreign():
    keys = ["portal/index.html", "assets/a.css", ".zhanqun/state.json", "payroll/a", "notes.txt"]
    assert foreign_names(keys, ["portal/"]) == {"payroll", "notes.txt"}


RELEASE = Release(9, "c0ffee", datetime(2026, 11, 20, tzinfo=UTC), "5" * 64, 3, 30)
PURGES = {
    "nothing was ever purged": (replace(RELEASE, number=8), RELEASE, False),
    "the release is a purge": (replace(RELEASE, number=8), replace(RELEASE, kind=Kind.PURGE), True),
    "a purge was missed": (replace(RELEASE, number=6), RELEASE.after_purge(7), True),
    "the purge is what is live": (replace(RELEASE, number=7, kind=Kind.PURGE), RELEASE.after_purge(7), False),
    "the live release came after the purge": (replace(RELEASE, number=8, purged=7), RELEASE.after_purge(7), False),
    "a new mirror": (None, RELEASE.after_purge(7), False),
}


@pytest.mark.parametrize(("live", "release", "owes"), PURGES.values(), ids=PURGES)
def test_a_mirror_that_missed_a_purge_purges_with_the_next_release(live, release, owes):
    state = MirrorState("1 identity", live)
    assert state.owes_purge(release) is owes
    assert state.beginning(release).purge_due is owes
    assert replace(state, purge_due=True).owes_purge(release)
