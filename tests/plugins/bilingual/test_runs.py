"""Promises about Chinese words in an English text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.bilingual.runs import mark_chinese
from plugins.pages.sanitize import clean
from tests.builders import make_article, make_cluster_files, make_site
from tests.plugins.rendering import article, make_job

ZH = '<span lang="zh-Hans">'


@pytest.mark.parametrize(
    ("case", "before", "after"),
    [
        ("a name in brackets", "<p>Yunze (云泽)</p>", f"<p>Yunze ({ZH}云泽</span>)</p>"),
        ("two names", "云泽 and 赤木", f"{ZH}云泽</span> and {ZH}赤木</span>"),
        ("a book's title with its marks", "see 《云泽志》.", f"see {ZH}《云泽志》</span>."),
        ("a link's words", '<a href="/云">云</a>', f'<a href="/云">{ZH}云</span></a>'),
        ("words in an attribute", '<img alt="云 > 泽" src="/a.png">', '<img alt="云 > 泽" src="/a.png">'),
        ("what an author marked", '<b lang="zh-Hans">云</b> 泽', f'<b lang="zh-Hans">云</b> {ZH}泽</span>'),
        (
            "elements of the same name in it",
            '<div lang="zh-Hans"><div>云</div>云</div>泽',
            f'<div lang="zh-Hans"><div>云</div>云</div>{ZH}泽</span>',
        ),
        ("another language", '<i lang="ja">東京</i>', '<i lang="ja">東京</i>'),
        ("a marked picture, which holds nothing", '<img alt="" lang="zh-Hans">云', f'<img alt="" lang="zh-Hans">{ZH}云</span>'),
        ("curly quotes", "<p>“Home”</p>", "<p>“Home”</p>"),
    ],
)  # fmt: skip
def test_chinese_words_are_marked(case: str, before: str, after: str) -> None:
    assert mark_chinese(before) == after


@given(st.text("<>\"'a 云=/p&;。", max_size=40))
def test_marking_changes_no_word_and_marks_each_run_once(text: str) -> None:
    html = clean(text)
    marked = mark_chinese(html)
    assert mark_chinese(marked) == marked
    assert marked.replace(ZH, "").replace("</span>", "") == html


@pytest.mark.parametrize(
    ("site", "body"), [("english", f"<p>Lake {ZH}云泽</span></p>"), ("portal", "<p>Lake 云泽</p>")]
)
def test_only_english_pages_mark_them(site: str, body: str) -> None:
    files = make_cluster_files(
        {"portal": make_site("portal"), "english": make_site("english", ["news"], language="en")}
    )
    files |= {f"content/{site}/news/2026/lake.md": make_article("Lake", body="Lake 云泽")}
    view = article(make_job(files, site=site), "news/2026/lake.html")
    assert str(view.content).strip() == body
