"""Promises about a page in traditional characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.bilingual.traditional import Address, convert, convert_page

ADDRESS = Address("http://portal", "/about/city.html", "/zh-hant/about/city.html")


def page(html: str) -> str:
    """The page with pages below /about/ in both forms."""
    return convert_page(html, ADDRESS, lambda path: f"/zh-hant{path}" if path.startswith("/about/") else "")


@pytest.mark.parametrize(
    ("simplified", "traditional"),
    [
        ("云泽市人民政府", "雲澤市人民政府"),
        ("干部和干旱", "幹部和乾旱"),
        ("皇后在后面", "皇后在後面"),
        ("审核头发", "審核頭髮"),
        ("公里与里面", "公里與裡面"),
        ("plain words", "plain words"),
        ("", ""),
    ],
)
def test_words_are_converted_by_phrases(simplified: str, traditional: str) -> None:
    assert convert(simplified) == traditional


@pytest.mark.parametrize(
    ("case", "before", "after"),
    [
        ("text", "<p>历史</p>", "<p>歷史</p>"),
        ("the page's language", '<html lang="zh-Hans">', '<html lang="zh-Hant">'),
        ("words in attributes", '<img alt="历史" src="/历史.png">', '<img alt="歷史" src="/历史.png">'),
        ("a placeholder", '<input placeholder="历史">', '<input placeholder="歷史">'),
        ("a label", '<nav aria-label="历史">', '<nav aria-label="歷史">'),
        ("words for a script", '<div data-words="历史|发展">', '<div data-words="歷史|發展">'),
        ("a meta tag", '<meta name="description" content="历史">', '<meta name="description" content="歷史">'),
        ("a link to a page in both forms", '<a href="/about/a.html#x">', '<a href="/zh-hant/about/a.html#x">'),
        ("a link to a column", '<a class="b" href="/about/">', '<a class="b" href="/zh-hant/about/">'),
        ("a link to any other page", '<a href="/news/a.html">', '<a href="/news/a.html">'),
        ("a link elsewhere", '<a href="https://about.cn/about/a.html">', '<a href="https://about.cn/about/a.html">'),
        ("a place on the page", '<a href="#历史">', '<a href="#历史">'),
        ("a script", "<script>历史</script>", "<script>历史</script>"),
        ("a comment", "<!-- 历史 -->", "<!-- 历史 -->"),
        ("the name of a file", '<a href="/files/历史.pdf" title="历史">', '<a href="/files/历史.pdf" title="歷史">'),
        (
            "another language",
            '<p lang="ja">历史<p lang="ja">史</p></p>历史',
            '<p lang="ja">历史<p lang="ja">史</p></p>歷史',
        ),
        ("what is not to be translated", '<b translate="no">云</b>云', '<b translate="no">云</b>雲'),
        ("a picture in another language", '<img lang="ja" alt="历史">历史', '<img lang="ja" alt="历史">歷史'),
        ("a quoted bracket", '<img alt="a > 历史">历史', '<img alt="a > 歷史">歷史'),
        (
            "its own address",
            '<link rel="canonical" href="http://portal/about/city.html">',
            '<link rel="canonical" href="http://portal/zh-hant/about/city.html">',
        ),
        (
            "its own address as a tag",
            '<meta name="Url" content="http://portal/about/city.html">',
            '<meta name="Url" content="http://portal/zh-hant/about/city.html">',
        ),
        (
            "its own address in print",
            "<p>http://portal/about/city.html</p>",
            "<p>http://portal/zh-hant/about/city.html</p>",
        ),
        (
            "the addresses of its other forms",
            '<link rel="alternate" hreflang="zh-Hans" href="http://portal/about/city.html">',
            '<link rel="alternate" hreflang="zh-Hans" href="http://portal/about/city.html">',
        ),
        (
            "the link to itself, which becomes the way back",
            '<a href="/zh-hant/about/city.html" hreflang="zh-Hant" lang="zh-Hant">繁體中文</a>云',
            '<a href="/about/city.html" hreflang="zh-Hans" lang="zh-Hans">简体中文</a>雲',
        ),
    ],
)
def test_a_page_is_converted_where_it_should_be(case: str, before: str, after: str) -> None:
    assert page(before) == after


@given(st.text("<>\"'a 云=/!-&;", max_size=40))
def test_whatever_a_page_holds_only_characters_change(text: str) -> None:
    assert len(page(text)) == len(text)


@given(st.text(st.characters(max_codepoint=0x2FF), max_size=60))
def test_a_page_without_chinese_stays_as_it_is(text: str) -> None:
    assert page(f"<p>{text.replace('<', '')}</p>") == f"<p>{text.replace('<', '')}</p>"
