"""The index: answers are a function of the tree and of the moment it was settled at, in a fixed order."""

from __future__ import annotations

import pytest

from cluster.index import Period
from cluster.index.settle import NOT_BUILT, Touch
from cluster.source import Entry, blob_id
from tests.builders import ARTICLE, NOW, make_article, make_page
from tests.cluster.trees import LATER, NEWS, NOTICES, Tree, answers, dated, paths, settle

# ---- single items ---------------------------------------------------------------------------------------------------


def test_an_item_is_found_by_path_id_and_address(index, cluster):
    settle(index, cluster, {ARTICLE: make_article(id="6f1c2a9e0b7d4c35", keywords=["no"])})
    item = index.item(ARTICLE)
    assert item is not None
    assert item.fields["keywords"] == ["no"]
    assert (item.site, item.column, item.year, item.slug) == ("portal", "news", 2026, "river")
    assert item.blob == blob_id(make_article(id="6f1c2a9e0b7d4c35", keywords=["no"]))
    for reference in ("6f1c2a9e0b7d4c35", "portal/news/2026/river.md", "/portal/news/2026/river.md", ARTICLE):
        assert index.find(reference) == item
    assert index.own(ARTICLE) == item
    assert index.at("portal", "/news/2026/river.html") == item


@pytest.mark.parametrize(
    "reference", ["", "/", "nothing", "portal/news/2026/other.md", "../river.md", "%", "' OR 1=1 --"]
)
def test_what_names_no_item_finds_none(index, cluster, reference):
    settle(index, cluster, {ARTICLE: make_article()})
    assert index.find(reference) is None
    assert index.at("portal", reference) is None
    assert index.named(reference) == []


@pytest.mark.parametrize("word", ["6f1c", "portal/news/2026/river.md", ARTICLE])
def test_a_words_items_are_found_by_path_and_by_id(index, cluster, word):
    settle(index, cluster, {ARTICLE: make_article(id="6f1c")} | dated("other", "2026-01-01", id="x1"))
    assert paths(index.named(word)) == ["river"]


def test_a_word_may_name_one_item_by_path_and_another_by_id(index, cluster):
    files = {"content/english/news/2026/e.md": make_article(id="portal/news/2026/river.md")}
    settle(index, cluster, files | {ARTICLE: make_article(id="6f1c")})
    assert paths(index.named("portal/news/2026/river.md")) == ["river", "e"]
    assert paths([index.find("portal/news/2026/river.md")]) == ["river"]


def test_feeds_tell_the_update_else_the_date(index, cluster):
    settle(index, cluster, dated("a", "2026-01-01", updated="2026-02-01") | dated("b", "2026-01-02"))
    assert [item.modified[:10] for item in index.items("portal")] == ["2026-02-01", "2026-01-02"]


def test_a_list_was_changed_when_its_newest_dated_item_was(index, cluster):
    files = dated("a", "2026-01-01", updated="2026-05-01") | dated("b", "2026-02-01", also=["residents"])
    settle(index, cluster, files | {"content/portal/about/city.md": make_page(updated="2026-06-01")})
    assert index.latest("portal", "news") == "2026-02-01T00:00:00+08:00"
    assert [index.latest("portal", name) for name in ("about", "news/notices", "nowhere")] == ["", "", ""]
    settle(index, cluster, files | dated("b", "2026-02-01", updated="2026-03-01"))
    assert index.latest("portal", "news") == "2026-03-01T00:00:00+08:00"


def test_a_sites_own_pages_are_those_of_its_shown_items_by_path(index, cluster):
    files = dated("b", "2026-01-01", also=["english:news"]) | dated("a", "2026-02-01") | dated("c", "2026-12-01")
    files |= {"content/english/news/2026/e.md": make_article(), "content/portal/about/city.md": make_page()}
    settle(index, cluster, files)
    assert list(index.own_pages("portal")) == [
        ("content/portal/about/city.md", "/about/city.html"),
        (f"{NEWS}/a.md", "/news/2026/a.html"),
        (f"{NEWS}/b.md", "/news/2026/b.html"),
    ]
    assert list(index.own_pages("english")) == [("content/english/news/2026/e.md", "/news/2026/e.html")]
    assert [item.path for item in index.items("portal")] == [path for path, _ in index.own_pages("portal")]


