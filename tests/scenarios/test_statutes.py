"""The 325 real statutes on their pages: nothing of their text is lost, every article can be linked to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster import item as item_file
from cluster.importers.markdown import import_folder
from cluster.importers.rules import load_rules
from plugins.pages.statute import article_number
from tests.scenarios.house import LAW_COLUMN, House, laws_folder
from tests.scenarios.pages import ReadPage, read_page

pytestmark = pytest.mark.laws

HEAD_END = "<!-- INFO END -->"
# Marks of Markdown, blanks, and the zero-width blanks that a word processor left behind.
_MARKS = re.compile(r"^#+|^>|^- |\*\*|\\|<!--.*?-->|<[^>]+>|\s|\u200b")
_CHAPTER = re.compile(r"^#+\s*(第[一二三四五六七八九十百]+(?:分编|编|章|节)\b.*)")


@dataclass(frozen=True, slots=True)
class Statute:
    """One source file and the page it became."""

    source: str
    law: str
    lines: tuple[str, ...]
    page: ReadPage


@pytest.fixture(scope="module")
def statutes(house: House) -> list[Statute]:
    return list(_statutes(house))


def _statutes(house: House) -> Iterator[Statute]:
    folder = laws_folder()
    rules, _ = load_rules("npc-laws")
    assert folder is not None
    assert rules is not None
    site, column = LAW_COLUMN
    for item in import_folder(folder, site=site, column=column, rules=rules).items:
        path = f"{item.path.removesuffix('.md')}.html"
        page = read_page(path, house.file(path).read_text("utf-8"))
        document, _ = item_file.read(item.path, item.data)
        assert document is not None
        law = document.front.values["law"]
        yield Statute(item.source, str(law), _body_lines(folder / item.source), page)


def _body_lines(file: Path) -> tuple[str, ...]:
    text = file.read_text("utf-8-sig")
    _, mark, body = text.partition(HEAD_END)
    return tuple((body if mark else text).splitlines())


def _squeezed(text: str) -> str:
    return _MARKS.sub("", text)


def test_every_statute_of_the_folder_has_its_page(statutes: list[Statute]) -> None:
    folder = laws_folder()
    assert folder is not None
    assert sorted(statute.source for statute in statutes) == sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*.md")
    )
    assert len({statute.page.path for statute in statutes}) == len(statutes)


def test_every_paragraph_of_the_sources_is_in_the_page(statutes: list[Statute]) -> None:
    lost = []
    for statute in statutes:
        text = "".join(statute.page.text("main").split())
        lost += [(statute.source, line) for line in statute.lines if _squeezed(line) not in text]
    assert lost == []


def test_every_article_has_an_anchor_of_its_number(statutes: list[Statute]) -> None:
    missing = [
        (statute.source, anchor)
        for statute in statutes
        for anchor in _anchors(statute.lines)
        if anchor not in statute.page.ids
    ]
    assert missing == []


def _anchors(lines: tuple[str, ...]) -> set[str]:
    """`tiao-12` for 第十二条, `tiao-123-1` for 第一百二十三条之一."""
    numbers = filter(None, (article_number(line.lstrip("\u3000 ")) for line in lines))
    return {f"tiao-{number}-{more}" if more else f"tiao-{number}" for number, more in numbers}


def test_articles_that_people_cite_are_where_they_expect_them(statutes: list[Statute]) -> None:
    with_twelve = [one for one in statutes if any(line.startswith("第十二条") for line in one.lines)]
    assert len(with_twelve) > 250
    assert [one.source for one in with_twelve if "tiao-12" not in one.page.ids] == []


def test_the_contents_list_every_chapter_in_order(statutes: list[Statute]) -> None:
    with_chapters = 0
    for statute in statutes:
        wanted = [_squeezed(found[1]) for line in statute.lines if (found := _CHAPTER.match(line))]
        shown = ["".join(text.split()) for text in statute.page.texts(".toc a")]
        assert [title for title in shown if title in set(wanted)] == wanted, statute.source
        assert {link.removeprefix("#") for link in statute.page.links(".toc a")} <= set(statute.page.ids), (
            statute.source
        )
        with_chapters += bool(wanted)
    assert with_chapters > 200


def test_versions_of_a_law_link_to_each_other_and_say_which_is_in_force(statutes: list[Statute]) -> None:
    versions = defaultdict(list)
    for statute in statutes:
        versions[statute.law].append(statute)
        assert statute.page.text(".validity .badge") in ("现行有效", "已修改"), statute.source
    several = [group for group in versions.values() if len(group) > 1]
    assert len(several) > 10
    for group in several:
        _check_versions(group)


def _check_versions(group: list[Statute]) -> None:
    addresses = {f"/{statute.page.path.partition('/')[2]}" for statute in group}
    for statute in group:
        own = f"/{statute.page.path.partition('/')[2]}"
        assert set(statute.page.links(".versions a")) == addresses - {own}, statute.source
        assert len(statute.page.texts(".versions li")) == len(group), statute.source
    dates = [statute.page.text(".pub-date") for statute in group]
    newest = [statute for statute in group if statute.page.text(".pub-date") == max(dates)]
    for statute in group:
        is_newest = statute in newest
        assert (statute.page.text(".validity .badge") == "现行有效") == is_newest, statute.source
        assert is_newest or statute.page.links(".warning a"), statute.source
