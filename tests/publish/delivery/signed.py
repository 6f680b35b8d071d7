"""An inside to deliver from: contents by path, kept as the inside keeps them, and signed parcels of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cluster.blobs import BlobStore, compress
from cluster.listings import EMPTY, Listings
from cluster.manifest import Entry
from cluster.release import Kind, Release
from publish.delivery.parcel import Parcel, Progress
from publish.trust import Trust

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
Files = Mapping[str, bytes]


@dataclass
class SignedCity:
    """Blobs, listings and keys of one cluster, and the number of its last release; `at` is when it signs."""

    folder: Path
    number: int = 0
    at: datetime = NOW
    told: list[Progress] = field(default_factory=list)

    @property
    def blobs(self) -> BlobStore:
        return BlobStore(self.folder / "blobs")

    @property
    def listings(self) -> Listings:
        return Listings(self.folder / "listings")

    @property
    def trust(self) -> Trust:
        """Its keys, made when first asked for."""
        trust = Trust.of(self.folder / "data")
        trust.ensure(NOW)
        return trust

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
        record = Release(self.number, "c0ffee", NOW, root, len(files), size, kind, of, over)

        def sign(expiry: timedelta, root_version: int) -> dict[str, bytes]:
            return self.trust.sign(record.dump(), at=self.at, expiry=expiry, root_version=root_version)

        return Parcel(record, record.dump(), 10, self.listings, self.blobs, sign, tell or self.told.append)
