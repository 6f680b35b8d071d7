"""Writing: changes become one commit or a folder's files, wholly or not at all."""

import tomllib
from pathlib import Path

import git
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.clock import parse_date
from cluster.errors import ConflictError, ContentError
from cluster.gitstore import GitSource, GitStore
from cluster.source import FolderSource
from cluster.writing import CommitWriting, FolderWriting, toml_text
from tests.builders import ARTICLE, NOW, commit_files, make_article, make_store, write_tree

FIRST = {ARTICLE: b"first\n", "content/portal/news/2026/b.md": b"b\n", "sites/cluster.toml": b"format = 1\n"}
CHANGES = {ARTICLE: b"second\n", "content/portal/news/2026/b.md": None, "content/portal/x/new.md": b"new\n"}


def make_writing(store: GitStore, branch: str = "main", base: str | None = None) -> CommitWriting:
    return CommitWriting(store, branch, "李明", "liming@yunze.example", parse_date(NOW), base)


def files_at(store: GitStore, commit: str) -> dict[str, bytes]:
    source = GitSource(store, commit)
    return {entry.path: source.read(entry) for entry in source.entries()}


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# ---- commits ----


def test_changes_become_one_commit_with_author_and_message(tmp_path):
    with make_store(tmp_path, FIRST) as store:
        before = store.head()
        made = make_writing(store).write(CHANGES, "改一处\n")
        assert store.head() == made != before
        with git.Repo(store.path) as repo:
            commit = repo.commit(made)
            assert [one.hexsha for one in commit.parents] == [before]
            assert (commit.author.name, commit.author.email) == ("李明", "liming@yunze.example")
            assert (commit.message, commit.authored_datetime) == ("改一处\n", parse_date(NOW))
        assert files_at(store, made) == {
            ARTICLE: b"second\n",
            "content/portal/x/new.md": b"new\n",
            "sites/cluster.toml": b"format = 1\n",
        }


def test_a_new_branch_starts_at_main_and_leaves_main_alone(tmp_path):
    with make_store(tmp_path, FIRST) as store:
        main = store.head()
        made = make_writing(store, "cli/20261120-090000-li").write({ARTICLE: b"second\n"}, "送审")
        assert store.head() == main
        assert store.head("cli/20261120-090000-li") == made
        assert files_at(store, made) == {**FIRST, ARTICLE: b"second\n"}


def test_a_new_branch_starts_where_the_changes_were_made_from(tmp_path):
    with make_store(tmp_path, FIRST) as store:
        base = store.head()
        commit_files(store, {ARTICLE: b"by somebody else\n"})
        made = make_writing(store, "cli/a", base).write({"content/portal/x/new.md": b"new\n"}, "送审")
        assert files_at(store, made)[ARTICLE] == FIRST[ARTICLE]


def test_an_empty_repository_gets_its_first_commit(tmp_path):
    with GitStore.create(tmp_path / "content.git") as store:
        assert files_at(store, make_writing(store).write(FIRST, "第一次")) == FIRST


@pytest.mark.parametrize("branch", ["main", "cli/a"])
def test_what_somebody_else_committed_meanwhile_is_not_lost(tmp_path, branch):
    with make_store(tmp_path, FIRST) as store:
        base = store.head()
        assert base is not None
        if branch != "main":
            store.advance(branch, new=base, old=None)
        theirs = commit_files(store, {ARTICLE: b"theirs\n"}, branch=branch)
        with pytest.raises(ConflictError):
            make_writing(store, branch, base).write(CHANGES, "改")
        assert store.head(branch) == theirs


def test_an_unmoved_base_is_no_conflict(tmp_path):
    with make_store(tmp_path, FIRST) as store:
        made = make_writing(store, base=store.head()).write(CHANGES, "改")
        assert store.head() == made


# ---- folders ----


def test_a_folder_gets_new_changed_and_removed_files_and_no_leftovers(tmp_path):
    write_tree(tmp_path, FIRST)
    assert FolderWriting(tmp_path).write(CHANGES, "不记录") == str(tmp_path)
    assert files_in(tmp_path) == {
        ARTICLE: b"second\n",
        "content/portal/x/new.md": b"new\n",
        "sites/cluster.toml": b"format = 1\n",
    }


def test_removing_what_is_not_there_is_done_already(tmp_path):
    FolderWriting(write_tree(tmp_path, FIRST)).write({"content/none.md": None}, "")
    assert files_in(tmp_path) == FIRST


def test_commit_and_folder_hold_the_same_content_afterwards(tmp_path):
    first = {**FIRST, ARTICLE: make_article()}
    with make_store(tmp_path, first) as store:
        FolderWriting(write_tree(tmp_path / "folder", first)).write(CHANGES, "改")
        made = make_writing(store).write(CHANGES, "改")
        assert list(FolderSource(tmp_path / "folder").entries()) == list(GitSource(store, made).entries())


OUTSIDE = {
    "climbs out": "../outside.md",
    "climbs out from within": "content/../../outside.md",
    "starts at the root": "/etc/outside.md",
    "has a dot": "content/./x.md",
    "has an empty part": "content//x.md",
    "is empty": "",
    "is Git's own": ".git/hooks/post-update",
    "is Git's own in capitals": "content/.GIT/config",
    "holds a zero byte": "content/a\0b.md",
}


@pytest.mark.parametrize("path", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_a_path_that_leaves_the_content_is_refused_before_anything_is_written(tmp_path, path):
    folder = write_tree(tmp_path / "folder", FIRST)
    with make_store(tmp_path, FIRST) as store:
        main = store.head()
        for writing in (FolderWriting(folder), make_writing(store), make_writing(store, "cli/a")):
            with pytest.raises(ContentError):
                writing.write({ARTICLE: b"second\n", path: b"x"}, "改")
        assert (store.head(), store.head("cli/a")) == (main, None)
    assert files_in(folder) == FIRST


@pytest.mark.parametrize("path", ["content/portal/link/x.md", "content/portal/link"])
@pytest.mark.parametrize("data", [b"x", None], ids=["written", "removed"])
def test_a_symbolic_link_is_never_followed_nor_replaced(tmp_path, path, data):
    folder = write_tree(tmp_path / "folder", FIRST)
    outside = write_tree(tmp_path / "outside", {"x.md": b"untouched\n"})
    (folder / "content/portal/link").symlink_to(outside)
    with pytest.raises(ContentError, match="symbolic link"):
        FolderWriting(folder).write({ARTICLE: b"second\n", path: data}, "改")
    assert files_in(outside) == {"x.md": b"untouched\n"}
    assert (folder / ARTICLE).read_bytes() == FIRST[ARTICLE]


def test_a_disk_that_refuses_leaves_every_file_as_it_was(tmp_path):
    write_tree(tmp_path, FIRST)
    with pytest.raises(ContentError, match="could not be written") as caught:
        FolderWriting(tmp_path).write({ARTICLE: b"second\n", f"{ARTICLE}/below.md": b"x"}, "改")
    assert "无法写入" in caught.value.text("zh")
    assert files_in(tmp_path) == FIRST


# ---- TOML ----


@given(st.text())
def test_any_text_survives_as_a_toml_string(text):
    written = toml_text(text)
    assert "\n" not in written
    assert tomllib.loads(f"a = {written}") == {"a": text}
