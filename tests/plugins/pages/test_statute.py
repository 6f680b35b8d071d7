"""Promises of statutes: every article has a stable anchor of its own, and the contents name them all."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from markdown import Markdown

from plugins.pages.statute import StatuteExtension, article_number, numeral_value
from plugins.pages.views import TocEntry

EXTENSIONS = ["tables", "attr_list", "footnotes", "def_list", "abbr", "sane_lists", "toc"]
DIGITS = "零一二三四五六七八九"


def make_markdown(*, toc: bool = True) -> Markdown:
    names = EXTENSIONS if toc else EXTENSIONS[:-1]
    return Markdown(extensions=[*names, StatuteExtension()])


def render(*blocks: str) -> tuple[BeautifulSoup, tuple[TocEntry, ...]]:
    md = make_markdown()
    soup = BeautifulSoup(md.convert("\n\n".join(blocks)), "html.parser")
    return soup, md.statute_toc  # type: ignore[attr-defined]


def anchors(*blocks: str) -> list[str]:
    soup, _ = render(*blocks)
    return [p.get("id", "") for p in soup.find_all("p", class_="tiao")]


def write_numeral(number: int, zero: str = "零") -> str:
    """The usual Chinese numeral, 1-9999."""
    text, gap = "", False
    for value, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // value % 10
        if digit:
            text += (zero if gap and text else "") + DIGITS[digit] + unit
        gap = not digit
    return text.removeprefix("一") if 10 <= number < 20 else text


@given(st.integers(1, 9999), st.sampled_from("零〇○"))
def test_a_numeral_is_read_as_it_was_written(number: int, zero: str) -> None:
    assert numeral_value(write_numeral(number, zero)) == number
    assert numeral_value("".join(DIGITS[int(digit)] for digit in str(number))) == number


@given(st.integers(1, 9999), st.integers(1, 99), st.sampled_from([" ", "　", "  第二款 ", ""]))
def test_an_article_is_known_by_its_number(number: int, more: int, rest: str) -> None:
    label = f"第{write_numeral(number)}条"
    assert article_number(label + rest) == (number, 0)
    assert article_number(f"{label}之{write_numeral(more)}{rest}") == (number, more)


@given(st.text(alphabet="零〇○一二三十百千", max_size=8))
def test_no_numeral_is_read_as_nothing_or_zero(text: str) -> None:
    value = numeral_value(text)
    assert value is None or 1 <= value <= 99_999_999


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("十", 10),
        ("一十", 10),
        ("百", 100),
        ("一百一十", 110),
        ("一百十", 110),
        ("一百零三", 103),
        ("一百〇三", 103),
        ("一○三", 103),
        ("二〇二六", 2026),
        ("一千零一十", 1010),
        ("", None),
        ("零", None),
        ("十百", None),
        ("十十", None),
        ("一二十", None),
        ("零十", None),
        ("一百二三", None),
        ("甲", None),
        ("一甲", None),
    ],
)
def test_numerals(text: str, number: int | None) -> None:
    assert numeral_value(text) == number


@pytest.mark.parametrize(
    ("case", "text", "number"),
    [
        ("a space", "第十二条 甲", (12, 0)),
        ("a full-width space", "第一百二十三条之一　甲", (123, 1)),
        ("a tab", "第一条\t甲", (1, 0)),
        ("alone", "第十二条", (12, 0)),
        ("bold", "**第十二条** 甲", (12, 0)),
        ("bold with underscores", "__第十二条__　甲", (12, 0)),
        ("indented", "　　第十二条　甲", (12, 0)),
        ("a line break", "第十二条\n甲", (12, 0)),
        ("only mentioned", "第十二条规定的情形", None),
        ("a colon", "第十二条：甲", None),
        ("in the middle", "依照第十二条 办理", None),
        ("a clause", "第十二条第二款 甲", None),
        ("no numeral", "第十百条 甲", None),
        ("no numeral after 之", "第十二条之十百 甲", None),
        ("之 of another word", "第十二条之规定 甲", None),
        ("a chapter", "第十二章 甲", None),
        ("nothing", "", None),
    ],
)
def test_article_numbers(case: str, text: str, number: tuple[int, int] | None) -> None:
    assert article_number(text) == number, case


def test_an_article_carries_its_anchor_and_links_to_itself() -> None:
    soup, _ = render("第十二条 甲*乙*丙。", "第二款。", "**第十二条之二**　丁")
    first, second, third = soup.find_all("p")
    assert first.decode() == (
        '<p class="tiao" id="tiao-12"><a class="tiao-number" href="#tiao-12">第十二条</a> 甲<em>乙</em>丙。</p>'
    )
    assert second.attrs == {}
    assert third.decode() == (
        '<p class="tiao" id="tiao-12-2"><strong><a class="tiao-number" href="#tiao-12-2">第十二条之二</a></strong>'
        "　丁</p>"
    )


def test_a_number_in_pieces_has_its_anchor_but_no_link() -> None:
    soup, _ = render("第**十二**条 甲")
    assert soup.p is not None
    assert soup.p["id"] == "tiao-12"
    assert soup.find("a") is None


@pytest.mark.parametrize(
    ("case", "numbers", "expected"),
    [
        ("in order", "一 二 三", ["tiao-1", "tiao-2", "tiao-3"]),
        ("not from the first", "三十二 三十三", ["tiao-32", "tiao-33"]),
        ("a restart", "一 二 一 二 三", ["tiao-1", "tiao-2", "part-2-tiao-1", "part-2-tiao-2", "part-2-tiao-3"]),
        ("three parts", "一 一 一", ["tiao-1", "part-2-tiao-1", "part-3-tiao-1"]),
        ("a restart below what came before", "五 六 一", ["tiao-5", "tiao-6", "part-2-tiao-1"]),
        ("a misprint", "一 二 二 三", ["tiao-1", "tiao-2", "part-2-tiao-2", "tiao-3"]),
        ("out of order", "一 三 二 四", ["tiao-1", "tiao-3", "tiao-2", "tiao-4"]),
        (
            "a misprint, then a restart",
            "一 一百 一百 一 一百",
            ["tiao-1", "tiao-100", "part-2-tiao-100", "part-2-tiao-1", "part-3-tiao-100"],
        ),
    ],
)
def test_anchors_where_numbers_repeat(case: str, numbers: str, expected: list[str]) -> None:
    assert anchors(*(f"第{number}条 甲" for number in numbers.split())) == expected, case


@pytest.mark.parametrize(
    ("case", "blocks", "ids"),
    [
        (
            "chapters and sections",
            ["## 第一章 总则", "### 第二节 乙", "## 第二章", "### 第一节 甲"],
            ["zhang-1", "zhang-1-jie-2", "zhang-2", "zhang-2-jie-1"],
        ),
        (
            "chapters that restart in every 编",
            ["# 第一编 总则", "## 第一章 甲", "# 第二编 物权", "## 第一分编 通则", "## 第一章 乙", "### 第一节 丙"],
            ["bian-1", "bian-1-zhang-1", "bian-2", "bian-2-fenbian-1", "bian-2-zhang-1", "bian-2-zhang-1-jie-1"],
        ),
        (
            "a chapter twice",
            ["## 第一章 甲", "### 第一节 乙", "## 第一章 丙", "### 第一节 丁"],
            ["zhang-1", "zhang-1-jie-1", "part-2-zhang-1", "part-2-zhang-1-jie-1"],
        ),
        ("a section without a chapter", ["## 第三节 甲"], ["jie-3"]),
        ("other headings keep toc's", ["## Annex", "## 第十百章 x"], ["annex", "x"]),
        ("an author's own", ["## 第一章 甲 {: #start }", "### 第一节 乙"], ["start", "start-jie-1"]),
        ("an author's own twice", ["## A {: #x }", "## B {: #x }", "## 第一章 甲 {: #x }"], ["x", "b", "zhang-1"]),
        ("an author who takes ours", ["## A {: #zhang-1 }", "## 第一章 甲"], ["zhang-1", "part-2-zhang-1"]),
        ("a text that spells ours", ["## zhang 1", "## 第一章 甲"], ["zhang-1_1", "zhang-1"]),
        ("raw HTML that takes ours", ['<div id="zhang-1">x</div>', "## 第一章 甲"], ["part-2-zhang-1"]),
    ],
)
def test_anchors_of_headings(case: str, blocks: list[str], ids: list[str]) -> None:
    soup, toc = render(*blocks)
    found = [heading["id"] for heading in soup.find_all(re.compile("^h[1-6]$"))]
    assert found == ids, case
    assert [entry.id for entry in toc] == ids


def test_an_author_s_own_anchor_stays_on_an_article() -> None:
    soup, toc = render(
        "第一条 甲\n{: #own .x }",
        "第二条 乙\n{: #own }",
        "> 第九条 引文",
        "- 第八条 引文",
        '<p id="tiao-3">x</p>',
        "第三条 丙",
    )
    assert [p["id"] for p in soup.find_all("p", class_="tiao")] == ["own", "tiao-2", "part-2-tiao-3"]
    assert toc[0].articles == (("own", "第一条"), ("tiao-2", "第二条"), ("part-2-tiao-3", "第三条"))
    assert soup.find("p", class_="x") is not None


def test_the_contents_list_chapters_with_their_articles() -> None:
    _, toc = render(
        "题注",
        "第一条 甲",
        "## 第一章 总*则* &lt;A\\*&gt; [^1]",
        "第二条 乙",
        "### 第一节 丙",
        "第三条之一　丁",
        "## Annex",
        "戊",
        "[^1]: 注",
    )
    assert toc == (
        TocEntry("", "", 2, (("tiao-1", "第一条"),)),
        TocEntry("zhang-1", "第一章 总则 <A*>", 2, (("tiao-2", "第二条"),)),
        TocEntry("zhang-1-jie-1", "第一节 丙", 3, (("tiao-3-1", "第三条之一"),)),
        TocEntry("annex", "Annex", 2),
    )


def test_one_instance_serves_many_documents() -> None:
    md = make_markdown()
    first = md.convert("## 第一章 甲\n\n第一条 乙")
    contents = md.statute_toc  # type: ignore[attr-defined]
    md.reset()
    assert md.statute_toc == ()  # type: ignore[attr-defined]
    md.convert("正文")
    assert md.statute_toc == ()  # type: ignore[attr-defined]
    assert md.reset().convert("## 第一章 甲\n\n第一条 乙") == first
    assert md.statute_toc == contents  # type: ignore[attr-defined]


def test_it_works_without_toc() -> None:
    md = make_markdown(toc=False)
    md.convert("## 第一章 甲\n\n## 附件")
    assert [entry.id for entry in md.statute_toc] == ["zhang-1", ""]  # type: ignore[attr-defined]


BLOCKS = st.sampled_from(
    [
        "第一条 甲",
        "第二条 乙",
        "**第一条** 丙",
        "第一条之一 丁",
        "## 第一章 甲",
        "### 第一节 乙",
        "# 第一编",
        "## 附件",
        "## tiao 1",
        "## A {: #tiao-1 }",
        "第二条 乙\n{: #zhang-1 }",
        "> 第一条 引",
        "正文[^1]",
        "|a|b|\n|-|-|\n|1|2|",
        "[^1]: 注",
        "*[甲]: 乙",
    ]
)


@given(st.lists(BLOCKS, max_size=12))
def test_no_id_is_ever_used_twice_and_every_link_leads_somewhere(blocks: list[str]) -> None:
    soup, toc = render(*blocks)
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert {link["href"] for link in soup.find_all("a", class_="tiao-number")} <= {f"#{one}" for one in ids}
    named = [entry.id for entry in toc if entry.id] + [anchor for entry in toc for anchor, _ in entry.articles]
    assert set(named) <= set(ids)
    assert len(soup.find_all("p", class_="tiao")) == sum(len(entry.articles) for entry in toc)
