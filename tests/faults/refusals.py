"""Disks that say no: every call in turn fails as on a full, a broken or a read-only disk; and the real things.

The delivery must stop with a `TargetError` in words, leave the old or the new release, and work again when the disk does.
"""

from __future__ import annotations

import errno
import gc
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cluster.errors import ClusterError, TargetError
from tests.faults import layer
from tests.faults.layer import Listener, Point
from tests.faults.subjects import Stage

NEED_SPACE = ("open", "write", "mkdir", "link", "symlink", "rename", "syncfs", "fsync")
FAILURES = {
    "a full disk": (errno.ENOSPC, NEED_SPACE),
    "a broken disk": (errno.EIO, (*NEED_SPACE, "unlink", "rmdir", "chmod", "utime")),
    "a disk that became read-only": (errno.EROFS, (*NEED_SPACE, "unlink", "rmdir", "chmod", "utime")),
}
TMPFS_KIB = 700


@dataclass(slots=True)
class Refused:
    """What came of the refusals of one kind."""

    scene: str
    kind: str
    points: int = 0
    told: int = 0
    survived: int = 0
    left: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def refuse_at(stage: Stage, points: Sequence[Point], kind: str, folder: Path) -> Refused:
    """Lets one call fail, and every later one of its kinds as well; at each of the points in turn."""
    code, calls = FAILURES[kind]
    chosen = [point for point in points if point.call in calls]
    refused = Refused(stage.scene.name, kind, len(chosen))
    for point in chosen:
        target = stage.copy(folder / str(point.number))

        def refuse(met: Point, first: int = point.number) -> int:
            return code if met.number >= first and met.call in calls else 0

        listener = Listener(target, refuse=refuse)
        layer.listen(listener)
        error = _play(stage, target, listener.step)
        layer.listen(None)
        _look(stage, target, str(point), error, refused)
        shutil.rmtree(target)
    return refused


def _play(stage: Stage, target: Path, at: Callable[[str], None] = lambda _: None) -> tuple[type[Exception], str] | None:
    """How the run failed, if it did; the error itself would keep files open."""
    try:
        stage.play(target, at)
    except (ClusterError, OSError) as error:
        return type(error), str(error)
    return None


def _look(stage: Stage, target: Path, where: str, error: tuple[type[Exception], str] | None, refused: Refused) -> None:
    state = stage.state(target)
    refused.left[state.partition(":")[0]] += 1
    if state not in stage.candidates:
        refused.faults.append(f"{where}: {state}")
    if error and issubclass(error[0], TargetError):
        refused.told += 1
    elif error:
        refused.faults.append(f"{where}: told as {error[0].__name__}: {error[1]}")
    elif state == "new":
        refused.survived += 1  # the call was not needed for what was promised
    else:
        refused.faults.append(f"{where}: no error, and {state} is live")
    if reason := stage.recovers(target):
        refused.faults.append(f"{where}: {reason}")


# ---- real disks -----------------------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path, kib: int = TMPFS_KIB) -> Iterator[Path]:
    """A tmpfs of so many KiB. Raises: OSError when this machine lets us mount nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kib}k,nr_inodes=4000", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(errno.EPERM, f"cannot mount a tmpfs: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        gc.collect()  # whatever a failed run still holds open
        subprocess.run(["umount", str(folder)], check=True)


def full_disk(stage: Stage, folder: Path) -> Refused:
    """A real small disk with ever less room, down to none; then there is room again."""
    refused = Refused(stage.scene.name, "a full tmpfs")
    for left_kib in (0, 4, 8, 16, 32, 48, 64, 96, 128):
        with small_disk(folder / str(left_kib)) as disk:
            target = stage.copy(disk / "target")
            refused.points += 1
            _fill(disk / "ballast", left_kib)
            error = _play(stage, target)
            (disk / "ballast").unlink()
            _look(stage, target, f"{left_kib} KiB free", error, refused)
    return refused


def _fill(ballast: Path, left_kib: int) -> None:
    facts = os.statvfs(ballast.parent)
    with ballast.open("wb", buffering=0) as file:
        for _ in range(max(0, facts.f_bavail * facts.f_bsize // 1024 - left_kib) // 4):
            file.write(bytes(4096))


def read_only_disk(stage: Stage, folder: Path) -> Refused:
    """A real disk that is mounted read-only, and then writable again."""
    refused = Refused(stage.scene.name, "a tmpfs mounted read-only", 1)
    with small_disk(folder) as disk:
        target = stage.copy(disk / "target")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        error = _play(stage, target)
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        _look(stage, target, "read-only", error, refused)
    return refused
