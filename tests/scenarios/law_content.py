"""What the town of the Law holds at first, and what random edits are made of.

Pools are small on purpose: the same slugs, ids, old addresses and moments come again and again, so that items take each
other's place, links find their target later, and moments fall exactly on a date, an expiry or a topic's end.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from PIL import Image

from cluster.clock import parse_date
from cluster.media import Pointer, dump_pointer
from tests.builders import (
    make_article,
    make_cluster_files,
    make_column,
    make_page,
    make_raw,
    make_site,
    make_toml,
    make_topic,
)
from tests.scenarios.law_town import FILM

Rows = list[dict[str, Any]]

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "portal": (
        "news", "news/city", "news/city/today", "policy", "policy/explained", "residents", "residents/age", "about",
    ),
    "congress": ("news", "laws", "laws/local"),
    "english": ("news", "about"),
}  # fmt: skip
MORE_COLUMNS = ("residents/school", "news/extra", "fresh", "fresh/water")
RIVER = "content/portal/news/2026/river.md"
BRIDGE = "content/portal/news/2026/bridge.md"
PARK = "content/portal/news/city/2026/park.md"
BUS = "content/portal/news/city/today/2026/bus.md"
RULE = "content/portal/policy/2026/rule.md"
SESSION = "content/congress/news/2026/session.md"
WATER = "content/congress/laws/2025/water.md"
RIVER_EN = "content/english/news/2026/river.md"

# Dates, expiries, ends of topics and `now` all come from here.
MOMENTS = (
    "2024-12-31T23:59", "2025-06-01", "2025-12-31T23:59:59", "2025-12-31T17:00Z", "2026-01-01", "2026-03-01T10:00",
    "2026-11-18T09:30", "2026-11-18T09:30:01", "2026-11-20T09:00", "2026-11-21", "2026-12-01T08:00",
    "2026-12-31T23:59", "2027-01-01", "2027-02-01T08:00",
)  # fmt: skip
SLUGS = ("river", "bridge", "park", "bus", "rule", "session", "water", "city", "a", "b")
IDS = (None, None, None, "twin-1", "twin-2", "00000000000000a1", "portal/news/2026/river.md")
ITEMS = (
    "portal/news/2026/river.md", "/content/portal/news/2026/river.md", "portal/policy/2026/rule.md", "twin-1",
    "congress/laws/2025/water.md", "english/news/2026/river.md", "00000000000000a1", "portal/news/2026/a.md",
    "portal/about/city.md", "nobody",
)  # fmt: skip
OLD = (
    "/old/1.html", "/old/2.html", "/old/", "/news/2026/river.html", "/news/2026/a.html", "/news/", "/residents/",
    "/images/bridge.png", "/news/2026/list-1.html", "/leave/x.html", "/about/city.html",
)  # fmt: skip
FILES = (
    "map.svg", "/portal/images/bridge.png", "/portal/images/plan.pdf", "/portal/images/film.mp4",
    "/congress/images/seal.svg", "/portal/images/新 图.svg", "/portal/images/evil.svg", "../none.txt", "setup.exe",
)  # fmt: skip
LINKS = (
    "/portal/news/2026/river.md", "/portal/news/2026/a.md", "/portal/news/city/2026/b.md#part", "river.md",
    "../2025/a.md", "/congress/laws/2025/water.md", "/english/news/2026/river.md", "/portal/about/city.md",
    "/portal/residents/2026/a.md?x=1", "/news/2026/river.html", "/news/2026/a.html", "/news/", "/news/city/",
    "/residents/", "/residents/age/", "/policy/explained/", "/laws/", "/fresh/", "/news/2026/list-1.html",
    "/news/2026/list-2.html", "/news/2025/list-1.html", "/news/city/2026/list-1.html", "/news/feed.xml",
    "/residents/feed.xml", "/feed.xml", "/topics/", "/topics/river/", "/topics/flood/", "/old/1.html", "/old/2.html",
    "/sitemap.html", "/about/city.html", "http://congress.yunze.localhost:8080/news/",
    "https://portal.yunze.localhost/news/2026/a.html", "http://portal.yunze.localhost:8080/old/1.html",
    "http://english.yunze.localhost:8080/news/2026/list-1.html", "http://portal.yunze.localhost/residents/feed.xml",
    "http://congress.yunze.localhost/images/seal.svg", "http://fourth.yunze.localhost:8080/", "https://example.com/1",
    "https://example.com/2?x=1&y=2", "https://www.gov.cn/x", "http://[bad", "javascript:alert(1)", "mailto:a@b.c",
)  # fmt: skip
ALSO = (
    None, ["residents"], ["policy/explained"], ["news/city/today"], ["congress:news"], ["portal:news"],
    ["english:news", "congress:laws/local"], ["nowhere"], ["fresh"],
)  # fmt: skip
HOMES: Sequence[Sequence[Mapping[str, Any]]] = (
    (),
    (
        {"block": "headline", "column": "news", "count": 3},
        {"block": "columns", "columns": ["news/city", "policy"], "count": 4},
        {"block": "channels", "columns": ["residents"]},
        {"block": "topics", "title": "专题", "count": 2},
    ),
    (
        {"block": "documents", "column": "laws", "count": 2},
        {"block": "gallery", "column": "news", "count": 3},
        {"block": "intro", "title": "简介", "text": "欢迎。", "image": "/portal/images/bridge.png", "image_alt": "桥",
         "url": "/portal/news/2026/a.md", "label": "更多"},
    ),
    (
        {"block": "headline", "column": "news", "count": 25},
        {"block": "links", "title": "链接", "items": [
            {"title": "外", "url": "https://example.com/home"}, {"title": "法", "url": "/congress/laws/2025/water.md"},
            {"title": "列", "url": "/news/2026/list-1.html"}, {"title": "旧", "url": "/old/1.html"}]},
    ),
)  # fmt: skip
WRONG_PLACES = (
    "portal/nowhere/2026/a.md", "fifth/news/2026/a.md", "portal/news/2019/a.md", "portal/a.md", "portal/news/2026/A 1.md",
    "portal/news/2026/a.MD", "portal/news/2026/list-1.md",
)  # fmt: skip
FLAWS = (
    "", "title: [没有关上", "date: 昨天\ntitle: 坏日期", "title: 无日期", "date: 2026-11-01", "title: 年份\ndate: 2019-01-01",
    "title: 无类型\ntype: poem\ndate: 2026-11-01", "title: 重复\ntitle: 重复\ndate: 2026-11-01", *WRONG_PLACES,
)  # fmt: skip
FILE_VERSIONS: Mapping[str, tuple[str, ...]] = {
    "content/portal/news/2026/map.svg": ("50", "70", "active", "gone"),
    "content/portal/images/bridge.png": ("8", "12", "damaged", "gone"),
    "content/portal/images/plan.pdf": ("300", "400", "gone"),
    "content/portal/images/film.mp4": ("pointer", "damaged", "gone"),
    "content/congress/images/seal.svg": ("40", "active", "gone"),
    "content/portal/images/新 图.svg": ("5", "gone"),
}
THEME_CHANGES = (
    ("templates/article.html", "<!-- 1 -->"), ("templates/parts/item-list.html", "<hr>"),
    ("templates/chrome/footer.html", "<!-- 2 -->"), ("templates/404.html", "{# no output #}"),
    ("templates/topic.html", "\n"), ("static/style.css", "/* 3 */"), ("static/extra.svg", "<svg/>"),
    ("translations/en/LC_MESSAGES/messages.po", '\nmsgid "Nowhere"\nmsgstr "Nowhere"\n'),
)  # fmt: skip


def item_path(site: str, column: str, slug: str, date: str) -> str:
    """Where an item lies; a standing one has no date."""
    folder = f"content/{site}/{column}" + (f"/{parse_date(date).year}" if date else "")
    return f"{folder}/{slug}.md"


def place_of(path: str) -> tuple[str, str, str, bool]:
    """Site, column and slug of an item's path, and whether it lies in a year folder."""
    site, *middle, name = path.removeprefix("content/").split("/")
    dated = bool(middle) and middle[-1].isdecimal()
    return site, "/".join(middle[:-1] if dated else middle), name.removesuffix(".md"), dated


