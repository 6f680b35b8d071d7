"""Bringing the index up to a state: an update by difference equals an index made afresh, and a kill changes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings

from cluster.gitstore import GitSource
from cluster.index import Index, Updated
from cluster.index.ingest import MOST_FOLLOWED, dump_issue, parse_issue, update_index
from cluster.index.schema import connect
from cluster.index.settle import NOT_BUILT
from cluster.issues import Issue
from cluster.limits import LIMITS
from cluster.pool import fork_pool
from cluster.source import Entry, FolderSource
from tests.builders import (
    ARTICLE,
    NOW,
    REPOSITORY,
    commit_files,
    commit_link,
    make_article,
    make_cluster,
    make_cluster_files,
    make_site,
    make_store,
    write_tree,
)
from tests.cluster.trees import HISTORIES, LATER, MOMENTS, NEWS, Tree, answers, dated, paths, settle

# ---- bad input ------------------------------------------------------------------------------------------------------


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
    settle(index, cluster, {path: data, f"{NEWS}/good.md": make_article()})
    assert [(issue.path, issue.code) for issue in index.issues(NOW)] == [(path, code)]
    assert paths(index.items("portal")) == ["good"]


@pytest.mark.parametrize("target", ["/etc/passwd", "good.md"])
def test_a_link_is_told_and_not_followed_in_git_and_in_a_folder(tmp_path, cluster, config, target):
    files = config | {f"{NEWS}/good.md": make_article()}
    folder = write_tree(tmp_path / "work", files)
    (folder / NEWS / "link.md").symlink_to(target)
    store = make_store(tmp_path, files)
    for source in (FolderSource(folder), GitSource(store, commit_link(store, f"{NEWS}/link.md", target))):
        index = Index(None)
        index.update(source, cluster, NOW)
        assert index.issues(NOW) == [Issue.of("symlink", f"{NEWS}/link.md")]
        assert paths(index.items("portal")) == ["good"]
        assert index.file(f"{NEWS}/link.md") is None
        index.close()
    store.close()


def test_a_file_name_that_is_not_utf8_is_told_and_the_rest_published(tmp_path, cluster, config):
    folder = write_tree(tmp_path, config | {f"{NEWS}/good.md": make_article()})
    with (folder / NEWS / "公告.md".encode("gbk").decode("utf-8", "surrogateescape")).open("wb") as file:
        file.write(make_article())
    index = Index(None)
    index.update(FolderSource(folder), cluster, NOW)
    assert [issue.code for issue in index.issues(NOW)] == ["slug-bad"]
    assert paths(index.items("portal")) == ["good"]
    index.close()


def test_a_file_over_the_limit_is_told_and_never_read(index, cluster):
    class Unread(Tree):
        def read(self, entry: Entry) -> bytes:
            raise AssertionError(entry.path)

    big = b"x" * (LIMITS.item_bytes + 1)
    index.update(Unread({ARTICLE: big, f"{NEWS}/a.png": big}), cluster, NOW)
    assert {(issue.code, issue.path) for issue in index.issues(NOW)} == {
        ("file-too-big", ARTICLE),
        ("blob-too-big", f"{NEWS}/a.png"),
    }


def test_an_issue_goes_with_its_file(index, cluster):
    tree = Tree({ARTICLE: b"broken"})
    index.update(tree, cluster, NOW)
    assert [issue.path for issue in index.issues(NOW)] == [ARTICLE]
    index.update(tree.edited({ARTICLE: None}), cluster, NOW)
    assert index.issues(NOW) == []


def test_an_issue_can_be_kept():
    issue = Issue.of("not-a-date", "x.md", 3, "date", value="“明天”")
    assert parse_issue(dump_issue(issue)) == issue


# ---- differences ----------------------------------------------------------------------------------------------------


@given(HISTORIES)
def test_an_index_brought_up_by_differences_equals_one_made_afresh(cluster, history):
    start, commits = history
    grown, tree = Index(None), Tree(start)
    grown.update(tree, cluster, NOW)
    for changes, now in commits:
        tree = tree.edited(changes)
        grown.update(tree, cluster, now)
        fresh = Index(None)
        fresh.update(Tree(tree.files), cluster, now)
        assert answers(grown, cluster, now) == answers(fresh, cluster, now)
        fresh.close()
    grown.close()


@settings(max_examples=10)
@given(HISTORIES)
def test_the_same_holds_for_commits_and_for_a_folder_whatever_was_skipped(tmp_path_factory, cluster, config, history):
    start, commits = history
    tmp_path = tmp_path_factory.mktemp("edits")
    by_commit, by_folder, files = Index(tmp_path / "a.db"), Index(tmp_path / "b.db"), {**config, **start}
    folders = [write_tree(tmp_path / "start", files)]
    with make_store(tmp_path, files) as store:
        for number, (changes, now) in enumerate(commits):
            changes = {path: data for path, data in changes.items() if files.get(path) != data}
            files = Tree(files).edited(changes).files
            commit = commit_files(store, changes)
            if number % 2 == 0:
                by_commit.update(GitSource(store, commit), cluster, now)
        by_commit.update(GitSource(store, commit), cluster, NOW)
    folders.append(write_tree(tmp_path / "end", files))
    for folder, now in zip(folders, (commits[0][1], NOW), strict=True):
        by_folder.update(FolderSource(folder), cluster, now)
    fresh = Index(None)
    fresh.update(Tree(files), cluster, NOW)
    expected = answers(fresh, cluster, NOW)
    assert answers(by_commit, cluster, NOW) == expected
    assert answers(by_folder, cluster, NOW) == expected
    for index in (by_commit, by_folder, fresh):
        index.close()


def test_an_update_reads_only_what_changed(index, cluster):
    tree = Tree(dated("a", "2026-01-01") | dated("b", "2026-01-02"))
    assert index.update(tree, cluster, NOW) == Updated(read=2, removed=0)
    assert index.update(tree, cluster, NOW) == Updated(read=0, removed=0)
    assert index.update(tree, cluster, LATER) == Updated(read=0, removed=0)
    tree = Tree(dated("a", "2026-01-01") | dated("c", "2026-01-03"), tree)
    assert index.update(tree, cluster, NOW) == Updated(read=1, removed=1)
    assert index.revision == tree.revision
    unrelated = Tree(dated("a", "2026-01-01") | dated("d", "2026-01-03"))
    assert index.update(unrelated, cluster, NOW) == Updated(read=1, removed=1)
    assert paths(index.items("portal")) == ["a", "d"]


def test_a_changed_configuration_re_reads_every_item(index, cluster):
    files = dated("a", "2026-01-01") | dated("n", "2025-06-01")
    tree = Tree(files)
    index.update(tree, cluster, NOW)
    smaller = make_cluster(make_cluster_files({"portal": make_site("portal", ["news"])}))
    assert index.update(tree, smaller, NOW) == Updated(read=2, removed=0)
    assert paths(index.items("portal")) == ["a"]
    assert [issue.code for issue in index.issues(NOW)] == ["column-unknown"]
    assert index.update(Tree(dated("a", "2026-01-01"), tree), cluster, NOW) == Updated(read=1, removed=0)
    assert index.issues(NOW) == []


def test_after_a_changed_configuration_every_site_starts_from_the_beginning(index, cluster):
    tree = Tree(dated("a", "2026-01-01"))
    index.update(tree, cluster, NOW)
    index.site_outputs("portal").finish(index.last_touch(), "", "{}", "")
    index.update(tree, make_cluster(make_cluster_files({"portal": make_site("portal", ["news"])})), NOW)
    assert index.outputs.built()["portal"].touch == NOT_BUILT
    assert index.touches(0) == []


def test_a_changed_name_in_the_configuration_re_reads_nothing(index, cluster):
    tree = Tree(dated("a", "2026-01-01"))
    files = {site: make_site(site, columns) for site, columns in (("portal", ["news"]), ("english", ["news"]))}
    index.update(tree, make_cluster(make_cluster_files(files)), NOW)
    files["portal"] = make_site("portal", ["news"], name="云泽市人民政府")
    assert index.update(tree, make_cluster(make_cluster_files(files)), NOW) == Updated(read=0, removed=0)


def test_a_change_too_big_to_follow_is_not_journalled_and_every_site_starts_from_the_beginning(index, cluster):
    tree = Tree(dated("a", "2026-01-01"))
    index.update(tree, cluster, NOW)
    index.site_outputs("portal").finish(index.last_touch(), "", "{}", "")
    pictures = {f"content/portal/images/{number}.png": b"" for number in range(MOST_FOLLOWED)}
    tree = tree.edited(pictures)
    index.update(tree, cluster, NOW)
    assert index.outputs.built()["portal"].touch == 0
    assert len(index.touches(0)) == MOST_FOLLOWED
    changes = {**dict.fromkeys(pictures), **dated("a", "2026-02-01"), **dated("b", "2026-01-02")}
    tree = tree.edited(changes)
    assert index.update(tree, cluster, NOW) == Updated(read=2, removed=MOST_FOLLOWED)
    assert index.outputs.built()["portal"].touch == NOT_BUILT
    assert index.touches(0) == []
    assert not any(index.file(picture) for picture in pictures)
    fresh = Index(None)
    settle(fresh, cluster, tree.files)
    assert answers(index, cluster, NOW) == answers(fresh, cluster, NOW)
    fresh.close()


def test_what_several_processes_read_is_what_one_reads(tmp_path, cluster, config):
    files = {f"{NEWS}/n{number}.md": make_article(f"第{number}期", "2026-02-01") for number in range(600)}
    files |= {f"{NEWS}/broken{number}.md": b"broken" for number in range(3)}
    with make_store(tmp_path, config | files) as store:
        commit = store.head()
        told = []
        for pool in (fork_pool(2), None):
            index = Index(tmp_path / f"{pool is None}.db")
            index.update(GitSource(store, commit), cluster, NOW, pool)
            told.append(answers(index, cluster, NOW))
            index.close()
    assert told[0] == told[1]
    assert len(told[0]["portal items"]) == 600
    assert len(told[0]["issues"]) == 3


# ---- rendered bodies ------------------------------------------------------------------------------------------------


def test_a_rendered_body_goes_with_its_file_and_outlives_a_changed_configuration(index, cluster):
    tree = Tree(dated("a", "2026-01-01", body="一。") | dated("b", "2026-01-02"))
    index.update(tree, cluster, NOW)
    blobs = {item.slug: item.blob for item in index.items("portal")}
    for blob in blobs.values():
        index.keep_bodies({(blob, "s"): "kept"})
    index.keep_bodies({("of no item", "s"): "kept"})
    index.update(tree, make_cluster(make_cluster_files({"portal": make_site("portal", ["news"])})), NOW)
    assert [index.body(blob, "s") for blob in (*blobs.values(), "of no item")] == ["kept", "kept", None]
    tree = tree.edited(dated("a", "2026-01-01", body="二。"))
    index.update(tree, make_cluster(make_cluster_files({"portal": make_site("portal", ["news"])})), NOW)
    assert [index.body(blob, "s") for blob in blobs.values()] == [None, "kept"]


# ---- broken off and killed ------------------------------------------------------------------------------------------


class Failing(Tree):
    """A tree in which reading one file ends the update."""

    def read(self, entry: Entry) -> bytes:
        if entry.path.endswith("c.md"):
            raise KeyboardInterrupt
        return super().read(entry)


def test_an_update_that_is_broken_off_leaves_the_former_state_and_can_be_repeated(tmp_path, cluster):
    index = Index(tmp_path / "index.db")
    tree = Tree(dated("a", "2026-01-01") | dated("b", "2026-01-02"))
    index.update(tree, cluster, NOW)
    before = answers(index, cluster, NOW)
    files = dated("a", "2026-06-01", topic="river") | dated("c", "2026-01-03")
    with pytest.raises(KeyboardInterrupt):
        index.update(Failing(files, tree), cluster, NOW)
    assert answers(index, cluster, NOW) == before
    index.close()
    again = Index(tmp_path / "index.db")
    assert answers(again, cluster, NOW) == before
    again.update(Tree(files, tree), cluster, NOW)
    assert paths(again.items("portal")) == ["a", "c"]
    again.close()


KILLED = """
import os, sys
from pathlib import Path
from cluster.index import Index
from cluster.source import FolderSource, config_files
from cluster.site import load_cluster