def test_neighbours_are_those_of_the_column_by_date_and_path(index, cluster):
    files = dated("a", "2026-01-01") | dated("c", "2026-02-02") | dated("b", "2026-02-02") | dated("d", "2026-03-01")
    files |= dated("notice", "2025-06-01") | dated("future", "2026-12-01") | {f"{NEWS}/broken.md": b"x"}
    settle(index, cluster, files)
    order = {item.slug: paths(index.neighbours(item)) for item in index.items("portal")}
    assert order == {"a": ["", "b"], "b": ["a", "c"], "c": ["b", "d"], "d": ["c", ""], "notice": ["", ""]}


def test_articles_and_pages_of_one_column_are_not_neighbours(index, cluster):
    files = dated("a", "2026-01-01") | {f"content/portal/news/{name}.md": make_page() for name in ("x", "y")}
    settle(index, cluster, files)
    order = {item.slug: paths(index.neighbours(item)) for item in index.items("portal")}
    assert order == {"a": ["", ""], "x": ["", "y"], "y": ["x", ""]}


def test_who_stood_beside_a_place_is_found_after_its_item_has_gone(index, cluster):
    settle(index, cluster, dated("a", "2026-01-01") | dated("c", "2026-03-01"))
    place = ("portal", "news", "2026-02-01T00:00:00+08:00", f"{NEWS}/b.md")
    assert paths(index.beside(*place, dated=True)) == ["a", "c"]
    assert paths(index.beside(*place, dated=False)) == ["", ""]


def test_items_that_name_another_are_found_by_every_form_of_its_name(index, cluster):
    names = ["6f1c", "portal/news/2026/river.md", "/portal/news/2026/river.md", ARTICLE]
    files = {ARTICLE: make_article(id="6f1c")}
    for number, name in enumerate(names, 1):
        files |= dated(f"i{number}", f"2026-02-0{number}", interprets=name)
    files |= dated("t", "2026-02-09", translation_of="6f1c") | dated("later", "2026-12-01", interprets="6f1c")
    tree = Tree(files | dated("other", "2026-02-08", interprets="elsewhere"))
    index.update(tree, cluster, NOW)
    item = index.item(ARTICLE)
    assert item is not None
    assert paths(index.referring(item, "interprets")) == ["i1", "i2", "i3", "i4"]
    assert paths(index.referring(item, "translation_of")) == ["t"]
    index.update(tree, cluster, LATER)
    assert paths(index.referring(item, "interprets")) == ["i1", "i2", "i3", "i4", "later"]


def test_all_items_that_name_another_are_found_by_field(index, cluster):
    files = dated("i", "2026-02-01", interprets="6f1c") | dated("t", "2026-02-02", translation_of="6f1c")
    settle(index, cluster, {ARTICLE: make_article(id="6f1c")} | files)
    named, naming = index.own(ARTICLE), index.own(f"{NEWS}/i.md")
    assert named is not None
    assert naming is not None
    found = index.all_referring(named)
    assert {field: paths(items) for field, items in found.items()} == {"interprets": ["i"], "translation_of": ["t"]}
    assert found == {field: index.referring(named, field) for field in found}
    assert index.all_referring(naming) == {}


def test_items_read_at_once_are_those_read_one_by_one(index, cluster):
    files = dated("i", "2026-02-01", interprets="6f1c") | dated("later", "2027-02-02")
    settle(index, cluster, {ARTICLE: make_article(id="6f1c")} | files)
    named, naming = index.own(ARTICLE), index.own(f"{NEWS}/i.md")
    index.gather(f"{NEWS}/a.md", f"{NEWS}/z.md")
    assert (index.own(ARTICLE), index.own(f"{NEWS}/i.md"), index.own(f"{NEWS}/later.md")) == (named, naming, None)
    assert index.own(ARTICLE) == named
    assert paths(index.all_referring(named)["interprets"]) == ["i"]
    assert index.all_referring(naming) == {}


