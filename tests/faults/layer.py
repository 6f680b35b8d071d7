"""The layer between a program and its disk: every call that changes something is counted, recorded, or the last one.

- `install` puts it into `os`, `io` and `cluster.blobs`, once, before the code under test is imported, since that code
  takes `os.link` and its like along. Until somebody listens it only passes calls on.
- A call counts when it touches something below the folder that is listened to.
- A death is confirmed: the process tells which call it dies in, and the parent sees the signal.
- `tests.faults.traced` holds the record against `strace`, so that no call goes past unseen.
"""

# Strings and `os`, since the calls that `pathlib` makes are what is being watched.
# ruff: noqa: PTH109, PTH110, PTH112, PTH115, PTH116, PTH117, PTH118, PTH120

from __future__ import annotations

import builtins
import errno
import io
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cluster.blobs
from tests.faults.model import Act, Data, Disk, Enter, Facts, Leave, Length, Move, Node, Step, Sync, SyncAll, read_disk

CALLS = (
    *("open", "write", "rename", "replace", "link", "symlink", "unlink", "remove", "mkdir", "rmdir", "chmod", "fchmod"),
    *("utime", "fsync", "fdatasync", "truncate", "ftruncate", "sync", "sendfile"),
)
_REAL: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Point:
    """One moment in which a process may die: just before call `number`, or in the middle of it when it writes."""

    number: int
    call: str
    path: str

    def __str__(self) -> str:
        return f"{self.number} {self.call} {self.path}"


@dataclass(slots=True)
class Listener:
    """Counts the calls below `base`; with `fatal` the process dies at that one, with `recording` all are kept."""

    base: Path
    fatal: int = 0
    tell: Callable[[Point], None] = lambda _: None
    refuse: Callable[[Point], int] = lambda _: 0
    is_recording: bool = False
    points: list[Point] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    start: Disk = field(default_factory=Disk)
    _ids: dict[int, int] = field(default_factory=dict)

    def begin(self) -> None:
        """Notes what is on the disk before the first call."""
        if self.is_recording:
            self.start, self._ids = read_disk(self.base)

    def step(self, name: str) -> None:
        """A named step of the code under test; goes into its `at`."""
        if self.reach("step", name):
            self.die()
        if self.is_recording:
            self.acts.append(Step(name))

    def reach(self, call: str, path: str) -> bool:
        """Counts a call that is about to happen; whether it is the one to die in. Raises: OSError when refused."""
        point = Point(len(self.points) + 1, call, path)
        self.points.append(point)
        if code := self.refuse(point):
            raise OSError(code, os.strerror(code), path)
        return point.number == self.fatal

    def die(self) -> None:
        """Ends this process as `kill -9` would, after telling where."""
        self.tell(self.points[-1])
        os.kill(os.getpid(), signal.SIGKILL)

    # ---- the record -------------------------------------------------------------------------------------------------

    def id_of(self, path: str | int) -> int:
        """The node behind a path (itself, if a symlink) or a descriptor."""
        facts = os.fstat(path) if isinstance(path, int) else os.lstat(path)
        return self._ids[facts.st_ino]

    def folder_of(self, path: str) -> tuple[int, str]:
        """The node of the folder that a path lies in, and its name there."""
        folder, name = os.path.split(path)
        return self._ids[os.stat(folder).st_ino], name

    def new(self, path: str, node: Node) -> None:
        """A node that has just been made at `path`."""
        self.start.nodes[id_ := len(self.start.nodes)] = node
        self._ids[os.lstat(path).st_ino] = id_
        self.acts.append(Enter(*self.folder_of(path), id_))


_listener: Listener | None = None


def tell(pipe: int, text: str) -> None:
    """Writes past the layer."""
    (_REAL.get("write") or os.write)(pipe, text.encode())


def listen(listener: Listener | None) -> None:
    """From now on calls are told to `listener`; to nobody with None."""
    global _listener
    if listener:
        listener.begin()
    _listener = listener


def install() -> None:
    """Puts the layer into place."""
    if _REAL:
        return
    _REAL.update({name: getattr(os, name) for name in CALLS}, io_open=io.open, syncfs=cluster.blobs.sync)
    for name in CALLS:
        setattr(os, name, globals()[f"_{name}"])
    io.open = builtins.open = _io_open
    cluster.blobs.sync = _syncfs
    shutil._USE_CP_SENDFILE = False  # type: ignore[attr-defined]


# ---- what is watched ------------------------------------------------------------------------------------------------


def _full(path: Any, dir_fd: int | None = None) -> str:
    text = os.fsdecode(path)
    if not os.path.isabs(text):
        text = os.path.join(os.getcwd() if dir_fd is None else os.readlink(f"/proc/self/fd/{dir_fd}"), text)
    return os.path.normpath(text)


