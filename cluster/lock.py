"""A lock on an open file that waits a little: a sweep gives it back several times a second, a build or a delivery not.

Called by what works in `var`, in the ledger and at a target.
"""

from __future__ import annotations

import fcntl
import time
from typing import IO

# How long a lock is waited for that a sweep may have.
LOCK_SECONDS = 1.0
# Shorter than a sweep leaves it free.
_LOCK_STEP = 0.01


def lock_within(file: IO[str], seconds: float) -> bool:
    """Takes the lock on an open file as soon as it is free; whether that was within so many seconds."""
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
        time.sleep(_LOCK_STEP)
