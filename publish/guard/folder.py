"""Open directories, by descriptor: nothing here follows a symbolic link, waits for a pipe, or leaves the web root.

Whoever can write in the web root can put a link where a folder was, also between two of our calls. So every step
goes from an open folder to a name in it. Called by all of the guard that touches the web root.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

from cluster.blobs import CHUNK

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
FOLDER_MODE = 0o755
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Folder:
    """One open directory; a context that closes it."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def open(cls, path: Path) -> Self:
        """Opens a directory by its path. Raises: OSError, also when a link stands there."""
        return cls(os.open(path, _FOLDER))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes it."""
        os.close(self.fd)

    def enter(self, name: str) -> Folder:
        """Opens a directory in this one. Raises: OSError, also when a link stands there."""
        return Folder(os.open(name, _FOLDER, dir_fd=self.fd))

    def walk_to(self, path: str) -> Folder:
        """Opens a directory some steps below; the empty path opens this one again. Raises: OSError."""
        here = Folder(os.open(".", _FOLDER, dir_fd=self.fd))
        for name in path.split("/") if path else []:
            with here:
                here = here.enter(name)
        return here

    def open_to_all(self, name: str) -> None:
        """Lets everybody read a directory in this one, and its owner write, also when nobody may. Raises: OSError."""
        fd = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.fd)
        try:
            os.chmod(f"/proc/self/fd/{fd}", FOLDER_MODE)  # noqa: PTH101 - by descriptor; fchmod takes none of this kind
        finally:
            os.close(fd)

    def names(self) -> list[str]:
        """The names in it, sorted."""
        return sorted(os.listdir(self.fd))  # noqa: PTH208 - a descriptor

    def facts(self, name: str) -> os.stat_result | None:
        """What `name` itself is, a link not followed; None when it is not there."""
        try:
            return os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def is_empty(self, name: str) -> bool:
        """Whether a directory has nothing in it; one that cannot be looked into does not count as empty."""
        try:
            with self.enter(name) as inner:
                return not inner.names()
        except OSError:
            return False

    def link_target(self, name: str) -> str:
        """Where a symbolic link leads. Raises: OSError."""
        return os.readlink(name, dir_fd=self.fd)

    def open_file(self, name: str) -> int:
        """A descriptor of a regular file. Raises: OSError, also when it is anything else."""
        fd = os.open(name, _FILE, dir_fd=self.fd)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(0, "not a regular file", name)
        return fd

    def new_file(self, name: str, mode: int = 0o600) -> int:
        """A descriptor for writing a file that is not there yet. Raises: OSError."""
        return os.open(name, _NEW, mode, dir_fd=self.fd)

    def sha256(self, name: str) -> str:
        """The SHA-256 of a regular file, in hex; empty when it cannot be read as one."""
        try:
            fd = self.open_file(name)
        except OSError:
            return ""
        try:
            return sha256_of(fd)
        finally:
            os.close(fd)

    def read(self, name: str, most: int) -> bytes | None:
        """The bytes of a small regular file; None when there is none or it is longer."""
        try:
            fd = self.open_file(name)
        except OSError:
            return None
        with os.fdopen(fd, "rb") as file:
            data = file.read(most + 1)
        return data if len(data) <= most else None


def sha256_of(fd: int) -> str:
    """The SHA-256 of what can be read from a descriptor; a small file takes a small buffer, over a million times."""
    digest, size = hashlib.sha256(), min(os.fstat(fd).st_size + 1, CHUNK)
    while chunk := os.read(fd, size):
        digest.update(chunk)
    return digest.hexdigest()


def copy_bytes(source: int, place: int, most: int | None = None) -> str:
    """Copies from one descriptor to another, at most `most` bytes, and returns the SHA-256 of what was copied."""
    digest, left = hashlib.sha256(), most
    while chunk := os.read(source, CHUNK if left is None else min(CHUNK, left)):
        digest.update(chunk)
        write_all(place, chunk)
        if left is not None:
            left -= len(chunk)
    return digest.hexdigest()


def write_all(fd: int, data: bytes) -> None:
    """Writes all of `data`."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]
