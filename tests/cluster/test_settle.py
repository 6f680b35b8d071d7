"""Settling: what is shown at a moment and where it stands, by any way there; and what each change touches, no more."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from typing import Any

import pytest
from hypothesis import given

from cluster.index.ingest import update_index
from cluster.index.schema import connect
from cluster.index.settle import NOT_BUILT, Touch, settle_all
from cluster.validation import Place, find_place, item_key
from tests.builders import NOW, make_article, make_page
from tests.cluster.trees import HISTORIES, LATER, NEWS, Tree, dated

A = f"{NEWS}/a.md"
TABLES = ("file", "item", "listing", "tally", "reference", "redirect", "issue")

# ---- what is shown --------------------------------------------------------------------------------------------------


def rows(db: sqlite3.Connection) -> dict[str, list[Any]]:
    """All that the index says of the content, in order."""
    return {table: sorted(map(tuple, db.execute(f"SELECT * FROM {table}"))) for table in TABLES}


def anew(db: sqlite3.Connection, now: str) -> dict[str, list[Any]]:
    """What all that would be if it were settled anew."""
    db.execute("BEGIN")
    settle_all(db, now)
    made = rows(db)
    db.execute("ROLLBACK")
    return made


def expected(db: sqlite3.Connection, now: str) -> dict[str, Any]:
    """Who is shown, the lists and the tallies as the rule has them, worked out item by item."""
    items = sorted(map(dict, db.execute("SELECT * FROM item")), key=lambda item: item["path"])
    alive = [item for item in items if not item["expires"] or item["expires"] > now]
    owners: dict[str, str] = {}
    for item in alive:
        owners.setdefault(item["id"], item["path"])
    shown = [item for item in alive if item["date"] <= now and owners[item["id"]] == item["path"]]
    listing = sorted(
        (site, name, item["date"] if item["year"] else "", item["path"])
        for item in shown
        for site, name in json.loads(item["lists"])
    )
    counts = Counter((site, name, int(date[:7].replace("-", "") or 0)) for site, name, date, _ in listing)
    tally = sorted((*key, count) for key, count in counts.items())
    return {"shown": [item["path"] for item in shown], "listing": listing, "tally": tally}


@given(HISTORIES)
def test_lists_and_tallies_are_those_made_afresh_at_any_moment_forwards_and_backwards(cluster, history):
    start, commits = history
    db, tree = connect(None), Tree(start)
    update_index(db, tree, cluster, NOW)
    for changes, now in commits:
        tree = tree.edited(changes)
        update_index(db, tree, cluster, now)
        fresh = connect(None)
        update_index(fresh, Tree(tree.files), cluster, now)
        settled = rows(db)
        assert settled == rows(fresh) == anew(db, now)
        shown = sorted(row[0] for row in db.execute("SELECT path FROM item WHERE shown"))
        assert {"shown": shown, "listing": settled["listing"], "tally": settled["tally"]} == expected(db, now)
        fresh.close()
    db.close()


# ---- what is touched ------------------------------------------------------------------------------------------------


def journal(db: sqlite3.Connection) -> list[Touch]:
    return [Touch(*row) for row in db.execute("SELECT kind, site, name, date, path FROM touch ORDER BY number")]


def touched(cluster, before: dict[str, bytes], changes: dict[str, bytes | None], was: str = NOW, now: str = NOW):
    """The journal after these changes to these files, between two moments."""
    db, tree = connect(None), Tree(before)
    update_index(db, tree, cluster, was)
    update_index(db, tree.edited(changes), cluster, now)
    found = journal(db)
    db.close()
    assert len(found) == len(set(found))
    return set(found)


def key(name: str, site: str = "") -> Touch:
    return Touch("key", site, name)


def stamp_of(day: str) -> str:
    return f"{day}T00:00:00+08:00" if day else ""


def own(path: str, day: str, *, id: str = "") -> set[Touch]:
    """The item itself, its id, and who stands beside it."""
    place = find_place(path)
    assert isinstance(place, Place)
    return {
        Touch("item", place.site, path=path),
        key(f"id:{id or item_key(path)}"),
        Touch("beside", place.site, place.column, stamp_of(day), path),
    }


def at(kind: str, path: str, day: str, *lists: str, site: str = "portal") -> set[Touch]:
    """A change in lists of a site at an item's place."""
    return {Touch(kind, site, name, stamp_of(day), path) for name in lists}


