"""Large files: Git holds a Git-LFS-format pointer, the bytes lie in `data/media/<sha256>`.

The pointer's form is that of the Git LFS specification, version 1, so a city may move to a real LFS server later.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize (\d{1,15})\n")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Pointer:
    """What Git holds instead of a large file: the bytes' SHA-256 and their number."""

    sha256: str
    size: int


def parse_pointer(data: bytes) -> Pointer | None:
    """The pointer that a blob holds, None for ordinary bytes."""
    match = _POINTER.fullmatch(data) if len(data) < 200 else None
    return Pointer(match[1].decode(), int(match[2])) if match else None


def dump_pointer(pointer: Pointer) -> bytes:
    """The pointer as Git holds it."""
    lines = (
        "version https://git-lfs.github.com/spec/v1",
        f"oid sha256:{pointer.sha256}",
        f"size {pointer.size}",
    )
    return "".join(f"{line}\n" for line in lines).encode()


class MediaStore:
    """The folder `data/media`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, pointer: Pointer) -> Path | None:
        """Where the bytes lie, None when they are not here whole."""
        path = self._folder / pointer.sha256
        return path if path.is_file() and path.stat().st_size == pointer.size else None

    def keep(self, file: Path) -> Pointer:
        """Copies a file into the store, piece by piece, and gives its pointer."""
        self._folder.mkdir(parents=True, exist_ok=True)
        aside = self._folder / f".{secrets.token_hex(8)}"
        digest, size = hashlib.sha256(), 0
        with file.open("rb") as reader, aside.open("wb") as writer:
            while piece := reader.read(_CHUNK):
                digest.update(piece)
                size += len(piece)
                writer.write(piece)
            writer.flush()
            os.fsync(writer.fileno())
        aside.replace(self._folder / digest.hexdigest())
        return Pointer(digest.hexdigest(), size)
