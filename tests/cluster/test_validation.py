"""From file to item: places, types, years, lists; whatever is wrong is an issue with its line, never an exception."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.issues import Issue
from cluster.validation import Item, Place, find_place, item_key, read_item, url_of
from tests.builders import ARTICLE, make_article, make_page, make_raw


def read(cluster, path: str = ARTICLE, data: bytes | None = None, **fields) -> tuple[Item | None, list[Issue]]:
    found, issues = read_item(path, make_article(**fields) if data is None else data, cluster)
    assert all(issue.path == path and issue.text("zh") and issue.text("en") for issue in issues)
    assert (found is None) == any(issue.leaves_out for issue in issues)
    return found, issues


def codes(issues: list[Issue]) -> list[tuple[str, int]]:
    return [(issue.code, issue.line) for issue in issues]


# ---- places ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "place", "url"),
    [
        (ARTICLE, Place("portal", "news", 2026, "river"), "/news/2026/river.html"),
        (
            "content/portal/news/notices/2025/a-1.md",
            Place("portal", "news/notices", 2025, "a-1"),
            "/news/notices/2025/a-1.html",
        ),
        ("content/portal/about/city.md", Place("portal", "about", 0, "city"), "/about/city.html"),
        ("content/portal/about/9.md", Place("portal", "about", 0, "9"), "/about/9.html"),
    ],
)
def test_a_path_names_its_place_and_the_place_its_url(path, place, url):
    assert find_place(path) == place
    assert place.url == url == url_of(path)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        pytest.param("content/portal/x.md", "path-bad", id="right in the site's folder"),
        pytest.param("content/portal/2026/x.md", "path-bad", id="a year without a column"),
        pytest.param("content/x.md", "path-bad", id="without a site"),
        pytest.param("sites/portal/news/2026/x.md", "path-bad", id="below sites"),
        pytest.param("content/portal/news/2026/x.txt", "path-bad", id="not Markdown"),
        pytest.param("content/portal/news/2026/X.MD", "path-bad", id="Markdown in upper case"),
        pytest.param("content/portal/news/2026/River.md", "slug-bad", id="upper case"),
        pytest.param("content/portal/news/2026/开工.md", "slug-bad", id="Chinese"),
        pytest.param("content/portal/news/2026/ｒiver.md", "slug-bad", id="a full-width letter"),
        pytest.param("content/portal/news/2026/a b.md", "slug-bad", id="a space"),
        pytest.param("content/portal/news/2026/a_b.md", "slug-bad", id="an underscore"),
        pytest.param("content/portal/news/2026/a.b.md", "slug-bad", id="a dot"),
        pytest.param("content/portal/news/2026/-a.md", "slug-bad", id="a hyphen in front"),
        pytest.param("content/portal/news/2026/.md", "slug-bad", id="no name"),
        pytest.param("content/portal/news/2026/...md", "slug-bad", id="dots"),
        pytest.param("content/portal/news/2026/a\n.md", "slug-bad", id="a line break"),
        pytest.param("content/portal/news/2026/" + "a" * 81 + ".md", "slug-bad", id="81 characters"),
        pytest.param("content/portal/news/2026/index.md", "slug-bad", id="index"),
        pytest.param("content/portal/news/2026/feed.md", "slug-bad", id="feed"),
        pytest.param("content/portal/news/2026/list-12.md", "slug-bad", id="list-12"),
        pytest.param("content/portal/news/2026/list-3-1.md", "slug-bad", id="list-3-1"),
        pytest.param("content/portal/news/2026/\\xc4\\xe3.md", "slug-bad", id="bytes that are not UTF-8"),
    ],
)
def test_a_path_that_cannot_be_an_address_is_an_issue(cluster, path, code):
    found = find_place(path)
    assert isinstance(found, Issue)
    assert found.code == code
    assert codes(read(cluster, path)[1]) == [(code, 0)]


@pytest.mark.parametrize("slug", ["list", "list-a", "list-1a", "list-3-", "list-1-2-3", "indexes", "a" * 80, "0"])
def test_names_near_the_reserved_ones_are_free(slug):
    assert isinstance(find_place(f"content/portal/news/2026/{slug}.md"), Place)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        pytest.param("content/portal/nowhere/2026/x.md", "column-unknown", id="an unknown column"),
        pytest.param("content/portal/news/nowhere/2026/x.md", "column-unknown", id="an unknown sub-column"),
        pytest.param("content/portal/News/2026/x.md", "column-unknown", id="a column in upper case"),
        pytest.param("content/portal/news/../2026/x.md", "column-unknown", id="a step up"),
        pytest.param("content/nowhere/news/2026/x.md", "site-unknown", id="an unknown site"),
        pytest.param("content/../news/2026/x.md", "site-unknown", id="a step up for a site"),
        pytest.param("content/portal/news/x.md", "year-folder-missing", id="an article outside a year"),
        pytest.param("content/portal/news/２０２６/x.md", "column-unknown", id="a year in full-width digits"),
        pytest.param("content/portal/news/0000/x.md", "column-unknown", id="the year 0"),
        pytest.param("content/portal/news/2025/x.md", "year-folder", id="another year than the date"),
        pytest.param("content/portal/news/20266/x.md", "column-unknown", id="five digits"),
    ],
)
def test_an_article_in_the_wrong_place_is_left_out(cluster, path, code):
    assert code in dict(codes(read(cluster, path)[1]))


def test_the_wrong_year_is_told_at_the_date_s_line(cluster):
    data = make_raw("title: A\nsource: B\ndate: 2025-12-31")
    _, issues = read(cluster, ARTICLE, data)
    assert codes(issues) == [("year-folder", 4)]
    assert "2026" in issues[0].text("en")
    assert "2025" in issues[0].text("en")


def test_the_year_of_a_date_is_that_of_the_city(cluster):
    assert read(cluster, date="2025-12-31T20:00Z")[1] == []


def test_a_page_lies_in_its_column_and_not_in_a_year(cluster):
    found, issues = read(cluster, "content/portal/about/city.md", make_page())
    assert found is not None
    assert issues == []
    assert (found.type, found.date, found.place.year) == ("page", "", 0)
    assert codes(read(cluster, ARTICLE, make_page())[1]) == [("year-folder-unwanted", 0)]


# ---- items ----------------------------------------------------------------------------------------------------------


def test_a_right_article_becomes_an_item(cluster):
    found, issues = read(cluster, updated="2026-11-19", topic="river", keywords=["no", "007"], body="Body.")
    assert issues == []
    assert found is not None
    assert (found.path, found.type, found.id) == (ARTICLE, "article", "portal/news/2026/river.md")
    assert (found.date, found.updated) == ("2026-11-18T09:30:00+08:00", "2026-11-19T00:00:00+08:00")
    assert (found.expires, found.topic, found.law) == ("", "river", "")
    assert found.fields["keywords"] == ["no", "007"]
    assert found.body == "\nBody.\n"
    assert found.lists == (("portal", "news"),)


def test_an_id_of_its_own_wins_over_the_path(cluster):
    found, _ = read(cluster, id="007")
    assert found is not None
    assert found.id == "007"
    assert item_key(ARTICLE) == "portal/news/2026/river.md"


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        pytest.param("title: A\nsource: B\ndate: soon", [("not-a-date", 4)], id="a wrong date"),
        pytest.param("title: A\nsource: B", [("field-required", 2)], id="no date"),
        pytest.param("date: 2026-01-01\nsource: B\ntitle: ' '", [("field-required", 4)], id="a blank title"),
        pytest.param("title: A\nsource: B\ndate: 2026-01-01\ntype: nwes", [("type-unknown", 5)], id="an unknown type"),
        pytest.param("title: A\ntype: [a]\nsource: B", [("type-unknown", 3)], id="a list as the type"),
        pytest.param("title: A\nsource: B\ndate: 2026-01-01\ntype:", [("type-unknown", 5)], id="an empty type"),
        pytest.param("title: A\nsource: B\ndate: 2026-01-01\nimge: x", [("field-unknown", 5)], id="a spelling mistake"),
        pytest.param("title: A\ndate: 2026-01-01", [("field-wanted", 2)], id="no source"),
        pytest.param(
            "title: [A]\nsource: B\ndate: x\nexpires: y",
            [("not-a-line", 2), ("not-a-date", 4), ("not-a-date", 5)],
            id="all at once",
        ),
        pytest.param("title: A\nsource: B\ndate: 2026-01-01\ntopic: no", [("topic-unknown", 5)], id="an unknown topic"),
        pytest.param(
            "title: A\nsource: B\ndate: 2026-01-01\nalso: [no]", [("also-unknown", 5)], id="an unknown further column"
        ),
        pytest.param(
            "title: A\nsource: B\ndate: 2026-01-01\nredirect_from: ['//x']",
            [("not-a-path", 5)],
            id="an old address elsewhere",
        ),
        pytest.param(
            "title: A\nsource: B\ndate: 2026-01-01\n? [b]\n: c", [("yaml-error", 5)], id="a list as a field name"
        ),
    ],
)
def test_wrong_fields_are_told_at_their_lines(cluster, front, expected):
    assert codes(read(cluster, ARTICLE, make_raw(front))[1]) == expected


def test_an_issue_of_the_form_and_one_of_the_fields_are_told_together(cluster):
    data = make_article(date="soon").replace(b"\n", b"\r\n")
    assert [issue.code for issue in read(cluster, ARTICLE, data)[1]] == ["crlf", "not-a-date"]


def test_an_unknown_topic_is_ignored_and_the_item_published(cluster):
    found, _ = read(cluster, topic="nowhere")
    assert found is not None
    assert found.topic == ""


def test_an_item_is_listed_in_further_columns_of_this_and_other_sites(cluster):
    found, issues = read(cluster, also=["residents", "english:news", "news", ":about"])
    assert issues == []
    assert found is not None
    assert found.lists == (("english", "news"), ("portal", "about"), ("portal", "news"), ("portal", "residents"))


@pytest.mark.parametrize("name", ["nowhere", "english:residents", "nowhere:news", "portal:", "a:b:c", "../news"])
def test_a_further_column_that_is_none_is_told_and_ignored(cluster, name):
    found, issues = read(cluster, also=[name])
    assert [issue.code for issue in issues] == ["also-unknown"]
    assert found is not None
    assert found.lists == (("portal", "news"),)


def test_a_future_date_is_no_issue_of_the_file(cluster):
    found, issues = read(cluster, "content/portal/news/2030/x.md", date="2030-01-01")
    assert found is not None
    assert issues == []


@given(
    st.dictionaries(
        st.sampled_from(
            ["title", "date", "type", "also", "topic", "expires", "attachments", "id", "x", "redirect_from"]
        ),
        st.sampled_from(
            [
                "",
                "a",
                "2026-01-01",
                "page",
                "article",
                "/x",
                "[]",
                "{}",
                "[a]",
                "{a: b}",
                "[{file: a, title: b}]",
                "&a",
                "|\n  x",
            ]
        ),
    ),
    st.sampled_from([ARTICLE, "content/portal/about/city.md", "content/english/news/2026/x.md"]),
)
def test_any_fields_give_an_item_or_issues(cluster, fields, path):
    front = "".join(f"{name}: {value}\n" for name, value in fields.items())
    read(cluster, path, f"---\n{front}---\n".encode())
