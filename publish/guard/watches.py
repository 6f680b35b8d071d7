"""Watching the web root through inotify: which paths changed since they were last taken, and whether events were lost.

Through watchdog's reader of inotify rather than its observers: those walk into every file of a release at the start,
hold back every move for half a second, and keep to themselves that the kernel dropped events. Reading files makes no
event here, so the guard does not wake itself by looking.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterable
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
        self._watched: set[str] = set()
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
        if inodes == self._inodes:
            return
        self._inodes = inodes
        with self._bell:
            self._watched.clear()
        for folder in _FOLDERS:
            self._add(folder)
        for folder in ("blobs", "trees", "assets"):
            self._add_below(folder)
        self.lose()

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
            self._watched.add(folder)
        watch = _Watch(self, folder)
        try:
            # An id of its own each time: a folder that was renamed keeps its old watch beside the new one.
            self._fd.add_callback(os.fsencode(self.www / folder), _MASK, watch, CallbackId(next(self._ids)))
        except (FileNotFoundError, NotADirectoryError):
            self._forget(folder)
        except OSError:  # the kernel's limit: the rolling re-hash goes on without events
            self._forget(folder)
            self.is_short = True

    def _forget(self, folder: str) -> None:
        with self._bell:
            self._watched.discard(folder)

    def _on_event(self, folder: str, event: InotifyEvent) -> None:
        name = os.fsdecode(event.name)
        if not folder and name in _UNWATCHED:
            return
        path = "/".join(part for part in (folder, name) if part)
        if event.is_directory and name and (event.is_create or event.is_moved_to):
            self._forget(path)
            self._add(path)
            self._add_below(path)
        self.ring([path])


@dataclass(frozen=True, slots=True)
class _Watch:
    """What watchdog calls for one folder, in its own thread."""

    watches: Watches
    folder: str

    def on_event(self, event: InotifyEvent) -> None:
        """Something happened in it."""
        self.watches._on_event(self.folder, event)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """The folder is gone."""
        self.watches._forget(self.folder)
        self.watches.ring([self.folder])

    def on_queue_overflow(self) -> None:
        """The kernel dropped events."""
        self.watches.lose()


def _inode(path: Path) -> int:
    try:
        return os.lstat(path).st_ino
    except OSError:
        return 0
