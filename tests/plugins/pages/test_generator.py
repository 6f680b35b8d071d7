"""Promises of a whole Pelican run over the small town: links that lead somewhere, nothing leaked, plugins of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import Tag
from pelican import signals

from cluster.errors import BuildError
from plugins.pages.generator import no_tags
from tests.builders import ARTICLE, make_article, make_cluster_files
from tests.plugins.rendering import Rendered, render_site
from tests.plugins.town import make_town

RIVER = "news/2026/river.html"


def addresses(site: Rendered, path: str) -> Iterator[tuple[Tag, str]]:
    """Every address on a page with its element."""
    for tag in site.page(path).find_all(True):
        for name in ("href", "src", "action"):
            if name in tag.attrs:
                yield tag, str(tag[name])


# ---- the output as a whole ------------------------------------------------------------------------------------------


def test_every_link_within_the_cluster_leads_to_a_file_of_the_output(town: dict[str, Rendered]) -> None:
    sites = {site.job.site.host: site for site in town.values()}
    for here in town.values():
        for path in here.pages():
            for _, address in addresses(here, path):
                parts = urlsplit(address)
                site = sites.get(parts.hostname or here.job.site.host)
                if site is not None and parts.scheme not in ("mailto", "tel") and parts.path:
                    wanted = unquote(parts.path.lstrip("/"))
                    wanted += "index.html" if not wanted or wanted.endswith("/") else ""
                    assert wanted in site.files, (path, address)


def test_every_anchor_is_on_its_page_and_no_id_is_used_twice(town: dict[str, Rendered]) -> None:
    for site in town.values():
        for path in site.pages():
            ids = [str(tag["id"]) for tag in site.page(path).find_all(id=True)]
            assert len(ids) == len(set(ids)), path
            anchors = {unquote(address[1:]) for _, address in addresses(site, path) if address.startswith("#")}
            assert anchors <= set(ids), path


def test_outside_addresses_stand_only_on_notice_pages_and_in_the_footer(town: dict[str, Rendered]) -> None:
    for site in town.values():
        for path in site.pages():
            outside = {a for _, a in addresses(site, path) if urlsplit(a).hostname == "example.com"}
            assert not outside or path.startswith("leave/"), path


def test_no_page_has_inline_script_style_or_handlers(town: dict[str, Rendered]) -> None:
    for site in town.values():
        for path in site.pages():
            for tag in site.page(path).find_all(True):
                assert tag.name != "style", path
                assert tag.name != "script" or tag.get("src"), path
                assert not [name for name in tag.attrs if name == "style" or name.startswith("on")], (path, tag)


def test_nothing_of_scheduled_or_expired_items_is_in_the_output(town: dict[str, Rendered]) -> None:
    for site in town.values():
        for path, data in site.files.items():
            assert "未来".encode() not in data, path
            assert "过期".encode() not in data, path
            assert "later" not in path


def test_the_same_state_gives_the_same_bytes(town: dict[str, Rendered], tmp_path: Path) -> None:
    again = render_site(tmp_path, make_town())
    assert again.files == town["portal"].files


def test_alternates_are_reciprocal_on_the_rendered_pages(town: dict[str, Rendered]) -> None:
    links = [
        {(str(link["hreflang"]), str(link["href"])) for link in town[site].page(RIVER).select("link[hreflang]")}
        for site in ("portal", "english")
    ]
    assert links[0] == links[1]
    assert {language for language, _ in links[0]} == {"zh-Hans", "en", "x-default"}


def test_every_page_says_which_address_is_its_own(town: dict[str, Rendered]) -> None:
    for site in town.values():
        for path in site.pages():
            (link,) = site.page(path).select("link[rel=canonical]")
            assert link["href"] == f"{site.job.address}/{path.removesuffix('index.html')}"


# ---- plugins of others ----------------------------------------------------------------------------------------------


@contextmanager
def connected(signal: Any, receiver: Callable[..., None]) -> Iterator[None]:
    """A receiver on a signal for a while, as another's plugin connects one in `register`."""
    signal.connect(receiver)
    try:
        yield
    finally:
        signal.disconnect(receiver)


def make_two() -> dict[str, bytes]:
    """Two items."""
    return make_cluster_files() | {
        ARTICLE: make_article(title="甲"),
        "content/portal/news/2026/b.md": make_article(title="乙"),
    }


@pytest.mark.parametrize("name", ["content_object_init", "article_generator_write_article"])
def test_another_plugin_sees_every_article_and_may_change_it(tmp_path: Path, name: str) -> None:
    seen: list[str] = []

    def add_watermark(sender: Any, content: Any = None) -> None:
        article = content if content is not None else sender
        seen.append(article.title)
        article.content = f'<p class="watermark">{article.metadata["title"]}</p>' + str(article.content)
        article.title += "！"

    with connected(getattr(signals, name), add_watermark):
        site = render_site(tmp_path, make_two())
    assert sorted(seen) == ["乙", "甲"]
    page = site.page(RIVER)
    assert page.select_one(".body > p.watermark") is not None
    assert page.select("h1.article-title")[0].get_text() == "甲！"
    assert page.select('meta[name="ArticleTitle"]')[0]["content"] == "甲！"
    assert 'class="watermark"' not in site.text("index.html")


def test_another_plugin_is_told_of_every_written_article(tmp_path: Path) -> None:
    written: dict[str, str] = {}

    def note(path: str, context: dict[str, Any]) -> None:
        written[path] = context["article"].title

    with connected(signals.content_written, note):
        render_site(tmp_path, make_two())
    assert written == {RIVER: "甲", "news/2026/b.html": "乙"}


def test_a_plugin_that_fails_stops_the_build(tmp_path: Path) -> None:
    def fail(_sender: Any) -> None:
        raise RuntimeError("水印服务没有回应")

    with connected(signals.content_object_init, fail), pytest.raises(BuildError, match="水印服务没有回应"):
        render_site(tmp_path, make_two())


def test_without_a_plugin_for_tags_there_are_none(tmp_path: Path) -> None:
    def drop(generator: Any) -> None:
        if hasattr(generator, "tagger"):
            generator.tagger = no_tags

    with connected(signals.generator_init, drop):
        site = render_site(tmp_path, make_two())
    assert site.page(RIVER).select('meta[name="SiteName"]') == []