def test_neighbours_read_at_once_are_those_read_one_by_one(index, cluster):
    days = ("2026-03-01", "2026-01-01", "2026-02-01", "2026-02-01", "2025-07-01", "2027-01-01", "2026-03-01")
    files: dict[str, bytes] = {}
    for name, day in zip("abcdefg", days, strict=True):
        files |= dated(name, day)
    settle(index, cluster, files)
    every = list(index.items("portal"))
    one_by_one = {item.path: index.neighbours(item) for item in every}
    assert any(before and after for before, after in one_by_one.values())
    for first in every:
        for last in every:
            index.gather(first.path, last.path)
            assert {item.path: index.neighbours(item) for item in every} == one_by_one


def test_versions_of_a_law_come_oldest_first(index, cluster):
    files = {
        f"content/portal/news/{year}/law.md": make_article(
            f"第{year}号", f"{year}-05-01", type="statute", law="云泽河条例"
        )
        for year in (2026, 2019, 2030)
    }
    files |= dated("other", "2026-01-01", type="statute", law="另一条例") | dated("none", "2026-01-01")
    settle(index, cluster, files)
    assert [item.date[:4] for item in index.versions("云泽河条例")] == ["2019", "2026"]
    assert index.versions("没有") == []


# ---- lists ----------------------------------------------------------------------------------------------------------


def test_lists_hold_the_columns_items_and_those_of_its_sub_columns(index, cluster):
    files = dated("a", "2026-01-01") | dated("b", "2026-03-01", also=["residents", "english:news"], topic="river")
    settle(index, cluster, files | dated("n", "2025-06-01") | {"content/portal/about/city.md": make_page()})
    lists = ("", "news", "news/notices", "residents", "topic:river")
    assert {name: paths(index.newest("portal", name, 9)) for name in lists} == {
        "": ["b", "a", "n"],
        "news": ["b", "a", "n"],
        "news/notices": ["n"],
        "residents": ["b"],
        "topic:river": ["b"],
    }
    assert paths(index.newest("english", "news", 9)) == ["b"]
    assert paths(index.newest("english", "", 9)) == ["b"]
    assert paths(index.standing("portal", "about")) == paths(index.standing("portal", "")) == ["city"]


def test_a_sites_own_list_leaves_out_what_other_sites_show_there(index, cluster):
    files = dated("a", "2026-01-01", also=["english:news"]) | {"content/english/news/2026/e.md": make_article()}
    settle(index, cluster, files)
    assert paths(index.newest("english", "", 9)) == ["e", "a"]
    assert paths(index.newest("english", "/own", 9)) == ["e"]
    assert paths(index.newest("portal", "/own", 9)) == ["a"]


def test_a_list_is_filled_by_any_shown_item_and_dated_by_a_dated_one(index, cluster):
    files = dated("a", "2026-01-01", also=["english:news"]) | {"content/portal/about/city.md": make_page()}
    settle(index, cluster, files | dated("later", "2026-12-01", also=["residents"]))
    lists = [(site, name) for site in ("portal", "english") for name in ("", "news", "residents", "about", "/own")]
    filled = [one for one in lists if index.is_filled(*one)]
    assert filled == [
        ("portal", ""), ("portal", "news"), ("portal", "about"), ("portal", "/own"), ("english", ""), ("english", "news")
    ]  # fmt: skip
    assert [one for one in filled if not index.is_dated(*one)] == [("portal", "about")]


def test_lists_are_ordered_by_date_and_path_and_cut_into_slices(index, cluster):
    files = dated("b", "2026-01-01") | dated("a", "2026-01-01") | dated("c", "2026-02-01") | dated("n", "2025-01-01")
    settle(index, cluster, files)
    assert paths(index.newest("portal", "news", 2)) == ["c", "b"]
    assert paths(index.newest("portal", "news", 9)) == ["c", "b", "a", "n"]
    assert paths(index.of_period("portal", "news", Period(2026), skip=0, count=2)) == ["a", "b"]
    assert paths(index.of_period("portal", "news", Period(2026), skip=2, count=2)) == ["c"]
    assert index.of_period("portal", "news", Period(2026), skip=3, count=2) == ()
    assert paths(index.of_period("portal", "news", Period(2026, 1), skip=1, count=2)) == ["b"]
    counts = {Period(2025, 1): 1, Period(2026, 1): 2, Period(2026, 2): 1}
    assert index.months("portal", "news") == index.tally("portal", "news") == counts
    assert [*counts] == [*index.months("portal", "news")]
    assert index.months("portal", "residents") == {}


