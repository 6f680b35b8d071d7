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
from cluster.source import blob_id
from plugins.feeds.feeds import Feeds
from plugins.feeds.sitemap import Sitemaps
from plugins.pages.generator import no_tags
from plugins.pages.job import Findings, Job
from plugins.pages.links import leaving_path
from plugins.pages.markdown import BodyRenderer
from plugins.pages.page import PageKey
from plugins.pages.plan import Pages
from tests.builders import ARTICLE, make_article, make_cluster_files
from tests.plugins.growing import Changes, GrownSite, with_changes
from tests.plugins.rendering import MemorySink, Rendered, render_site
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
                if parts.path.startswith("/_mode/"):
                    continue
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


# ---- a later run ----------------------------------------------------------------------------------------------------

B = "content/portal/news/2026/b.md"
LINK = "[外](https://example.com/)"
MAKERS = (Pages(), Feeds(), Sitemaps())


def grown(tmp_path: Path, more: Changes | None = None) -> GrownSite:
    """A site of two items, made once."""
    return GrownSite.made(tmp_path, with_changes(make_two(), more or {}))


def put(job: Job) -> list[str]:
    """The paths of what a run handed out beside the table of old addresses, which it always makes."""
    assert isinstance(job.sink, MemorySink)
    return sorted(path for path in job.sink.files if path != "_redirects")


def test_a_later_run_makes_only_what_the_change_leads_to(tmp_path: Path) -> None:
    job = grown(tmp_path).remade({B: make_article(title="乙", body="别的话。")})
    assert put(job) == ["news/2026/b.html"]
    assert (job.outputs.written, job.outputs.removed) == ({"news/2026/b.html"}, set())


def test_what_was_made_again_with_the_same_bytes_is_not_written(tmp_path: Path) -> None:
    job = grown(tmp_path).remade({ARTICLE: make_article(title="甲", summary="", keywords=[])})
    assert RIVER in put(job)
    assert job.outputs.written == set()


@pytest.mark.parametrize("name", ["a.pdf", "图.pdf"])
def test_a_content_file_comes_and_goes_with_the_last_page_that_uses_it(tmp_path: Path, name: str) -> None:
    file, link = f"news/2026/{name}", f"[甲]({name})"
    town = grown(tmp_path, {f"content/portal/{file}": b"1", ARTICLE: make_article(body=link)})
    assert town.rendered.files[file] == b"1"
    assert file not in put(town.remade({B: make_article(body=link)}))
    assert town.remade({ARTICLE: make_article()}).outputs.removed == set()
    assert town.remade({B: make_article()}).outputs.removed == {file}
    assert file in put(town.remade({B: make_article(body=link)}))


def test_a_content_file_is_handed_out_again_only_when_its_bytes_are_others(tmp_path: Path) -> None:
    file = "news/2026/a.pdf"
    page = {ARTICLE: make_article(body="[甲](a.pdf)")}
    town = grown(tmp_path, {f"content/portal/{file}": b"1", **page})
    assert put(town.remade({ARTICLE: make_article(body="看[甲](a.pdf)")})) == [RIVER]
    assert set(put(town.remade({f"content/portal/{file}": b"22"}))) == {RIVER, file}
    assert town.rendered.job.outputs.written == {file}


def test_a_leaving_notice_comes_and_goes_with_the_last_link_to_its_address(tmp_path: Path) -> None:
    notice = leaving_path("https://example.com/")
    town = grown(tmp_path, {ARTICLE: make_article(body=LINK)})
    assert notice in town.rendered.files
    assert town.remade({B: make_article(title="乙", body=LINK)}).outputs.written == {"news/2026/b.html"}
    assert town.remade({ARTICLE: None}).outputs.removed == {RIVER}
    assert town.remade({B: make_article()}).outputs.removed == {notice}


