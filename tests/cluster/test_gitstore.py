"""The content repository: real git; commits made aside, branches moved by compare-and-swap, nothing hostile let in."""

from __future__ import annotations

import gc
import itertools
import multiprocessing
import os
import signal
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import git
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.clock import parse_date
from cluster.errors import ConflictError, ContentError, GitError
from cluster.gitstore import Commit, GitSource, GitStore, identity
from cluster.source import Entry, blob_id, config_files
from tests.builders import NOW, commit_files, commit_link, make_store

A, B = "content/portal/news/2026/a.md", "content/portal/news/2026/b.md"
HOSTILE = [
    "main", "HEAD", "", "--help", "-d", "a" * 39, "a" * 41, "A" * 40, "a" * 40 + "\n", "g" * 40, "main^{commit}",
    ":/words", "a" * 40 + "..", "--upload-pack=touch /tmp/x",
]  # fmt: skip
HOSTILE_BRANCHES = [
    "",
    "-d",
    "--all",
    "a..b",
    "a//b",
    "a/",
    "/a",
    ".a",
    "a/.b",
    "a.",
    "a b",
    "a~1",
    "a^",
    "a:b",
    "a?",
    "a*",
    "a[",
    "a\\b",
    "a\nb",
    "a\n",
    "a.lock",
    "a.lock/b",
    "@{-1}",
    "../main",
    "a" * 123,
    "分支",
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GitStore]:
    """A repository whose `main` holds one file."""
    with make_store(tmp_path, {A: b"one"}) as made:
        yield made


def head_of(store: GitStore, branch: str = "main") -> str:
    head = store.head(branch)
    assert head is not None
    return head


def contents(store: GitStore, commit: str) -> dict[str, bytes]:
    return {entry.path: store.read(entry.blob) for entry in store.files(commit)}


def many_files(count: int) -> dict[str, bytes]:
    return {f"content/portal/news/2026/{number:05d}.md": b"%d" % number * (number % 50) for number in range(count)}


def git_processes() -> set[int]:
    """The gits that this process has started and that have not ended."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")
        except OSError:
            continue
        if words[0].endswith("(git") and int(words[2].split()[1]) == os.getpid():
            found.add(int(stat.parent.name))
    return found


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def in_a_fork(work: Callable[[], object], meanwhile: Callable[[], object] = lambda: None) -> Any:
    """What `work` returns in a forked child, which lives on until `meanwhile` is over here."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def child() -> None:
        theirs.send(work())
        theirs.recv()

    process = context.Process(target=child)
    process.start()
    try:
        assert ours.poll(60), "the child said nothing"
        answer = ours.recv()
        meanwhile()
        ours.send("go")
        process.join(60)
    finally:
        process.kill()
        process.join()
    assert process.exitcode == 0
    return answer


# ---- opening --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nowhere", "plain"])
def test_a_folder_that_is_no_repository_is_refused_with_advice(tmp_path, name):
    (tmp_path / "plain").mkdir()
    with pytest.raises(ContentError, match="Run 'zhanqun seed'"):
        GitStore(tmp_path / name)


def test_a_new_repository_is_bare_and_has_no_branch_yet(tmp_path):
    with GitStore.create(tmp_path / "deep" / "content.git") as made:
        assert (made.path / "HEAD").read_text() == "ref: refs/heads/main\n"
        assert made.head() is None