def with_column(rows: Rows, path: str) -> Rows:
    """The columns with another one, when it is new and what stands above it is there."""
    known = {"", *(row["path"] for row in rows)}
    return [*rows, make_column(path)] if path not in known and path.rpartition("/")[0] in known else rows


def without_column(rows: Rows, path: str) -> Rows:
    """The columns without one and all below it, unless none were left."""
    return [row for row in rows if not f"{row['path']}/".startswith(f"{path}/")] or rows


def with_heads_last(rows: Rows, count: int) -> Rows:
    """The columns with so many of the first level, each with all below it, behind the others."""
    heads = list(dict.fromkeys(row["path"].split("/")[0] for row in rows))
    order = heads[count % len(heads) :] + heads[: count % len(heads)]
    return sorted(rows, key=lambda row: order.index(row["path"].split("/")[0]))


def possible_blocks(blocks: Sequence[Mapping[str, Any]], site: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The home blocks all of whose columns the site has."""
    known = {row["path"] for row in site["columns"]}
    return [block for block in blocks if {*block.get("columns", ()), block.get("column", min(known))} <= known]


def make_picture(width: int) -> bytes:
    """A PNG of this width in pixels."""
    out = io.BytesIO()
    Image.new("RGB", (width, 4)).save(out, "png")
    return out.getvalue()


def make_drawing(width: int, more: str = "") -> bytes:
    """An SVG of this width; `more` stands inside."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 9">{more}</svg>'.encode()


def make_film_pointer() -> bytes:
    """The pointer to the town's large file."""
    return dump_pointer(Pointer(hashlib.sha256(FILM).hexdigest(), len(FILM)))


def make_file(path: str, version: str) -> bytes | None:
    """A file by its kind and the name of a version: a width or size, or a way to be wrong; None when it is gone."""
    odd = {
        "gone": None,
        "damaged": b"no picture",
        "active": make_drawing(9, "<script/>"),
        "pointer": make_film_pointer(),
    }
    if version in odd:
        return odd[version]
    makers = {"svg": make_drawing, "png": make_picture, "pdf": b"%PDF".__mul__}
    return makers[path.rpartition(".")[2]](int(version))


def make_many(site: str, column: str, year: int, count: int) -> dict[str, bytes]:
    """Dated items on successive days of a year, so many that lists get numbered pages."""
    days = [f"{year}-{1 + n // 28:02}-{1 + n % 28:02}" for n in range(count)]
    return {
        item_path(site, column, f"n{n:02}", day): make_article(
            f"第{n}期", day, body=f"第{n}期简报。", id=f"{site}-{column}-{year}-{n}"
        )
        for n, day in enumerate(days)
    }


def is_one_of_many(path: str) -> bool:
    """Whether `make_many` made the item."""
    return re.fullmatch(r".*/n\d\d\.md", path) is not None


def first_files() -> dict[str, bytes]:
    """The whole tree at first: something of every kind, a few dead links, two columns that hold nothing."""
    return _configuration() | _portal() | _others() | _numbered()


def _configuration() -> dict[str, bytes]:
    portal = make_site("portal", COLUMNS["portal"], home=HOMES[1], help={"about": "/about/city.html"})
    congress = make_site("congress", COLUMNS["congress"], home=HOMES[2])
    english = make_site("english", COLUMNS["english"], language="en", home=[{"block": "headline", "column": "news"}])
    policy = {"format": 1, "name": "policy", "label": {"zh": "政策", "en": "Policy"}, "extends": "article"}
    level = {"name": "level", "kind": "choice", "label": {"zh": "级别", "en": "Level"}, "choices": ["city", "county"]}
    return make_cluster_files({"portal": portal, "congress": congress, "english": english}) | {
        "sites/types/policy.toml": make_toml(policy | {"fields": [level]}),
        # Not in the cluster at first.
        "sites/fourth/site.toml": make_site("fourth", ("news",)),
        "content/fourth/news/2026/a.md": make_article(
            "第四家", also=["portal:residents"], translation_of="00000000000000a1"
        ),
        "sites/portal/topics/river.toml": make_topic(
            sections=[{"title": "政策", "column": "policy"}, {"title": "其他"}], image="/portal/images/bridge.png"
        ),
        "sites/portal/topics/spring.toml": make_topic("春运", ends="2026-03-01"),
        "sites/congress/topics/flood.toml": make_topic("防汛", ends=None),
        "sites/portal/gone.toml": make_toml({"format": 1, "gone": [{"path": "/old/2.html", "reason": "过期"}]}),
    }


def _numbered() -> dict[str, bytes]:
    """Two years of a column with more items than fit on a page, and half of them in the column below it."""
    return make_many("portal", "news/city", 2025, 23) | make_many("portal", "news/city", 2026, 22)


def _portal() -> dict[str, bytes]:
    return {
        RIVER: make_article(
            id="00000000000000a1", topic="river", also=["congress:news"], image="map.svg", image_alt="图", summary="一期。",
            attachments=[{"file": "/portal/images/plan.pdf", "title": "方案"}], redirect_from=["/old/1.html"],
            body="## 进展\n\n见[桥](bridge.md)与[法](/congress/laws/2025/water.md)。\n\n![桥](/portal/images/bridge.png)",
        ),
        BRIDGE: make_article("云泽大桥通车", "2026-03-01T10:00", body="见[河](/news/2026/river.html)、[外](https://example.com/1)。"),
        PARK: make_article("公园开放", "2026-11-20T09:00", body="![片](/portal/images/film.mp4) [列](/news/2026/list-1.html)"),
        BUS: make_article("公交改线", "2026-11-18T09:30", expires="2026-12-01T08:00", id="twin-1"),
        "content/portal/news/2025/bridge.md": make_article("大桥合龙", "2025-12-31T23:59:59", body="[后来](../2026/a.md)"),
        "content/portal/news/2026/soon.md": make_article("明天见", "2026-11-21", also=["policy/explained"]),
        RULE: make_article("管理办法", "2026-01-01", type="policy", level="city", topic="river"),
        "content/portal/policy/2026/read.md": make_article("办法解读", "2026-11-18T09:30:01", interprets="portal/policy/2026/rule.md"),
        "content/portal/about/city.md": make_page(id="00000000000000a9", body="[专题](/topics/river/) [章](/portal/images/seal.svg)"),
        "content/portal/news/2026/map.svg": make_drawing(60),
        "content/portal/images/bridge.png": make_picture(8),
        "content/portal/images/plan.pdf": b"%PDF" * 300,
        "content/portal/images/film.mp4": make_film_pointer(),
        "content/portal/images/evil.svg": make_drawing(9, "<script/>"),
    }  # fmt: skip


def _others() -> dict[str, bytes]:
    return {
        SESSION: make_article("常委会开会", "2026-11-18T09:30", body="[河](/portal/news/2026/river.md) ![章](/congress/images/seal.svg)"),
        "content/congress/news/2026/twin.md": make_article("双生", "2026-01-01", id="twin-1", also=["portal:news"]),
        WATER: make_article("水条例", "2025-06-01", type="statute", law="水条例", status="amended", body="## 第一章\n\n第一条　水。"),
        "content/congress/laws/2026/water.md": make_article("水条例（2026）", "2026-03-01T10:00", type="statute", law="水条例", status="current"),
        "content/congress/laws/local/2027/noise.md": make_article("噪声条例", "2027-01-01", type="statute"),
        "content/congress/images/seal.svg": make_drawing(30),
        RIVER_EN: make_article("River works", source="News", translation_of="00000000000000a1", also=["portal:residents/age"]),
        "content/english/about/yunze.md": make_page("Yunze", body="[news](/news/) [中文](http://portal.yunze.localhost:8080/)"),
    }  # fmt: skip


# ---- strategies -----------------------------------------------------------------------------------------------------

# Items that say something come before those of `make_many`, of which the oldest are within reach.
slots = st.integers(0, 28)
moments = st.sampled_from(MOMENTS)
titles = st.sampled_from(["甲", "乙", "云泽 & <河>", "A long title"])
site_keys = st.sampled_from(sorted(COLUMNS))
old_paths = st.sampled_from(OLD)
columns = st.sampled_from([(site, column) for site, names in COLUMNS.items() for column in names])
types = st.sampled_from(["article", "article", "article", "policy", "statute", "page"])

_fragments = st.one_of(
    st.sampled_from(LINKS).map("见[链接]({})。".format),
    st.sampled_from(FILES).map("![图]({})".format),
    st.sampled_from(FILES).map("![]({})".format),
    st.sampled_from(
        ["## 小节\n\n文字", "# 一级", "<script>x</script>正文", "{{ jinja }}", "| 表 |\n|--|\n| 1 |", "第一条　文。"]
    ),
)
bodies = st.lists(_fragments, max_size=4).map("\n\n".join)


def _one_of_these(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, Any]]:
    """One field with its new value; None takes it away."""
    return st.one_of([st.tuples(st.just(name), value) for name, value in values.items()])


