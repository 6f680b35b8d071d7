"""Sequences of edits that an incremental build is likely to get wrong, each over a cluster just large enough.

Every step is one deed before one build, with a path of the output that must come, change or go by it: the one that is
easy to forget. Whoever names another item stands in another column, so that no neighbourhood leads to its page by
accident, and nothing a sequence does for another purpose changes the header, which would lead to every page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cluster.source import blob_id
from plugins.pages.links import leaving_path
from tests.builders import (
    COLUMNS,
    NOW,
    REPOSITORY,
    make_article,
    make_cluster_files,
    make_cluster_toml,
    make_column,
    make_page,
    make_raw,
    make_site,
    make_toml,
    make_topic,
)
from tests.scenarios.law_content import make_drawing, make_film_pointer, make_gone, make_many, make_picture
from tests.scenarios.law_town import Town

LATER = "2026-12-01T00:00:00+08:00"
EARLIER = "2025-12-31T12:00:00+08:00"
NEWS = "content/portal/news/2026"
NOTICES = "content/portal/news/notices"
ABOUT = "content/portal/about"
ENGLISH = "content/english/news/2026"
RIVER = f"{NEWS}/river.md"
# Stands alone in its column and names others.
SPEAKER = "content/portal/residents/2026/speaker.md"
SPEAKERS_PAGE = "portal/residents/2026/speaker.html"

Files = Mapping[str, bytes | None]
# Changes for a commit, a moment to move the clock to, or anything else that a town can be told.
Deed = Files | str | Callable[[Town], object]


@dataclass(frozen=True, slots=True)
class History:
    """What is there at first, and (deed, path of the output) pairs.

    `issues` and `moment` stand for what has no path, an empty path for nothing.
    """

    name: str
    files: Mapping[str, bytes]
    steps: Sequence[tuple[Deed, str]]


def do(town: Town, deed: Deed) -> None:
    """Commits changes, moves the clock, or does what the deed does."""
    if isinstance(deed, str):
        town.now = deed
    elif callable(deed):
        deed(town)
    else:
        town.commit(deed)


# ---- clusters -------------------------------------------------------------------------------------------------------


def portal(files: Files, **settings: Any) -> dict[str, bytes]:
    """One site with an item in each first-level column, and these files; None leaves one out."""
    return _with_files(make_cluster_files({"portal": make_site("portal", **settings)}), files)


def two_sites(files: Files, **settings: Any) -> dict[str, bytes]:
    """The same beside an English site with two columns, an item in each."""
    english = make_site("english", ["news", "about"], language="en")
    sites = make_cluster_files({"portal": make_site("portal", **settings), "english": english})
    english_files = {"content/english/about/yunze.md": make_page("Yunze"), f"{ENGLISH}/other.md": news(title="Other")}
    return _with_files(sites, {**english_files, **files})


def _with_files(sites: Mapping[str, bytes], files: Files) -> dict[str, bytes]:
    standing: Files = {RIVER: river(), SPEAKER: speaker(), f"{ABOUT}/city.md": make_page(id="a2")}
    return {path: data for path, data in {**sites, **standing, **files}.items() if data is not None}


def river(title: str = "河", **fields: Any) -> bytes:
    """The article that most sequences are about."""
    return make_article(title, id="a1", **fields)


def speaker(body: str = "话。", title: str = "发言", **fields: Any) -> bytes:
    """The article that names others."""
    return make_article(title, body=body, **fields)


def statute(date: str, law: str = "水法") -> bytes:
    """A version of a law."""
    return make_article("法", date, type="statute", law=law)


def news(body: str = "Text.", title: str = "River", **fields: Any) -> bytes:
    """An article of the English site."""
    return make_article(title, source="News", body=body, **fields)


# ---- deeds ----------------------------------------------------------------------------------------------------------


def edit_site(key: str = "portal", **settings: Any) -> Callable[[Town], object]:
    """Changes keys of a site's configuration."""
    return lambda town: town.change_config(f"sites/{key}/site.toml", lambda table: table.update(settings))


def edit_column(path: str, **settings: Any) -> Callable[[Town], object]:
    """Changes one column of the portal."""

    def change(table: dict[str, Any]) -> None:
        next(row for row in table["columns"] if row["path"] == path).update(settings)

    return lambda town: town.change_config("sites/portal/site.toml", change)


def only_columns(*paths: str) -> Callable[[Town], object]:
    """Gives the portal just these columns."""
    return edit_site(columns=[make_column(path) for path in paths])


