"""Output in the index: after any builds it is the manifest of what they made, and its root is that manifest's."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.index import Finding, Made, PageKey, Period, Reads, Touch
from cluster.index.outputs import Built, Outputs, Removed, SiteOutputs
from cluster.index.reads import HIGHEST, LOWEST, Span
from cluster.index.schema import connect
from cluster.index.settle import NOT_BUILT
from cluster.manifest import Entry, Manifest
from tests.builders import NOW, make_article
from tests.cluster.trees import LATER, NEWS, Tree, dated

SITES = ("congress", "english", "portal")
PATHS = (
    "index.html",
    "_redirects",
    "news/index.html",
    "news/2026/a.html",
    "news/2026/b.html",
    "news/2026/files/deep/plan.pdf",
    "leave/0a.html",
    "news.html",
)
ASSETS = ("assets/site.css", "assets/logo.svg", "assets/fonts/song.woff2")


def entry(text: str) -> Entry:
    """Hashes that follow from some words; half of them have a brotli sibling."""
    sha = hashlib.sha256(text.encode()).hexdigest()
    return Entry(sha, sha[::-1] if int(sha, 16) % 2 else None, len(text))


def page(path: str, kind: str = "page", subject: str = "", text: str = "", **notes: Any) -> Made:
    return Made(PageKey(path, kind, subject), entry(text or path), **notes)


def finish(outputs: SiteOutputs, touch: int = 0) -> SiteOutputs:
    outputs.finish(touch, "recipe", "{}", "frame")
    return outputs


# ---- any sequence of builds -----------------------------------------------------------------------------------------

KEPT = st.tuples(st.sampled_from(PATHS), st.sampled_from("甲乙丙")) | st.tuples(st.sampled_from(ASSETS), st.just("一"))
REMOVED = st.tuples(st.sampled_from([*PATHS, *ASSETS]), st.none())
# The files that one build of a site keeps or (with no words) removes; nothing when the site is no more.
BUILD = st.tuples(st.sampled_from(SITES), st.none() | st.lists(KEPT | KEPT | REMOVED, max_size=8))


def is_asset(path: str) -> bool:
    return Manifest.site_of(path) == "assets"


def is_counted(path: str) -> bool:
    """Whether a path of the manifest is a page whose loss somebody may miss."""
    return path.endswith(".html") and "/leave/" not in path and not is_asset(path)


class Told:
    """What the output must be after some builds, told by a dictionary of each site's files."""

    def __init__(self) -> None:
        self.sites: dict[str, dict[str, Entry]] = {}

    @property
    def manifest(self) -> Manifest:
        files = [(site, path, one) for site, files in self.sites.items() for path, one in files.items()]
        return Manifest.of({path if is_asset(path) else f"{site}/{path}": one for site, path, one in files})

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """How many files, and how many HTML files, each site has."""
        return {
            site: (len(files), sum(1 for path in files if path.endswith(".html"))) for site, files in self.sites.items()
        }


def build(outputs: Outputs, db: Any, told: Told, site: str, steps: list[tuple[str, str | None]] | None) -> None:
    """One build of a site as `publish.build` commits it, done and told."""
    if steps is None:
        outputs.forget_site(site)
        told.sites.pop(site, None)
        return
    made, files = SiteOutputs(db, site), told.sites.setdefault(site, {})
    for path, words in steps:
        if words is None:
            made.remove([path])
            files.pop(path, None)
        else:
            made.keep(page(path, "leave" if path.startswith("leave/") else "page", text=path + words))
            files[path] = entry(path + words)
    finish(made)


@given(st.lists(BUILD, max_size=8))
def test_after_any_builds_the_output_and_its_root_are_those_of_what_they_made(builds):
    db, told = connect(None), Told()
    outputs = Outputs(db)
    for one in builds:
        build(outputs, db, told, *one)
        assert outputs.manifest() == told.manifest
        assert outputs.root() == told.manifest.root()
        assert {key: (one.files, one.pages) for key, one in outputs.built().items()} == told.counts
    directories = {(row["parent"], row["name"]) for row in db.execute("SELECT * FROM directory")}
    assert len(directories) == len(told.manifest.directory_ids()) - (not told.manifest.entries)
    db.close()


