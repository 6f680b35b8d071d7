"""Whatever lands in the content repository: it is told with file and line in both languages, and the rest is published."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cluster.gitstore import GitStore
from tests.builders import commit_link, make_article, make_cluster_files, make_column, make_page, make_raw, make_site
from tests.scenarios.city import CONTENT, GOOD_TITLE, GOOD_URL, City

BAD = "content/portal/news/2026/bad.md"
BAD_URL = "/news/2026/bad.html"
MARK = "绝不该上线的字句"
DATED = f"title: {MARK}\ndate: 2026-11-19\nsource: 水务局"
HARMLESS = "照常上线的字句"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4">%s</svg>'


@dataclass(frozen=True, slots=True)
class Case:
    """Bad input: the files of a commit, what is told (path, line, code), and what may not be in the output.

    `status` is what a visitor of `url` gets; the page of a published item shows `shown`.
    """

    told: tuple[str, int, str]
    files: Mapping[str, bytes]
    unwanted: str = MARK
    url: str = BAD_URL
    status: int = 404
    shown: str = ""


def left_out(code: str, line: int, data: bytes) -> Case:
    """An item that must not be published."""
    return Case((BAD, line, code), {BAD: data})


def mended(code: str, line: int, data: bytes, unwanted: str, **files: bytes) -> Case:
    """An item that is published without the part that is wrong."""
    return Case((BAD, line, code), {BAD: data} | files, unwanted, status=200, shown=HARMLESS)


def body(text: str, **fields: Any) -> bytes:
    """A good item with this line, the file's ninth, in its body."""
    return make_article(HARMLESS, "2026-11-19", f"第一行\n\n{text}", **fields)


def placed(path: str, code: str, url: str, line: int = 0) -> Case:
    """A good item in a place where none can be."""
    return Case((path, line, code), {path: make_article(MARK, "2026-11-19")}, url=url)