def test_a_repository_with_a_worktree_can_be_read_too(tmp_path):
    repo = git.Repo.init(tmp_path / "work", initial_branch="main")
    (tmp_path / "work" / "content").mkdir()
    (tmp_path / "work" / "content" / "a.md").write_bytes(b"x")
    repo.git.add("content")
    repo.git.execute(["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "x"])
    with GitStore(tmp_path / "work") as opened:
        assert contents(opened, head_of(opened)) == {"content/a.md": b"x"}
    repo.close()


# ---- committing -----------------------------------------------------------------------------------------------------


def test_a_commit_is_made_aside_and_becomes_main(store):
    first = head_of(store)
    second = commit_files(store, {B: b"two", A: None}, message="改 “a”\n\n正文 --done\n")
    assert head_of(store) == second
    assert contents(store, second) == {B: b"two"}
    assert contents(store, first) == {A: b"one"}
    with git.Repo(store.path) as repo:
        commit = repo.commit(second)
        assert [parent.hexsha for parent in commit.parents] == [first]
        assert commit.message == "改 “a”\n\n正文 --done\n"
        assert (commit.author.name, commit.author.email) == ("李明", "liming@yunze.example")
        assert commit.authored_datetime.isoformat() == "2026-11-20T09:00:00+08:00"
        assert [ref.path for ref in repo.refs] == ["refs/heads/main"]


def test_a_repository_needs_no_worktree_and_no_index_file(store):
    commit_files(store, {B: b"two"})
    assert not (store.path / "index").exists()


def test_the_first_commit_makes_the_branch(store):
    made = commit_files(store, {B: b"two"}, branch="item/6f1c")
    assert head_of(store, "item/6f1c") == made
    assert contents(store, made) == {B: b"two"}
    assert contents(store, head_of(store)) == {A: b"one"}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x00\xff\n\r\n", id="binary"),
        pytest.param(b"\ndone\nM 100644 inline x\ndata 1\nx\n", id="like a fast-import stream"),
        pytest.param(b"x" * 3_000_000, id="3 MB"),
    ],
)
def test_any_bytes_come_back(store, data):
    commit = commit_files(store, {B: data})
    assert contents(store, commit)[B] == data
    assert {entry.path: entry.blob for entry in store.files(commit)}[B] == blob_id(data)


STRANGE = [
    'content/"quoted".md',
    "content/it's.md",
    "content/two words.md",
    "content/ lead and trail .md",
    "content/公告.md",
    "content/line\nbreak.md",
    "content/tab\t.md",
    "content/back\\slash.md",
    "content/\\n.md",
    "content/-d",
    "content/--all.md",
    "content/:colon.md",
    "content/*.md",
    "content/a?b[c].md",
    "content/$HOME.md",
    "content/\x01.md",
    "content/é.md",
    "content/.gitignore",
    "content/...md",
    "sites/x/y/z.toml",
    "content/🐂.md",
    "content/\r.md",
    "content/a.lock",
]


def test_strange_file_names_survive_writing_listing_diff_and_removal(store):
    first = head_of(store)
    second = commit_files(store, {path: path.encode() for path in STRANGE})
    assert contents(store, second) == {A: b"one"} | {path: path.encode() for path in STRANGE}
    assert {entry.path for entry in store.changes(first, second)} == set(STRANGE)
    third = commit_files(store, dict.fromkeys(STRANGE))
    assert contents(store, third) == {A: b"one"}
    assert {(entry.path, entry.blob) for entry in store.changes(second, third)} == {(path, "") for path in STRANGE}


@pytest.mark.parametrize(
    "path",
    [
        "../x.md",
        "content/../../x.md",
        "content/./x.md",
        "/etc/passwd",
        "content//x.md",
        "content/x/",
        "",
        ".",
        ".git/config",
        "content/.git/hooks/x",
        "content/.GIT/x",
        "content/a\x00b.md",
        "content/\udcc4.md",
    ],
)
def test_a_path_that_leaves_the_tree_is_refused_and_main_stays(store, path):
    before = head_of(store)
    with pytest.raises(GitError, match="cannot be a path"):
        commit_files(store, {B: b"two", path: b"x"})
    assert head_of(store) == before


def test_a_file_where_a_folder_is_makes_the_folder_go(store):
    assert contents(store, commit_files(store, {"content/portal": b"x"})) == {"content/portal": b"x"}


