"""The manifest (format 1), `releases/<number>.manifest`: what a release consists of, path by path.

- Paths are `<site>/<URL path>` or `assets/<name>`, sorted by their UTF-8 bytes; none is absolute, leaves the
  tree, is both file and directory, or stands where another file's `.br` sibling goes. `of` and `parse` refuse
  anything else, so whoever holds a `Manifest` may use its paths.
- The root names the whole tree: a directory's id is the SHA-256 of its listing (docs/formats.md, "Root").
- One state has one form: `parse(m.dump()) == m` and `parse(b).dump() == b`.

Called by the build, the brake, the publish actions and the receiver. Does no I/O.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple, Self

from cluster.errors import FormatError

HEADER = "zhanqun-manifest 1"
ASSETS = "assets"
# A file name may have 255 bytes on every file system we use, and `.br` must still fit.
NAME_BYTES = 252

_HASH = "[0-9a-f]{64}"
_PART = r"(?!\.\.?(?:/|\Z))[^/\\\x00-\x1f\x7f-\x9f\ud800-\udfff]+"
_PATH = re.compile(rf"{_PART}(?:/{_PART})+")
_LINE = re.compile(rf"({_HASH}) ({_HASH}|-) (0|[1-9][0-9]{{0,15}}) ([^\n]+)")
_HASHES = re.compile(rf"^({_HASH}) ({_HASH}|-) ", re.MULTILINE)

_UNKNOWN = (
    f"the first line is not '{HEADER}'. Upgrade this program, or publish again",
    f"首行不是“{HEADER}”。请升级本程序，或重新发布",
)
_NOT_UTF8 = ("this is not UTF-8. Publish again", "不是 UTF-8 编码。请重新发布")
_CUT_SHORT = ("the file ends in the middle of a line. Publish again", "文件在行中间中断。请重新发布")
_NOT_A_LINE = (
    "not of the form '<sha256> <sha256 or -> <size> <path>'. Publish again",
    "不符合“<sha256> <sha256 或 -> <大小> <路径>”格式。请重新发布",
)
_BAD_PATH = (
    "this path is not '<site>/<path>', leaves the tree or has forbidden characters. Rename the file",
    "路径不是“<站点>/<路径>”，或超出目录，或含有不允许的字符。请给文件改名",
)
_LONG_NAME = (
    f"a name in this path is longer than {NAME_BYTES} bytes. Rename the file",
    f"路径中有名称超过 {NAME_BYTES} 字节。请给文件改名",
)
_OUT_OF_ORDER = (
    "this path is not in order, or stands here twice. Publish again",
    "路径未按顺序排列或重复。请重新发布",
)
_FILE_AND_DIRECTORY = (
    "this path is both a file and a directory. Rename one",
    "路径既是文件又是目录。请给其中一个改名",
)
_SIBLING_CLASH = (
    "another file's compressed sibling has this name. Rename one of the two",
    "与另一文件的压缩副本同名。请给其中一个改名",
)


class Entry(NamedTuple):
    """One file: SHA-256 of its bytes, of its brotli bytes (None without such a sibling), size in bytes.

    A named tuple, not a dataclass: a manifest holds 300,000 of them and makes them anew at every publish.
    """

    raw: str
    brotli: str | None
    size: int


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory of the tree: files by name, child directories by name with their ids, both in order."""

    path: str
    id: str
    files: tuple[tuple[str, Entry], ...]
    children: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, path: str, files: tuple[tuple[str, Entry], ...], children: tuple[tuple[str, str], ...]) -> Self:
        """The directory with these contents, and the id that follows from them."""
        listing = [(name, f"blob {e.raw} {e.brotli or '-'} {e.size} {name}\n") for name, e in files]
        listing += [(name, f"tree {id_} {name}\n") for name, id_ in children]
        text = "".join(line for _, line in sorted(listing))
        return cls(path, hashlib.sha256(text.encode()).hexdigest(), files, children)

    def without(self, child: str) -> Directory:
        """The same directory lacking one child directory."""
        return Directory.of(self.path, self.files, tuple(pair for pair in self.children if pair[0] != child))


