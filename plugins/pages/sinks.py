"""Where output goes: content-addressed blobs with their manifest entries, or a plain folder.

Both take paths below one site; `assets/` is shared by the cluster in the manifest and lies beside the pages in a
plain folder, so that it can be opened as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from cluster.aside import write_aside
from cluster.blobs import BlobStore, compress
from cluster.errors import BuildError
from cluster.manifest import Entry

_TEXT = (".html", ".css", ".js", ".svg", ".xml", ".json", ".txt", ".csv", ".vtt")
_MARKER = ".zhanqun-files"


def is_text(path: str) -> bool:
    """Whether a file is worth a precompressed sibling."""
    return path.endswith(_TEXT)


class BlobSink:
    """Puts files into the blob store; `entries` grows into the site's part of the manifest.

    `earlier` is the last manifest: a file with the same bytes as there is neither stored nor compressed again.
    """

    def __init__(self, blobs: BlobStore, site: str, earlier: Mapping[str, Entry], *, compressed: bool = True) -> None:
        self._blobs = blobs
        self._site = site
        self._earlier = earlier
        self._compressed = compressed
        self.entries: dict[str, Entry] = {}
        self.stored = 0

    def begin(self, folder: Path) -> None:
        """Blobs do not go where Pelican would write."""

    def put(self, path: str, data: bytes) -> None:
        """Takes one file."""
        full = self._full(path)
        raw = hashlib.sha256(data).hexdigest()
        known = self._earlier.get(full)
        if known is None or known.raw != raw or raw not in self._blobs or (known.brotli or raw) not in self._blobs:
            known = self._store(path, data)
        self.entries[full] = known

    def _store(self, path: str, data: bytes) -> Entry:
        self.stored += 1
        small = compress(data) if self._compressed and is_text(path) else None
        return Entry(self._blobs.put(data), self._blobs.put(small) if small is not None else None, len(data))

    def put_file(self, path: str, file: Path) -> None:
        """Takes one large file, streamed."""
        raw, size = self._blobs.put_file(file)
        self.entries[self._full(path)] = Entry(raw, None, size)

    def _full(self, path: str) -> str:
        return path if path.startswith("assets/") else f"{self._site}/{path}"

    def finish(self) -> None:
        """Nothing left to do."""


class FolderSink:
    """Writes a plain folder; files that an earlier run wrote and this one did not are removed, others are left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: list[str] = []

    def begin(self, folder: Path) -> None:
        """Writes where Pelican was told to (`-o`)."""
        self._folder = folder

    def put(self, path: str, data: bytes) -> None:
        """Writes one file, aside and then in place."""
        write_aside(self._target(path), data)

    def put_file(self, path: str, file: Path) -> None:
        """Copies one large file."""
        with file.open("rb") as reader, self._target(path).open("wb") as writer:
            while piece := reader.read(1 << 20):
                writer.write(piece)

    def _target(self, path: str) -> Path:
        target = self._folder / path
        if not target.resolve().is_relative_to(self._folder.resolve()):
            raise BuildError(
                f"'{path}' would be written outside {self._folder}. Remove the link or the file that leads there.",
                f"“{path}”会写到 {self._folder} 之外。请删去指向那里的链接或文件。",
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        self._written.append(path)
        return target

    def finish(self) -> None:
        """Removes what only an earlier run wrote, and notes what this one did."""
        marker = self._folder / _MARKER
        earlier = marker.read_text("utf-8").splitlines() if marker.is_file() else []
        for path in set(earlier) - set(self._written):
            stale = self._folder / path
            if stale.parent.resolve().is_relative_to(self._folder.resolve()) and stale.name != "..":
                stale.unlink(missing_ok=True)
        marker.write_text("".join(f"{path}\n" for path in sorted(self._written)), "utf-8")
