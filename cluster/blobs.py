"""Blobs: bytes named by their SHA-256, in `<root>/<first 2 hex>/<other 62 hex>` (docs/formats.md, "Blobs").

- A blob never changes: writing one that is there does nothing, and reading one checks it against its name.
- `put` is for hundreds of thousands of small files and does not wait for the disk; `sync` makes all of them
  durable with one call. A blob that a power cut left short is written again by the next `put`; `read` tells
  damage.
- `sweep` must not run while somebody builds: the publish lock sees to that.

Called by the build (the store in `var/blobs`) and by `publish.receiver.place` (the store of a target).
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import brotli

from cluster.errors import FormatError

ASIDE = ".tmp-"
CHUNK = 1 << 20
BROTLI_QUALITY = 5
# The rule of docs/formats.md: 2001-01-01 and the following twenty years, always past.
FIRST_MTIME = 978_307_200
MTIME_RANGE = 631_152_000


@dataclass(frozen=True, slots=True)
class BlobStore:
    """The blobs below one folder, which is made when the first blob comes."""

    root: Path

    def path(self, sha: str) -> Path:
        """Where the blob `sha` lies, whether or not it is there."""
        return self.root / sha[:2] / sha[2:]

    def __contains__(self, sha: object) -> bool:
        return isinstance(sha, str) and os.path.exists(f"{self.root}/{sha[:2]}/{sha[2:]}")  # noqa: PTH110 - see `put`

    def put(self, data: bytes) -> str:
        """Stores `data` unless it is there, and returns its SHA-256 in hex."""
        sha = hashlib.sha256(data).hexdigest()
        place = f"{self.root}/{sha[:2]}/{sha[2:]}"
        try:
            _write_new(place, data)
        except FileNotFoundError:
            self.path(sha).parent.mkdir(parents=True, exist_ok=True)
            return self.put(data)
        except FileExistsError:
            if not _holds_bytes(place, len(data)):
                aside = self._aside(sha)
                aside.write_bytes(data)
                aside.replace(place)
        return sha

    def put_file(self, path: Path) -> tuple[str, int]:
        """Stores a file of any size, streaming it; returns its SHA-256 in hex and its size in bytes."""
        with path.open("rb") as file:
            sha = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        if not _holds_bytes(self.path(sha), size):
            aside = self._aside(sha)
            copy_checked(path, aside, sha)
            aside.replace(self.path(sha))
        return sha, size

    def read(self, sha: str) -> bytes:
        """The bytes of a blob. Raises: FormatError when it is missing or is no longer what its name says."""
        try:
            data = self.path(sha).read_bytes()
        except FileNotFoundError as error:
            raise _missing(self.path(sha)) from error
        if hashlib.sha256(data).hexdigest() != sha:
            raise damaged(self.path(sha))
        return data

    def sync(self) -> None:
        """Waits until everything stored so far is on the disk."""
        if self.root.is_dir():
            sync(self.root)

    def sweep(self, keep: Collection[str]) -> int:
        """Removes every blob not in `keep` and leftovers of killed writers; returns how many went."""
        wanted = keep if isinstance(keep, (set, frozenset)) else frozenset(keep)
        return sum(self.remove(name) for name in self.names() if name not in wanted)

    def names(self) -> Iterator[str]:
        """The SHA-256 of every blob, and names of that form for leftovers of killed writers."""
        for folder in self.root.iterdir() if self.root.is_dir() else ():
            for name in os.listdir(folder):  # noqa: PTH208 - see `put`
                yield folder.name + name

    def remove(self, sha: str) -> bool:
        """Removes what `names` has told; whether it was there."""
        try:
            os.unlink(f"{self.root}/{sha[:2]}/{sha[2:]}")  # noqa: PTH108 - see `put`
        except FileNotFoundError:
            return False
        return True

    def _aside(self, sha: str) -> Path:
        folder = self.root / sha[:2]
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{ASIDE}{os.getpid()}-{threading.get_ident()}-{sha[2:]}"


def _write_new(path: str, data: bytes) -> None:
    """Writes a file that is not there yet, in its place: nobody reads a blob before who names it has been told.

    One call each, hundreds of thousands of times: a rename on top costs as much as the file.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)


def mtime_of(sha: str) -> int:
    """The modification time, in seconds since 1970, that every copy of the file with this SHA-256 carries."""
    return FIRST_MTIME + int(sha[:8], 16) % MTIME_RANGE


def compress(data: bytes) -> bytes:
    """Text as brotli, the same bytes for the same input."""
    packed: bytes = brotli.compress(data, mode=brotli.MODE_TEXT, quality=BROTLI_QUALITY)
    return packed


def copy_checked(source: Path, place: Path, sha: str) -> None:
    """Copies a file into new bytes of its own and checks them on the way.

    Raises: FormatError when the source is missing or its bytes are not those of `sha`; `place` is then gone.
    """
    digest = hashlib.sha256()
    try:
        with source.open("rb") as reader, place.open("wb") as writer:
            while chunk := reader.read(CHUNK):
                digest.update(chunk)
                writer.write(chunk)
    except FileNotFoundError as error:
        if source.exists():
            raise
        raise _missing(source) from error
    if digest.hexdigest() != sha:
        place.unlink()
        raise damaged(source)


def sync(folder: Path) -> None:
    """Waits until everything written to the file system of `folder` is on the disk (`syncfs`)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "syncfs"):
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if libc.syncfs(descriptor) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(folder))
    finally:
        os.close(descriptor)


def damaged(path: Path) -> FormatError:
    """The error for a blob whose bytes are not those of its name."""
    return FormatError(
        f"{path}: this blob is damaged. Delete it and build with --full; check the disk if it happens again.",
        f"{path}：数据块已损坏。请删除它，再用 --full 重新构建；如再次发生，请检查磁盘。",
    )


def _missing(path: Path) -> FormatError:
    return FormatError(
        f"{path}: this blob is missing. Build with --full to make it again.",
        f"{path}：缺少这个数据块。请用 --full 重新构建。",
    )


def _holds_bytes(path: Path | str, size: int) -> bool:
    try:
        return os.stat(path).st_size == size  # noqa: PTH116 - see `put`
    except FileNotFoundError:
        return False
