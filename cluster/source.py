"""Where content comes from: the files of one state of a content repository or of a plain folder.

Both sources speak of the same thing, a set of `Entry` under `content/` and `sites/` with Git's blob ids, so the index
reads a commit and a working folder alike. Nothing here follows a symbolic link. A path is always UTF-8: other names
(GBK archives unpacked on Linux) come in the printable form, which no item can have, and are told as such.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from cluster.errors import ContentError

TOPS = ("content", "sites")
REGULAR = ("100644", "100755")
_CHUNK = 64 * 1024


class Entry(NamedTuple):
    """One file: its path, Git blob id and Git mode; an empty blob says that the file is no more.

    A named tuple, not a dataclass: a cold build makes hundreds of thousands and sends them between processes.
    """

    path: str
    blob: str
    mode: str = "100644"

    @property
    def is_regular(self) -> bool:
        """Whether it is a file with bytes, not a link or a submodule."""
        return self.mode in REGULAR


class Source(Protocol):
    """One unchanging state of the content."""

    @property
    def revision(self) -> str:
        """The commit, or a hash of the folder's files."""

    def entries(self, under: str = "") -> Iterable[Entry]:
        """The files below `content/` and `sites/`, or below the folder `under` alone, sorted by path."""

    def changes_since(self, revision: str) -> Iterable[Entry] | None:
        """What differs from an earlier revision, or None when that cannot be told."""

    def size(self, entry: Entry) -> int:
        """How many bytes a regular file has, without reading it."""

    def read(self, entry: Entry) -> bytes:
        """The bytes of a regular file."""

    def read_many(self, entries: Iterable[Entry], limit: int) -> Iterator[tuple[Entry, bytes | None, int]]:
        """Each regular file in the given order with its bytes and their number; None for more than `limit` bytes.

        What is no regular file, or no more, is passed over. `entries` may be read some way ahead.
        """

    def reopened(self) -> Source:
        """The same state for another process, which must not share this one's pipes."""

    def close(self) -> None:
        """Ends what is kept open for reading; reading again opens it again."""


class ChangedError(ContentError):
    """A file was saved while the folder was being read: the state that was opened is no more."""


class FolderSource:
    """A plain folder that holds `content/` and `sites/`, as it stands when it is opened."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "sites").is_dir():
            raise ContentError(
                f"{folder} holds no folder 'sites'. Name a folder with content/ and sites/.",
                f"{folder} 里没有 sites 文件夹。请指定含有 content/ 和 sites/ 的文件夹。",
            )
        self._folder = folder
        try:
            found = {printable(entry.path): entry for top in TOPS for entry in _walk(folder, top)}
        except OSError as error:
            raise _unreadable(str(error.filename), error) from error
        self._entries = tuple(Entry(path, entry.blob, entry.mode) for path, entry in sorted(found.items()))
        self._names = {path: entry.path for path, entry in found.items() if path != entry.path}

    @property
    def revision(self) -> str:
        """A hash over all entries, marked as a folder's."""
        digest = hashlib.sha256()
        for entry in self._entries:
            digest.update(f"{entry.mode} {entry.blob} {entry.path}\0".encode())
        return f"folder-{digest.hexdigest()[:32]}"

    def entries(self, under: str = "") -> Iterable[Entry]:
        """The files below `under`, or all, sorted by path."""
        places = tuple(f"{place}/" for place in tops_below(under))
        return tuple(entry for entry in self._entries if entry.path.startswith(places))

    def changes_since(self, revision: str) -> Iterable[Entry] | None:
        """Nothing when the folder is the same, else unknown."""
        return () if revision == self.revision else None

    def read(self, entry: Entry) -> bytes:
        """The file's bytes as they were when the folder was opened.

        Raises:
            ChangedError: the file was saved since.
            ContentError: the file has gone or cannot be read.
        """
        try:
            data = self._place(entry).read_bytes()
        except OSError as error:
            raise _unreadable(entry.path, error) from error
        if blob_id(data) != entry.blob:
            raise ChangedError(f"{entry.path} was changed meanwhile. Try again.", f"{entry.path} 刚刚被改动。请重试。")
        return data

    def read_many(self, entries: Iterable[Entry], limit: int) -> Iterator[tuple[Entry, bytes | None, int]]:
        """Each regular file in the given order with its bytes, checked as by `read`, and their number."""
        for entry in entries:
            if entry.is_regular and entry.blob:
                size = self.size(entry)
                yield entry, self.read(entry) if size <= limit else None, size

    def size(self, entry: Entry) -> int:
        """The file's size in bytes; a file that has gone meanwhile is a `ContentError`."""
        try:
            return self._place(entry).stat().st_size
        except OSError as error:
            raise _unreadable(entry.path, error) from error

    def _place(self, entry: Entry) -> Path:
        return self._folder / self._names.get(entry.path, entry.path)

    def reopened(self) -> Source:
        """Itself: a folder needs nothing open."""
        return self

    def close(self) -> None:
        """Nothing is open."""


def _unreadable(path: str, error: OSError) -> ContentError:
    return ContentError(
        f"{path} could not be read ({error.strerror}). Save and try again.",
        f"{path} 读取失败（{error.strerror}）。请保存后重试。",
    )


def _walk(folder: Path, top: str) -> Iterator[Entry]:
    pending = [top]
    while pending:
        current = pending.pop()
        if not (folder / current).is_dir():
            continue
        with os.scandir(folder / current) as children:
            for child in children:
                path = f"{current}/{child.name}"
                if child.is_symlink():
                    yield Entry(path, blob_id(os.fsencode(Path(child.path).readlink())), "120000")
                elif child.is_dir():
                    if not child.name.startswith("."):
                        pending.append(path)
                elif child.is_file() and not is_scratch(child.name):
                    yield Entry(path, _file_id(Path(child.path)))


def is_scratch(name: str) -> bool:
    """Whether a file name is an editor's or the system's leftover, which a folder may hold and content may not."""
    return name.startswith((".", "~$")) or name.endswith(("~", ".swp", ".tmp"))


def printable(path: str) -> str:
    """The path with every byte that is not UTF-8 as `\\xc4`."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def blob_id(data: bytes) -> str:
    """Git's name for these bytes."""
    digest = _begun(len(data))
    digest.update(data)
    return digest.hexdigest()


def _file_id(place: Path) -> str:
    """Git's name for a file's bytes, which may be more than fit in memory."""
    with place.open("rb") as file:
        digest = _begun(os.fstat(file.fileno()).st_size)
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def _begun(size: int) -> hashlib._Hash:
    return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)


def tops_below(under: str) -> tuple[str, ...]:
    """The folders to list for what lies below `under`: both tops when it is empty, none when it is in neither."""
    parts = under.split("/")
    if not under or parts[0] not in TOPS or {"", ".", ".."}.intersection(parts) or "\0" in under:
        return () if under else TOPS
    return (under,)


def config_files(source: Source) -> dict[str, bytes]:
    """`path → bytes` of every TOML file below `sites/`."""
    return {
        entry.path: source.read(entry)
        for entry in source.entries("sites")
        if entry.path.endswith(".toml") and entry.is_regular
    }
