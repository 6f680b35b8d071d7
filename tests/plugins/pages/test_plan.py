"""Promises of the plan: it names every page a site has, each once, under the kind by which it is found again."""

from __future__ import annotations

from collections import Counter

from plugins.feeds.feeds import Feeds
from plugins.feeds.sitemap import Sitemaps
from plugins.pages.plan import Pages, article_keys, list_keys, plan_pages
from tests.builders import make_cluster_files
from tests.plugins.rendering import Rendered, make_job
from tests.plugins.town import make_town

ALWAYS = ("index.html", "sitemap.html", "search.html", "notice.html", "404.html", "410.html")


def test_the_plan_names_every_page_of_the_output_but_leaving_notices_once(town: dict[str, Rendered]) -> None:
    for site in town.values():
        planned = Counter(key.path for key in plan_pages(site.job))
        assert planned == Counter(path for path in site.pages() if not path.startswith("leave/"))


def test_an_empty_site_has_the_pages_that_every_site_has() -> None:
    assert [key.path for key in plan_pages(make_job(make_cluster_files()))] == list(ALWAYS)


def test_every_file_is_found_again_under_the_kind_it_was_planned_with(town: dict[str, Rendered]) -> None:
    for site in town.values():
        for maker in (Pages(), Feeds(), Sitemaps()):
            planned = {key.path: key for key in maker.keys(site.job)}
            assert site.job.outputs.keys(*maker.kinds) == planned
        assert site.job.outputs.keys("list") == {key.path: key for key in list_keys(site.job)}


def test_no_two_makers_share_a_kind() -> None:
    kinds = [kind for maker in (Pages(), Feeds(), Sitemaps()) for kind in maker.kinds]
    assert len(kinds) == len({*kinds, "article", "list", "leave", "file", "asset", "redirects"}) - 6


def test_items_pages_are_those_of_the_sites_own_shown_items() -> None:
    keys = {key.subject: key for key in article_keys(make_job(make_town()))}
    assert keys["content/portal/news/2026/river.md"].path == "news/2026/river.html"
    assert {path.split("/")[1] for path in keys} == {"portal"}
    assert "content/portal/news/2026/later.md" not in keys
    assert {key.kind for key in keys.values()} == {"article"}
