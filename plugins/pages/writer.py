"""Pelican's writer for us: it hands bytes to the job's sink instead of writing files itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pelican.writers import Writer

from plugins.pages.job import Job


class PageWriter(Writer):  # type: ignore[misc]
    """Hands every output file to the sink of the job in the settings."""

    def __init__(self, output_path: str, settings: dict[str, Any] | None = None) -> None:
        super().__init__(output_path, settings=settings)
        job: Job = self.settings["ZHANQUN"]
        self._sink = job.sink
        self._paths = job.findings.written
        self._sink.begin(Path(output_path))
        self.written = 0

    def put(self, path: str, data: bytes) -> None:
        """Takes one output file."""
        self._sink.put(path, data)
        self._paths.add(path)
        self.written += 1
