"""Directory listings (docs/formats.md "Root"): a folder of small texts, each named by its SHA-256, which hold trees.

- A listing's id is the hash of its text, and it names its children by their ids: the top one's id is the root.
- Trees share what they have in common. What a publish changes costs the listings of the changed directories.
- A listing that is there never changes; `read` refuses one whose bytes are not those of its name, `put` mends it.
- Nothing is on the disk before `cluster.blobs.sync` was called by whoever put it.

Both sides keep one such folder: the inside for what it has released, a target for what it keeps. No network, no locks.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cluster.errors import FormatError
from cluster.manifest import NAME_BYTES, Directory, Entry, path_fault

EMPTY = Directory.of("", (), ()).id
ASIDE = ".tmp-"
# Deeper than any site's folders, and far from what a call stack holds.
DEEPEST = 100
_ID = re.compile(r"[0-9a-f]{64}")
_LINE = re.compile(
    r"^(?:blob ([0-9a-f]{64}) ([0-9a-f]{64}|-) (0|[1-9][0-9]{0,15}) (.+)|tree ([0-9a-f]{64}) (.+))$", re.MULTILINE
)
# How many parsed listings are kept at hand; one has a hundred entries in the middle, a few thousand at most.
_RECENT = 256


class Change(NamedTuple):
    """What one path was and is; None where there is no file."""

    path: str
    old: Entry | None
    new: Entry | None


@dataclass(slots=True)
class _Node:
    """The changes below one directory."""

    files: dict[str, Entry | None] = field(default_factory=dict)
    children: dict[str, _Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listings:
    """The listings in one folder, which is made when the first one comes."""

    root: Path

    def __contains__(self, id: object) -> bool:
        return id == EMPTY or (isinstance(id, str) and bool(_ID.fullmatch(id)) and (self.root / id).is_file())

    def read(self, id: str, path: str = "") -> Directory:
        """The directory with this id, as it stands at `path`. Raises: FormatError when it is missing or damaged."""
        if id == EMPTY:
            return Directory(path, id, (), ())
        place = self.root / id
        if _ID.fullmatch(id) is None:  # a stranger may have named it
            raise _missing(place)
        try:
            data = place.read_bytes()
        except FileNotFoundError as error:
            raise _missing(place) from error
        return self.checked(id, data, path)

    def checked(self, id: str, data: bytes, path: str = "") -> Directory:
        """The directory that a listing's text names, from wherever it comes. Raises: FormatError when it is damaged."""
        if hashlib.sha256(data).hexdigest() != id:
            raise _damaged(self.root / id)
        if (found := _parse(data)) is None:
            raise _damaged(self.root / id)
        return Directory(path, id, *found)

    def put(self, directory: Directory) -> None:
        """Keeps a directory's listing; one that a power cut left short or damaged is written again."""
        if directory.id == EMPTY:
            return
        data, place = dump_listing(directory), self.root / directory.id
        if _holds_bytes(place, data):
            return
        self.root.mkdir(parents=True, exist_ok=True)
        aside = self.root / f"{ASIDE}{os.getpid()}-{threading.get_ident()}"
        aside.write_bytes(data)
        aside.replace(place)

    def holds(self, root: str) -> bool:
        """Whether the whole tree is here."""
        try:
            for _ in self.directories(root):
                pass
        except FormatError:
            return False
        return True

    # ---- looking at trees -----------------------------------------------------------------------------------------

    def find(self, root: str, path: str) -> Entry | None:
        """The file at a path of a tree."""
        id: str | None = root
        *folders, name = path.split("/")
        for folder in folders:
            id = dict(self.read(id).children).get(folder) if id else None
        return dict(self.read(id).files).get(name) if id else None

    def walk(self, root: str) -> Iterator[tuple[str, Entry]]:
        """Every file of a tree by path, in the order of paths."""
        for change in self.differences(EMPTY, root):
            if change.new is not None:
                yield change.path, change.new

    def directories(self, root: str, path: str = "", known: Collection[str] = ()) -> Iterator[Directory]:
        """Every directory of a tree, children before parents; those with a `known` id are left out with all below."""
        if root in known:
            return
        top = self.read(root, path)
        for name, id in top.children:
            yield from self.directories(id, _join(path, name), known)
        yield top

    def reachable(self, roots: Iterable[str]) -> set[str]:
        """The ids of all listings that these trees need."""
        found: set[str] = set()
        waiting = [root for root in roots if root != EMPTY]
        while waiting:
            id = waiting.pop()
            if id not in found:
                found.add(id)
                waiting += [child for _, child in self.read(id).children]
        return found

    def differences(self, old: str | None, new: str | None, path: str = "") -> Iterator[Change]:
        """What differs between two trees, in the order of paths; the cost follows the directories that differ."""
        if old == new:
            return
        before = self.read(old or EMPTY, path)
        after = self.read(new or EMPTY, path)
        old_files, new_files = dict(before.files), dict(after.files)
        old_children, new_children = dict(before.children), dict(after.children)
        # A directory stands where its paths stand: `a.html` before `a/b`, as "." comes before "/".
        names = {
            name: False for name in old_files.keys() | new_files.keys() if old_files.get(name) != new_files.get(name)
        }
        folders = old_children.keys() | new_children.keys()
        for key, is_folder in sorted([*names.items(), *((f"{name}/", True) for name in folders)]):
            if is_folder:
                name = key[:-1]
                yield from self.differences(old_children.get(name), new_children.get(name), _join(path, name))
            else:
                yield Change(_join(path, key), old_files.get(key), new_files.get(key))

    # ---- making trees ---------------------------------------------------------------------------------------------

    def change(self, root: str, entries: Iterable[tuple[str, Entry | None]]) -> str:
        """Keeps the tree that `root` becomes with these files put, or taken away where there is None; its root.

        Raises:
            FormatError: a path that no manifest may hold, or that cannot stand beside the others.
        """
        top = _Node()
        for path, entry in entries:
            if reason := path_fault(path):
                raise _unfit(path, reason)
            *folders, name = path.split("/")
            if len(folders) > DEEPEST:
                raise _unfit(path[:NAME_BYTES], _TOO_DEEP)
            node = top
            for folder in folders:
                node = node.children.setdefault(folder, _Node())
            node.files[name] = entry
        return self._changed(root, "", top) or EMPTY

    def _changed(self, id: str | None, path: str, node: _Node) -> str | None:
        """The id of a directory after the changes below it; None when nothing is left of it."""
        before = self.read(id or EMPTY, path)
        files: dict[str, Entry] = dict(before.files)
        for name, entry in node.files.items():
            if entry is None:
                files.pop(name, None)
            else:
                files[name] = entry
        children = dict(before.children)
        for name, below in node.children.items():
            child = self._changed(children.get(name), _join(path, name), below)
            if child is None:
                children.pop(name, None)
            else:
                children[name] = child
        if not files and not children:
            return None
        _refuse_clash(path, files, children)
        made = Directory.of(path, tuple(sorted(files.items())), tuple(sorted(children.items())))
        self.put(made)
        return made.id

    def known(self) -> set[str]:
        """The ids of all listings that are here."""
        return {place.name for place in self.root.iterdir()} if self.root.is_dir() else set()

    # ---- forgetting -----------------------------------------------------------------------------------------------

    def sweep(self, keep: Collection[str]) -> int:
        """Removes every listing that is not in `keep`, and leftovers of killed writers; returns how many went."""
        if not self.root.is_dir():
            return 0
        unwanted = [place for place in self.root.iterdir() if place.name not in keep]
        for place in unwanted:
            place.unlink()
        return len(unwanted)


