"""The index: answers are a function of the tree and of now; an update by difference equals an index made afresh."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.errors import BusyError
from cluster.gitstore import GitSource
from cluster.index import Index, IndexedItem, Updated, update_index
from cluster.index.ingest import dump_issue, parse_issue
from cluster.index.schema import FORMAT, connect
from cluster.issues import Issue
from cluster.limits import LIMITS
from cluster.site import Cluster
from cluster.source import Entry, FolderSource, blob_id
from tests.builders import (
    ARTICLE,
    NOW,
    REPOSITORY,
    commit_files,
    commit_link,
    make_article,
    make_cluster,
    make_cluster_files,
    make_page,
    make_site,
    make_store,
    write_tree,
)

NEWS = "content/portal/news/2026"
NOTICES = "content/portal/news/notices/2025"
LATER = "2027-06-01T00:00:00+08:00"
MOMENTS = ("2026-01-01T00:00:00+08:00", NOW, LATER)


class Tree:
    """A source in memory; it can tell the difference to every earlier tree that it was made from."""

    def __init__(self, files: Mapping[str, bytes], earlier: Tree | None = None) -> None:
        self.files = dict(files)
        self._known = {**(earlier._known if earlier else {}), self.revision: self.files}

    @property
    def revision(self) -> str:
        listing = "\n".join(f"{path} {blob_id(data)}" for path, data in sorted(self.files.items()))
        return blob_id(listing.encode())

    def entries(self) -> Iterable[Entry]:
        return [Entry(path, blob_id(data)) for path, data in sorted(self.files.items())]

    def changes_since(self, revision: str) -> Iterable[Entry] | None:
        if (before := self._known.get(revision)) is None:
            return None
        gone = [Entry(path, "", "000000") for path in before.keys() - self.files.keys()]
        changed = [entry for entry in self.entries() if before.get(entry.path) != self.files[entry.path]]
        return gone + changed

    def read(self, entry: Entry) -> bytes:
        return self.files[entry.path]

    def size(self, entry: Entry) -> int:
        return len(self.files[entry.path])


@pytest.fixture
def index() -> Iterator[Index]:
    made = Index(None)
    yield made
    made.close()


def fill(index: Index, cluster: Cluster, files: Mapping[str, bytes]) -> Index:
    index.update(Tree(files), cluster)
    return index


def paths(items: Iterable[IndexedItem | None]) -> list[str]:
    return [item.path.rpartition("/")[2].removesuffix(".md") if item else "" for item in items]


def shown(index: Index, now: str) -> dict[str, int]:
    """How many items the portal shows, nothing for none."""
    count = sum(1 for _ in index.items("portal", now))
    return {"portal": count} if count else {}


def dated(name: str, date: str, **fields: Any) -> dict[str, bytes]:
    return {f"{NEWS if date.startswith('2026') else NOTICES}/{name}.md": make_article(name, date, **fields)}


def answers(index: Index, cluster: Cluster) -> dict[str, Any]:
    """What the index says to every question, at several moments."""
    told: dict[str, Any] = {}
    for now in MOMENTS:
        told[f"issues {now}"] = index.issues(now)
        told[f"next {now}"] = index.next_moment(now)
        told[f"shown {now}"] = shown(index, now)
        for site in cluster.sites.values():
            told |= {f"{site.key} {now} {name}": answer for name, answer in site_answers(index, site.key, now)}
    return told


def site_answers(index: Index, site: str, now: str) -> Iterator[tuple[str, Any]]:
    shown = list(index.items(site, now))
    yield "items", shown
    yield "redirects", index.redirects(site, now)
    yield "filled", index.filled_lists(site, now)
    for name in ("", "news", "news/notices", "residents", "about", "topic:river"):
        yield f"newest {name}", index.newest(site, name, now, 100)
        yield f"standing {name}", index.standing(site, name, now)
        yield f"years {name}", index.years(site, name, now)
        yield f"of {name}", [index.of_year(site, name, year, now, skip=0, count=9) for year in (2025, 2026, 2027)]
    for item in shown:
        yield f"around {item.path}", index.neighbours(item, now)
        yield f"named {item.path}", [index.referring(item, field, now) for field in ("interprets", "translation_of")]
        yield f"found {item.path}", [index.find(item.id, now), index.at(site, item.url, now), index.file(item.path)]


# ---- single items ---------------------------------------------------------------------------------------------------


def test_an_item_is_found_by_path_id_and_address(index, cluster):
    fill(index, cluster, {ARTICLE: make_article(id="6f1c2a9e0b7d4c35", keywords=["no"])})
    item = index.item(ARTICLE, NOW)
    assert item is not None
    assert item.fields["keywords"] == ["no"]
    assert (item.site, item.column, item.year, item.slug) == ("portal", "news", 2026, "river")
    assert item.blob == blob_id(make_article(id="6f1c2a9e0b7d4c35", keywords=["no"]))
    for reference in ("6f1c2a9e0b7d4c35", "portal/news/2026/river.md", "/portal/news/2026/river.md", ARTICLE):
        assert index.find(reference, NOW) == item
    assert index.at("portal", "/news/2026/river.html", NOW) == item


@pytest.mark.parametrize(
    "reference", ["", "/", "nothing", "portal/news/2026/other.md", "../river.md", "%", "' OR 1=1 --"]
)
def test_what_names_no_item_finds_none(index, cluster, reference):
    fill(index, cluster, {ARTICLE: make_article()})
    assert index.find(reference, NOW) is None
    assert index.at("portal", reference, NOW) is None


def test_feeds_tell_the_update_else_the_date(index, cluster):
    fill(index, cluster, dated("a", "2026-01-01", updated="2026-02-01") | dated("b", "2026-01-02"))
    assert [item.modified[:10] for item in index.items("portal", NOW)] == ["2026-02-01", "2026-01-02"]


def test_neighbours_are_those_of_the_column_by_date_and_path(index, cluster):
    files = dated("a", "2026-01-01") | dated("c", "2026-02-02") | dated("b", "2026-02-02") | dated("d", "2026-03-01")
    files |= dated("notice", "2025-06-01") | dated("future", "2026-12-01") | {f"{NEWS}/broken.md": b"x"}
    fill(index, cluster, files)
    order = {item.slug: paths(index.neighbours(item, NOW)) for item in index.items("portal", NOW)}
    assert order == {"a": ["", "b"], "b": ["a", "c"], "c": ["b", "d"], "d": ["c", ""], "notice": ["", ""]}


def test_articles_and_pages_of_one_column_are_not_neighbours(index, cluster):
    files = dated("a", "2026-01-01") | {f"content/portal/news/{name}.md": make_page() for name in ("x", "y")}
    fill(index, cluster, files)
    order = {item.slug: paths(index.neighbours(item, NOW)) for item in index.items("portal", NOW)}
    assert order == {"a": ["", ""], "x": ["", "y"], "y": ["x", ""]}


def test_items_that_name_another_are_found_by_every_form_of_its_name(index, cluster):
    names = ["6f1c", "portal/news/2026/river.md", "/portal/news/2026/river.md", ARTICLE]
    files = {ARTICLE: make_article(id="6f1c")}
    for number, name in enumerate(names, 1):
        files |= dated(f"i{number}", f"2026-02-0{number}", interprets=name)
    files |= dated("t", "2026-02-09", translation_of="6f1c") | dated("later", "2026-12-01", interprets="6f1c")
    fill(index, cluster, files | dated("other", "2026-02-08", interprets="elsewhere"))
    item = index.item(ARTICLE, NOW)
    assert item is not None
    assert paths(index.referring(item, "interprets", NOW)) == ["i1", "i2", "i3", "i4"]
    assert paths(index.referring(item, "translation_of", NOW)) == ["t"]
    assert paths(index.referring(item, "interprets", LATER)) == ["i1", "i2", "i3", "i4", "later"]


def test_versions_of_a_law_come_oldest_first(index, cluster):
    files = {
        f"content/portal/news/{year}/law.md": make_article(
            f"第{year}号", f"{year}-05-01", type="statute", law="云泽河条例"
        )
        for year in (2026, 2019, 2030)
    }
    files |= dated("other", "2026-01-01", type="statute", law="另一条例") | dated("none", "2026-01-01")
    fill(index, cluster, files)
    assert [item.date[:4] for item in index.versions("云泽河条例", NOW)] == ["2019", "2026"]
    assert index.versions("没有", NOW) == []


# ---- lists ----------------------------------------------------------------------------------------------------------


def test_lists_hold_the_columns_items_and_those_of_its_sub_columns(index, cluster):
    files = dated("a", "2026-01-01") | dated("b", "2026-03-01", also=["residents", "english:news"], topic="river")
    fill(index, cluster, files | dated("n", "2025-06-01") | {"content/portal/about/city.md": make_page()})
    lists = ("", "news", "news/notices", "residents", "topic:river")
    assert {name: paths(index.newest("portal", name, NOW, 9)) for name in lists} == {
        "": ["b", "a", "n"],
        "news": ["b", "a", "n"],
        "news/notices": ["n"],
        "residents": ["b"],
        "topic:river": ["b"],
    }
    assert paths(index.newest("english", "news", NOW, 9)) == ["b"]
    assert paths(index.newest("english", "", NOW, 9)) == ["b"]
    assert paths(index.standing("portal", "about", NOW)) == paths(index.standing("portal", "", NOW)) == ["city"]
    assert index.filled_lists("portal", NOW) == {"", "news", "news/notices", "residents", "about", "topic:river"}
    assert index.filled_lists("english", NOW) == {"", "news"}
    assert shown(index, NOW) == {"portal": 4}


def test_lists_are_ordered_by_date_and_path_and_cut_into_slices(index, cluster):
    files = dated("b", "2026-01-01") | dated("a", "2026-01-01") | dated("c", "2026-02-01") | dated("n", "2025-01-01")
    fill(index, cluster, files)
    assert paths(index.newest("portal", "news", NOW, 2)) == ["c", "b"]
    assert paths(index.newest("portal", "news", NOW, 2, skip=2)) == ["a", "n"]
    assert paths(index.of_year("portal", "news", 2026, NOW, skip=0, count=2)) == ["a", "b"]
    assert paths(index.of_year("portal", "news", 2026, NOW, skip=2, count=2)) == ["c"]
    assert index.years("portal", "news", NOW) == {2025: 1, 2026: 3}
    assert index.years("portal", "residents", NOW) == {}


def test_the_year_begins_at_midnight_in_the_city(index, cluster):
    fill(
        index,
        cluster,
        dated("first", "2026-01-01T00:00") | {f"{NOTICES}/last.md": make_article("x", "2025-12-31T15:59:59Z")},
    )
    assert index.years("portal", "news", NOW) == {2025: 1, 2026: 1}


# ---- time -----------------------------------------------------------------------------------------------------------


def test_a_future_item_is_nowhere_and_told_as_scheduled(index, cluster):
    files = dated("future", "2026-12-01T08:00", also=["residents"], redirect_from=["/old"], topic="river", id="x1")
    fill(index, cluster, files)
    assert not any(answer for name, answer in site_answers(index, "portal", NOW) if not name.startswith("of"))
    assert index.find("x1", NOW) is None
    assert shown(index, NOW) == {}
    (issue,) = index.issues(NOW)
    assert (issue.code, issue.path) == ("scheduled", f"{NEWS}/future.md")
    assert "2026-12-01 08:00" in issue.text("en")
    assert index.next_moment(NOW) == "2026-12-01T08:00:00+08:00"
    assert shown(index, "2026-12-01T08:00:00+08:00") == {"portal": 1}
    assert index.issues("2026-12-01T08:00:00+08:00") == []


def test_an_item_goes_at_the_moment_it_expires(index, cluster):
    fill(index, cluster, dated("a", "2026-01-01", expires="2026-11-20T09:00"))
    assert shown(index, "2026-11-20T08:59:59+08:00") == {"portal": 1}
    assert shown(index, NOW) == {}
    assert index.next_moment("2026-06-01T00:00:00+08:00") == NOW
    assert index.next_moment(NOW) == ""


def test_the_next_moment_is_the_first_of_all_dates_and_expiries(index, cluster):
    files = dated("a", "2026-01-01", expires="2026-12-24") | dated("b", "2026-12-03") | dated("c", "2026-12-02")
    fill(index, cluster, files)
    moments = []
    now = NOW
    while now := index.next_moment(now):
        moments.append(now[:10])
    assert moments == ["2026-12-02", "2026-12-03", "2026-12-24"]


# ---- bad input ------------------------------------------------------------------------------------------------------


def test_of_two_items_with_one_id_the_first_by_path_is_shown_and_the_second_told(index, cluster):
    first, second = dated("a", "2026-02-01", id="x1"), dated("b", "2026-01-01", id="x1", redirect_from=["/old"])
    tree = Tree(second)
    index.update(tree, cluster)
    assert shown(index, NOW) == {"portal": 1}
    tree = Tree(second | first, tree)
    index.update(tree, cluster)
    assert paths(index.items("portal", NOW)) == ["a"]
    assert paths([index.find("x1", NOW)]) == ["a"]
    assert index.redirects("portal", NOW) == []
    (issue,) = index.issues(NOW)
    assert (issue.code, issue.path) == ("id-taken", f"{NEWS}/b.md")
    assert f"{NEWS}/a.md" in issue.text("zh")
    index.update(Tree(second, tree), cluster)
    assert paths(index.items("portal", NOW)) == ["b"]
    assert index.issues(NOW) == []


def test_an_item_without_an_id_keeps_its_path_from_being_taken_as_one(index, cluster):
    fill(index, cluster, dated("a", "2026-01-01", id="portal/news/2026/b.md") | dated("b", "2026-01-02"))
    assert paths(index.items("portal", NOW)) == ["a"]
    assert [issue.path for issue in index.issues(NOW)] == [f"{NEWS}/b.md"]


@pytest.mark.parametrize(
    ("path", "data", "code"),
    [
        pytest.param(ARTICLE, b"", "front-matter-missing", id="an empty file"),
        pytest.param(ARTICLE, b"---\ntitle: A\n---\n\xff", "not-utf8", id="not UTF-8"),
        pytest.param(ARTICLE, b"---\na: &a [x]\nb: [*a, *a]\n---\n", "yaml-forbidden", id="a YAML bomb"),
        pytest.param(ARTICLE, b"x" * 20_000_000, "file-too-big", id="20 MB of Markdown"),
        pytest.param(
            "content/portal/images/x.png", b"x" * (LIMITS.git_blob_bytes + 1), "blob-too-big", id="a big picture"
        ),
        pytest.param("content/portal/nowhere/2026/x.md", make_article(), "column-unknown", id="an unknown column"),
        pytest.param("content/README.md", b"read me", "path-bad", id="Markdown beside the sites"),
        pytest.param(f"{NEWS}/NOTICE.MD", make_article(), "path-bad", id="the ending in upper case"),
        pytest.param(f"{NEWS}/notice.markdown", make_article(), "path-bad", id="another ending of Markdown"),
        pytest.param(f"{NEWS}/公告.md", make_article(), "slug-bad", id="a Chinese file name"),
    ],
)
def test_a_bad_file_is_told_and_the_rest_published(index, cluster, path, data, code):
    fill(index, cluster, {path: data, f"{NEWS}/good.md": make_article()})
    assert [(issue.path, issue.code) for issue in index.issues(NOW)] == [(path, code)]
    assert paths(index.items("portal", NOW)) == ["good"]


@pytest.mark.parametrize("target", ["/etc/passwd", "good.md"])
def test_a_link_is_told_and_not_followed_in_git_and_in_a_folder(tmp_path, cluster, config, target):
    files = config | {f"{NEWS}/good.md": make_article()}
    folder = write_tree(tmp_path / "work", files)
    (folder / NEWS / "link.md").symlink_to(target)
    store = make_store(tmp_path, files)
    for source in (FolderSource(folder), GitSource(store, commit_link(store, f"{NEWS}/link.md", target))):
        index = Index(None)
        index.update(source, cluster)
        assert index.issues(NOW) == [Issue.of("symlink", f"{NEWS}/link.md")]
        assert paths(index.items("portal", NOW)) == ["good"]
        assert index.file(f"{NEWS}/link.md") is None
        index.close()
    store.close()


def test_a_file_name_that_is_not_utf8_is_told_and_the_rest_published(tmp_path, cluster, config):
    folder = write_tree(tmp_path, config | {f"{NEWS}/good.md": make_article()})
    with (folder / NEWS / "公告.md".encode("gbk").decode("utf-8", "surrogateescape")).open("wb") as file:
        file.write(make_article())
    index = Index(None)
    index.update(FolderSource(folder), cluster)
    assert [issue.code for issue in index.issues(NOW)] == ["slug-bad"]
    assert paths(index.items("portal", NOW)) == ["good"]
    index.close()


def test_an_issue_can_be_kept():
    issue = Issue.of("not-a-date", "x.md", 3, "date", value="“明天”")
    assert parse_issue(dump_issue(issue)) == issue


# ---- files, redirects, bodies ---------------------------------------------------------------------------------------


def test_regular_files_are_known_with_their_blob(index, cluster):
    fill(index, cluster, {f"{NEWS}/a.png": b"\x89PNG"})
    assert index.file(f"{NEWS}/a.png") == Entry(f"{NEWS}/a.png", blob_id(b"\x89PNG"))
    assert index.file(f"{NEWS}/b.png") is None


def test_redirects_of_shown_items_come_by_old_path(index, cluster):
    files = dated("b", "2026-01-01", redirect_from=["/a/", "/0.html", "/a/"]) | dated(
        "a", "2026-01-02", redirect_from=["/a/"]
    )
    fill(index, cluster, files | dated("c", "2026-12-01", redirect_from=["/c"]))
    assert index.redirects("portal", NOW) == [
        ("/0.html", f"{NEWS}/b.md"),
        ("/a/", f"{NEWS}/a.md"),
        ("/a/", f"{NEWS}/b.md"),
    ]
    assert index.redirects("english", NOW) == []
    assert paths([index.redirected("portal", "/a/", NOW)]) == ["a"]
    assert paths([index.redirected("portal", "/c", NOW), index.redirected("portal", "/c", LATER)]) == ["", "c"]
    assert index.redirected("english", "/a/", NOW) is None


def test_rendered_bodies_are_kept_under_their_key(index):
    assert index.body("k") is None
    index.keep_body("k", "<p>一</p>")
    index.keep_body("k", "<p>二</p>")
    assert index.body("k") == "<p>二</p>"


# ---- updates --------------------------------------------------------------------------------------------------------

FIELDS = st.fixed_dictionaries(
    {"date": st.sampled_from(["2026-02-01", "2026-03-01T08:00", "2026-12-01", "2025-05-01", "soon"])},
    optional={
        "id": st.sampled_from(["x1", "x2"]),
        "expires": st.sampled_from(["2026-10-01", "2026-12-31"]),
        "also": st.sampled_from([["residents"], ["english:news"], ["nowhere"]]),
        "topic": st.sampled_from(["river", "nowhere"]),
        "interprets": st.sampled_from(["x1", "portal/news/2026/a.md", f"{NEWS}/a.md"]),
        "translation_of": st.sampled_from(["x1", "/portal/news/2026/b.md"]),
        "redirect_from": st.sampled_from([["/old"], ["/old", "/older/"]]),
    },
)
CONTENTS = st.none() | FIELDS.map(lambda fields: make_article(**fields)) | st.sampled_from([b"broken", make_page()])
PLACES = [
    f"{NEWS}/a.md",
    f"{NEWS}/b.md",
    f"{NEWS}/c.md",
    f"{NOTICES}/d.md",
    "content/english/news/2026/e.md",
    "content/portal/about/f.md",
    f"{NEWS}/a.png",
    f"{NEWS}/Bad.md",
]
EDITS = st.dictionaries(st.sampled_from(PLACES), CONTENTS, min_size=1, max_size=4)


def edited(files: Mapping[str, bytes], changes: Mapping[str, bytes | None]) -> dict[str, bytes]:
    return {path: data for path, data in {**files, **changes}.items() if data is not None}


@given(st.lists(EDITS, min_size=1, max_size=5))
def test_an_index_brought_up_by_differences_equals_one_made_afresh(cluster, edits):
    grown, tree = Index(None), Tree({})
    for changes in edits:
        tree = Tree(edited(tree.files, changes), tree)
        grown.update(tree, cluster)
        fresh = Index(None)
        fresh.update(Tree(tree.files), cluster)
        assert answers(grown, cluster) == answers(fresh, cluster)
        fresh.close()
    grown.close()


@settings(max_examples=10)
@given(edits=st.lists(EDITS, min_size=1, max_size=4))
def test_the_same_holds_for_commits_and_for_a_folder_whatever_was_skipped(tmp_path_factory, cluster, config, edits):
    tmp_path = tmp_path_factory.mktemp("edits")
    by_commit, by_folder, files = Index(tmp_path / "a.db"), Index(tmp_path / "b.db"), dict(config)
    with make_store(tmp_path, config) as store:
        for number, changes in enumerate(edits):
            changes = {path: data for path, data in changes.items() if files.get(path) != data}
            files = edited(files, changes)
            commit = commit_files(store, changes)
            if number % 2 == 0:
                by_commit.update(GitSource(store, commit), cluster)
        by_commit.update(GitSource(store, commit), cluster)
    for step in (edited(config, edits[0]), files):
        by_folder.update(FolderSource(write_tree(tmp_path / str(len(list(tmp_path.iterdir()))), step)), cluster)
    fresh = Index(None)
    fresh.update(Tree(files), cluster)
    assert answers(by_commit, cluster) == answers(by_folder, cluster) == answers(fresh, cluster)
    for index in (by_commit, by_folder, fresh):
        index.close()


def test_an_update_reads_only_what_changed(index, cluster):
    tree = Tree(dated("a", "2026-01-01") | dated("b", "2026-01-02"))
    assert index.update(tree, cluster) == Updated(read=2, removed=0)
    assert index.update(tree, cluster) == Updated(read=0, removed=0)
    tree = Tree(dated("a", "2026-01-01") | dated("c", "2026-01-03"), tree)
    assert index.update(tree, cluster) == Updated(read=1, removed=1)
    unrelated = Tree(dated("a", "2026-01-01") | dated("d", "2026-01-03"))
    assert index.update(unrelated, cluster) == Updated(read=1, removed=1)
    assert paths(index.items("portal", NOW)) == ["a", "d"]


def test_a_changed_configuration_re_reads_every_item(index, cluster):
    files = dated("a", "2026-01-01") | dated("n", "2025-06-01")
    tree = Tree(files)
    index.update(tree, cluster)
    smaller = make_cluster(make_cluster_files({"portal": make_site("portal", ["news"])}))
    assert index.update(tree, smaller) == Updated(read=2, removed=0)
    assert paths(index.items("portal", NOW)) == ["a"]
    assert [issue.code for issue in index.issues(NOW)] == ["column-unknown"]
    assert index.update(Tree(dated("a", "2026-01-01"), tree), cluster) == Updated(read=1, removed=1)
    assert index.issues(NOW) == []


class Failing(Tree):
    """A tree in which reading one file ends the update."""

    def read(self, entry: Entry) -> bytes:
        if entry.path.endswith("c.md"):
            raise KeyboardInterrupt
        return super().read(entry)


def test_an_update_that_is_broken_off_leaves_the_former_state_and_can_be_repeated(tmp_path, cluster):
    index = Index(tmp_path / "index.db")
    tree = Tree(dated("a", "2026-01-01") | dated("b", "2026-01-02"))
    index.update(tree, cluster)
    before = answers(index, cluster)
    files = dated("a", "2026-06-01", topic="river") | dated("c", "2026-01-03")
    with pytest.raises(KeyboardInterrupt):
        index.update(Failing(files, tree), cluster)
    assert answers(index, cluster) == before
    index.close()
    again = Index(tmp_path / "index.db")
    assert answers(again, cluster) == before
    again.update(Tree(files, tree), cluster)
    assert paths(again.items("portal", NOW)) == ["a", "c"]
    again.close()


KILLED = """
import os, sys
from pathlib import Path
from cluster.index import Index
from cluster.source import FolderSource, config_files
from cluster.site import load_cluster

