"""Directory listings (docs/formats.md "Root"): a folder of small texts, each named by its SHA-256, which hold trees.

- A listing's id is the hash of its text, and it names its children by their ids: the top one's id is the root.
- Trees share what they have in common. What a publish changes costs the listings of the changed directories.
- A listing that is there never changes; `read` refuses one whose bytes are not those of its name, `put` mends it.
- Of a tree, however large, only the directories on the way to the present path are in memory, and a few read before.
- Nothing is on the disk before `cluster.blobs.sync` was called by whoever put it.

Both sides keep one such folder: the inside for what it has released, a target for what it keeps. No network, no locks.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
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
_CHILD = re.compile(rb"^tree ([0-9a-f]{64}) ", re.MULTILINE)
# How many bytes of listings are kept parsed: those of thirty directories with a thousand files each.
_RECENT_BYTES = 6_000_000
_Names = tuple[tuple[tuple[str, Entry], ...], tuple[tuple[str, str], ...]]


class Change(NamedTuple):
    """What one path was and is; None where there is no file."""

    path: str
    old: Entry | None
    new: Entry | None


class _Pair(NamedTuple):
    """One directory in two trees, by its ids; None where there is none."""

    path: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class _Open:
    """A directory that is being changed."""

    path: str
    files: dict[str, Entry]
    children: dict[str, str]

    def has(self, folder: str) -> bool:
        """Whether a directory is this one or lies below it."""
        return not self.path or folder == self.path or folder.startswith(f"{self.path}/")


@dataclass(frozen=True, slots=True)
class Listings:
    """The listings in one folder, which is made when the first one comes."""

    root: Path

    def __contains__(self, id: object) -> bool:
        return id == EMPTY or (isinstance(id, str) and bool(_ID.fullmatch(id)) and (self.root / id).is_file())

    def read(self, id: str, path: str = "") -> Directory:
        """The directory with this id, as it stands at `path`. Raises: FormatError when it is missing or damaged."""
        return Directory(path, id, (), ()) if id == EMPTY else self._parsed(id, self.text(id), path)

    def text(self, id: str) -> bytes:
        """The text of a listing. Raises: FormatError when it is missing, or is not what its name says."""
        place = self.root / id
        if _ID.fullmatch(id) is None:  # a stranger may have named it
            raise _missing(place)
        try:
            data = place.read_bytes()
        except FileNotFoundError as error:
            raise _missing(place) from error
        self._check(id, data)
        return data

    def checked(self, id: str, data: bytes, path: str = "") -> Directory:
        """The directory that a listing's text names, from wherever it comes. Raises: FormatError when it is damaged."""
        self._check(id, data)
        return self._parsed(id, data, path)

    def _check(self, id: str, data: bytes) -> None:
        if hashlib.sha256(data).hexdigest() != id:
            raise _damaged(self.root / id)

    def _parsed(self, id: str, data: bytes, path: str) -> Directory:
        if (found := _RECENT.parsed(id, data)) is None:
            raise _damaged(self.root / id)
        return Directory(path, id, *found)

    def put(self, directory: Directory) -> None:
        """Keeps a directory's listing; one that a power cut left short or damaged is written again."""
        if directory.id != EMPTY:
            self._keep(directory.id, dump_listing(directory))

    def _keep(self, id: str, data: bytes) -> None:
        place = self.root / id
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
                waiting += [child.decode() for child in _CHILD.findall(self.text(id))]
        return found

    def differences(self, old: str | None, new: str | None, path: str = "") -> Iterator[Change]:
        """What differs between two trees, in the order of paths; the cost follows the directories that differ."""
        way = [self._compared(_Pair(path, old, new))]
        while way:
            for found in way[-1]:
                if isinstance(found, Change):
                    yield found
                else:
                    way.append(self._compared(found))
                    break
            else:
                way.pop()

    def _compared(self, pair: _Pair) -> Iterator[Change | _Pair]:
        """The files of one directory that differ, and its directories that do, in the order of paths."""
        path, old, new = pair
        if old == new:
            return
        before, after = self.read(old or EMPTY, path), self.read(new or EMPTY, path)
        old_files, new_files = dict(before.files), dict(after.files)
        old_children, new_children = dict(before.children), dict(after.children)
        # A directory stands where its paths stand: `a.html` before `a/b`, as "." comes before "/".
        keys = [name for name, entry in new_files.items() if old_files.get(name) != entry]
        keys += [name for name in old_files if name not in new_files]
        keys += [f"{name}/" for name in old_children.keys() | new_children.keys()]
        for key in sorted(keys):
            if key.endswith("/"):
                name = key[:-1]
                yield _Pair(_join(path, name), old_children.get(name), new_children.get(name))
            else:
                yield Change(_join(path, key), old_files.get(key), new_files.get(key))

    # ---- making trees ---------------------------------------------------------------------------------------------

    def change(self, root: str, entries: Iterable[tuple[str, Entry | None]]) -> str:
        """Keeps the tree that `root` becomes with these files put, or taken away where there is None; its root.

        Raises:
            FormatError: a path that no manifest may hold, or that cannot stand beside the others.
        """
        return self.follow(root, sorted(dict(entries).items(), key=lambda pair: pair[0]))

    def follow(self, root: str, entries: Iterable[tuple[str, Entry | None]]) -> str:
        """The same with entries that come in the order of paths, however many: one after the other is taken in.

        Raises:
            FormatError: as `change`, or a path that comes out of order. The listings made so far belong to no tree.
        """
        open_ = [self._opened(root, "")]
        last = ""
        for path, entry in entries:
            if reason := path_fault(path) or (_OUT_OF_ORDER if path <= last else None):
                raise _unfit(path, reason)
            last = path
            folder, _, name = path.rpartition("/")
            if folder != open_[-1].path:
                self._go_to(folder, open_)
            if entry is None:
                open_[-1].files.pop(name, None)
            else:
                open_[-1].files[name] = entry
        while len(open_) > 1:
            self._close(open_)
        return self._made(open_[0]) or EMPTY

    def _go_to(self, folder: str, open_: list[_Open]) -> None:
        """Closes the directories that are done with, and opens those on the way to `folder`."""
        while not open_[-1].has(folder):
            self._close(open_)
        below = folder[len(open_[-1].path) :].strip("/")
        names = below.split("/") if below else []
        if len(open_) - 1 + len(names) > DEEPEST:
            raise _unfit(folder[:NAME_BYTES], _TOO_DEEP)
        for name in names:
            parent = open_[-1]
            open_.append(self._opened(parent.children.get(name, EMPTY), _join(parent.path, name)))

    def _opened(self, id: str, path: str) -> _Open:
        before = self.read(id, path)
        return _Open(path, dict(before.files), dict(before.children))

    def _close(self, open_: list[_Open]) -> None:
        done, parent = open_.pop(), open_[-1]
        id, name = self._made(done), done.path.rpartition("/")[2]
        if id is None:
            parent.children.pop(name, None)
        else:
            parent.children[name] = id

    def _made(self, done: _Open) -> str | None:
        """The id of a directory after the changes below it; None when nothing is left of it."""
        if not done.files and not done.children:
            return None
        _refuse_clash(done.path, done.files, done.children)
        data = _listing(done.files.items(), done.children.items())
        id = hashlib.sha256(data).hexdigest()
        self._keep(id, data)
        return id

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
    return _listing(directory.files, directory.children)


