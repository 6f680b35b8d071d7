"""Promises of the Markdown importer: items from a folder, the same again and again, whatever the folder holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cluster import item as item_file
from cluster.errors import ContentError
from cluster.importers.markdown import Imported, import_folder
from cluster.importers.rules import Rules, load_rules
from cluster.limits import LIMITS


def rules(name: str = "npc-laws") -> Rules:
    loaded, issues = load_rules(name)
    assert loaded is not None, issues
    return loaded


def make_law(*, title: str = "云泽法", adopted: int = 2001, amended: int = 0, body: str = "第一条 甲\n") -> str:
    lines = [f"# 中华人民共和国{title}", "", f"{adopted}年1月2日 第九届全国人民代表大会第四次会议通过", ""]
    if amended:
        lines += [f"{amended}年3月4日 第十届全国人民代表大会常务委员会第四次会议修订", ""]
    return "\n".join([*lines, "<!-- INFO END -->", "", body])


def make_folder(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def load(folder: Path, name: str = "npc-laws") -> Imported:
    return import_folder(folder, site="congress", column="fagui/falv", rules=rules(name))


def fields(imported: Imported, source: str) -> dict[str, object]:
    data = next(item.data for item in imported.items if item.source == source)
    document, issues = item_file.read(source, data)
    assert document is not None
    assert issues == []
    return dict(document.front.values)


def body(imported: Imported, source: str) -> str:
    data = next(item.data for item in imported.items if item.source == source)
    document, _ = item_file.read(source, data)
    assert document is not None
    return document.body


def codes(imported: Imported) -> list[tuple[str, int, str]]:
    return [(issue.path, issue.line, issue.code) for issue in imported.issues]


def test_a_law_becomes_an_item_with_all_its_fields(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, {"行政法/云泽法(2010-03-04).md": make_law(amended=2010)})
    imported = load(folder)
    (item,) = imported.items
    assert item.path == f"congress/fagui/falv/2010/20100304-{item.id[:8]}.md"
    assert fields(imported, item.source) == {
        "id": item.id,
        "title": "中华人民共和国云泽法",
        "date": "2010-03-04",
        "type": "statute",
        "law": "中华人民共和国云泽法",
        "adopted": "2001-01-02",
        "amended": ["2010年3月4日 第十届全国人民代表大会常务委员会第四次会议修订"],
        "status": "current",
        "source": "全国人民代表大会常务委员会",
        "category": "行政法",
        "keywords": ["行政法"],
    }
    assert len(item.id) == 16
    assert body(imported, item.source).strip().split("\n\n") == [
        "2001年1月2日 第九届全国人民代表大会第四次会议通过",
        "第一条 甲",
    ]
    assert (imported.issues, imported.notes, imported.skipped) == ((), (), ())


def test_importing_again_gives_the_same_bytes_and_a_changed_file_the_same_id(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, {"a.md": make_law(), "b.md": make_law(title="别法")})
    first = load(folder)
    assert load(folder) == first
    make_folder(tmp_path, {"a.md": make_law(body="第一条 乙")})
    again = load(folder)
    assert [(item.path, item.id) for item in again.items] == [(item.path, item.id) for item in first.items]
    assert again.items[0].data != first.items[0].data
    assert again.items[1].data == first.items[1].data


def test_versions_of_one_law_share_its_name_and_only_the_newest_is_current(tmp_path: Path) -> None:
    folder = make_folder(
        tmp_path,
        {
            "甲/云泽法(2010-03-04).md": make_law(amended=2010),
            "乙/云泽法(2020-03-04).md": make_law(amended=2020),
            "云泽法.md": make_law(title="云泽法（2023年修正）", amended=2023),
            "修正案1988.md": make_law(title="云泽法修正案（1988年）", adopted=1988),
            "修正案1993.md": make_law(title="云泽法修正案（1993年）", adopted=1993),
        },
    )
    imported = load(folder)
    found = {item.source: fields(imported, item.source) for item in imported.items}
    assert {source: (row["law"], row["status"]) for source, row in found.items()} == {
        "甲/云泽法(2010-03-04).md": ("中华人民共和国云泽法", "amended"),
        "乙/云泽法(2020-03-04).md": ("中华人民共和国云泽法", "amended"),
        "云泽法.md": ("中华人民共和国云泽法", "current"),
        "修正案1988.md": ("中华人民共和国云泽法修正案（1988年）", "current"),
        "修正案1993.md": ("中华人民共和国云泽法修正案（1993年）", "current"),
    }
    assert found["云泽法.md"]["title"] == "中华人民共和国云泽法（2023年修正）"
    assert "category" not in found["云泽法.md"]


def test_the_same_version_twice_is_told_and_both_are_current(tmp_path: Path) -> None:
    imported = load(make_folder(tmp_path, {"a/x.md": make_law(), "b/x.md": make_law()}))
    assert [fields(imported, item.source)["status"] for item in imported.items] == ["current", "current"]
    assert codes(imported) == [("b/x.md", 0, "import-version-twice")]


def test_a_date_in_the_file_name_that_differs_is_told(tmp_path: Path) -> None:
    imported = load(make_folder(tmp_path, {"云泽法(2001-01-03).md": make_law()}))
    assert codes(imported) == [("云泽法(2001-01-03).md", 0, "import-date-differs")]
    assert "20010102-" in imported.items[0].path


def test_a_head_without_dates_takes_the_file_names(tmp_path: Path) -> None:
    text = "# 甲法\n\n某年通过的说明\n\n<!-- INFO END -->\n\n第一条 甲\n"
    imported = load(make_folder(tmp_path, {"甲法(2001-01-03).md": text, "甲法(2001-13-03).md": text}))
    assert "某年通过的说明" in body(imported, "甲法(2001-01-03).md")
    assert codes(imported) == [
        ("甲法(2001-01-03).md", 3, "import-head-line"),
        ("甲法(2001-13-03).md", 1, "import-no-date"),
        ("甲法(2001-13-03).md", 3, "import-head-line"),
    ]
    assert fields(imported, "甲法(2001-01-03).md")["source"] == "全国人民代表大会常务委员会"
    assert imported.skipped == ("甲法(2001-13-03).md",)


def test_hostile_files_are_told_with_file_and_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    folder = make_folder(
        tmp_path,
        {
            "big.md": b"# a\n" + b"x" * LIMITS.item_bytes,
            "bom.md": b"\xef\xbb\xbf" + make_law(title="甲").encode(),
            "crlf.md": make_law(title="乙").replace("\n", "\r\n"),
            "empty.md": "",
            "good.md": make_law(title="丙"),
            "latin.md": b"# a\n\n\xff",
            "no-text.md": make_law(title="丁", body=""),
            "no-title.md": "正文\n",
            "picture.png": b"\x89PNG",
            ".hidden.md": make_law(),
            ".git/x.md": make_law(),
        },
    )
    (folder / "link.md").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.md")
    imported = load(folder)
    assert codes(imported) == [
        ("big.md", 0, "file-too-big"),
        ("bom.md", 1, "bom"),
        ("crlf.md", 1, "crlf"),
        ("empty.md", 1, "import-head-open"),
        ("empty.md", 1, "import-no-title"),
        ("latin.md", 3, "not-utf8"),
        ("link.md", 0, "symlink"),
        ("loop", 0, "symlink"),
        ("no-title.md", 1, "import-head-open"),
        ("no-title.md", 1, "import-no-title"),
        ("pipe.md", 0, "import-unreadable"),
    ]
    assert [item.source for item in imported.items] == ["bom.md", "crlf.md", "good.md", "no-text.md"]
    assert [note.code for note in imported.notes] == ["import-not-markdown"]
    assert set(imported.skipped) == {
        "big.md", "empty.md", "latin.md", "link.md", "loop", "no-title.md", "picture.png", "pipe.md",
    }  # fmt: skip
    assert all(b"\r" not in item.data for item in imported.items)
    assert all(issue.text("zh") and issue.text("en") for issue in (*imported.issues, *imported.notes))


def test_a_file_without_text_is_told(tmp_path: Path) -> None:
    imported = load(make_folder(tmp_path, {"a(2020-01-02).md": "# 甲\n\n<!-- INFO END -->\n"}))
    assert codes(imported) == [("a(2020-01-02).md", 0, "import-empty")]
    assert len(imported.items) == 1


def test_a_file_name_that_is_no_text_is_imported_under_a_readable_one(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.md")).write_text(make_law())
    imported = load(tmp_path)
    assert [item.source for item in imported.items] == ["\ufffd.md"]


def test_a_folder_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    make_folder(tmp_path, {"a.md": make_law()})
    handle = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=handle)
        deeper = os.open("d" * 250, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = deeper
    os.close(handle)
    imported = load(tmp_path)
    assert [item.source for item in imported.items] == ["a.md"]
    assert [issue.code for issue in imported.issues] == ["import-unreadable"]


def test_front_matter_beyond_its_limit_leaves_the_item_out(tmp_path: Path) -> None:
    acts = "".join(f"2001年1月2日 第九届全国人民代表大会第四次会议{'长' * 1500}修订\n" for _ in range(30))
    text = make_law().replace("<!-- INFO END -->", acts + "<!-- INFO END -->")
    imported = load(make_folder(tmp_path, {"a.md": text}))
    assert codes(imported) == [("a.md", 0, "yaml-too-big")]
    assert imported.skipped == ("a.md",)


@pytest.mark.parametrize(
    ("site", "column"), [("congress", "../up"), ("../x", "fagui"), ("congress", ""), ("congress", "Fagui")]
)
def test_a_place_that_is_no_site_and_column_is_refused(site: str, column: str, tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="no site or column"):
        import_folder(tmp_path, site=site, column=column, rules=rules())


def test_a_source_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="no folder"):
        load(tmp_path / "nothing")


# ---- ordinary collections -------------------------------------------------------------------------------------------

FRONT = """---
title: 甲
date: 2021-04-29T09:30
tags: 水务，民生
description: 一句话
layout: post
---

