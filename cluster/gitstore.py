"""The content repository: the only module that runs git, through GitPython's command runner.

Reads happen at a named commit; commits are made aside by `fast-import`, without a worktree or an index file, and become
`main` by compare-and-swap. Revisions are checked against a pattern before they reach a command line.

Lists and differences are read as git prints them. Files come from `cat-file` processes that are lent to one reader at
a time and kept for the next one; each maps a small part of the packs only. The processes belong to the process that
started them: a store that finds itself in a forked child lets the parent's pipes go and starts its own.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import git

from cluster.errors import ConflictError, ContentError, GitError
from cluster.source import TOPS, Entry, tops_below

NOTHING = "0" * 40
_SETTINGS = (
    # Milliseconds that git waits for another writer's lock; its own 100 are too few on a busy machine.
    *("-c", "core.filesRefLockTimeout=5000"),
    # Without these a process that reads everything maps every pack as a whole: 250 MB at 100,000 files, so 23.
    *("-c", "core.packedGitWindowSize=1m"),
    *("-c", "core.packedGitLimit=16m"),
    *("-c", "core.deltaBaseCacheLimit=16m"),
)
# A packed file above this is handed on in pieces, where git by itself holds up to 512 MB.
_PIECEMEAL = ("-c", "core.bigFileThreshold=1m")
# What `subprocess.PIPE` is; this module starts nothing but through GitPython.
_PIPE = -1
_PIPE_BYTES = 1 << 16
_CHUNK = 64 * 1024
# Ids that a `cat-file` may owe answers to: they take 2,624 bytes, less than the smallest pipe (4,096) holds, so asking
# never waits for git while git waits for us to read.
_AHEAD = 64
# Processes of a mode that wait for the next reader: one for a long reading, one for what is read beside it.
_MOST_KEPT = 2
_REVISION = re.compile(r"[0-9a-f]{40}")
_BRANCH = re.compile(r"(?!.*(\.\.|//|/\.|\.lock(/|$)))[A-Za-z0-9][A-Za-z0-9._/-]{0,120}(?<![./])")
# What git itself refuses in a work tree, and names that are no UTF-8.
_BAD_PART = re.compile(r"|\.|\.\.|\.git|.*[\0\ud800-\udfff].*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit to be made: `changes` maps a path to its new bytes, or to None when the file goes."""

    changes: Mapping[str, bytes | None]
    message: str
    author: str
    email: str
    when: datetime


