"""Promises about the official English names."""

from __future__ import annotations

import pytest

from cluster.glossary import Term, load_glossary, wrong_names
from cluster.issues import Issue
from tests.builders import REPOSITORY, make_cluster_files, make_toml

REFORM = Term(
    ("市发展和改革委员会", "市发改委"),
    "Yunze Development and Reform Commission",
    accepted=("Development and Reform Commission",),
    avoid=("Reform Commission", "Development and Reform Committee"),
)
WATER = Term(("市水务局",), "Yunze Water Resources Bureau", avoid=("Water Bureau",))
TERMS = (REFORM, WATER)


def found(english: str, original: str = "市发展和改革委员会印发通知。") -> list[tuple[int, str, str]]:
    """Line, words and official name of what is to be mended."""
    return [(one.line, one.found, one.term.en) for one in wrong_names(TERMS, original, english.split("\n"))]


def test_a_name_to_avoid_is_found_with_its_line() -> None:
    assert found("One.\nThe Development and Reform Committee said.") == [
        (2, "Development and Reform Committee", REFORM.en)
    ]


@pytest.mark.parametrize(
    "english",
    [
        "The Yunze Development and Reform Commission said.",
        "The Development and Reform Commission said.",
        "The Reform Commissioner said.",
        "Nobody said anything.",
    ],
)
def test_official_and_accepted_names_and_parts_of_them_pass(english: str) -> None:
    assert found(english) == []


def test_capitals_and_blanks_do_not_hide_a_name() -> None:
    assert [words for _, words, _ in found("the REFORM  commission")] == ["REFORM  commission"]


def test_a_short_chinese_name_means_the_same_agency() -> None:
    assert len(found("The Reform Commission said.", "市发改委印发通知。")) == 1


def test_what_the_original_does_not_speak_of_is_not_looked_for() -> None:
    assert found("The Water Bureau said.") == []
    assert found("The Water Bureau said.", "市水务局通知。") == [(1, "Water Bureau", WATER.en)]


def load(**row: object) -> tuple[tuple[Term, ...], list[str]]:
    """The terms of a glossary with one row, and the fields that are wrong."""
    issues: list[Issue] = []
    terms = load_glossary(make_toml({"format": 1, "terms": [row]}), issues)
    return terms, [issue.field for issue in issues]


def test_a_row_becomes_a_term() -> None:
    assert load(zh=["市长"], en="Mayor", avoid=["City Head"]) == ((Term(("市长",), "Mayor", (), ("City Head",)),), [])


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"zh": [], "en": "Mayor"}, "zh"),
        ({"zh": ["市长"]}, "en"),
        ({"zh": ["市长"], "en": "Mayor", "avoid": [" "]}, "avoid"),
        ({"zh": ["市长"], "en": "Mayor", "avoid": ["mayor"]}, "avoid"),
        ({"zh": ["市长"], "en": "Mayor", "english": "x"}, "english"),
    ],
)
def test_a_wrong_row_is_told(row: dict[str, object], field: str) -> None:
    assert load(**row)[1] == [field]


def test_the_demos_glossary_is_well_formed() -> None:
    issues: list[Issue] = []
    assert len(load_glossary((REPOSITORY / "sites" / "glossary.toml").read_bytes(), issues)) > 10
    assert issues == []


def test_a_cluster_without_a_glossary_has_no_terms() -> None:
    assert "sites/glossary.toml" not in make_cluster_files()
