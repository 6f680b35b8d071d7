"""The quarantine: copies of what stood in the web root and nobody signed, for whoever looks into it. Bounded.

What cannot be kept (too big, a device, one too many) is removed all the same: the notes then say so.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from publish.guard import Limits
from publish.guard.folder import Folder, copy_bytes

_SAFE = re.compile(r"[^0-9A-Za-z._-]+")
_NAME_MOST = 80


@dataclass(slots=True)
class Quarantine:
    """One folder of copies, named by moment, count and the name they had; the oldest go first."""

    root: Path
    limits: Limits
    _count: int = 0

    def take(self, folder: Folder, name: str, shown: str, at: datetime) -> str:
        """Copies a file, or the files of a directory; says in words what was not copied. Raises: OSError."""
        facts = folder.facts(name)
        if facts is None:
            return ""
        if stat.S_ISDIR(facts.st_mode):
            return self._take_folder(folder, name, shown, at)
        if stat.S_ISLNK(facts.st_mode):
            return f"a link to {folder.link_target(name)}"
        if not stat.S_ISREG(facts.st_mode):
            return "no file, link or folder"
        if facts.st_size > self.limits.quarantine_file:
            return f"{facts.st_size} bytes, too big to be kept"
        self._copy(folder, name, shown, at)
        return ""

    def _take_folder(self, folder: Folder, name: str, shown: str, at: datetime) -> str:
        waiting, taken, left = [""], 0, 0
        with folder.enter(name) as top:
            while waiting:
                here = waiting.pop()
                with top.walk_to(here) as inner:
                    for each in inner.names():
                        facts = inner.facts(each)
                        path = f"{here}/{each}" if here else each
                        if facts is not None and stat.S_ISDIR(facts.st_mode):
                            waiting.append(path)
                        elif taken < self.limits.quarantine_files // 4:
                            self.take(inner, each, f"{shown}-{path}", at)
                            taken += 1
                        else:
                            left += 1
        return f"{left} more files were not kept" if left else ""

    def _copy(self, folder: Folder, name: str, shown: str, at: datetime) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        source = folder.open_file(name)
        try:
            self._make_room(os.fstat(source).st_size)
            with Folder.open(self.root) as mine:
                place = mine.new_file(self._name(shown, at), 0o400)
                try:
                    copy_bytes(source, place, self.limits.quarantine_file)
                finally:
                    os.close(place)
        finally:
            os.close(source)

    def _name(self, shown: str, at: datetime) -> str:
        self._count += 1
        safe = _SAFE.sub("_", shown)[-_NAME_MOST:]
        return f"{at:%Y%m%dT%H%M%S}-{os.getpid()}-{self._count:06d}-{safe}"

    def _make_room(self, size: int) -> None:
        kept = sorted(path for path in self.root.iterdir() if path.is_file())
        sizes = [path.stat().st_size for path in kept]
        while kept and (len(kept) >= self.limits.quarantine_files or sum(sizes) + size > self.limits.quarantine_bytes):
            kept.pop(0).unlink()
            sizes.pop(0)