@pytest.mark.parametrize(
    ("author", "email"),
    [
        pytest.param("A\ncommitter B <b@c> 1 +0000", "a@b\n", id="line breaks"),
        pytest.param("A <root@localhost>", "<<>>", id="angle brackets"),
        pytest.param("", "\x00", id="nothing"),
    ],
)
def test_a_hostile_author_cannot_write_the_commit(store, author, email):
    made = store.commit(Commit({B: b"two"}, "x", author, email, parse_date(NOW)))
    with git.Repo(store.path) as repo:
        commit = repo.commit(made)
        assert commit.committer == commit.author
        assert "<" not in f"{commit.author.name}{commit.author.email}"
        assert "\n" not in f"{commit.author.name}{commit.author.email}"


def test_a_moment_without_a_zone_is_taken_too(store):
    made = store.commit(Commit({B: b"two"}, "x", "A", "a@b", datetime(2026, 11, 20, 9, 0)))
    with git.Repo(store.path) as repo:
        assert repo.commit(made).authored_datetime.utcoffset() is not None


# ---- moving branches ------------------------------------------------------------------------------------------------


def test_somebody_else_s_commit_is_never_lost(store):
    first = head_of(store)
    mine = commit_files(store, {A: b"mine"}, branch="draft")
    theirs = commit_files(store, {A: b"theirs"})
    with pytest.raises(ConflictError, match="Read again") as caught:
        store.advance("main", new=mine, old=first)
    assert "main" in caught.value.chinese
    assert head_of(store) == theirs
    store.advance("main", new=mine, old=theirs)
    assert head_of(store) == mine


def test_a_commit_on_an_older_base_is_a_conflict_unless_the_branch_still_stands_there(store):
    first = head_of(store)
    made = Commit({B: b"two"}, "x", "A", "a@b", parse_date(NOW))
    second = store.commit(made, base=first)
    with pytest.raises(ConflictError):
        store.commit(made, base=first)
    with pytest.raises(GitError, match="is no commit"):
        store.commit(made, base="main\nM 100644 inline x")
    assert head_of(store) == second


def test_of_writers_at_the_same_time_each_commit_counts(store):
    def write(name: str) -> None:
        with GitStore(store.path) as own:
            while True:
                try:
                    commit_files(own, {f"content/{name}.md": b"x"})
                except ConflictError:
                    continue
                return

    with ThreadPoolExecutor(4) as writers:
        list(writers.map(write, "abcdef"))
    assert set(contents(store, head_of(store))) == {A, *(f"content/{name}.md" for name in "abcdef")}


def test_a_branch_that_exists_is_not_made_again(store):
    first = head_of(store)
    draft = commit_files(store, {A: b"x"}, branch="draft")
    with pytest.raises(ConflictError):
        store.advance("main", new=draft, old=None)
    assert head_of(store) == first
    store.advance("other", new=draft, old=None)
    assert head_of(store, "other") == draft


def test_a_branch_moves_only_to_a_commit(store):
    first = head_of(store)
    blob = next(store.files(first)).blob
    for nothing in ("1" * 40, blob):
        with pytest.raises(GitError, match="no commit") as caught:
            store.advance("main", new=nothing, old=first)
        assert not isinstance(caught.value, ConflictError)
    assert head_of(store) == first


def test_a_branch_is_found_by_its_whole_name_only(store):
    commit_files(store, {A: b"x"}, branch="item/6f1c/draft")
    assert store.head("item") is None
    assert store.head("item/6f1c") is None
    assert store.head("draft") is None
    assert store.head("nowhere") is None


@pytest.mark.parametrize("branch", HOSTILE_BRANCHES)
def test_a_hostile_branch_name_is_refused(store, branch):
    first = head_of(store)
    for attempt in (
        lambda: store.head(branch),
        lambda: store.advance(branch, new=first, old=None),
        lambda: commit_files(store, {A: b"x"}, branch=branch),
    ):
        with pytest.raises(GitError, match="cannot be a branch name"):
            attempt()


