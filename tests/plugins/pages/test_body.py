"""Promises about filling a body: what becomes of links and pictures that lead nowhere, and the cache's round trip."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pages.body import MARK, Body, Place, Resolved, Target, dump_body, fill, parse_body
from plugins.pages.views import TocEntry
from tests.plugins.rendering import renderer


def filled(text: str, *missing: str) -> str:
    """The body with every target at `/to/<target>`, but for those that are missing."""

    def resolve(target: Target, _place: Place) -> Resolved | None:
        return None if target.text in missing else Resolved(f"/to/{target.text}")

    return fill(renderer().render(text), resolve).replace("\n", "")


def test_links_and_pictures_get_todays_addresses() -> None:
    assert filled("[甲](a.md)") == '<p><a href="/to/a.md">甲</a></p>'
    assert filled("字 ![丙](c.png)") == '<p>字 <img alt="丙" src="/to/c.png"></p>'


def test_addresses_are_escaped_and_attributes_added() -> None:
    body = renderer().render('[甲](a.md "题") 和 ![丙](c.png)')
    html = fill(body, lambda _target, _place: Resolved('/a&b"<', ' rel="x"'))
    links = BeautifulSoup(html, "html.parser")
    assert links.a is not None
    assert links.img is not None
    assert links.a.attrs == {"href": '/a&b"<', "rel": ["x"], "title": "题"}
    assert links.img.attrs == {"src": '/a&b"<', "rel": "x", "alt": "丙"}


@pytest.mark.parametrize(
    ("name", "text", "html"),
    [
        ("a plain link", "见 [甲](a.md)。", "<p>见 甲。</p>"),
        ("marks inside stay", "[甲 **乙** `丙`](a.md)", "<p>甲 <strong>乙</strong> <code>丙</code></p>"),
        ("others stay links", "[甲](a.md) [乙](b.md)", '<p>甲 <a href="/to/b.md">乙</a></p>'),
        ("a link around a picture", "[![图](b.png)](a.md)", '<p><img alt="图" src="/to/b.png"></p>'),
    ],
    ids=lambda value: value if value.startswith("a ") or (" " in value and "<" not in value) else "",
)
def test_a_dead_link_becomes_plain_text_and_keeps_its_words(name: str, text: str, html: str) -> None:
    assert filled(text, "a.md") == html, name


@pytest.mark.parametrize(
    ("name", "text", "html"),
    [
        ("with its figure and caption", '前\n\n![图](a.png "说明")\n\n后', "<p>前</p><p>后</p>"),
        ("within a sentence", "前 ![图](a.png) 后", "<p>前  后</p>"),
        ("alone in a link", "前\n\n[![图](a.png)](b.md)\n\n后", "<p>前</p><p>后</p>"),
        ("a film", "前\n\n![片](a.png.mp4)\n\n后", "<p>前</p><p>后</p>"),
        ("a sound", "前\n\n![声](a.png.mp3)\n\n后", "<p>前</p><p>后</p>"),
        ("a film written as HTML", "前\n\n<video src='a.png'>旧浏览器</video>\n\n后", "<p>前</p><p>后</p>"),
        ("a picture whose address was removed", "前\n\n![图](data:x)\n\n后", "<p>前</p><p>后</p>"),
    ],
)
def test_a_missing_picture_goes_without_leaving_anything(name: str, text: str, html: str) -> None:
    gone = filled(text, "a.png", "a.png.mp4", "a.png.mp3")
    assert gone.replace("<p></p>", "") == html, name


def test_a_gallery_keeps_the_pictures_it_has_and_goes_when_it_has_none() -> None:
    text = "![一](a.png) ![二](b.png)"
    assert filled(text, "a.png").count("<figure") == 1
    assert filled(text, "a.png", "b.png") == ""


def test_a_body_without_links_and_pictures_is_handed_on_as_it_is() -> None:
    body = renderer().render("一段。\n\n- 项")
    assert fill(body, lambda _target, _place: Resolved("/x")) is body.html


def test_no_mark_is_ever_left() -> None:
    text = "[![图](a.png) 字](b.md) ![一](c.png) ![二](d.png)\n\n![三](e.mp4)\n\n<video src=f.mp4>x</video>"
    assert MARK not in filled(text)
    assert MARK not in filled(text, "a.png", "b.md", "c.png", "d.png", "e.mp4", "f.mp4")


bodies = st.builds(
    Body,
    html=st.text(),
    toc=st.lists(
        st.builds(
            TocEntry,
            id=st.text(),
            title=st.text(),
            level=st.integers(2, 4),
            articles=st.lists(st.tuples(st.text(), st.text()), max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    targets=st.lists(st.builds(Target, st.text(), st.integers(1), st.booleans()), max_size=2).map(tuple),
    notes=st.lists(st.tuples(st.text(), st.integers(1), st.text()), max_size=2).map(tuple),
)


@settings(deadline=None)
@given(bodies)
def test_a_cached_body_is_the_same_body(body: Body) -> None:
    assert parse_body(dump_body(body)) == body
