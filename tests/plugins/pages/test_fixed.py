"""Promises about the pages every site has, and about the small text files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cluster.release import MODE_FILES
from plugins.pages.fixed import fixed_keys, leaving_key, mode_sheet, text_file, text_keys
from plugins.pages.links import leaving_path
from plugins.pages.page import PageKey
from tests.builders import ARTICLE, make_article, make_cluster_files, make_column, make_site, make_topic
from tests.plugins.rendering import Rendered, compose, make_job, render_site


def make_tree() -> dict[str, bytes]:
    """A site with filled, empty and hidden columns."""
    columns = [
        make_column("news"), make_column("news/a"), make_column("news/a/deep"), make_column("news/b"),
        make_column("empty"), make_column("old", hidden=True), make_column("shy", hidden=True),
    ]  # fmt: skip
    return make_cluster_files({"portal": make_site("portal", columns=columns)}) | {
        "content/portal/news/a/deep/2026/x.md": make_article(),
        "content/portal/shy/2026/x.md": make_article(),
        "sites/portal/topics/river.toml": make_topic("治河"),
    }


def paths(tree: Any) -> list[Any]:
    """The column paths of a tree, nested as it is."""
    return [(column.path, paths(children)) for column, children in tree]


def test_the_sitemap_is_the_whole_tree_without_empty_columns() -> None:
    composed, _ = compose(make_job(make_tree()), "sitemap.html")
    assert paths(composed.context["tree"]) == [
        ("news", [("news/a", [("news/a/deep", [])])]),
        ("shy", []),
    ]
    assert [topic.title for topic in composed.context["topics"]] == ["治河"]
    assert not composed.page.noindex


def test_the_sitemap_page_links_to_every_column_that_has_a_page(tmp_path: Path) -> None:
    site = render_site(tmp_path, make_tree())
    hrefs = {str(link["href"]) for link in site.page("sitemap.html").select("main a")}
    columns = {f"/{path.removesuffix('index.html')}" for path in site.pages() if path.endswith("/index.html")}
    assert columns - hrefs == {"/topics/"}


def test_error_pages_and_notices_are_not_for_search_engines() -> None:
    job = make_job(make_tree())
    hidden = {key.kind for key in fixed_keys() if compose(job, key.path)[0].page.noindex}
    assert hidden == {"search", "notice", "404", "410"}


def test_error_pages_use_site_absolute_links_only(tmp_path: Path) -> None:
    site = render_site(tmp_path, make_tree())
    for path in ("404.html", "410.html"):
        for tag in site.page(path).find_all(["a", "link", "script", "img", "form"]):
            address = str(tag.get("href") or tag.get("src") or tag.get("action"))
            assert address.startswith(("/", "#", "http://", "https://", "tel:", "mailto:")), tag


def test_fixed_pages_speak_the_sites_language() -> None:
    for language, titles in (("zh-Hans", {"页面未找到", "网站地图"}), ("en", {"Page not found", "Site map"})):
        site = make_site("portal", language=language, name="N")
        job = make_job(make_cluster_files({"portal": site}))
        found = {compose(job, key.path)[0].page.title.removesuffix(" - N") for key in fixed_keys()}
        assert titles <= found


def test_every_outside_address_gets_one_notice_page_in_a_fixed_order(tmp_path: Path) -> None:
    links = "[乙](https://b.example/) [甲](https://a.example/) [又乙](https://b.example/)"
    files = {ARTICLE: make_article(body=links), "content/portal/news/2026/b.md": make_article(body=links)}
    site = render_site(tmp_path, make_cluster_files() | files)
    made = [path for path in site.files if path.startswith("leave/")]
    assert made == [leaving_path("https://a.example/"), leaving_path("https://b.example/")]


def test_the_key_of_a_notice_page_names_the_address() -> None:
    assert leaving_key("https://a.example/") == PageKey(
        leaving_path("https://a.example/"), "leave", "https://a.example/"
    )


def test_robots_are_led_to_the_sitemap_and_away_from_notices() -> None:
    job = make_job(make_tree())
    files = {key.path: text_file(job, key) for key in text_keys()}
    robots = files["robots.txt"].decode()
    assert "Sitemap: http://portal.yunze.localhost:8080/sitemap.xml\n" in robots
    assert "Disallow: /leave/\n" in robots
    assert "Disallow: /_mode/\n" in robots
    assert b"{" not in files["_mode.css"]


def test_every_mode_has_its_sheet_and_the_second_scheme_is_the_first_in_other_colours() -> None:
    job = make_job(make_tree())
    files = {key.path: text_file(job, key) for key in text_keys()}
    assert set(MODE_FILES) <= set(files)
    assert b"--mode: elder" in files["_mode-elder.css"]
    assert b"--mode: text" in files["_mode-text.css"]
    assert files["_mode-yellow.css"].startswith(files["_mode-elder.css"])
    assert b"--mode: yellow" in files["_mode-yellow.css"]


def test_a_theme_without_modes_shows_the_page_as_it_is(tmp_path: Path) -> None:
    assert mode_sheet(tmp_path, "_mode-elder.css") == b""


def test_every_page_links_the_state_sheet_last_and_the_notice(tmp_path: Path) -> None:
    site: Rendered = render_site(tmp_path, make_tree())
    for path in site.pages():
        page = site.page(path)
        assert page.select("link[rel=stylesheet]")[-1]["href"] == "/_mode.css", path
        assert page.select_one('a[href="/notice.html"][hidden]') is not None, path
