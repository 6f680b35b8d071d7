"""Promises of the sitemap for search engines: every page meant for them, absolute, with the content's own dates."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from plugins.feeds.sitemap import sitemap_files
from tests.builders import make_article, make_cluster_files
from tests.plugins.rendering import Rendered, make_job

SPACE = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
HOST = "http://portal.yunze.localhost:8080"


def addresses(data: bytes | str) -> dict[str, str]:
    """Address → last change of every page in a sitemap."""
    urls = ET.fromstring(data).findall("s:url", SPACE)
    return {url.findtext("s:loc", "", SPACE): url.findtext("s:lastmod", "", SPACE) for url in urls}


def test_the_sitemap_names_exactly_the_pages_meant_for_search_engines(town: dict[str, Rendered]) -> None:
    for site in town.values():
        meant = {
            f"{site.job.address}/{path.removesuffix('index.html')}"
            for path in site.pages()
            if not site.page(path).select("meta[name=robots][content=noindex]")
        }
        assert set(addresses(site.files["sitemap.xml"])) == meant


def test_addresses_are_absolute_and_named_once(town: dict[str, Rendered]) -> None:
    found = re.findall("<loc>(.*?)</loc>", town["portal"].text("sitemap.xml"))
    assert all(address.startswith(f"{HOST}/") for address in found)
    assert len(found) == len(set(found))


def test_the_last_change_is_the_contents_own(town: dict[str, Rendered]) -> None:
    found = addresses(town["portal"].files["sitemap.xml"])
    assert found[f"{HOST}/news/2026/river.html"] == "2026-11-19T08:00:00+08:00"
    assert found[f"{HOST}/archive/2025/n1.html"] == "2025-03-01T00:00:00+08:00"
    assert found[f"{HOST}/archive/"] == "2026-03-01T00:00:00+08:00"
    assert found[f"{HOST}/archive/2025/list-1.html"] == ""
    assert found[f"{HOST}/about/history.html"] == ""


def test_a_site_with_too_many_addresses_gets_parts_and_an_index() -> None:
    items = {f"content/portal/news/2026/n{n}.md": make_article() for n in range(10)}
    job = make_job(make_cluster_files({"portal": ["news"]}) | items)
    whole = addresses(dict(sitemap_files(job))["sitemap.xml"])
    parts = dict(sitemap_files(job, most=5))
    assert list(parts) == ["sitemap-1.xml", "sitemap-2.xml", "sitemap-3.xml", "sitemap.xml"]
    named = ET.fromstring(parts.pop("sitemap.xml")).findall("s:sitemap/s:loc", SPACE)
    assert [one.text for one in named] == [f"{HOST}/{path}" for path in parts]
    found = [addresses(data) for data in parts.values()]
    assert [len(part) for part in found] == [5, 5, 3]
    assert {address: when for part in found for address, when in part.items()} == whole


def test_a_site_with_just_enough_addresses_has_one_file() -> None:
    job = make_job(make_cluster_files({"portal": ["news"]}))
    assert list(dict(sitemap_files(job, most=3))) == ["sitemap.xml"]