def dump_listing(directory: Directory) -> bytes:
    """The text whose hash is the directory's id."""
    lines = [(name, f"blob {e.raw} {e.brotli or '-'} {e.size} {name}\n") for name, e in directory.files]
    lines += [(name, f"tree {id} {name}\n") for name, id in directory.children]
    return "".join(line for _, line in sorted(lines)).encode()


@functools.lru_cache(maxsize=_RECENT)
def _parse(data: bytes) -> tuple[tuple[tuple[str, Entry], ...], tuple[tuple[str, str], ...]] | None:
    """Files and children in a listing's text, None when it is none; a publish reads the same few again and again."""
    text = data.decode("utf-8", "surrogateescape")
    found = _LINE.findall(text)
    if len(found) != text.count("\n") or (text and not text.endswith("\n")):
        return None
    files = tuple(
        (name, Entry(raw, None if brotli == "-" else brotli, int(size)))
        for raw, brotli, size, name, _, _ in found
        if raw
    )
    return files, tuple((name, child) for *_, child, name in found if child)


def _refuse_clash(path: str, files: Mapping[str, Entry], children: Mapping[str, str]) -> None:
    """A name is a file or a directory, and no other name stands where a file's `.br` sibling goes."""
    for name in files.keys() & children.keys():
        raise _unfit(_join(path, name), _BOTH)
    for name, entry in files.items():
        if entry.brotli and (f"{name}.br" in files or f"{name}.br" in children):
            raise _unfit(_join(path, f"{name}.br"), _SIBLING)


def _holds_bytes(place: Path, data: bytes) -> bool:
    try:
        return place.read_bytes() == data
    except FileNotFoundError:
        return False


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


_BOTH = ("this path is both a file and a directory. Rename one", "路径既是文件又是目录。请给其中一个改名")
_SIBLING = (
    "another file's compressed sibling has this name. Rename one of the two",
    "与另一文件的压缩副本同名。请给其中一个改名",
)
_TOO_DEEP = (f"this path has more than {DEEPEST} folders. Move the file", f"路径超过 {DEEPEST} 层文件夹。请移动该文件")


def _unfit(path: str, reason: tuple[str, str]) -> FormatError:
    return FormatError(f"{path!r}: {reason[0]}.", f"{path!r}：{reason[1]}。")


def _missing(place: Path) -> FormatError:
    return FormatError(
        f"{place}: this listing is missing. Publish again with --full; check the disk if it happens again.",
        f"{place}：目录清单缺失。请用 --full 重新发布；如再次发生，请检查磁盘。",
    )


def _damaged(place: Path) -> FormatError:
    return FormatError(
        f"{place}: this listing is damaged. Delete it and publish with --full; check the disk if it happens again.",
        f"{place}：目录清单已损坏。请删除它，再用 --full 重新发布；如再次发生，请检查磁盘。",
    )
