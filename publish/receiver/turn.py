"""Whose turn it is to change the names of a web root: the receiver's or the guard's, by a lock on `state/.turn`.

- The receiver has it from when a release has come in until the oldest are forgotten, not while blobs travel: so it
  never lasts as long as a slow line.
- The guard has it while it looks again and mends.
- It lies in the state folder, where who can write in the web root cannot hold it. `www/.lock` keeps a second receiver
  away and is no concern of the guard's.

The kernel gives the lock back when its holder ends. Called by the receiver and by the guard.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from publish.receiver.disk import make_folder

NAME = ".turn"
_STEP = 0.01
_OPEN = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def turn(state: Path, wait: float) -> Iterator[bool]:
    """Has the turn for the block; False when another still has it after `wait` seconds. Raises: OSError."""
    make_folder(state)
    fd = os.open(state / NAME, _OPEN, 0o644)
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
