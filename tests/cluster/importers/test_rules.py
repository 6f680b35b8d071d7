"""Promises of the import rules: data only, every mistake told at once with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.importers.rules import known_rules, load_rules

MINIMAL = """format = 1
name = "mine"
type = "article"
fields = [
    { name = "id", from = ["id"] },
    { name = "title", from = ["title"] },
    { name = "date", from = ["date"] },
    { name = "type", from = ["type"] },
]
[head]
title = '^# (?P<title>.*)$'
date = '(?P<year>\\d{4})-(?P<month>\\d{2})-(?P<day>\\d{2})'
[date]
order = ["file-name"]
"""


def test_every_built_in_rules_file_is_without_mistakes() -> None:
    assert known_rules() == ("npc-laws", "plain")
    for name in known_rules():
        rules, issues = load_rules(name)
        assert issues == []
        assert rules is not None
        assert rules.name == name


def test_a_city_may_bring_its_own_rules_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINIMAL)
    rules, issues = load_rules(str(path))
    assert issues == []
    assert rules is not None
    assert (rules.name, rules.slug, rules.dated, rules.head.end) == ("mine", "{date}-{hash}", True, None)


def test_unknown_rules_are_told_with_the_known_names() -> None:
    rules, issues = load_rules("no-such-rules")
    assert rules is None
    assert [issue.code for issue in issues] == ["import-rules-unknown"]
    assert "npc-laws / plain" in issues[0].text("en")


def test_all_mistakes_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    wrong = """format = 1
name = "Mine"
type = "article"
extra = 1
fields = [
    { name = "id", from = ["id"] },
    { name = "id", from = ["published.lines"] },
]
[head]
title = '^# (.*)$'
date = '(?P<year>\\d{4'
[[line]]
name = "x"
[date]
order = ["y.first-date"]
[slug]
form = "{law}"
[body]
opening = ["y"]
[[drop]]
match = 'x'
[[change]]
find = '(a)'
replace = '\\2'
[defaults]
nobody = "x"
"""
    path = tmp_path / "wrong.toml"
    path.write_text(wrong)
    rules, issues = load_rules(str(path))
    assert rules is None
    told = {(issue.line, issue.code, issue.field) for issue in issues}
    assert told >= {
        (2, "config-value", "name"),
        (4, "config-unknown", "extra"),
        (5, "config-duplicate", "fields"),
        (5, "config-value", "from"),
        (10, "config-value", "title"),
        (11, "config-value", "date"),
        (12, "config-missing", "match"),
        (15, "config-value", "order"),
        (17, "config-value", "form"),
        (19, "config-value", "opening"),
        (20, "config-missing", "what"),
        (24, "config-value", "replace"),
        (26, "config-unknown", "nobody"),
    }
    assert {issue.field for issue in issues if issue.code == "config-missing"} >= {
        "fields: title",
        "fields: date",
        "fields: type",
    }
    assert all(issue.text("zh") and issue.text("en") for issue in issues)


@pytest.mark.parametrize(
    ("case", "text", "code"),
    [
        ("no TOML", "format = ", "config-toml"),
        ("another format", MINIMAL.replace("format = 1", "format = 2"), "config-format"),
    ],
)
def test_a_file_of_another_form_is_refused(case: str, text: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    rules, issues = load_rules(str(path))
    assert rules is None
    assert [issue.code for issue in issues] == [code], case