def test_standing_items_are_in_no_year(index, cluster):
    files = dated("a", "2026-01-01") | {f"content/portal/news/{name}.md": make_page() for name in "yx"}
    settle(index, cluster, files)
    assert paths(index.standing("portal", "news")) == ["x", "y"]
    assert paths(index.newest("portal", "news", 9)) == ["a"]
    assert index.months("portal", "news") == {Period(2026, 1): 1}


def test_the_year_begins_at_midnight_in_the_city(index, cluster):
    first, last = dated("first", "2026-01-01T00:00"), {f"{NOTICES}/last.md": make_article("x", "2025-12-31T15:59:59Z")}
    settle(index, cluster, first | last)
    assert index.months("portal", "news") == {Period(2025, 12): 1, Period(2026, 1): 1}
    assert paths(index.of_period("portal", "news", Period(2025, 12), skip=0, count=9)) == ["last"]
    assert paths(index.of_period("portal", "news", Period(2025), skip=0, count=9)) == ["last"]
    assert paths(index.of_period("portal", "news", Period(2026), skip=0, count=9)) == ["first"]


# ---- time -----------------------------------------------------------------------------------------------------------


def test_a_future_item_is_nowhere_and_told_as_scheduled(index, cluster):
    files = dated("future", "2026-12-01T08:00", also=["residents"], redirect_from=["/old"], topic="river", id="x1")
    tree = Tree(files)
    index.update(tree, cluster, NOW)
    told = answers(index, cluster, NOW)
    assert {name for name, answer in told.items() if answer} == {"issues", "next moment"}
    assert index.find("x1") is None
    (issue,) = index.issues(NOW)
    assert (issue.code, issue.path) == ("scheduled", f"{NEWS}/future.md")
    assert "2026-12-01 08:00" in issue.text("en")
    come = index.next_moment(NOW)
    assert come == "2026-12-01T08:00:00+08:00"
    index.update(tree, cluster, come)
    assert paths(index.items("portal")) == paths(index.newest("portal", "residents", 9)) == ["future"]
    assert index.issues(come) == []


def test_an_index_knows_the_moment_it_was_settled_at(index, cluster):
    assert index.now == ""
    for now in (NOW, LATER, NOW):
        settle(index, cluster, {}, now)
        assert index.now == now


def test_an_item_goes_at_the_moment_it_expires(index, cluster):
    tree = Tree(dated("a", "2026-01-01", expires="2026-11-20T09:00"))
    index.update(tree, cluster, "2026-11-20T08:59:59+08:00")
    assert paths(index.items("portal")) == ["a"]
    assert index.next_moment("2026-11-20T08:59:59+08:00") == NOW
    index.update(tree, cluster, NOW)
    assert paths(index.items("portal")) == []
    assert index.next_moment(NOW) == ""


def test_the_next_moment_is_the_first_of_all_dates_and_expiries(index, cluster):
    files = dated("a", "2026-01-01", expires="2026-12-24") | dated("b", "2026-12-03") | dated("c", "2026-12-02")
    settle(index, cluster, files)
    moments = []
    now = NOW
    while now := index.next_moment(now):
        moments.append(now[:10])
    assert moments == ["2026-12-02", "2026-12-03", "2026-12-24"]


# ---- files, redirects, bodies ---------------------------------------------------------------------------------------


def test_regular_files_are_known_with_their_blob(index, cluster):
    settle(index, cluster, {f"{NEWS}/a.png": b"\x89PNG"})
    assert index.file(f"{NEWS}/a.png") == Entry(f"{NEWS}/a.png", blob_id(b"\x89PNG"))
    assert index.file(f"{NEWS}/b.png") is None


def test_redirects_of_shown_items_come_by_old_path(index, cluster):
    files = dated("b", "2026-01-01", redirect_from=["/a/", "/0.html", "/a/"]) | dated(
        "a", "2026-01-02", redirect_from=["/a/"]
    )
    tree = Tree(files | dated("c", "2026-12-01", redirect_from=["/c"]))
    index.update(tree, cluster, NOW)
    assert index.redirects("portal") == [
        ("/0.html", f"{NEWS}/b.md", "/news/2026/b.html"),
        ("/a/", f"{NEWS}/a.md", "/news/2026/a.html"),
        ("/a/", f"{NEWS}/b.md", "/news/2026/b.html"),
    ]
    assert index.redirects("english") == []
    assert paths([index.redirected("portal", "/a/"), index.redirected("portal", "/c")]) == ["a", ""]
    assert index.redirected("english", "/a/") is None
    index.update(tree, cluster, LATER)
    assert paths([index.redirected("portal", "/c")]) == ["c"]


