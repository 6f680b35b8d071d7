"""Promises of the feeds: valid Atom and JSON, absolute addresses, ids of their own, and no wall clock."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

from cluster.clock import parse_date
from plugins.feeds.feeds import Feeds
from plugins.pages.job import Findings, Job
from tests.builders import ARTICLE, make_article, make_cluster_files, make_page
from tests.plugins.rendering import Rendered, make_job
from tests.plugins.town import ODD

ATOM = {"a": "http://www.w3.org/2005/Atom"}
HOST = "http://portal.yunze.localhost:8080"


def texts(feed: ET.Element, path: str) -> list[str]:
    """The texts at a path of a feed."""
    return [element.text or "" for element in feed.findall(path, ATOM)]


def atom(site: Rendered, path: str = "feed.xml") -> ET.Element:
    """A feed, parsed."""
    return ET.fromstring(site.text(path))


def json_feed(site: Rendered) -> Any:
    """The JSON feed, parsed."""
    return json.loads(site.text("feed.json"))


def feeds_of(job: Job) -> dict[str, bytes]:
    """Every feed of a site by path."""
    feeds = Feeds()
    return {key.path: feeds.make(job, Findings(), key) for key in feeds.keys(job)}


def test_the_feed_shows_the_newest_twenty_items_newest_first(town: dict[str, Rendered]) -> None:
    feed = atom(town["portal"])
    published = [parse_date(text) for text in texts(feed, "a:entry/a:published")]
    assert len(published) == 20
    assert published == sorted(published, reverse=True)
    assert "未来" not in texts(feed, "a:entry/a:title")


def test_an_entry_has_what_atom_asks_for(town: dict[str, Rendered]) -> None:
    feed = atom(town["portal"])
    entry = next(one for one in feed.findall("a:entry", ATOM) if one.findtext("a:id", "", ATOM).endswith(":aa11"))
    assert entry.findtext("a:title", "", ATOM) == "云泽河综合治理二期工程开工"
    assert entry.findtext("a:updated", "", ATOM) == "2026-11-19T08:00:00+08:00"
    assert entry.findtext("a:published", "", ATOM) == "2026-11-18T09:30:00+08:00"
    assert entry.findtext("a:author/a:name", "", ATOM) == "云泽市水务局"
    assert entry.findtext("a:summary", "", ATOM) == "一句话。"
    assert feed.findtext("a:title", "", ATOM) == "portal 网站"
    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == "zh-Hans"


def test_every_address_in_a_feed_is_absolute_and_ids_are_unique(town: dict[str, Rendered]) -> None:
    for site in town.values():
        for path in (path for path in site.files if path.endswith("feed.xml")):
            feed = atom(site, path)
            links = [str(link.get("href")) for link in feed.iter("{http://www.w3.org/2005/Atom}link")]
            assert links
            assert all(link.startswith("http://") for link in links)
            ids = texts(feed, "a:entry/a:id")
            assert len(ids) == len(set(ids))
            assert all(re.match(r"tag:[a-z.]+,2026:.", one) for one in ids)
            (own,) = [link.get("href") for link in feed.findall("a:link[@rel='self']", ATOM)]
            assert own == f"{site.job.address}/{path}"


def test_an_item_listed_here_leads_to_its_own_host(town: dict[str, Rendered]) -> None:
    feed = atom(town["portal"], "news/feed.xml")
    links = [link.get("href") for link in feed.findall("a:entry/a:link", ATOM)]
    assert "http://coal.yunze.localhost:8080/news/2026/mine.html" in links


def test_odd_marks_stay_words(town: dict[str, Rendered]) -> None:
    assert ODD in texts(atom(town["portal"]), "a:entry/a:title")
    assert ODD in [item["title"] for item in json_feed(town["portal"])["items"]]


def test_first_level_columns_with_dated_items_have_a_feed(town: dict[str, Rendered]) -> None:
    feeds = {path for path in town["portal"].files if path.endswith("feed.xml")}
    assert feeds == {"feed.xml", "news/feed.xml", "policy/feed.xml", "archive/feed.xml"}
    assert texts(atom(town["portal"], "policy/feed.xml"), "a:title") == ["portal - 栏目 policy"]


def test_a_feeds_time_is_that_of_its_newest_change(town: dict[str, Rendered]) -> None:
    assert texts(atom(town["portal"], "news/feed.xml"), "a:updated") == ["2026-11-19T08:00:00+08:00"]


def test_a_feed_without_items_has_a_fixed_time() -> None:
    job = make_job(make_cluster_files() | {"content/portal/about/history.md": make_page()})
    files = feeds_of(job)
    assert set(files) == {"feed.xml", "feed.json"}
    assert texts(ET.fromstring(files["feed.xml"]), "a:updated") == ["2001-01-01T00:00:00+08:00"]
    assert files == feeds_of(job)
    assert json.loads(files["feed.json"])["items"] == []


def test_feeds_do_not_change_when_only_the_clock_does() -> None:
    files = make_cluster_files() | {ARTICLE: make_article()}
    early, late = (feeds_of(make_job(files, now=now)) for now in ("2026-11-20T09", "2027-11-20T09"))
    assert early == late


def test_the_json_feed_says_the_same(town: dict[str, Rendered]) -> None:
    feed = json_feed(town["portal"])
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert (feed["home_page_url"], feed["feed_url"]) == (f"{HOST}/", f"{HOST}/feed.json")
    assert len(feed["items"]) == len({item["id"] for item in feed["items"]}) == 20
    (item,) = [item for item in feed["items"] if item["id"] == "aa11"]
    assert item == {
        "id": "aa11",
        "url": f"{HOST}/news/2026/river.html",
        "title": "云泽河综合治理二期工程开工",
        "summary": "一句话。",
        "content_text": "一句话。",
        "date_published": "2026-11-18T09:30:00+08:00",
        "date_modified": "2026-11-19T08:00:00+08:00",
        "tags": ["河", "堤"],
    }


def test_a_json_item_without_a_summary_has_its_title_as_text(town: dict[str, Rendered]) -> None:
    (item,) = [item for item in json_feed(town["portal"])["items"] if item["id"] == "bb22"]
    assert item["content_text"] == "方案"
    assert "summary" not in item


def test_an_items_atom_id_is_a_uri_of_its_own_site_in_every_feed() -> None:
    files = make_cluster_files({"portal": ["news"], "coal": ["news"]})
    files |= {"content/coal/news/2026/mine.md": make_article(also=["portal:news"])}
    expected = b"<id>tag:coal.yunze.localhost,2026:coal/news/2026/mine.md</id>"
    for site in ("portal", "coal"):
        assert expected in feeds_of(make_job(files, site=site))["feed.xml"]
    files["content/coal/news/2026/mine.md"] = make_article(id="矿 1")
    assert b"<id>tag:coal.yunze.localhost,2026:%E7%9F%BF%201</id>" in feeds_of(make_job(files, site="coal"))["feed.xml"]
