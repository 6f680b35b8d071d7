"""An item's file: split with the right lines, rewritten without losing a byte that nobody changed."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cluster.issues import Issue
from cluster.item import Document, compose, read, rewrite
from cluster.limits import LIMITS
from tests.builders import ARTICLE, make_article

BOM = b"\xef\xbb\xbf"
WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\n\t"),
    max_size=30,
)
VALUES = WORDS | st.lists(WORDS, max_size=3) | st.lists(st.dictionaries(WORDS, WORDS, max_size=2), max_size=2)
NAMES = st.sampled_from(["title", "date", "source", "keywords", "attachments", "id"])

# Lines of front matter as people write them: fields, comments, blank lines, quotes, lists, blocks, odd indents.
PIECES = [
    "# a comment\n",
    "\n",
    "   \n",
    "  # an indented comment\n",
    "{n}: plain words\n",
    "{n}: 'it''s: quoted'\n",
    '{n}: "two\n  lines"\n',
    '{n}: "at the\nmargin"\n',
    "{n}: [a,\nb]\n",
    "{n}: [a, b] # why\n",
    "{n}:\n- a\n- b\n",
    "{n}:\n  - file: a\n    title: b\n",
    "{n}: |\n  block\n\n  of text\n",
    "{n}: |+\n  kept\n\n\n",
    "{n}: >-\n  folded\n  text\n",
    "{n}:\n",
    '"{n}": quoted name\n',
    "? {n}\n: explicit\n",
    "{n} : space\n",
    "{n}: a\u2028b\n",
    "{n}: 'a\x85b'\n",
]


@st.composite
def fronts(draw) -> str:
    """Front matter of arbitrary lines with distinct field names, sometimes indented or in braces as a whole."""
    names = draw(st.permutations(["title", "date", "source", "keywords", "note", "x-y"]))
    pieces = draw(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6))
    front = "".join(piece.replace("{n}", name) for piece, name in zip(pieces, names, strict=False))
    whole = draw(st.sampled_from(["", "", "", "indent", "braces"]))
    if whole == "braces":
        return "{title: a, date: b}\n"
    return "".join(f"  {line}" for line in front.splitlines(keepends=True)) if whole == "indent" else front


@st.composite
def documents(draw) -> bytes:
    """A readable item's bytes, with any line ends, mark and body."""
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    fence = draw(st.sampled_from(["---", "---  ", "---\t"]))
    body = draw(
        st.sampled_from(["", "\n", "\nBody.\n", "Body\n---\nmore\n", "title: no field\n"]) | st.text(max_size=30)
    )
    text = f"{fence}\n{draw(fronts())}{fence}\n{body}"
    data = draw(st.sampled_from([b"", BOM])) + text.replace("\n", end).encode("utf-8", "replace")
    assume(read("x.md", data)[0] is not None)
    return data


def document(data: bytes) -> Document:
    found, issues = read(ARTICLE, data)
    assert found is not None, issues
    return found


def only_issue(data: bytes) -> Issue:
    found, issues = read(ARTICLE, data)
    assert found is None
    assert len(issues) == 1
    return issues[0]


# ---- reading --------------------------------------------------------------------------------------------------------


def test_an_item_is_split_into_fields_and_body():
    found = document(b"---\ntitle: A\ndate: 2026-11-18\n---\n\nBody.\n")
    assert found.front.values == {"title": "A", "date": "2026-11-18"}
    assert found.body == "\nBody.\n"
    assert found.path == ARTICLE


