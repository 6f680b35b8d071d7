"""Promises of heads: every line is understood, or told with its number and kept."""

from __future__ import annotations

import pytest

from cluster.importers.head import Head, read_head
from cluster.importers.rules import load_rules
from cluster.importers.text import Line, Report

TITLE = "# 中华人民共和国云泽法"
END = "<!-- INFO END -->"
CONGRESS = "全国人民代表大会"
STANDING = "全国人民代表大会常务委员会"


def read(name: str, *texts: str, known_title: str = "") -> tuple[Head, Report]:
    rules, _ = load_rules(name)
    assert rules is not None
    report = Report("x.md")
    lines = [Line(number, text) for number, text in enumerate(texts, 1)]
    return read_head(lines, rules.head, report, known_title=known_title), report


def told(report: Report) -> list[tuple[str, int]]:
    return [(issue.code, issue.line) for issue in [*report.issues, *report.notes]]


@pytest.mark.parametrize(
    ("line", "kind", "date", "organ"),
    [
        ("1982年12月4日 第五届全国人民代表大会第五次会议通过", "adopted", "1982-12-04", CONGRESS),
        ("(2014年11月1日第十二届全国人民代表大会常务委员会第十一次会议通过)", "adopted", "2014-11-01", STANDING),
        ("1958年1月9日 全国人民代表大会常务委员会第九十一次会议通过", "adopted", "1958-01-09", STANDING),
        ("2024年3月11日 第十四届全国人民代表大会第二次会议修订）", "amended", "2024-03-11", CONGRESS),
        ("2018年3月11日 全国人民代表大会通过的《中华人民共和国宪法修正案》", "amended", "2018-03-11", CONGRESS),
        ("2009年8月27日 全国人民代表大会常务委员会《修改的决定》第一次修正　", "amended", "2009-08-27", STANDING),
        ("1982年12月4日 全国人民代表大会公告公布施行", "announced", "1982-12-04", CONGRESS),
        ("2022年5月1日 施行", "announced", "2022-05-01", ""),
        ("2002年8月29日 中华人民共和国主席令第七十三号公布", "announced", "2002-08-29", ""),
    ],
)  # fmt: skip
def test_the_acts_of_a_law_are_understood(line: str, kind: str, date: str, organ: str) -> None:
    head, report = read("npc-laws", TITLE, "", line, "", END, "第一条 甲")
    (act,) = head.acts
    assert (act.kind, act.date, act.organ, act.line) == (kind, date, organ, 3)
    assert not act.text.endswith(("）", ")", "　"))
    assert told(report) == []
    assert [one.text for one in head.body] == ["第一条 甲"]


def test_a_wrapped_decision_is_one_act() -> None:
    head, report = read(
        "npc-laws",
        TITLE,
        "2015年8月29日 第十二届全国人民代表大会常务委员会第十六次会议《关于修改〈甲法〉",
        "",
        "〈乙法〉",
        "〈丙法〉的决定》第三次修正",
        "2020年1月1日 第十三届全国人民代表大会第三次会议修订",
        END,
    )
    assert [(act.kind, act.line) for act in head.acts] == [("amended", 2), ("amended", 6)]
    assert head.acts[0].text.endswith("《关于修改〈甲法〉〈乙法〉〈丙法〉的决定》第三次修正")
    assert told(report) == [("import-joined", 4), ("import-joined", 5)]


def test_two_acts_on_one_line_are_two() -> None:
    head, report = read(
        "npc-laws",
        TITLE,
        "1988年7月1日 第七届全国人民代表大会常务委员会第二次会议通过根据1994年5月12日第八届全国人民代表大会"
        "常务委员会第七次会议《关于修改甲的决定》修正",
        END,
    )
    assert [(act.kind, act.date) for act in head.acts] == [("adopted", "1988-07-01"), ("amended", "1994-05-12")]
    assert told(report) == [("import-split", 2)]


def test_a_title_wrapped_below_the_heading_is_recognised() -> None:
    head, report = read(
        "npc-laws", TITLE, "中华人民共和国", "云泽法", "2020年1月1日 第十三届全国人民代表大会第三次会议通过", END
    )
    assert head.title == "中华人民共和国云泽法"
    assert [act.kind for act in head.acts] == ["adopted"]
    assert told(report) == [("import-title-repeated", 2), ("import-title-repeated", 3)]


def test_the_end_of_the_last_line_may_stand_behind_the_marker() -> None:
    head, report = read(
        "npc-laws", TITLE, "2019年3月15日 第十三届全国人民代表大会第二次", END, "", "会议通过）", "", "第一条"
    )
    assert [(act.kind, act.text[-5:]) for act in head.acts] == [("adopted", "会议通过）")]
    assert "会议通过）" not in [line.text for line in head.body]
    assert told(report) == [("import-joined", 5)]


@pytest.mark.parametrize(
    ("case", "lines", "expected"),
    [
        ("nothing follows the marker", ["2019年3月15日 第二次", END], [("import-head-line", 2)]),
        ("text follows the marker", ["2019年3月15日 第二次", END, "第一条 甲"], [("import-head-line", 2)]),
        ("a stranger", ["2020年1月1日 第十三届全国人民代表大会第三次会议通过", "备注", END], [("import-head-line", 3)]),
        ("half of the title", ["中华人民共和国", "别的", END], [("import-head-line", 2), ("import-head-line", 3)]),
        ("no such day", ["2020年2月31日 施行", END], [("import-date-bad", 2)]),
        ("no marker", ["2020年2月1日 施行", "第一条 甲"], [("import-head-open", 1)]),
        ("a line without end", ["长" * 3000, END], [("import-head-line", 2)]),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_told_and_kept(case: str, lines: list[str], expected: list[tuple[str, int]]) -> None:
    head, report = read("npc-laws", TITLE, *lines)
    assert told(report) == expected, case
    kept = "".join(act.text for act in head.acts) + "".join(line.text for line in head.body)
    assert all(line in kept for line in lines if line != END)


def test_a_head_without_a_marker_ends_with_its_last_known_line() -> None:
    head, report = read(
        "plain",
        "",
        "来源：云泽日报",
        "前言",
        "# 甲 #",
        "",
        "date: 2021-04-29",
        "作者：张三",
        "",
        "正文",
        "日期：2020-01-01",
    )
    assert head.title == "甲"
    assert [(act.kind, act.value, act.date) for act in head.acts] == [
        ("source", "云泽日报", ""),
        ("published", "", "2021-04-29"),
        ("author", "张三", ""),
    ]
    assert [line.text for line in head.body if not line.is_blank] == ["前言", "正文", "日期：2020-01-01"]
    assert told(report) == []


@pytest.mark.parametrize(
    ("case", "lines", "title", "body"),
    [
        ("the heading says the same", ["# 甲", "正文"], "甲", ["正文"]),
        ("the heading says something else", ["# 乙", "正文"], "甲", ["# 乙", "正文"]),
        ("no heading", ["正文"], "甲", ["正文"]),
    ],
)
def test_the_title_of_the_front_matter_goes_first(case: str, lines: list[str], title: str, body: list[str]) -> None:
    head, _ = read("plain", *lines, known_title="甲")
    assert (head.title, [line.text for line in head.body]) == (title, body), case


def test_a_file_without_a_heading_has_no_title() -> None:
    head, _ = read("plain", "正文")
    assert head.title == ""
