"""Promises about a job: which columns are shown, what is told about empty ones, when the output changes by itself."""

from __future__ import annotations

import pytest

from cluster.index import Finding
from cluster.index.ingest import parse_issue
from cluster.issues import Issue
from cluster.source import Entry
from plugins.pages.job import Findings, empty_navigation, moment, next_moment
from tests.builders import ARTICLE, NOW, make_article, make_cluster_files, make_column, make_site, make_topic
from tests.plugins.rendering import make_job


def test_an_empty_column_of_the_navigation_is_told_with_its_line() -> None:
    columns = [make_column("news"), make_column("empty"), make_column("old", hidden=True), make_column("news/none")]
    files = make_cluster_files({"portal": make_site("portal", columns=columns)}) | {ARTICLE: make_article()}
    (issue,) = empty_navigation(make_job(files))
    assert (issue.code, issue.path, issue.field) == ("column-empty", "sites/portal/site.toml", "hidden")
    assert files[issue.path].decode().splitlines()[issue.line - 1] == 'path = "empty"'
    assert "empty" in issue.text("zh")


def test_a_column_whose_only_item_is_scheduled_is_empty_until_then() -> None:
    files = make_cluster_files({"portal": ["news"]}) | {ARTICLE: make_article(date="2026-11-21")}
    assert len(empty_navigation(make_job(files))) == 1
    assert empty_navigation(make_job(files, now="2026-11-21T00:00:00+08:00")) == []


@pytest.mark.parametrize(
    ("name", "files", "when"),
    [
        ("nothing to come", {ARTICLE: make_article()}, ""),
        ("a scheduled item", {ARTICLE: make_article(date="2026-11-21T10:00")}, "2026-11-21T10:00:00+08:00"),
        ("an expiry", {ARTICLE: make_article(expires="2026-11-25")}, "2026-11-25T00:00:00+08:00"),
        ("a topic's end", {"sites/portal/topics/a.toml": make_topic()}, "2026-12-31T00:00:00+08:00"),
        (
            "the earliest of all",
            {
                ARTICLE: make_article(expires="2026-12-01"),
                "sites/portal/topics/a.toml": make_topic(ends="2026-11-24"),
                "sites/portal/topics/b.toml": make_topic(ends="2026-11-01"),
            },
            "2026-11-24T00:00:00+08:00",
        ),
    ],
)
def test_the_next_change_is_known(name: str, files: dict[str, bytes], when: str) -> None:
    job = make_job(make_cluster_files() | files)
    assert next_moment(job.cluster, job.index, NOW) == when, name


def test_a_moment_from_outside_is_read_in_the_citys_zone() -> None:
    assert moment("2026-11-20T01:00Z") == NOW
    assert moment("2026-11-20T09:00") == NOW


def test_what_a_page_noted_is_kept_once_each_and_in_order() -> None:
    issue = Issue.of("link-missing", ARTICLE, 9, target="x.md")
    findings = Findings(
        files={"b.pdf": Entry("content/portal/b.pdf", "2"), "a.pdf": Entry("content/portal/a.pdf", "1")},
        leaving={"https://b.example/", "https://a.example/"},
        issues=[issue, issue],
    )
    *noted, told = findings.notes()
    assert noted == [
        Finding("file", "a.pdf", '["content/portal/a.pdf", "1"]'),
        Finding("file", "b.pdf", '["content/portal/b.pdf", "2"]'),
        Finding("leave", "https://a.example/"),
        Finding("leave", "https://b.example/"),
    ]
    assert (told.kind, told.name, parse_issue(told.value)) == ("issue", "", issue)


def test_a_page_that_noted_nothing_keeps_nothing() -> None:
    assert Findings().notes() == ()
