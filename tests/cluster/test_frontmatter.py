"""Front matter: every scalar stays the text it is, and what could harm is refused at its line."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.frontmatter import FrontMatter, dump_field, parse_front_matter, read_plain, read_yaml
from cluster.issues import Issue
from cluster.limits import LIMITS
from tests.builders import REPOSITORY

# What YAML can carry at all, less the carriage return, which reading turns into a line break.
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\n\t\x85"),
    max_size=40,
)
VALUES = st.recursive(
    TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
).filter(lambda value: depth_of(value) < LIMITS.front_matter_depth)

# Front matter as people write it, with what could be taken otherwise: marks, and lines that do not fit together.
WORDS = st.lists(
    st.sampled_from(
        [
            *"ab甲乙01 \u3000.,;:/-_'\"()，#&*!|>%@`[]{}?=~\\\t\xa0\u2028\x85\ufeff\x7f",
            ": ",
            " #",
            "  ",
            "- ",
            "词",
            "2026-11-20T09:00",
        ]
    ),
    max_size=6,
).map("".join)
SCALARS = WORDS | WORDS.map(lambda text: f"'{text}'") | WORDS.map(lambda text: f'"{text}"') | st.just("词")
LISTS = st.tuples(st.sampled_from(["  - ", "- ", " - ", "    - ", "  -  "]), st.lists(SCALARS, max_size=3))
FIELDS = st.tuples(
    st.sampled_from(["title", "date", "a_1", "D", "键", "no", "a b", "- a", "'q'"]),
    SCALARS.map(lambda text: f": {text}\n")
    | st.lists(SCALARS, max_size=3).map(lambda texts: f": [{', '.join(texts)}]\n")
    | LISTS.map(lambda rows: ":\n" + "".join(f"{rows[0]}{row}\n" for row in rows[1]))
    | st.sampled_from([":\n", ": |\n  a\n", ": a\n  b\n", "\n", ":\n  - a\n   - b\n", ":\n  - file: a\n", ": a", "\n# c\n"]),
).map("".join)  # fmt: skip
FRONTS = st.lists(FIELDS, max_size=4).map("".join)

BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefghi"))


def depth_of(value) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 0 if isinstance(value, str) else 1 + max(map(depth_of, children), default=0)


def parse(text: str, first_line: int = 2) -> FrontMatter | Issue:
    return parse_front_matter(text, path="x.md", first_line=first_line)


def refused(text: str) -> tuple[str, int]:
    found = parse(text)
    assert isinstance(found, Issue), found
    assert found.text("zh")
    assert found.text("en")
    return found.code, found.line


@pytest.mark.parametrize(
    "word",
    ["no", "yes", "on", "off", "true", "null", "~", "007", "0x1F", "1_000", "1e3", ".inf", "12:30:45", "2026-11-18",
     "2026-11-18T09:30", "=", "<<", "1.10", "+86", "０７"],
)  # fmt: skip
def test_a_scalar_stays_the_text_it_is(word):
    found = parse(f"field: {word}\n")
    assert isinstance(found, FrontMatter)
    assert found.values == {"field": word}


def test_lists_and_mappings_keep_their_texts():
    found = parse("keywords: [no, 007]\nattachments:\n  - file: 1.pdf\n    title: on\nempty:\n")
    assert isinstance(found, FrontMatter)
    assert found.values == {
        "keywords": ["no", "007"],
        "attachments": [{"file": "1.pdf", "title": "on"}],
        "empty": "",
    }


def test_each_field_knows_its_line_in_the_file():
    found = parse("title: a\n# a comment\nkeywords:\n  - b\n  - c\n\ndate: d\n")
    assert isinstance(found, FrontMatter)
    assert found.lines == {"title": 2, "keywords": 4, "date": 8}


def test_line_separators_pasted_from_a_word_processor_do_not_shift_the_lines():
    found = parse('title: "a\u2028b\x85c\u2029d"\ndate: e\n')
    assert isinstance(found, FrontMatter)
    assert found.lines == {"title": 2, "date": 3}


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        pytest.param("", "front-matter-empty", 2, id="nothing"),
        pytest.param("# only a comment\n", "front-matter-empty", 2, id="a comment"),
        pytest.param("{}\n", "front-matter-empty", 2, id="an empty mapping"),
        pytest.param("just words\n", "yaml-error", 2, id="a sentence"),
        pytest.param("- a\n- b\n", "yaml-error", 2, id="a list"),
        pytest.param("title: a\ndate: 'b\n", "yaml-error", 4, id="a quote that is never closed"),
        pytest.param("title: a\nsource: 水务局: 治水\n", "yaml-error", 3, id="a colon inside a value"),
        pytest.param("title: a\n\tdate: b\n", "yaml-error", 3, id="a tab as indent"),
        pytest.param("title: a\nkeywords: [b, c\n", "yaml-error", 4, id="a bracket that is never closed"),
        pytest.param("title: 你\ndate: x\x0by\n", "yaml-error", 3, id="a control character"),
        pytest.param("title: a\ndate: \ufffe\n", "yaml-error", 3, id="a non-character"),
        pytest.param("title: a\n...\ndate: b\n", "yaml-error", 4, id="two documents"),
        pytest.param("title: a\n? [b, c]\n: d\n", "yaml-error", 3, id="a list as a field name"),
        pytest.param("title: a\n{b: c}: d\n", "yaml-error", 3, id="a mapping as a field name"),
        pytest.param("a: 1\nb: 2\na: 3\n", "yaml-duplicate", 4, id="a field twice"),
        pytest.param("a:\n  b: 1\n  b: 2\n", "yaml-duplicate", 4, id="a field twice further in"),
        pytest.param('a: 1\n"a": 2\n', "yaml-duplicate", 3, id="a field twice, once quoted"),
        pytest.param("a: 1\nb: &x 2\n", "yaml-forbidden", 3, id="an anchor"),
        pytest.param("a: &x [1]\nb: *x\n", "yaml-forbidden", 2, id="an anchor with its alias"),
        pytest.param("a: 1\n<<: *x\n", "yaml-forbidden", 3, id="an alias of nothing"),
        pytest.param("a: !!python/object/apply:os.system [ls]\n", "yaml-forbidden", 2, id="a Python tag"),
        pytest.param("a: 1\nb: !!str 2\n", "yaml-forbidden", 3, id="a plain tag"),
        pytest.param("a: ! 2\n", "yaml-forbidden", 2, id="the tag without a name"),
        pytest.param('a: 1\nb: "x\\0y"\n', "yaml-forbidden", 3, id="a NUL written as an escape"),
        pytest.param('a: ["\\x1b[31m"]\n', "yaml-forbidden", 2, id="a terminal's escape character as an escape"),
        pytest.param("a: 1\nb: [[[[c]]]]\n", "yaml-forbidden", 3, id="five levels"),
        pytest.param("a: " + "[" * 30_000 + "\n", "yaml-forbidden", 2, id="thirty thousand levels"),
        pytest.param(BOMB, "yaml-forbidden", 2, id="a billion laughs"),
        pytest.param("a: " + "云" * 30_000 + "\n", "yaml-too-big", 2, id="over 64 KiB"),
    ],
)
def test_bad_front_matter_is_refused_with_its_line(text, code, line):
    assert refused(text) == (code, line)


def test_four_levels_and_sixty_four_kibibytes_are_allowed():
    assert isinstance(parse("a: [[[b]]]\n"), FrontMatter)
    assert isinstance(parse("a: " + "x" * (LIMITS.front_matter_bytes - 4) + "\n"), FrontMatter)


def test_the_issue_says_what_yaml_disliked():
    found = parse("title: a: b\n")
    assert isinstance(found, Issue)
    assert "mapping values are not allowed" in found.text("en")


@given(st.text(max_size=200))
def test_any_text_gives_fields_or_an_issue_and_never_an_exception(text):
    found = parse(text)
    if isinstance(found, FrontMatter):
        assert json.dumps(found.values)
        assert found.values.keys() == found.lines.keys()
        assert all(2 <= line <= 2 + text.count("\n") for line in found.lines.values())
    else:
        assert 2 <= found.line <= 2 + text.count("\n") + 1
        assert found.text("zh")


@given(st.text(st.sampled_from("ab:- \n\t[]{}&*!|>'\"#?,%@`~<=…é\x00\ufeff"), max_size=30))
def test_any_yaml_like_text_gives_fields_or_an_issue(text):
    assert isinstance(parse(text), FrontMatter | Issue)


@given(TEXTS, VALUES)
def test_a_field_reads_back_as_it_was_written(name, value):
    written = dump_field(name, value)
    assert written.endswith("\n")
    found = parse(written)
    assert isinstance(found, FrontMatter), (written, found)
    assert found.values == {name: value}


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=5))
def test_fields_written_one_after_the_other_do_not_touch_each_other(values):
    found = parse("".join(dump_field(name, value) for name, value in values.items()))
    assert isinstance(found, FrontMatter)
    assert found.values == values


@given(st.dictionaries(st.sampled_from("abc"), VALUES, min_size=1))
def test_no_field_can_write_the_line_that_ends_the_front_matter(values):
    lines = "".join(dump_field(name, value) for name, value in values.items()).split("\n")
    assert not [line for line in lines if line.startswith("---")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("云泽河: 二期", "f: '云泽河: 二期'\n", id="a colon is quoted"),
        pytest.param("2026-11-18T09:30", "f: 2026-11-18T09:30\n", id="a date is plain"),
        pytest.param("2026-11-18", "f: 2026-11-18\n", id="a day is plain"),
        pytest.param("007", "f: '007'\n", id="digits are quoted"),
        pytest.param("长" * 300, f"f: {'长' * 300}\n", id="a long line is not folded"),
        pytest.param("一\n二", "f: |-\n  一\n  二\n", id="lines become a block"),
        pytest.param(["甲", "乙"], "f:\n  - 甲\n  - 乙\n", id="a list is indented"),
        pytest.param([{"file": "a", "title": "b"}], "f:\n  - file: a\n    title: b\n", id="attachments"),
    ],
)
def test_a_field_is_written_as_an_editor_would(value, expected):
    assert dump_field("f", value) == expected


def test_a_plain_yaml_reader_sees_a_string_where_the_text_looks_like_something_else():
    assert yaml.safe_load(dump_field("f", "no")) == {"f": "no"}
    assert yaml.safe_load(dump_field("f", "007")) == {"f": "007"}


# ---- the short way --------------------------------------------------------------------------------------------------


def assert_same(text: str) -> FrontMatter | None:
    """The short way gives what YAML gives, in the same order, or nothing."""
    short, whole = read_plain(text, first_line=2), read_yaml(text, path="x.md", first_line=2)
    if short is not None:
        assert isinstance(whole, FrontMatter), (text, whole)
        assert short == whole, text
        assert [list(short.values), list(short.lines)] == [list(whole.values), list(whole.lines)]
    return short


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("title: 云泽河 二期\n", {"title": "云泽河 二期"}, id="words"),
        pytest.param("a: no\nb: 007\nc: ~\n", {"a": "no", "b": "007", "c": "~"}, id="words that mean something to YAML"),
        pytest.param("date: 2026-11-20T09:00+08:00\n", {"date": "2026-11-20T09:00+08:00"}, id="a date"),
        pytest.param("url: https://a.example/#b\n", {"url": "https://a.example/#b"}, id="an address"),
        pytest.param("a: '007: # '\nb: \"x y\"\nc: ''\n", {"a": "007: # ", "b": "x y", "c": ""}, id="quotes"),
        pytest.param("a: [甲, 'b', \"portal:news\", c d]\n", {"a": ["甲", "b", "portal:news", "c d"]}, id="a list in brackets"),
        pytest.param("a:\n  - 甲\n  - '7'\nb: c\n", {"a": ["甲", "7"], "b": "c"}, id="a list"),
        pytest.param("a:\n- 甲\n- b:c\n", {"a": ["甲", "b:c"]}, id="a list without indent"),
        pytest.param("a: " + "长" * 3000 + "\n", {"a": "长" * 3000}, id="a long line"),
    ],
)  # fmt: skip
def test_plain_fields_take_the_short_way(text: str, values: dict[str, object]) -> None:
    found = assert_same(text)
    assert found is not None
    assert found.values == values


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=name)
        for name, text in {
            "nothing": "", "an empty value": "a:\n", "a comment": "a: b # c\n", "a comment line": "# c\na: b\n", "a blank line": "a: b\n\nc: d\n",
            "a field twice": "a: b\na: c\n", "a mapping": "a:\n  b: c\n", "a mapping in a list": "a:\n  - b: c\n", "a list in a list": "a:\n  - - b\n",
            "a text block": "a: |\n  b\n", "a value of two lines": "a: b\n  c\n", "uneven indents": "a:\n  - b\n   - c\n", "a colon": "a: b: c\n",
            "a colon at the end": "a: b:\n", "a blank at the end": "a: b \n", "an escape": 'a: "b\\n"\n', "a quote in quotes": "a: 'b''c'\n",
            "an anchor": "a: &b c\n", "an alias": "a: *b\n", "a tag": "a: !b c\n", "a tab": "a: b\tc\n", "a wide field name": "键: b\n",
            "a quoted field name": "'a': b\n", "an empty list": "a: []\n", "a comma at the end": "a: [b, ]\n", "a pair in brackets": "a: [b: c]\n",
            "a line separator": "a: b\u2028c\n", "a byte order mark": "a: b\ufeff\n", "a control": "a: b\x07\n", "no line break": "a: b",
            "a document's end": "a: b\n...\n", "a directive": "%YAML 1.1\n---\na: b\n",
        }.items()
    ],
)  # fmt: skip
def test_what_yaml_could_take_otherwise_goes_to_yaml(text: str) -> None:
    assert read_plain(text, first_line=2) is None


@settings(max_examples=500, deadline=None)
@given(FRONTS | st.text(st.sampled_from("ab:- \n\t[]{}&*!|>'\"#?,%@`~<=…é\x00\ufeff"), max_size=30))
def test_the_short_way_gives_what_yaml_gives(text: str) -> None:
    assert_same(text)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), TEXTS | st.lists(TEXTS), min_size=1))
def test_the_short_way_gives_what_was_written(values: dict[str, object]) -> None:
    found = assert_same("".join(dump_field(name, value) for name, value in values.items()))
    assert found is None or found.values == values


def test_what_our_own_writers_write_takes_the_short_way() -> None:
    values = {
        "id": "158e15dfd5520295", "title": "云泽河: 二期", "date": "2026-11-18T09:30", "source": "云泽市水务局", "keywords": ["治水", "007"],
        "also": ["news", "portal:news/notices"], "summary": "一句话。",
    }  # fmt: skip
    found = assert_same("".join(dump_field(name, value) for name, value in values.items()))
    assert found is not None
    assert found.values == values


def test_most_items_of_the_demo_cluster_take_the_short_way_and_all_are_the_same() -> None:
    files = sorted((REPOSITORY / "content").rglob("*.md"))
    fronts = [file.read_text("utf-8").split("---\n")[1] for file in files]
    assert sum(assert_same(front) is not None for front in fronts) > 0.8 * len(files) > 160
