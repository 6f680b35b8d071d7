"""Both sides of a delivery in plain words: an inside that makes offers of texts, and a target that takes them."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from cluster import bundle
from cluster.blobs import BlobStore, compress
from cluster.delta import Delta, travelling
from cluster.errors import RefusedError
from cluster.listings import EMPTY, Listings
from cluster.manifest import Entry
from cluster.release import Release
from publish.receiver import Receipt
from publish.receiver.disk import Disk, no_step
from publish.receiver.limits import LIMITS, Limits
from publish.receiver.places import Places
from publish.receiver.receive import Delivery, Offer, Receiver
from publish.receiver.trust import Accepted

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
FAST = Disk(sync=lambda folder: None)
ONE = {
    "portal/index.html": "home",
    "portal/_mode.css": "",
    "portal/news/a.html": "a",
    "portal/news/b.html": "b",
    "congress/index.html": "congress",
    "congress/photo.png": "picture",
    "assets/gov.1.css": "style",
    "assets/search/s1/00.bin": "shard",
}
TWO = {**ONE, "portal/news/a.html": "A"}
SIGNED = {"timestamp.json": b"signed"}
Files = Mapping[str, str]


@dataclass
class FakeTrust:
    """Trusts what says that it is signed, and remembers what was taken."""

    root_version: int = 1
    taken: list[bytes] = field(default_factory=list)

    def check(self, metadata: Mapping[str, bytes], record: bytes, now: datetime) -> Accepted:
        if metadata.get("timestamp.json") != b"signed":
            raise RefusedError("not signed", "未签名", "unsigned")
        return Accepted((("record", record),))

    def remember(self, accepted: Accepted) -> None:
        self.taken.append(accepted.files[0][1])


class Inside:
    """Blobs and listings of the inside, and offers made from plain words."""

    def __init__(self, root: Path) -> None:
        self.blobs = BlobStore(root / "blobs")
        self.listings = Listings(root / "listings")

    def entry(self, path: str, text: str) -> Entry:
        data = text.encode()
        packed = None if path.endswith((".png", ".bin")) else self.blobs.put(compress(data))
        return Entry(self.blobs.put(data), packed, len(data))

    def release(self, number: int, files: Files, *, over: Files | None = None, **values: object) -> Release:
        root = self.listings.change(EMPTY, [(path, self.entry(path, text)) for path, text in files.items()])
        overlay = tuple((path, self.entry(path, text)) for path, text in sorted((over or {}).items()))
        size = sum(len(text.encode()) for text in files.values())
        made = Release(number, "c0ffee", NOW, root, len(files), size, overlay=overlay)
        return replace(made, **values)  # type: ignore[arg-type]

    def delta(self, old: str | None, new: str) -> bytes:
        if old == new:
            return b""
        changes = self.listings.differences(old, new)
        return pack(Delta(old, new, tuple((change.path, change.new) for change in changes)))

    def offer(self, release: Release, old: str | None = None, keep: int = 10) -> Offer:
        """The offer of a release to a target that has the tree `old`."""
        return Offer(SIGNED, release.dump(), self.delta(old, release.root), keep)

    def send(self, delivery: Delivery, wanted: tuple[str, ...] | None = None) -> None:
        for sha in delivery.wanted if wanted is None else wanted:
            data = self.blobs.read(sha)
            delivery.take(sha, len(data), io.BytesIO(data).read)

    def bundle(self, offer: Offer, shas: tuple[str, ...] | None = None) -> bytes:
        """A bundle with all blobs of the release, or with these."""
        stream = io.BytesIO()
        bundle.write_begin(stream)
        for name, data in offer.metadata.items():
            bundle.write_member(stream, "metadata", name, len(data), [data])
        bundle.write_member(stream, "record", "release.json", len(offer.record), [offer.record])
        if offer.delta:
            bundle.write_member(stream, "delta", "delta", len(offer.delta), [offer.delta])
        for sha in self.travelling(Release.parse(offer.record)) if shas is None else shas:
            data = self.blobs.read(sha)
            bundle.write_member(stream, "blob", sha, len(data), [data])
        bundle.write_end(stream)
        return stream.getvalue()

    def travelling(self, release: Release) -> tuple[str, ...]:
        entries = [entry for _, entry in self.listings.walk(release.root)] + [entry for _, entry in release.overlay]
        return tuple(dict.fromkeys(travelling(entry) for entry in entries))


@dataclass
class Town:
    """An inside and a target; `number` is the last release's."""

    root: Path
    trust: FakeTrust = field(default_factory=FakeTrust)
    now: datetime = NOW
    number: int = 0

    @property
    def inside(self) -> Inside:
        return Inside(self.root / "inside")

    @property
    def places(self) -> Places:
        return Places.from_www(self.root / "dmz/www")

    @property
    def www(self) -> Path:
        return self.places.www

    def receiver(self, *, at: Callable[[str], None] = no_step, limits: Limits = LIMITS, disk: Disk = FAST) -> Receiver:
        return Receiver(self.places, now=lambda: self.now, trust=self.trust, at=at, limits=limits, disk=disk)

    def next(self, files: Files, **values: object) -> Release:
        """The next release, not yet delivered."""
        self.number += 1
        return self.inside.release(self.number, files, **values)  # type: ignore[arg-type]

    def deliver(self, release: Release, *, keep: int = 10, receiver: Receiver | None = None) -> Receipt:
        """Delivers a release by what the target says that it has."""
        receiver = receiver or self.receiver()
        hello = receiver.hello()
        with receiver.receiving(self.inside.offer(release, hello.root if hello.number else None, keep)) as delivery:
            self.inside.send(delivery)
            return delivery.finish()

    def publish(self, files: Files, *, keep: int = 10, **values: object) -> Release:
        """Makes the next release and delivers it."""
        release = self.next(files, **values)
        self.deliver(release, keep=keep)
        return release

    def visible(self) -> dict[str, str]:
        """What a visitor reads: the live tree and the assets, siblings left out."""
        found = {}
        for top, prefix in ((self.www / "current", ""), (self.www / "assets", "assets/")):
            for folder, _, names in os.walk(top, followlinks=True):
                for name in names:
                    path = Path(folder, name)
                    if path.suffix != ".br":
                        found[prefix + path.relative_to(top).as_posix()] = path.read_text()
        return found


def pack(delta: Delta) -> bytes:
    return compress(b"".join(delta.dump()))


def sha_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def snapshot(root: Path) -> dict[str, str]:
    """Every name below `root` with what it is, for comparing two moments."""
    found = {}
    for folder, folders, names in os.walk(root):
        for name in [*folders, *names]:
            path = Path(folder, name)
            content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else "folder"
            found[path.relative_to(root).as_posix()] = str(content)
    return found


def blob_count(root: Path) -> int:
    return sum(path.is_file() for path in (root / "blobs").rglob("*"))
