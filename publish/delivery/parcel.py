"""What the inside hands to a target: a release on its way, the protocol of targets, and how far a delivery is.

- What a target needs is worked out when it is known what it has: `delta` costs what differs, never the whole tree.
- A target is not believed: what it asks for is sent only when it belongs to this release (`refuse_others`).

Imported by `publish.release`, which makes parcels, and by the deliveries beside this module (from here, never through
the package, which imports them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Protocol

from cluster.blobs import BlobStore, compress
from cluster.delta import Delta, travelling
from cluster.errors import FormatError, TargetError
from cluster.listings import EMPTY, Listings
from cluster.manifest import Entry
from cluster.release import Release
from publish.receiver import Receipt
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
        if old != EMPTY:
            try:
                return Delta(old, self.release.root, self._entries(old))
            except FormatError:  # a listing of the old tree is gone: all that is lost is the shortcut
                pass
        return Delta(None, self.release.root, self._entries(EMPTY))

    def size_of(self, sha: str) -> int:
        """The bytes of a blob that travels. Raises: TargetError when the inside has lost it."""
        try:
            return self.blobs.path(sha).stat().st_size
        except FileNotFoundError as error:
            raise _lost(sha) from error

    def _entries(self, old: str) -> tuple[tuple[str, Entry | None], ...]:
        return tuple((change.path, change.new) for change in self.listings.differences(old, self.release.root))


def offer_of(parcel: Parcel, hello: Hello, expiry: timedelta) -> tuple[Offer, tuple[Entry, ...]]:
    """What a target that says `hello` is offered, and the files that it may lack. Raises: FormatError."""
    overlay = tuple(entry for _, entry in parcel.release.overlay)
    metadata = parcel.sign(expiry, hello.root_version)
    if hello.root == parcel.release.root:
        return Offer(metadata, parcel.record, b"", parcel.keep), overlay
    delta = parcel.delta(hello.root)
    return Offer(metadata, parcel.record, packed(delta), parcel.keep), (*delta.files(), *overlay)


def hashes_that_travel(files: Iterable[Entry]) -> tuple[str, ...]:
    """The blobs of these files that travel, each once, in order of first use."""
    return tuple(dict.fromkeys(map(travelling, files)))


def packed(delta: Delta) -> bytes:
    """A delta as it travels: brotli."""
    return compress(b"".join(delta.dump()))


def refuse_others(parcel: Parcel, wanted: Iterable[str], expected: frozenset[str]) -> None:
    """Checks what a target asks for: nothing leaves the inside but the blobs of this release.

    What is not `expected` is looked for in the whole release, which only a target with a damaged vault makes
    necessary. Raises: TargetError naming a hash that is not of this release.
    """
    if unexpected := set(wanted) - expected:
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
