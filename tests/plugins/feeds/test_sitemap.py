"""Promises of the sitemap for search engines: every page meant for them, absolute, with the content's own dates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

import pytest

from plugins.feeds.sitemap import PART, Sitemaps
from plugins.pages.job import Findings, Job
from tests.builders import make_article, make_cluster_files, make_page, make_topic
from tests.plugins.rendering import Rendered, make_job

SPACE = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
HOST = "http://portal.yunze.localhost:8080"


def addresses(data: bytes | str) -> dict[str, str]:
    """Address → last change of every page in a sitemap."""
    urls = ET.fromstring(data).findall("s:url", SPACE)
    return {url.findtext("s:loc", "", SPACE): url.findtext("s:lastmod", "", SPACE) for url in urls}


def parts_named(data: bytes) -> list[str]:
    """The addresses of the parts that an index names."""
    return [one.text or "" for one in ET.fromstring(data).findall("s:sitemap/s:loc", SPACE)]


def files_of(job: Job, part: int = PART) -> dict[str, bytes]:
    """Every file of a site's sitemap by path, in parts of so many addresses."""
    sitemaps = Sitemaps(part)
    return {key.path: sitemaps.make(job, Findings(), key) for key in sitemaps.keys(job)}


def items_of(counts: Mapping[int, int]) -> dict[str, bytes]:
    """So many items of the portal's news for each year."""
    return {
        f"content/portal/news/{year}/n{n:02}.md": make_article(date=f"{year}-01-{n + 1:02}")
        for year, count in counts.items()
        for n in range(count)
    }


def test_the_sitemap_names_exactly_the_pages_meant_for_search_engines(town: dict[str, Rendered]) -> None:
    for site in town.values():
        meant = {
            f"{site.job.address}/{path.removesuffix('index.html')}"
            for path in site.pages()
            if not site.page(path).select("meta[name=robots][content=noindex]") and "/list-" not in path
        }
        assert set(addresses(site.files["sitemap.xml"])) == meant


def test_all_that_numbered_list_pages_lead_to_is_named(town: dict[str, Rendered]) -> None:
    site, named = town["portal"], set(addresses(town["portal"].files["sitemap.xml"]))
    lists = [path for path in site.pages() if "/list-" in path]
    items = {f"{HOST}{link['href']}" for path in lists for link in site.page(path).select("main .items a")}
    assert items
    assert items <= named


def test_addresses_are_absolute_and_named_once(town: dict[str, Rendered]) -> None:
    found = re.findall("<loc>(.*?)</loc>", town["portal"].text("sitemap.xml"))
    assert all(address.startswith(f"{HOST}/") for address in found)
    assert len(found) == len(set(found))


def test_the_last_change_is_the_contents_own(town: dict[str, Rendered]) -> None:
    found = addresses(town["portal"].files["sitemap.xml"])
    assert found[f"{HOST}/news/2026/river.html"] == "2026-11-19T08:00:00+08:00"
    assert found[f"{HOST}/archive/2025/n1.html"] == "2025-03-01T00:00:00+08:00"
    assert found[f"{HOST}/archive/"] == "2026-03-01T00:00:00+08:00"
    assert f"{HOST}/archive/2025/list-1.html" not in found
    assert found[f"{HOST}/about/history.html"] == ""


# ---- parts ----------------------------------------------------------------------------------------------------------


def make_large() -> dict[str, bytes]:
    """Twenty dated items over three years, a standing one, a topic, and an item that another site shows here."""
    return make_cluster_files({"portal": ["news", "about"], "coal": ["news"]}) | {
        **items_of({2024: 4, 2025: 5, 2026: 10}),
        "content/portal/news/2026/late.md": make_article(date="2026-02-03"),
        "content/portal/about/history.md": make_page(),
        "content/coal/news/2026/mine.md": make_article(also=["portal:news"]),
        "sites/portal/topics/river.toml": make_topic(),
    }


