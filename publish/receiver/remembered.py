"""What a receiver remembers of releases (format 1), `state/releases.json`: the highest number, and what to sweep.

`purged` stands there once a purge was done: its number, below which nothing is left.

The number outlives the web root: an old bundle is refused even when everything that is served was lost. Written on
the disk before a switch. Called by the receiver.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from cluster.errors import FormatError
from publish.receiver.disk import make_folder, write_durably

FORMAT = 1
NAME = "releases.json"


@dataclass(frozen=True, slots=True)
class Remembered:
    """The highest number taken, its record's SHA-256, releases forgotten since the last sweep, the last purge done."""

    number: int = 0
    record: str = ""
    forgotten: int = 0
    purged: int = 0

    @classmethod
    def read(cls, folder: Path) -> Remembered:
        """What is remembered in a state folder. Raises: FormatError."""
        try:
            data = json.loads((folder / NAME).read_bytes())
            if data.pop("format") != FORMAT:
                raise ValueError(data)
            return cls(**data)
        except FileNotFoundError:
            return cls()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _damaged(folder / NAME) from error

    def write(self, folder: Path) -> None:
        """Puts it on the disk; only its name still waits for the folder's own sync."""
        make_folder(folder)
        data = {"format": FORMAT, "number": self.number, "record": self.record, "forgotten": self.forgotten}
        if self.purged:
            data["purged"] = self.purged
        write_durably(folder / NAME, json.dumps(data).encode() + b"\n", aside=folder / f".tmp-{NAME}")

    def is_of(self, record: bytes) -> bool:
        """Whether this record is the one with the highest number."""
        return self.record == hashlib.sha256(record).hexdigest()


def _damaged(path: Path) -> FormatError:
    return FormatError(
        f"{path}: damaged, or of an unknown format. Restore it from a backup, or delete it: any newer bundle is taken.",
        f"{path}：已损坏或格式未知。请从备份恢复，或删除该文件：之后任何更新的发布包都会被接受。",
    )
