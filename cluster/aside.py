"""Writing a file aside and then in its place, so that a reader finds the old bytes or the new ones, never a part."""

from __future__ import annotations

from pathlib import Path


def write_aside(path: Path, data: bytes) -> None:
    """Puts `data` at `path`, making its folder when there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.tmp")
    aside.write_bytes(data)
    aside.replace(path)