@given(st.lists(BUILD, max_size=8), st.sets(st.integers(0, 8)))
def test_what_went_since_the_last_release_is_what_the_two_manifests_differ_by(builds, releases):
    db, told = connect(None), Told()
    outputs, older = Outputs(db), None
    for number, one in enumerate(builds):
        if number in releases:
            outputs.mark_released(outputs.root())
            older = told.manifest
        build(outputs, db, told, *one)
    found = outputs.removed_since_release()
    if found is None or older is None:
        assert found is older is None
    else:
        gone = told.manifest.compare(older).removed
        assert tuple(path for path in found.gone if not is_asset(path)) == tuple(p for p in gone if not is_asset(p))
        pages = Counter(Manifest.site_of(path) for path in older if is_counted(path))
        assert +Counter(found.pages) == pages
    db.close()


# ---- one build of a site --------------------------------------------------------------------------------------------


@pytest.fixture
def portal(index):
    return index.site_outputs("portal")


def again(index) -> SiteOutputs:
    return index.site_outputs("portal")


def test_what_is_kept_is_found_by_its_path(portal):
    key = PageKey("news/2026/list-11-3.html", "list", "news", 2026, 11, 3)
    portal.keep(Made(key, entry("list")))
    portal.keep(page("index.html", "home"))
    assert portal.key("news/2026/list-11-3.html") == key
    assert portal.entry("news/2026/list-11-3.html") == entry("list")
    assert key.period == Period(2026, 11)
    assert portal.key("index.html") == PageKey("index.html", "home")
    for path in ("news/2026/", "list-11-3.html", "news/2026/list-11-3", ""):
        assert portal.key(path) is portal.entry(path) is None


def test_the_files_of_one_site_are_not_anothers(index, portal):
    portal.keep(page("index.html", "home", text="portal"))
    english = index.site_outputs("english")
    english.keep(page("index.html", "home", text="english"))
    english.keep(page("about.html", "column", "about"))
    assert portal.entry("index.html") == entry("portal")
    assert portal.key("about.html") is None
    assert portal.count_by_period("column", "about") == {}
    assert portal.keys("home", "column").keys() == {"index.html"}
    portal.remove(["about.html", "index.html"])
    assert english.keys("home", "column").keys() == {"index.html", "about.html"}


def test_files_are_found_by_kind_and_by_what_they_show_but_articles_are_too_many(portal):
    portal.keep(page("index.html", "home"))
    portal.keep(page("news/index.html", "column", "news"))
    portal.keep(page("news/2026/list-1.html", "list", "news"))
    portal.keep(page("about/2026/list-1.html", "list", "about"))
    portal.keep(page("news/2026/a.html", "article", f"{NEWS}/a.md"))
    assert portal.keys("list", "home", "article").keys() == {
        "index.html", "news/2026/list-1.html", "about/2026/list-1.html"
    }  # fmt: skip
    assert portal.keys() == {}
    assert portal.count_by_period("article", f"{NEWS}/a.md") == {}


def test_the_files_of_a_list_are_counted_by_period(portal):
    for year, month, number in ((2025, 0, 1), (2026, 1, 1), (2026, 1, 2), (2026, 2, 1)):
        for name in ("news", "about"):
            path = f"{name}/{year}/list-{Period(year, month).part(number)}.html"
            portal.keep(Made(PageKey(path, "list", name, year, month, number), entry("x")))
    assert portal.count_by_period("list", "news") == {Period(2025): 1, Period(2026, 1): 2, Period(2026, 2): 1}


def test_a_build_tells_what_it_wrote_and_removed_and_counts_files_and_pages(index, portal):
    for path in ("index.html", "news/index.html", "feed.xml"):
        portal.keep(page(path))
    finish(portal, 7)
    assert (portal.written, portal.removed) == ({"index.html", "news/index.html", "feed.xml"}, set())
    assert index.outputs.built() == {"portal": Built(7, "recipe", "{}", "frame", 3, 2)}
    second = again(index)
    second.keep(page("index.html"))
    second.keep(page("feed.xml", text="other"))
    second.keep(page("about.html"))
    second.remove(["news/index.html", "never/there.html"])
    second.finish(9, "other recipe", '{"home": "1"}', "other frame")
    assert (second.written, second.removed) == ({"feed.xml", "about.html"}, {"news/index.html"})
    assert index.outputs.built() == {"portal": Built(9, "other recipe", '{"home": "1"}', "other frame", 3, 2)}


