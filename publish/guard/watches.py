"""Watching the web root through inotify: which paths changed since they were last taken, and whether events were lost.

Through watchdog's reader of inotify rather than its observers: those walk into every file of a release at the start,
hold back every move for half a second, and keep to themselves that the kernel dropped events. Reading files makes no
event here, so the guard does not wake itself by looking.
"""

from __future__ import annotations

import errno
import itertools
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyEvent, InotifyFD, Mask, WatchDescriptor

from publish.guard.mend import ASIDE
from publish.receiver import places

_MASK = Mask(
    InotifyConstants.IN_MODIFY
    | InotifyConstants.IN_ATTRIB
    | InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_MOVED_FROM
    | InotifyConstants.IN_MOVED_TO
    | InotifyConstants.IN_CREATE
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_MOVE_SELF
    | InotifyConstants.IN_ONLYDIR
    | InotifyConstants.IN_DONT_FOLLOW
)
# Never served, and changed by every publish.
_UNWATCHED = frozenset({ASIDE, *places.OWN_NAMES})
_FOLDERS = ("", "blobs", "trees", "releases", "listings", "assets")


class Watches:
    """The watched folders of one web root; a context in which they are watched."""

    def __init__(self, www: Path) -> None:
        self.www = www
        self.is_short = False
        self._fd = InotifyFD()
        self._ids = itertools.count(1)
        self._watched: dict[str, int] = {}
        self._inodes: dict[str, int] = {}
        self._changed: set[str] = set()
        self._has_lost = False
        self._bell = threading.Condition()

    def __enter__(self) -> Watches:
        self._fd.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._fd.stop()
        self._fd.join()

    def add(self, folders: Iterable[str]) -> None:
        """Watches these folders, those of them that are there."""
        for folder in folders:
            self._add(folder)

    def follow(self) -> None:
        """Watches every folder of the web root again when one of the upper ones is no longer what it was."""
        inodes = {folder: _inode(self.www / folder) for folder in _FOLDERS}
        if inodes == self._inodes and (self.is_short or self._has_all(inodes)):
            return
        if self._inodes:
            self._begin_anew()
        self._inodes = inodes
        for folder in _FOLDERS:
            self._add(folder)
        for folder in ("blobs", "trees", "assets"):
            self._add_below(folder)
        self.lose()

    def _has_all(self, inodes: Mapping[str, int]) -> bool:
        """Whether each of these folders has its watch: one that was made again may have the inode of the old one."""
        with self._bell:
            return all(folder in self._watched for folder, inode in inodes.items() if inode)

    def _begin_anew(self) -> None:
        """Drops all watches: those of folders that are elsewhere now would stay beside the new ones."""
        old = self._fd
        try:
            new = InotifyFD()
        except OSError:  # no more to be had: the old ones then see some events twice
            new = old
        else:
            new.start()
        with self._bell:
            self._watched.clear()
            self._fd = new
        if new is not old:
            old.stop()
            old.join()

    def ring(self, paths: Iterable[str]) -> None:
        """Says that these paths are to be looked at."""
        with self._bell:
            self._changed.update(paths)
            self._bell.notify_all()

    def lose(self) -> None:
        """Says that anything may have changed."""
        with self._bell:
            self._has_lost = True
            self._bell.notify_all()

    def take(self, seconds: float) -> tuple[set[str], bool]:
        """The paths that changed, and whether events were lost; waits at most so long for the first."""
        with self._bell:
            self._bell.wait_for(lambda: self._changed or self._has_lost, seconds)
            changed, has_lost = self._changed, self._has_lost
            self._changed, self._has_lost = set(), False
        return changed, has_lost

    def _add_below(self, folder: str) -> None:
        try:
            with os.scandir(self.www / folder) as entries:
                inner = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return
        for name in inner:
            self._add(f"{folder}/{name}")
            if folder.startswith("assets"):
                self._add_below(f"{folder}/{name}")

    def _add(self, folder: str) -> None:
        with self._bell:
            if folder in self._watched:
                return
            token = self._watched[folder] = next(self._ids)
            fd = self._fd
        try:
            # An id of its own each time: a folder that was renamed keeps its old watch beside the new one.
            fd.add_callback(os.fsencode(self.www / folder), _MASK, _Watch(self, folder, token), CallbackId(token))
        except OSError as error:
            self._forget(folder, token)
            if error.errno == errno.ENOSPC:  # the kernel's limit: the rolling re-hash goes on without events
                self.is_short = True

    def _forget(self, folder: str, token: int) -> bool:
        """Forgets a watch; whether it was the one that counts for its folder."""
        with self._bell:
            is_known = self._watched.get(folder) == token
            if is_known:
                del self._watched[folder]
        return is_known

    def _on_event(self, folder: str, event: InotifyEvent) -> None:
        name = os.fsdecode(event.name)
        if not folder and name in _UNWATCHED:
            return
        path = "/".join(part for part in (folder, name) if part)
        if event.is_directory and name and (event.is_create or event.is_moved_to):
            with self._bell:
                self._watched.pop(path, None)
            self._add(path)
            self._add_below(path)
        self.ring([path])


@dataclass(frozen=True, slots=True)
class _Watch:
    """What watchdog calls for one folder, in its own thread."""

    watches: Watches
    folder: str
    token: int

    def on_event(self, event: InotifyEvent) -> None:
        """Something happened in it."""
        self.watches._on_event(self.folder, event)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """The folder is gone."""
        if self.watches._forget(self.folder, self.token):
            self.watches.ring([self.folder])

    def on_queue_overflow(self) -> None:
        """The kernel dropped events."""
        self.watches.lose()


def _inode(path: Path) -> int:
    try:
        return os.lstat(path).st_ino
    except OSError:
        return 0
