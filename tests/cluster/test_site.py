"""The cluster's configuration: read as a whole, every mistake at its line, no cluster with a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.issues import Issue
from cluster.site import Cluster, load_cluster
from cluster.source import FolderSource, config_files
from tests.builders import (
    make_cluster,
    make_cluster_files,
    make_cluster_toml,
    make_column,
    make_site,
    make_toml,
    make_topic,
)

SITE = "sites/portal/site.toml"
LINKS = {"block": "links", "items": [{"title": "国务院", "url": "https://www.gov.cn/"}]}


def load(changes: dict[str, bytes | None]) -> tuple[Cluster | None, tuple[Issue, ...]]:
    files = {**make_cluster_files(), **changes}
    return load_cluster({path: data for path, data in files.items() if data is not None})


def told(changes: dict[str, bytes | None]) -> set[tuple[str, str, str]]:
    """What is wrong with a cluster whose files are changed so."""
    cluster, issues = load(changes)
    assert cluster is None
    assert all(issue.text("zh") and issue.text("en") for issue in issues)
    assert list(issues) == sorted(set(issues))
    return {(issue.path, issue.code, issue.field) for issue in issues}


def portal(**settings: object) -> dict[str, bytes | None]:
    return {SITE: make_site("portal", **settings)}


# ---- right configurations -------------------------------------------------------------------------------------------


def test_a_right_cluster_is_read_without_an_issue():
    cluster = make_cluster(make_cluster_files({"portal": ["news", "news/notices"], "english": ["news"]}))
    assert list(cluster.sites) == ["portal", "english"]
    assert (cluster.intake, cluster.keep_releases, cluster.issues) == ("open", 10, ())
    assert cluster.address(cluster.sites["english"]) == "http://english.yunze.localhost:8080"
    assert cluster.sites["portal"].config_path == SITE


def test_this_repository_s_own_cluster_is_right():
    cluster, issues = load_cluster(config_files(FolderSource(Path(__file__).parent.parent.parent)))
    assert issues == ()
    assert cluster is not None
    assert "portal" in cluster.sites


def test_columns_form_a_tree_in_the_order_written():
    site = make_cluster(make_cluster_files({"portal": ["news", "about", "news/b", "news/a", "news/b/c"]})).sites[
        "portal"
    ]
    assert [column.path for column in site.children("")] == ["news", "about"]
    assert [column.path for column in site.children("news")] == ["news/b", "news/a"]
    assert [column.path for column in site.ancestors("news/b/c")] == ["news", "news/b", "news/b/c"]
    assert site.columns["news/b"].parent == "news"
    assert site.columns["news"].parent == ""
    assert site.columns["news/b"].url == "/news/b/"


def test_a_column_knows_its_line():
    site = make_cluster().sites["portal"]
    lines = make_cluster_files()[SITE].decode().splitlines()
    assert all(f'path = "{path}"' == lines[column.line - 1] for path, column in site.columns.items())


def test_home_blocks_topics_gone_and_help_are_read():
    home = [
        {"block": "headline", "column": "news", "count": 3},
        {"block": "columns", "columns": ["news", "about"]},
        LINKS,
        {"block": "intro", "title": "欢迎", "text": "你好", "url": "/about/"},
    ]
    files = make_cluster_files({"portal": make_site("portal", home=home, help={"contact": "/about/contact.html"})})
    files["sites/portal/topics/river.toml"] = make_topic(
        sections=[{"title": "动态", "column": "news"}, {"title": "其他"}]
    )
    files["sites/portal/gone.toml"] = make_toml({"format": 1, "gone": [{"path": "/news/2020/x.html", "reason": "错"}]})
    site = make_cluster(files).sites["portal"]
    assert [(block.block, block.columns, block.count) for block in site.home] == [
        ("headline", ("news",), 3),
        ("columns", ("news", "about"), 6),
        ("links", (), 0),
        ("intro", (), 0),
    ]
    assert site.home[2].items == ({"title": "国务院", "url": "https://www.gov.cn/"},)
    assert site.gone == ("/news/2020/x.html",)
    assert site.help == {"contact": "/about/contact.html"}
    topic = site.topics["river"]
    assert topic.starts is not None
    assert topic.starts.isoformat() == "2026-03-01T00:00:00+08:00"
    assert [section.column for section in topic.sections] == ["news", ""]


def test_the_fingerprint_follows_every_file_and_nothing_else():
    files = make_cluster_files()
    one = make_cluster(files).fingerprint
    assert make_cluster(dict(reversed(files.items()))).fingerprint == one
    assert make_cluster(files | {"sites/portal/topics/river.toml": make_topic()}).fingerprint != one
    assert make_cluster(files | {SITE: files[SITE] + b"# a comment\n"}).fingerprint != one


# ---- mistakes -------------------------------------------------------------------------------------------------------

BROKEN = b"""\
format = 1
name = 5
short_name = "portal"
host = "Portal.Yunze"
language = "fr"
description = "x"
colours = { main = "#fff" }
colors = { main = "blue", accent = "#b3261e" }

