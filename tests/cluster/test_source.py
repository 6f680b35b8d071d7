"""A plain folder as a source: the same entries and blob ids as Git's, no link followed, no leftover taken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cluster.errors import ContentError, GitError
from cluster.gitstore import GitSource
from cluster.source import ChangedError, Entry, FolderSource, blob_id, config_files, is_scratch, printable
from tests.builders import ARTICLE, make_article, make_cluster_files, make_store, write_tree

FILES = make_cluster_files() | {ARTICLE: make_article(), "content/portal/news/2026/a.png": b"\x89PNG"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "work", FILES)


def test_a_folder_has_the_same_entries_as_the_commit_of_its_files(folder, tmp_path):
    store = make_store(tmp_path, FILES)
    head = store.head()
    assert head is not None
    commit = GitSource(store, head)
    assert list(FolderSource(folder).entries()) == list(commit.entries())
    for entry in commit.entries():
        assert FolderSource(folder).read(entry) == commit.read(entry) == FILES[entry.path]
    store.close()


def test_files_beside_content_and_sites_are_not_seen(folder):
    (folder / "README.md").write_text("x")
    (folder / "var").mkdir()
    (folder / "var" / "x.md").write_text("x")
    assert [entry.path for entry in FolderSource(folder).entries()] == sorted(FILES)


def test_a_folder_without_content_is_empty_but_one_without_sites_is_refused(tmp_path):
    (tmp_path / "sites").mkdir()
    assert list(FolderSource(tmp_path).entries()) == []
    with pytest.raises(ContentError, match="holds no folder 'sites'"):
        FolderSource(tmp_path / "content")


def test_the_revision_follows_names_bytes_and_kinds(folder):
    source = FolderSource(folder)
    again = FolderSource(folder)
    assert source.revision == again.revision
    assert source.changes_since(again.revision) == ()
    assert source.changes_since("folder-of-yesterday") is None
    (folder / ARTICLE).write_bytes(make_article(title="anders"))
    assert FolderSource(folder).revision != source.revision
    (folder / ARTICLE).write_bytes(FILES[ARTICLE])
    assert FolderSource(folder).revision == source.revision
    (folder / ARTICLE).rename(folder / "content/portal/news/2026/other.md")
    assert FolderSource(folder).revision != source.revision


@pytest.mark.parametrize("target", ["/etc/passwd", "../2026", "nowhere", "."])
def test_a_symbolic_link_is_an_entry_of_its_own_and_is_not_followed(folder, target):
    link = folder / "content/portal/news/2026/link.md"
    link.symlink_to(target)
    found = [entry for entry in FolderSource(folder).entries() if entry.path not in FILES]
    assert found == [Entry("content/portal/news/2026/link.md", blob_id(target.encode()), "120000")]
    assert not found[0].is_regular


@pytest.mark.parametrize(
    "name", [".DS_Store", ".hidden.md", "~$notice.docx", "river.md~", ".river.md.swp", "x.swp", "x.tmp"]
)
def test_leftovers_of_editors_are_not_content(folder, name):
    assert is_scratch(name)
    (folder / "content/portal/news/2026" / name).write_bytes(b"x")
    (folder / "content/.git").mkdir()
    (folder / "content/.git/config").write_bytes(b"x")
    assert [entry.path for entry in FolderSource(folder).entries()] == sorted(FILES)


def test_a_pipe_is_passed_over(folder):
    os.mkfifo(folder / "content/portal/news/2026/pipe.md")
    assert [entry.path for entry in FolderSource(folder).entries()] == sorted(FILES)


def test_a_name_that_is_not_utf8_is_told_in_a_printable_form_and_can_be_read(folder):
    name = "公告.md".encode("gbk")
    (folder / os.fsdecode(b"content/portal/news/2026/" + name)).write_bytes(b"data")
    source = FolderSource(folder)
    (found,) = [entry for entry in source.entries() if entry.path not in FILES]
    assert found.path == "content/portal/news/2026/\\xb9\\xab\\xb8\\xe6.md"
    assert source.read(found) == b"data"
    assert source.revision.encode()


def test_a_utf8_name_is_already_printable():
    assert printable("content/公告 \n\\xb9.md") == "content/公告 \n\\xb9.md"


def test_a_folder_opened_again_is_the_same_state(folder):
    source = FolderSource(folder)
    (folder / ARTICLE).write_bytes(b"changed meanwhile")
    assert source.reopened().revision == source.revision


def test_a_file_that_went_meanwhile_is_told(folder):
    source = FolderSource(folder)
    (folder / ARTICLE).unlink()
    with pytest.raises(ContentError, match=r"river\.md could not be read"):
        source.read(Entry(ARTICLE, ""))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_told(folder):
    (folder / "content").chmod(0)
    with pytest.raises(ContentError, match="could not be read"):
        FolderSource(folder)
    (folder / "content").chmod(0o755)


@pytest.mark.parametrize(
    "under",
    ["", "content", "sites", "sites/types", "content/portal", "content/por", "sites/..", "docs", "content/", "/"],
)
def test_what_lies_below_a_folder_is_the_same_in_a_folder_and_in_a_commit(folder, tmp_path, under):
    with make_store(tmp_path, FILES) as store:
        listed = list(GitSource(store, store.head() or "").entries(under))
    assert list(FolderSource(folder).entries(under)) == listed
    wanted = [path for path in sorted(FILES) if not under or path.startswith(f"{under}/")]
    assert [entry.path for entry in listed] == wanted


@pytest.mark.parametrize("limit", [-1, 0, 5, 300, 10_000_000])
def test_many_files_are_read_alike_from_a_folder_and_from_a_commit(folder, tmp_path, limit):
    with make_store(tmp_path, FILES) as store:
        commit = GitSource(store, store.head() or "")
        entries = sorted(commit.entries(), reverse=True)
        found = list(commit.read_many(entries, limit))
    assert list(FolderSource(folder).read_many(entries, limit)) == found
    assert found == [
        (entry, data if len(data := FILES[entry.path]) <= limit else None, len(FILES[entry.path])) for entry in entries
    ]


def test_of_many_files_in_a_folder_links_and_what_is_no_more_are_passed_over(folder):
    (folder / "content/portal/link.md").symlink_to("/etc/passwd")
    entries = [Entry(ARTICLE, "", "000000"), *FolderSource(folder).entries(), Entry(ARTICLE, "")]
    found = [entry.path for entry, _, _ in FolderSource(folder).read_many(entries, 10_000)]
    assert found == sorted(FILES)


def test_of_many_files_one_that_was_saved_since_is_refused(folder):
    source = FolderSource(folder)
    reading = source.read_many(source.entries(), 10_000_000)
    assert next(reading)
    (folder / ARTICLE).write_bytes(make_article(title="anders"))
    with pytest.raises(ChangedError, match="changed meanwhile"):
        list(reading)


def test_a_large_file_has_git_s_id_too(folder):
    data = os.urandom(200_000)
    (folder / "content/portal/large.bin").write_bytes(data)
    (found,) = [entry for entry in FolderSource(folder).entries() if entry.path not in FILES]
    assert found.blob == blob_id(data)


def test_a_folder_that_was_closed_can_be_read_again(folder):
    source = FolderSource(folder)
    source.close()
    assert source.read(next(iter(source.entries())))


def test_config_files_are_the_toml_files_below_sites(folder):
    (folder / "sites/portal/notes.txt").write_text("x")
    (folder / "sites/portal/link.toml").symlink_to("site.toml")
    assert set(config_files(FolderSource(folder))) == {path for path in FILES if path.startswith("sites/")}


@pytest.mark.parametrize(
    ("mode", "regular"), [("100644", True), ("100755", True), ("120000", False), ("160000", False)]
)
def test_only_files_with_bytes_are_regular(mode, regular):
    assert Entry("x", "", mode).is_regular is regular


def test_a_blob_id_is_git_s():
    assert blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_a_file_that_was_saved_since_the_folder_was_opened_is_refused(folder):
    source = FolderSource(folder)
    entry = next(entry for entry in source.entries() if entry.path == ARTICLE)
    (folder / ARTICLE).write_bytes(make_article(title="anders"))
    with pytest.raises(ChangedError, match="changed meanwhile") as told:
        source.read(entry)
    assert "重试" in told.value.chinese
    assert FolderSource(folder).read(entry._replace(blob=blob_id(make_article(title="anders"))))


def test_a_file_is_weighed_without_being_read(folder, tmp_path):
    store = make_store(tmp_path, FILES)
    commit = GitSource(store, store.head() or "")
    for source in (FolderSource(folder), commit):
        assert {entry.path: source.size(entry) for entry in source.entries()} == {
            path: len(data) for path, data in FILES.items()
        }
    with pytest.raises(GitError):
        store.size("0" * 40)
    store.close()
    with pytest.raises(ContentError):
        FolderSource(folder).size(Entry("content/nothing.md", ""))