def edit_cluster(**settings: Any) -> Callable[[Town], object]:
    """Changes keys of the cluster's configuration."""
    return lambda town: town.change_config("sites/cluster.toml", lambda table: table.update(settings))


def edit_type(name: str, **settings: Any) -> Callable[[Town], object]:
    """Changes keys of a content type."""
    return lambda town: town.change_config(f"sites/types/{name}.toml", lambda table: table.update(settings))


def edit_theme(name: str, more: str) -> Callable[[Town], object]:
    """Appends to a file of the theme."""
    return lambda town: town.change_theme(name, more)


def look(key: str) -> Callable[[Town], object]:
    """Builds one site alone."""
    return lambda town: town.check_site(key)


def in_turn(*deeds: Deed) -> Callable[[Town], object]:
    """Several deeds before one build."""

    def do_all(town: Town) -> None:
        for deed in deeds:
            do(town, deed)

    return do_all


# ---- the sequences --------------------------------------------------------------------------------------------------


def sequences() -> list[History]:
    """All of them."""
    return [
        *_of_items(),
        *_of_references(),
        *_of_languages(),
        *_of_links(),
        *_of_lists(),
        *_of_files(),
        *_of_configuration(),
        *_of_time(),
    ]


def _of_items() -> list[History]:
    many = {f"{NEWS}/{month}.md": make_article(f"{month}月", f"2026-0{month}-01") for month in (2, 4, 6, 8)}
    frost, thaw = "content/portal/news/2025/frost.md", f"{NEWS}/thaw.md"
    return [
        History(
            "a neighbour in another year",
            portal({frost: make_article("霜冻", "2025-12-31T23:59")}),
            [
                ({thaw: make_article("解冻", "2026-01-01")}, "portal/news/2025/frost.html"),
                ({thaw: make_article("回暖", "2026-01-01")}, "portal/news/2025/frost.html"),
                ({frost: None}, "portal/news/2026/thaw.html"),
                (
                    {thaw: None, "content/portal/news/2025/thaw.md": make_article("回暖", "2025-12-31")},
                    "portal/news/2026/river.html",
                ),
            ],
        ),
        History(
            "a date that moves within its year",
            portal(many),
            [
                ({f"{NEWS}/8.md": make_article("8月", "2026-03-01")}, "portal/news/2026/2.html"),
                ({f"{NEWS}/8.md": make_article("8月", "2026-09-01")}, "portal/news/2026/2.html"),
                ({f"{NEWS}/8.md": make_article("8月", "2026-05-01")}, "portal/news/2026/river.html"),
            ],
        ),
        History(
            "the owner of an id expires, and the next one takes its place",
            portal(
                {
                    f"{NEWS}/a.md": make_article("甲", id="twin", expires="2026-12-01"),
                    f"{NOTICES}/2026/b.md": make_article("乙", id="twin"),
                    SPEAKER: speaker("[乙](/portal/news/notices/2026/b.md)", interprets="twin"),
                }
            ),
            [
                (LATER, "portal/news/notices/2026/b.html"),
                ({f"{NOTICES}/2026/b.md": make_article("丙", id="twin")}, SPEAKERS_PAGE),
                (NOW, "portal/news/notices/2026/b.html"),
                ({f"{NEWS}/a.md": None}, SPEAKERS_PAGE),
                ({f"{ABOUT}/0.md": make_page("零", id="twin")}, SPEAKERS_PAGE),
                ({f"{ABOUT}/0.md": make_page("零", id="other")}, SPEAKERS_PAGE),
            ],
        ),
        History(
            "what lists show of an item beside its title",
            two_sites(
                {RIVER: river(also=["english:news"]), f"{NEWS}/map.svg": make_drawing(30)},
                home=[{"block": "gallery", "column": "news"}],
            ),
            [
                ({RIVER: river(also=["english:news"], summary="一期。")}, "english/news/index.html"),
                ({RIVER: river(also=["english:news"], image="map.svg", image_alt="图")}, "portal/index.html"),
                ({RIVER: river(also=["english:news"], keywords=["河"])}, "english/feed.json"),
                ({RIVER: river(also=["english:news"], updated="2026-11-19")}, "portal/sitemap.xml"),
                ({RIVER: river(also=["english:news"], type="statute", status="repealed")}, "portal/news/index.html"),
            ],
        ),
        History(
            "an item that breaks and is mended",
            portal({SPEAKER: speaker("[河](/portal/news/2026/river.md)")}),
            [
                ({RIVER: make_raw("title: 坏\ndate: 昨天")}, SPEAKERS_PAGE),
                ({RIVER: b"\xff"}, "issues"),
                ({RIVER: river()}, SPEAKERS_PAGE),
            ],
        ),
        History(
            "one text at two places",
            two_sites({f"{NEWS}/map.svg": make_drawing(30), f"{NEWS}/copy.md": COPIED}),
            [
                ({f"{NOTICES}/2026/copy.md": COPIED}, "portal/news/notices/2026/copy.html"),
                ({f"{ENGLISH}/copy.md": COPIED}, "english/news/2026/copy.html"),
                ({f"{NEWS}/copy.md": None}, "portal/news/2026/copy.html"),
                (edit_site("english", language="zh-Hans"), "english/news/2026/copy.html"),
                ({f"{NEWS}/copy.md": COPIED, f"{ENGLISH}/map.svg": make_drawing(40)}, "english/news/2026/map.svg"),
            ],
        ),
    ]


