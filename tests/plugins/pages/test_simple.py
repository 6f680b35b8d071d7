"""Simple documents: what Python-Markdown would make of them, and nothing that it would make otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pages.markdown import BodyRenderer
from plugins.pages.simple import convert_simple

QUICK = BodyRenderer(statute=False, table_label="表格")
WHOLE = BodyRenderer(statute=False, table_label="表格", quick=False)
PIECES = st.sampled_from(
    [
        *("## ", "# ", "### ", "- ", "1. ", "2. ", "[链接](/a/b.html)", "[x](https://a.example/b)", "[乙](a.md)"),
        *(
            "**甲乙**",
            "**",
            "![a](b.png)",
            "![图](v.mp4)",
            "标题",
            "　",
            "　　段首\n\n",
            "甲乙丙",
            "abc",
            "1",
            "，",
            "。",
            "\n",
            "\n\n",
            "\n\n",
        ),
        *("[", "](", ")", "!", " ", "  ", "*", "_", "`", "#", "{: .a}", ":", ": x", "|", "<", ">", "&", '"', "'", "="),
        *(
            "| ",
            " | ",
            " |\n",
            "| --- | --- |\n",
            "| 甲 | 1 |\n",
            "|",
            "|--|\n",
            "\n\n| 甲 | 乙 |\n| --- | --- |\n| 丙 | ",
        ),
        *("===", "---", "+", "[^1]", "\\", "1.", "-", "[TOC]", "[a](b 'c')", "[ a](b)", "x_1", "题_1", "\t", "·", "%"),
    ]
)


def heading_id(title: str, _separator: str) -> str:
    return f"s-{title}"


@settings(max_examples=1500, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=16).map("".join))
def test_a_body_comes_out_the_same_by_either_way(text):
    assert QUICK.render(text) == WHOLE.render(text)


SIMPLE = [
    ("a heading between paragraphs", "甲\n\n## 乙\n\n丙", '<p>甲</p>\n<h2 id="s-乙">乙</h2>\n<p>丙</p>'),
    ("headings alike", "## 乙\n\n## 乙", '<h2 id="s-乙">乙</h2>\n<h2 id="s-乙_1">乙</h2>'),
    ("a paragraph with blanks before it", "　　甲\n　　乙\n\n## 丙", '<p>甲\n　　乙</p>\n<h2 id="s-丙">丙</h2>'),
    ("a list", "- 甲\n- 乙", "<ul>\n<li>甲</li>\n<li>乙</li>\n</ul>"),
    ("a numbered list", "1. 甲\n2. 乙", "<ol>\n<li>甲</li>\n<li>乙</li>\n</ol>"),
    ("a link in a sentence", "见[乙](/a/b.html)。", '<p>见<a href="/a/b.html">乙</a>。</p>'),
    ("bold words in a list", "- 甲**乙**", "<ul>\n<li>甲<strong>乙</strong></li>\n</ul>"),
    (
        "a table",
        "| 甲 | 乙 |\n| --- | --- |\n| **丙** | [丁](/a.html) |\n|  | 1% |",
        "<table>\n<thead>\n<tr>\n<th>甲</th>\n<th>乙</th>\n</tr>\n</thead>\n<tbody>\n"
        '<tr>\n<td><strong>丙</strong></td>\n<td><a href="/a.html">丁</a></td>\n</tr>\n'
        "<tr>\n<td></td>\n<td>1%</td>\n</tr>\n</tbody>\n</table>",
    ),
    ("a table of one column", "|甲|\n|---|\n|乙|", None),
    ("a lone picture", "![图](/a.png)", '<figure class="picture"><img alt="图" src="/a.png"></figure>'),
]


@pytest.mark.parametrize(("text", "html"), [row[1:] for row in SIMPLE], ids=[row[0] for row in SIMPLE])
def test_simple_documents_need_no_markdown(text, html):
    simple = convert_simple(text, heading_id)
    assert simple is not None
    assert html is None or simple.html == html
    assert QUICK.render(text) == WHOLE.render(text)


DECLINED = [
    ("nothing", ""),
    ("a first-level heading", "# 甲"),
    ("two lists in a row", "- 甲\n\n- 乙"),
    ("a nested list", "- 甲\n    - 乙"),
    ("a list that does not begin with one", "2. 甲"),
    ("a link with a title", "[甲](b 'c')"),
    ("a picture in a sentence", "甲![乙](c.png)"),
    ("a picture without words", "![](c.png)"),
    ("a film", "![甲](c.mp4)"),
    ("a footnote", "甲[^1]"),
    ("a table with aligned columns", "| 甲 |\n| :-- |\n| 乙 |"),
    ("a table with a row too long", "| 甲 |\n| --- |\n| 乙 | 丙 |"),
    ("a table with an open row", "| 甲 | 乙 |\n| --- | --- |\n| 乙 | 丙"),
    ("a table without rows", "| 甲 | 乙 |\n| --- | --- |"),
    ("a table with an escaped bar", "| 甲 |\n| --- |\n| 乙\\| |"),
    ("HTML", "<b>甲</b>"),
    ("attributes", "## 甲 {: .x}"),
    ("very long text", "甲" * 60_000),
]


@pytest.mark.parametrize("text", [row[1] for row in DECLINED], ids=[row[0] for row in DECLINED])
def test_whatever_is_not_simple_is_left_to_markdown(text):
    assert convert_simple(text, heading_id) is None
