"""`dir:` targets: a folder on this machine, filled by the receiver's own code in this process.

Opened by `publish.delivery.open_target`; the demo's DMZ is `dir:dmz/www`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cluster.blobs import BlobStore
from cluster.manifest import Manifest
from cluster.release import Release
from publish.receiver import Receipt
from publish.receiver.place import Place


@dataclass(frozen=True, slots=True)
class DirectoryTarget:
    """A folder that a web server on this machine serves; `now` dates the receipts."""

    url: str
    place: Place
    now: Callable[[], datetime]

    @classmethod
    def below(cls, base: Path, url: str, folder: str, now: Callable[[], datetime]) -> DirectoryTarget:
        """The target at `folder`, which lies below `base` unless it is absolute."""
        return cls(url, Place(base / folder), now)

    def deliver(self, release: Release, manifest: Manifest, blobs: BlobStore, keep: int) -> Receipt:
        """Places the release, switches to it, sweeps the oldest."""
        with self.place.locked():
            self.place.place(release, manifest, blobs.path)
            self.place.switch(release.number)
            self.place.keep(keep, self.now())
        return self._receipt(release)

    def redeliver(self, release: Release) -> Receipt:
        """Switches to a release made of what the folder still keeps."""
        with self.place.locked():
            self.place.place_again(release)
            self.place.switch(release.number)
        return self._receipt(release)

    def live(self) -> Release | None:
        """The live release's record, or None."""
        return self.place.live()

    def manifest(self, number: int) -> Manifest:
        """The manifest of a kept release."""
        return self.place.manifest(number)

    def _receipt(self, release: Release) -> Receipt:
        return Receipt(self.url, release.number, release.root, self.now())