@pytest.mark.parametrize("revision", HOSTILE)
def test_a_hostile_revision_is_refused_before_git_sees_it(store, revision):
    first = head_of(store)
    for attempt in (
        lambda: list(store.files(revision)),
        lambda: list(store.changes(first, revision)),
        lambda: list(store.changes(revision, first)),
        lambda: store.read(revision),
        lambda: store.advance("main", new=revision, old=first),
        lambda: store.advance("main", new=first, old=revision or "-"),
    ):
        with pytest.raises(GitError, match="is no commit"):
            attempt()
    assert not store.has_commit(revision)
    assert GitSource(store, first).changes_since(revision) is None
    assert head_of(store) == first


# ---- reading --------------------------------------------------------------------------------------------------------


def test_only_content_and_sites_are_listed_sorted_by_path(store):
    commit = commit_files(
        store,
        {"README.md": b"x", "contents/x.md": b"x", "content/a/b.md": b"", "content/a.md": b"", "sites/a.toml": b""},
    )
    paths = [entry.path for entry in store.files(commit)]
    assert paths == ["content/a.md", "content/a/b.md", A, "sites/a.toml"]
    assert paths == sorted(paths)


def test_changes_tell_new_changed_and_removed_files_and_a_move_as_both(store):
    first = head_of(store)
    commit_files(store, {B: b"two", "README.md": b"x"})
    second = commit_files(store, {A: None, "content/moved.md": b"one"})
    assert sorted(store.changes(first, second)) == [
        Entry("content/moved.md", blob_id(b"one"), "100644"),
        Entry(A, "", "000000"),
        Entry(B, blob_id(b"two"), "100644"),
    ]
    assert list(store.changes(first, first)) == []


def test_a_link_in_git_has_its_mode(store):
    first = head_of(store)
    second = commit_link(store, A, "/etc/passwd")
    assert list(store.changes(first, second)) == [Entry(A, blob_id(b"/etc/passwd"), "120000")]
    assert [entry.is_regular for entry in store.files(second)] == [False]


def test_a_name_that_is_not_utf8_is_printable(store):
    stream = store.path / "stream"
    who = b"committer a <a@b> 1 +0000\ndata 0\nfrom refs/heads/main^0\n"
    stream.write_bytes(b"commit refs/heads/main\n" + who + b"M 100644 inline content/\xc4\xe3.md\ndata 1\nx\ndone\n")
    first = head_of(store)
    with git.Repo(store.path) as repo, stream.open("rb") as reader:
        repo.git.fast_import("--quiet", "--done", istream=reader)
    assert [entry.path for entry in store.changes(first, head_of(store))] == ["content/\\xc4\\xe3.md"]
    assert contents(store, head_of(store))["content/\\xc4\\xe3.md"] == b"x"


def test_what_is_missing_is_a_git_error_and_reading_goes_on(store):
    first = head_of(store)
    blob = next(store.files(first)).blob
    with pytest.raises(GitError):
        store.read("1" * 40)
    with pytest.raises(GitError, match="is no file"):
        store.read(first)
    with pytest.raises(GitError, match="git failed"):
        list(store.files("1" * 40))
    assert store.read(blob) == b"one"
    assert not store.has_commit("1" * 40)
    assert not store.has_commit(blob)


def test_a_source_is_one_commit_and_tells_what_changed_since_another(store):
    first = head_of(store)
    second = commit_files(store, {B: b"two"})
    source = GitSource(store, second)
    assert source.revision == second
    assert [entry.path for entry in source.entries()] == [A, B]
    assert [entry.path for entry in source.changes_since(first) or ()] == [B]
    assert source.changes_since("1" * 40) is None
    assert source.changes_since("folder-0123") is None
    commit_files(store, {A: None})
    assert source.read(Entry(A, blob_id(b"one"))) == b"one"
    own = source.reopened()
    assert (own.revision, own.read(Entry(A, blob_id(b"one")))) == (second, b"one")


