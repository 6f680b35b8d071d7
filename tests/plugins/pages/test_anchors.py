"""Promises about ids and pictures that authors write: apart from the theme's, once each, with links that follow."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from plugins.pages.anchors import settle_ids, with_alt
from tests.plugins.pictures.samples import make_picture
from tests.plugins.rendering import body_of, codes, renderer


@pytest.mark.parametrize(
    ("text", "settled"),
    [
        ('<p id="q">甲</p>', '<p id="s-q">甲</p>'),
        ('<p id="main">甲</p><p id="main">乙</p>', '<p id="s-main">甲</p><p>乙</p>'),
        ('<p id="q"><a href="#q">甲</a></p>', '<p id="s-q"><a href="#s-q">甲</a></p>'),
        ('<p id="s-a" title="x>y">甲</p>', '<p id="s-a" title="x>y">甲</p>'),
        ('<p id="tiao-1">甲</p><li id="fn:1">乙</li>', '<p id="tiao-1">甲</p><li id="fn:1">乙</li>'),
        ('甲 id="main" 乙', '甲 id="main" 乙'),
    ],
)
def test_ids_of_the_text_stay_apart_from_the_themes(text: str, settled: str) -> None:
    assert settle_ids(text)[0] == settled


def test_ids_and_contents_of_a_body_agree() -> None:
    body = renderer().render('## 甲 {#main}\n\n<p id="q">乙</p>\n\n## 丙 {#main}\n\n[去](#main)')
    soup = BeautifulSoup(body.html, "html.parser")
    ids = [str(one["id"]) for one in soup.select("[id]")]
    assert len(ids) == len(set(ids))
    assert all(one.startswith("s-") for one in ids)
    assert {entry.id for entry in body.toc} <= set(ids)
    assert soup.select("a")[0]["href"] == "#s-main"


def test_a_picture_in_html_without_words_is_told() -> None:
    assert with_alt('<img src="a.png" title=" alt=x"><img src="b.png" alt="">') == (
        '<img src="a.png" title=" alt=x" alt=""><img src="b.png" alt="">',
        ["a.png"],
    )
    html, findings = body_of(
        '<div><img src="a.png"></div>', {"content/portal/news/2026/a.png": make_picture(9, 9, "png")}
    )
    assert 'alt=""' in html
    assert codes(findings) == ["alt-missing"]
