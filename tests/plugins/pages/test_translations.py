"""Promises about what a translation owes its original: the right edition, another language, the official names."""

from __future__ import annotations

import pytest

from cluster.source import blob_id
from tests.builders import Files, make_article, make_cluster_files, make_site, make_toml
from tests.plugins.rendering import Rendered, compose, make_job, render_site

ORIGINAL = "content/portal/news/2026/river.md"
TRANSLATION = "content/english/news/2026/river.md"
PAGE = "news/2026/river.html"
NOW_READS = make_article("河", id="aa11", body="水务局的话。")
READ_BEFORE = make_article("河", id="aa11", source="市政府", body="从前的话。")
TERM = {"zh": ["水务局"], "en": "Water Resources Bureau", "avoid": ["Water Board"]}


def pair(recorded: str | None = None, *, original: bytes = NOW_READS, body: str = "Words.", **fields: object) -> Files:
    """An original and its translation, which records this edition."""
    sites = {"portal": make_site("portal"), "english": make_site("english", ["news"], language="en")}
    translation = make_article(
        "River", source="News", body=body, translation_of="aa11", translated_blob=recorded, **fields
    )
    return make_cluster_files(sites) | {
        "sites/glossary.toml": make_toml({"format": 1, "terms": [TERM]}),
        ORIGINAL: original,
        TRANSLATION: translation,
    }


def told(files: Files) -> list[tuple[str, int, str, str]]:
    """Code, line and both sentences of the issues of the translation."""
    _, findings = compose(make_job(files, site="english"), PAGE)
    return [(one.code, one.line, one.text("en"), one.text("zh")) for one in findings.issues]


def test_the_edition_that_stands_there_is_told_nothing() -> None:
    assert told(pair(blob_id(NOW_READS))) == told(pair(blob_id(NOW_READS)[:12])) == []


def line_of(files: Files, field: str) -> int:
    """The line of a field in the translation's file."""
    lines = files[TRANSLATION].decode().split("\n")
    return next(number for number, line in enumerate(lines, 1) if line.startswith(f"{field}:"))


def test_an_older_edition_is_told_with_the_line_to_write_instead() -> None:
    files, wanted = pair(blob_id(READ_BEFORE)[:12]), f"translated_blob: {blob_id(NOW_READS)[:12]}"
    [(code, line, english, chinese)] = told(files)
    assert (code, line) == ("translation-stale", line_of(files, "translated_blob"))
    assert english.endswith(wanted)
    assert chinese.endswith(wanted)


def test_whoever_writes_that_line_is_told_nothing_more() -> None:
    [(_, _, english, _)] = told(pair())
    field, _, value = english.split("\n")[0].rpartition("translated_blob: ")
    assert field
    assert told(pair(value)) == []


def test_no_edition_is_told_at_the_line_of_the_original() -> None:
    files = pair()
    assert [row[:2] for row in told(files)] == [("translation-unmarked", line_of(files, "translation_of"))]


def test_another_name_than_the_official_one_is_told_with_its_line() -> None:
    files = pair(blob_id(NOW_READS), body="One.\n\nThe Water Board said.")
    [(code, line, english, chinese)] = told(files)
    assert (code, line) == ("glossary-name", len(files[TRANSLATION].decode().rstrip().split("\n")))
    assert "'Water Resources Bureau'" in english
    assert "“Water Resources Bureau”" in chinese


def test_a_name_that_the_original_does_not_speak_of_is_no_matter() -> None:
    assert told(pair(blob_id(READ_BEFORE), original=READ_BEFORE, body="The Water Board said.")) == []


@pytest.fixture(scope="module")
def stale(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """The English site, where a translation fell behind."""
    updated = make_article("河", id="aa11", body="水务局的话。", updated="2026-11-19")
    return render_site(
        tmp_path_factory.mktemp("stale"), pair(blob_id(READ_BEFORE)[:12], original=updated), site="english"
    )


def test_a_page_that_fell_behind_says_so_with_a_link_and_a_date(stale: Rendered) -> None:
    note = stale.page(PAGE).select_one(".newer")
    assert note is not None
    assert note.get_text(" ", strip=True) == "The Chinese version is newer. 河 updated 19 November 2026"
    link = note.select_one("a")
    assert link is not None
    assert (link["lang"], link["hreflang"], link["href"]) == (
        "zh-Hans", "zh-Hans", f"http://portal.yunze.localhost:8080/{PAGE}",
    )  # fmt: skip


def test_a_page_that_keeps_up_says_nothing() -> None:
    composed, _ = compose(make_job(pair(blob_id(NOW_READS)), site="english"), PAGE)
    assert composed.context["article"].newer is None