def filled(site: str, *lists: str, words: tuple[str, ...] = ("filled", "dated")) -> set[Touch]:
    return {key(f"{word}:{site}:{name}", site) for word in words for name in lists}


NEWS_LISTS = ("", "news", "/own")
OTHER = dated("z", "2026-01-09")
COMES = at("move", A, "2026-02-01", *NEWS_LISTS) | own(A, "2026-02-01")
LOOKS = at("edit", A, "2026-02-01", *NEWS_LISTS) | own(A, "2026-02-01")
FILE = {key(f"file:{A}")}
B = f"{NEWS}/b.md"


def a(**fields: Any) -> dict[str, bytes]:
    return {A: make_article(date="2026-02-01", **fields)}


@pytest.mark.parametrize(
    ("before", "changes", "touches"),
    [
        pytest.param(OTHER, {}, set(), id="nothing"),
        pytest.param(OTHER, a(), FILE | COMES, id="an item comes"),
        pytest.param(OTHER | a(), {A: None}, FILE | COMES, id="an item goes"),
        pytest.param(OTHER | a(), {A: b"broken"}, FILE | COMES, id="an item is broken"),
        pytest.param({}, a(), FILE | COMES | filled("portal", *NEWS_LISTS), id="the first of a list comes"),
        pytest.param(a(), {A: None}, FILE | COMES | filled("portal", *NEWS_LISTS), id="the last of a list goes"),
        pytest.param(
            {"content/portal/news/page.md": make_page()},
            a(),
            FILE | COMES | filled("portal", *NEWS_LISTS, words=("dated",)),
            id="the first dated one beside a standing one",
        ),
        pytest.param(a(), a(body="另一段正文。"), FILE | {Touch("body", path=A)}, id="another body"),
        pytest.param(a(), a(title="另一标题"), FILE | LOOKS, id="another title"),
        pytest.param(a(), a(summary="摘要"), FILE | LOOKS, id="a summary"),
        pytest.param(
            OTHER | a(),
            {A: make_article(date="2026-03-01")},
            FILE | COMES | at("move", A, "2026-03-01", *NEWS_LISTS) | own(A, "2026-03-01"),
            id="another date",
        ),
        pytest.param(
            OTHER | a(),
            {A: None, B: make_article(date="2026-02-01")},
            FILE | COMES | {key(f"file:{B}")} | at("move", B, "2026-02-01", *NEWS_LISTS) | own(B, "2026-02-01"),
            id="another name",
        ),
        pytest.param(
            a(),
            a(also=["residents"]),
            FILE | LOOKS | at("move", A, "2026-02-01", "residents") | filled("portal", "residents"),
            id="a further column",
        ),
        pytest.param(
            a(also=["english:news"]),
            a(also=["english:news"], title="另一标题"),
            FILE | LOOKS | at("edit", A, "2026-02-01", "", "news", site="english"),
            id="another title of what another site lists",
        ),
        pytest.param(
            a(topic="river"),
            a(),
            FILE | LOOKS | at("move", A, "2026-02-01", "topic:river") | filled("portal", "topic:river"),
            id="a topic is left",
        ),
        pytest.param(a(), a(id="x1"), FILE | LOOKS | {key("id:x1")}, id="another id"),
        pytest.param(
            a(redirect_from=["/old"]),
            a(redirect_from=["/older/"]),
            FILE | LOOKS | {key(f"redirect:portal:{old}", "portal") for old in ("/old", "/older/")},
            id="another old address",
        ),
        pytest.param(
            a(interprets="x1"),
            a(interprets="x2", translation_of="/portal/news/2026/b.md"),
            FILE | LOOKS | {Touch("refer", name=name) for name in ("x1", "x2", "portal/news/2026/b.md")},
            id="other references",
        ),
        pytest.param(
            a(type="statute", law="甲法"),
            a(type="statute", law="乙法"),
            FILE | LOOKS | {Touch("law", name=name) for name in ("甲法", "乙法")},
            id="another law",
        ),
        pytest.param(a(), {f"{NEWS}/a.png": b"picture"}, {key(f"file:{NEWS}/a.png")}, id="a picture"),
        pytest.param(a(), {"sites/portal/gone.toml": b""}, {key("file:sites/portal/gone.toml")}, id="a configuration"),
        pytest.param(
            OTHER | {A: make_article(date="2026-12-01")},
            {A: make_article(date="2026-12-01", title="另一标题")},
            FILE,
            id="an item that has not come yet",
        ),
        pytest.param(
            {"content/portal/about/p.md": make_page()},
            {"content/portal/about/p.md": make_page(title="另一标题")},
            {key("file:content/portal/about/p.md")}
            | at("edit", "content/portal/about/p.md", "", "", "about", "/own")
            | own("content/portal/about/p.md", ""),
            id="another title of a standing item",
        ),
    ],
)
def test_a_change_touches(cluster, before, changes, touches):
    assert touched(cluster, before, changes) == touches


