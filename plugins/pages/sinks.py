"""Where output goes: content-addressed blobs with their manifest entries, or a plain folder.

Both take paths below one site; `assets/` is shared by the cluster in the manifest and lies beside the pages in a
plain folder, so that it can be opened as it is.
"""

from __future__ import annotations

import hashlib
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
    """Puts files into the blob store; one with the same bytes as the last time is neither stored nor compressed."""

    def __init__(self, blobs: BlobStore, *, compressed: bool = True) -> None:
        self._blobs = blobs
        self._compressed = compressed

    def begin(self, folder: Path) -> None:
        """Blobs do not go where Pelican would write."""

    def put(self, path: str, data: bytes, known: Entry | None) -> Entry:
        """Takes one file."""
        packed = self._compressed and is_text(path)
        if known is not None and packed is (known.brotli is not None) and self._holds(known, data):
            return known
        small = self._blobs.put(compress(data)) if packed else None
        return Entry(self._blobs.put(data), small, len(data))

    def _holds(self, known: Entry, data: bytes) -> bool:
        """Whether the store has these bytes, and their sibling, under the known names."""
        if known.size != len(data) or known.raw != hashlib.sha256(data).hexdigest():
            return False
        return known.raw in self._blobs and (known.brotli or known.raw) in self._blobs

    def put_file(self, path: str, file: Path) -> Entry:
        """Takes one large file, streamed."""
        raw, size = self._blobs.put_file(file)
        return Entry(raw, None, size)

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

    def put(self, path: str, data: bytes, known: Entry | None) -> Entry:
        """Writes one file, aside and then in place."""
        write_aside(self._target(path), data)
        return Entry(hashlib.sha256(data).hexdigest(), None, len(data))

    def put_file(self, path: str, file: Path) -> Entry:
        """Copies one large file."""
        digest, size = hashlib.sha256(), 0
        with file.open("rb") as reader, self._target(path).open("wb") as writer:
            while piece := reader.read(1 << 20):
                digest.update(piece)
                size += writer.write(piece)
        return Entry(digest.hexdigest(), None, size)

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