# The same bytes mean other things at another place and in another language.
COPIED = make_article("同文", body="![图](map.svg) [上](../2026/river.md)\n\n| 表 |\n|--|\n| 1 |")


def _of_references() -> list[History]:
    more, moved = "content/english/about/2026/more.md", "content/english/about/2026/works.md"
    return [
        History(
            "a family of three translations",
            two_sites(
                {f"{ENGLISH}/river.md": news(translation_of="a1"), more: news(title="More", translation_of="a1")}
            ),
            [
                ({RIVER: river("江")}, "english/about/2026/more.html"),
                ({f"{ENGLISH}/river.md": news(title="Works", translation_of="a1")}, "portal/news/2026/river.html"),
                ({f"{ENGLISH}/river.md": news(title="Works")}, "portal/news/2026/river.html"),
                ({f"{ENGLISH}/river.md": news(title="Works", translation_of="a2")}, "portal/about/city.html"),
                ({f"{ENGLISH}/river.md": None, moved: news(translation_of="a1")}, "portal/news/2026/river.html"),
                ({RIVER: None}, "english/about/2026/more.html"),
                ({f"{ABOUT}/river.md": make_page("河", id="a1")}, "english/about/2026/more.html"),
                (edit_site("english", language="zh-Hans"), "portal/about/river.html"),
            ],
        ),
        History(
            "an eldest translation that steps aside",
            two_sites(
                {
                    f"{ENGLISH}/river.md": news(translation_of="a1"),
                    more: make_article("More", "2026-11-19", source="News", translation_of="a1", expires="2026-12-01"),
                }
            ),
            [
                ({f"{ENGLISH}/river.md": news(translation_of="a1", expires="2026-11-30")}, "moment"),
                ("2026-11-30T00:00:00+08:00", "english/about/2026/more.html"),
                (LATER, "portal/news/2026/river.html"),
            ],
        ),
        History(
            "versions of a law",
            portal(
                {
                    "content/portal/news/2025/law.md": statute("2025-06-01"),
                    f"{ABOUT}/2026/law.md": statute("2026-06-01"),
                }
            ),
            [
                ({f"{NOTICES}/2024/law.md": statute("2024-06-01")}, "portal/about/2026/law.html"),
                ({f"{ABOUT}/2026/law.md": statute("2026-07-01")}, "portal/news/notices/2024/law.html"),
                ({"content/portal/news/2025/law.md": statute("2025-06-01", "河法")}, "portal/about/2026/law.html"),
                ({f"{ABOUT}/2026/law.md": None}, "portal/news/notices/2024/law.html"),
            ],
        ),
        History(
            "a document and what explains it",
            portal({SPEAKER: speaker(interprets="a1")}),
            [
                ({RIVER: river("办法")}, SPEAKERS_PAGE),
                ({SPEAKER: speaker(interprets="a2")}, "portal/news/2026/river.html"),
                ({SPEAKER: speaker(interprets="portal/news/2026/river.md", title="图解")}, "portal/about/city.html"),
                ({SPEAKER: speaker(interprets="a1", expires="2026-12-01")}, "moment"),
                (LATER, "portal/news/2026/river.html"),
                (NOW, "portal/news/2026/river.html"),
                ({RIVER: make_article("办法", id="a9")}, SPEAKERS_PAGE),
                ({f"{NOTICES}/rule.md": make_page("办法", id="a1")}, SPEAKERS_PAGE),
            ],
        ),
        History(
            "an old address that a new page takes, and gives back",
            portal(
                {
                    RIVER: river(redirect_from=["/news/notices/2026/a.html", "/old.html"]),
                    SPEAKER: speaker("[旧](/news/notices/2026/a.html) [更旧](/old.html)"),
                    "sites/portal/gone.toml": make_gone(["/old.html", "/about/b.html"]),
                }
            ),
            [
                ({f"{NOTICES}/2026/a.md": make_article("甲")}, SPEAKERS_PAGE),
                ({f"{ABOUT}/b.md": make_page("乙")}, "portal/_redirects"),
                ({f"{NOTICES}/2026/a.md": None}, SPEAKERS_PAGE),
                ({RIVER: river(redirect_from=["/old.html"])}, SPEAKERS_PAGE),
                ({RIVER: river(redirect_from=["/old.html"], expires="2026-12-01")}, "moment"),
                (LATER, SPEAKERS_PAGE),
                ({f"{NOTICES}/2026/c.md": make_article("丙", redirect_from=["/old.html"])}, SPEAKERS_PAGE),
                (NOW, "portal/_redirects"),
            ],
        ),
    ]


