"""Files as every form gives them, one at a time, and how they get into a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

File = tuple[str, bytes]  # path below the form's folder, bytes


def write_folder(folder: Path, files: Iterable[File]) -> int:
    """Writes the files below `folder`; returns how many."""
    made: set[Path] = set()
    count = 0
    for path, data in files:
        place = folder / path
        if place.parent not in made:
            place.parent.mkdir(parents=True, exist_ok=True)
            made.add(place.parent)
        place.write_bytes(data)
        count += 1
    return count