def test_issues_of_pages_stay_told_until_they_are_mended(tmp_path: Path) -> None:
    town = grown(tmp_path, {ARTICLE: make_article(body="[甲](none.md)")})
    assert [issue.path for issue in town.rendered.issues if issue.code == "link-missing"] == [ARTICLE]
    town.remade({B: make_article(title="丙", date="2026-01-01")})
    assert [issue.path for issue in town.rendered.issues if issue.code == "link-missing"] == [ARTICLE]
    town.remade({"content/portal/news/2026/none.md": make_article()})
    assert [issue for issue in town.rendered.issues if issue.code == "link-missing"] == []


def test_an_old_address_is_followed_in_the_table_at_once(tmp_path: Path) -> None:
    town = grown(tmp_path)
    town.remade({B: make_article(title="乙", redirect_from=["/x.html"])})
    assert sink_of(town)["_redirects"] == b"/x.html /news/2026/b.html\n"
    town.remade({B: None})
    assert sink_of(town)["_redirects"] == b""


def sink_of(town: GrownSite) -> dict[str, bytes]:
    """What the last run put into its sink."""
    sink = town.rendered.job.sink
    assert isinstance(sink, MemorySink)
    return sink.files


def test_when_the_header_changes_every_page_is_made_again(tmp_path: Path) -> None:
    town = grown(tmp_path)
    job = town.remade({"content/portal/residents/2026/x.md": make_article()})
    made = {key.path for maker in MAKERS for key in maker.keys(job)} | {RIVER, "news/2026/b.html"}
    assert made < set(put(job))
    assert job.outputs.written >= {RIVER, "404.html", "residents/index.html"}
    assert town.remade({"content/portal/residents/2026/y.md": make_article()}).outputs.written.isdisjoint(
        {RIVER, "404.html"}
    )


def test_a_first_run_tells_the_header_so_that_the_next_can_compare(tmp_path: Path) -> None:
    town = grown(tmp_path)
    (frame,) = town.rendered.job.frame
    assert town.remade({B: None}).frame == [frame]
    assert town.remade({"content/portal/residents/2026/x.md": make_article()}).frame != [frame]


def test_bodies_worth_keeping_are_kept_by_the_run(tmp_path: Path) -> None:
    town = grown(tmp_path, {ARTICLE: make_article(body="|a|\n|-|\n|b|"), B: make_article(body="一段话。")})
    job = town.rendered.job
    settings = BodyRenderer(statute=False, table_label="表格").settings
    kept = {path: job.index.body(blob_id(town.files[path]), settings) is not None for path in (ARTICLE, B)}
    assert kept == {ARTICLE: True, B: False}


# ---- files of others ------------------------------------------------------------------------------------------------


class Counts:
    """Another plugin's maker: one text file a column, telling how many dated items it shows."""

    kinds = ("count",)

    def keys(self, job: Job) -> Iterator[PageKey]:
        """A file for every shown column."""
        for column in job.shown_columns():
            yield PageKey(f"{column.path}/count.txt", "count", column.path)

    def make(self, job: Job, findings: Findings, key: PageKey) -> bytes:
        """The number."""
        return str(sum(job.index.months(job.site.key, key.subject).values())).encode()


def test_another_plugin_may_have_files_of_its_own_that_follow_what_they_read(tmp_path: Path) -> None:
    def add(generator: Any) -> None:
        if hasattr(generator, "makers"):
            generator.makers.append(Counts())

    with connected(signals.generator_init, add):
        town = grown(tmp_path, {"content/portal/residents/2026/x.md": make_article()})
        assert (town.rendered.files["news/count.txt"], town.rendered.files["residents/count.txt"]) == (b"2", b"1")
        assert "news/count.txt" not in put(town.remade({B: make_article(title="丙")}))
        assert town.remade({B: None}).outputs.written >= {"news/count.txt"}
        assert sink_of(town)["news/count.txt"] == b"1"
        assert "residents/count.txt" in town.remade({"content/portal/residents/2026/x.md": None}).outputs.removed