@pytest.mark.parametrize(
    ("under", "names"),
    [
        pytest.param("", ["content/a/b.md", "content/a.md", "content/ab/c.md", A, "sites/x/site.toml"], id="all"),
        pytest.param("sites", ["sites/x/site.toml"], id="a top"),
        pytest.param("content/a", ["content/a/b.md"], id="a folder, not its namesakes"),
        pytest.param("content/a.md", [], id="a file has nothing below it"),
        pytest.param("content/nothing", [], id="no such folder"),
        pytest.param("README.md", [], id="beside the tops"),
        pytest.param("docs", [], id="a folder beside the tops"),
        pytest.param("content/../docs", [], id="a way out"),
        pytest.param("content/", [], id="a slash too many"),
        pytest.param("/content", [], id="a slash in front"),
        pytest.param("content/*", [], id="a pattern"),
        pytest.param("content/a\0", [], id="a zero byte"),
        pytest.param(":(top)content", [], id="git's magic"),
        pytest.param("-r", [], id="an option"),
    ],
)
def test_only_what_lies_below_a_folder_is_listed(store, under, names):
    files = ["README.md", "docs/x.md", "content/a/b.md", "content/a.md", "content/ab/c.md", "sites/x/site.toml"]
    source = GitSource(store, commit_files(store, dict.fromkeys(files, b"x")))
    assert [entry.path for entry in source.entries(under)] == sorted(names)


def test_a_file_in_the_place_of_a_top_is_not_listed(store):
    assert contents(store, commit_files(store, {"content": b"x", "sites": b"y"})) == {}


def test_configuration_is_read_though_content_cannot_be(store):
    commit = commit_files(store, {"sites/x/site.toml": b"x"})
    with git.Repo(store.path) as repo:
        tree = repo.git.rev_parse(f"{commit}:content")
    (store.path / "objects" / tree[:2] / tree[2:]).unlink()
    source = GitSource(store, commit)
    assert config_files(source) == {"sites/x/site.toml": b"x"}
    with pytest.raises(GitError, match="git failed"):
        list(source.entries())


def test_a_listing_longer_than_any_pipe_comes_whole(store):
    first = head_of(store)
    names = {f"content/{'公告' * (number % 40)}{number}.md": b"x" for number in range(2_500)}
    second = commit_files(store, names)
    assert [entry.path for entry in store.files(second)] == sorted([A, *names])
    assert [entry.path for entry in store.changes(first, second)] == sorted(names)


def test_a_listing_broken_off_leaves_no_process(store):
    commit = commit_files(store, dict.fromkeys((f"content/{'x' * 90}{number}.md" for number in range(2_500)), b"x"))
    before = git_processes()
    listing = store.files(commit)
    assert next(listing).path
    del listing
    gc.collect()
    assert git_processes() == before


def test_what_changed_since_something_that_is_no_commit_is_unknown(store):
    first = head_of(store)
    source = GitSource(store, commit_files(store, {B: b"two"}))
    with git.Repo(store.path) as repo:
        tree = repo.git.rev_parse(f"{first}^{{tree}}")
    for other in (tree, blob_id(b"one"), "1" * 40):
        assert source.changes_since(other) is None


