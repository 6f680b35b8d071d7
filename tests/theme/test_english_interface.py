"""The promise that the English site speaks no Chinese: what is Chinese there is marked as Chinese, in bodies too."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup, Tag

from tests.builders import REPOSITORY
from tests.plugins.rendering import Rendered, render_site

HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\u3000-\u303f\uff01-\uff5e]")
ATTRIBUTES = ("alt", "title", "aria-label", "placeholder", "content", "label")


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """The demo's English site."""
    paths = (path for top in ("sites", "content") for path in (REPOSITORY / top).rglob("*"))
    files = {path.relative_to(REPOSITORY).as_posix(): path.read_bytes() for path in paths if path.is_file()}
    return render_site(tmp_path_factory.mktemp("english"), files, site="english")


def chinese_in(html: str) -> list[str]:
    """The words of a page with Chinese characters, outside marked runs."""
    page = BeautifulSoup(html, "html.parser")
    for run in page.select("[lang]"):
        if not is_english(run):
            run.decompose()
    words = [str(text) for text in page.find_all(string=HAN)]
    words += [
        str(tag[name]) for tag in page.find_all(True) for name in ATTRIBUTES if HAN.search(str(tag.get(name, "")))
    ]
    return words


def is_english(tag: Tag) -> bool:
    return str(tag["lang"]).startswith("en")


def test_no_chinese_is_left_in_the_english_interface(english: Rendered) -> None:
    pages = {path: chinese_in(english.text(path)) for path in english.pages()}
    assert len(pages) > 60
    assert {path: words for path, words in pages.items() if words} == {}


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<p>首页</p>", 1),
        ('<img alt="首页">', 1),
        ("<p>“Home”</p>", 0),
        ('<p lang="zh-Hans">首页</p>', 0),
        ('<p lang="en">首页</p>', 1),
        ('<div class="body">首页</div>', 1),
    ],
)
def test_the_search_for_chinese_finds_it(html: str, found: int) -> None:
    assert len(chinese_in(html)) == found


def test_the_english_site_shows_dates_in_english(english: Rendered) -> None:
    page = english.page("news/2026/yunze-river-phase-two-begins.html")
    times = [time.get_text() for time in page.select("time")]
    assert times
    assert not any("年" in time for time in times)
