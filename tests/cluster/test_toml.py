"""Reading TOML: every mistake with its line, none stops the reading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.clock import parse_date
from cluster.issues import Issue
from cluster.toml import Table

FULL = """\
format = 1
name = "站"
count = 3
on = true
words = ["a", "b"]
kind = "news"
since = "2026-03-01"
colors = { main = "#fff" }

[codes]
icp = "x"

[[rows]]
title = "one"

[[rows]]
title = "two"
"""


def read(text: str) -> tuple[Table, list[Issue]]:
    issues: list[Issue] = []
    table = Table.parse("x.toml", text.encode(), issues)
    assert table is not None, issues
    return table, issues


def told(issues: list[Issue]) -> list[tuple[str, str, int]]:
    assert all(issue.text("zh") and issue.text("en") and issue.path == "x.toml" for issue in issues)
    return [(issue.code, issue.field, issue.line) for issue in issues]


def test_a_right_file_gives_its_values_and_no_issue():
    table, issues = read(FULL)
    assert (table.text("name"), table.whole("count"), table.flag("on")) == ("站", 3, True)
    assert (table.texts("words"), table.choice("kind", ("news", "data"))) == (("a", "b"), "news")
    assert table.value("since", parse_date, "2026-03-01") == parse_date("2026-03-01")
    assert table.table("colors").text("main") == "#fff"
    assert table.table("codes").text("icp") == "x"
    assert [row.text("title") for row in table.tables("rows")] == ["one", "two"]
    assert "name" in table
    assert "tagline" not in table
    table.close()
    assert issues == []


def test_what_is_missing_has_its_default():
    table, issues = read("format = 1\n")
    assert (table.text("a", "x"), table.whole("b", 5), table.flag("c"), table.texts("d", ())) == ("x", 5, False, ())
    assert (table.value("e", parse_date, ""), table.tables("f")) == (None, [])
    assert table.table("g", required=False).text("h", "y") == "y"
    assert issues == []


@pytest.mark.parametrize(
    ("line", "ask", "code"),
    [
        pytest.param("", lambda table: table.text("key"), "config-missing", id="a text is missing"),
        pytest.param("", lambda table: table.whole("key"), "config-missing", id="a number is missing"),
        pytest.param("", lambda table: table.texts("key"), "config-missing", id="a list is missing"),
        pytest.param("", lambda table: table.table("key"), "config-missing", id="a table is missing"),
        pytest.param("key = 5", lambda table: table.text("key"), "config-kind", id="a number for a text"),
        pytest.param('key = "5"', lambda table: table.whole("key"), "config-kind", id="a text for a number"),
        pytest.param("key = true", lambda table: table.whole("key"), "config-kind", id="true for a number"),
        pytest.param("key = 1.5", lambda table: table.whole("key"), "config-kind", id="a fraction"),
        pytest.param("key = 1", lambda table: table.flag("key"), "config-kind", id="a number for true"),
        pytest.param('key = "a"', lambda table: table.texts("key"), "config-kind", id="a text for a list"),
        pytest.param("key = [1]", lambda table: table.texts("key"), "config-kind", id="numbers in a list of texts"),
        pytest.param("key = [1]", lambda table: table.texts("key", ()), "config-kind", id="the same with a default"),
        pytest.param("key = 1", lambda table: table.table("key"), "config-kind", id="a number for a table"),
        pytest.param("key = 1", lambda table: table.tables("key"), "config-kind", id="a number for rows"),
        pytest.param("key = [1]", lambda table: table.tables("key"), "config-kind", id="numbers for rows"),
        pytest.param(
            "key = 2026-03-01", lambda table: table.text("key", ""), "config-kind", id="a TOML date for a text"
        ),
        pytest.param(
            'key = "Ä"', lambda table: table.text("key", pattern="[a-z]+", hint="a-z"), "config-value", id="pattern"
        ),
        pytest.param(
            'key = "a b"', lambda table: table.text("key", pattern="[a-z]+"), "config-value", id="pattern of the whole"
        ),
        pytest.param('key = "x"', lambda table: table.choice("key", ("a", "b")), "config-value", id="no choice"),
        pytest.param('key = "x"', lambda table: table.value("key", parse_date, "2026"), "config-value", id="no date"),
        pytest.param('key = "x"', lambda table: table.close(), "config-unknown", id="a key that nobody knows"),
    ],
)
def test_a_mistake_is_told_once_at_its_line_and_reading_goes_on(line, ask, code):
    table, issues = read(f"format = 1\n# a comment\n{line}\n")
    ask(table)
    expected_line = 3 if line else 1
    assert told(issues) == [(code, "key", expected_line)]


def test_all_mistakes_of_a_file_are_gathered():
    table, issues = read('format = 1\nname = 5\nsize = "x"\nodd = 1\n')
    table.text("name")
    table.whole("size")
    table.text("host")
    table.close()
    assert told(issues) == [
        ("config-kind", "name", 2),
        ("config-kind", "size", 3),
        ("config-missing", "host", 1),
        ("config-unknown", "odd", 4),
    ]


def test_a_mistake_in_a_table_or_row_has_the_line_there():
    table, issues = read(FULL.replace('"x"', "7").replace('"two"', "8"))
    table.table("codes").text("icp")
    for row in table.tables("rows"):
        row.text("title")
        row.text("url")
    assert told(issues) == [
        ("config-kind", "icp", 11),
        ("config-missing", "url", 13),
        ("config-kind", "title", 17),
        ("config-missing", "url", 16),
    ]


def test_inline_tables_tell_the_line_of_their_key():
    table, issues = read("format = 1\n\ncolors = { main = 5 }\nrows = [{ title = 1 }]\n")
    table.table("colors").text("main")
    assert told(issues)[0] == ("config-kind", "main", 3)
    assert [row.line() for row in table.tables("rows")] == [4]


def test_a_key_in_quotes_is_found():
    table, issues = read('format = 1\n\n"name" = 5\n')
    table.text("name")
    assert told(issues) == [("config-kind", "name", 3)]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        pytest.param(b"format = 1\nname = \n", 2, id="no value"),
        pytest.param(b"format = 1\n\nname = 'a\n", 3, id="a quote never closed"),
        pytest.param(b"format = 1\nname = 'a'\nname = 'b'\n", 3, id="a key twice"),
        pytest.param(b"format = 1\nwords = [\n  'a',\n\n", 3, id="a list never closed"),
        pytest.param(b"format = 1\nname = '\xc4\xe3'\n", 2, id="GBK"),
        pytest.param(b"\xef\xbb\xbfformat = 1\n", 1, id="BOM"),
        pytest.param(b"format = 1\nday = 2026-02-30\n", 2, id="30 February"),
        pytest.param(b"n = " + b"9" * 5000 + b"\n", 1, id="a number of 5000 digits"),
        pytest.param(b"a = " + b"[" * 20_000 + b"\n", 1, id="nested twenty thousand deep"),
        pytest.param(b"\x00\x01\x02", 1, id="bytes of something else"),
    ],
)
def test_what_is_no_toml_is_one_issue_at_its_line(data, line):
    issues: list[Issue] = []
    assert Table.parse("x.toml", data, issues) is None
    assert [(issue.code, issue.line) for issue in issues] == [("config-toml", line)]


@pytest.mark.parametrize("format", ["2", '"1"', "", "[]"])
def test_an_unknown_format_is_refused(format):
    issues: list[Issue] = []
    text = f"name = 'a'\nformat = {format}\n" if format else "name = 'a'\n"
    assert Table.parse("x.toml", text.encode(), issues) is None
    assert [issue.code for issue in issues] == ["config-format"]
    assert "format = 1" in issues[0].text("en")


@given(st.binary(max_size=100) | st.text(st.sampled_from("a=[]{}\"'.#\n1-"), max_size=40).map(str.encode))
def test_any_bytes_give_a_table_or_issues(data):
    issues: list[Issue] = []
    assert (Table.parse("x.toml", data, issues) is None) == bool(issues)