def test_rendered_bodies_are_kept_for_a_blob_under_its_latest_settings(index):
    assert index.body("blob", "old") is None
    index.keep_bodies({("blob", "old"): "<p>一</p>"})
    index.keep_bodies({("other", "old"): "<p>二</p>"})
    index.keep_bodies({("blob", "new"): "<p>三</p>"})
    index.keep_bodies({("blob", "new"): "<p>四</p>"})
    assert index.body("blob", "new") == "<p>四</p>"
    assert index.body("blob", "old") is None
    assert index.body("other", "old") == "<p>二</p>"


def test_bodies_that_are_not_kept_are_told_with_their_blobs(index, cluster):
    settle(index, cluster, dated("a", "2026-01-01", body="一。") | dated("b", "2026-01-02"))
    kept, other = index.items("portal")
    index.keep_bodies({(kept.blob, "s"): "kept"})
    assert list(index.unkept([kept.path, other.path, "content/portal/news/2026/none.md"])) == [(other.path, other.blob)]


# ---- the journal ----------------------------------------------------------------------------------------------------


def file_touch(name):
    return Touch("key", name=f"file:{NEWS}/{name}.png")


def pictures(*names):
    return {f"{NEWS}/{name}.png": name.encode() for name in names}


def test_the_journal_is_read_from_a_line_on_and_tells_each_touch_once(index, cluster):
    tree = Tree({})
    index.update(tree, cluster, NOW)
    first = index.last_touch()
    for names in ("a", "ab", "b"):
        tree = Tree(pictures(*names), tree)
        index.update(tree, cluster, NOW)
    assert index.touches(first) == [file_touch("a"), file_touch("b")]
    assert index.touches(first + 2) == [file_touch("a")]
    assert index.touches(index.last_touch()) == []


def test_the_journal_forgets_what_every_site_has_followed(index, cluster):
    tree = Tree({})
    index.update(tree, cluster, NOW)
    start = index.last_touch()
    for site in ("portal", "english"):
        index.site_outputs(site).finish(start, "", "{}", "")
    for names in ("a", "ab"):
        tree = Tree(pictures(*names), tree)
        index.update(tree, cluster, NOW)
        if names == "a":
            index.site_outputs("portal").finish(index.last_touch(), "", "{}", "")
    index.forget_touches()
    assert index.touches(0) == [file_touch("a"), file_touch("b")]
    index.site_outputs("english").finish(index.last_touch(), "", "{}", "")
    index.forget_touches()
    assert index.touches(0) == [file_touch("b")]
    index.site_outputs("portal").finish(index.last_touch(), "", "{}", "")
    last = index.last_touch()
    index.forget_touches()
    assert (index.touches(0), index.last_touch()) == ([], last)


def test_a_site_that_starts_from_the_beginning_needs_no_journal(index, cluster):
    tree = Tree({})
    index.update(tree, cluster, NOW)
    index.site_outputs("english").finish(NOT_BUILT, "", "{}", "")
    index.update(Tree(pictures("a"), tree), cluster, NOW)
    index.site_outputs("portal").finish(index.last_touch(), "", "{}", "")
    index.forget_touches()
    assert index.touches(0) == []


def test_large_files_that_come_or_go_are_told_once(index):
    def told(*names):
        last = index.last_touch()
        index.note_media(list(names))
        return [touch.name for touch in index.touches(last)]

    assert told("a", "b") == ["media:a", "media:b"]
    assert told("a", "b") == []
    assert told("b", "c") == ["media:a", "media:c"]
    assert told() == ["media:b", "media:c"]


def test_what_fails_in_a_transaction_leaves_everything_as_it_was(index):
    def fail() -> None:
        with index.writing():
            index.note_media(["a"])
            index.keep_bodies({("blob", "s"): "kept"})
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (index.last_touch(), index.body("blob", "s")) == (0, None)
    with index.writing():
        index.note_media(["a"])
    assert index.touches(0) == [Touch("key", name="media:a")]
