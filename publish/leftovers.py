"""What lies in `var/` beside the stores that a sweep knows: previews of folders, a killed build's spool, scratch.

All of it is derived, and a purged secret may lie in any of it. Called by the sweep after a purge, under the build lock.
"""

from __future__ import annotations

import shutil
from pathlib import Path

# The stores and notes, which are swept or written anew, and what holds no content.
KEPT = frozenset({".lock", "blobs", "index.db", "index.db-shm", "index.db-wal", "listings", "swept"})
WITHOUT_CONTENT = frozenset({"empty", "templates"})


def remove_leftovers(var: Path) -> None:
    """Removes everything else in `var`; a preview that runs makes its own anew when it next builds."""
    for path in var.iterdir():
        if path.name in KEPT | WITHOUT_CONTENT:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
