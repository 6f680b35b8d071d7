"""The vault of a target (format 1): a second copy of blobs, listings and records, from which the guard restores.

- It lies outside the web root, best under another owner or on another disk, and shares no bytes with it.
- A release's record is here only when everything that the release needs is: a record vouches for its tree.
- The record of a dropped release waits in `dropped/` until what only that release used is swept. So does that of one on
  its way in, from before anything of it gets a name until it is live: what a killed delivery leaves is found there too.
- `unused.json` (format 1) names the files under `assets/` that no kept release uses and that tabs opened earlier may
  still ask for, each with its hashes and since when; their blobs stay.

Called by the receiver, under the target's lock; read by the guard.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cluster.errors import FormatError
from cluster.manifest import Entry
from cluster.release import file_stem
from publish.receiver.disk import make_folder, no_step, sync_folder, write_new
from publish.receiver.store import Store

FORMAT = "zhanqun-vault 1"
_UNUSED_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Unused:
    """A file under `assets/` that no kept release uses, and since when."""

    entry: Entry
    since: datetime


class Vault(Store):
    """The second copy in one folder."""

    def __init__(self, root: Path, *, at: Callable[[str], None] = no_step) -> None:
        super().__init__(root, FORMAT, at)
        self.dropped = root / "dropped"

    def open(self) -> None:
        """As any store, with its dropped records."""
        super().open()
        make_folder(self.dropped)

    def read(self, sha: str) -> bytes:
        """The bytes of a blob. Raises: FormatError when it is missing or damaged here."""
        return self.blobs.read(sha)

    def vouches_for(self, number: int, record: bytes) -> bool:
        """Whether everything of this release is here."""
        return self.record(number) == record

    def vouch(self) -> None:
        """Names the record that was laid aside; everything that it needs must be on the disk under its name."""
        self.name_records()
        sync_folder(self.releases)
        self.at("vouched")

    # Dropped releases

    def keep(self, numbers: Collection[int]) -> None:
        """Drops the records of all other releases: they wait to be swept."""
        stems = {file_stem(number) for number in numbers}
        for path in [path for path in self.releases.iterdir() if path.name.partition(".")[0] not in stems]:
            path.replace(self.dropped / path.name)
            self.at("forgot")

    def begin(self, number: int, record: bytes) -> None:
        """Notes a release on its way in among the dropped ones; nothing of it has its name yet."""
        aside = self.aside / "begun"
        write_new([str(aside)], [record])
        aside.replace(self.dropped / f"{file_stem(number)}.json")
        self.at("begun")

    def forget_dropped(self, names: Iterable[str]) -> None:
        """Removes these records, after all that only their releases used."""
        for name in names:
            (self.dropped / name).unlink(missing_ok=True)
            self.at("forgot")

    def arrived(self, number: int) -> None:
        """Notes that a release on its way in is live."""
        self.forget_dropped([f"{file_stem(number)}.json"])

    def unused(self) -> dict[str, Unused]:
        """The files under `assets/` that no kept release uses, by path. Raises: FormatError."""
        try:
            data = json.loads((self.root / "unused.json").read_bytes())
            if data["format"] != _UNUSED_FORMAT:
                raise ValueError(data["format"])
            return {
                path: Unused(Entry(raw, brotli, size), datetime.fromisoformat(since))
                for path, (raw, brotli, size, since) in data["files"].items()
            }
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _bad_unused(self.root / "unused.json") from error

    def write_unused(self, unused: Mapping[str, Unused]) -> None:
        """Remembers those files."""
        files = {path: [*each.entry, each.since.isoformat()] for path, each in sorted(unused.items())}
        self.write("unused.json", json.dumps({"format": _UNUSED_FORMAT, "files": files}, indent=1).encode() + b"\n")

    def sweep(self, listings: Collection[str], blobs: Collection[str]) -> int:
        """Removes every listing and blob but these, and all dropped records; returns how many of the former went."""
        gone = self.listings.sweep(listings) + self.sweep_blobs(blobs)
        self.forget_dropped([path.name for path in self.dropped.iterdir()])
        return gone


def _bad_unused(path: Path) -> FormatError:
    return FormatError(
        f"{path}: damaged, or of an unknown format. Delete it: old files under assets/ then go at the next sweep.",
        f"{path}：已损坏或格式未知。请删除该文件：下次清理时将移除 assets/ 中的旧文件。",
    )
