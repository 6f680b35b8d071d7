"""Promises of stable pagination: nothing is lost, and a new item rewrites a page or two however long the list is."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.index import Period
from plugins.pages.job import Findings, Job
from plugins.pages.lists import column_key, compose_column, compose_list, numbered_keys
from plugins.pages.page import PageKey
from plugins.pages.pagination import MANY, PER_PAGE, Pages, divide, paginate, slice_of
from tests.builders import make_article, make_cluster_files
from tests.plugins.paging import short_lists
from tests.plugins.rendering import make_job

MONTHS = st.builds(Period, st.integers(2021, 2026), st.integers(1, 12))
# Years on both sides of what divides them.
COUNTS = st.dictionaries(MONTHS, st.integers(1, 90) | st.just(180), max_size=9)

Item = tuple[Period, int]
Shown = dict[tuple[Period, int], tuple[Item, ...]]
OWN = (Period(0), 0)


def deal(counts: Mapping[Period, int]) -> Shown:
    """Which items, named (month, place from the oldest), stand on which page; the list's own page is `OWN`."""
    pages = paginate(counts)
    everything = [(month, n) for month in sorted(counts) for n in range(counts[month])]
    shown: Shown = {OWN: tuple(everything[len(everything) - pages.newest :])}
    for period, number_of_pages in pages.periods.items():
        inside = [item for item in everything if item[0] == period or period == (item[0].year, 0)]
        for number in range(1, number_of_pages + 1):
            shown[period, number] = tuple(inside[(number - 1) * PER_PAGE : number * PER_PAGE])
    return shown


def of_years(counts: Mapping[int, int]) -> dict[Period, int]:
    """So many items of each year, all of its March."""
    return {Period(year, 3): count for year, count in counts.items()}


def is_divided(counts: Mapping[Period, int], year: int) -> bool:
    """Whether the year has more items than twelve pages hold."""
    return sum(count for month, count in counts.items() if month.year == year) > MANY


@settings(deadline=None)
@given(COUNTS)
def test_every_item_is_shown_and_none_on_two_numbered_pages(counts: dict[Period, int]) -> None:
    shown = deal(counts)
    numbered = [item for page, items in shown.items() if page != OWN for item in items]
    assert len(numbered) == len(set(numbered))
    assert len({*numbered, *shown[OWN]}) == sum(counts.values())


@settings(deadline=None)
@given(COUNTS)
def test_the_own_page_shows_twenty_to_thirty_nine_items_when_there_are_that_many(counts: dict[Period, int]) -> None:
    total, newest = sum(counts.values()), paginate(counts).newest
    assert newest == total if total < 2 * PER_PAGE else PER_PAGE <= newest < 2 * PER_PAGE


@settings(deadline=None)
@given(COUNTS)
def test_only_the_last_page_of_an_earlier_period_is_short_and_none_is_empty(counts: dict[Period, int]) -> None:
    pages = paginate(counts)
    newest = max(divide(counts, MANY), default=None)
    for (period, number), items in deal(counts).items():
        if (period, number) != OWN:
            assert items
            assert len(items) == PER_PAGE or (number == pages.periods[period] and period != newest)


@settings(deadline=None)
@given(COUNTS)
def test_a_year_is_divided_into_months_when_it_holds_more_than_twelve_pages(counts: dict[Period, int]) -> None:
    for period in paginate(counts).periods:
        assert (period.month > 0) == is_divided(counts, period.year)
        assert period in counts or not period.month


