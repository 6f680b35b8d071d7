"""Where changes of content go: into one commit of the content repository, or into a plain folder.

Invariants:
- Every path is checked before the first byte is written; a refused change leaves everything as it was.
- `CommitWriting` does not drop what somebody else committed meanwhile when it is told the commit that the
  changes were made from: a branch that has moved on is a `ConflictError`. Repeating is the caller's matter.
- `FolderWriting` writes aside and replaces, and follows no symbolic link.

Called by the commands `mv`, `rm`, `new-site`, `import` and by the editor.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Protocol

from cluster.errors import ConflictError, ContentError
from cluster.gitstore import Commit, GitStore

# Path below the repository → its new bytes, or None when the file goes.
Changes = Mapping[str, bytes | None]


class Writing(Protocol):
    """One place that takes changes."""

    def write(self, changes: Changes, message: str) -> str:
        """Takes all changes or none, and tells what was made: a commit's id or a folder."""


@dataclass(frozen=True, slots=True)
class CommitWriting:
    """A commit on `branch`, which starts at `main` when it is new.

    `base` is the commit that the changes were made from; without it they go on top of whatever is there.
    """

    store: GitStore
    branch: str
    author: str
    email: str
    when: datetime
    base: str | None = None

    def write(self, changes: Changes, message: str) -> str:
        """Makes the commit and tells its id.

        Raises:
            ConflictError: the branch is no longer at `base`, or moved while the commit was made.
        """
        for path in changes:
            _check_path(path)
        self._prepare_branch()
        return self.store.commit(
            Commit(changes, message, self.author, self.email, self.when), branch=self.branch, base=self.base
        )

    def _prepare_branch(self) -> None:
        head = self.store.head(self.branch)
        start = self.base or self.store.head()
        if head is None and start is not None and self.branch != "main":
            self.store.advance(self.branch, new=start, old=None)
        elif self.base is not None and head != self.base:
            raise ConflictError(
                f"Somebody else changed '{self.branch}' meanwhile. Read again and repeat.",
                f"“{self.branch}”刚被别人改动。请重新读取后再试。",
            )


@dataclass(frozen=True, slots=True)
class FolderWriting:
    """A plain folder that holds `content/` and `sites/`."""

    folder: Path

    def write(self, changes: Changes, message: str) -> str:
        """Writes every new file aside, then puts them in place, then removes; tells the folder.

        Raises:
            ContentError: a path leaves the folder or goes through a symbolic link, or the disk refused.
        """
        targets = {self._target(path): data for path, data in changes.items()}
        with _disk_errors(self.folder):
            _replace_all({target: data for target, data in targets.items() if data is not None})
            for target in (target for target, data in targets.items() if data is None):
                target.unlink(missing_ok=True)
        return str(self.folder)

    def _target(self, path: str) -> Path:
        place = self.folder
        for part in _check_path(path):
            place = place / part
            if place.is_symlink():
                raise ContentError(
                    f"{path} goes through the symbolic link {place}. Put a real folder or file there.",
                    f"{path} 经过符号链接 {place}。请换成真正的文件夹或文件。",
                )
        return place


def _check_path(path: str) -> tuple[str, ...]:
    """The path's parts, when it stays below the repository and out of Git's own folder.

    Raises:
        ContentError: it does not.
    """
    parts = tuple(path.split("/"))
    if any(part in ("", ".", "..") or part.lower() == ".git" or "\0" in part for part in parts):
        raise ContentError(
            f"'{path}' leads out of the content. Give a path below it, like content/portal/news/2026/x.md.",
            f"“{path}”超出了内容库。请写库内路径，例如 content/portal/news/2026/x.md。",
        )
    return PurePosixPath(*parts).parts


def _replace_all(files: Mapping[Path, bytes]) -> None:
    """Writes all files aside before the first is replaced, so that a full disk changes nothing."""
    aside: dict[Path, Path] = {}
    try:
        for target, data in files.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            aside[target] = target.with_name(f".{secrets.token_hex(8)}.tmp")
            aside[target].write_bytes(data)
        for target, written in aside.items():
            written.replace(target)
    finally:
        for written in aside.values():
            written.unlink(missing_ok=True)


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ContentError(
            f"{error.filename or folder} could not be written ({error.strerror}). Mend that and repeat.",
            f"{error.filename or folder} 无法写入（{error.strerror}）。请处理后重试。",
        ) from error


def toml_text(text: str) -> str:
    """`text` as a TOML string on one line; JSON's escapes are TOML's too, but for U+007F."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
