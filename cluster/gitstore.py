"""The content repository: the only module that runs git, through GitPython's command runner.

Reads happen at a named commit; commits are made aside by `fast-import`, without a worktree or an index file, and become
`main` by compare-and-swap. Revisions are checked against a pattern before they reach a command line.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import git

from cluster.errors import ConflictError, ContentError, GitError
from cluster.source import TOPS, Entry, printable

NOTHING = "0" * 40
# Milliseconds that git waits for another writer's lock; its own 100 are too few on a busy machine.
_PATIENCE = ("-c", "core.filesRefLockTimeout=5000")
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
        """Ends the git processes kept for reading."""
        self._repo.close()

    def head(self, branch: str = "main") -> str | None:
        """The commit that a branch names, None when there is no such branch."""
        name = f"refs/heads/{_checked_branch(branch)}"
        # The pattern also matches branches below a folder of that name.
        rows = self._git("for-each-ref", "--format=%(objectname) %(refname)", "--", name).splitlines()
        return next((row[:40] for row in rows if row[41:] == name), None)

    def first_commit(self, commit: str) -> str:
        """The oldest commit that `commit` descends from."""
        return self._git("rev-list", "--max-parents=0", "--date-order", "--reverse", _checked(commit), "--").split()[0]

    def files(self, commit: str) -> Iterator[Entry]:
        """All files below `content/` and `sites/` at a commit, sorted by path."""
        listing = self._git("ls-tree", "-r", "-z", "--full-tree", _checked(commit), "--", *TOPS)
        for row in filter(None, listing.split("\0")):
            meta, path = row.split("\t", 1)
            mode, _, blob = meta.split(" ")
            yield Entry(printable(path), blob, mode)

    def changes(self, old: str, new: str) -> Iterator[Entry]:
        """The files that differ between two commits; removed ones have an empty blob."""
        listing = self._git(
            "diff", "--raw", "-z", "--no-renames", "--no-abbrev", _checked(old), _checked(new), "--", *TOPS
        )
        rows = iter(listing.split("\0"))
        for meta in rows:
            if meta:
                _, mode, _, blob, status = meta.removeprefix(":").split(" ")
                yield Entry(printable(next(rows)), "" if status == "D" else blob, mode)

    def has_commit(self, commit: str) -> bool:
        """Whether the repository holds this commit."""
        try:
            self._git("cat-file", "-e", f"{_checked(commit)}^{{commit}}")
        except GitError:
            return False
        return True

    def read(self, blob: str) -> bytes:
        """A blob's bytes, through one long-lived `cat-file --batch`."""
        try:
            _, kind, _, data = self._repo.git.get_object_data(_checked(blob))
        except (ValueError, git.GitCommandError) as error:
            raise _translated(error) from error
        if kind not in (b"blob", "blob"):
            raise GitError(f"{blob} is no file in the repository.", f"{blob} 不是库里的文件。")
        return bytes(data)

    def size(self, blob: str) -> int:
        """A blob's size in bytes, through one long-lived `cat-file --batch-check`."""
        try:
            return int(self._repo.git.get_object_header(_checked(blob))[2])
        except (ValueError, git.GitCommandError) as error:
            raise _translated(error) from error

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
            stream.write(_fast_import(commit, parent, aside))
            stream.seek(0)
            try:
                self._repo.git.fast_import("--quiet", "--done", istream=stream)
            except git.GitCommandError as error:
                raise _translated(error) from error
        made = self._git("rev-parse", "--verify", aside).strip()
        self._git("update-ref", "-d", aside)
        return made

    def _git(self, command: str, *arguments: str) -> str:
        try:
            words = ["git", *_PATIENCE, command, *arguments]
            return str(self._repo.git.execute(words, strip_newline_in_stdout=False))
        except git.GitCommandError as error:
            raise _translated(error) from error


class GitSource:
    """One commit of a content repository."""

    def __init__(self, store: GitStore, commit: str) -> None:
        self._store = store
        self._commit = commit

    @property
    def revision(self) -> str:
        """The commit."""
        return self._commit

    def entries(self) -> Iterable[Entry]:
        """All files, sorted by path."""
        return self._store.files(self._commit)

    def changes_since(self, revision: str) -> Iterable[Entry] | None:
        """The difference between two commits, None when the earlier one is not in the repository."""
        if not _REVISION.fullmatch(revision) or not self._store.has_commit(revision):
            return None
        return self._store.changes(revision, self._commit)

    def read(self, entry: Entry) -> bytes:
        """The blob's bytes."""
        return self._store.read(entry.blob)

    def size(self, entry: Entry) -> int:
        """The blob's size in bytes."""
        return self._store.size(entry.blob)

    def reopened(self) -> GitSource:
        """The same commit through a store of its own."""
        return GitSource(GitStore(self._store.path), self._commit)


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


def _fast_import(commit: Commit, parent: str | None, ref: str) -> bytes:
    """The commit as `git fast-import` reads it; see git-fast-import(1), COMMIT."""
    seconds = int(commit.when.timestamp())
    zone = commit.when.strftime("%z") or "+0000"
    message = commit.message.encode()
    who = f"{_plain(commit.author)} <{_plain(commit.email)}> {seconds} {zone}"
    out = [
        f"commit {ref}\nauthor {who}\ncommitter {who}\n".encode(),
        b"data %d\n" % len(message),
        message,
        b"\n",
    ]
    if parent:
        out.append(f"from {parent}\n".encode())
    for path, data in sorted(commit.changes.items()):
        if data is None:
            out.append(b"D " + _quoted(path) + b"\n")
        else:
            out.append(b"M 100644 inline " + _quoted(path) + b"\ndata %d\n" % len(data) + data + b"\n")
    return b"".join([*out, b"done\n"])


def _plain(words: str) -> str:
    return re.sub(r"[<>\n\r\0]", "", words).strip() or "zhanqun"


def _quoted(path: str) -> bytes:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'.encode()


def _translated(error: Exception) -> GitError:
    words = str(getattr(error, "stderr", "") or error).strip().splitlines()
    told = next((line for line in words if "fatal: " in line), words[-1] if words else type(error).__name__)
    told = told.rpartition("fatal: ")[2].strip(" '")
    return GitError(f"git failed: {told}", f"git 出错：{told}")


def identity() -> tuple[str, str]:
    """Author name and mail for commits made from the command line, from git's own environment variables."""
    name = os.environ.get("GIT_AUTHOR_NAME") or os.environ.get("USER") or "zhanqun"
    return name, os.environ.get("GIT_AUTHOR_EMAIL") or f"{name}@localhost"
