"""The brake: what needs a person's yes, and how it is told."""

import pytest

from cluster.manifest import Entry, Manifest
from publish.brake import Reason, Removal, holds, is_page, judge, removals

ENTRY = Entry("a" * 64, None, 1)


def make_manifest(**pages: int) -> Manifest:
    """`portal=300` is a home page and 299 articles."""
    paths = [f"{site}/news/{n:06d}.html" for site, count in pages.items() for n in range(count - 1)]
    homes = [f"{site}/index.html" for site in pages]
    return Manifest.of(dict.fromkeys([*paths, *homes], ENTRY))


def without(manifest: Manifest, *paths: str) -> Manifest:
    return Manifest.of({path: entry for path, entry in manifest.entries.items() if path not in paths})


LIMITS = {
    "fifty pages of a small site go": (100, 50, Reason.FEW),
    "fifty-one pages of a small site are held": (100, 49, Reason.MANY),
    "half of a small site goes": (60, 30, Reason.FEW),
    "more than half of a small site is held": (34, 15, Reason.HALF),
    "four pages of a tiny site go": (6, 2, Reason.FEW),
    "one percent of a large site goes": (6_000, 5_940, Reason.FEW),
    "one page more than a percent is held": (6_000, 5_939, Reason.MANY),
}


@pytest.mark.parametrize(("before", "after", "reason"), LIMITS.values(), ids=LIMITS.keys())
def test_the_limit_is_fifty_pages_or_a_percent(before, after, reason):
    old, new = make_manifest(portal=before), make_manifest(portal=after)
    assert removals(old, new) == [Removal("portal", before - after, before, reason)]
    assert bool(holds(old, new)) == (reason is not Reason.FEW)


def test_every_site_is_weighed_by_itself():
    old = make_manifest(portal=200, congress=200)
    assert holds(old, make_manifest(portal=160, congress=160)) == []
    assert [each.site for each in holds(old, make_manifest(portal=100, congress=160))] == ["portal"]


def test_a_home_page_does_not_go_unasked():
    old = make_manifest(portal=10)
    assert holds(old, without(old, "portal/index.html")) == [Removal("portal", 1, 10, Reason.HOME)]


def test_an_inner_index_is_a_page_like_any_other():
    old = Manifest.of(dict.fromkeys(["portal/index.html", "portal/news/index.html"], ENTRY))
    assert holds(old, without(old, "portal/news/index.html")) == []


def test_a_whole_site_does_not_go_unasked():
    old = make_manifest(portal=10, apple=3)
    assert holds(old, make_manifest(portal=10)) == [Removal("apple", 3, 3, Reason.SITE)]


def test_a_site_without_pages_counts_as_a_site_too():
    old = Manifest.of({"portal/robots.txt": ENTRY})
    assert holds(old, Manifest.of({})) == [Removal("portal", 0, 0, Reason.SITE)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (make_manifest(portal=300, congress=60), make_manifest(portal=240, congress=60)),
        (make_manifest(portal=60, congress=60), make_manifest(portal=60)),
        (make_manifest(portal=60, congress=60), make_manifest(portal=61, congress=25)),
        (make_manifest(portal=3), make_manifest(portal=3, congress=3)),
        (make_manifest(portal=9), without(make_manifest(portal=9), "portal/index.html")),
        (make_manifest(portal=9), Manifest.of({})),
    ],
    ids=["many pages go", "a site goes", "more than half goes", "a site comes", "a home page goes", "all goes"],
)
def test_counts_and_paths_alone_are_judged_like_two_whole_manifests(before, after):
    pages = {site: sum(1 for path in before if Manifest.site_of(path) == site) for site in before.sites()}
    gone = [path for path in before if path not in after]
    assert judge(pages, gone, set(after.sites())) == removals(before, after)


def test_nothing_is_held_at_the_first_release():
    assert removals(None, make_manifest(portal=3)) == []


def test_new_and_changed_pages_are_free():
    old = make_manifest(portal=100)
    changed = Manifest.of({path: Entry("b" * 64, None, 1) for path in make_manifest(portal=300)})
    assert removals(old, changed) == []


PATHS = {
    "portal/index.html": True,
    "portal/news/2026/x.html": True,
    "portal/leaves/x.html": True,
    "portal/leave/a1b2.html": False,
    "portal/feed.xml": False,
    "assets/x.html": False,
}


@pytest.mark.parametrize(("path", "expected"), PATHS.items())
def test_pages_are_html_of_a_site_and_no_notices(path, expected):
    assert is_page(path) is expected


def test_two_hundred_notices_may_go():
    notices = {f"portal/leave/{n}.html": ENTRY for n in range(200)}
    home = {"portal/index.html": ENTRY}
    assert removals(Manifest.of({**home, **notices}), Manifest.of(home)) == []


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_told_in_both_languages_with_figures(reason):
    removal = Removal("portal", 60, 400, reason)
    for language in ("zh-CN", "en"):
        assert "portal" in removal.text(language)
        assert "400" in removal.text(language)
    told = removal.as_dict()
    assert (told["reason"], told["zh"], told["en"]) == (str(reason), removal.text("zh"), removal.text("en"))