def test_a_build_that_changes_nothing_writes_nothing(index, portal):
    reads, findings = Reads({"k"}, {Span("portal", "", HIGHEST, LOWEST, LOWEST)}), (Finding("leave", "https://x"),)
    portal.keep(page("index.html", reads=reads, findings=findings))
    finish(portal)
    root, second = index.outputs.root(), again(index)
    second.keep(page("index.html", reads=reads, findings=findings))
    finish(second)
    assert (second.written, second.removed, second.added) == (set(), set(), 0)
    assert index.outputs.root() == root
    assert second.readers("k").keys() == {"index.html"}


def test_a_file_that_shows_something_else_with_the_same_bytes_is_not_written(index, portal):
    portal.keep(page("news/a.html", "article", "content/old.md", text="same"))
    second = again(index)
    second.keep(page("news/a.html", "article", "content/new.md", text="same"))
    assert second.written == set()
    assert second.key("news/a.html") == PageKey("news/a.html", "article", "content/new.md")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(entry("a")._replace(brotli="f" * 64), id="another brotli sibling"),
        pytest.param(entry("a")._replace(brotli=None), id="no brotli sibling"),
        pytest.param(entry("a")._replace(raw="f" * 64), id="other bytes"),
        pytest.param(entry("a")._replace(size=9), id="another size"),
    ],
)
def test_a_file_whose_hashes_differ_is_written_and_changes_the_root(index, portal, other):
    first = Entry("a" * 64, "b" * 64, 1) if other.brotli is None else entry("a")._replace(brotli=None)
    portal.keep(Made(PageKey("a.txt", "file"), first))
    finish(portal)
    root, second = index.outputs.root(), again(index)
    second.keep(Made(PageKey("a.txt", "file"), other))
    finish(second)
    assert second.written == {"a.txt"}
    assert index.outputs.root() != root
    assert index.outputs.manifest()["portal/a.txt"] == other


def test_a_build_that_is_broken_off_leaves_files_root_and_count(index, portal):
    with index.writing():
        portal.keep(page("index.html"))
        finish(portal, 3)
    before = index.outputs.manifest(), index.outputs.root(), index.outputs.built()

    def fail() -> None:
        with index.writing():
            second = again(index)
            second.keep(page("index.html", text="other"))
            second.keep(page("news/index.html"))
            second.settle_directories()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (index.outputs.manifest(), index.outputs.root(), index.outputs.built()) == before


def test_starting_anew_keeps_the_files_and_forgets_how_far_each_site_has_come(index, portal):
    portal.keep(page("index.html"))
    finish(portal, 3)
    index.outputs.start_anew()
    assert index.outputs.built()["portal"].touch == NOT_BUILT
    assert list(index.outputs.manifest()) == ["portal/index.html"]


def test_what_is_known_of_a_file_is_what_the_last_build_left(index, portal):
    portal.keep(page("index.html", text="first"))
    finish(portal)
    second = again(index)
    assert second.known("index.html", "about.html", "news/index.html") == {"index.html": entry("first")}
    assert index.site_outputs("english").known("index.html") == {}


def test_a_new_site_may_keep_a_file_twice(index, portal):
    for text in ("first", "second"):
        portal.keep(page("index.html", text=text))
    portal.remove(["index.html"])
    portal.keep(page("index.html", text="third"))
    finish(portal)
    assert portal.entry("index.html") == entry("third")
    assert index.outputs.manifest() == Manifest.of({"portal/index.html": entry("third")})
    assert index.outputs.built()["portal"].files == 1


def test_the_next_moment_is_remembered(index):
    assert index.outputs.next_moment == ""
    for moment in (NOW, ""):
        index.outputs.remember_next_moment(moment)
        assert index.outputs.next_moment == moment


# ---- sites that share files, and sites that go ----------------------------------------------------------------------


def test_a_shared_file_goes_with_the_last_site_that_has_it(index):
    for site in ("portal", "english"):
        outputs = index.site_outputs(site)
        outputs.keep(page("assets/site.css", "asset"))
        finish(outputs)
    assert list(index.outputs.manifest()) == ["assets/site.css"]
    first = index.site_outputs("portal")
    first.remove(["assets/site.css"])
    finish(first)
    assert list(index.outputs.manifest()) == ["assets/site.css"]
    assert index.outputs.forget_site("english") == (set(), {"assets/site.css"})
    assert list(index.outputs.manifest()) == []
    assert index.outputs.root() == Manifest.of({}).root()


