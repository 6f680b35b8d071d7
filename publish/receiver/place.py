"""A web root (format 2, docs/formats.md "Target folder"): what is live, what is kept, and the switch.

- What is live is one symlink, swapped by rename: a visitor sees the old state or the new.
- Nothing has its final name before it is on the disk. So after a kill or a power cut at any moment the live state is
  whole, and the same call again gives the same result.
- A tree of a kept release is complete, its child trees included; what is complete is never looked through again, so
  that a publish costs what the changed directories cost.
- Files are hard links to blobs with bytes of their own, dated by their content: nothing is shared with the inside.

Called by `publish.receiver.receive`. One writer at a time, by a lock; reading needs no lock.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.errors import BusyError, FormatError, TargetError
from cluster.listings import EMPTY
from cluster.lock import LOCK_SECONDS, lock_within
from cluster.manifest import ASSETS, Directory, Entry
from cluster.release import Release, file_stem
from publish.receiver.disk import Disk, empty_folder, make_folder, no_step, sync_folder, told
from publish.receiver.places import LOCK
from publish.receiver.shelf import Shelf
from publish.receiver.store import Store

__all__ = ["FORMAT", "Disk", "Place", "no_step", "served_top"]

FORMAT = "zhanqun-target 2"
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})


class Place(Store):
    """One web root; `locked` must be held around every method that writes."""

    def __init__(self, root: Path, *, disk: Disk | None = None, at: Callable[[str], None] = no_step) -> None:
        super().__init__(root, FORMAT, at)
        self.trees = root / "trees"
        self.assets = root / ASSETS
        self.disk = disk or Disk()

    # What is there

    def live(self) -> Release | None:
        """The record of the live release, if any. Raises: FormatError, TargetError when unreadable."""
        number = self.live_number()
        return self.release(number) if number else None

    def live_number(self) -> int:
        """The number of the live release, 0 when there is none."""
        with told(self.root):
            try:
                name = (self.root / "current").readlink().name
            except FileNotFoundError:
                return 0
        return int(name) if name.isdigit() else 0

    def release(self, number: int) -> Release:
        """The record of a kept release. Raises: TargetError when it is not kept, FormatError."""
        with told(self.root):
            data = self.record(number)
        if data is None:
            raise _number_not_kept(self.root, number)
        return Release.parse(data)

    def kept(self) -> list[Release]:
        """The records of all kept releases, oldest first. Raises: FormatError."""
        with told(self.root):
            return [self.release(number) for number in self.numbers()]

    # Opening

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder's lock; waits for one step of a sweep. Raises: BusyError when a delivery has it."""
        make_folder(self.root)
        with (self.root / LOCK).open("a") as file:
            if not lock_within(file, LOCK_SECONDS):
                raise _busy(self.root)
            try:
                yield
            finally:
                self.close()

    def open(self) -> None:
        """Refuses a folder that is not ours or cannot be, and wipes what a killed run left."""
        super().open()
        make_folder(self.trees)
        make_folder(self.assets)

    def found(self) -> None:
        """Makes an empty folder ours. Raises: TargetError when it is not empty or its disk has no links."""
        self._probe()
        super().found()

    def _probe(self) -> None:
        """Tries once whether the file system has hard links and symlinks."""
        probe = self.aside / "probe"
        probe.touch()
        try:
            self.disk.hard_link(str(probe), f"{probe}-hard")
            self.disk.symlink("probe", f"{probe}-symbolic")
        except OSError as error:
            if error.errno in _NO_LINKS:
                raise _no_links(self.root) from error
            raise

    # Laying aside what a release adds

    def put_trees(self, directories: Iterable[Directory], mend: Callable[[Entry], None]) -> None:
        """Lays aside the tree of each directory that has none; children come before their parents.

        `mend` brings a blob that turns out to be missing.
        """
        make_folder(self.aside / "trees")
        for directory in directories:
            name = f"{self.aside}/trees/{directory.id}"
            if not (self.trees / directory.id).is_dir() and not os.path.exists(name):  # noqa: PTH110
                self._put_tree(directory, name, mend)
                self.at("tree")

    def _put_tree(self, directory: Directory, name: str, mend: Callable[[Entry], None]) -> None:
        make_folder(Path(name))
        for file, entry in directory.files:
            try:
                self._link_with_sibling(entry, f"{name}/{file}")
            except FileNotFoundError:
                mend(entry)
                self._link_with_sibling(entry, f"{name}/{file}")
        for child, id in directory.children:
            self.disk.symlink(f"../{id}", f"{name}/{child}")

    def put_assets(self, assets: Iterable[tuple[str, Entry]], mend: Callable[[Entry], None]) -> None:
        """Lays aside the files under `assets/`, with their siblings; `path` is below the web root."""
        for path, entry in assets:
            aside = self.aside / "by-path" / path
            make_folder(aside.parent)
            try:
                self._link_with_sibling(entry, str(aside))
            except FileNotFoundError:
                mend(entry)
                self._link_with_sibling(entry, str(aside))
            self.at("asset")

    def _link_with_sibling(self, entry: Entry, place: str) -> None:
        self._link(entry.raw, place)
        if entry.brotli:
            self._link(entry.brotli, f"{place}.br")

    def _link(self, sha: str, place: str) -> None:
        blob = self.path_of(sha)
        try:
            self.disk.hard_link(blob, place)
        except FileExistsError:  # laid aside by a try that lacked the sibling
            return
        except OSError as error:
            if error.errno != errno.EMLINK:
                raise
            shutil.copy2(blob, place)

    def put_release(self, number: int, record: bytes, tree: str) -> None:
        """Lays aside a release's record and the link to its tree."""
        self.put_record(number, record)
        self.disk.symlink(f"../trees/{tree}", str(self.aside / "releases" / file_stem(number)))
        self.at("record")

    # Names, and the switch

    def give_names(self) -> None:
        """Puts everything that was laid aside in its place, but for the record and its link."""
        super().give_names()
        for path in (self.aside / "trees").iterdir():
            path.rename(self.trees / path.name)
            self.at("named")
        self._name_assets()

    def _name_assets(self) -> None:
        for folder, _, names in os.walk(self.aside / "by-path"):
            if names:
                make_folder(self.root / Path(folder).relative_to(self.aside / "by-path"))
            # A sibling before its file: a server that knows the new file finds no old sibling beside it.
            for name in sorted(names, reverse=True):
                aside = Path(folder, name)
                place = self.root / aside.relative_to(self.aside / "by-path")
                if f"{name}.br" not in names and not name.endswith(".br"):
                    place.with_name(f"{name}.br").unlink(missing_ok=True)
                    self.at("named")
                aside.replace(place)
                aside.unlink(missing_ok=True)  # a rename onto a link to the same blob leaves both
                self.at("named")

    def switch(self, number: int) -> None:
        """Makes a release live whose files are in their places and on the disk: one rename."""
        aside = self.aside / "link"
        self.disk.symlink(f"releases/{file_stem(number)}", str(aside))
        aside.replace(self.root / "current")
        self.at("switched")
        sync_folder(self.root)
        self.at("durable")

    # Forgetting

    def sweep_trees(self, in_use: set[str]) -> None:
        """Removes every tree but these."""
        self.remove_trees([each.name for each in self.trees.iterdir() if each.name not in in_use])

    def remove_trees(self, names: Collection[str]) -> None:
        """Removes these trees."""
        if not names:
            return
        away = self.aside / "swept"
        make_folder(away)
        for name in names:
            (self.trees / name).rename(away / name)
            self.at("swept")
        # No tree may lose a file while a power cut can still bring its name back.
        self.disk.sync(self.root)
        empty_folder(away)
        self.at("swept")

    def remove_asset(self, path: str) -> None:
        """Takes a file under `assets/` and its sibling away, and the folders that are empty then."""
        for name in (path, f"{path}.br"):
            (self.root / name).unlink(missing_ok=True)
            self.at("swept")
        folder = (self.root / path).parent
        while folder != self.assets and not any(folder.iterdir()):
            folder.rmdir()
            self.at("swept")
            folder = folder.parent


