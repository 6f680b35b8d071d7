"""Content types: schemas with every mistake told, and values typed by them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.content_type import (
    FIXED_KINDS,
    KINDS,
    ContentType,
    Field,
    Typed,
    is_site_path,
    load_types,
    template_issues,
    type_fields,
)
from cluster.frontmatter import Value
from cluster.issues import Issue
from tests.builders import make_cluster_files, make_toml

DATE = {"name": "date", "kind": "date", "label": {"zh": "日期"}, "required": True}


def make_type(name: str = "article", fields: list[dict[str, Any]] | None = None, **settings: Any) -> bytes:
    rows = [DATE] if fields is None else fields
    return make_toml({"format": 1, "name": name, "label": {"zh": "类型"}, "fields": rows or None} | settings)


def load(**types: bytes) -> tuple[dict[str, ContentType], list[Issue]]:
    issues: list[Issue] = []
    loaded = load_types({f"sites/types/{name}.toml": data for name, data in types.items()}, issues)
    return loaded, issues


def codes(issues: list[Issue] | tuple[Issue, ...]) -> list[tuple[str, str]]:
    assert all(issue.text("zh") and issue.text("en") for issue in issues)
    return [(issue.code, issue.field) for issue in issues]


# ---- schemas --------------------------------------------------------------------------------------------------------


def test_the_repository_s_own_types_are_right():
    files = {path: data for path, data in make_cluster_files().items() if path.startswith("sites/types/")}
    issues: list[Issue] = []
    types = load_types(files, issues)
    assert issues == []
    assert set(types) >= {"article", "page", "statute"}
    assert types["article"].dated
    assert not types["page"].dated


def test_a_type_inherits_fields_and_replaces_those_of_the_same_name():
    own = {"name": "date", "kind": "date", "label": {"zh": "通过日期"}, "required": True}
    types, issues = load(
        b_child=make_type("child", [own, {"name": "law", "kind": "line", "label": {}}], extends="base"),
        z_base=make_type("base", [DATE, {"name": "title", "kind": "line", "label": {}}]),
    )
    assert issues == []
    assert [field.name for field in types["child"].fields] == ["title", "date", "law"]
    date = types["child"].field("date")
    assert date is not None
    assert date.label["zh"] == "通过日期"
    assert types["child"].field("absent") is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(make_type(extends="nobody"), [("config-value", "extends")], id="extends an unknown type"),
        pytest.param(make_type(extends="article"), [("config-value", "extends")], id="extends itself"),
        pytest.param(make_type("Article"), [("config-value", "name")], id="a name in upper case"),
        pytest.param(make_type(odd=1), [("config-unknown", "odd")], id="an unknown key"),
        pytest.param(make_type(dated="yes"), [("config-kind", "dated")], id="dated as a word"),
        pytest.param(make_type(fields=[]), [("config-value", "dated")], id="dated without a date"),
        pytest.param(
            make_type(fields=[DATE | {"required": False}]), [("config-value", "dated")], id="date not required"
        ),
        pytest.param(make_type(fields=[DATE, DATE]), [("config-duplicate", "fields")], id="a field twice"),
        pytest.param(make_type(fields=[DATE | {"kind": "line"}]), [("config-value", "kind")], id="date as a line"),
        pytest.param(
            make_type(fields=[DATE, {"name": "a", "kind": "colour", "label": {}}]),
            [("config-value", "kind")],
            id="an unknown kind",
        ),
        pytest.param(
            make_type(fields=[DATE, {"name": "a b", "kind": "line", "label": {}}]),
            [("config-value", "name")],
            id="a space in a name",
        ),
        pytest.param(
            make_type(fields=[DATE, {"name": "a", "kind": "line"}]),
            [("config-missing", "label")],
            id="a field without a label",
        ),
        pytest.param(
            make_type(fields=[DATE | {"wnated": True}]), [("config-unknown", "wnated")], id="a spelling mistake"
        ),
        pytest.param(b"format = 9\n", [("config-format", "format")], id="an unknown format"),
        pytest.param(b"format = \n", [("config-toml", "")], id="no TOML"),
    ],
)
def test_a_mistake_in_a_schema_is_told(data, expected):
    _, issues = load(article=data)
    assert sorted(set(codes(issues))) == expected
    assert all(issue.path == "sites/types/article.toml" for issue in issues)


def test_two_types_that_extend_each_other_are_told_and_do_not_hang():
    _, issues = load(a=make_type("a", extends="b"), b=make_type("b", extends="a"))
    assert ("config-value", "extends") in codes(issues)


def test_two_files_with_one_type_name_are_told():
    _, issues = load(a=make_type("article"), b=make_type("article"))
    assert codes(issues) == [("config-duplicate", "name")]


@pytest.mark.parametrize("name", FIXED_KINDS)
def test_a_field_that_the_program_reads_keeps_its_kind(name):
    assert FIXED_KINDS[name] in KINDS
    other = next(kind for kind in KINDS if kind != FIXED_KINDS[name])
    _, issues = load(page=make_type("page", [{"name": name, "kind": other, "label": {}}], dated=False))
    assert codes(issues) == [("config-value", "kind")]


# ---- typing ---------------------------------------------------------------------------------------------------------

KIND = ContentType(
    "notice",
    {},
    True,
    "article",
    (
        Field("title", "line", {}, {}, required=True),
        Field("summary", "text", {}, {}),
        Field("date", "date", {}, {}),
        Field("keywords", "list", {}, {}),
        Field("also", "columns", {}, {}),
        Field("of", "item", {}, {}),
        Field("topic", "topic", {}, {}),
        Field("image", "file", {}, {}),
        Field("attachments", "files", {}, {}),
        Field("old", "paths", {}, {}),
        Field("status", "choice", {}, {}, choices=("current", "repealed")),
        Field("open", "bool", {}, {}),
        Field("count", "int", {}, {}),
        Field("source", "line", {}, {}, wanted=True),
    ),
)


def typed(**values: Value) -> Typed:
    given_values = {"title": "A", "source": "B", **values}
    lines = {name: number for number, name in enumerate(given_values, 2)}
    return type_fields(KIND, given_values, lines, "x.md")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param("title", " 标题 ", "标题", id="a line is stripped"),
        pytest.param("title", "no", "no", id="no stays no"),
        pytest.param("title", "007", "007", id="007 stays 007"),
        pytest.param("summary", "one\ntwo\n", "one\ntwo", id="a text may have lines"),
        pytest.param("date", "2026-11-18", "2026-11-18T00:00:00+08:00", id="a date becomes a stamp"),
        pytest.param("keywords", ["a ", "", " b"], ["a", "b"], id="a list drops empty lines"),
        pytest.param("also", ["news", "english:news"], ["news", "english:news"], id="columns"),
        pytest.param("of", "portal/news/2026/x.md", "portal/news/2026/x.md", id="an item"),
        pytest.param("image", "x.webp", "x.webp", id="a file"),
        pytest.param("attachments", [{"file": "a", "title": "b"}], [{"file": "a", "title": "b"}], id="attachments"),
        pytest.param("old", ["/news/2020/x.html", "/news/"], ["/news/2020/x.html", "/news/"], id="paths"),
        pytest.param("status", "repealed", "repealed", id="a choice"),
        pytest.param("open", "true", True, id="true"),
        pytest.param("open", "false", False, id="false"),
        pytest.param("count", "-12", -12, id="a number"),
    ],
)
def test_a_value_is_typed_by_its_kind(name, value, expected):
    found = typed(**{name: value})
    assert found.issues == ()
    assert found.fields[name] == expected


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        pytest.param("title", ["a"], "not-a-line", id="a list for a line"),
        pytest.param("title", "a\nb", "not-a-line", id="two lines for one"),
        pytest.param("summary", {"a": "b"}, "not-a-line", id="a mapping for a text"),
        pytest.param("date", "18.11.2026", "not-a-date", id="a German date"),
        pytest.param("date", "2026-02-30", "not-a-date", id="30 February"),
        pytest.param("date", ["2026-01-01"], "not-a-line", id="a list for a date"),
        pytest.param("keywords", "a, b", "not-a-list", id="a line for a list"),
        pytest.param("keywords", ["a", ["b"]], "not-a-list", id="a list in a list"),
        pytest.param("also", "news", "not-a-list", id="a line for columns"),
        pytest.param("attachments", "a.pdf", "not-a-list", id="a line for attachments"),
        pytest.param("attachments", ["a.pdf"], "attachment-incomplete", id="an attachment without a title"),
        pytest.param("attachments", [{"file": "a", "title": ""}], "attachment-incomplete", id="an empty title"),
        pytest.param(
            "attachments", [{"file": "a", "title": "b", "x": "c"}], "attachment-incomplete", id="a key too many"
        ),
        pytest.param("old", "/a", "not-a-list", id="a line for paths"),
        pytest.param("old", ["/a", "http://x/"], "not-a-path", id="an address for a path"),
        pytest.param("status", "valid", "not-a-choice", id="no choice"),
        pytest.param("status", ["current"], "not-a-choice", id="a list for a choice"),
        pytest.param("open", "yes", "not-a-bool", id="yes for true"),
        pytest.param("count", "1.5", "not-a-number", id="a fraction"),
        pytest.param("count", "9" * 16, "not-a-number", id="sixteen digits"),
        pytest.param("count", ["1"], "not-a-number", id="a list for a number"),
    ],
)
def test_a_value_of_another_kind_is_left_out_and_told_at_its_line(name, value, code):
    found = typed(**{name: value})
    assert codes(found.issues) == [(code, name)]
    assert found.issues[0].line == (2 if name == "title" else 4)
    assert found.issues[0].leaves_out
    assert name not in found.fields


@pytest.mark.parametrize("empty", ["", "   ", "\n"])
def test_an_empty_required_field_is_missing_and_told_at_its_line(empty):
    found = typed(title=empty)
    assert codes(found.issues) == [("field-required", "title")]
    assert found.issues[0].line == 2
    assert "title" not in found.fields


def test_a_missing_wanted_field_is_a_warning():
    found = type_fields(KIND, {"title": "A"}, {"title": 2}, "x.md")
    assert codes(found.issues) == [("field-wanted", "source")]
    assert not found.issues[0].leaves_out


def test_an_unknown_field_is_told_and_ignored_but_the_type_itself_is_known():
    found = typed(type="notice", tilte="B")
    assert codes(found.issues) == [("field-unknown", "tilte")]
    assert "tilte" not in found.fields


NESTED = st.recursive(
    st.text(max_size=8), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)


@given(st.dictionaries(st.sampled_from([field.name for field in KIND.fields]), NESTED))
def test_any_values_are_typed_or_told_and_can_be_kept_as_json(values):
    found = typed(**values)
    assert json.loads(json.dumps(found.fields)) == found.fields
    for name, value in values.items():
        assert name in found.fields or value == "" or not str(value).strip() or name in {i.field for i in found.issues}


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("/news/2026/x.html", True),
        ("/news/", True),
        ("/新闻/x.html", True),
        ("/a_b/~c", True),
        ("/", False),
        ("", False),
        ("news/", False),
        ("//evil.example/", False),
        ("/a//b", False),
        ("/a//", False),
        ("/a/../b", False),
        ("/./a", False),
        ("/a b", False),
        ("/a?b", False),
        ("/a#b", False),
        ("/a%2e", False),
        ("/a\nb", False),
        ("/a;b", False),
        ("/a{b}", False),
        ("/$a", False),
        ("/a\\b", False),
        ("/a\x00", False),
    ],
)
def test_a_site_path_is_safe_in_a_redirect_table(path, right):
    assert is_site_path(path) is right


def test_templates_that_a_theme_does_not_have_are_told_with_their_lines():
    files = {
        "sites/types/article.toml": make_type(),
        "sites/types/poem.toml": make_type("poem", template="poem"),
        "sites/types/home.toml": make_type("home", template="home"),
        "sites/types/number.toml": make_type("number", template=3),
        "sites/types/broken.toml": b"format = ",
    }
    issues = template_issues(files, {"article", "page"})
    assert [(issue.path, issue.code, issue.field) for issue in issues] == [
        ("sites/types/home.toml", "config-value", "template"),
        ("sites/types/poem.toml", "config-value", "template"),
    ]
    assert all(files[issue.path].splitlines()[issue.line - 1].startswith(b"template") for issue in issues)
    assert "article / page" in issues[0].text("en")