@settings(deadline=None)
@given(COUNTS, st.integers(0, 2))
def test_a_new_item_changes_at_most_two_numbered_pages(counts: dict[Period, int], later: int) -> None:
    if sum(counts.values()) < 2 * PER_PAGE:
        return
    newest = max(counts)
    month = Period(newest.year + (newest.month + later - 1) // 12, (newest.month + later - 1) % 12 + 1)
    more = counts | {month: counts.get(month, 0) + 1}
    if is_divided(counts, month.year) == is_divided(more, month.year):
        assert len(changed(counts, more)) <= 2


@settings(deadline=None)
@given(COUNTS, st.data())
def test_an_item_that_goes_changes_the_pages_of_its_period_and_the_one_before(
    counts: dict[Period, int], data: st.DataObject
) -> None:
    if sum(counts.values()) <= 2 * PER_PAGE:
        return
    month = data.draw(st.sampled_from(sorted(counts)))
    fewer = {one: count - (one == month) for one, count in counts.items() if count > (one == month)}
    if is_divided(counts, month.year) != is_divided(fewer, month.year) or max(fewer) != max(counts):
        return
    period = month if is_divided(counts, month.year) else Period(month.year)
    beside = {at for page in deal(counts) if page[0] == period for at in paginate(counts).neighbours(*page)}
    assert {page for page in changed(counts, fewer) if page[0] != period} <= beside


def changed(before: Mapping[Period, int], after: Mapping[Period, int]) -> set[tuple[Period, int]]:
    """The numbered pages that are other, if items are told apart by how many older ones there are in their month."""
    old, new = _with_neighbours(before), _with_neighbours(after)
    return {page for page in {*old, *new} if page != OWN and old.get(page) != new.get(page)}


def _with_neighbours(counts: Mapping[Period, int]) -> dict[tuple[Period, int], object]:
    """What each page shows together with the pages that it links to."""
    pages = paginate(counts)
    return {page: (items, None if page == OWN else pages.neighbours(*page)) for page, items in deal(counts).items()}


@settings(deadline=None)
@given(COUNTS)
def test_going_from_older_to_older_visits_every_page(counts: dict[Period, int]) -> None:
    pages = paginate(counts)
    visited, at = [], pages.latest()
    while at is not None:
        visited.append(at)
        at = pages.neighbours(*at)[0]
    assert visited[::-1] == sorted(page for page in deal(counts) if page != OWN)
    for here, older in itertools.pairwise(visited):
        assert pages.neighbours(*older)[1] == here


@settings(deadline=None)
@given(COUNTS)
def test_each_year_with_numbered_pages_has_a_newest_one(counts: dict[Period, int]) -> None:
    numbered = [page for page in deal(counts) if page != OWN]
    found = paginate(counts).latest_by_year()
    assert found == {page[0].year: page for page in sorted(numbered)}
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("counts", "newest", "years"),
    [
        ({}, 0, {}),
        ({2026: 1}, 1, {}),
        ({2026: 39}, 39, {}),
        ({2025: 20, 2026: 19}, 39, {}),
        ({2026: 40}, 20, {2026: 2}),
        ({2026: 41}, 21, {2026: 2}),
        ({2026: 59}, 39, {2026: 2}),
        ({2026: 60}, 20, {2026: 3}),
        ({2025: 39, 2026: 1}, 21, {2025: 2}),
        ({2024: 1, 2025: 40, 2026: 25}, 25, {2024: 1, 2025: 2, 2026: 1}),
        ({2025: 240, 2026: 240}, 20, {2025: 12, 2026: 12}),
    ],
)
def test_the_pages_of_a_list(counts: dict[int, int], newest: int, years: dict[int, int]) -> None:
    assert paginate(of_years(counts)) == Pages(newest, {Period(year): pages for year, pages in years.items()})


BIG = {Period(2025, 11): 200, Period(2025, 12): 40}
BY_MONTH = [
    ("a year of just twelve pages", BIG, 20, {Period(2025): 12}),
    ("one item more", BIG | {Period(2025, 12): 41}, 21, {Period(2025, 11): 10, Period(2025, 12): 2}),
    ("one item more in a month of its own", BIG | {Period(2025, 1): 1}, 20, {
        Period(2025, 1): 1, Period(2025, 11): 10, Period(2025, 12): 2
    }),
    ("a year that is over", BIG | {Period(2025, 12): 41, Period(2026, 1): 1}, 21, {
        Period(2025, 11): 10, Period(2025, 12): 3
    }),
    ("a month that has begun", {Period(2026, 1): 230, Period(2026, 2): 11}, 31, {Period(2026, 1): 12}),
    ("a small year before", {Period(2024, 5): 21, Period(2026, 1): 231, Period(2026, 2): 20}, 20, {
        Period(2024): 2, Period(2026, 1): 12, Period(2026, 2): 1
    }),
]  # fmt: skip


