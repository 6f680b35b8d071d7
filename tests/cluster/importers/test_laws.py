"""The real statutes: set ZHANQUN_LAWS to their folder. None of them is in this repository."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from cluster import item as item_file
from cluster.importers.markdown import Imported, import_folder
from cluster.importers.rules import load_rules
from plugins.pages.markdown import BodyRenderer

LAWS = os.environ.get("ZHANQUN_LAWS", "")
pytestmark = [
    pytest.mark.laws,
    pytest.mark.skipif(not LAWS, reason="ZHANQUN_LAWS names no folder of statutes: THE REAL LAWS ARE NOT TESTED"),
]
END = "<!-- INFO END -->"
DROPPED = re.compile(r"\s*(?:<!-- FORCE BREAK -->|\u200b+)\s*")


@pytest.fixture(scope="module")
def imported() -> Imported:
    rules, issues = load_rules("npc-laws")
    assert rules is not None, issues
    return import_folder(Path(LAWS), site="congress", column="fagui/falv", rules=rules)


def compact(text: str) -> str:
    return "".join(text.replace("\u200b", "").split())


def source_parts(source: str) -> tuple[list[str], list[str]]:
    """The lines of head and text, without marks and white space."""
    head, text = (Path(LAWS) / source).read_text("utf-8").split(END, 1)
    lines = [line for line in text.split("\n") if line.strip() and not DROPPED.fullmatch(line)]
    return [compact(line) for line in head.split("\n") if line.strip()], [
        compact(re.sub(r"^#+", "", line)) for line in lines
    ]


def test_every_law_becomes_an_item_and_nothing_is_unread(imported: Imported) -> None:
    files = sorted(path.relative_to(LAWS).as_posix() for path in Path(LAWS).rglob("*.md"))
    assert len(imported.items) == len(files) == 325
    assert imported.skipped == ()
    assert Counter(issue.code for issue in imported.issues) == {"import-version-twice": 4}
    assert len({item.path for item in imported.items}) == len({item.id for item in imported.items}) == 325


def test_no_character_of_any_paragraph_is_lost(imported: Imported) -> None:
    renderer = BodyRenderer(statute=True, table_label="表")
    for item in imported.items:
        document, issues = item_file.read(item.source, item.data)
        assert document is not None
        assert issues == []
        body = renderer.render(document.body)
        assert body.notes == (), item.source
        shown = [
            compact(block.get_text()) for block in BeautifulSoup(body.html, "html.parser").find_all(recursive=False)
        ]
        _, paragraphs = source_parts(item.source)
        spilt = paragraphs[0] == "会议通过）"
        wanted = paragraphs[1:] if spilt else paragraphs
        assert shown[len(shown) - len(wanted) :] == wanted, item.source
        if spilt:
            assert shown[0].endswith(paragraphs[0])


def test_no_line_of_any_head_is_lost(imported: Imported) -> None:
    for item in imported.items:
        head, _ = source_parts(item.source)
        kept = compact(item.data.decode())
        for line in head:
            pieces = re.split("根据(?=[0-9]{4}年)", line.lstrip("#").strip("()（）"))
            assert all(piece in kept for piece in pieces) or line in head[0], (item.source, line)


def test_the_date_is_that_of_the_files_name_and_every_law_has_one_current_version(imported: Imported) -> None:
    laws: dict[str, list[tuple[str, str]]] = {}
    for item in imported.items:
        document, _ = item_file.read(item.source, item.data)
        assert document is not None
        front = document.front.values
        named = re.search(r"\((\d{4}-\d\d-\d\d)\)", item.source)
        assert named is None or front["date"] == named[1]
        assert front["adopted"]
        laws.setdefault(str(front["law"]), []).append((str(front["date"]), str(front["status"])))
    assert len([versions for versions in laws.values() if len(versions) > 1]) > 30
    for versions in laws.values():
        newest = max(date for date, _ in versions)
        assert all((status == "current") == (date == newest) for date, status in versions)


def test_every_article_has_its_anchor_and_all_ids_are_unique(imported: Imported) -> None:
    renderer = BodyRenderer(statute=True, table_label="表")
    articles = 0
    for item in imported.items:
        document, _ = item_file.read(item.source, item.data)
        assert document is not None
        body = renderer.render(document.body)
        soup = BeautifulSoup(body.html, "html.parser")
        ids = [tag["id"] for tag in soup.find_all(id=True)]
        assert len(ids) == len(set(ids)), item.source
        wanted = len(
            re.findall(r"^第[零〇○一二三四五六七八九十百千]+条(?:之\S+)?(?=\s|$)", document.body, re.MULTILINE)
        )
        anchors = [anchor for entry in body.toc for anchor, _ in entry.articles]
        assert len(anchors) == wanted
        assert all(re.fullmatch(r"tiao-\d+(-\d+)?", anchor) for anchor in anchors), item.source
        assert [entry.id for entry in body.toc if entry.title] == [h["id"] for h in soup.find_all(["h2", "h3", "h4"])]
        articles += wanted
    assert articles == 21507
