"""Promises about where pages in traditional characters lie."""

from __future__ import annotations

import pytest

from plugins.bilingual.addresses import in_traditional, out_of_traditional
from tests.builders import make_cluster, make_cluster_files, make_site

SITE = make_cluster(
    make_cluster_files({"portal": make_site("portal", ["news", "about", "about/map", "abouts"], traditional=["about"])})
).sites["portal"]


@pytest.mark.parametrize(
    ("path", "traditional"),
    [
        ("/about/", "/zh-hant/about/"),
        ("/about/index.html", "/zh-hant/about/index.html"),
        ("/about/city.html", "/zh-hant/about/city.html"),
        ("/about/map/2026/a.html", "/zh-hant/about/map/2026/a.html"),
        ("/about/2026/list-2.html", "/zh-hant/about/2026/list-2.html"),
        ("/about/plan.pdf", ""),
        ("/about/feed.xml", ""),
        ("/abouts/a.html", ""),
        ("/news/a.html", ""),
        ("/about.html", ""),
        ("/", ""),
        ("/index.html", ""),
        ("/zh-hant/about/city.html", ""),
    ],
)
def test_only_pages_of_the_named_columns_have_a_traditional_form(path: str, traditional: str) -> None:
    assert in_traditional(SITE, path) == traditional


def test_the_way_back_names_the_page() -> None:
    assert out_of_traditional("/zh-hant/about/city.html") == "/about/city.html"
    assert out_of_traditional("/about/city.html") == ""