def served_top(shelf: Shelf, served: str) -> Directory:
    """The top directory of a release tree, which has no assets."""
    return shelf.read(served).without(ASSETS)


def assets_of(shelf: Shelf, root: str) -> str:
    """The id of the listing of `assets/` in a tree."""
    return dict(shelf.read(root).children).get(ASSETS, EMPTY)


def release_of(record: bytes | None) -> Release | None:
    """The release of a record; None when there is none, or none that can be read."""
    try:
        return Release.parse(record) if record is not None else None
    except FormatError:
        return None


def _busy(root: Path) -> BusyError:
    return BusyError(
        f"{root}: another publish is writing here. Wait until it is done and try again.",
        f"{root}：另一个发布正在写入。请等待其完成后重试。",
    )


def _no_links(root: Path) -> TargetError:
    return TargetError(
        f"{root}: no hard links or symlinks on this file system. Use ext4, xfs or btrfs.",
        f"{root}：该文件系统不支持硬链接或符号链接。请使用 ext4、xfs 或 btrfs。",
    )


def _number_not_kept(root: Path, number: int) -> TargetError:
    return TargetError(
        f"{root}: release {number} is not kept here. See `zhanqun releases` for those that are.",
        f"{root}：未保留第 {number} 号发布版本。可用 `zhanqun releases` 查看保留的版本。",
    )