@dataclass(frozen=True, slots=True)
class Changes:
    """The paths by which one manifest differs from an older one, each sorted."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    def __iter__(self) -> Iterator[str]:
        """All of them, for counting."""
        yield from self.added
        yield from self.changed
        yield from self.removed

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files of one state of the whole cluster: path -> `Entry`, in the order of the paths' bytes."""

    entries: Mapping[str, Entry]

    @classmethod
    def of(cls, mapping: Mapping[str, Entry]) -> Self:
        """The manifest of these files. Raises: FormatError naming a path that no manifest may hold."""
        entries = {path: mapping[path] for path in sorted(mapping)}
        for path, entry in entries.items():
            if reason := path_fault(path) or _entry_fault(entry):
                raise _fault(repr(path), reason)
        if clash := _clash(entries):
            raise _fault(repr(clash[0]), clash[1])
        return cls(MappingProxyType(entries))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Reads format 1. Raises: FormatError with the line number."""
        lines = _lines(data)
        entries = dict(_parse_line(number, line) for number, line in enumerate(lines, 2))
        paths = list(entries)
        if len(paths) != len(lines) or paths != sorted(paths):
            raise _fault(f"manifest:{_first_out_of_order(lines)}", _OUT_OF_ORDER)
        if clash := _clash(entries):
            raise _fault(f"manifest:{paths.index(clash[0]) + 2}", clash[1])
        return cls(MappingProxyType(entries))

    def dump(self) -> bytes:
        """The bytes of format 1."""
        lines = [f"{e.raw} {e.brotli or '-'} {e.size} {path}\n" for path, e in self.entries.items()]
        return "".join([HEADER, "\n", *lines]).encode()

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __contains__(self, path: object) -> bool:
        return path in self.entries

    def __getitem__(self, path: str) -> Entry:
        return self.entries[path]

    def size(self) -> int:
        """The bytes of all files together, uncompressed."""
        return sum(entry.size for entry in self.entries.values())

    def blobs(self) -> frozenset[str]:
        """The SHA-256 of every blob that these files need, brotli siblings included."""
        raw = {entry.raw for entry in self.entries.values()}
        return frozenset(raw | {entry.brotli for entry in self.entries.values() if entry.brotli})

    def sites(self) -> tuple[str, ...]:
        """The names of the sites that have files, sorted."""
        return tuple(sorted({self.site_of(path) for path in self.entries} - {ASSETS}))

    @staticmethod
    def site_of(path: str) -> str:
        """The site that a path belongs to; `assets` for what all sites share."""
        return path.partition("/")[0]

    def assets(self) -> Manifest:
        """The files that all sites share."""
        return self._only(assets=True)

    def without_assets(self) -> Manifest:
        """The files of the sites: what a release directory holds."""
        return self._only(assets=False)

    def compare(self, older: Manifest) -> Changes:
        """What came, changed and went since `older`."""
        new, old = self.entries, older.entries
        return Changes(
            added=tuple(path for path in new if path not in old),
            changed=tuple(path for path, entry in new.items() if path in old and old[path] != entry),
            removed=tuple(path for path in old if path not in new),
        )

    def root(self) -> str:
        """The hash that names this whole tree."""
        *_, top = self.directories()
        return top.id

    def directory_ids(self) -> dict[str, str]:
        """Every directory's id by its path; the top one is the empty path."""
        return {directory.path: directory.id for directory in self.directories()}

    def directories(self) -> Iterator[Directory]:
        """Every directory, children before parents, the top one last."""
        open_ = [_Open("", [], [])]
        for path, entry in self.entries.items():
            folder, _, name = path.rpartition("/")
            while not _is_within(folder, open_[-1].path):
                yield open_[-1].close(into=open_[-2])
                open_.pop()
            open_ += [_Open(step, [], []) for step in _steps(open_[-1].path, folder)]
            open_[-1].files.append((name, entry))
        while len(open_) > 1:
            yield open_[-1].close(into=open_[-2])
            open_.pop()
        yield open_[0].close(into=None)

    def _only(self, *, assets: bool) -> Manifest:
        return Manifest(
            MappingProxyType({p: e for p, e in self.entries.items() if p.startswith(f"{ASSETS}/") is assets})
        )


