"""A target folder (format 1, docs/formats.md "Target"): place a release, switch to it, keep the last few.

- What is live is one symlink, swapped by rename: a visitor sees the old state or the new.
- Nothing has its final name before it is complete; no blob has it before it is on the disk. So after a kill
  or a power cut at any moment the live state is whole, and the same call again gives the same result.
- A tree that exists is complete, its child trees included: children are placed first and swept last.
- A release number never stands for two different records. The live number only grows.
- Blobs are copies with bytes of their own, checked against their names: nothing is shared with the inside.

Called by `publish.delivery.directory`; later by `zhanqun receive` after it has verified a bundle. One
writer at a time, by a lock; reading needs no lock.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cluster.blobs import BlobStore, copy_checked, mtime_of, sync
from cluster.errors import BusyError, FormatError, TargetError
from cluster.manifest import ASSETS, Directory, Entry, Manifest, blobs_in
from cluster.release import Release, file_stem

FORMAT = "zhanqun-target 1"
STEPS = (
    "format",
    "blob",
    "blobs",
    "tree",
    "trees",
    "asset",
    "record",
    "synced",
    "switched",
    "forgot",
    "swept",
)
ASSET_DAYS = 30
LOCK = ".lock"
ASIDE = ".tmp-place"
# What a fresh folder or file system may hold before the first release.
_NOT_OURS_BUT_FINE = frozenset({LOCK, ASIDE, "lost+found"})
_ASSET_MARK = f" {ASSETS}/".encode()
_ASSET_LINES = re.compile(rf"^[0-9a-f]+ (\S+) \d+ ({ASSETS}/[^\n]+)$", re.MULTILINE)
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})


def no_step(name: str) -> None:
    """Does nothing at a named step; a test gives its own function and dies there."""


@dataclass(frozen=True, slots=True)
class Disk:
    """The calls whose refusal by a file system we must survive; arguments, so that a test can refuse them."""

    hard_link: Callable[[Path, Path], None] = os.link
    symlink: Callable[[str, Path], None] = os.symlink
    sync: Callable[[Path], None] = sync


class Place:
    """One target folder; every method that writes takes the folder's lock, `locked` keeps it over several."""

    def __init__(self, root: Path, *, disk: Disk | None = None, at: Callable[[str], None] = no_step) -> None:
        self.root = root
        self._blobs = BlobStore(root / "blobs")
        self._trees = root / "trees"
        self._releases = root / "releases"
        self._assets = root / ASSETS
        self._disk = disk or Disk()
        self._at = at
        self._is_locked = False

    # What is there

    def live(self) -> Release | None:
        """The record of the live release, if any. Raises: FormatError, TargetError when unreadable."""
        with _told(self.root):
            try:
                current = (self.root / "current").readlink()
            except FileNotFoundError:
                return None
        if not current.name.isdigit():
            raise _unknown_format(self.root / "current")
        return self.release(int(current.name))

    def releases(self) -> list[Release]:
        """The records of all kept releases, oldest first."""
        with _told(self.root):
            return [Release.parse(path.read_bytes()) for path in sorted(self._releases.glob("*.json"))]

    def release(self, number: int) -> Release:
        """The record of a kept release. Raises: TargetError when it is not kept."""
        return Release.parse(self._read(f"{file_stem(number)}.json", number))

    def manifest(self, number: int) -> Manifest:
        """The manifest of a kept release. Raises: TargetError when it is not kept."""
        return Manifest.parse(self._read(f"{file_stem(number)}.manifest", number))

    def _read(self, name: str, number: int) -> bytes:
        with _told(self.root):
            try:
                return (self._releases / name).read_bytes()
            except FileNotFoundError as error:
                raise _number_not_kept(self.root, number) from error

    # Making a release live

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder's lock, makes an OSError a TargetError. Raises: BusyError when taken."""
        if self._is_locked:
            yield
            return
        with _told(self.root), self._lock():
            self._is_locked = True
            try:
                self._open()
                yield
            finally:
                self._is_locked = False
                shutil.rmtree(self.root / ASIDE, ignore_errors=True)

    def place(self, release: Release, manifest: Manifest, read_blob: Callable[[str], Path]) -> None:
        """Puts everything that `release` needs into the folder, without making it live.

        `read_blob` gives the file of a blob that the folder lacks. Raises: TargetError when the number stands
        for another record or is below the live one; FormatError when manifest or blob is not what it claims.
        """
        with self.locked():
            directories = list(manifest.directories())
            self._refuse_unfit(release, directories[-1].id, len(manifest))
            served, assets = _served(directories), manifest.assets()
            missing = self._missing_trees(served)
            self._put_blobs(_hashes(missing, assets), read_blob)
            self._put_trees(missing)
            self._put_assets(assets)
            self._put_record(release, manifest, served[-1].id)
            self._disk.sync(self.root)
            self._at("synced")

    def place_again(self, release: Release) -> None:
        """Puts a release with the root of a kept one, from what is here. Raises: TargetError when none is."""
        with self.locked():
            kept = [known for known in self.releases() if known.root == release.root]
            if not kept:
                raise _root_not_kept(self.root, release)
            self.place(release, self.manifest(kept[-1].number), self._blobs.path)

    def switch(self, number: int) -> None:
        """Makes a placed release live: one rename."""
        with self.locked():
            self.release(number)
            self._refuse_passed(number)
            self._point("current", f"releases/{file_stem(number)}")
            _sync_folder(self.root)
            self._at("switched")

    def keep(self, count: int, at: datetime) -> None:
        """Drops all but the live and the newest `count` releases, sweeps what only they used; `at` is now.

        Assets stay until no kept release has used them for 30 days.
        """
        with self.locked():
            self._forget(self._kept_numbers(count))
            self._sweep_trees()
            blobs, assets = self._in_use()
            self._blobs.sweep(blobs)
            self._sweep_assets(assets, at)
            self._at("swept")

    # Opening

    @contextmanager
    def _lock(self) -> Iterator[None]:
        make_folder(self.root)
        with (self.root / LOCK).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise _busy(self.root) from error
            yield

    def _open(self) -> None:
        """Refuses a folder that is not ours or cannot be, and wipes what a killed run left."""
        if (self.root / ASIDE).exists():
            shutil.rmtree(self.root / ASIDE)
        make_folder(self.root / ASIDE)
        if (self.root / "format").exists():
            _check_format(self.root)
        else:
            self._found()
        for folder in (self._blobs.root, self._trees, self._releases, self._assets):
            make_folder(folder)

    def _found(self) -> None:
        if strangers := {path.name for path in self.root.iterdir()} - _NOT_OURS_BUT_FINE:
            raise _not_a_target(self.root, min(strangers))
        self._probe()
        self._write("format", f"{FORMAT}\n".encode())
        self._at("format")

    def _probe(self) -> None:
        """Tries once whether the file system has hard links and symlinks."""
        probe = self._aside("probe")
        probe.touch()
        try:
            self._disk.hard_link(probe, self._aside("probe-hard"))
            self._disk.symlink("probe", self._aside("probe-symbolic"))
        except OSError as error:
            if error.errno in _NO_LINKS:
                raise _no_links(self.root) from error
            raise

    def _refuse_unfit(self, release: Release, root: str, files: int) -> None:
        if (root, files) != (release.root, release.files):
            raise _root_differs(release)
        known = self._releases / f"{file_stem(release.number)}.json"
        if known.exists() and Release.parse(known.read_bytes()) != release:
            raise _number_taken(self.root, release)
        self._refuse_passed(release.number)

    def _refuse_passed(self, number: int) -> None:
        live = self.live()
        if live is not None and number < live.number:
            raise _number_passed(self.root, number, live)

    # Placing

    def _missing_trees(self, directories: Iterable[Directory]) -> list[Directory]:
        present = {path.name for path in self._trees.iterdir()}
        missing: dict[str, Directory] = {}
        for directory in directories:
            if directory.id not in present:
                missing.setdefault(directory.id, directory)
        return list(missing.values())

    def _put_blobs(self, wanted: Iterable[str], read_blob: Callable[[str], Path]) -> None:
        new = [sha for sha in sorted(set(wanted)) if sha not in self._blobs]
        for sha in new:
            aside = self._aside(sha)
            copy_checked(read_blob(sha), aside, sha)
            aside.chmod(0o444)
            os.utime(aside, (mtime_of(sha), mtime_of(sha)))
            self._at("blob")
        if new:
            self._disk.sync(self.root)
        for sha in new:
            make_folder(self._blobs.path(sha).parent)
            self._aside(sha).rename(self._blobs.path(sha))
        self._at("blobs")

    def _put_trees(self, directories: Iterable[Directory]) -> None:
        for directory in directories:
            aside = self._aside(directory.id)
            make_folder(aside)
            for name, entry in directory.files:
                self._link_with_sibling(entry, aside / name)
            for name, id_ in directory.children:
                self._disk.symlink(f"../{id_}", aside / name)
            aside.rename(self._trees / directory.id)
            self._at("tree")
        self._at("trees")

    def _put_assets(self, assets: Manifest) -> None:
        for path, entry in assets.entries.items():
            place = self.root / path
            if not _is_file_of(place, entry):
                self._make_asset_folder(place.parent)
                aside = self._aside("asset")
                self._link_with_sibling(entry, aside)
                _sibling(place).unlink(missing_ok=True)
                if entry.brotli:
                    _sibling(aside).rename(_sibling(place))
                aside.replace(place)
                aside.unlink(missing_ok=True)  # a rename onto a link to the same blob leaves both
                self._at("asset")

    def _make_asset_folder(self, folder: Path) -> None:
        inner = folder.relative_to(self.root)
        for step in [*reversed(inner.parents), inner]:
            make_folder(self.root / step)

    def _put_record(self, release: Release, manifest: Manifest, tree: str) -> None:
        stem = f"releases/{file_stem(release.number)}"
        self._write(f"{stem}.manifest", manifest.dump())
        self._point(stem, f"../trees/{tree}")
        self._write(f"{stem}.json", release.dump())
        self._at("record")

    def _link_with_sibling(self, entry: Entry, place: Path) -> None:
        self._link(entry.raw, place)
        if entry.brotli:
            self._link(entry.brotli, _sibling(place))

    def _link(self, sha: str, place: Path) -> None:
        blob = self._blobs.path(sha)
        try:
            self._disk.hard_link(blob, place)
        except OSError as error:
            if error.errno != errno.EMLINK:
                raise
            shutil.copy2(blob, place)

    # Keeping

    def _kept_numbers(self, count: int) -> set[int]:
        numbers = [int(path.stem) for path in sorted(self._releases.glob("*.json"))]
        live = self.live()
        return set(numbers[-count:]) | ({live.number} if live else set())

    def _forget(self, kept: set[int]) -> None:
        stems = {file_stem(number) for number in kept}
        dropped = [path for path in self._releases.iterdir() if path.name.partition(".")[0] not in stems]
        for path in sorted(dropped, key=lambda path: path.suffix != ".json"):  # the record first: it says "kept"
            path.unlink()
        self._at("forgot")

    def _sweep_trees(self) -> None:
        in_use = self._reachable_trees()
        for tree in self._trees.iterdir():
            if tree.name not in in_use:
                tree.rename(self._aside(tree.name))
        shutil.rmtree(self.root / ASIDE)
        make_folder(self.root / ASIDE)

    def _reachable_trees(self) -> set[str]:
        waiting = [path.readlink().name for path in self._releases.iterdir() if path.is_symlink()]
        found: set[str] = set()
        while waiting:
            tree = waiting.pop()
            if tree not in found:
                found.add(tree)
                waiting += _child_trees(self._trees / tree)
        return found

    def _in_use(self) -> tuple[set[str], set[str]]:
        """The blobs and the asset files (siblings included) that the kept releases need."""
        lines: set[bytes] = set()  # kept manifests share nearly all of theirs: read each line once
        for release in self.releases():
            path = self._releases / f"{file_stem(release.number)}.manifest"
            data = path.read_bytes()
            if data.count(b"\n") != release.files + 1:
                raise _short_manifest(path)
            lines.update(data.split(b"\n"))
        return blobs_in(b"\n".join(lines)), _assets_in(lines)

    def _sweep_assets(self, in_use: set[str], at: datetime) -> None:
        unused_since = self._unused_since()
        present = {path.relative_to(self.root).as_posix() for path in self._assets.rglob("*") if path.is_file()}
        unused = {path: unused_since.get(path, at) for path in sorted(present - in_use)}
        expired = {path for path, since in unused.items() if at - since > timedelta(days=ASSET_DAYS)}
        for path in expired:
            (self.root / path).unlink()
        left = {path: since.isoformat() for path, since in unused.items() if path not in expired}
        self._write("assets.json", json.dumps({"format": 1, "unused_since": left}, indent=1).encode() + b"\n")

    def _unused_since(self) -> dict[str, datetime]:
        try:
            record = json.loads((self.root / "assets.json").read_bytes())
            if record["format"] != 1:
                raise _unknown_format(self.root / "assets.json")
            return {path: datetime.fromisoformat(since) for path, since in record["unused_since"].items()}
        except FileNotFoundError:
            return {}

    # Small writes

    def _aside(self, name: str) -> Path:
        return self.root / ASIDE / name

    def _write(self, name: str, data: bytes) -> None:
        aside = self._aside(Path(name).name)
        aside.write_bytes(data)
        aside.chmod(0o644)
        aside.replace(self.root / name)

    def _point(self, name: str, to: str) -> None:
        aside = self._aside("link")
        aside.unlink(missing_ok=True)
        self._disk.symlink(to, aside)
        aside.replace(self.root / name)