JANUARY = "2026-01-15T00:00:00+08:00"
OWNER = a(id="x1", expires="2026-11-20T09:00")
HEIR = {B: make_article(date="2026-03-01", id="x1")}
HEIR_COMES = at("move", B, "2026-03-01", *NEWS_LISTS) | own(B, "2026-03-01", id="x1")
OWNER_GOES = at("move", A, "2026-02-01", *NEWS_LISTS) | own(A, "2026-02-01", id="x1")
YESTERDAY = "2026-11-19T09:00:00+08:00"
TOPIC_ENDS = key("topic:portal:river", "portal")


@pytest.mark.parametrize(
    ("files", "was", "now", "touches"),
    [
        pytest.param(OTHER | a(), YESTERDAY, NOW, set(), id="no item's moment passes"),
        pytest.param(OTHER | a(), JANUARY, NOW, COMES, id="an item's date comes"),
        pytest.param(OTHER | a(), NOW, JANUARY, COMES, id="time goes back before an item's date"),
        pytest.param(OTHER | a(), JANUARY, stamp_of("2026-02-01"), COMES, id="the very moment of an item's date"),
        pytest.param(OTHER | a(expires="2026-11-20T09:00"), YESTERDAY, NOW, COMES, id="an item expires"),
        pytest.param(
            OTHER | a(expires="2026-11-20T09:00"), NOW, YESTERDAY, COMES, id="time goes back before an expiry"
        ),
        pytest.param(OTHER | a(expires="2026-11-20T09:00"), JANUARY, NOW, set(), id="an item's whole life passes"),
        pytest.param(OTHER | OWNER | HEIR, YESTERDAY, NOW, OWNER_GOES | HEIR_COMES, id="the owner of an id expires"),
        pytest.param(OTHER | OWNER | HEIR, NOW, YESTERDAY, OWNER_GOES | HEIR_COMES, id="an expired owner comes back"),
        pytest.param(OTHER, NOW, LATER, {TOPIC_ENDS}, id="a topic ends"),
        pytest.param(OTHER, LATER, NOW, {TOPIC_ENDS}, id="time goes back before a topic's end"),
    ],
)
def test_a_moment_that_passes_touches(cluster, files, was, now, touches):
    assert touched(cluster, files, {}, was, now) == touches


def test_who_loses_an_id_to_a_new_item_goes(cluster):
    found = touched(cluster, OTHER | HEIR, a(id="x1"))
    assert found == FILE | OWNER_GOES | HEIR_COMES


def test_who_waits_for_an_id_comes_when_its_owner_is_deleted(cluster):
    found = touched(cluster, OTHER | HEIR | a(id="x1"), {A: None})
    assert found == FILE | OWNER_GOES | HEIR_COMES


def test_who_waits_for_an_id_comes_when_its_owner_takes_another(cluster):
    found = touched(cluster, OTHER | HEIR | a(id="x1"), a(id="x2"))
    owner = own(A, "2026-02-01", id="x1") | own(A, "2026-02-01", id="x2") | at("edit", A, "2026-02-01", *NEWS_LISTS)
    assert found == FILE | owner | HEIR_COMES


def test_an_owner_that_has_not_come_yet_keeps_its_id(cluster):
    db = connect(None)
    update_index(db, Tree({A: make_article(date="2026-12-01", id="x1")} | HEIR), cluster, NOW)
    assert not list(db.execute("SELECT path FROM item WHERE shown"))
    db.close()


def test_settling_anew_empties_the_journal_and_starts_every_site_from_the_beginning(cluster):
    db, tree = connect(None), Tree(OTHER)
    update_index(db, tree, cluster, NOW)
    db.execute("INSERT INTO built VALUES ('portal', 3, 'recipe', '{}', 'frame', 5, 4)")
    update_index(db, tree.edited(a()), cluster, NOW)
    assert journal(db)
    settle_all(db, NOW)
    assert journal(db) == []
    assert tuple(db.execute("SELECT * FROM built").fetchone()) == ("portal", NOT_BUILT, "recipe", "{}", "frame", 5, 4)
    db.close()
