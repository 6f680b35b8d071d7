"""The whole cluster as visitors get it: this repository's content and the real statutes, published and served."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import pytest

from cluster import item as item_file
from cluster.clock import parse_date
from cluster.release import MODE_FILES
from cluster.site import SITE_ID, TRADITIONAL, Column
from tests.scenarios.commands import NOW
from tests.scenarios.house import REPOSITORY, House
from tests.scenarios.pages import ReadPage, read_page
from tests.tools import nu
from tests.tools.crawl import CrawlResult, crawl
from tests.tools.csp import visit

# Files that no page links to, and why.
READ_BY_MACHINES = (
    "/_redirects",
    "/robots.txt",
    "/sitemap.xml",
    "/feed.json",
    *(f"/{name}" for name in MODE_FILES[1:]),
)
SHOWN_ON_ERRORS = ("/404.html", "/410.html")
ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
# Fixed pages have no column and no place in the tree above them.
WITHOUT_BREADCRUMB = {"home", "404", "410"}
EVERY_NTH_STATUTE = 10
_NUMBERED = re.compile(r"/list-\d+\.html")

Ask = Callable[[str], tuple[int, bytes]]


# ---- over HTTP ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crawled(served_house: House) -> CrawlResult:
    return crawl(served_house.port, served_house.hosts)


@pytest.fixture
def ask(served_house: House) -> Iterator[Ask]:
    """Asks the house for an absolute address, as a program that reads a feed would."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", served_house.port, timeout=30)) as connection:

        def get(url: str) -> tuple[int, bytes]:
            parts = urlsplit(url)
            assert (parts.scheme, parts.port) == ("http", served_house.port), url
            connection.request("GET", parts.path, headers={"Host": parts.netloc})
            answer = connection.getresponse()
            return answer.status, answer.read()

        yield get


def test_no_link_is_dead_and_no_anchor_is_missing(crawled: CrawlResult) -> None:
    assert crawled.dead_links() == []
    assert crawled.missing_anchors() == []
    assert crawled.redirected_links() == []


def test_every_page_is_reached_by_links_from_the_home_pages(served_house: House, crawled: CrawlResult) -> None:
    expected = {path for path in served_house.manifest if not path.endswith((*READ_BY_MACHINES, *SHOWN_ON_ERRORS))}
    assert expected & set(crawled.unreached(served_house.manifest)) == set()
    assert len(crawled.pages) == len(served_house.pages) - len(SHOWN_ON_ERRORS) * len(served_house.hosts)


def test_only_government_sites_are_linked_without_a_notice_of_leaving(crawled: CrawlResult) -> None:
    assert crawled.stray_links() == []
    assert crawled.external_links() != []


def test_every_file_of_the_manifest_is_served_with_its_bytes(served_house: House, ask: Ask) -> None:
    wrong = []
    for path in served_house.manifest:
        status, body = ask(quote(served_house.address(path), safe=":/"))
        is_right = (
            status == 404 if path.endswith("/_redirects") else (status, body) == (200, _bytes(served_house, path))
        )
        if not is_right:
            wrong.append((path, status))
    assert wrong == []


def _bytes(house: House, path: str) -> bytes:
    return house.file(path).read_bytes()


def test_an_address_that_does_not_exist_answers_404_and_one_withdrawn_410(served_house: House, ask: Ask) -> None:
    for site in served_house.cluster.sites.values():
        address = served_house.cluster.address(site)
        assert ask(f"{address}/no/such/page.html") == (404, _bytes(served_house, f"{site.key}/404.html"))
        for path in site.gone:
            assert ask(address + path) == (410, _bytes(served_house, f"{site.key}/410.html"))
    assert any(site.gone for site in served_house.cluster.sites.values())