def test_a_site_that_is_no_more_leaves_nothing_behind(index, portal):
    english = index.site_outputs("english")
    english.keep(page("index.html"))
    finish(english)
    alone = index.outputs.root()
    reads = Reads({"k"}, {Span("portal", "", HIGHEST, LOWEST, LOWEST)})
    portal.keep(page("index.html", reads=reads, findings=(Finding("issue", "", "{}"),)))
    portal.keep(page("news/2026/a.html", "article", f"{NEWS}/a.md"))
    finish(portal)
    assert index.outputs.forget_site("portal") == (set(), {"index.html", "news/2026/a.html"})
    assert index.outputs.root() == alone
    assert index.outputs.built().keys() == {"english"}
    assert list(index.outputs.issues()) == []
    assert again(index).readers("k") == {}
    assert again(index).spanning(Touch("move", "portal", "", "2026-01-01", "x")) == {}


def test_forgetting_a_site_that_never_was_changes_nothing(index, portal):
    portal.keep(page("index.html"))
    finish(portal)
    root = index.outputs.root()
    assert index.outputs.forget_site("congress") == (set(), set())
    assert index.outputs.root() == root


# ---- what a release had ---------------------------------------------------------------------------------------------


def test_without_a_release_nothing_is_known_to_have_gone(index, portal):
    portal.keep(page("index.html"))
    portal.remove(["index.html"])
    finish(portal)
    assert index.outputs.removed_since_release() is None


def test_a_release_of_another_tree_is_not_taken_for_this_one(index, portal):
    portal.keep(page("index.html"))
    finish(portal)
    index.outputs.mark_released("0" * 64)
    assert index.outputs.removed_since_release() is None


def test_when_another_tree_is_live_nothing_is_known_to_have_gone(index, portal):
    portal.keep(page("index.html"))
    finish(portal)
    index.outputs.mark_released(index.outputs.root())
    index.outputs.mark_released("0" * 64)
    second = again(index)
    second.remove(["index.html"])
    finish(second)
    assert index.outputs.removed_since_release() is None


def test_what_went_and_came_back_has_not_gone(index, portal):
    for path in ("index.html", "a.html", "b.html"):
        portal.keep(page(path))
    finish(portal)
    index.outputs.mark_released(index.outputs.root())
    second = again(index)
    second.remove(["a.html", "b.html"])
    second.keep(page("c.html"))
    finish(second)
    removed = index.outputs.removed_since_release()
    assert removed == Removed({"portal": 3}, ("portal/a.html", "portal/b.html"))
    third = again(index)
    third.keep(page("a.html"))
    third.remove(["c.html"])
    finish(third)
    assert index.outputs.removed_since_release() == Removed({"portal": 3}, ("portal/b.html",))
    index.outputs.mark_released(index.outputs.root())
    assert index.outputs.removed_since_release() == Removed({"portal": 2}, ())


# ---- what pages read and noted --------------------------------------------------------------------------------------


def test_the_readers_of_a_key_are_those_of_the_latest_build(index, portal):
    portal.keep(page("a.html", reads=Reads({"k", "l"})))
    portal.keep(page("b.html", "column", "news", reads=Reads({"k"})))
    index.site_outputs("english").keep(page("c.html", reads=Reads({"k"})))
    assert portal.readers("k") == {"a.html": PageKey("a.html", "page"), "b.html": PageKey("b.html", "column", "news")}
    portal.keep(page("a.html", reads=Reads({"m"})))
    assert portal.readers("k").keys() == {"b.html"}
    assert portal.readers("m").keys() == {"a.html"}
    portal.remove(["b.html"])
    assert portal.readers("k") == {}


@pytest.mark.parametrize(
    ("kind", "site", "name", "date", "is_met"),
    [
        pytest.param("move", "portal", "news", "2026-03-01", True, id="something comes into the slice"),
        pytest.param("edit", "portal", "news", "2026-03-01", True, id="something in the slice looks different"),
        pytest.param("move", "portal", "news", "2026-01-15", True, id="something comes before and moves the slice"),
        pytest.param("edit", "portal", "news", "2026-01-15", False, id="something before the slice looks different"),
        pytest.param("move", "portal", "news", "2025-12-31", False, id="something comes in an earlier year"),
        pytest.param("move", "portal", "news", "2026-05-01", False, id="something comes after the slice"),
        pytest.param("move", "portal", "about", "2026-03-01", False, id="another list"),
        pytest.param("move", "english", "news", "2026-03-01", False, id="another site's list"),
    ],
)
def test_a_slice_is_met_by_what_changes_it(portal, kind, site, name, date, is_met):
    span = Span("portal", "news", "2026-04-01 x", "2026", "2026-02-01 a")
    portal.keep(page("news/2026/list-1.html", "list", "news", reads=Reads(set(), {span})))
    met = portal.spanning(Touch(kind, site, name, date, "m"))
    assert met == ({"news/2026/list-1.html": PageKey("news/2026/list-1.html", "list", "news")} if is_met else {})