class GitStore:
    """One content repository, bare or not, by its path."""

    def __init__(self, path: Path) -> None:
        try:
            self._repo = git.Repo(path)
        except (git.InvalidGitRepositoryError, git.NoSuchPathError) as error:
            raise ContentError(
                f"{path} is no Git repository. Run 'zhanqun seed' first.",
                f"{path} 不是 Git 内容库。请先运行 zhanqun seed。",
            ) from error
        self.path = path
        self._kept: dict[str, list[_Objects]] = {}
        self._owner = os.getpid()

    @classmethod
    def create(cls, path: Path) -> GitStore:
        """A new bare repository whose branch is `main`."""
        path.mkdir(parents=True, exist_ok=True)
        git.Repo.init(path, bare=True, initial_branch="main").close()
        return cls(path)

    def __enter__(self) -> GitStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the git processes kept for reading; the store can be read again, by new ones."""
        kept, self._kept = self._kept, {}
        for objects in chain.from_iterable(kept.values()):
            objects.end()
        self._repo.close()

    def reopened(self) -> GitStore:
        """The same repository with processes of its own; a forked child lets the pipes of its parent go."""
        self._let_go_of_the_parent_s()
        return GitStore(self.path)

    def head(self, branch: str = "main") -> str | None:
        """The commit that a branch names, None when there is no such branch."""
        name = f"refs/heads/{_checked_branch(branch)}"
        # The pattern also matches branches below a folder of that name.
        rows = self._git("for-each-ref", "--format=%(objectname) %(refname)", "--", name).splitlines()
        return next((row[:40] for row in rows if row[41:] == name), None)

    def first_commit(self, commit: str) -> str:
        """The oldest commit that `commit` descends from."""
        return self._git("rev-list", "--max-parents=0", "--date-order", "--reverse", _checked(commit), "--").split()[0]

    def files(self, commit: str, under: str = "") -> Iterator[Entry]:
        """The files below `content/` and `sites/` at a commit, or below `under` alone, in the order of their bytes."""
        _checked(commit)
        if places := tops_below(under):
            # The slash keeps a file that has the name of a folder from being listed as its own content.
            for row in self._rows("ls-tree", "-r", "-z", "--full-tree", commit, "--", *(f"{one}/" for one in places)):
                meta, path = row.split("\t", 1)
                mode, _, blob = meta.split(" ")
                yield Entry(path, blob, mode)

    def changes(self, old: str, new: str) -> Iterator[Entry]:
        """The files that differ between two commits; removed ones have an empty blob."""
        commits = f"{_checked(old)}^{{commit}}", f"{_checked(new)}^{{commit}}"
        rows = self._rows("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", *commits, "--", *TOPS)
        for meta in rows:
            _, mode, _, blob, status = meta.split(" ")
            yield Entry(next(rows), "" if status == "D" else blob, mode)

    def has_commit(self, commit: str) -> bool:
        """Whether the repository holds this commit."""
        try:
            self._git("cat-file", "-e", f"{_checked(commit)}^{{commit}}")
        except GitError:
            return False
        return True

    def read(self, blob: str) -> bytes:
        """A blob's bytes, through a long-lived `cat-file --batch`."""
        with self._lent("--batch") as objects:
            objects.ask([blob])
            return objects.data(objects.file_size())

    def read_many(self, entries: Iterable[Entry], limit: int) -> Iterator[tuple[Entry, bytes | None, int]]:
        """Each regular file in the given order with its bytes and their number; None for more than `limit` bytes.

        `entries` is read up to 64 entries ahead. What is no regular file, or no more, is passed over.

        Raises:
            GitError: the repository lacks a blob, or git failed.
        """
        wanted = (entry for entry in entries if entry.is_regular and entry.blob)
        asked = deque(islice(wanted, _AHEAD))
        if not asked:
            return
        with self._lent("--batch") as objects:
            objects.ask([entry.blob for entry in asked])
            while asked:
                size = objects.file_size()
                yield asked.popleft(), objects.data_up_to(limit, size), size
                if len(asked) <= _AHEAD // 2 and (more := list(islice(wanted, _AHEAD // 2))):
                    objects.ask([entry.blob for entry in more])
                    asked.extend(more)

    def size(self, blob: str) -> int:
        """A blob's size in bytes, through a long-lived `cat-file --batch-check`."""
        with self._lent("--batch-check") as objects:
            objects.ask([blob])
            return objects.size()

    def commit(self, commit: Commit, *, branch: str = "main", base: str | None = None) -> str:
        """Makes a commit on top of `base` (default: where `branch` stands) and moves the branch to it.

        Raises:
            ConflictError: the branch moved meanwhile; nothing was changed.
            GitError: a path cannot lie in a repository.
        """
        for path in commit.changes:
            _check_path(path)
        parent = _checked(base) if base else self.head(branch)
        new = self._make(commit, parent)
        self.advance(branch, new=new, old=parent)
        return new

    def advance(self, branch: str, *, new: str, old: str | None) -> None:
        """Moves a branch from `old` to `new` by compare-and-swap; `old` None makes the branch.

        Raises:
            ConflictError: the branch is no longer at `old`.
            GitError: there is no commit `new`, or git failed for another reason.
        """
        name = f"refs/heads/{_checked_branch(branch)}"
        if not self.has_commit(new):
            raise GitError(f"'{new}' is no commit of the repository.", f"“{new}”不是库里的提交。")
        before = _checked(old) if old else NOTHING
        try:
            self._git("update-ref", name, new, before)
        except GitError as error:
            if self.head(branch) == old:
                raise
            raise ConflictError(
                f"Somebody else changed '{branch}' meanwhile. Read again and repeat.",
                f"“{branch}”刚被别人改动。请重新读取后再试。",
            ) from error

    def _make(self, commit: Commit, parent: str | None) -> str:
        """The commit's id; it lies in the repository but no branch names it."""
        aside = f"refs/zhanqun/{secrets.token_hex(8)}"
        with tempfile.TemporaryFile() as stream:
            stream.writelines(_fast_import(commit, parent, aside))
            stream.seek(0)
            try:
                # No deltas: they would be against whatever file came before, save nothing and cost ten times the
                # time to read; `git gc` finds good ones.
                self._repo.git.fast_import("--quiet", "--done", "--depth=0", istream=stream)
            except git.GitCommandError as error:
                raise _translated(error) from error
        made = self._git("rev-parse", "--verify", aside).strip()
        self._git("update-ref", "-d", aside)
        return made

    def _git(self, command: str, *arguments: str) -> str:
        try:
            words = ["git", *_SETTINGS, command, *arguments]
            return str(self._repo.git.execute(words, strip_newline_in_stdout=False))
        except git.GitCommandError as error:
            raise _translated(error) from error

    def _rows(self, command: str, *arguments: str) -> Iterator[str]:
        """What git prints between NUL bytes, as it comes, in the form of `cluster.source.printable`."""
        process = self._started(command, *arguments)
        try:
            rest = b""
            while piece := process.stdout.read(_CHUNK):
                whole, nul, rest = (rest + piece).rpartition(b"\0")
                if nul:
                    yield from whole.decode("utf-8", "backslashreplace").split("\0")
            process.wait()
        except git.GitCommandError as error:
            raise _translated(error) from error
        finally:
            _end(process)

    @contextmanager
    def _lent(self, mode: str) -> Iterator[_Objects]:
        """A `cat-file` of this mode for one reader, kept for the next one unless answers were left unread."""
        self._let_go_of_the_parent_s()
        # After a `close` nobody has this list any more, and the process ends with it.
        kept = self._kept.setdefault(mode, [])
        try:
            objects = kept.pop()
        except IndexError:
            objects = _Objects(self._started(*_PIECEMEAL, "cat-file", mode, istream=_PIPE))
        try:
            yield objects
        finally:
            if objects.owed or len(kept) >= _MOST_KEPT:
                objects.end()
            else:
                kept.append(objects)

    def _let_go_of_the_parent_s(self) -> None:
        if self._owner != os.getpid():
            self.close()
            self._owner = os.getpid()

    def _started(self, *words: str, istream: int | None = None) -> git.Git.AutoInterrupt:
        """A running git, which ends when nobody has it any more."""
        try:
            return self._repo.git.execute(["git", *_SETTINGS, *words], istream=istream, as_process=True)
        except git.GitCommandError as error:
            raise _translated(error) from error