def test_atom_feeds_are_valid_and_their_absolute_addresses_answer(served_house: House, ask: Ask) -> None:
    feeds = [path for path in served_house.manifest if path.endswith("feed.xml")]
    assert {path.partition("/")[0] for path in feeds} == set(served_house.cluster.sites)
    for path in feeds:
        feed = ElementTree.fromstring(_bytes(served_house, path))
        assert feed.tag == f"{ATOM}feed"
        entries = feed.findall(f"{ATOM}entry")
        assert 1 <= len(entries) <= 20, path
        assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == len(entries), path
        for element in (feed, *entries):
            _check_atom(element, ask)
        dates = [entry.findtext(f"{ATOM}published", "") for entry in entries]
        assert dates == sorted(dates, reverse=True), path


def _check_atom(element: ElementTree.Element, ask: Ask) -> None:
    assert element.findtext(f"{ATOM}title")
    assert element.findtext(f"{ATOM}id")
    assert element.findtext(f"{ATOM}author/{ATOM}name")
    assert datetime.fromisoformat(element.findtext(f"{ATOM}updated", "")) <= parse_date(NOW)
    links = [link.get("href", "") for link in element.findall(f"{ATOM}link")]
    assert links
    assert [link for link in links if ask(link)[0] != 200] == []


def test_json_feeds_are_valid_and_their_absolute_addresses_answer(served_house: House, ask: Ask) -> None:
    for site in served_house.cluster.sites.values():
        feed = json.loads(_bytes(served_house, f"{site.key}/feed.json"))
        assert feed["version"] == "https://jsonfeed.org/version/1.1"
        assert feed["title"] == site.name
        addresses = [feed["home_page_url"], feed["feed_url"], *(item["url"] for item in feed["items"])]
        assert [url for url in addresses if ask(url)[0] != 200] == []
        assert len(feed["items"]) >= 1
        assert all(item["id"] and item["title"] and item["content_text"] for item in feed["items"])


def test_sitemaps_name_every_page_meant_for_search_engines_and_no_other(served_house: House, ask: Ask) -> None:
    for site in served_house.cluster.sites.values():
        listed = _sitemap_addresses(_bytes(served_house, f"{site.key}/sitemap.xml"))
        assert len(set(listed)) == len(listed)
        for address in listed:
            status, body = ask(address)
            assert status == 200, address
            assert f'<link rel="canonical" href="{address}">'.encode() in body
            assert b'name="robots"' not in body, address
        inner = [path for path in served_house.pages if path.startswith(f"{site.key}/") and _is_content(path)]
        assert {served_house.address(path) for path in inner} <= set(listed)
        assert [address for address in listed if _NUMBERED.search(address)] == []


def _sitemap_addresses(data: bytes) -> list[str]:
    urls = ElementTree.fromstring(data)
    assert urls.tag == f"{SITEMAP}urlset"
    for modified in urls.iterfind(f"{SITEMAP}url/{SITEMAP}lastmod"):
        assert datetime.fromisoformat(modified.text or "") <= parse_date(NOW)
    return [location.text or "" for location in urls.iterfind(f"{SITEMAP}url/{SITEMAP}loc")]


def _is_content(path: str) -> bool:
    """Whether a page is a column's or an item's: all that lie in a folder but topics, notices and numbered lists."""
    return path.count("/") > 1 and path.split("/")[1] not in ("topics", "leave") and not _NUMBERED.search(path)


@pytest.mark.browser
def test_no_page_breaks_its_policy_logs_an_error_or_asks_a_third_party(served_house: House) -> None:
    pages = served_house.pages
    if os.environ.get("ZHANQUN_ALL_PAGES") != "1":
        statutes = [path for path in pages if re.match(r"congress/fagui/falv/\d{4}/(?!list-)", path)]
        pages = sorted({*pages} - {*statutes} | {*statutes[::EVERY_NTH_STATUTE]})
    assert visit([served_house.address(path) for path in pages]) == []


# ---- every page, read from the live release -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages(house: House) -> list[ReadPage]:
    return [read_page(path, _bytes(house, path).decode()) for path in house.pages if not _is_traditional(path)]


def _is_traditional(path: str) -> bool:
    """Whether a page is another one in traditional characters."""
    return path.split("/")[1] == TRADITIONAL


