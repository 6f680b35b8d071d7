"""What the guard writes down in the target's state folder, for people, `zhanqun status` and the receiver.

- `incidents.jsonl`: a line an incident; at a size it becomes `incidents.1.jsonl` and so on, the oldest goes.
- `missing.json` (`publish.receiver.missing`): the hashes of what the vault lacks, for the next bundle to bring;
  the receiver adds to it and clears it.
- `guard.json` (format 1): when the guard last looked, when it last had seen everything, what it found.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cluster.aside import write_aside
from publish.guard import Incident, Limits
from publish.receiver import missing

INCIDENTS = "incidents.jsonl"
STATUS = "guard.json"


@dataclass(slots=True)
class Notes:
    """The guard's files in one state folder."""

    folder: Path
    limits: Limits
    _asked: frozenset[str] = frozenset()

    def add(self, incidents: Iterable[Incident]) -> None:
        """Appends incidents. Raises: OSError."""
        lines = "".join(json.dumps(one.as_dict(), sort_keys=True) + "\n" for one in incidents)
        if not lines:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / INCIDENTS
        if path.exists() and path.stat().st_size + len(lines) > self.limits.notes_bytes:
            self._rotate()
        with path.open("a", encoding="utf-8") as file:
            file.write(lines)

    def _rotate(self) -> None:
        for number in range(self.limits.notes_files - 1, 0, -1):
            older = self.folder / (f"incidents.{number - 1}.jsonl" if number > 1 else INCIDENTS)
            if older.exists():
                older.replace(self.folder / f"incidents.{number}.jsonl")

    def lacking(self, hashes: Iterable[str]) -> None:
        """Writes which hashes the vault lacks, beside what the receiver asks for itself. Raises: OSError."""
        wanted = frozenset(sorted(hashes)[: self.limits.missing_most])
        written = missing.read(self.folder)
        if written - (self._asked - wanted) | wanted != written:
            missing.leave(self.folder, written - (self._asked - wanted) | wanted)
        self._asked = wanted

    def status(self, at: datetime, *, checked_at: datetime | None, incidents: int, missing: int) -> None:
        """Writes that the guard is alive. Raises: OSError."""
        checked = checked_at.isoformat() if checked_at else None
        self._write(STATUS, {"at": at.isoformat(), "checked_at": checked, "incidents": incidents, "missing": missing})

    def _write(self, name: str, values: dict[str, Any]) -> None:
        data = (json.dumps({"format": 1, **values}, sort_keys=True) + "\n").encode()
        path = self.folder / name
        if not path.exists() or path.read_bytes() != data:
            write_aside(path, data)


def read_status(folder: Path) -> dict[str, Any] | None:
    """What the guard of a target last wrote about itself; None where there was none."""
    try:
        record = json.loads((folder / STATUS).read_bytes())
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and record.get("format") == 1 else None