def make_folder(folder: Path) -> None:
    """Makes a folder that the web server may read, whatever the umask is."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        return
    folder.chmod(0o755)


def _served(directories: list[Directory]) -> list[Directory]:
    """The directories of a release tree, which has no assets; the top one last."""
    *inner, top = directories
    sites = [each for each in inner if each.path != ASSETS and not each.path.startswith(f"{ASSETS}/")]
    return [*sites, top.without(ASSETS)]


def _hashes(directories: Iterable[Directory], assets: Manifest) -> set[str]:
    entries = [entry for directory in directories for _, entry in directory.files]
    return {sha for entry in entries for sha in (entry.raw, entry.brotli) if sha} | assets.blobs()


def _sibling(place: Path) -> Path:
    return place.with_name(f"{place.name}.br")


def _is_file_of(place: Path, entry: Entry) -> bool:
    """Whether file and sibling are those of `entry`, told by size and the mtime of the hash."""
    try:
        facts = place.stat()
        fits = (facts.st_size, int(facts.st_mtime)) == (entry.size, mtime_of(entry.raw))
        return fits and (entry.brotli is None or int(_sibling(place).stat().st_mtime) == mtime_of(entry.brotli))
    except FileNotFoundError:
        return False


def _child_trees(tree: Path) -> list[str]:
    with os.scandir(tree) as entries:
        return [Path(entry.path).readlink().name for entry in entries if entry.is_symlink()]


def _assets_in(lines: Iterable[bytes]) -> set[str]:
    candidates = b"\n".join(line for line in lines if _ASSET_MARK in line)
    found = _ASSET_LINES.findall(candidates.decode())
    return {path for _, path in found} | {f"{path}.br" for brotli, path in found if brotli != "-"}


def _check_format(root: Path) -> None:
    if (root / "format").read_text("utf-8").strip() != FORMAT:
        raise _unknown_format(root / "format")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise TargetError(
            f"{root}: {reason} ({error.filename}). Check space and permissions.",
            f"{root}：{reason}（{error.filename}）。请检查磁盘空间或权限后重新发布。",
        ) from error


def _busy(root: Path) -> BusyError:
    return BusyError(
        f"{root}: another publish is writing here. Wait until it is done and try again.",
        f"{root}：另一个发布正在写入。请等待其完成后重试。",
    )


def _unknown_format(path: Path) -> FormatError:
    return FormatError(
        f"{path}: unknown format; this program writes '{FORMAT}'. Upgrade it.",
        f"{path}：格式未知；本程序写入“{FORMAT}”。请升级程序。",
    )


def _not_a_target(root: Path, stranger: str) -> TargetError:
    return TargetError(
        f"{root}: this folder holds other things ('{stranger}'). Name an empty or a new folder as target.",
        f"{root}：文件夹中有其他内容（“{stranger}”）。请指定一个空的或新的文件夹作为发布目标。",
    )


def _no_links(root: Path) -> TargetError:
    return TargetError(
        f"{root}: no hard links or symlinks on this file system. Use ext4, xfs or btrfs.",
        f"{root}：该文件系统不支持硬链接或符号链接。请使用 ext4、xfs 或 btrfs。",
    )


def _root_differs(release: Release) -> FormatError:
    return FormatError(
        f"release {release.number}: its manifest gives another root than its record. Publish again.",
        f"第 {release.number} 号发布版本：清单与记录的根散列不一致。请重新发布。",
    )


def _number_not_kept(root: Path, number: int) -> TargetError:
    return TargetError(
        f"{root}: release {number} is not kept here. See `zhanqun releases` for those that are.",
        f"{root}：未保留第 {number} 号发布版本。可用 `zhanqun releases` 查看保留的版本。",
    )


def _number_taken(root: Path, release: Release) -> TargetError:
    return TargetError(
        f"{root}: number {release.number} names another release here. Restore data/publish.db.",
        f"{root}：编号 {release.number} 在此已属于另一发布版本。请恢复 data/publish.db 后重新发布。",
    )


def _number_passed(root: Path, number: int, live: Release) -> TargetError:
    return TargetError(
        f"{root}: release {live.number} is live, {number} is older. To go back use `zhanqun rollback`.",
        f"{root}：线上为第 {live.number} 号，第 {number} 号更旧。如需退回请用 `zhanqun rollback`。",
    )


def _root_not_kept(root: Path, release: Release) -> TargetError:
    return TargetError(
        f"{root}: nothing with the content of release {release.of or release.number} is kept here. "
        "Choose a newer one from `zhanqun releases`.",
        f"{root}：未保留第 {release.of or release.number} 号的内容。请从 `zhanqun releases` 中另选。",
    )


def _short_manifest(path: Path) -> FormatError:
    return FormatError(
        f"{path}: this manifest is damaged; nothing was swept. Delete its release's three files.",
        f"{path}：清单已损坏，未做清理。请删除该版本的三个文件。",
    )