def test_a_page_in_traditional_characters_has_all_that_the_page_has(house: House, pages: list[ReadPage]) -> None:
    originals = {page.path: page for page in pages}
    copies = [path for path in house.pages if _is_traditional(path)]
    assert copies
    for path in copies:
        page = read_page(path, _bytes(house, path).decode())
        original = originals[path.replace(f"/{TRADITIONAL}/", "/", 1)]
        assert (page.language, page.kind) == ("zh-Hant", original.kind), path
        assert page.canonical == house.address(path), path
        assert page.metas.keys() == original.metas.keys(), path
        assert {name: len(found) for name, found in page.pieces.items()} == {
            name: len(found) for name, found in original.pieces.items()
        }, path
        assert page.ids == original.ids, path
        for tag, shown in (("SiteName", ".brand-name"), ("SiteIDCode", ".site-id")):
            assert page.metas[tag] == page.text(shown), path
        assert page.text("title").startswith(page.text("h1")), path


def _of_kind(pages: list[ReadPage], *kinds: str) -> list[ReadPage]:
    found = [page for page in pages if page.kind in kinds]
    assert {page.kind for page in found} == set(kinds)
    return found


@pytest.mark.nu
def test_the_html_checker_finds_no_error_on_any_page(house: House) -> None:
    report = nu.check_pages(*(house.www / "current" / site for site in house.cluster.sites))
    assert [str(error) for error in report.errors] == []


def test_every_page_names_its_site_as_the_header_and_the_footer_do(house: House, pages: list[ReadPage]) -> None:
    for page in pages:
        site = house.cluster.sites[page.site]
        tags = [page.metas.get(name) for name in ("SiteName", "SiteDomain", "SiteIDCode")]
        assert tags == [site.name, site.host, site.site_id], page.path
        assert re.fullmatch(SITE_ID, tags[2] or ""), page.path
        assert [page.text(".brand-name"), page.text(".site-id")] == [site.name, site.site_id], page.path
        assert page.language == site.language, page.path


def test_every_page_has_the_footer_that_the_rules_ask_for(house: House, pages: list[ReadPage]) -> None:
    for page in pages:
        site = house.cluster.sites[page.site]
        assert {site.organizer, site.operator, site.phone, site.email} <= set(page.texts(".owner dd")), page.path
        assert (page.text(".icp"), page.text(".police")) == (site.icp, site.police), page.path
        assert page.links(".icp") == ["https://beian.miit.gov.cn/"], page.path
        assert page.links(".police") == ["https://beian.mps.gov.cn/"], page.path
        assert [piece.attributes["alt"] != "" for piece in page.pieces[".marks img"]] == [True, True], page.path
        links = page.links(".site-footer a")
        assert "/sitemap.html" in links, page.path
        assert any(link.endswith("/help/correction.html") for link in links), page.path


def test_column_tags_say_what_the_column_pages_show(house: House, pages: list[ReadPage]) -> None:
    for page in _of_kind(pages, "column", "list"):
        column = _column_of(house, page.path)
        assert page.metas["ColumnName"] == column.title == page.text("h1"), page.path
        assert page.metas["ColumnDescription"] == column.description == page.text(".page-head .lead"), page.path
        assert page.metas["ColumnKeywords"], page.path
        assert page.metas["ColumnType"], page.path


def _column_of(house: House, path: str) -> Column:
    site, *parts = path.split("/")[:-1]
    parts = parts[:-1] if parts[-1].isdecimal() else parts
    return house.cluster.sites[site].columns["/".join(parts)]


def test_article_tags_say_what_the_article_pages_show(house: House, pages: list[ReadPage]) -> None:
    for page in _of_kind(pages, "article"):
        column = _column_of(house, page.path)
        assert page.metas["ColumnName"] == column.title == page.texts(".breadcrumb li")[-2], page.path
        assert all(page.metas[f"Column{name}"] for name in ("Description", "Keywords", "Type")), page.path
        assert page.metas["ArticleTitle"] == page.text("h1"), page.path
        assert page.metas.get("PubDate", "") == page.text(".pub-date"), page.path
        assert page.metas.get("ContentSource", "") == page.text(".content-source"), page.path
        assert page.metas["Url"] == page.canonical == house.address(page.path), page.path