def blobs_in(data: bytes) -> set[str]:
    """The SHA-256 of every blob named in a dumped manifest; for sweeping, faster than parsing."""
    pairs = _HASHES.findall(data.decode("utf-8"))
    return {sha for pair in pairs for sha in pair} - {"-"}


class _Open(NamedTuple):
    """A directory whose contents are still being gathered."""

    path: str
    files: list[tuple[str, Entry]]
    children: list[tuple[str, str]]

    def close(self, into: _Open | None) -> Directory:
        done = Directory.of(self.path, tuple(self.files), tuple(sorted(self.children)))
        if into is not None:
            into.children.append((self.path.rpartition("/")[2], done.id))
        return done


def _is_within(folder: str, parent: str) -> bool:
    return not parent or folder == parent or folder.startswith(f"{parent}/")


def _steps(parent: str, folder: str) -> list[str]:
    """The directories on the way from `parent` (not itself) down to `folder`."""
    if folder == parent:
        return []
    inner = folder[len(parent) + 1 if parent else 0 :].split("/")
    return [(parent + "/" if parent else "") + "/".join(inner[: n + 1]) for n in range(len(inner))]


def _lines(data: bytes) -> list[str]:
    try:
        header, *lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _fault(f"manifest:{line}", _NOT_UTF8) from error
    if header != HEADER:
        raise _fault("manifest:1", _UNKNOWN)
    if not lines or lines[-1]:
        raise _fault(f"manifest:{len(lines) + 1}", _CUT_SHORT)
    return lines[:-1]


def _parse_line(number: int, line: str) -> tuple[str, Entry]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise _fault(f"manifest:{number}", _NOT_A_LINE)
    raw, brotli, size, path = match.groups()
    if reason := path_fault(path):
        raise _fault(f"manifest:{number}", reason)
    return path, Entry(raw, None if brotli == "-" else brotli, int(size))


def path_fault(path: str) -> tuple[str, str] | None:
    """Why a manifest may not hold this path, in English and Chinese; None for a fit one."""
    if _PATH.fullmatch(path) is None:
        return _BAD_PATH
    if len(path) > NAME_BYTES // 4 and any(len(part.encode()) > NAME_BYTES for part in path.split("/")):
        return _LONG_NAME
    return None


def _entry_fault(entry: Entry) -> tuple[str, str] | None:
    whole = f"{entry.raw} {entry.brotli or '-'} {entry.size} x"
    return None if _LINE.fullmatch(whole) else _NOT_A_LINE


def _clash(entries: Mapping[str, Entry]) -> tuple[str, tuple[str, str]] | None:
    """The first path that cannot be placed beside the others, and why."""
    for folder in _folders(entries):
        if folder in entries:
            return folder, _FILE_AND_DIRECTORY
        if folder.endswith(".br") and (entry := entries.get(folder[:-3])) and entry.brotli:
            return folder[:-3], _SIBLING_CLASH
    siblings = (f"{path}.br" for path, entry in entries.items() if entry.brotli)
    return next(((path, _SIBLING_CLASH) for path in siblings if path in entries), None)


def _folders(entries: Mapping[str, Entry]) -> set[str]:
    found: set[str] = set()
    for path in entries:
        folder = path.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def _first_out_of_order(lines: list[str]) -> int:
    paths = [line.split(" ", 3)[3] for line in lines]
    return next(number for number, (one, two) in enumerate(pairwise(paths), 3) if one >= two)


def _fault(place: str, reason: tuple[str, str]) -> FormatError:
    return FormatError(f"{place}: {reason[0]}.", f"{place}：{reason[1]}。")