class _Objects:
    """One `git cat-file`, which answers in the order of asking; `owed` answers were not read to their end."""

    def __init__(self, process: git.Git.AutoInterrupt) -> None:
        self._process = process
        self._questions: int = process.stdin.fileno()
        # A pipe holds 64 KiB: one call for a dozen files instead of one for each.
        self._answers: BinaryIO = open(process.stdout.fileno(), "rb", buffering=_PIPE_BYTES, closefd=False)  # noqa: SIM115
        self.owed = 0

    def ask(self, blobs: list[str]) -> None:
        """Asks for these ids, so many that no more than 64 are owed."""
        words = "".join(f"{_checked(blob)}\n" for blob in blobs).encode()
        self.owed += len(blobs)
        try:
            os.write(self._questions, words)
        except OSError as error:
            raise self._failure() from error

    def size(self) -> int:
        """The next object's size in bytes, which is all that `--batch-check` answers."""
        _, size = self._header()
        self.owed -= 1
        return size

    def file_size(self) -> int:
        """The size in bytes of the next object, a file, whose bytes are to be taken next."""
        kind, size = self._header()
        if kind != "blob":
            raise GitError(f"A {kind} is no file in the repository.", f"{kind} 不是库里的文件。")
        return size

    def data_up_to(self, limit: int, size: int) -> bytes | None:
        """The bytes of the file just weighed, or None when they are more than `limit`; those are never held."""
        if size <= limit:
            return self.data(size)
        left = size + 1
        while left:
            left -= len(self._taken(min(left, _CHUNK)))
        self.owed -= 1
        return None

    def data(self, size: int) -> bytes:
        """The bytes of the file just weighed."""
        data = self._taken(size + 1)
        self.owed -= 1
        return data[:-1]

    def end(self) -> None:
        """Ends the process."""
        _end(self._process)

    def _header(self) -> tuple[str, int]:
        """The next object's kind and size; see git-cat-file(1), BATCH OUTPUT."""
        words = self._answers.readline().decode().split()
        if not words:
            raise self._failure()
        if len(words) != 3:
            raise GitError(
                f"git failed: the repository lacks {words[0]}. Check it with 'git fsck'.",
                f"git 出错：库中缺少 {words[0]}。请用 git fsck 检查。",
            )
        return words[1], int(words[2])

    def _taken(self, count: int) -> bytes:
        data = self._answers.read(count)
        if len(data) < count:
            raise self._failure()
        return data

    def _failure(self) -> GitError:
        """Why git ended."""
        try:
            self._process.wait()
        except git.GitCommandError as error:
            return _translated(error)
        return GitError("git failed: it ended too early. Try again.", "git 出错：过早结束。请重试。")