def test_a_dated_item_has_a_time_that_is_not_in_the_future_and_a_source(pages: list[ReadPage]) -> None:
    for page in _of_kind(pages, "article"):
        if page.path.split("/")[-2].isdecimal():
            assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", page.metas["PubDate"]), page.path
            assert parse_date(page.metas["PubDate"]) <= parse_date(NOW), page.path
            assert page.metas["ContentSource"], page.path


def test_every_inner_page_has_a_breadcrumb_that_ends_with_its_title(pages: list[ReadPage]) -> None:
    for page in pages:
        crumbs = page.texts(".breadcrumb li")
        if page.kind in WITHOUT_BREADCRUMB:
            assert crumbs == [], page.path
            continue
        assert crumbs[0] in ("首页", "Home"), page.path
        assert page.text("title").startswith(crumbs[-1]), page.path
        if page.kind in ("column", "list", "article", "topic"):
            assert crumbs[-1] == page.text("h1"), page.path


def test_alternates_name_each_other(house: House) -> None:
    pages = {house.address(path): read_page(path, _bytes(house, path).decode()) for path in house.pages}
    named = {address: page for address, page in pages.items() if page.alternates}
    assert len(named) > 60
    for address, page in named.items():
        assert page.alternates[page.language] == address == page.canonical, page.path
        assert set(page.alternates) >= {page.language, "x-default"}, page.path
        assert len(set(page.alternates)) >= 3, page.path
        for other in page.alternates.values():
            assert pages[other].alternates == page.alternates, (page.path, other)


def test_no_page_gives_an_id_twice_or_lacks_its_one_heading(pages: list[ReadPage]) -> None:
    for page in pages:
        assert [name for name, count in page.ids.items() if count > 1] == [], page.path
        assert len(page.texts("h1")) == 1, page.path


def test_every_leaf_column_of_every_site_shows_an_item(house: House, pages: list[ReadPage]) -> None:
    shown = {page.path: page.texts(".items li") for page in _of_kind(pages, "column")}
    empty = [
        f"{site.key}/{column.path}"
        for site in house.cluster.sites.values()
        for column in site.columns.values()
        if not any(site.children(column.path)) and not shown.get(f"{site.key}/{column.path}/index.html")
    ]
    assert empty == []


def test_home_pages_show_every_block_and_none_is_empty(house: House, pages: list[ReadPage]) -> None:
    homes = {page.site: page for page in _of_kind(pages, "home")}
    assert set(homes) == set(house.cluster.sites)
    for key, page in homes.items():
        assert len(page.texts(".block")) == len(house.cluster.sites[key].home) > 0, key
        assert page.texts(".empty") == [], key
        assert all(page.texts(".block")), key


def test_nothing_of_a_scheduled_item_is_anywhere_in_the_output(house: House) -> None:
    waiting = list(_scheduled_words())
    assert waiting != []
    leaked = [
        (word, path)
        for path in house.manifest
        for word in waiting
        if word.encode() in _bytes(house, path) or word in path
    ]
    assert leaked == []


def _scheduled_words() -> Iterator[str]:
    """Titles, slugs, ids and attachments of the items whose time has not come."""
    for file in sorted((REPOSITORY / "content").rglob("*.md")):
        document, _ = item_file.read(str(file), file.read_bytes())
        assert document is not None
        fields = document.front.values
        if "date" in fields and parse_date(str(fields["date"])) > parse_date(NOW):
            yield from (str(fields["title"]), f"/{file.stem}.", str(fields["id"]))
            for row in fields.get("attachments", ()):
                assert isinstance(row, dict)
                yield from (str(row["title"]), Path(str(row["file"])).name)