def _of_languages() -> list[History]:
    written, translated = river(), f"{ENGLISH}/river.md"
    changed = river(body="改过的话。")
    works = f"{ENGLISH}/other.md"
    paired = [make_column("news", counterpart="english:news"), *COLUMNS[1:]]
    return [
        History(
            "an original that is changed after it was translated",
            two_sites({RIVER: written, translated: news(translation_of="a1", translated_blob=blob_id(written)[:12])}),
            [
                ({RIVER: changed}, "english/news/2026/river.html"),
                (
                    {translated: news(translation_of="a1", translated_blob=blob_id(changed))},
                    "english/news/2026/river.html",
                ),
                ({RIVER: written}, "english/news/2026/river.html"),
                ({RIVER: river("江", updated="2026-11-19")}, "english/news/2026/river.html"),
                ({RIVER: None}, "english/news/2026/river.html"),
            ],
        ),
        History(
            "a pair that is made and broken",
            two_sites({translated: news()}, traditional=["news"]),
            [
                ({translated: news(translation_of="a1")}, "portal/zh-hant/news/2026/river.html"),
                ({translated: news(translation_of="a1", translated_blob=blob_id(written)[:12])}, "issues"),
                ({translated: news(translation_of="a2")}, "portal/news/2026/river.html"),
                ({translated: news(translation_of="a1")}, "portal/about/city.html"),
                (edit_site(traditional=["about"]), "english/news/2026/river.html"),
                ({translated: None}, "portal/news/2026/river.html"),
            ],
        ),
        History(
            "columns in traditional characters",
            portal({}, traditional=["about"]),
            [
                ({f"{ABOUT}/city.md": make_page("云泽市概况", id="a2")}, "portal/zh-hant/about/city.html"),
                (
                    {f"{ABOUT}/history.md": make_page("历史", redirect_from=["/about/old.html"])},
                    "portal/zh-hant/about/index.html",
                ),
                ({f"{ABOUT}/history.md": None}, "portal/zh-hant/about/history.html"),
                (edit_site(traditional=["news"]), "portal/zh-hant/about/city.html"),
                ({RIVER: river("发展")}, "portal/zh-hant/news/2026/river.html"),
                (
                    {RIVER: None, f"{NEWS}/a.md": river("发展", redirect_from=["/news/2026/river.html"])},
                    "portal/zh-hant/news/2026/a.html",
                ),
                ({f"{NEWS}/a.md": None, f"{ABOUT}/2026/a.md": river("发展")}, "portal/zh-hant/news/index.html"),
                ({RIVER: river(), f"{ABOUT}/2026/a.md": None}, "portal/zh-hant/news/2026/river.html"),
                (edit_site(traditional=None), "portal/zh-hant/news/index.html"),
            ],
        ),
        History(
            "a column whose counterpart empties and fills",
            two_sites({}, columns=paired),
            [
                ({works: None}, "portal/news/2026/river.html"),
                ({works: news(title="Other")}, "portal/news/2026/river.html"),
                (edit_site("english", columns=[make_column("news", title="Works"), "about"]), "portal/news/index.html"),
            ],
        ),
        History(
            "official names that change",
            two_sites({translated: news(body="The Water Board.", translation_of="a1")})
            | {"sites/glossary.toml": glossary("Water Board")},
            [
                ({"sites/glossary.toml": glossary("Water Office")}, "issues"),
                ({"sites/glossary.toml": glossary("Water Board")}, "issues"),
                ({RIVER: river(source="市政府")}, "issues"),
                ({"sites/glossary.toml": None}, ""),
            ],
        ),
    ]


