"""A small city to deliver: contents by path, kept as the inside keeps them, and parcels of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cluster.blobs import BlobStore, compress
from cluster.listings import EMPTY, Listings
from cluster.manifest import Entry
from cluster.release import Kind, Release
from publish.delivery.parcel import Parcel, Progress, Sign

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
Files = Mapping[str, bytes]


@dataclass
class City:
    """The inside: its blobs and listings, and the number of the last release."""

    folder: Path
    number: int = 0
    told: list[Progress] = field(default_factory=list)

    @property
    def blobs(self) -> BlobStore:
        return BlobStore(self.folder / "blobs")

    @property
    def listings(self) -> Listings:
        return Listings(self.folder / "listings")

    def entry(self, path: str, data: bytes) -> Entry:
        """A file in the store, with a compressed sibling where it is text."""
        packed = self.blobs.put(compress(data)) if path.endswith((".html", ".css")) else None
        return Entry(self.blobs.put(data), packed, len(data))

    def parcel(
        self,
        files: Files,
        overlay: Files | None = None,
        kind: Kind = Kind.PUBLISH,
        tell: Callable[[Progress], None] | None = None,
    ) -> Parcel:
        """The next release, with these contents."""
        self.number += 1
        root = self.listings.change(EMPTY, [(path, self.entry(path, data)) for path, data in files.items()])
        over = tuple((path, self.entry(path, data)) for path, data in sorted((overlay or {}).items()))
        size = sum(map(len, files.values()))
        of = self.number - 1 if kind in (Kind.ROLLBACK, Kind.STATE) else None
        release = Release(self.number, "c0ffee", NOW, root, len(files), size, kind, of, over)
        return Parcel(
            release, release.dump(), 10, self.listings, self.blobs, self.signer(release), tell or self.told.append
        )

    def signer(self, release: Release) -> Sign:
        """What signs a release: nothing does here."""
        return lambda expiry, root_version: {}
