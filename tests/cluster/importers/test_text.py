"""Promises of foreign text: nothing is lost silently, and plain text shows as it stands once rendered."""

from __future__ import annotations

import re

import markdown
import pytest
from bs4 import BeautifulSoup
from hypothesis import example, given
from hypothesis import strategies as st

from cluster.importers.rules import BodyRules, load_rules
from cluster.importers.text import LIMITS, Line, Report, escape_plain, read_lines, write_body

EXTENSIONS = ["tables", "attr_list", "footnotes", "def_list", "abbr", "sane_lists", "toc"]


def law_body() -> BodyRules:
    rules, _ = load_rules("npc-laws")
    assert rules is not None
    return rules.body


def lines_of(*texts: str) -> list[Line]:
    return [Line(number, text) for number, text in enumerate(texts, 1)]


def shown(source: str) -> str:
    """All visible characters of rendered Markdown, without white space."""
    html = markdown.markdown(source, extensions=EXTENSIONS)
    return "".join(BeautifulSoup(html, "html.parser").get_text().split())


@pytest.mark.parametrize(
    ("case", "data", "texts", "codes"),
    [
        ("plain bytes", "甲\n乙".encode(), ["甲", "乙"], []),
        ("a byte order mark", b"\xef\xbb\xbf" + "甲".encode(), ["甲"], ["bom"]),
        ("Windows line ends", b"a\r\nb\rc", ["a", "b", "c"], ["crlf"]),
        ("control characters", b"a\x00b\x03\nc", ["ab", "c"], ["import-control"]),
        ("other separators stay in their line", "a\u2028b\x0cc".encode(), ["a\u2028bc"], ["import-control"]),
    ],
)
def test_bytes_become_numbered_lines(case: str, data: bytes, texts: list[str], codes: list[str]) -> None:
    report = Report("x.md")
    lines = read_lines(data, report)
    assert lines is not None
    assert [line.text for line in lines] == texts, case
    assert [line.number for line in lines] == list(range(1, len(texts) + 1))
    assert [issue.code for issue in report.issues] == codes


def test_bytes_that_are_not_utf8_are_told_with_their_line() -> None:
    report = Report("x.md")
    assert read_lines("一\n二\n".encode() + b"\xff", report) is None
    assert [(issue.code, issue.line) for issue in report.issues] == [("not-utf8", 3)]


def test_a_file_with_endless_mistakes_is_told_once_that_there_are_more() -> None:
    report = Report("x.md")
    read_lines(b"\x00\n" * 1000, report)
    assert len(report.issues) == LIMITS.issues_per_file + 1
    assert report.issues[-1].code == "import-more"


def test_marks_are_dropped_and_headings_tidied_and_both_are_noted() -> None:
    report = Report("x.md")
    lines = lines_of(
        "## 第一章　总　　则", "", "<!-- FORCE BREAK -->", "", "\u200b", "", "第一条 甲", "### 第二节  一 般 规 定"
    )
    assert write_body(lines, law_body(), report) == "## 第一章 总则\n\n第一条 甲\n### 第二节 一般规定"
    assert [(note.code, note.line) for note in report.notes] == [
        ("import-changed", 1),
        ("import-dropped", 3),
        ("import-dropped", 5),
        ("import-changed", 8),
    ]
    assert report.issues == []


@pytest.mark.parametrize("heading", ["## 第一章 法律 责任", "## 序言", "## 第十二章 附则", "### 第一节 a b 的规定"])
def test_a_heading_that_is_not_spread_stays_as_it_is(heading: str) -> None:
    report = Report("x.md")
    assert write_body(lines_of(heading), law_body(), report) == heading
    assert report.notes == []


def test_patterns_never_see_a_line_that_is_too_long() -> None:
    report = Report("x.md")
    long = "## 第一章　" + "总　" * LIMITS.pattern_chars
    assert "总　总" in write_body(lines_of(long, "\u200b" * 100_000), law_body(), report)
    assert report.notes == []


@pytest.mark.parametrize(
    "line",
    [
        "1. 甲",
        "2011. ",
        "1.农产品",
        "# 甲",
        "#甲",
        "> 甲",
        "- 甲",
        "+ 甲",
        "* 甲",
        "* * *",
        "---",
        "===",
        ": 甲",
        "| a | b |",
        "~~~",
        "    四个空格",
        "\t制表符",
        "　　全角空格 1. 甲",
        "《<甲法>》和<乙>",
        "<!-- 注 -->",
        "a_b_c *d* `e` [f](g) ![h](i) [^1] {: #x } \\*",
        "*[缩写]: 全称",
        "[甲]: http://x",
        "[^1]: 注",
        "&nbsp; &#42; &甲; a & b",
        "http://example.com <http://example.com>",
        "第一条 甲{.x}",
    ],
)
def test_plain_text_shows_every_character_as_it_stands(line: str) -> None:
    wanted = "".join(line.split())
    assert shown(escape_plain(line)) == wanted
    assert shown("甲\n\n" + escape_plain(line) + "\n\n乙") == f"甲{wanted}乙"
    assert shown("甲\n" + escape_plain(line)) == f"甲{wanted}"


@pytest.mark.parametrize("title", ["甲 *乙*", "C#", "甲 ##", "a_b_c", "甲 {: #x }", "<甲>", "[甲](乙)"])
def test_a_heading_shows_every_character_as_it_stands(title: str) -> None:
    written = write_body(lines_of(f"## {title}"), law_body(), Report("x.md"))
    html = markdown.markdown(written, extensions=EXTENSIONS)
    assert html.startswith("<h2")
    assert "".join(BeautifulSoup(html, "html.parser").get_text().split()) == "".join(title.split())


@given(st.lists(st.text(alphabet="甲第条1. \t　#>*_-+=|:~`[](){}<>!&;\\^a/", max_size=20), min_size=1, max_size=5))
@example(["a", "-|-", "b|c"])
@example(["    a", "b"])
def test_any_plain_text_shows_every_character(texts: list[str]) -> None:
    texts = [text for text in texts if not re.match(r"#{2,6}[ \t　]", text)]
    written = write_body(lines_of(*texts), law_body(), Report("x.md"))
    assert shown(written) == "".join("".join(texts).split())


@given(st.text(max_size=200))
def test_a_body_that_is_markdown_stays_byte_for_byte(text: str) -> None:
    plain, _ = load_rules("plain")
    assert plain is not None
    lines = lines_of(*text.split("\n"))
    assert write_body(lines, plain.body, Report("x.md")) == text
