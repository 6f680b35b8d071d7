"""Issues: rules as data in both languages, and code that gives each rule what its sentence asks for."""

from __future__ import annotations

import ast
import json
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.issues import Issue, Severity, rules

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("cluster", "plugins", "publish", "editor", "cli")
# Named parameters of `Issue.of`, `Table.note` and their like, which are no values of a sentence.
PARAMETERS = {"path", "line", "field", "code", "key"}


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.code)
def test_every_rule_speaks_both_languages_with_the_same_values(rule):
    assert rule.zh.strip()
    assert rule.en.strip()
    assert rule.zh.isascii() is False
    assert placeholders(rule.zh) - {"field"} == placeholders(rule.en) - {"field"}
    assert rule.severity in Severity


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.code)
def test_every_sentence_fills_without_a_leftover(rule):
    names = (placeholders(rule.zh) | placeholders(rule.en)) - {"field"}
    values = {name: f"<{name}>" for name in names}
    issue = Issue.of(rule.code, "content/portal/news/2026/x.md", 3, "title", **values)
    for language in ("zh", "en"):
        text = issue.text(language)
        assert "{" not in text
        assert all(value in text for value in values.values())


def told_issues() -> Iterator[tuple[str, str, set[str]]]:
    """(place, code, names of values) of every call in the program whose first argument is a rule's code."""
    known = rules()
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or any(word.arg is None for word in node.keywords):
                    continue
                if isinstance(node.func, ast.Name):  # a class that carries code and values further
                    continue
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and first.value in known:
                    given = {str(word.arg) for word in node.keywords} - PARAMETERS
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", str(first.value), given


def test_the_program_gives_every_value_that_a_sentence_names():
    calls = list(told_issues())
    assert len(calls) > 40
    missing = {
        place: sorted(lacking)
        for place, code, given in calls
        if (lacking := (placeholders(rules()[code].zh) | placeholders(rules()[code].en)) - given - {"field"})
    }
    assert missing == {}


def test_an_issue_of_an_unknown_rule_is_a_mistake_of_the_program():
    with pytest.raises(KeyError):
        _ = Issue.of("no-such-rule", "x.md").rule


def test_an_issue_tells_its_place_with_and_without_a_line():
    assert Issue.of("bom", "x.md", 3).place() == "x.md:3"
    assert Issue.of("bom", "x.md").place() == "x.md"


def test_values_with_braces_stay_as_they_are():
    issue = Issue.of("link-missing", "x.md", 3, target="{0} {field} {target}")
    assert "'{0} {field} {target}'" in issue.text("en")


@pytest.mark.parametrize(
    ("code", "leaves_out"), [("config-toml", True), ("not-a-date", True), ("file-missing", False), ("bom", False)]
)
def test_fatal_and_left_out_items_are_not_published(code, leaves_out):
    assert Issue.of(code, "x.md").leaves_out is leaves_out


def test_issues_sort_by_place_and_do_not_depend_on_the_order_of_values():
    one = Issue.of("year-folder", "a.md", 2, folder=2025, year=2026)
    assert one == Issue.of("year-folder", "a.md", 2, year="2026", folder="2025")
    assert sorted([Issue.of("bom", "b.md", 1), Issue.of("crlf", "a.md", 9), one]) == [
        one, Issue.of("crlf", "a.md", 9), Issue.of("bom", "b.md", 1),
    ]  # fmt: skip


def test_the_json_form_has_place_code_severity_and_both_languages():
    told = Issue.of("not-a-date", "a.md", 3, "date", value="soon").as_dict()
    assert json.loads(json.dumps(told)) == {
        "code": "not-a-date",
        "severity": "left-out",
        "path": "a.md",
        "line": 3,
        "field": "date",
        "zh": "“date”的值“soon”不是日期。请写成 2026-08-22T09:00。",
        "en": "'date' is not a date: 'soon'. Write it as 2026-08-22T09:00.",
    }
