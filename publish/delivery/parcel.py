"""What the inside hands to a target: a release on its way, the protocol of targets, and how far a delivery is.

- What a target needs is worked out when it is known what it has: `delta` costs what differs, never the whole tree.
- What differs is read from the listings each time it is gone through: a first publish holds no list of all its files.
- A target is not believed: what it asks for is sent only when it belongs to this release (`refuse_others`).

Imported by `publish.release`, which makes parcels, and by the deliveries beside this module (from here, never through
the package, which imports them).
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, islice
from typing import Protocol

import brotli

from cluster.blobs import BROTLI_QUALITY, BlobStore
from cluster.delta import Delta, travelling
from cluster.errors import FormatError, TargetError
from cluster.listings import EMPTY, Listings
from cluster.manifest import Entry
from cluster.release import Overlay, Release
from publish.receiver import Receipt
from publish.receiver.hashes import UniqueHashes
from publish.receiver.receive import Hello, Offer

# (how long the signatures hold, version of the TUF root metadata that the target trusts) -> TUF files by name.
Sign = Callable[[timedelta, int], Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a delivery is: bytes that have travelled of all that must, and the blobs among them so far."""

    target: str
    done_bytes: int
    all_bytes: int
    blobs: int


def tell_nobody(_progress: Progress) -> None:
    """The listener that keeps it to itself."""


class Target(Protocol):
    """A place that releases are delivered to."""

    @property
    def url(self) -> str:
        """The target's name in configuration, receipts and messages."""

    def hello(self) -> Hello:
        """What the target has. Raises: TargetError; nothing may be assumed of a target that does not answer."""

    def deliver(self, parcel: Parcel) -> Receipt:
        """Makes the release live there.

        Raises:
            RefusedError: the receiver refused it, and nothing changed there.
            TargetError: it did not arrive; what has arrived stays for the next try.
            BusyError: somebody else is writing there.
            FormatError: something on the way is damaged or of another version.
        """

    def lend(self, id: str) -> bytes:
        """The text of a listing that the target keeps, for an inside that lost its own. Raises: TargetError."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A release on its way; `listings` holds its root always, older roots while they are known."""

    release: Release
    record: bytes
    keep: int
    listings: Listings
    blobs: BlobStore
    sign: Sign
    tell: Callable[[Progress], None] = tell_nobody

    def delta(self, old: str) -> Delta:
        """How the tree `old` becomes the release's; from nothing when the inside no longer knows that tree."""
        root = self.release.root
        if old != EMPTY and self._can_compare(old, root):
            return Delta(old, root, _Steps(self.listings, old, root))
        return Delta(None, root, _Steps(self.listings, EMPTY, root))

    def place_of(self, sha: str) -> str:
        """Where a blob that travels lies: asked for hundreds of thousands of them, so no Path."""
        return f"{self.blobs.root}/{sha[:2]}/{sha[2:]}"

    def size_of(self, sha: str) -> int:
        """The bytes of a blob that travels. Raises: TargetError when the inside has lost it."""
        try:
            return os.stat(self.place_of(sha)).st_size  # noqa: PTH116 - see `place_of`
        except FileNotFoundError as error:
            raise _lost(sha) from error

    def _can_compare(self, old: str, new: str) -> bool:
        """Whether all listings are here; when one of the old tree is gone, all that is lost is the shortcut."""
        try:
            for _ in self.listings.differences(old, new):
                pass
        except FormatError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class _Steps:
    """How one tree becomes another, file by file."""

    listings: Listings
    old: str
    new: str

    def __iter__(self) -> Iterator[tuple[str, Entry | None]]:
        return ((change.path, change.new) for change in self.listings.differences(self.old, self.new))


@dataclass(frozen=True, slots=True)
class Load:
    """The files that a target may lack, in the order of the delta; gone through as often as somebody likes."""

    delta: Delta | None
    overlay: Overlay

    def __iter__(self) -> Iterator[Entry]:
        return chain(self.delta.files() if self.delta else (), (entry for _, entry in self.overlay))


def offer_of(parcel: Parcel, hello: Hello, expiry: timedelta) -> tuple[Offer, Load]:
    """What a target that says `hello` is offered, and the files that it may lack. Raises: FormatError."""
    metadata = parcel.sign(expiry, hello.root_version)
    delta = None if hello.root == parcel.release.root else parcel.delta(hello.root)
    offer = Offer(metadata, parcel.record, packed(delta) if delta else b"", parcel.keep)
    return offer, Load(delta, parcel.release.overlay)


def hashes_that_travel(files: Iterable[Entry]) -> UniqueHashes:
    """The blobs of these files that travel, each once, in order of first use."""
    return UniqueHashes(map(travelling, files))


def packed(delta: Delta) -> bytes:
    """A delta as it travels: brotli, packed while it is written."""
    packer = brotli.Compressor(mode=brotli.MODE_TEXT, quality=BROTLI_QUALITY)
    whole = io.BytesIO()
    for piece in delta.dump():
        whole.write(packer.process(piece))
    whole.write(packer.finish())
    return whole.getvalue()


def refuse_others(parcel: Parcel, wanted: Sequence[str], load: Iterable[Entry]) -> None:
    """Checks what a target asks for: nothing leaves the inside but the blobs of this release.

    A target asks for what it lacks of the load, in its order. From the first on for which that does not hold, the
    whole release is looked through, which only a target with a damaged vault makes necessary.

    Raises:
        TargetError: naming a hash that is not of this release.
    """
    known, overlaid = 0, {travelling(entry) for _, entry in parcel.release.overlay}
    for entry in load:
        while known < len(wanted) and wanted[known] in overlaid:  # these stand anywhere, by their paths
            known += 1
        if known < len(wanted) and wanted[known] == travelling(entry):
            known += 1
    if unexpected := set(islice(wanted, known, None)):
        release = parcel.release
        entries = (entry for _, entry in chain(parcel.listings.walk(release.root), release.overlay))
        unexpected.difference_update(sha for entry in entries for sha in (entry.raw, entry.brotli) if sha)
    if unexpected:
        raise _not_of_release(min(unexpected), parcel.release)


def _lost(sha: str) -> TargetError:
    return TargetError(
        f"blob {sha}: it is missing in var/blobs. Build with --full, then publish again.",
        f"数据块 {sha}：var/blobs 中缺失。请用 --full 重新构建，然后重新发布。",
    )


def _not_of_release(sha: str, release: Release) -> TargetError:
    return TargetError(
        f"The target asks for {sha}, which is not of release {release.number}. "
        "Check the program and the machine at the target before you publish again.",
        f"发布目标索取的数据块 {sha} 不属于第 {release.number} 号发布版本。请先检查目标端的程序和主机，再重新发布。",
    )