@pytest.mark.parametrize(("name", "counts", "newest", "periods"), BY_MONTH, ids=[row[0] for row in BY_MONTH])
def test_the_pages_of_a_list_with_a_big_year(
    name: str, counts: dict[Period, int], newest: int, periods: dict[Period, int]
) -> None:
    assert paginate(counts) == Pages(newest, periods), name


def test_a_page_begins_where_the_one_before_ends() -> None:
    assert [slice_of(number) for number in (1, 2, 3)] == [(0, 20), (20, 20), (40, 20)]


# ---- over a real index ----------------------------------------------------------------------------------------------


def keys_of_news(job: Job) -> list[PageKey]:
    """The pages of the column `news`: its own, then the numbered ones."""
    return [column_key(job.site.columns["news"]), *numbered_keys(job, "news")]


def listed(counts: Mapping[Period, int]) -> dict[str, list[str]]:
    """Output path → addresses of the items, of every page of the column `news`."""
    items = {
        f"content/portal/news/{month.year}/m{month.month:02}n{n:03}.md": make_article(
            date=f"{month.start}-{n % 28 + 1:02}T{n // 28:02}:00"
        )
        for month, count in counts.items()
        for n in range(count)
    }
    job = make_job(make_cluster_files() | items)
    pages = {}
    for key in keys_of_news(job):
        compose = compose_list if key.kind == "list" else compose_column
        pages[key.path] = [item.url for item in compose(job, Findings(), key).context["items"]]
    return pages


@settings(max_examples=12, deadline=None)
@given(st.dictionaries(st.builds(Period, st.integers(2023, 2025), st.integers(1, 12)), st.integers(1, 30), max_size=5))
def test_the_pages_of_a_column_show_what_the_arithmetic_says(counts: dict[Period, int]) -> None:
    with short_lists(per_page=PER_PAGE, many=45):
        pages, expected = listed(counts), deal(counts)
    names = {
        page: "news/index.html" if page == OWN else f"news/{page[0].year}/list-{page[0].part(page[1])}.html"
        for page in expected
    }
    assert {name: len(expected[page]) for page, name in names.items()} == {
        path: len(items) for path, items in pages.items()
    }
    for (period, _), name in names.items():
        assert name == "news/index.html" or all(_lies_in(url, period) for url in pages[name])
    numbered = [url for path, items in pages.items() if "list-" in path for url in items]
    assert len(numbered) == len(set(numbered))
    assert len({*numbered, *pages["news/index.html"]}) == sum(counts.values())


def _lies_in(url: str, period: Period) -> bool:
    return url.startswith(f"/news/{period.year}/" + (f"m{period.month:02}" if period.month else ""))


def test_a_numbered_page_is_newest_first_and_older_pages_have_lower_numbers() -> None:
    pages = listed({Period(2026, 1): 41})
    assert pages["news/2026/list-1.html"] == sorted(pages["news/2026/list-1.html"], key=_when, reverse=True)
    assert _when(pages["news/2026/list-2.html"][-1]) > _when(pages["news/2026/list-1.html"][0])
    assert pages["news/index.html"][1:] == pages["news/2026/list-2.html"]


def _when(url: str) -> tuple[int, int]:
    n = int(url[-8:-5])
    return n % 28, n // 28


def test_the_key_of_a_numbered_page_names_its_period_and_number() -> None:
    files = make_cluster_files() | {f"content/portal/news/2026/n{n}.md": make_article() for n in range(40)}
    assert keys_of_news(make_job(files)) == [
        PageKey("news/index.html", "column", "news"),
        PageKey("news/2026/list-1.html", "list", "news", 2026, 0, 1),
        PageKey("news/2026/list-2.html", "list", "news", 2026, 0, 2),
    ]
    with short_lists(per_page=20, many=39):
        assert keys_of_news(make_job(files))[1:] == [
            PageKey("news/2026/list-11-1.html", "list", "news", 2026, 11, 1),
            PageKey("news/2026/list-11-2.html", "list", "news", 2026, 11, 2),
        ]
