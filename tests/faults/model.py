"""A file system that keeps only what it has promised: what a power cut may leave of a recorded run.

- Nodes (files, folders, symlinks) and names are apart: a name may survive without the bytes behind it, and bytes without
  a name. What was not synced survives or not, each act for itself: harsher than any journal.
- `fsync` of a file promises its bytes and facts, `fsync` of a folder the names in it, `syncfs` everything before it.

Pure: no disk but in `read_disk` and `write_disk`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

TOP = 0


@dataclass(frozen=True, slots=True)
class Node:
    """A file with `data`, a symlink to `target`, or a folder."""

    kind: str
    data: bytes = b""
    target: str = ""
    mode: int = 0o644
    mtime: int = 0


@dataclass(slots=True)
class Disk:
    """Nodes by id and, for each folder, its names; `TOP` is the folder that is looked at."""

    nodes: dict[int, Node] = field(default_factory=dict)
    names: dict[int, dict[str, int]] = field(default_factory=dict)

    def copy(self) -> Disk:
        """A disk of its own."""
        return Disk(dict(self.nodes), {folder: dict(names) for folder, names in self.names.items()})

    def find(self, path: str, *, follow: bool = True) -> int | None:
        """The node at a path, symlinks on the way followed; None when there is none."""
        found = self._walk((TOP,), [part for part in path.split("/") if part not in ("", ".")], follow=follow)
        return found[-1] if found else None

    def _walk(self, way: tuple[int, ...], parts: list[str], *, follow: bool, links: int = 0) -> tuple[int, ...] | None:
        """The nodes on the real way to what the parts lead to from the end of `way`."""
        for index, part in enumerate(parts):
            if part == "..":
                way = way[:-1] or way
                continue
            found = self.names.get(way[-1], {}).get(part)
            if found is None:
                return None
            node, rest = self.nodes[found], parts[index + 1 :]
            if node.kind == "link" and (rest or follow):
                if links > 20:
                    return None
                return self._walk(way, [*node.target.split("/"), *rest], follow=follow, links=links + 1)
            way = (*way, found)
        return way

    def files(self, path: str) -> dict[str, bytes] | None:
        """Every file below a folder by its path there, symlinks followed; None when something leads nowhere."""
        nodes = self.file_nodes(path)
        return None if nodes is None else {name: node.data for name, node in nodes.items()}

    def file_nodes(self, path: str) -> dict[str, Node] | None:
        """The same, as nodes."""
        way = self._walk((TOP,), [part for part in path.split("/") if part not in ("", ".")], follow=True)
        found: dict[str, Node] = {}
        return found if way and self._gather(way, "", found) else None

    def _gather(self, way: tuple[int, ...], path: str, found: dict[str, Node]) -> bool:
        if self.nodes[way[-1]].kind != "folder":
            return False
        for name, id_ in self.names.get(way[-1], {}).items():
            node, below = self.nodes[id_], (*way, id_)
            if node.kind == "link":
                led = self._walk(way, node.target.split("/"), follow=True)
                if led is None:
                    return False
                node, below = self.nodes[led[-1]], led
            if node.kind == "file":
                found[f"{path}{name}"] = node
            elif not self._gather(below, f"{path}{name}/", found):
                return False
        return True


# ---- acts -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Enter:
    """A name appears in a folder: a file, folder or symlink is made, or a hard link."""

    folder: int
    name: str
    node: int


@dataclass(frozen=True, slots=True)
class Leave:
    """A name goes."""

    folder: int
    name: str
    node: int


@dataclass(frozen=True, slots=True)
class Move:
    """A rename: the new name appears and the old one goes, both or neither."""

    folder: int
    name: str
    to_folder: int
    to_name: str
    node: int


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes are written into a file."""

    node: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Length:
    """A file is cut to a length."""

    node: int
    length: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Mode and modification time change."""

    node: int
    mode: int
    mtime: int


@dataclass(frozen=True, slots=True)
class Sync:
    """`fsync` of a file or folder; `path` for telling."""

    node: int
    path: str


@dataclass(frozen=True, slots=True)
class SyncAll:
    """`syncfs` of the file system that `path` lies on."""

    path: str


@dataclass(frozen=True, slots=True)
class Step:
    """A named step was reached; nothing happens to the disk."""

    name: str


Act = Enter | Leave | Move | Data | Length | Facts | Sync | SyncAll | Step


def is_sync(act: Act) -> bool:
    """Whether the act only promises."""
    return isinstance(act, Sync | SyncAll)


def promises(sync: Act, act: Act) -> bool:
    """Whether what was done by `act` before is promised by this sync."""
    if isinstance(sync, SyncAll):
        return True
    if not isinstance(sync, Sync):
        return False
    match act:
        case Data(node) | Length(node) | Facts(node):
            return node == sync.node
        case Enter(folder) | Leave(folder):
            return folder == sync.node
        case Move():
            return act.to_folder == sync.node
    return False


def perform(disk: Disk, act: Act) -> None:
    """Does one act to a disk; as much of it as makes sense where earlier ones are missing."""
    match act:
        case Enter(folder, name, node):
            disk.names.setdefault(folder, {})[name] = node
        case Leave(folder, name, node):
            if disk.names.get(folder, {}).get(name) == node:
                del disk.names[folder][name]
        case Move(folder, name, to_folder, to_name, node):
            if disk.names.get(folder, {}).get(name) == node:
                del disk.names[folder][name]
            disk.names.setdefault(to_folder, {})[to_name] = node
        case Data(node, offset, data):
            file = disk.nodes[node]
            before = file.data[:offset].ljust(offset, b"\0")
            disk.nodes[node] = replace(file, data=before + data + file.data[offset + len(data) :])
        case Length(node, length):
            file = disk.nodes[node]
            disk.nodes[node] = replace(file, data=file.data[:length].ljust(length, b"\0"))
        case Facts(node, mode, mtime):
            disk.nodes[node] = replace(disk.nodes[node], mode=mode, mtime=mtime)


# ---- what may be left -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Left:
    """A disk after a power cut: how many acts had been done, which words describe what survived, and the disk."""

    done: int
    how: str
    disk: Disk


def power_cuts(start: Disk, acts: Sequence[Act], *, chosen: random.Random, samples: int) -> Iterator[Left]:
    """What may be left when the power goes after each of the acts.

    For each prefix: nothing that was not promised, everything, only the last act, and all before it but one of them;
    before each promise and at the end, where the unpromised are the most: each act alone, each act missing, and
    `samples` random subsets.
    """
    durable, waiting = start.copy(), list[tuple[int, Act]]()
    yield Left(0, "nothing", durable)
    for done, act in enumerate(acts, 1):
        if is_sync(act):
            yield from _in_all_ways(durable, waiting, done - 1, chosen, samples)
            kept = [pair for pair in waiting if not promises(act, pair[1])]
            # A promise holds for the order too: what is promised is done in the order in which it happened.
            for pair in waiting:
                if promises(act, pair[1]):
                    perform(durable, pair[1])
            waiting = kept
        elif not isinstance(act, Step):
            waiting.append((done, act))
        yield Left(done, "only what was promised", durable)
        yield Left(done, "everything", _with(durable, waiting, lambda _: True))
        if waiting:
            lost = chosen.choice(waiting)[0]
            yield Left(done, f"everything but act {lost}", _with(durable, waiting, lost.__ne__))
            yield Left(done, "only the last act", _with(durable, waiting[-1:], lambda _: True))
    yield from _in_all_ways(durable, waiting, len(acts), chosen, samples)


def _in_all_ways(
    durable: Disk, waiting: list[tuple[int, Act]], done: int, chosen: random.Random, samples: int
) -> Iterator[Left]:
    some = waiting if len(waiting) <= samples else chosen.sample(waiting, samples)
    for number, _ in some:
        yield Left(done, f"only act {number}", _with(durable, waiting, number.__eq__))
        yield Left(done, f"everything but act {number}", _with(durable, waiting, number.__ne__))
    for _ in range(samples if waiting else 0):
        share = chosen.random()
        kept = {number for number, _ in waiting if chosen.random() < share}
        yield Left(done, f"{len(kept)} of {len(waiting)}", _with(durable, waiting, kept.__contains__))


def _with(durable: Disk, waiting: Sequence[tuple[int, Act]], survives: Callable[[int], bool]) -> Disk:
    disk = durable.copy()
    for number, act in waiting:
        if survives(number):
            perform(disk, act)
    return disk


# ---- real disks -----------------------------------------------------------------------------------------------------


def read_disk(folder: Path) -> tuple[Disk, dict[int, int]]:
    """What is below a folder, and the id of each inode."""
    disk, ids = Disk(), dict[int, int]()

    def read(place: Path) -> int:
        facts = place.lstat()
        if facts.st_ino in ids:
            return ids[facts.st_ino]
        id_ = ids[facts.st_ino] = len(ids)
        mode, mtime = facts.st_mode & 0o7777, int(facts.st_mtime)
        if place.is_symlink():
            disk.nodes[id_] = Node("link", target=str(place.readlink()))
        elif place.is_dir():
            disk.nodes[id_] = Node("folder", mode=mode)
            disk.names[id_] = {}
            disk.names[id_] |= {each.name: read(each) for each in place.iterdir()}
        else:
            disk.nodes[id_] = Node("file", place.read_bytes(), mode=mode, mtime=mtime)
        return id_

    read(folder)
    return disk, ids


def write_disk(disk: Disk, folder: Path) -> None:
    """Puts a disk into a new folder, hard links and all."""
    places: dict[int, Path] = {}

    def write(id_: int, place: Path) -> None:
        node = disk.nodes[id_]
        if node.kind == "folder":
            place.mkdir()
            for name, below in disk.names.get(id_, {}).items():
                write(below, place / name)
            place.chmod(node.mode)
        elif node.kind == "link":
            place.symlink_to(node.target)
        elif id_ in places:
            place.hardlink_to(places[id_])
        else:
            place.write_bytes(node.data)
            os.utime(place, (node.mtime, node.mtime))
            place.chmod(node.mode)
            places[id_] = place

    write(TOP, folder)