def _watched(path: str) -> Listener | None:
    base = str(_listener.base) if _listener else ""
    return _listener if base and (path == base or path.startswith(f"{base}/")) else None


def _watched_fd(descriptor: int) -> tuple[Listener | None, str]:
    if _listener is None:
        return None, ""
    path = os.readlink(f"/proc/self/fd/{descriptor}").removesuffix(" (deleted)")
    return _watched(path), path


def _relative(listener: Listener, path: str) -> str:
    return os.path.relpath(path, listener.base)


def _can_appear(path: str) -> bool:
    """Whether a call may make this name; one that fails changes nothing and is no point."""
    return os.path.isdir(os.path.dirname(path)) and not os.path.lexists(path)


def _reach(listener: Listener, call: str, path: str) -> None:
    if listener.reach(call, _relative(listener, path)):
        listener.die()


# ---- calls on names -------------------------------------------------------------------------------------------------


def _open(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    changes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    full = _full(path, dir_fd) if _listener and changes else ""
    listener = _watched(full) if full else None
    is_possible = _can_appear(full) or (os.path.exists(full) and not flags & os.O_EXCL)
    if listener is None or not is_possible:
        return int(_REAL["open"](path, flags, mode, dir_fd=dir_fd))
    _reach(listener, "open", full)
    is_new = not os.path.lexists(full)
    descriptor = int(_REAL["open"](path, flags, mode, dir_fd=dir_fd))
    _note_opened(listener, full, is_new=is_new, is_cut=bool(flags & os.O_TRUNC))
    return descriptor


def _note_opened(listener: Listener, full: str, *, is_new: bool, is_cut: bool) -> None:
    if not listener.is_recording:
        return
    if is_new:
        facts = os.lstat(full)
        listener.new(full, Node("file", mode=facts.st_mode & 0o7777, mtime=int(facts.st_mtime)))
    elif is_cut:
        listener.acts.append(Length(listener.id_of(full), 0))


def _moving(call: str) -> Callable[..., None]:
    def move(src: Any, dst: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        old, new = _full(src, src_dir_fd), _full(dst, dst_dir_fd)
        is_possible = os.path.lexists(old) and os.path.isdir(os.path.dirname(new))
        listener = (_watched(new) or _watched(old)) if is_possible else None
        if listener:
            _reach(listener, "rename", new)
        act: Act | None = None
        if listener and listener.is_recording:
            act = Move(*listener.folder_of(old), *listener.folder_of(new), listener.id_of(old))
            if os.path.lexists(new) and os.path.samestat(os.lstat(old), os.lstat(new)):
                act = None  # both names are the same file: the system does nothing
        _REAL[call](src, dst, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
        if listener and act:
            listener.acts.append(act)

    return move


_rename, _replace = _moving("rename"), _moving("replace")


def _link(src: Any, dst: Any, **how: Any) -> None:
    new = _full(dst, how.get("dst_dir_fd"))
    is_possible = _can_appear(new) and os.path.lexists(_full(src, how.get("src_dir_fd")))
    listener = _watched(new) if is_possible else None
    if listener:
        _reach(listener, "link", new)
    _REAL["link"](src, dst, **how)
    if listener and listener.is_recording:
        listener.acts.append(Enter(*listener.folder_of(new), listener.id_of(new)))


def _symlink(src: Any, dst: Any, target_is_directory: bool = False, *, dir_fd: int | None = None) -> None:
    new = _full(dst, dir_fd)
    listener = _watched(new) if _can_appear(new) else None
    if listener:
        _reach(listener, "symlink", new)
    _REAL["symlink"](src, dst, target_is_directory, dir_fd=dir_fd)
    if listener and listener.is_recording:
        listener.new(new, Node("link", target=os.fsdecode(src)))


def _leaving(call: str) -> Callable[..., None]:
    def leave(path: Any, *, dir_fd: int | None = None) -> None:
        full = _full(path, dir_fd)
        listener = _watched(full)
        if listener is None or not os.path.lexists(full):
            _REAL[call](path, dir_fd=dir_fd)
            return
        _reach(listener, "rmdir" if call == "rmdir" else "unlink", full)
        act = Leave(*listener.folder_of(full), listener.id_of(full)) if listener.is_recording else None
        _REAL[call](path, dir_fd=dir_fd)
        if act:
            listener.acts.append(act)

    return leave


_unlink, _remove, _rmdir = _leaving("unlink"), _leaving("remove"), _leaving("rmdir")


def _mkdir(path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
    full = _full(path, dir_fd)
    listener = _watched(full)
    if listener is None or not _can_appear(full):
        _REAL["mkdir"](path, mode, dir_fd=dir_fd)
        return
    _reach(listener, "mkdir", full)
    _REAL["mkdir"](path, mode, dir_fd=dir_fd)
    if listener.is_recording:
        listener.new(full, Node("folder", mode=os.lstat(full).st_mode & 0o7777))


# ---- calls on files -------------------------------------------------------------------------------------------------


def _facts_changing(call: str) -> Callable[..., None]:
    def change(path: Any, *args: Any, **how: Any) -> None:
        if isinstance(path, int):
            listener, full = _watched_fd(path)
        else:
            full = _full(path, how.get("dir_fd"))
            listener = _watched(full) if os.path.lexists(full) else None
        if listener:
            _reach(listener, "utime" if call == "utime" else "chmod", full)
        _REAL[call](path, *args, **how)
        if listener and listener.is_recording:
            facts = os.stat(path) if isinstance(path, int) else os.lstat(full)
            listener.acts.append(Facts(listener.id_of(full), facts.st_mode & 0o7777, int(facts.st_mtime)))

    return change


_chmod, _fchmod, _utime = _facts_changing("chmod"), _facts_changing("fchmod"), _facts_changing("utime")


def _write(descriptor: int, data: Any) -> int:
    listener, full = _watched_fd(descriptor)
    if listener is None:
        return int(_REAL["write"](descriptor, data))
    if listener.reach("write", _relative(listener, full)):
        _REAL["write"](descriptor, bytes(data)[: len(data) // 2])
        listener.die()
    offset = os.lseek(descriptor, 0, os.SEEK_CUR)
    count = int(_REAL["write"](descriptor, data))
    if listener.is_recording:
        listener.acts.append(Data(listener.id_of(descriptor), offset, bytes(data)[:count]))
    return count


def _cutting(call: str) -> Callable[..., None]:
    def cut(path: Any, length: int) -> None:
        listener, full = _watched_fd(path) if isinstance(path, int) else (_watched(_full(path)), _full(path))
        if listener:
            _reach(listener, "truncate", full)
        _REAL[call](path, length)
        if listener and listener.is_recording:
            listener.acts.append(Length(listener.id_of(path if isinstance(path, int) else full), length))

    return cut


_truncate, _ftruncate = _cutting("truncate"), _cutting("ftruncate")


def _sendfile(*_: Any) -> int:
    raise OSError(errno.ENOTSUP, "the layer sees no bytes that are sent from file to file")


class _File(io.FileIO):
    """A file opened for writing whose writes are seen."""

    def __init__(self, path: Any, mode: str, **how: Any) -> None:
        full = "" if isinstance(path, int) else _full(path)
        listener = _watched(full) if full else None
        is_new = not os.path.lexists(full)
        if listener and (is_new and not _can_appear(full)):
            listener = None
        if listener:
            _reach(listener, "open", full)
        super().__init__(path, mode, **how)
        if listener:
            _note_opened(listener, full, is_new=is_new, is_cut="w" in mode)

    def write(self, data: Any) -> int:
        return _write(self.fileno(), memoryview(data).tobytes())


def _io_open(
    file: Any,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Any = None,
) -> Any:
    is_writing = any(letter in mode for letter in "wax+")
    if not is_writing or _listener is None or opener:
        return _REAL["io_open"](file, mode, buffering, encoding, errors, newline, closefd, opener)
    raw = _File(file, mode.replace("b", "").replace("t", ""), closefd=closefd)
    if buffering == 0:
        return raw
    buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
    return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)


# ---- promises -------------------------------------------------------------------------------------------------------


def _syncing(call: str) -> Callable[[Any], None]:
    def sync(file: Any) -> None:
        descriptor = file if isinstance(file, int) else file.fileno()
        listener, full = _watched_fd(descriptor)
        if listener:
            _reach(listener, "fsync", full)
        _REAL[call](descriptor)
        if listener and listener.is_recording:
            listener.acts.append(Sync(listener.id_of(descriptor), _relative(listener, full)))

    return sync


_fsync, _fdatasync = _syncing("fsync"), _syncing("fdatasync")


def _sync() -> None:
    _all_synced("sync", "", lambda: _REAL["sync"]())


def _syncfs(folder: Path) -> None:
    _all_synced("syncfs", _full(folder), lambda: _REAL["syncfs"](folder))


def _all_synced(call: str, path: str, do: Callable[[], None]) -> None:
    listener = _watched(path) if path else _listener
    if listener:
        _reach(listener, call, path or str(listener.base))
    do()
    if listener and listener.is_recording:
        listener.acts.append(SyncAll(_relative(listener, path) if path else "."))
