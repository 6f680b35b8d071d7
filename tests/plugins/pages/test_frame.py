"""Promises about what stands around every page: the site, its navigation, its help pages, the sister sites."""

from __future__ import annotations

from plugins.pages.frame import make_page, site_view
from plugins.pages.views import Link
from tests.builders import ARTICLE, make_article, make_cluster_files, make_column, make_site
from tests.plugins.rendering import make_job

HELP = {"contact": "/help/contact.html", "about": "/help/about.html"}


def test_the_navigation_holds_filled_first_level_columns_in_their_order_unless_hidden() -> None:
    paths = ("b", "a", "a/c", "none")
    columns = [*(make_column(path) for path in paths), make_column("old", hidden=True)]
    files = make_cluster_files({"portal": make_site("portal", columns=columns)})
    files |= {f"content/portal/{column}/2026/x.md": make_article() for column in ("b", "a/c", "old")}
    assert site_view(make_job(files)).navigation == (Link("栏目 b", "/b/"), Link("栏目 a", "/a/"))


def test_a_further_item_changes_nothing_around_the_pages() -> None:
    files = make_cluster_files() | {ARTICLE: make_article()}
    further = {"content/portal/news/2026/further.md": make_article("又一篇")}
    assert site_view(make_job(files)) == site_view(make_job(files | further))


def test_sister_sites_are_named_in_the_clusters_order_without_this_one() -> None:
    job = make_job(make_cluster_files({"b": ["news"], "portal": ["news"], "a": ["news"]}))
    assert site_view(job).sisters == (
        Link("b", "http://b.yunze.localhost:8080/"),
        Link("a", "http://a.yunze.localhost:8080/"),
    )


def test_a_site_without_help_pages_borrows_those_of_the_first_site_that_has_some() -> None:
    owner = make_site("portal", help=HELP)
    job = make_job(make_cluster_files({"coal": ["news"], "portal": owner}), site="coal")
    assert site_view(job).help == {name: f"http://portal.yunze.localhost:8080{path}" for name, path in HELP.items()}
    assert site_view(make_job(make_cluster_files({"coal": ["news"], "portal": owner}))).help == HELP
    assert site_view(make_job(make_cluster_files())).help == {}


def test_the_site_shows_what_the_law_asks_for() -> None:
    view = site_view(make_job(make_cluster_files()))
    assert (view.site_id, view.icp, view.police) == (
        "9999000001",
        "云泽ICP备00000001号",
        "云泽公网安备 99990002000001号",
    )
    assert (view.organizer, view.operator, view.phone) == ("云泽市人民政府办公室", "云泽市大数据中心", "0999-0000000")
    assert (view.url, view.host) == ("http://portal.yunze.localhost:8080", "portal.yunze.localhost")
    assert view.colors == {"main": "#0b4a8f", "accent": "#b3261e"}


def test_a_folders_page_has_the_folders_address() -> None:
    job = make_job(make_cluster_files())
    assert make_page(job, "home", "index.html", "x").canonical == "http://portal.yunze.localhost:8080/"
    assert make_page(job, "column", "news/index.html", "x").path == "/news/"
    assert make_page(job, "home", "index.html", "x").title == "portal 网站"
    assert make_page(job, "search", "search.html", "搜索").title == "搜索 - portal 网站"


def test_the_other_language_is_the_first_site_that_speaks_one() -> None:
    abroad = make_site("world", ["news"], language="en")
    files = make_cluster_files({"city": ["news"], "coal": ["news"], "world": abroad})
    links = {site: site_view(make_job(files, site=site)).other_language for site in ("city", "coal", "world")}
    assert links["city"] == links["coal"] == Link("en", "http://world.yunze.localhost:8080/")
    assert links["world"] == Link("zh-Hans", "http://city.yunze.localhost:8080/")
    assert site_view(make_job(make_cluster_files())).other_language is None
