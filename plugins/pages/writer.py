"""Pelican's writer for us: the generator puts files into the job's sink itself, so there is nothing left to write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pelican.writers import Writer


class PageWriter(Writer):  # type: ignore[misc]
    """Tells the sink of the job in the settings where Pelican was told to write."""

    def __init__(self, output_path: str, settings: dict[str, Any] | None = None) -> None:
        super().__init__(output_path, settings=settings)
        self.settings["ZHANQUN"].sink.begin(Path(output_path))
