"""Promises of an item's page: its fixed contract, and that nothing beyond the contract changes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cluster.source import Entry
from plugins.pages.articles import compose_article
from plugins.pages.job import Findings, Job
from plugins.pages.page import PageKey
from plugins.pages.views import Attachment, LanguageLink, Link
from tests.builders import ARTICLE, make_article, make_cluster_files, make_page, make_site, make_topic
from tests.plugins.rendering import SVG, MemorySource, article, compose, make_job, renderer

PORTAL, ENGLISH, CONGRESS = (f"http://{key}.yunze.localhost:8080" for key in ("portal", "english", "congress"))
RIVER = "news/2026/river.html"


def news(slug: str, title: str, date: str = "2026-11-10", column: str = "news", **fields: Any) -> dict[str, bytes]:
    """One item of the portal."""
    return {f"content/portal/{column}/{date[:4]}/{slug}.md": make_article(title=title, date=date, **fields)}


def three_sites() -> dict[str, bytes]:
    """Portal and congress in Chinese, one site in English."""
    english = make_site("english", ["news"], language="en")
    return make_cluster_files({"portal": ["news", "policy"], "english": english, "congress": ["news"]})


# ---- its own words --------------------------------------------------------------------------------------------------


def test_an_items_fields_reach_its_page() -> None:
    fields = {
        "author": "王芳",
        "editor": "李明",
        "summary": "一句话。",
        "keywords": ["河", "堤"],
        "updated": "2026-11-19T08:00",
    }
    view = article(make_job(make_cluster_files() | {ARTICLE: make_article(title="开工", **fields)}), RIVER)
    assert (view.title, view.source, view.author, view.editor) == ("开工", "云泽市水务局", "王芳", "李明")
    assert (view.summary, view.keywords, view.type, view.template) == ("一句话。", ("河", "堤"), "article", "article")
    assert (view.date.isoformat(), view.updated.day) == ("2026-11-18T09:30:00+08:00", 19)
    assert (view.url, view.source_path, view.category.path) == (f"/{RIVER}", ARTICLE, "news")
    assert view.metadata["title"] == "开工"
    assert "title" not in view.fields


def test_an_item_without_a_source_is_the_site_owners() -> None:
    view = article(make_job(make_cluster_files() | {ARTICLE: make_article(source=None)}), RIVER)
    assert view.source == "云泽市人民政府办公室"


def test_a_standing_page_needs_neither_date_nor_source() -> None:
    view = article(
        make_job(make_cluster_files() | {"content/portal/about/history.md": make_page()}), "about/history.html"
    )
    assert (view.date, view.source, view.template, view.previous, view.next) == (None, "", "page", None, None)


def test_a_page_has_its_trail_and_canonical_address() -> None:
    files = make_cluster_files() | news("a", "通知", column="news/notices")
    page = compose(make_job(files), "news/notices/2026/a.html")[0].page
    assert page.canonical == f"{PORTAL}/news/notices/2026/a.html"
    assert page.title == "通知 - portal 网站"
    assert [(link.title, link.url) for link in page.breadcrumb] == [
        ("首页", "/"),
        ("栏目 news", "/news/"),
        ("栏目 news/notices", "/news/notices/"),
        ("通知", "/news/notices/2026/a.html"),
    ]


def test_a_page_that_is_not_shown_cannot_be_composed() -> None:
    job = make_job(make_cluster_files() | {ARTICLE: make_article(date="2026-12-01")})
    with pytest.raises(LookupError, match=ARTICLE):
        compose_article(job, Findings(), PageKey(RIVER, "article", ARTICLE), renderer)


def test_attachments_tell_kind_and_size_and_missing_ones_are_left_out() -> None:
    rows = [
        {"file": "plan.pdf", "title": "方案"},
        {"file": "/portal/data/t.xlsx", "title": "表"},
        {"file": "x.pdf", "title": "缺"},
    ]
    files = make_cluster_files() | {
        ARTICLE: make_article(attachments=rows),
        "content/portal/news/2026/plan.pdf": b"x" * 2048,
        "content/portal/data/t.xlsx": b"y",
    }
    composed, findings = compose(make_job(files), RIVER)
    assert composed.context["article"].attachments == (
        Attachment("方案", "/news/2026/plan.pdf", "PDF", 2048),
        Attachment("表", "/data/t.xlsx", "XLSX", 1),
    )
    assert [(issue.code, issue.field) for issue in findings.issues] == [("file-missing", "attachments")]


def test_a_lead_picture_without_words_is_told() -> None:
    files = make_cluster_files() | {"content/portal/images/a.svg": SVG}
    bare = compose(make_job(files | {ARTICLE: make_article(image="/portal/images/a.svg")}), RIVER)[1]
    told = make_article(image="/portal/images/a.svg", image_alt="河")
    assert [(issue.code, issue.field) for issue in bare.issues] == [("alt-missing", "image_alt")]
    assert "/portal/images/a.svg" in bare.issues[0].text("zh")
    assert compose(make_job(files | {ARTICLE: told}), RIVER)[1].issues == []


def test_a_topic_is_linked_to() -> None:
    files = make_cluster_files() | {
        ARTICLE: make_article(topic="river"),
        "sites/portal/topics/river.toml": make_topic("治河"),
    }
    assert article(make_job(files), RIVER).topic == Link("治河", "/topics/river/")


# ---- neighbours -----------------------------------------------------------------------------------------------------


def test_neighbours_are_the_items_before_and_after_in_the_same_column() -> None:
    files = make_cluster_files() | {
        **news("a", "前前", "2026-11-08"),
        **news("b", "前", "2026-11-09"),
        **news("c", "中", "2026-11-10"),
        **news("d", "后", "2026-11-11"),
        **news("e", "别栏", "2026-11-10", column="news/notices"),
        **news("f", "也列入", "2026-11-10", column="residents", also=["news"]),
        **news("g", "未来", "2026-12-01"),
    }
    job = make_job(files)
    view = article(job, "news/2026/c.html")
    assert (view.previous, view.next) == (Link("前", "/news/2026/b.html"), Link("后", "/news/2026/d.html"))
    assert article(job, "news/2026/d.html").next is None
    assert article(job, "news/2026/a.html").previous is None


def test_neighbours_reach_across_years() -> None:
    files = make_cluster_files() | news("a", "去年", "2025-12-31") | news("b", "今年", "2026-01-01")
    assert article(make_job(files), "news/2026/b.html").previous == Link("去年", "/news/2025/a.html")


def test_an_item_elsewhere_changes_nothing_on_this_page() -> None:
    files = make_cluster_files() | news("b", "中") | news("a", "前", "2026-11-01") | news("c", "后", "2026-11-12")
    more = news("d", "别栏", column="news/notices") | news("e", "更新", "2026-11-19") | news("f", "更早", "2026-10-01")
    before, after = (compose(make_job(tree), "news/2026/b.html")[0] for tree in (files, files | more))
    assert before == after


# ---- references -----------------------------------------------------------------------------------------------------


def make_translations() -> dict[str, bytes]:
    """An original on the portal with an English translation."""
    return three_sites() | {
        ARTICLE: make_article(title="原文", id="aa11"),
        "content/english/news/2026/river.md": make_article(title="River", translation_of="aa11"),
    }


def test_a_translation_and_its_original_lead_to_each_other() -> None:
    files = make_translations()
    original = article(make_job(files), RIVER)
    translation = article(make_job(files, site="english"), RIVER)
    assert original.translations == (("en", Link("River", f"{ENGLISH}/{RIVER}")),)
    assert translation.original == LanguageLink("zh-Hans", "原文", f"{PORTAL}/{RIVER}")
    assert (original.original, translation.translations) == (None, ())


@pytest.mark.parametrize("reference", ["aa11", "portal/news/2026/river.md", "/portal/news/2026/river.md", ARTICLE])
def test_alternates_are_the_same_on_both_pages_and_name_the_original_as_default(reference: str) -> None:
    files = make_translations() | {
        "content/english/news/2026/river.md": make_article(title="River", translation_of=reference)
    }
    pages = [compose(make_job(files, site=site), RIVER)[0].page for site in ("portal", "english")]
    assert pages[0].alternates == pages[1].alternates
    assert pages[0].alternates == (
        ("en", f"{ENGLISH}/{RIVER}"),
        ("zh-Hans", f"{PORTAL}/{RIVER}"),
        ("x-default", f"{PORTAL}/{RIVER}"),
    )


def test_of_two_translations_into_one_language_the_elder_is_named_and_the_other_leads_to_the_original() -> None:
    files = make_translations() | {
        "content/english/news/2026/again.md": make_article(title="Again", translation_of="aa11", date="2026-11-19")
    }
    jobs = [make_job(files, site=site) for site in ("portal", "english", "english")]
    pages = ["news/2026/river.html", "news/2026/river.html", "news/2026/again.html"]
    original, elder, other = (compose(job, path)[0].page for job, path in zip(jobs, pages, strict=True))
    assert original.alternates == elder.alternates
    assert original.alternates[0] == ("en", f"{ENGLISH}/news/2026/river.html")
    assert other.alternates == ()
    assert [(link.language, link.url) for link in other.languages] == [("zh-Hans", f"{PORTAL}/{RIVER}")]


def test_an_item_without_translations_has_no_alternates() -> None:
    assert compose(make_job(three_sites() | {ARTICLE: make_article()}), RIVER)[0].page.alternates == ()


def test_a_translation_that_is_still_to_come_is_named_nowhere() -> None:
    later = make_article(title="River", translation_of="aa11", date="2026-12-01")
    job = make_job(make_translations() | {"content/english/news/2026/river.md": later})
    composed, _ = compose(job, RIVER)
    assert (composed.page.alternates, composed.context["article"].translations) == ((), ())


def test_a_translation_in_the_same_language_is_told() -> None:
    files = three_sites() | {
        ARTICLE: make_article(id="aa11"),
        "content/congress/news/2026/a.md": make_article(translation_of="aa11"),
    }
    _, findings = compose(make_job(files, site="congress"), "news/2026/a.html")
    assert [(issue.code, issue.field) for issue in findings.issues] == [("translation-language", "translation_of")]


def test_a_document_and_its_interpretation_lead_to_each_other() -> None:
    files = three_sites() | {
        "content/portal/policy/2026/plan.md": make_article(title="方案", id="bb22"),
        **news("read", "解读", interprets="bb22"),
        "content/congress/news/2026/read.md": make_article(title="另一解读", interprets="portal/policy/2026/plan.md"),
    }
    job = make_job(files)
    assert article(job, "news/2026/read.html").interprets == Link("方案", "/policy/2026/plan.html")
    assert article(job, "policy/2026/plan.html").interpretations == (
        Link("解读", "/news/2026/read.html"),
        Link("另一解读", f"{CONGRESS}/news/2026/read.html"),
    )


@pytest.mark.parametrize("field", ["translation_of", "interprets"])
def test_a_reference_to_nothing_is_told(field: str) -> None:
    composed, findings = compose(make_job(three_sites() | {ARTICLE: make_article(**{field: "none"})}), RIVER)
    assert [(issue.code, issue.field) for issue in findings.issues] == [("reference-missing", field)]
    assert (composed.context["article"].original, composed.context["article"].interprets) == (None, None)
    assert composed.page.alternates == ()


# ---- versions of a law ----------------------------------------------------------------------------------------------


def make_laws(*dates: str) -> Job:
    """The job of a site with versions of one law."""
    laws = {
        f"content/portal/policy/{date[:4]}/law-{date}.md": make_article(
            title=f"治水条例（{date}）", date=date, type="statute", law="治水条例", body="第一条　为了治水。"
        )
        for date in dates
    }
    return make_job(three_sites() | laws)


def test_every_version_names_all_newest_first_and_marks_the_current_and_its_own() -> None:
    job = make_laws("2015-01-01", "2020-01-01", "2026-01-01")
    versions = article(job, "policy/2020/law-2020-01-01.html").versions
    assert [(one.date.year, one.current, one.here) for one in versions] == [
        (2026, True, False),
        (2020, False, True),
        (2015, False, False),
    ]
    assert versions[0].url == "/policy/2026/law-2026-01-01.html"


def test_a_law_with_one_shown_version_names_none() -> None:
    assert article(make_laws("2026-01-01"), "policy/2026/law-2026-01-01.html").versions == ()
    assert article(make_laws("2026-01-01", "2026-12-01"), "policy/2026/law-2026-01-01.html").versions == ()


def test_a_statute_is_rendered_with_anchors_on_its_articles() -> None:
    view = article(make_laws("2026-01-01"), "policy/2026/law-2026-01-01.html")
    assert view.template == "statute"
    assert 'id="tiao-1"' in view.content
    assert view.fields["law"] == "治水条例"


# ---- the cache of bodies --------------------------------------------------------------------------------------------


HARD = "# 一\n\n[甲](none.md)\n\n|a|\n|-|\n|b|\n\n<script>x</script>"


class Unreadable(MemorySource):
    """A source whose files cannot be read any more."""

    def read(self, entry: Entry) -> bytes:
        """Refuses."""
        raise AssertionError(entry.path)


def test_a_body_kept_from_an_earlier_run_gives_the_same_page_and_issues() -> None:
    job = make_job(make_cluster_files() | {ARTICLE: make_article(body=HARD)})
    first = compose(job, RIVER)
    for (blob, settings), body in job.bodies.items():
        job.index.keep_bodies({(blob, settings): body})
    second = compose(replace(job, source=Unreadable({})), RIVER)
    assert first == second
    assert [issue.code for issue in first[1].issues] == ["html-removed", "heading-first", "link-missing"]


def test_a_body_is_kept_for_its_own_template_only() -> None:
    job = make_job(make_cluster_files() | {ARTICLE: make_article(body=HARD)})
    compose(job, RIVER)
    ((_, settings),) = job.bodies
    assert settings == renderer("article").settings != renderer("statute").settings


@pytest.mark.parametrize(
    ("name", "body", "kept"),
    [
        ("plain paragraphs", "一段话。\n\n又一段。", 0),
        ("no body at all", "", 0),
        ("a table", "|a|\n|-|\n|b|", 1),
        ("one link among paragraphs", "一段话。\n\n见[外](https://example.com/)。", 1),
    ],
)
def test_only_bodies_that_cost_something_are_kept(name: str, body: str, kept: int) -> None:
    job = make_job(make_cluster_files() | {ARTICLE: make_article(body=body)})
    compose(job, RIVER)
    assert len(job.bodies) == kept, name