[codes]
site_id = "12"
icp = "x"
police = "y"

[owner]
organizer = "a"
operator = "b"
phone = "c"
adress = "d"

[[columns]]
path = "news"
title = "t"
description = "d"
kind = "nwes"
owner = "o"

[[columns]]
path = "about/us"
title = "t"
description = "d"
kind = "news"
owner = "o"
update_days = "14"

[[home]]
block = "headline"
column = "nowhere"
"""


def test_a_broken_site_tells_all_its_mistakes_at_once_with_their_lines():
    cluster, issues = load({SITE: BROKEN})
    assert cluster is None
    assert [(issue.line, issue.code, issue.field) for issue in issues] == [
        (2, "config-kind", "name"),
        (4, "config-value", "host"),
        (5, "config-value", "language"),
        (7, "config-unknown", "colours"),
        (8, "config-value", "main"),
        (11, "config-value", "site_id"),
        (15, "config-missing", "address"),
        (15, "config-missing", "email"),
        (19, "config-unknown", "adress"),
        (25, "config-value", "kind"),
        (29, "config-parent", "path"),
        (34, "config-kind", "update_days"),
        (38, "config-value", "column"),
    ]


@pytest.mark.parametrize(
    ("settings", "code", "field"),
    [
        pytest.param({"sites": ["portal", "portal"]}, "config-duplicate", "sites", id="a site twice"),
        pytest.param({"sites": ["portal", "../x"]}, "config-value", "sites", id="a site outside"),
        pytest.param({"sites": ["portal", "a/b"]}, "config-value", "sites", id="a site in a folder"),
        pytest.param({"sites": ["portal", "Portal"]}, "config-value", "sites", id="upper case"),
        pytest.param({"sites": ["portal", "门户"]}, "config-value", "sites", id="Chinese"),
        pytest.param({"sites": ["portal", "assets"]}, "config-value", "sites", id="the assets' name"),
        pytest.param({"sites": ["portal", "types"]}, "config-value", "sites", id="the types' folder"),
        pytest.param({"sites": "portal"}, "config-kind", "sites", id="no list"),
        pytest.param({"url": "ftp://{host}"}, "config-value", "url", id="an address that is not HTTP"),
        pytest.param({"url": "http://www.example/"}, "config-value", "url", id="an address without {host}"),
        pytest.param({"intake": "closed"}, "config-value", "intake", id="an unknown way in"),
        pytest.param({"keep_releases": 0}, "config-value", "keep_releases", id="no release kept"),
        pytest.param({"name": {"zh": "站群"}}, "config-missing", "en", id="no English name"),
        pytest.param({"domain": None}, "config-missing", "domain", id="no domain"),
        pytest.param({"format": 2}, "config-format", "format", id="format 2"),
        pytest.param({"extra": 1}, "config-unknown", "extra", id="an unknown key"),
    ],
)
def test_a_mistake_in_cluster_toml_is_told(settings, code, field):
    found = told({"sites/cluster.toml": make_cluster_toml(**settings)})
    assert ("sites/cluster.toml", code, field) in found


@pytest.mark.parametrize("path", ["sites/cluster.toml", SITE])
def test_a_missing_file_is_told(path):
    assert told({path: None}) == {(path, "config-file-missing", "")}


@pytest.mark.parametrize("path", ["sites/cluster.toml", SITE, "sites/types/article.toml", "sites/portal/gone.toml",
                                  "sites/portal/topics/river.toml"])  # fmt: skip
def test_any_file_that_is_no_toml_stops_the_cluster(path):
    assert (path, "config-toml", "") in told({path: b"format = 1\nname = \n"})


@pytest.mark.parametrize(
    ("settings", "code", "field"),
    [
        pytest.param(
            {"columns": [make_column("news"), make_column("news")]}, "config-duplicate", "path", id="a column twice"
        ),
        pytest.param(
            {"columns": [make_column("news/a"), make_column("news")]}, "config-parent", "path", id="child first"
        ),
        pytest.param({"columns": [make_column("../etc")]}, "config-value", "path", id="a column outside"),
        pytest.param({"columns": [make_column("News")]}, "config-value", "path", id="upper case"),
        pytest.param({"columns": [make_column("新闻")]}, "config-value", "path", id="Chinese"),
        pytest.param({"columns": [make_column("a" * 81)]}, "config-value", "path", id="81 characters"),
        pytest.param(
            {"columns": [make_column("news"), make_column("news/2026")]}, "config-value", "path", id="named like a year"
        ),
        pytest.param({"columns": [make_column("assets")]}, "config-value", "path", id="a reserved name"),
        pytest.param({"columns": [{"title": "t"}]}, "config-missing", "path", id="a column without a path"),
        pytest.param({"columns": [make_column("news", hidden="no")]}, "config-kind", "hidden", id="hidden as a word"),
        pytest.param({"home": [{"block": "carousel"}]}, "config-value", "block", id="an unknown block"),
        pytest.param({"home": [{"block": "headline"}]}, "config-missing", "column", id="a block without its column"),
        pytest.param(
            {"home": [{"block": "columns", "columns": ["x"]}]},
            "config-value",
            "columns",
            id="a block of an unknown column",
        ),
        pytest.param({"home": [LINKS | {"count": 3}]}, "config-unknown", "count", id="a key of another block"),
        pytest.param(
            {"home": [{"block": "links", "items": [{"title": "x"}]}]},
            "config-missing",
            "url",
            id="a row without its address",
        ),
        pytest.param(
            {"home": [{"block": "links", "items": [{"title": "x", "url": "/", "y": "z"}]}]},
            "config-unknown",
            "y",
            id="a row with too much",
        ),
        pytest.param(
            {"help": {"contact": "contact.html"}}, "config-value", "contact", id="a help page without a slash"
        ),
        pytest.param({"help": {"imprint": "/x.html"}}, "config-unknown", "imprint", id="an unknown help page"),
        pytest.param(
            {"codes": {"site_id": "bm1234567", "icp": "", "police": ""}},
            "config-value",
            "site_id",
            id="a short site id",
        ),
    ],
)
def test_a_mistake_in_site_toml_is_told(settings, code, field):
    assert (SITE, code, field) in told(portal(**settings))


def test_an_eight_digit_ministry_id_is_right():
    assert load(portal(codes={"site_id": "bm12345678", "icp": "x", "police": "y"}))[1] == ()


def test_two_sites_with_one_host_are_told():
    files = make_cluster_files({"portal": ["news"], "english": make_site("english", host="portal.yunze.localhost")})
    cluster, issues = load_cluster(files)
    assert cluster is None
    assert [(issue.path, issue.code) for issue in issues] == [("sites/english/site.toml", "config-duplicate")]


@pytest.mark.parametrize(
    ("name", "data", "code", "field"),
    [
        pytest.param("river", make_topic(ends="soon"), "config-value", "ends", id="an end that is no date"),
        pytest.param("river", make_topic(ends="9999-12-31T23:00-23:00"), "config-value", "ends", id="after all time"),
        pytest.param(
            "river",
            make_topic(sections=[{"title": "x", "column": "y"}]),
            "config-value",
            "column",
            id="an unknown column",
        ),
        pytest.param(
            "river",
            make_topic(sections=[{"column": "news"}]),
            "config-missing",
            "title",
            id="a section without a title",
        ),
        pytest.param("river", make_topic(image_url="x"), "config-unknown", "image_url", id="an unknown key"),
        pytest.param("River", make_topic(), "config-value", "", id="a name in upper case"),
        pytest.param("a/b", make_topic(), "config-value", "", id="a topic in a folder"),
    ],
)
def test_a_mistake_in_a_topic_is_told(name, data, code, field):
    path = f"sites/portal/topics/{name}.toml"
    assert (path, code, field) in told({path: data})


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        pytest.param({"path": "news/x.html"}, "config-value", "path", id="no leading slash"),
        pytest.param({"path": "/a/../b"}, "config-value", "path", id="a step up"),
        pytest.param({"reason": "x"}, "config-missing", "path", id="no path"),
        pytest.param({"path": "/a", "why": "x"}, "config-unknown", "why", id="an unknown key"),
    ],
)
def test_a_mistake_in_gone_toml_is_told(row, code, field):
    path = "sites/portal/gone.toml"
    assert (path, code, field) in told({path: make_toml({"format": 1, "gone": [row]})})