@pytest.mark.parametrize("kind", ["move", "edit"])
@pytest.mark.parametrize("at", [("2026-04-01", "x"), ("2026-02-01", "a")])
def test_the_first_and_the_last_of_a_slice_belong_to_it(portal, kind, at):
    span = Span("portal", "news", "2026-04-01 x", "2026-02-01 a", "2026-02-01 a")
    portal.keep(page("a.html", reads=Reads(set(), {span})))
    assert portal.spanning(Touch(kind, "portal", "news", *at)).keys() == {"a.html"}


def test_what_pages_begin_or_cease_to_need_is_loose(index, portal):
    plan, map_ = Finding("file", "files/plan.pdf", "1"), Finding("file", "files/map.png", "2")
    away, issue = Finding("leave", "https://example.org/"), Finding("issue", "", "{}")
    portal.keep(page("a.html", findings=(plan, away, issue)))
    portal.keep(page("b.html", findings=(plan,)))
    assert portal.loose == {("file", "files/plan.pdf"), ("leave", "https://example.org/")}
    second = again(index)
    assert second.loose == set()
    second.keep(page("a.html", findings=(map_,)))
    assert second.loose == {("file", "files/plan.pdf"), ("leave", "https://example.org/"), ("file", "files/map.png")}
    third = again(index)
    third.remove(["b.html"])
    assert third.loose == {("file", "files/plan.pdf")}


def test_a_file_is_needed_as_long_as_some_page_of_the_site_needs_it(index, portal):
    portal.keep(page("a.html", findings=(Finding("file", "f.pdf", "1"), Finding("leave", "https://x"))))
    portal.keep(page("b.html", findings=(Finding("file", "f.pdf", "1"),)))
    index.site_outputs("english").keep(page("c.html", findings=(Finding("file", "f.pdf", "0"),)))
    assert portal.needed("file", "f.pdf") == "1"
    assert portal.needed("leave", "https://x") == ""
    assert portal.needed("leave", "f.pdf") is None
    portal.remove(["b.html"])
    assert portal.needed("file", "f.pdf") == "1"
    portal.keep(page("a.html"))
    assert portal.needed("file", "f.pdf") is portal.needed("leave", "https://x") is None


def test_the_issues_of_pages_go_with_them(index, portal):
    portal.keep(page("a.html", findings=(Finding("issue", "", "one"), Finding("leave", "https://x"))))
    index.site_outputs("english").keep(page("b.html", findings=(Finding("issue", "", "two"),)))
    assert sorted(index.outputs.issues()) == ["one", "two"]
    portal.keep(page("a.html"))
    assert sorted(index.outputs.issues()) == ["two"]


# ---- items that go --------------------------------------------------------------------------------------------------


def test_the_pages_of_items_that_are_shown_no_more_are_told(index, cluster, portal):
    tree = Tree(dated("a", "2026-01-01", expires="2026-12-01") | dated("b", "2026-01-02") | dated("c", "2026-01-03"))
    index.update(tree, cluster, NOW)
    for name in "abc":
        portal.keep(page(f"news/2026/{name}.html", "article", f"{NEWS}/{name}.md"))
    portal.keep(page("index.html", "home"))
    portal.keep(page("news/index.html", "column", "news"))
    assert portal.articles_without_item() == []
    tree = tree.edited({f"{NEWS}/b.md": None, f"{NEWS}/d.md": make_article(date="2026-01-04")})
    index.update(tree, cluster, LATER)
    assert sorted(portal.articles_without_item()) == ["news/2026/a.html", "news/2026/b.html"]
    assert index.site_outputs("english").articles_without_item() == []
    index.update(tree, cluster, NOW)
    assert portal.articles_without_item() == ["news/2026/b.html"]