# 甲

正文 *强调*

    code  stays

1. 列表
"""


def test_an_ordinary_collection_keeps_its_front_matter_and_markdown(tmp_path: Path) -> None:
    imported = load(make_folder(tmp_path, {"x.md": FRONT}), "plain")
    row = fields(imported, "x.md")
    row.pop("id")
    assert row == {
        "title": "甲",
        "date": "2021-04-29T09:30",
        "type": "article",
        "summary": "一句话",
        "keywords": ["水务", "民生"],
    }
    assert body(imported, "x.md").strip() == "正文 *强调*\n\n    code  stays\n\n1. 列表"
    assert codes(imported) == [("x.md", 6, "import-field-unmapped")]


@pytest.mark.parametrize(
    ("case", "name", "text", "date"),
    [
        ("a date line", "a.md", "# 甲\n\ndate: 2021-04-29\n\n正文", "2021-04-29"),
        ("a Chinese date line", "a.md", "# 甲\n发布时间：2021年4月9日\n正文", "2021-04-09"),
        ("the file's name", "甲(2021-04-29).md", "# 甲\n\n正文", "2021-04-29"),
        ("the front matter", "a.md", "---\ndate: 2021-04-29\n---\n# 甲\n\n正文", "2021-04-29"),
        (
            "a front matter in another zone",
            "a.md",
            "---\ndate: 2020-12-31T23:00Z\n---\n# 甲\n正文",
            "2020-12-31T23:00Z",
        ),
    ],
)
def test_the_date_comes_from_where_it_stands(case: str, name: str, text: str, date: str, tmp_path: Path) -> None:
    imported = load(make_folder(tmp_path, {name: text}), "plain")
    assert fields(imported, name)["date"] == date, case
    assert body(imported, name).strip() == "正文"
    assert "/2021/2021" in imported.items[0].path


@pytest.mark.parametrize(
    ("case", "text", "expected"),
    [
        ("a date that is none", "---\ndate: gestern\n---\n# 甲\n正文", ["import-no-date", "import-date-bad"]),
        ("a date that is a list", "---\ndate: [1, 2]\n---\n# 甲\n正文", ["import-no-date", "import-date-bad"]),
        ("front matter never closed", "---\ntitle: 甲\n", ["front-matter-open"]),
        ("front matter with an anchor", "---\ntitle: &a 甲\n---\n", ["yaml-forbidden"]),
    ],
)
def test_broken_front_matter_is_told(case: str, text: str, expected: list[str], tmp_path: Path) -> None:
    imported = load(make_folder(tmp_path, {"a.md": text}), "plain")
    assert sorted(issue.code for issue in imported.issues) == sorted(expected), case
    assert imported.items == ()


def own_rules(tmp_path: Path, old: str, new: str) -> Rules:
    source = Path(__file__).parents[3] / "cluster/importers/rules/plain.toml"
    path = tmp_path / "own.toml"
    path.write_text(source.read_text().replace(old, new))
    loaded, issues = load_rules(str(path))
    assert loaded is not None, issues
    return loaded


def test_slugs_may_be_the_files_names_and_clashes_are_told(tmp_path: Path) -> None:
    chosen = own_rules(tmp_path, '"{date}-{hash}"', '"{stem}"')
    text = "# 甲\ndate: 2021-04-29\n正文"
    folder = make_folder(tmp_path / "in", {"a/Plan.md": text, "b/plan.md": text, "list-3-1.md": text, "计划.md": text})
    imported = import_folder(folder, site="portal", column="news", rules=chosen)
    assert [item.path for item in imported.items] == ["portal/news/2021/plan.md"]
    assert [(issue.path, issue.code) for issue in imported.issues if issue.leaves_out] == [
        ("b/plan.md", "url-taken"),
        ("list-3-1.md", "slug-bad"),
        ("计划.md", "slug-bad"),
    ]


def test_standing_items_lie_outside_year_folders(tmp_path: Path) -> None:
    chosen = own_rules(tmp_path, 'type = "article"', 'type = "page"\ndated = false')
    folder = make_folder(tmp_path / "in", {"a.md": "# 甲\ndate: 2021-04-29\n正文"})
    (item,) = import_folder(folder, site="portal", column="about", rules=chosen).items
    assert item.path.startswith("portal/about/20210429-")