BOMB = "\n".join(
    ["title: x", "a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)), f"summary: {MARK}"]
)
TRICK = "&#x6A;ava\tscript:"

CASES = {
    # ---- form of the file
    "a file without front matter": left_out("front-matter-missing", 1, f"{MARK}\n".encode()),
    "an empty file": left_out("front-matter-missing", 1, b""),
    "empty front matter": left_out("front-matter-empty", 2, f"---\n---\n\n{MARK}\n".encode()),
    "front matter that is never closed": left_out("front-matter-open", 1, f"---\n{DATED}\n\n正文\n".encode()),
    "a colon too many": left_out("yaml-error", 2, make_raw(f"title: 关于: {MARK}\ndate: 2026-11-19")),
    "a quote that is never closed": left_out("yaml-error", 4, make_raw(f'date: 2026-11-19\ntitle: "{MARK}')),
    "a tab as indent": left_out("yaml-error", 5, make_raw(f"{DATED}\n\tsummary: x")),
    "a list instead of fields": left_out("yaml-error", 2, make_raw(f"- {MARK}")),
    "a field given twice": left_out("yaml-duplicate", 5, make_raw(f"{DATED}\ntitle: 又一个")),
    "front matter of 70 KB": left_out("yaml-too-big", 2, make_raw(f"{DATED}\nsummary: {'x' * 70_000}")),
    "20 MB of Markdown": left_out("file-too-big", 0, make_raw(DATED, "一行字。\n" * 1_600_000)),
    "bytes that are no UTF-8": left_out("not-utf8", 8, make_raw(DATED, "正文") + "\n云泽".encode("gbk")),
    # ---- YAML that attacks
    "an anchor and its alias": left_out(
        "yaml-forbidden", 2, make_raw(f"title: &t {MARK}\nsource: *t\ndate: 2026-11-19")
    ),
    "a YAML bomb": left_out("yaml-forbidden", 3, make_raw(BOMB)),
    "a Python object in YAML": left_out(
        "yaml-forbidden", 5, make_raw(f"{DATED}\nsummary: !!python/object/apply:os.system [id]")
    ),
    "a thousand brackets": left_out("yaml-forbidden", 5, make_raw(f"{DATED}\nkeywords: {'[' * 1000}")),
    # ---- fields
    "a day that does not exist": left_out("not-a-date", 3, make_raw(f"title: {MARK}\ndate: 2026-02-30")),
    "a date in words": left_out("not-a-date", 3, make_raw(f"title: {MARK}\ndate: 十一月十九日")),
    "no date": left_out("field-required", 2, make_raw(f"title: {MARK}")),
    "no title": left_out("field-required", 2, make_raw("date: 2026-11-19", MARK)),
    "an empty title": left_out("field-required", 2, make_raw("title: ''\ndate: 2026-11-19", MARK)),
    "a future date": left_out("scheduled", 0, make_article(MARK, "2026-11-20T09:01")),
    "a date of another year than the folder's": left_out("year-folder", 3, make_article(MARK, "2025-11-19")),
    "an unknown content type": left_out("type-unknown", 5, make_raw(f"{DATED}\ntype: poem")),
    "a standing page in a year folder": left_out("year-folder-unwanted", 0, make_page(MARK)),
    # ---- place
    "a column that does not exist": placed(
        "content/portal/sports/2026/bad.md", "column-unknown", "/sports/2026/bad.html"
    ),
    "a site that does not exist": placed("content/harbour/news/2026/bad.md", "site-unknown", BAD_URL),
    "a dated item outside a year folder": placed("content/portal/news/bad.md", "year-folder-missing", "/news/bad.html"),
    "an item outside any column": placed("content/portal/bad.md", "path-bad", "/bad.html"),
    "capital letters in the name": placed("content/portal/news/2026/Bad.md", "slug-bad", "/news/2026/Bad.html"),
    "a Chinese name": placed("content/portal/news/2026/通知.md", "slug-bad", "/news/2026/通知.html"),
    "a name with dots and per cent signs": placed(
        "content/portal/news/2026/..%2f..%2fbad.md", "slug-bad", "/news/2026/..%2f..%2fbad.html"
    ),
    "the name of a list page": placed("content/portal/news/2026/list-1.md", "slug-bad", "/news/2026/list-1.html"),
    "the name of a list page of a month": placed(
        "content/portal/news/2026/list-3-1.md", "slug-bad", "/news/2026/list-3-1.html"
    ),
    "the name of the column page": placed("content/portal/news/2026/index.md", "slug-bad", "/news/2026/"),
    "another ending for Markdown": placed("content/portal/news/2026/bad.markdown", "path-bad", BAD_URL),
    # ---- against other items
    "the id of another item": Case(
        ("content/portal/news/2026/zz-copy.md", 0, "id-taken"),
        {"content/portal/news/2026/zz-copy.md": make_article(MARK, "2026-11-19", id="00000000000000a1")},
        url="/news/2026/zz-copy.html",
    ),
    "an old address that is another item's page": Case(
        (BAD, 0, "redirect-taken"),
        {BAD: body("正文", redirect_from=[GOOD_URL])},
        unwanted=f"{GOOD_URL} {BAD_URL}",
        status=200,
        shown=HARMLESS,
    ),
    # ---- files
    "a picture that is not there": mended("file-missing", 9, body("![一座桥](nowhere.png)"), "nowhere.png"),
    "a lead picture that is not there": mended(
        "file-missing", 0, body("正文", image="nowhere.png", image_alt="桥"), "nowhere.png"
    ),
    "an attachment that is not there": mended(
        "file-missing", 0, body("正文", attachments=[{"file": "nowhere.pdf", "title": "方案"}]), "nowhere.pdf"
    ),
    "an attachment without a title": left_out(
        "attachment-incomplete", 5, make_raw(f"{DATED}\nattachments:\n  - file: plan.pdf")
    ),
    "a program as attachment": mended(
        "file-kind",
        0,
        body("正文", attachments=[{"file": "setup.exe", "title": "程序"}]),
        "setup.exe",
        **{"content/portal/news/2026/setup.exe": b"MZ"},
    ),
    "a picture above the content": mended("file-missing", 9, body("![秘](../../../../data/key.png)"), "key.png"),
    "a picture that runs a script": mended(
        "svg-active",
        9,
        body("![图](live.svg)"),
        "live.svg",
        **{"content/portal/news/2026/live.svg": SVG % b"<script>fetch('/')</script>"},
    ),
    # ---- links
    "a link to an item that is not there": mended("link-missing", 9, body("见[公告](../2025/gone.md)。"), "gone"),
    "a link to a page that is not there": mended("link-missing", 9, body("见[公告](/news/2025/gone.html)。"), "gone"),
    "a link that runs a script": mended("html-removed", 9, body("请[点击](javascript:void)。"), "javascript:void"),
    "a link to no host in particular": mended("link-scheme", 9, body("请[点击](//bad.example/)。"), "bad.example"),
    "a link that hides its scheme": mended("html-removed", 6, body(f'请<a href="{TRICK}x">点击</a>。'), "script:x"),
    # ---- HTML
    "a script": mended("html-removed", 9, body("<script>steal()</script>"), "steal()"),
    "a frame": mended("html-removed", 9, body('<iframe src="https://bad.example/"></iframe>'), "bad.example"),
    "a handler": mended("html-removed", 9, body('<p onclick="steal()">字</p>'), "steal()"),
    "a script address in HTML": mended("html-removed", 9, body('<a href="javascript:steal()">字</a>'), "steal()"),
    "a style": mended("html-removed", 9, body('<p style="position:fixed">字</p>'), "position:fixed"),
    "a style sheet": mended(
        "html-removed", 9, body("<style>body { display: grotesque }</style>"), "display: grotesque"
    ),
    "a form": mended(
        "html-removed", 9, body('<form action="https://bad.example/"><input name="pin"></form>'), "bad.example"
    ),
    # ---- told, and published as it is
    "a byte order mark": mended("bom", 1, b"\xef\xbb\xbf" + body("正文"), "\ufeff"),
    "Windows line ends": mended("crlf", 1, body("正文").replace(b"\n", b"\r\n"), "\r"),
    "a heading of the first level": mended("heading-first", 9, body("# 大标题"), "<h1>大标题"),
    "a field that is unknown": mended("field-unknown", 5, body("正文", colour=MARK), MARK),
    "a topic that is unknown": mended("topic-unknown", 5, body("正文", topic="no-such-topic"), "no-such-topic"),
    "a further column that is unknown": mended("also-unknown", 5, body("正文", also=["no-such"]), "no-such"),
    "an interpretation of nothing": mended(
        "reference-missing", 0, body("正文", interprets="portal/no-such"), "no-such"
    ),
}


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City.found(tmp_path / "city")


def _check_neighbour(city: City) -> None:
    """The good item beside the bad one is live, with its lists."""
    answer = city.get(GOOD_URL)
    assert (answer.status, GOOD_TITLE in answer.text) == (200, True)
    assert GOOD_TITLE in city.get("/news/").text


def _check_told(city: City, told: tuple[str, int, str], code: int = 3) -> None:
    """Publishing tells it in Chinese and in English, with the file and the line, and ends with the exit code."""
    path, line, name = told
    chinese, english = city.publish("--json", language="zh"), city.publish(language="en")
    assert (chinese.code, english.code) == (code, code), chinese.err
    issue = next((one for one in chinese.issues_of(path) if one["code"] == name), None)
    assert issue is not None, chinese.result["issues"]
    assert issue["line"] == line
    place = f"{path}:{line}: " if line else f"{path}: "
    for run, language in ((chinese, "zh"), (english, "en")):
        rows = [row for row in run.err.splitlines() if row.startswith(place) and row.endswith(issue[language])]
        assert len(rows) == 1, run.err
    assert re.search("[\u4e00-\u9fff]", issue["zh"])
    assert "{" not in issue["en"].replace(issue["field"], "")


def _leaked(city: City, unwanted: str) -> list[str]:
    return [
        path
        for path, data in city.output().items()
        if unwanted in path or (not path.endswith(".png") and unwanted in data.decode("utf-8", "replace"))
    ]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_bad_input_is_told_and_the_rest_is_published(case: Case, city: City) -> None:
    city.commit(case.files)
    _check_told(city, case.told)
    _check_neighbour(city)
    assert _leaked(city, case.unwanted) == []
    answer = city.get(case.url)
    assert (answer.status, case.shown in answer.text) == (case.status, True)


def _link(target: str) -> Callable[[City], None]:
    def commit(city: City) -> None:
        with GitStore(city.repository) as store:
            commit_link(store, BAD, target)

    return commit


def _raw(*path: bytes) -> Callable[[City], None]:
    return lambda city: city.commit_raw(path, make_article(MARK, "2026-11-19"))


NEWS = (b"content", b"portal", b"news", b"2026")
TREES = {
    "a symbolic link to a file of the system": (_link("/etc/passwd"), BAD, "symlink"),
    "a symbolic link to another item": (_link("river.md"), BAD, "symlink"),
    "a folder called ..": (_raw(*NEWS, b"..", b"bad.md"), "content/portal/news/2026/../bad.md", "column-unknown"),
    "a file called ../bad in one name": (_raw(*NEWS, b"..\\bad.md"), "content/portal/news/2026/..\\bad.md", "slug-bad"),
    "a name with a line break": (_raw(*NEWS, b"a\nb.md"), "content/portal/news/2026/a\nb.md", "slug-bad"),
    "a name with quotes": (_raw(*NEWS, b'"><b.md'), 'content/portal/news/2026/"><b.md', "slug-bad"),
    "a name that is no UTF-8": (
        _raw(*NEWS, "公告.md".encode("gbk")),
        "content/portal/news/2026/\\xb9\\xab\\xb8\\xe6.md",
        "slug-bad",
    ),
}


@pytest.mark.parametrize(("commit", "path", "code"), TREES.values(), ids=TREES.keys())
def test_a_tree_that_no_editor_makes_is_told_and_the_rest_is_published(
    commit: Callable[[City], None], path: str, code: str, city: City
) -> None:
    commit(city)
    run = city.publish("--json", language="zh")
    assert run.code == 3, run.err
    assert code in [issue["code"] for issue in run.issues_of(path)], run.result["issues"]
    assert city.publish(language="en").code == 3
    _check_neighbour(city)
    assert _leaked(city, MARK) + _leaked(city, "root:") == []
    assert city.get(BAD_URL).status == 404
    assert not (city.base / "dmz" / "www" / "bad.html").exists()


def test_template_code_in_content_stays_text(city: City) -> None:
    code = "{{ 7919 * 7919 }} {% include '/etc/passwd' %} {# x #}"
    city.commit({BAD: make_article(code, "2026-11-19", code, code, summary=code)})
    assert city.publish().code == 0
    escaped = code.replace("'", "&#39;")
    assert escaped in city.get(BAD_URL).text
    assert _leaked(city, str(7919 * 7919)) == []
    assert code.partition(" {%")[0] in city.get("/news/").text


def test_a_standing_and_a_dated_item_may_have_the_same_name(city: City) -> None:
    city.commit({"content/portal/news/river.md": make_page("云泽河")})
    assert city.publish().code == 0
    assert "云泽河" in city.get("/news/river.html").text
    _check_neighbour(city)


def test_a_broken_configuration_is_told_whole_and_leaves_the_live_site_alone(city: City) -> None:
    assert city.publish().code == 0
    before = city.live_bytes()
    broken = make_site("portal", host="ein host", language="fr", colors={"main": "blue", "accent": "#b3261e"})
    city.commit(
        {"sites/portal/site.toml": broken + b'\n[[columns]]\npath = "2026"\ntitel = "x"\n', BAD: make_article(MARK)}
    )
    chinese, english = city.publish("--json", language="zh"), city.publish(language="en")
    assert (chinese.code, english.code) == (1, 1)
    issues = chinese.result["issues"]
    assert {"host", "language", "main", "path", "titel", "title"} <= {issue["field"] for issue in issues}
    for issue in issues:
        place = f"{issue['path']}:{issue['line']}: "
        assert issue["path"] == "sites/portal/site.toml"
        assert issue["line"] > 0, issue
        assert any(row.startswith(place) and row.endswith(issue["zh"]) for row in chinese.err.splitlines())
        assert any(row.startswith(place) and row.endswith(issue["en"]) for row in english.err.splitlines())
    assert city.live_bytes() == before


def test_a_configuration_that_is_no_toml_is_told_with_its_line(city: City) -> None:
    city.commit({"sites/portal/site.toml": make_site("portal").replace(b'host = "', b"host = ")})
    run = city.publish(language="zh")
    line = make_site("portal").decode().splitlines().index('host = "portal.yunze.localhost"') + 1
    assert (run.code, f"sites/portal/site.toml:{line}: " in run.err) == (1, True), run.err
    assert not city.live.exists()


def test_an_empty_column_is_not_in_the_navigation_and_told_with_the_line_to_change(city: City) -> None:
    site = make_site("portal", ("news", "residents", "about", "sports"))
    city.commit({"sites/portal/site.toml": site})
    line = site.decode().splitlines().index('path = "sports"') + 1
    _check_told(city, ("sites/portal/site.toml", line, "column-empty"))
    _check_neighbour(city)
    assert _leaked(city, "/sports/") == []
    assert city.get("/sports/").status == 404


def test_an_empty_hidden_column_is_neither_told_nor_shown(city: City) -> None:
    hidden = make_column("sports", hidden=True)
    city.commit({"sites/portal/site.toml": make_site("portal", ("news", "residents", "about", hidden))})
    assert city.publish().code == 0
    assert _leaked(city, "/sports/") == []
    assert city.get("/sports/").status == 404


def test_a_commit_that_deletes_a_site_is_held_until_somebody_means_it(tmp_path: Path) -> None:
    two = {"portal": make_site("portal"), "congress": make_site("congress", ("news",))}
    session = {"content/congress/news/2026/session.md": make_article("市人大常委会举行会议", "2026-11-12")}
    city = City.found(tmp_path / "city", make_cluster_files(two) | CONTENT | session)
    assert city.publish().code == 0
    before = city.live_bytes()
    city.commit(
        make_cluster_files({"portal": make_site("portal")})
        | {BAD: make_article("照样等着", "2026-11-19")}
        | dict.fromkeys(["sites/congress/site.toml", *session])
    )
    chinese, english = city.publish(language="zh"), city.publish(language="en")
    assert (chinese.code, english.code) == (4, 4)
    assert "整个站点 congress 将消失" in chinese.err
    assert "Site congress would vanish" in english.err
    assert "zhanqun publish --accept-removals" in english.err
    assert city.live_bytes() == before
    assert city.publish("--accept-removals").code == 0
    assert city.get("/news/2026/session.html", "congress").status == 503
    _check_neighbour(city)
