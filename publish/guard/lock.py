"""Whether the receiver is at work: the state of its lock, never the date of a file.

The lock is `flock` on `www/.lock`, which the kernel gives back when its holder ends. Whoever can open the file can
hold it, so the guard waits for a bounded time only (`Limits.lock_wait`, `lock_patience`).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager

from publish.guard.folder import Folder
from publish.receiver.places import LOCK

_STEP = 0.02
_OPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def receiver_lock(www: Folder, wait: float) -> Iterator[bool]:
    """Takes the receiver's lock for the block; False when it is still held after `wait` seconds. Raises: OSError."""
    fd = _open(www)
    try:
        end = time.monotonic() + wait
        while not (is_ours := _takes(fd)) and time.monotonic() < end:
            time.sleep(_STEP)
        yield is_ours
    finally:
        os.close(fd)


def _takes(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(www: Folder) -> int:
    facts = www.facts(LOCK)
    if facts is not None and stat.S_ISDIR(facts.st_mode):
        shutil.rmtree(LOCK, dir_fd=www.fd)
    elif facts is not None and not stat.S_ISREG(facts.st_mode):
        os.unlink(LOCK, dir_fd=www.fd)
    return os.open(LOCK, _OPEN, 0o644, dir_fd=www.fd)
