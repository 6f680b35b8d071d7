"""A card: the lists and positions that follow from an item, and what of it others see."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.clock import parse_date, stamp
from cluster.index.card import OWN, Card, make_card, position
from cluster.index.reads import HIGHEST, LOWEST
from cluster.index.schema import connect
from cluster.validation import read_item
from tests.builders import ARTICLE, make_article

PAGE = "content/portal/about/city.md"


def make(cluster, path=ARTICLE, data=None, blob="b", **fields) -> Card:
    item, _ = read_item(path, data or make_article(**fields), cluster)
    assert item is not None
    return make_card(item, blob)


@pytest.mark.parametrize(
    ("path", "fields", "places"),
    [
        pytest.param(ARTICLE, {}, [("portal", ""), ("portal", OWN), ("portal", "news")], id="a first-level column"),
        pytest.param(
            "content/portal/news/notices/2026/a.md",
            {},
            [("portal", ""), ("portal", OWN), ("portal", "news"), ("portal", "news/notices")],
            id="a column and those above it",
        ),
        pytest.param(
            ARTICLE,
            {"also": ["residents", "english:news"]},
            [
                ("english", ""), ("english", "news"),
                ("portal", ""), ("portal", OWN), ("portal", "news"), ("portal", "residents"),
            ],
            id="further columns, one of another site, whose own item it is not",
        ),
        pytest.param(
            ARTICLE,
            {"topic": "river"},
            [("portal", ""), ("portal", OWN), ("portal", "news"), ("portal", "topic:river")],
            id="a topic",
        ),
    ],
)  # fmt: skip
def test_an_item_stands_in_its_columns_all_above_them_and_its_sites_own_list(cluster, path, fields, places):
    assert make(cluster, path, **fields).places == places


def test_a_dated_item_is_listed_by_its_date_and_a_standing_one_by_none(cluster):
    assert make(cluster, date="2026-11-18T09:30").listed == "2026-11-18T09:30:00+08:00"
    assert make(cluster, PAGE, make_article(type="page", source=None)).listed == ""


def test_references_lose_their_first_slash_and_old_addresses_come_once_in_order(cluster):
    card = make(cluster, interprets="/portal/news/2026/a.md", translation_of="6f1c", redirect_from=["/b", "/a", "/b"])
    assert card.references == (("translation_of", "6f1c"), ("interprets", "portal/news/2026/a.md"))
    assert card.redirects == ("/a", "/b")


def test_an_item_without_an_id_has_its_path_for_one(cluster):
    assert make(cluster).id == "portal/news/2026/river.md"
    assert make(cluster, id="6f1c").id == "6f1c"


def test_a_cards_row_fills_the_table_of_items(cluster):
    db = connect(None)
    columns = [row["name"] for row in db.execute("PRAGMA table_info(item)")]
    assert [*Card._fields[: len(make(cluster).row)], "shown"] == columns
    db.close()


@pytest.mark.parametrize(
    ("fields", "looks_the_same"),
    [
        pytest.param({"body": "另一段正文。"}, True, id="another body"),
        pytest.param({"title": "另一标题"}, False, id="another title"),
        pytest.param({"date": "2026-11-18T09:31"}, False, id="another date"),
        pytest.param({"summary": "摘要"}, False, id="a summary"),
        pytest.param({"image": "a.png"}, False, id="a picture"),
        pytest.param({"also": ["residents"]}, False, id="a further column"),
        pytest.param({"redirect_from": ["/old"]}, False, id="an old address"),
        pytest.param({"interprets": "6f1c"}, False, id="a reference"),
        pytest.param({"expires": "2027-01-01"}, False, id="an expiry"),
    ],
)
def test_only_another_body_looks_the_same_to_other_pages(cluster, fields, looks_the_same):
    assert make(cluster).looks_like(make(cluster, blob="c", **fields)) is looks_the_same


def test_where_the_body_begins_concerns_nobody_else(cluster):
    quoted = make_article().replace(b"title: ", b"# \xe5\x86\x85\xe9\x83\xa8\ntitle: ", 1)
    one, other = make(cluster), make(cluster, data=quoted)
    assert one.body_line != other.body_line
    assert one.looks_like(other)


def test_a_card_keeps_chinese_fields_readable(cluster):
    card = make(cluster, keywords=["河道"])
    assert "河道" in card.fields
    assert json.loads(card.fields)["keywords"] == ["河道"]


dates = st.just("") | st.datetimes().filter(lambda one: 1000 < one.year < 9999).map(
    lambda one: stamp(parse_date(one.isoformat(timespec="seconds")))
)
places = st.tuples(dates, st.text("abz/-.0中~", min_size=1).map("content/{}".format))


@given(places, places)
def test_positions_sort_as_items_stand_in_a_list(one, other):
    assert (position(*one) < position(*other)) == (one < other)
    assert LOWEST < position(*one) < HIGHEST


@given(places)
def test_a_year_holds_the_positions_of_its_dates(place):
    date, path = place
    year = int(date[:4] or 0)
    if year:
        assert f"{year:04}" < position(date, path) < f"{year + 1:04}"