def glossary(avoid: str) -> bytes:
    """The official name of one bureau, and one to avoid."""
    return make_toml({"format": 1, "terms": [{"zh": ["水务局"], "en": "Water Bureau", "avoid": [avoid]}]})


def _of_links() -> list[History]:
    lists = "[a](/news/notices/) [b](/about/feed.xml) [c](/news/2025/list-1.html) [d](/topics/t/) [e](/topics/)"
    return [
        History(
            "links to what appears later, waits, breaks and goes",
            two_sites(
                {
                    f"{ENGLISH}/river.md": news("[a](/portal/news/2026/a.md) [b](/portal/about/b.md)"),
                    SPEAKER: speaker(
                        "[a](/portal/news/2026/a.md) [b](/about/b.html) [c](http://english.yunze.localhost/about/2026/c.html)"
                    ),
                }
            ),
            [
                ({f"{NEWS}/a.md": make_article("甲", "2026-11-30")}, "issues"),
                (LATER, "english/news/2026/river.html"),
                ({f"{ABOUT}/b.md": make_page("乙")}, SPEAKERS_PAGE),
                ({"content/english/about/2026/c.md": news()}, SPEAKERS_PAGE),
                ({f"{NEWS}/a.md": make_raw("title: 坏\ndate: 昨天")}, "english/news/2026/river.html"),
                ({f"{NEWS}/a.md": make_article("甲")}, SPEAKERS_PAGE),
                ({"content/english/about/2026/c.md": None}, SPEAKERS_PAGE),
            ],
        ),
        History(
            "links to columns, lists, feeds and topics that come and go",
            portal({SPEAKER: speaker(lists)}),
            [
                ({f"{NOTICES}/a.md": make_page("甲")}, SPEAKERS_PAGE),
                ({f"{ABOUT}/2026/b.md": make_article("乙")}, SPEAKERS_PAGE),
                (make_many("portal", "news", 2025, 45), SPEAKERS_PAGE),
                ({"sites/portal/topics/t.toml": make_topic("专")}, SPEAKERS_PAGE),
                (dict.fromkeys(make_many("portal", "news", 2025, 45)), SPEAKERS_PAGE),
                ({f"{ABOUT}/2026/b.md": None}, SPEAKERS_PAGE),
                ({f"{NOTICES}/a.md": None, "sites/portal/topics/t.toml": None}, SPEAKERS_PAGE),
            ],
        ),
        History(
            "links across hosts to lists and feeds that come and go",
            two_sites({f"{ENGLISH}/river.md": news("[a](http://portal.yunze.localhost/news/2025/list-1.html)")}),
            [
                (make_many("portal", "news", 2025, 45), "english/news/2026/river.html"),
                ({RIVER: river("江")}, "portal/news/index.html"),
                (dict.fromkeys(make_many("portal", "news", 2025, 19)), "english/news/2026/river.html"),
            ],
        ),
        History(
            "notices of leaving that come and go with the last link",
            portal({SPEAKER: speaker("[外](https://example.com/1)")}),
            [
                ({RIVER: river(body="[外](https://example.com/1)")}, "portal/news/2026/river.html"),
                ({SPEAKER: speaker()}, SPEAKERS_PAGE),
                ({RIVER: river(body="[外](https://example.com/2)")}, f"portal/{leaving_path('https://example.com/1')}"),
                ({RIVER: None}, f"portal/{leaving_path('https://example.com/2')}"),
            ],
        ),
    ]