def test_a_site_with_many_items_gets_an_index_a_part_for_its_pages_and_one_for_each_year_or_parts_by_month() -> None:
    files = files_of(make_job(make_large()), part=5)
    assert list(files) == [
        "sitemap.xml", "sitemap-pages.xml", "sitemap-2024-1.xml", "sitemap-2025-1.xml", "sitemap-2026-1-1.xml",
        "sitemap-2026-1-2.xml", "sitemap-2026-2-1.xml",
    ]  # fmt: skip
    assert parts_named(files["sitemap.xml"]) == [f"{HOST}/{path}" for path in files if path != "sitemap.xml"]
    sizes = {path: len(addresses(data)) for path, data in files.items() if path != "sitemap.xml"}
    assert list(sizes.values()) == [7, 4, 5, 5, 5, 1]


def test_the_parts_together_say_what_the_one_file_would() -> None:
    job = make_job(make_large())
    (whole,) = files_of(job, part=20).values()
    found = [addresses(data) for path, data in files_of(job, part=5).items() if path != "sitemap.xml"]
    assert {address: when for part in found for address, when in part.items()} == addresses(whole)
    assert sum(map(len, found)) == len(addresses(whole))
    assert f"{HOST}/about/history.html" in found[0]


@pytest.mark.parametrize(
    ("name", "count", "whole"),
    [("no item", 0, True), ("just as many as fit", 5, True), ("one more than fits", 6, False)],
)
def test_a_site_gets_parts_from_the_first_item_that_does_not_fit(name: str, count: int, whole: bool) -> None:
    job = make_job(make_cluster_files({"portal": ["news"]}) | items_of({2026: count}))
    assert (list(files_of(job, part=5)) == ["sitemap.xml"]) is whole, name


def test_the_items_of_other_sites_do_not_count() -> None:
    foreign = {f"content/coal/news/2026/n{n}.md": make_article(also=["portal:news"]) for n in range(9)}
    job = make_job(make_cluster_files({"portal": ["news"], "coal": ["news"]}) | items_of({2026: 5}) | foreign)
    assert list(files_of(job, part=5)) == ["sitemap.xml"]


@pytest.mark.parametrize(
    ("name", "date", "changed"),
    [
        ("the newest of all", "2026-11-19", {"sitemap-2026-11-1.xml", "sitemap-pages.xml", "sitemap.xml"}),
        ("the newest of its month", "2026-02-19", {"sitemap-2026-2-1.xml"}),
        ("the newest of an earlier year", "2024-12-31", {"sitemap-2024-1.xml"}),
        ("the oldest of a month", "2026-02-01", {"sitemap-2026-2-1.xml"}),
        ("one that begins a part", "2026-01-31", {"sitemap-2026-1-3.xml", "sitemap.xml"}),
        ("one that begins a month", "2026-03-01", {"sitemap-2026-3-1.xml", "sitemap.xml"}),
    ],
)
def test_a_new_item_changes_one_part_and_what_tells_of_the_newest(name: str, date: str, changed: set[str]) -> None:
    files = make_large()
    new = {f"content/portal/news/{date[:4]}/z.md": make_article(date=date)}
    before, after = (files_of(make_job(tree), part=5) for tree in (files, files | new))
    assert {path for path in after if before.get(path) != after[path]} == changed, name
    assert before.keys() <= after.keys()


def test_what_goes_from_a_large_year_changes_its_month_alone() -> None:
    files = make_large()
    less = {path: data for path, data in files.items() if path != "content/portal/news/2026/n00.md"}
    before, after = (files_of(make_job(tree), part=5) for tree in (files, less))
    assert before.keys() == after.keys()
    assert {path for path in after if before[path] != after[path]} == {"sitemap-2026-1-1.xml", "sitemap-2026-1-2.xml"}


def test_a_year_that_does_not_fit_in_one_part_any_more_has_parts_by_month() -> None:
    files = make_large()
    after = files_of(make_job(files | {"content/portal/news/2025/z.md": make_article(date="2025-12-31")}), part=5)
    assert [path for path in after if "2025" in path] == ["sitemap-2025-1-1.xml", "sitemap-2025-12-1.xml"]


def test_items_stand_in_a_part_oldest_first() -> None:
    found = list(addresses(files_of(make_job(make_large()), part=5)["sitemap-2026-1-1.xml"]))
    assert found == [f"{HOST}/news/2026/n{n:02}.html" for n in range(5)]


def test_a_large_site_is_one_with_more_than_a_thousand_dated_items() -> None:
    assert Sitemaps().part == PART == 1_000
