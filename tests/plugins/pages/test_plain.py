"""Promises of plain text: what is passed over changes nothing, whatever is written. The whole way is the reference."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster import item as item_file
from cluster.importers.markdown import import_folder
from cluster.importers.rules import load_rules
from plugins.pages.body import Body
from plugins.pages.markdown import BodyRenderer
from plugins.pages.plain import is_plain
from tests.builders import REPOSITORY

LAWS = os.environ.get("ZHANQUN_LAWS", "")

# Whatever means something to Markdown, to an extension, to the sanitiser or to us, whole and in pieces.
MARKS = [
    *"#*_`\\[]()!<>&+-=:|{}^~.\"'/,;?@$% \t\n1a甲",
    "\u3000", "\xa0", "\x0b", "\x0c", "\r", "\x02", "\x03", "\x85", "\u2028", "\u2029", "\u200b", "\ufeff", "\ue000", "１.",
    "\n\n", "\n\n", "\n\n", "  \n", "\n ", "\n   ", "\n    ", "\n1. ", "\n10. 十", "\n- ", "\n* ", "\n+ ", "\n> ", "\n: 释", "\n:   释",
    "\n# 题", "\n## 题\n", "\n===\n", "\n---\n", "\n- - -\n", "\n***\n", "\n|甲|乙|\n|-|:-:|\n|1|2|\n", "\n-|-\n", "**要点**", "`码`",
    "[TOC]", "\\[TOC]", "*[GDP]: 生产总值\n", "GDP", "[^1]", "\n[^1]: 注\n", "[甲]", "\n[甲]: a.md\n", "[甲](a.md)", "![图](b.png)",
    "![](c.png)", "[网](https://a.example/x?a=1&b=2#c)", "[网](HTTP://A)", "[坏](javascript:x)", "[坏](http://[x)", "[坏](http://1.2.3.4.5)",
    "[坏](http://xn--a.b)", "[信](mailto:a@a.example)", "[记](附:件.pdf)", "<https://a.example/>", "<me@a.example>", "<b>", "</b>",
    "<div>", "</div>", "<script>", "<!-- ", "-->", "<![", "<?", "<a href=x onclick=1>", "&nbsp;", "&amp;", "&#58;", "&copy",
    "{: .x }", "\n{: #y a=b }", "{#z}", "///Footnotes Go Here///", "第一条 为了治水。", "\n\n第二条　适用。", "\n\n## 第一章 总则\n\n",
    "\n\n这是一段普通的文字，没有标记。\n\n", "\n\n2026-11-20，9:30—11:00（星期五），电话：0999-8213666。\n\n", "\n\n　　段首空两格。\n　　又一行。\n\n",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(MARKS), max_size=25).map("".join) | st.text(max_size=60)
LETTERS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n\n\n 甲乙丙，。0123:.-"),
    max_size=200,
)


@functools.cache
def pair(statute: bool) -> tuple[BodyRenderer, BodyRenderer]:
    """A quick renderer, and the reference."""
    quick, whole = (BodyRenderer(statute=statute, table_label="表格", quick=quick) for quick in (True, False))
    return quick, whole


def assert_same(text: str, *, statute: bool = False) -> Body:
    """Both ways give the same body."""
    quick, whole = pair(statute)
    body = quick.render(text)
    assert body == whole.render(text), text
    return body


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("\n\n\n", id="blank lines"),
        pytest.param("\n云泽河治理二期开工。\n", id="a paragraph"),
        pytest.param("一段。\n又一行。\n\n\n又一段。\n\n", id="paragraphs of lines"),
        pytest.param("　　段首空两格。\n　　又一行。\n\n　\n\n　", id="wide blanks"),
        pytest.param("Call us: 9:30-11:00, \"today\" or 'tomorrow' (free); 5% + 3 = 8?", id="English punctuation"),
        pytest.param("1.不空格的序号。\n2026.11.20起施行。\n２．全角序号。", id="numbers that begin a line"),
        pytest.param("网址 https://a.example/x?y=1~2，信箱 me@a.example", id="addresses"),
        pytest.param("\ud7a3𠮷🙂\u200b\ufffd", id="rare characters"),
    ],
)
def test_plain_text_is_cheap_and_the_same(text: str) -> None:
    assert pair(False)[0].plain(text) is not None
    assert_same(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=name)
        for name, text in {
            "a heading": "# 题", "a heading underlined": "题\n===", "a rule": "- - -", "an item": "- 项", "a plus item": "+ 项",
            "a numbered item": "1. 项", "a wide number": "１. 项", "an indent": " 甲", "code": "    码", "a tab": "\t甲",
            "a break": "甲  \n乙", "a blank at the end": "甲 ", "a definition": "甲\n: 乙", "emphasis": "*甲*", "an underscore": "a_b",
            "a code mark": "`", "a backslash": "\\", "a bracket": "[", "a tag": "<", "an entity": "&", "a quotation": "> 甲",
            "a pipe": "|", "a brace": "{", "a control": "\x02", "a no-break space": "甲\xa0乙", "a carriage return": "甲\r乙",
            "a form feed": "甲\x0c乙", "a line separator": "甲\u2028乙", "a next line": "甲\x85乙", "our mark": "甲\ue000乙",
            "a byte order mark": "\ufeff甲", "a non-character": "甲\uffff",
        }.items()
    ],
)  # fmt: skip
def test_text_with_a_mark_is_not_plain_and_the_same(text: str) -> None:
    assert not is_plain(text)
    assert pair(False)[0].plain(text) is None
    assert_same(text)


def test_a_statute_is_never_cheap_since_its_articles_get_anchors() -> None:
    assert pair(True)[0].plain("第一条 为了治水。") is None
    assert 'id="tiao-1"' in assert_same("第一条 为了治水。", statute=True).html


def test_the_reference_never_takes_the_short_way() -> None:
    assert pair(False)[1].plain("一段。") is None


def test_every_plain_character_of_the_first_planes_stays_as_it_is() -> None:
    plain = [chr(code) for code in [*range(0xD800), *range(0xE000, 0x30000)] if is_plain(chr(code))]
    assert len(plain) > 190_000
    text = "\n\n".join(f"甲{''.join(plain[start : start + 100])}乙" for start in range(0, len(plain), 100))
    assert is_plain(text)
    assert_same(text)


@pytest.mark.parametrize("statute", [False, True], ids=["article", "statute"])
@settings(max_examples=400, deadline=None)
@given(text=TEXTS)
def test_no_marks_make_the_short_way_differ(statute: bool, text: str) -> None:
    assert_same(text, statute=statute)


@settings(max_examples=200, deadline=None)
@given(text=LETTERS)
def test_no_letters_make_the_short_way_differ(text: str) -> None:
    assert_same(text)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(MARKS), max_size=3).map("".join), st.integers(0, 40), st.integers(0, 3000))
def test_long_plain_text_around_a_mark_is_the_same(mark: str, paragraphs: int, characters: int) -> None:
    long = "\n\n".join(["云泽河治理二期开工，2026年建成。" * 5] * paragraphs)
    assert_same(f"{long}{'云' * characters}{mark}{'泽' * characters}\n\n{long}")


def test_an_abbreviation_reaches_plain_paragraphs() -> None:
    assert assert_same("GDP增长。 GDP \n\n*[GDP]: 生产总值\n\n再说 GDP 。").html.count("<abbr") == 2


def test_every_item_of_the_demo_cluster_is_the_same() -> None:
    files = sorted((REPOSITORY / "content").rglob("*.md"))
    assert len(files) > 200
    for file in files:
        document, _ = item_file.read(file.name, file.read_bytes())
        if document is not None:
            for statute in (False, True):
                assert_same(document.body, statute=statute)


@pytest.mark.laws
def test_every_real_statute_is_the_same() -> None:
    rules, _ = load_rules("npc-laws")
    assert rules is not None
    items = import_folder(Path(LAWS), site="congress", column="fagui/falv", rules=rules).items
    assert len(items) > 300
    for item in items:
        document, _ = item_file.read(item.path, item.data)
        assert document is not None
        assert_same(document.body, statute=True)