def _of_lists() -> list[History]:
    old, late = f"{NOTICES}/2024/old.md", f"{NOTICES}/2025/late.md"
    year = make_many("portal", "news/notices", 2025, 242)
    days = list(year)
    sixty = make_many("portal", "news/notices", 2025, 25) | make_many("portal", "news/notices", 2026, 35)
    return [
        History(
            "a child column that empties, and fills again",
            portal({f"{NOTICES}/2026/water.md": make_article("停水")}),
            [
                ({f"{NOTICES}/2026/water.md": None}, "portal/news/index.html"),
                ({f"{NOTICES}/page.md": make_page("须知")}, "portal/news/index.html"),
                ({f"{NOTICES}/page.md": None, RIVER: None}, "portal/about/index.html"),
                ({f"{NOTICES}/2026/water.md": make_article("停水")}, "portal/about/city.html"),
            ],
        ),
        History(
            "the first and the last item of a column that the header names",
            portal({SPEAKER: None}),
            [
                ({SPEAKER: speaker()}, "portal/news/2026/river.html"),
                ({SPEAKER: None}, "portal/news/2026/river.html"),
                ({"content/portal/residents/move.md": make_page("搬家")}, "portal/404.html"),
                ({SPEAKER: speaker()}, "portal/residents/feed.xml"),
            ],
        ),
        History(
            "a year that grows past twelve pages, and shrinks again",
            portal({path: year[path] for path in days[:240]}),
            [
                ({path: year[path] for path in days[240:]}, "portal/news/2025/list-9-1.html"),
                ({days[60]: None}, "portal/news/2025/list-3-2.html"),
                ({days[100]: make_article("提前", "2025-02-10")}, "portal/news/notices/2025/list-2-2.html"),
                ({days[0]: None}, "portal/news/2025/list-12.html"),
                ({days[0]: year[days[0]]}, "portal/news/notices/2025/list-8-2.html"),
                (
                    {f"{NOTICES}/2026/new.md": make_article("新年", "2026-01-01")},
                    "portal/news/notices/2025/list-9-1.html",
                ),
            ],
        ),
        History(
            "sixty items of which some are dated back across years",
            portal(sixty),
            [
                (
                    {f"{NOTICES}/2025/n19.md": make_article("页末", "2025-01-20")},
                    "portal/news/notices/2025/list-1.html",
                ),
                (
                    {f"{NOTICES}/2025/n00.md": make_article("页首", "2025-01-01")},
                    "portal/news/notices/2025/list-1.html",
                ),
                ({f"{NOTICES}/2026/n00.md": make_article("底部", "2026-01-01")}, "portal/news/notices/index.html"),
                (
                    {f"{NOTICES}/2026/n03.md": None, late: make_article("迟", "2025-01-02T00:00")},
                    "portal/news/notices/2025/list-2.html",
                ),
                ({old: make_article("旧", "2024-05-01")}, "portal/news/notices/2024/list-1.html"),
                ({f"{NOTICES}/2025/n24.md": make_article("末")}, "issues"),
                ({f"{NOTICES}/2025/n24.md": make_article("末", "2025-01-25")}, "portal/news/2025/list-2.html"),
                ({f"{NOTICES}/2025/n00.md": None}, "portal/news/2025/list-1.html"),
                ({old: None}, "portal/news/notices/index.html"),
                (dict.fromkeys(make_many("portal", "news/notices", 2026, 21)), "portal/news/notices/2025/list-1.html"),
            ],
        ),
        History(
            "an item that another site lists",
            two_sites({RIVER: river(also=["english:news"])}),
            [
                ({RIVER: river("江", also=["english:news"])}, "english/feed.json"),
                ({RIVER: river("江", also=["english:news"], body="新文。")}, "portal/news/2026/river.html"),
                (make_many("portal", "news", 2025, 45), "portal/news/2025/list-1.html"),
                (edit_column("news", title="要闻"), "english/news/feed.xml"),
                (edit_site(short_name="政府"), "english/news/index.html"),
                ({RIVER: river("江", also=["english:about"])}, "english/about/feed.xml"),
                ({RIVER: river("江")}, "english/about/index.html"),
            ],
        ),
        History(
            "a topic that is renamed, ends and goes while items name it",
            portal(
                {
                    RIVER: river(topic="t"),
                    "sites/portal/topics/t.toml": make_topic("治河", sections=[{"title": "新闻", "column": "news"}]),
                },
                home=[{"block": "topics", "count": 2}],
            ),
            [
                ({"sites/portal/topics/t.toml": make_topic("治水", ends="2026-12-01")}, "portal/news/2026/river.html"),
                ({f"{ABOUT}/city.md": make_page(topic="t")}, "portal/topics/t/index.html"),
                ({RIVER: river("江", topic="t")}, "portal/topics/t/index.html"),
                (LATER, "portal/index.html"),
                ({"sites/portal/topics/t.toml": None}, "portal/news/2026/river.html"),
                ({"sites/portal/topics/t.toml": make_topic("再来")}, "portal/about/city.html"),
            ],
        ),
    ]