references = _one_of_these(
    translation_of=st.none() | st.sampled_from(ITEMS),
    translated_blob=st.sampled_from([None, "0" * 12, "f" * 40, "x"]),
    interprets=st.none() | st.sampled_from(ITEMS),
    law=st.sampled_from([None, "水条例", "噪声条例"]),
)
memberships = _one_of_these(
    also=st.sampled_from(ALSO), topic=st.sampled_from([None, "river", "river", "spring", "flood", "unknown"])
)
identities = _one_of_these(
    id=st.sampled_from(IDS), redirect_from=st.none() | st.lists(old_paths, min_size=1, max_size=2, unique=True)
)
details = _one_of_these(
    expires=st.none() | moments,
    updated=st.none() | moments,
    summary=st.none() | titles,
    source=st.none() | titles,
    keywords=st.sampled_from([None, ["河"], ["河", "堤"]]),
    image=st.none() | st.sampled_from(FILES),
    image_alt=st.none() | titles,
    attachments=st.none() | st.sampled_from(FILES).map(lambda name: [{"file": name, "title": "附件"}]),
    status=st.sampled_from([None, "current", "amended", "repealed"]),
    type=types,
)
# The further fields of a new item.
fields = st.lists(st.one_of(references, memberships, identities, details), max_size=3).map(dict)
# A file of the content with the name of its next version, see `make_file`.
file_changes = st.sampled_from([(path, version) for path, versions in FILE_VERSIONS.items() for version in versions])


