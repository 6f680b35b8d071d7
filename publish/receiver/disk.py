"""What the receiver asks of the disk: links, syncs, small writes, and errors of the system told as ours.

Nothing here decides anything. Called by every module of the receiver that writes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cluster import blobs
from cluster.errors import TargetError


def no_step(name: str) -> None:
    """Does nothing at a named step; a test gives its own function and dies there."""


def _hard_link(source: str, place: str) -> None:
    os.link(source, place)


def _symlink(to: str, place: str) -> None:
    os.symlink(to, place)  # noqa: PTH211 - see `write_new`


def _sync(folder: Path) -> None:
    blobs.sync(folder)


@dataclass(frozen=True, slots=True)
class Disk:
    """The calls whose refusal by a file system we must survive; arguments, so that a test can refuse them."""

    hard_link: Callable[[str, str], None] = _hard_link
    symlink: Callable[[str, str], None] = _symlink
    sync: Callable[[Path], None] = _sync

    def sync_all(self, folders: Iterable[Path]) -> None:
        """Waits until everything in these folders is on the disk; each file system is asked once."""
        asked: set[int] = set()
        for folder in folders:
            device = folder.stat().st_dev
            if device not in asked:
                asked.add(device)
                self.sync(folder)


def make_folder(folder: Path) -> None:
    """Makes a folder, and those above it, that the web server may read, whatever the umask is."""
    try:
        folder.mkdir(0o755)
    except FileExistsError:
        return
    except FileNotFoundError:
        make_folder(folder.parent)
        folder.mkdir(0o755)
    folder.chmod(0o755)


def empty_folder(folder: Path) -> None:
    """Makes this folder, without anything in it."""
    if folder.is_symlink():
        folder.unlink()
    if folder.exists():
        shutil.rmtree(folder)
    make_folder(folder)


def write_new(places: Iterable[str], pieces: Iterable[bytes], *, mtime: int | None = None) -> None:
    """Writes the same file in each of these places, over an unfinished one; it is read-only from then on."""
    descriptors: list[int] = []
    try:
        for place in places:
            descriptors.append(_create(place))
        for piece in pieces:
            for descriptor in descriptors:
                _write_all(descriptor, piece)
        for descriptor in descriptors:
            os.fchmod(descriptor, 0o444)
            if mtime is not None:
                os.utime(descriptor, (mtime, mtime))
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _create(place: str) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        return os.open(place, flags, 0o444)
    except FileExistsError:
        os.unlink(place)  # noqa: PTH108 - hundreds of thousands of times: no Path for each
        return os.open(place, flags, 0o444)


def _write_all(descriptor: int, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[os.write(descriptor, left) :]


def write_durably(place: Path, data: bytes, *, aside: Path) -> None:
    """Writes a small file aside, waits until its bytes are on the disk, and puts it in its place."""
    with aside.open("wb") as file:
        file.write(data)
        os.fchmod(file.fileno(), 0o644)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(place)


def sync_folder(folder: Path) -> None:
    """Waits until the names in one folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def told(root: Path) -> Iterator[None]:
    """Makes what the system refuses a TargetError that says where and what to do."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise TargetError(
            f"{root}: {reason} ({error.filename}). Check space and permissions, then publish again.",
            f"{root}：{reason}（{error.filename}）。请检查磁盘空间或权限后重新发布。",
        ) from error