def _of_files() -> list[History]:
    film, pdf, map_ = f"{NEWS}/film.mp4", f"{NEWS}/p.pdf", "content/portal/images/map.svg"
    embedded, odd = news("![map](/portal/images/map.svg)"), f"{NEWS}/中 文.svg"
    attached = [{"file": "/portal/news/2026/p.pdf", "title": "案"}]
    return [
        History(
            "a file that two sites use",
            two_sites(
                {
                    RIVER: river(image="/portal/images/map.svg", image_alt="图", also=["english:news"]),
                    "content/english/about/2026/map.md": embedded,
                    map_: make_drawing(30),
                }
            ),
            [
                ({map_: make_drawing(40)}, "english/news/index.html"),
                ({RIVER: river()}, "portal/images/map.svg"),
                ({map_: make_drawing(9, "<script/>")}, "english/files/portal/images/map.svg"),
                ({map_: make_drawing(50)}, "english/about/2026/map.html"),
                ({map_: make_drawing(50, "<desc>同宽</desc>")}, "english/files/portal/images/map.svg"),
                ({map_: None}, "english/about/2026/map.html"),
            ],
        ),
        History(
            "a picture and an attachment that change while no text does",
            portal(
                {
                    RIVER: river(image="../../images/b.png", image_alt="桥", attachments=attached),
                    "content/portal/images/b.png": make_picture(8),
                    pdf: b"%PDF" * 300,
                },
                home=[{"block": "headline", "column": "news"}],
            ),
            [
                ({"content/portal/images/b.png": make_picture(9)}, "portal/index.html"),
                ({pdf: b"%PDF" * 600}, "portal/news/2026/river.html"),
                ({"content/portal/images/b.png": None}, "portal/news/index.html"),
                ({pdf: None}, "portal/news/2026/p.pdf"),
                ({pdf: b"%PDF"}, "portal/news/2026/river.html"),
            ],
        ),
        History(
            "the bytes of a large file that come and go",
            portal({RIVER: river(body="![片](film.mp4)"), film: make_film_pointer()}),
            [
                (Town.bring_film, "portal/news/2026/film.mp4"),
                ({f"{ABOUT}/city.md": make_page(body="![片](/portal/news/2026/film.mp4)")}, "portal/about/city.html"),
                (Town.take_film, "portal/about/city.html"),
                ({film: b"short"}, "portal/news/2026/film.mp4"),
            ],
        ),
        History(
            "files that Git tells apart in other ways",
            portal(
                {
                    odd: make_drawing(30),
                    SPEAKER: speaker("![图](/portal/news/2026/中%20文.svg) [河](/portal/news/2026/river.md)"),
                }
            ),
            [
                (lambda town: town.link(RIVER, "bridge.md"), SPEAKERS_PAGE),
                ({RIVER: river()}, "portal/news/2026/river.html"),
                (lambda town: town.link(odd, "river.md"), SPEAKERS_PAGE),
                ({odd: make_drawing(40)}, "portal/news/2026/中 文.svg"),
                ({odd: None, f"{odd}/a.txt": b"a"}, SPEAKERS_PAGE),
            ],
        ),
        History(
            "files that outgrow Git and shrink again",
            portal({RIVER: river(attachments=attached), pdf: b"p"}),
            [
                ({pdf: b"p" * (2 << 20) + b"p"}, "portal/news/2026/p.pdf"),
                ({pdf: b"p" * (2 << 20)}, "portal/news/2026/river.html"),
                ({SPEAKER: speaker() + b" " * (2 << 20)}, SPEAKERS_PAGE),
                ({SPEAKER: speaker()}, SPEAKERS_PAGE),
            ],
        ),
    ]


