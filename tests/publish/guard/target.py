"""A target for the guard's tests: filled by the real receiver, with a trust that believes everything."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cluster.blobs import BlobStore, compress, mtime_of
from cluster.delta import Delta
from cluster.listings import EMPTY, Listings
from cluster.manifest import Entry
from cluster.release import Release
from publish.receiver.disk import Disk, no_step
from publish.receiver.offer import Offer
from publish.receiver.places import Places
from publish.receiver.receive import Receiver
from publish.receiver.trust import Accepted

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
ONE = {
    "portal/index.html": "home",
    "portal/news/a.html": "a page of the news",
    "portal/news/b.html": "b page of the news",
    "portal/_redirects": "/old.html /index.html\n",
    "congress/index.html": "congress",
    "congress/photo.png": "picture",
    "assets/gov.1.css": "style",
    "assets/search/s1/00.bin": "shard",
}
TWO = {**ONE, "portal/news/a.html": "another a"}


class Believing:
    """A trust that takes every record."""

    root_version = 1

    def check(self, metadata: Mapping[str, bytes], record: bytes, now: datetime) -> Accepted:
        """Takes it."""
        return Accepted(())

    def remember(self, accepted: Accepted) -> None:
        """Remembers nothing."""


@dataclass
class Target:
    """The three places of a target, and the inside that fills them."""

    root: Path
    keep: int = 10
    number: int = 0
    tree: str = EMPTY
    files: dict[str, Entry] = field(default_factory=dict)
    last: Release | None = None
    unpacked: frozenset[str] = frozenset()
    at: Callable[[str], None] = no_step

    @property
    def places(self) -> Places:
        return Places.from_www(self.root / "dmz" / "www")

    @property
    def www(self) -> Path:
        return self.places.www

    @property
    def blobs(self) -> BlobStore:
        return BlobStore(self.root / "inside" / "blobs")

    @property
    def listings(self) -> Listings:
        return Listings(self.root / "inside" / "listings")

    def receiver(self) -> Receiver:
        return Receiver(
            self.places, now=lambda: NOW, trust=Believing(), disk=Disk(sync=lambda folder: None), at=self.at
        )

    def publish(self, files: Mapping[str, str]) -> Release:
        """Makes these files live as a new release."""
        entries = {path: self._entry(path, text.encode()) for path, text in files.items()}
        gone: dict[str, Entry | None] = {path: None for path in self.files if path not in entries}
        changed = {path: entry for path, entry in entries.items() if self.files.get(path) != entry}
        old, before = self.tree, sorted({**gone, **changed}.items())
        self.tree, self.files = self.listings.change(old, before), entries
        size = sum(entry.size for entry in entries.values())
        release = Release(self.number + 1, "c0ffee", NOW, self.tree, len(entries), size)
        self._deliver(release, b"".join(Delta(None if old == EMPTY else old, self.tree, tuple(before)).dump()))
        return release

    def in_state(self, bodies: Mapping[str, str]) -> Release:
        """Gives the two files of the cluster's state other bytes."""
        assert self.last is not None
        overlay = tuple(sorted((path, self._entry(path, text.encode())) for path, text in bodies.items()))
        release = self.last.in_state(self.number + 1, overlay)
        self._deliver(release, b"")
        return release

    def rollback(self, release: Release) -> Release:
        back = release.rolled_back_as(self.number + 1)
        self._deliver(back, b"")
        return back

    def _deliver(self, release: Release, delta: bytes) -> None:
        offer = Offer({}, release.dump(), compress(delta) if delta else b"", self.keep)
        with self.receiver().receiving(offer) as delivery:
            for sha in delivery.wanted:
                with self.blobs.path(sha).open("rb") as file:
                    delivery.take(sha, self.blobs.path(sha).stat().st_size, file.read)
            delivery.finish()
        self.number, self.last = release.number, release

    def _entry(self, path: str, data: bytes) -> Entry:
        packed = None if path.endswith((".png", ".bin")) or path in self.unpacked else self.blobs.put(compress(data))
        return Entry(self.blobs.put(data), packed, len(data))

    # ---- looking at it --------------------------------------------------------------------------------------------

    def real(self, path: str) -> Path:
        """Where the file of a page or an asset lies, every link followed."""
        if path.startswith("assets/"):
            return self.www / path
        return (self.www / "current" / path).resolve()

    def blob(self, path: str) -> Path:
        return self.www / "blobs" / self.files[path].raw[:2] / self.files[path].raw[2:]

    def vault_blob(self, path: str, *, packed: bool = False) -> Path:
        entry = self.files[path]
        sha = (entry.brotli or "") if packed else entry.raw
        return self.places.vault / "blobs" / sha[:2] / sha[2:]


def snapshot(www: Path) -> dict[str, str]:
    """Every name in a web root with its kind, mode, date and bytes: what the guard must bring back."""
    found: dict[str, str] = {}
    for folder, folders, files in os.walk(www):
        for name in [*folders, *files]:
            path = Path(folder, name)
            key = path.relative_to(www).as_posix()
            facts = path.lstat()
            if key in (".lock", ".incoming", "nginx/reload-due"):
                continue
            if path.is_symlink():
                found[key] = f"-> {path.readlink()}"
            elif path.is_dir():
                found[key] = f"folder {facts.st_mode & 0o022:o}"
            elif not path.is_file():
                found[key] = "something else"
            else:
                date = int(facts.st_mtime) if oct(facts.st_mode & 0o777) == "0o444" else 0
                is_record = key.startswith(("releases/", "listings/")) or key == "format"
                mode = "" if is_record else oct(facts.st_mode & 0o777)
                found[key] = f"{mode} {0 if is_record else date} {path.read_bytes()!r}"
    return found


def dated(path: Path, sha: str) -> None:
    """Gives a file the date of a hash, as an attacker would who knows our rules."""
    os.utime(path, (mtime_of(sha), mtime_of(sha)))