class Killed(FolderSource):
    def read(self, entry):
        if entry.path.endswith("c.md"):
            os._exit(9)
        return super().read(entry)

source = Killed(Path(sys.argv[1]))
cluster, issues = load_cluster(config_files(FolderSource(Path(sys.argv[1]))))
Index(Path(sys.argv[2])).update(source, cluster)
"""


def test_a_process_killed_in_the_middle_leaves_the_former_state(tmp_path, cluster, config):
    folder = write_tree(tmp_path / "work", config | dated("a", "2026-01-01"))
    index = Index(tmp_path / "index.db")
    index.update(FolderSource(folder), cluster)
    before = answers(index, cluster)
    index.close()
    write_tree(folder, dated("a", "2026-06-01") | dated("b", "2026-01-02") | dated("c", "2026-01-03"))
    words = [sys.executable, "-c", KILLED, str(folder), str(tmp_path / "index.db")]
    assert subprocess.run(words, cwd=REPOSITORY, check=False).returncode == 9
    again = Index(tmp_path / "index.db")
    assert answers(again, cluster) == before
    again.update(FolderSource(folder), cluster)
    assert paths(again.items("portal", NOW)) == ["a", "b", "c"]
    again.close()


# ---- the file -------------------------------------------------------------------------------------------------------


def foreign(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE item (name TEXT)")
    db.commit()
    db.close()


def of_format(number: int, *, tables: str = "CREATE TABLE x (y TEXT)") -> Any:
    def write(path: Path) -> None:
        db = sqlite3.connect(path)
        db.executescript(f"{tables}; PRAGMA user_version = {number};")
        db.close()

    return write


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda path: path.write_bytes(b""), id="an empty file"),
        pytest.param(
            lambda path: path.write_bytes(b"not a database, but long enough to look at " * 100), id="other bytes"
        ),
        pytest.param(lambda path: path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 4096), id="a damaged head"),
        pytest.param(foreign, id="somebody else's database"),
        pytest.param(of_format(FORMAT + 1), id="a later format"),
        pytest.param(of_format(FORMAT), id="our format's number without our tables"),
    ],
)
def test_a_damaged_or_foreign_file_is_made_anew(tmp_path, cluster, spoil):
    spoil(tmp_path / "index.db")
    index = Index(tmp_path / "index.db")
    assert index.update(Tree({ARTICLE: make_article()}), cluster) == Updated(read=1, removed=0)
    assert paths(index.items("portal", NOW)) == ["river"]
    index.close()


def test_a_file_of_our_own_is_kept_and_its_folder_made(tmp_path, cluster):
    path = tmp_path / "var" / "index.db"
    for expected in (Updated(1, 0), Updated(0, 0)):
        index = Index(path)
        assert index.update(Tree({ARTICLE: make_article()}), cluster) == expected
        index.close()


def test_readers_see_the_former_state_while_an_update_runs(tmp_path, cluster):
    writer = Index(tmp_path / "index.db")
    writer.update(Tree(dated("a", "2026-01-01")), cluster)
    reader = Index(tmp_path / "index.db")
    seen = []

    class Watched(Tree):
        def read(self, entry: Entry) -> bytes:
            seen.append(paths(reader.items("portal", NOW)))
            return super().read(entry)

    writer.update(Watched(dated("b", "2026-01-02")), cluster)
    assert seen == [["a"]]
    assert paths(reader.items("portal", NOW)) == ["b"]
    reader.close()
    writer.close()


def test_a_file_that_another_process_holds_is_not_thrown_away(tmp_path, cluster):
    path = tmp_path / "index.db"
    Index(path).close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(BusyError, match="in use"):
        connect(path, wait=0)
    holder.execute("INSERT INTO body VALUES ('k', 'kept')")
    holder.execute("COMMIT")
    holder.close()
    again = Index(path)
    assert again.body("k") == "kept"
    again.close()


def test_openers_at_the_same_time_share_one_new_file(tmp_path):
    together = Barrier(6)

    def open_and_keep(number: int) -> None:
        together.wait()
        own = Index(tmp_path / "index.db")
        own.keep_body(str(number), "kept")
        own.close()

    with ThreadPoolExecutor(6) as openers:
        list(openers.map(open_and_keep, range(6)))
    index = Index(tmp_path / "index.db")
    assert [index.body(str(number)) for number in range(6)] == ["kept"] * 6
    index.close()


def test_a_connection_can_be_used_without_the_class(tmp_path, cluster):
    db = connect(tmp_path / "index.db")
    assert update_index(db, Tree({ARTICLE: make_article()}), cluster).read == 1
    assert db.execute("SELECT title FROM item").fetchone()["title"] == "云泽河综合治理二期工程开工"
    db.close()


# ---- ids and time, weight, bodies -----------------------------------------------------------------------------------


def test_an_expired_item_keeps_its_id_from_nobody(index, cluster):
    first = dated("a", "2026-01-01", id="x1", expires="2026-10-01")
    fill(index, cluster, first | dated("b", "2026-02-01", id="x1") | dated("c", "2026-02-02", id="x1"))
    before = "2026-09-01T00:00:00+08:00"
    assert paths(index.items("portal", before)) == ["a"]
    assert [issue.path for issue in index.issues(before)] == [f"{NEWS}/b.md", f"{NEWS}/c.md"]
    assert paths(index.items("portal", NOW)) == ["b"]
    assert paths([index.find("x1", NOW)]) == ["b"]
    (issue,) = index.issues(NOW)
    assert (issue.path, f"{NEWS}/b.md" in issue.text("en")) == (f"{NEWS}/c.md", True)


def test_a_file_over_the_limit_is_told_and_never_read(tmp_path, index, cluster):
    class Unread(FolderSource):
        def read(self, entry):
            raise AssertionError(entry.path)

    big = b"x" * (LIMITS.item_bytes + 1)
    index.update(Unread(write_tree(tmp_path, {ARTICLE: big, f"{NEWS}/a.png": big})), cluster)
    assert {(issue.code, issue.path) for issue in index.issues(NOW)} == {
        ("file-too-big", ARTICLE),
        ("blob-too-big", f"{NEWS}/a.png"),
    }


def test_bodies_that_nobody_uses_go_once_they_are_the_most(index):
    for number in range(5):
        index.keep_body(str(number), "kept")
    assert index.sweep_bodies({"0", "1", "2"}) == 0
    assert index.sweep_bodies({"0", "1"}) == 3
    assert [index.body(str(number)) for number in range(3)] == ["kept", "kept", None]
    assert index.used_bodies == {"0", "1", "2"}
