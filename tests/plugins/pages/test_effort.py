"""Promises about hostile bodies: they are told and shown without their text, and all ordinary text is read."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from tests.builders import ARTICLE, make_article, make_cluster_files
from tests.plugins.rendering import body_of, render_site, renderer

HOSTILE = {
    "pictures never closed": ("![a](" * 6000, "body-too-hard"),
    "links never closed": ("[x](a\\\n" * 4000, "body-too-hard"),
    "tags never closed": ("<a " * 20000, "body-too-hard"),
    "brackets never closed": ("[" * 20000, "body-too-hard"),
    "brackets nested": ("[" * 10000 + "]" * 10000, "body-too-hard"),
    "brackets closed only in code": ("[`]`" * 8000, "body-too-hard"),
    "too many definitions": ("a\n: " * 5000, "body-too-hard"),
    "too many abbreviations": ("".join(f"*[a{n}]: b\n" for n in range(5000)), "body-too-hard"),
    "lists nested": ("\n".join(f"{'    ' * n}- a" for n in range(400)), "body-too-deep"),
    "lists nested in one line": ("1. " * 5000, "body-too-deep"),
}


@pytest.mark.parametrize(("text", "code"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_is_told_and_left_empty(text: str, code: str) -> None:
    html, findings = body_of(text)
    assert html == ""
    assert [(issue.code, issue.path) for issue in findings.issues] == [(code, ARTICLE)]


@pytest.mark.parametrize(("text", "_code"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_leaves_nothing_for_the_next_one(text: str, _code: str) -> None:
    before = renderer().render("## 甲\n\n- 乙\n\n> 丙")
    renderer().render(text)
    assert renderer().render("## 甲\n\n- 乙\n\n> 丙") == before


def test_the_rest_of_the_site_is_built(tmp_path: Path) -> None:
    files = make_cluster_files() | {ARTICLE: make_article(title="深", body=HOSTILE["lists nested"][0])}
    site = render_site(tmp_path, files | {"content/portal/news/2026/b.md": make_article(body="好")})
    assert "深" in site.text("news/2026/river.html")
    assert "好" in site.text("news/2026/b.html")


def test_a_long_ordinary_text_is_read() -> None:
    text = "见[方案](plan.pdf)、**要点**（一）和<b>粗</b>。\n\n|名称|地址|\n|-|-|\n" + "|[甲](a.pdf)|乙|\n" * 500
    assert renderer().render(text).notes == ()


def test_a_kept_body_does_not_outlive_the_program_that_made_it() -> None:
    program, *others = renderer().settings.split(" ")
    assert len(program) == 64
    assert version("nh3") in others
    assert version("markdown") in others
