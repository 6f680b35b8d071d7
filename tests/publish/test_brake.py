"""The brake: what needs a person's yes, and how it is told."""

import pytest

from publish.brake import Reason, Removal, is_page, judge

Paths = frozenset[str]


def make_pages(**counts: int) -> Paths:
    """`portal=300` is a home page and 299 articles."""
    articles = {f"{site}/news/{n:06d}.html" for site, count in counts.items() for n in range(count - 1)}
    return frozenset(articles | {f"{site}/index.html" for site in counts})


def removals(old: Paths, new: Paths) -> list[Removal]:
    """What `new` would take from `old`, as an action asks it: by counts and by the paths that go."""
    pages = {site: sum(path.startswith(f"{site}/") for path in filter(is_page, old)) for site in sites(old)}
    return judge(pages, sorted(old - new), sites(new))


def holds(old: Paths, new: Paths) -> list[Removal]:
    return [removal for removal in removals(old, new) if removal.is_held]


def sites(paths: Paths) -> set[str]:
    return {path.partition("/")[0] for path in paths} - {"assets"}


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
    old, new = make_pages(portal=before), make_pages(portal=after)
    assert removals(old, new) == [Removal("portal", before - after, before, reason)]
    assert bool(holds(old, new)) == (reason is not Reason.FEW)


def test_every_site_is_weighed_by_itself():
    old = make_pages(portal=200, congress=200)
    assert holds(old, make_pages(portal=160, congress=160)) == []
    assert [each.site for each in holds(old, make_pages(portal=100, congress=160))] == ["portal"]


def test_a_home_page_does_not_go_unasked():
    old = make_pages(portal=10)
    assert holds(old, old - {"portal/index.html"}) == [Removal("portal", 1, 10, Reason.HOME)]


def test_an_inner_index_is_a_page_like_any_other():
    old = frozenset({"portal/index.html", "portal/news/index.html"})
    assert holds(old, old - {"portal/news/index.html"}) == []


def test_a_whole_site_does_not_go_unasked():
    old = make_pages(portal=10, apple=3)
    assert holds(old, make_pages(portal=10)) == [Removal("apple", 3, 3, Reason.SITE)]


def test_a_site_without_pages_counts_as_a_site_too():
    old = frozenset({"portal/robots.txt"})
    assert holds(old, frozenset()) == [Removal("portal", 0, 0, Reason.SITE)]


def test_a_page_that_moves_counts_where_it_was():
    old = make_pages(portal=100)
    moved = frozenset(path.replace("/news/", "/archive/") for path in old)
    assert holds(old, moved) == [Removal("portal", 99, 100, Reason.MANY)]


def test_nothing_is_weighed_where_nothing_goes():
    assert removals(make_pages(portal=3), make_pages(portal=9, congress=3)) == []


def test_a_site_that_comes_as_another_goes_makes_up_for_nothing():
    assert [each.site for each in holds(make_pages(portal=3), make_pages(apple=300))] == ["portal"]


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
    home = frozenset({"portal/index.html"})
    assert removals(home | {f"portal/leave/{n}.html" for n in range(200)}, home) == []


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_told_in_both_languages_with_figures(reason):
    removal = Removal("portal", 60, 400, reason)
    for language in ("zh-CN", "en"):
        assert "portal" in removal.text(language)
        assert "400" in removal.text(language)
    told = removal.as_dict()
    assert (told["reason"], told["zh"], told["en"]) == (str(reason), removal.text("zh"), removal.text("en"))