def _of_configuration() -> list[History]:
    owner = {"organizer": "办", "operator": "心", "phone": "1", "email": "a@b", "address": "路"}
    home = [{"block": "headline", "column": "news"}, {"block": "columns", "columns": ["about"]}]
    return [
        History(
            "a column that is hidden, shown, renamed, removed and given back",
            portal({}),
            [
                (edit_column("about", hidden=True), "portal/news/2026/river.html"),
                (edit_column("about", hidden=False), "portal/404.html"),
                (edit_column("about", title="概况"), "portal/about/city.html"),
                (only_columns("news", "news/notices"), "portal/about/city.html"),
                (only_columns("about", "news"), "portal/about/city.html"),
                (only_columns("news", "about"), "portal/sitemap.html"),
            ],
        ),
        History(
            "lines that move and blocks of the home page",
            portal({}, columns=[make_column("news"), make_column("residents"), make_column("empty")], home=home[:1]),
            [
                (edit_site(tagline="长出一行"), "issues"),
                (only_columns("news", "residents", "about", "empty"), "portal/about/city.html"),
                (edit_site(home=home), "portal/index.html"),
                (edit_site(home=[]), "portal/index.html"),
                ({"sites/portal/gone.toml": make_gone(["/old.html", "/news/2026/river.html"])}, "portal/_redirects"),
                ({"sites/portal/gone.toml": None}, "portal/_redirects"),
            ],
        ),
        History(
            "a site that leaves the cluster and comes back",
            two_sites({f"{ENGLISH}/river.md": news(translation_of="a1", also=["portal:about"])}),
            [
                (edit_cluster(sites=["portal"]), "portal/news/2026/river.html"),
                ({RIVER: river("江")}, "portal/news/2026/river.html"),
                (edit_cluster(sites=["english", "portal"]), "portal/about/index.html"),
                (edit_cluster(url="https://{host}"), "english/robots.txt"),
            ],
        ),
        History(
            "what the other sites' pages say about a site",
            two_sites({f"{ENGLISH}/river.md": news("[河](http://portal.yunze.localhost/about/)")}),
            [
                (edit_site(short_name="门户"), "english/news/2026/river.html"),
                (edit_site(host="www.yunze.localhost"), "english/news/2026/river.html"),
                (edit_site(help={"about": "/about/"}), "english/404.html"),
                (edit_site(help={"about": "/about/none.html"}), "issues"),
                ({f"{ABOUT}/none.md": make_page("有")}, "issues"),
                (edit_site(owner=owner), "portal/feed.json"),
                (edit_site(colors={"main": "#000000", "accent": "#ffffff"}), "portal/404.html"),
            ],
        ),
        History(
            "a content type that changes",
            portal({RIVER: river(source=None)}),
            [
                (edit_type("article", template="statute"), "portal/news/2026/river.html"),
                ({"sites/types/page.toml": None}, "portal/about/city.html"),
                (
                    {"sites/types/page.toml": (REPOSITORY / "sites/types/page.toml").read_bytes()},
                    "portal/about/city.html",
                ),
            ],
        ),
        History(
            "a theme that is edited and restored",
            portal({}),
            [
                (edit_theme("static/style.css", "/**/"), "portal/404.html"),
                (edit_theme("templates/parts/item-list.html", "<hr>"), "portal/news/index.html"),
                (edit_theme("static/new.svg", "<svg/>"), "assets"),
                (Town.restore_theme, "portal/404.html"),
            ],
        ),
        History(
            "blobs that are swept and needed again",
            portal({"sites/cluster.toml": make_cluster_toml(build={"compress": True})}),
            [
                (edit_cluster(build={"compress": False}), "portal/404.html"),
                (Town.sweep, ""),
                (edit_cluster(build={"compress": True}), "portal/404.html"),
                ({RIVER: None}, "portal/news/2026/river.html"),
                (Town.sweep, ""),
                ({RIVER: river()}, "portal/news/2026/river.html"),
            ],
        ),
    ]


def _of_time() -> list[History]:
    bridge = make_article("桥", "2026-11-30", expires="2026-12-02", body="[河](river.md)")
    return [
        History(
            "a clock that goes forward and back over dates, expiries and everything",
            portal({f"{NEWS}/bridge.md": bridge, f"{ABOUT}/2026/a.md": make_article("甲", "2026-11-30T00:00:01")}),
            [
                ("2026-11-30T00:00:00+08:00", "portal/news/2026/bridge.html"),
                ("2026-11-30T00:00:01+08:00", "portal/about/feed.xml"),
                ("2026-12-02T00:00:00+08:00", "portal/news/2026/bridge.html"),
                ("2026-12-01T23:59:59+08:00", "portal/news/2026/bridge.html"),
                (EARLIER, "portal/news/2026/river.html"),
                (NOW, "portal/about/city.html"),
            ],
        ),
        History(
            "several commits before a build, undone after it",
            portal({}),
            [
                (in_turn({RIVER: river("一")}, {RIVER: None}, {RIVER: river("二"), f"{NEWS}/b.md": bridge}), "issues"),
                (in_turn({f"{NEWS}/b.md": None}, {RIVER: river()}), "portal/news/2026/river.html"),
            ],
        ),
        History(
            "looks at one site between builds",
            two_sites({f"{ENGLISH}/river.md": news("[河](/portal/news/2026/river.md)", also=["portal:about"])}),
            [
                (in_turn({RIVER: None}, look("portal")), "english/news/2026/river.html"),
                (in_turn({RIVER: river()}, look("english"), look("portal")), "portal/news/2026/river.html"),
                (in_turn(LATER, {f"{ENGLISH}/river.md": None}, look("english")), "portal/about/index.html"),
            ],
        ),
    ]
