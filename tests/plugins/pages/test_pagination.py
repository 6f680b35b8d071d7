"""Promises of stable pagination: nothing is lost, and a new item rewrites a page or two however long the list is."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pages.job import Findings, Job
from plugins.pages.lists import column_key, compose_column, compose_list, numbered_keys
from plugins.pages.page import PageKey
from plugins.pages.pagination import PER_PAGE, Pages, paginate
from tests.builders import make_article, make_cluster_files
from tests.plugins.rendering import make_job

COUNTS = st.dictionaries(st.integers(1999, 2026), st.integers(1, 90), max_size=6)

Shown = dict[tuple[int, int], tuple[tuple[int, int], ...]]
OWN = (0, 0)


def deal(counts: dict[int, int]) -> Shown:
    """Which items, named (year, place from the oldest), stand on which page; the list's own page is (0, 0)."""
    pages = paginate(counts)
    everything = [(year, n) for year in sorted(counts) for n in range(counts[year])]
    shown: Shown = {OWN: tuple(everything[len(everything) - pages.newest :])}
    for year, number_of_pages in pages.years.items():
        of_year = [item for item in everything if item[0] == year]
        for number in range(1, number_of_pages + 1):
            shown[year, number] = tuple(of_year[(number - 1) * PER_PAGE : number * PER_PAGE])
    return shown


@settings(deadline=None)
@given(COUNTS)
def test_every_item_is_shown_and_none_on_two_numbered_pages(counts: dict[int, int]) -> None:
    shown = deal(counts)
    numbered = [item for page, items in shown.items() if page != OWN for item in items]
    assert len(numbered) == len(set(numbered))
    assert len({*numbered, *shown[OWN]}) == sum(counts.values())


@settings(deadline=None)
@given(COUNTS)
def test_the_own_page_shows_twenty_to_thirty_nine_items_when_there_are_that_many(counts: dict[int, int]) -> None:
    total, newest = sum(counts.values()), paginate(counts).newest
    assert newest == total if total < 2 * PER_PAGE else PER_PAGE <= newest < 2 * PER_PAGE


@settings(deadline=None)
@given(COUNTS)
def test_only_the_last_page_of_an_earlier_year_is_short_and_none_is_empty(counts: dict[int, int]) -> None:
    pages = paginate(counts)
    for (year, number), items in deal(counts).items():
        if (year, number) != OWN:
            assert items
            assert len(items) == PER_PAGE or (number == pages.years[year] and year != max(counts))


@settings(deadline=None)
@given(COUNTS, st.integers(0, 2))
def test_a_new_item_changes_at_most_two_numbered_pages(counts: dict[int, int], later: int) -> None:
    if sum(counts.values()) < 2 * PER_PAGE:
        return
    year = max(counts) + later
    more = counts | {year: counts.get(year, 0) + 1}
    before, after = _with_neighbours(counts), _with_neighbours(more)
    changed = {page for page in {*before, *after} if page != OWN and before.get(page) != after.get(page)}
    assert len(changed) <= 2


def _with_neighbours(counts: dict[int, int]) -> dict[tuple[int, int], object]:
    """What each page shows together with the pages that it links to."""
    pages = paginate(counts)
    return {page: (items, None if page == OWN else pages.neighbours(*page)) for page, items in deal(counts).items()}


@settings(deadline=None)
@given(COUNTS)
def test_going_from_older_to_older_visits_every_page(counts: dict[int, int]) -> None:
    pages = paginate(counts)
    visited, at = [], pages.latest()
    while at is not None:
        visited.append(at)
        at = pages.neighbours(*at)[0]
    assert sorted(visited) == sorted(page for page in deal(counts) if page != OWN)
    for here, older in itertools.pairwise(visited):
        assert pages.neighbours(*older)[1] == here


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
    ],
)
def test_the_pages_of_a_list(counts: dict[int, int], newest: int, years: dict[int, int]) -> None:
    assert paginate(counts) == Pages(newest, years)


# ---- over a real index ----------------------------------------------------------------------------------------------


def keys_of_news(job: Job) -> list[PageKey]:
    """The pages of the column `news`: its own, then the numbered ones."""
    return [column_key(job.site.columns["news"]), *numbered_keys(job, "news")]


def listed(counts: dict[int, int]) -> dict[str, list[str]]:
    """Output path → addresses of the items, of every page of the column `news`."""
    items = {
        f"content/portal/news/{year}/n{n:03}.md": make_article(date=f"{year}-01-{n % 28 + 1:02}T{n // 28:02}:00")
        for year, count in counts.items()
        for n in range(count)
    }
    job = make_job(make_cluster_files() | items)
    pages = {}
    for key in keys_of_news(job):
        compose = compose_list if key.kind == "list" else compose_column
        pages[key.path] = [item.url for item in compose(job, Findings(), key).context["items"]]
    return pages


@settings(max_examples=12, deadline=None)
@given(st.dictionaries(st.integers(2023, 2026), st.integers(1, 48), max_size=3))
def test_the_pages_of_a_column_show_what_the_arithmetic_says(counts: dict[int, int]) -> None:
    pages, expected = listed(counts), deal(counts)
    names = {"news/index.html" if page == OWN else f"news/{page[0]}/list-{page[1]}.html" for page in expected}
    assert set(pages) == names
    sizes = {path: len(items) for path, items in pages.items()}
    assert sorted(sizes.values()) == sorted(len(items) for items in expected.values())
    numbered = [url for path, items in pages.items() if "list-" in path for url in items]
    assert len(numbered) == len(set(numbered))
    assert len({*numbered, *pages["news/index.html"]}) == sum(counts.values())


def test_a_numbered_page_is_newest_first_and_older_pages_have_lower_numbers() -> None:
    pages = listed({2026: 41})
    assert pages["news/2026/list-1.html"] == sorted(pages["news/2026/list-1.html"], key=_when, reverse=True)
    assert _when(pages["news/2026/list-2.html"][-1]) > _when(pages["news/2026/list-1.html"][0])
    assert pages["news/index.html"][1:] == pages["news/2026/list-2.html"]


def _when(url: str) -> tuple[int, int]:
    n = int(url[-8:-5])
    return n % 28, n // 28


def test_the_key_of_a_numbered_page_names_its_year_and_number() -> None:
    job = make_job(make_cluster_files() | {f"content/portal/news/2026/n{n}.md": make_article() for n in range(40)})
    assert keys_of_news(job) == [
        PageKey("news/index.html", "column", "news"),
        PageKey("news/2026/list-1.html", "list", "news", 2026, 1),
        PageKey("news/2026/list-2.html", "list", "news", 2026, 2),
    ]