@pytest.mark.parametrize(
    ("data", "line"),
    [
        pytest.param(b"---\na: b\n---\nBody", 4, id="right below"),
        pytest.param(b"---\na: b\n\n# c\n---\nBody", 6, id="blank lines and comments count"),
        pytest.param(b"---\r\na: b\r\n---\r\nBody", 4, id="CRLF"),
        pytest.param(b"---\ra: b\r---\rBody", 4, id="CR alone"),
        pytest.param(BOM + b"---\na: b\n---\nBody", 4, id="BOM"),
    ],
)
def test_the_body_s_first_line_is_the_file_s(data, line):
    found = document(data)
    assert found.body == "Body"
    assert found.body_line == line


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        pytest.param(b"", "front-matter-missing", 1, id="an empty file"),
        pytest.param(b"# Title\n\nBody\n", "front-matter-missing", 1, id="no front matter"),
        pytest.param(b"\n---\na: b\n---\n", "front-matter-missing", 1, id="a blank line before it"),
        pytest.param(b" ---\na: b\n---\n", "front-matter-missing", 1, id="a space before the fence"),
        pytest.param(b"----\na: b\n----\n", "front-matter-missing", 1, id="four hyphens"),
        pytest.param(b"---", "front-matter-open", 1, id="only a fence"),
        pytest.param(b"---\ntitle: A\n\nBody\n", "front-matter-open", 1, id="never closed"),
        pytest.param(b"---\ntitle: A\n --- \nBody\n", "front-matter-open", 1, id="closed by an indented fence"),
        pytest.param(b"---\n---\nBody\n", "front-matter-empty", 2, id="nothing between the fences"),
        pytest.param(b"---\n# c\n\n---\nBody\n", "front-matter-empty", 2, id="only a comment"),
        pytest.param(b"---\ntitle: A\ndate: [\n---\n", "yaml-error", 4, id="a YAML error"),
        pytest.param(b"---\ntitle: A\n\ntitle: B\n---\n", "yaml-duplicate", 4, id="a field twice"),
        pytest.param(b"---\ntitle: A\n---\nBody\n\xff\xfe\n", "not-utf8", 5, id="not UTF-8 in the body"),
        pytest.param("---\ntitle: 标题\n---\n".encode("gbk"), "not-utf8", 2, id="GBK"),
        pytest.param("---\ntitle: 标题\n---\n".encode("utf-16"), "not-utf8", 1, id="UTF-16"),
        pytest.param(b"\x00" * 100, "front-matter-missing", 1, id="NUL bytes"),
        pytest.param(b"---\ntitle: A\n---\n" + b"x" * 20_000_000, "file-too-big", 0, id="20 MB"),
    ],
)
def test_a_broken_form_is_one_issue_at_its_line(data, code, line):
    found = only_issue(data)
    assert (found.code, found.line, found.path) == (code, line, ARTICLE)


def test_the_byte_that_is_not_utf8_is_named():
    assert dict(only_issue(b"---\na: \xff\n---\n").values) == {"offset": "7"}


def test_a_file_of_exactly_the_limit_is_read():
    start = b"---\ntitle: A\n---\n"
    assert document(start + b"x" * (LIMITS.item_bytes - len(start)))
    assert only_issue(start + b"x" * (LIMITS.item_bytes - len(start) + 1)).code == "file-too-big"


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        pytest.param(BOM + b"---\na: b\n---\n", ["bom"], id="BOM"),
        pytest.param(b"---\r\na: b\r\n---\r\n", ["crlf"], id="CRLF"),
        pytest.param(b"---\na: b\n---\nx\ry", ["crlf"], id="one CR in the body"),
        pytest.param(BOM + b"---\r\na: b\r\n---\r\n", ["bom", "crlf"], id="both"),
    ],
)
def test_bom_and_windows_line_ends_are_read_and_told(data, codes):
    found, issues = read(ARTICLE, data)
    assert found is not None
    assert found.front.values == {"a": "b"}
    assert [issue.code for issue in issues] == codes
    assert not any(issue.leaves_out for issue in issues)


def test_a_broken_file_tells_its_bom_too():
    _, issues = read(ARTICLE, BOM + b"no front matter\r\n")
    assert [issue.code for issue in issues] == ["bom", "crlf", "front-matter-missing"]


def test_a_fence_may_have_trailing_blanks_and_only_the_first_closing_one_counts():
    found = document(b"--- \t\na: b\n---\t\none\n---\ntwo\n")
    assert found.front.values == {"a": "b"}
    assert found.body == "one\n---\ntwo\n"


@given(st.binary(max_size=300))
def test_any_bytes_give_a_document_or_an_issue(data):
    found, issues = read("x.md", data)
    assert (found is None) == any(issue.leaves_out for issue in issues)


# ---- composing ------------------------------------------------------------------------------------------------------


@given(st.dictionaries(NAMES, VALUES, min_size=1), WORDS)
def test_what_is_composed_reads_back(values, body):
    found = document(compose(values, body))
    assert found.front.values == values
    assert found.body == f"\n{body.strip(chr(10))}\n"


def test_a_composed_file_has_the_fields_in_their_order_and_ends_with_one_line_break():
    data = compose({"title": "甲", "date": "2026-11-18", "keywords": ["no"]}, "\n\nBody.\n\n\n")
    assert data == "---\ntitle: 甲\ndate: 2026-11-18\nkeywords:\n  - 'no'\n---\n\nBody.\n".encode()


# ---- rewriting ------------------------------------------------------------------------------------------------------


@given(documents())
def test_rewriting_nothing_keeps_every_byte(data):
    assert rewrite(data, {}) == data


@given(documents())
def test_setting_the_fields_to_what_they_are_keeps_every_byte(data):
    values = dict(document(data).front.values)
    assert rewrite(data, {**values, "absent": None}) == data