def make_broken(flaw: str) -> bytes:
    """An item that cannot be published as it is."""
    return b"\xff\xfe" if not flaw else make_raw(flaw)


def make_gone(paths: Sequence[str]) -> bytes:
    """A `gone.toml` that names these paths."""
    return make_toml({"format": 1, "gone": [{"path": path, "reason": "撤下"} for path in paths]})


# (part of a `site.toml`, new values); of the columns, one.
site_changes: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.sampled_from([
    ("", {"name": "新名"}), ("", {"short_name": "新"}), ("", {"tagline": "一句话"}), ("", {"language": "en"}),
    ("", {"language": "zh-Hans"}), ("", {"keywords": ["新"]}), ("colors", {"main": "#123456"}),
    ("owner", {"organizer": "新办公室"}), ("help", {"about": "/about/city.html"}), ("help", {"contact": "/about/none.html"}),
])  # fmt: skip
column_changes: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.sampled_from([
    ("columns", {"title": "新栏目"}), ("columns", {"title": "又一栏目"}), ("columns", {"hidden": True}),
    ("columns", {"hidden": False}), ("columns", {"keywords": ["栏"]}), ("columns", {"description": "新说明"}),
    ("columns", {"owner": "新处室"}),
])  # fmt: skip
cluster_changes: st.SearchStrategy[dict[str, Any]] = st.sampled_from([
    {"sites": ["portal", "congress", "english", "fourth"]}, {"build": {"compress": False}}, {"build": {"compress": True}},
    {"url": "https://{host}"}, {"url": "http://{host}:8080"}, {"keep_releases": 3}, {"name": {"zh": "新集群", "en": "New"}},
    {"sites": ["portal", "english"]}, {"sites": ["congress", "portal", "english"]},
    {"sites": ["portal", "congress", "english"]}, {"sites": ["english"]},
])  # fmt: skip
KINDS_OF_BUILD = ("full", "port", "folder", "earlier commit", "other repository")
topic_names = st.sampled_from(["river", "spring", "flood"])
# Nothing means that the topic goes.
topic_changes: st.SearchStrategy[dict[str, Any]] = st.one_of(
    moments.map(lambda moment: {"ends": moment}),
    st.sampled_from([
        {"title": "新专题"}, {"summary": "说明"}, {"image": "/portal/images/bridge.png"}, {"image": "/portal/images/none.png"},
        {"sections": [{"title": "其余"}]}, {"starts": "2026-01-01"}, {},
    ]),
)  # fmt: skip
type_changes: st.SearchStrategy[dict[str, Any]] = st.sampled_from([
    {"template": "statute"}, {"template": "article"}, {"template": "page"}, {"label": {"zh": "文", "en": "Text"}},
    {"wants_source": False},
])  # fmt: skip