def _listing(files: Iterable[tuple[str, Entry]], children: Iterable[tuple[str, str]]) -> bytes:
    lines = [(name, f"blob {e.raw} {e.brotli or '-'} {e.size} {name}\n") for name, e in files]
    lines += [(name, f"tree {id} {name}\n") for name, id in children]
    return "".join(line for _, line in sorted(lines)).encode()


class _Recent:
    """What the listings read last name: a publish reads the same few again and again, the guard in two threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parsed: OrderedDict[str, tuple[int, _Names]] = OrderedDict()
        self._bytes = 0

    def parsed(self, id: str, data: bytes) -> _Names | None:
        """Files and children in the text of the listing `id`, None when it makes no sense."""
        with self._lock:
            if known := self._parsed.get(id):
                self._parsed.move_to_end(id)
                return known[1]
        found = _parse(data)
        with self._lock:
            if found is not None and id not in self._parsed and len(data) < _RECENT_BYTES:
                self._parsed[id] = len(data), found
                self._bytes += len(data)
                while self._bytes > _RECENT_BYTES:
                    self._bytes -= self._parsed.popitem(last=False)[1][0]
        return found


_RECENT = _Recent()


def _parse(data: bytes) -> _Names | None:
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
_OUT_OF_ORDER = ("this path is not in order, or stands here twice. Publish again", "路径未按顺序排列或重复。请重新发布")
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