def _end(process: git.Git.AutoInterrupt) -> None:
    """Ends a git and closes its pipes; in a forked child, whose git it is not, the pipes alone."""
    if process.proc is not None:
        # Its end is not left to a closed pipe, of which a forked child may hold a copy.
        process.proc.terminate()
        with process.proc:
            pass


class GitSource:
    """One commit of a content repository."""

    def __init__(self, store: GitStore, commit: str) -> None:
        self._store = store
        self._commit = commit

    @property
    def revision(self) -> str:
        """The commit."""
        return self._commit

    def entries(self, under: str = "") -> Iterable[Entry]:
        """The files below `under`, or all; sorted by path, where a name that is no UTF-8 stands by its bytes."""
        return self._store.files(self._commit, under)

    def changes_since(self, revision: str) -> Iterable[Entry] | None:
        """The difference between two commits, None when the earlier one is not in the repository."""
        if revision == self._commit:
            return ()
        if not _REVISION.fullmatch(revision):
            return None
        changes = self._store.changes(revision, self._commit)
        try:
            first = tuple(islice(changes, 1))
        except GitError:
            if self._store.has_commit(revision):
                raise
            return None
        return chain(first, changes)

    def read(self, entry: Entry) -> bytes:
        """The blob's bytes."""
        return self._store.read(entry.blob)

    def read_many(self, entries: Iterable[Entry], limit: int) -> Iterator[tuple[Entry, bytes | None, int]]:
        """Each regular file in the given order with its bytes and size (`GitStore.read_many`)."""
        return self._store.read_many(entries, limit)

    def size(self, entry: Entry) -> int:
        """The blob's size in bytes."""
        return self._store.size(entry.blob)

    def reopened(self) -> GitSource:
        """The same commit through a store of its own."""
        return GitSource(self._store.reopened(), self._commit)

    def close(self) -> None:
        """Ends the git processes kept for reading."""
        self._store.close()


def _checked(revision: str) -> str:
    if not _REVISION.fullmatch(revision):
        raise GitError(f"'{revision}' is no commit or blob id.", f"“{revision}”不是提交或文件的编号。")
    return revision


def _checked_branch(branch: str) -> str:
    if not _BRANCH.fullmatch(branch):
        raise GitError(f"'{branch}' cannot be a branch name.", f"“{branch}”不能作分支名。")
    return branch


def _check_path(path: str) -> None:
    if any(_BAD_PART.fullmatch(part) for part in path.split("/")):
        raise GitError(f"{path!r} cannot be a path in the repository.", f"{path!r} 不能作库里的路径。")


def _fast_import(commit: Commit, parent: str | None, ref: str) -> Iterator[bytes]:
    """The commit as `git fast-import` reads it; see git-fast-import(1), COMMIT."""
    seconds = int(commit.when.timestamp())
    zone = commit.when.strftime("%z") or "+0000"
    message = commit.message.encode()
    who = f"{_plain(commit.author)} <{_plain(commit.email)}> {seconds} {zone}"
    yield f"commit {ref}\nauthor {who}\ncommitter {who}\n".encode()
    yield b"data %d\n%b\n" % (len(message), message)
    if parent:
        yield f"from {parent}\n".encode()
    for path in sorted(commit.changes):
        data = commit.changes[path]
        if data is None:
            yield b"D %b\n" % _quoted(path)
        else:
            yield b"M 100644 inline %b\ndata %d\n%b\n" % (_quoted(path), len(data), data)
    yield b"done\n"


def _plain(words: str) -> str:
    return re.sub(r"[<>\n\r\0]", "", words).strip() or "zhanqun"


def _quoted(path: str) -> bytes:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'.encode()


def _translated(error: Exception) -> GitError:
    words = str(getattr(error, "stderr", "")).strip().splitlines() or str(error).splitlines()[:1]
    told = next((line for line in words if "fatal: " in line), words[-1] if words else type(error).__name__)
    told = told.rpartition("fatal: ")[2].strip(" '")
    return GitError(f"git failed: {told}", f"git 出错：{told}")


def identity() -> tuple[str, str]:
    """Author name and mail for commits made from the command line, from git's own environment variables."""
    name = os.environ.get("GIT_AUTHOR_NAME") or os.environ.get("USER") or "zhanqun"
    return name, os.environ.get("GIT_AUTHOR_EMAIL") or f"{name}@localhost"