def test_a_damaged_repository_is_told_and_not_taken_for_an_unknown_commit(store):
    first = head_of(store)
    source = GitSource(store, commit_files(store, {B: b"two"}))
    with git.Repo(store.path) as repo:
        tree = repo.git.rev_parse(f"{first}^{{tree}}")
    (store.path / "objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(GitError, match="git failed"):
        source.changes_since(first)


def test_nothing_changed_since_the_commit_itself_and_no_git_is_asked(store):
    source = GitSource(store, "1" * 40)
    assert list(source.changes_since("1" * 40) or ()) == []


# ---- reading many ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitSource]:
    """A commit of 400 files of 0 to 200 bytes."""
    with make_store(tmp_path_factory.mktemp("full"), many_files(400)) as store:
        yield GitSource(store, head_of(store))


@settings(max_examples=30, deadline=None)
@given(order=st.lists(st.integers(0, 399), max_size=300), limit=st.integers(-1, 200))
def test_many_files_are_read_in_the_given_order_as_one_by_one(full, order, limit):
    entries = list(full.entries())
    wanted = [entries[number] for number in order]
    expected = [(entry, full.read(entry), full.size(entry)) for entry in wanted]
    assert list(full.read_many(iter(wanted), limit)) == [
        (entry, data if size <= limit else None, size) for entry, data, size in expected
    ]


def test_other_files_can_be_read_while_many_are(full):
    files = many_files(400)
    for entry, data, size in full.read_many(full.entries(), 1_000):
        assert data == files[entry.path] == full.read(entry)
        assert full.size(entry) == size
        if size == 50:
            assert len(list(full.read_many(full.entries(), 1_000))) == 400


def test_links_and_files_that_are_no_more_are_passed_over(store):
    commit_link(store, B, "/etc/passwd")
    entries = [Entry(A, "", "000000"), *store.files(head_of(store)), Entry(A, "")]
    assert list(store.read_many(entries, 10)) == [(Entry(A, blob_id(b"one")), b"one", 3)]
    assert list(store.read_many([], 10)) == []


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_a_file_over_the_limit_is_passed_over_without_being_held(store, packed):
    commit = commit_files(store, {"content/a.bin": os.urandom(3_000_000), B: b"two"})
    if packed:
        with git.Repo(store.path) as repo:
            repo.git.repack("-a", "-d", "-q")
    entries = list(store.files(commit))
    tracemalloc.start()
    found = [(data, size) for _, data, size in store.read_many(entries, 100)]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == [(None, 3_000_000), (b"one", 3), (b"two", 3)]
    assert most < 1_000_000


def test_reading_goes_on_after_many_were_broken_off(full):
    entries = list(full.entries())
    reading = full.read_many(entries, 1_000)
    first = next(reading)
    del reading
    assert next(full.read_many(entries, 1_000)) == first
    assert full.read(entries[7]) == many_files(400)[entries[7].path]


def test_the_process_is_kept_when_each_answer_was_taken(store):
    entries = list(store.files(head_of(store)))
    for _ in range(3):
        assert next(store.read_many(entries, 10))[1] == store.read(entries[0].blob) == b"one"
        kept = git_processes()
    assert next(store.read_many(entries, 10))[1] == b"one"
    assert git_processes() == kept


def test_a_missing_file_among_many_is_a_git_error_and_reading_goes_on(store):
    commit = commit_files(store, many_files(100))
    entries = list(store.files(commit))
    for missing in (Entry(B, "1" * 40), Entry(B, commit), Entry(B, "--batch-all-objects")):
        with pytest.raises(GitError):
            list(store.read_many([*entries[:80], missing, *entries[80:]], 1_000))
        assert len(list(store.read_many(entries, 1_000))) == 101


def test_a_git_that_was_killed_is_told_and_another_one_reads_on(store):
    entry = next(store.files(head_of(store)))
    before = git_processes()
    assert store.read(entry.blob) == b"one"
    (reader,) = git_processes() - before
    os.kill(reader, signal.SIGKILL)
    with pytest.raises(GitError, match="git failed"):
        store.read(entry.blob)
    assert store.read(entry.blob) == b"one"


def test_what_is_committed_later_is_found_by_a_process_already_there(store):
    assert store.read(blob_id(b"one")) == b"one"
    commit_files(store, {B: b"later"})
    assert store.read(blob_id(b"later")) == b"later"
    assert store.size(blob_id(b"later")) == 5


def test_threads_may_read_at_the_same_time_and_leave_no_more_than_two_processes(full):
    entries = list(full.entries())
    files = many_files(400)
    full.close()
    before = git_processes()
    with ThreadPoolExecutor(4) as readers:
        assert list(readers.map(full.read, entries)) == [files[entry.path] for entry in entries]
    assert len(git_processes() - before) <= 2


def test_files_of_one_commit_are_not_packed_as_differences_to_each_other(tmp_path):
    text = "施工人员昨日进场。" * 50
    files = {f"content/{number}.md": f"{text}{number}".encode() for number in range(300)}
    with make_store(tmp_path, files) as store, git.Repo(store.path) as repo:
        told = repo.git.cat_file("--batch-all-objects", "--batch-check=%(deltabase)")
    assert len(told.splitlines()) > 300
    assert set(told.splitlines()) == {"0" * 40}


# ---- processes ------------------------------------------------------------------------------------------------------


def test_opening_and_closing_leaves_no_process_and_no_open_file(store):
    entry = next(store.files(head_of(store)))

    def once() -> None:
        with GitStore(store.path) as opened:
            source = GitSource(opened, head_of(opened))
            again = source.reopened()
            assert again.read(entry) == source.read(entry) == b"one"
            assert again.size(entry) == 3
            assert next(again.read_many(itertools.repeat(entry, 100), 10))
            again.close()

    once()
    before = git_processes(), open_files()
    for _ in range(20):
        once()
    assert (git_processes(), open_files()) == before


def test_a_store_that_nobody_has_any_more_leaves_no_process(store):
    before = git_processes(), open_files()
    forgotten = GitStore(store.path)
    assert forgotten.read(blob_id(b"one")) == b"one"
    assert git_processes() > before[0]
    del forgotten
    gc.collect()
    assert (git_processes(), open_files()) == before


def test_a_closed_store_can_be_read_again_and_a_reading_under_way_ends_by_itself(store):
    commit = commit_files(store, many_files(100))
    before = git_processes()
    reading = store.read_many(list(store.files(commit)), 1_000)
    assert next(reading)
    store.close()
    assert len(list(reading)) == 100
    assert git_processes() == before
    assert store.read(blob_id(b"one")) == b"one"


def test_a_forked_child_reads_by_itself_while_its_parent_goes_on(full):
    files = many_files(400)
    entries = list(full.entries())
    reading = full.read_many(entries, 1_000)
    taken = [next(reading)]
    full.read(entries[0])

    def work() -> tuple[bool, bool, set[int], bool]:
        open_before = open_files()
        own = full.reopened()
        same = [data for _, data, _ in own.read_many(entries, 1_000)] == [files[entry.path] for entry in entries]
        inherited = full.read(entries[5]) == files[entries[5].path]
        own.close()
        full.close()
        return same, inherited, git_processes(), open_files() < open_before

    assert in_a_fork(work, lambda: taken.extend(reading)) == (True, True, set(), True)
    assert [data for _, data, _ in taken] == [files[entry.path] for entry in entries]


def test_a_store_can_be_closed_while_a_forked_child_still_holds_its_pipes(store):
    before = git_processes()
    assert store.read(blob_id(b"one")) == b"one"
    assert git_processes() > before
    assert in_a_fork(lambda: "alive", store.close) == "alive"
    assert git_processes() == before


# ---- words ----------------------------------------------------------------------------------------------------------


def test_git_s_own_words_are_told(store):
    (store.path / "refs/heads/main").write_text("damaged\n")
    with pytest.raises(GitError, match="git failed: \\S"):
        commit_files(store, {B: b"two"})


def test_the_identity_comes_from_git_s_variables(monkeypatch):
    monkeypatch.setenv("GIT_AUTHOR_NAME", "李明")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "liming@yunze.example")
    assert identity() == ("李明", "liming@yunze.example")
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "USER"):
        monkeypatch.delenv(name, raising=False)
    assert identity() == ("zhanqun", "zhanqun@localhost")