class Killed(FolderSource):
    def read_many(self, entries, limit):
        for entry in entries:
            if entry.path.endswith("c.md"):
                os._exit(9)
            data = self.read(entry)
            yield entry, data, len(data)

source = Killed(Path(sys.argv[1]))
cluster, issues = load_cluster(config_files(FolderSource(Path(sys.argv[1]))))
Index(Path(sys.argv[2])).update(source, cluster, sys.argv[3])
"""


def test_a_process_killed_while_it_reads_leaves_the_former_state(tmp_path, cluster, config):
    folder = write_tree(tmp_path / "work", config | dated("a", "2026-01-01"))
    index = Index(tmp_path / "index.db")
    index.update(FolderSource(folder), cluster, NOW)
    before = answers(index, cluster, NOW)
    index.close()
    write_tree(folder, dated("a", "2026-06-01") | dated("b", "2026-01-02") | dated("c", "2026-01-03"))
    words = [sys.executable, "-c", KILLED, str(folder), str(tmp_path / "index.db"), NOW]
    assert subprocess.run(words, cwd=REPOSITORY, check=False).returncode == 9
    again = Index(tmp_path / "index.db")
    assert answers(again, cluster, NOW) == before
    again.update(FolderSource(folder), cluster, NOW)
    assert paths(again.items("portal")) == ["a", "b", "c"]
    again.close()


def update_and_die(path: Path, tree: Tree, cluster, now: str, at: int) -> bool:
    """Whether a process that brings the index up and is killed at its n-th statement got that far."""
    child = os.fork()
    if child == 0:
        try:
            db = connect(path)
            left = iter(range(at))
            db.set_trace_callback(lambda _: os._exit(9) if next(left, None) is None else None)
            update_index(db, tree, cluster, now)
            os._exit(0)
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


def statements(path: Path, tree: Tree, cluster, now: str) -> Iterator[tuple[int, str]]:
    """Every statement that an update of a copy of the index makes, by its number."""
    told: list[str] = []
    db = connect(shutil.copy(path, path.with_name("rehearsal.db")))
    db.set_trace_callback(told.append)
    update_index(db, tree, cluster, now)
    db.close()
    yield from enumerate(told)


@pytest.mark.parametrize("case", ["a few changes at a later moment", "a changed configuration"])
def test_a_process_killed_at_any_statement_up_to_the_commit_leaves_the_former_state(tmp_path, cluster, case):
    start = Tree(dated("a", "2026-01-01", id="x1") | dated("b", "2026-01-02") | dated("later", "2026-12-01"))
    end = start.edited({**dated("a", "2026-06-01", id="x1", topic="river"), f"{NEWS}/b.md": None})
    narrower = make_cluster(make_cluster_files({"portal": make_site("portal", ["news"])}))
    next_cluster = narrower if case == "a changed configuration" else cluster
    path, now = tmp_path / "index.db", MOMENTS[3]
    index = Index(path)
    index.update(start, cluster, NOW)
    index.site_outputs("portal").finish(index.last_touch(), "", "{}", "")
    index.close()

    def state() -> tuple[object, ...]:
        index = Index(path)
        told = answers(index, cluster, NOW), index.touches(0), index.outputs.built(), index.revision
        index.close()
        return told

    before, steps = state(), list(statements(path, end, next_cluster, now))
    assert steps[-1][1] == "COMMIT"
    for number, _ in steps:
        assert update_and_die(path, end, next_cluster, now, number)
        assert state() == before
    assert not update_and_die(path, end, next_cluster, now, len(steps))
    assert state() != before
    grown, fresh = Index(path), settle(Index(None), next_cluster, end.files, now)
    assert answers(grown, next_cluster, now) == answers(fresh, next_cluster, now)
    grown.close()
    fresh.close()