@given(documents(), NAMES, VALUES | st.none())
def test_rewriting_one_field_changes_only_that_field(data, name, value):
    before, after = document(data), read("x.md", rewrite(data, {name: value}))[0]
    expected = {**before.front.values, name: value}
    if value is None:
        del expected[name]
    if not expected:
        return  # an item without any field is no item
    assert after is not None
    assert after.front.values == expected
    assert after.body == before.body


@given(documents(), st.dictionaries(NAMES, VALUES, min_size=1))
def test_several_fields_can_be_rewritten_at_once(data, values):
    after = document(rewrite(data, values))
    assert after.front.values == {**document(data).front.values, **values}


@given(documents(), NAMES, WORDS)
def test_rewriting_keeps_the_body_s_bytes_the_bom_and_the_kind_of_line_ends(data, name, value):
    changed = rewrite(data, {name: value})
    assert changed.startswith(BOM) == data.startswith(BOM)
    body = data.decode()[len(data.decode()) - len(data.decode().lstrip()) :]
    tail = len(document(data).body.encode())
    if b"\r" not in data:
        assert changed[len(changed) - tail :] == data[len(data) - tail :]
        assert "\r" not in changed.decode()
    assert body


PLAIN = b"""\
---
# for the editors: ask the bureau first
title: A   # the working title
date: 2026-11-18

# keep these short
keywords:
- one
- two

source: B
---

Body.
"""


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        pytest.param({"title": "Z"}, b"title: A   # the working title\n", b"title: Z\n", id="a line"),
        pytest.param({"keywords": ["x"]}, b"keywords:\n- one\n- two\n", b"keywords:\n  - x\n", id="a list"),
        pytest.param({"date": None}, b"date: 2026-11-18\n\n", b"", id="a field goes, the comment below it stays"),
        pytest.param({"keywords": None}, b"keywords:\n- one\n- two\n\n", b"", id="a list goes"),
        pytest.param({"id": "x1"}, b"source: B\n", b"source: B\nid: x1\n", id="a new field comes last"),
        pytest.param({"absent": None}, b"", b"", id="removing what is not there"),
        pytest.param({"title": "A"}, b"", b"", id="the same value"),
        pytest.param(
            {"title": "一\n二"}, b"title: A   # the working title\n", "title: |-\n  一\n  二\n".encode(), id="lines"
        ),
    ],
)
def test_all_other_lines_and_comments_stay(changes, old, new):
    assert rewrite(PLAIN, changes) == PLAIN.replace(old, new, 1)


def test_windows_files_get_windows_lines():
    data = BOM + PLAIN.replace(b"\n", b"\r\n")
    changed = rewrite(data, {"title": "Z", "keywords": ["x", "y"], "id": "1"})
    assert b"\n" not in changed.replace(b"\r\n", b"")
    assert document(changed).front.values["keywords"] == ["x", "y"]


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        pytest.param("{title: a, date: b}\n", "title: z\ndate: b\n", id="all in braces"),
        pytest.param("  title: a\n  date: b\n", "title: z\ndate: b\n", id="all indented"),
        pytest.param("? title\n: a\ndate: b\n", "title: z\ndate: b\n", id="explicit keys"),
    ],
)
def test_front_matter_whose_lines_are_no_fields_is_written_anew(front, expected):
    changed = rewrite(f"---\n{front}---\nBody\n".encode(), {"title": "z"})
    assert document(changed).front.values == {"title": "z", "date": "b"}
    assert changed.endswith(b"---\nBody\n")
    if not front.startswith("?"):
        assert changed == f"---\n{expected}---\nBody\n".encode()


def test_empty_front_matter_can_be_filled():
    assert rewrite(b"---\n---\nBody\n", {"title": "a"}) == b"---\ntitle: a\n---\nBody\n"
    assert rewrite(b"---  \n\n---\nBody\n", {"title": "a"}) == b"---  \n\ntitle: a\n---\nBody\n"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"no front matter", id="missing"),
        pytest.param(b"---\ntitle: a\n", id="never closed"),
        pytest.param(b"---\ntitle: [\n---\n", id="a YAML error"),
        pytest.param(b"---\na: 1\na: 2\n---\n", id="a field twice"),
        pytest.param(b"---\ntitle: \xff\n---\n", id="not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_not_rewritten(data):
    with pytest.raises(ValueError):  # noqa: PT011 - the message is the issue's code or the codec's
        rewrite(data, {"title": "z"})


def test_a_built_article_is_readable():
    assert document(make_article(title="no")).front.values["title"] == "no"
