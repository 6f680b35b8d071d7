"""The inside's part of the wire (`publish.receiver.wire`).

It says what is offered, sends what is wanted, takes the receipt. Works over any pair of descriptors; who opened them
tells why they broke. Called by `publish.delivery.ssh`.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, cast

from cluster import bundle
from cluster.blobs import BlobStore
from cluster.errors import FormatError, TargetError
from cluster.listings import EMPTY, Listings
from publish.delivery.parcel import Load, Parcel, Progress, offer_of, refuse_others
from publish.receiver import Receipt
from publish.receiver.receive import Hello, Offer
from publish.receiver.wire import (
    GREETING,
    LIMITS,
    TIMEOUTS,
    Channel,
    Timeouts,
    parse_hello,
    parse_json,
    parse_receipt,
    read_frame,
    read_greeting,
    read_wanted,
)

CHUNK = 1 << 16
# How often progress is told, in bytes.
_STRIDE = 1 << 18


class NotGreetedError(Exception):
    """What answers is no receiver; `first` is what it said."""

    def __init__(self, first: bytes) -> None:
        super().__init__(first)
        self.first = first


@dataclass(slots=True)
class Conversation:
    """One connection to a receiver. Each method raises EOFError or OSError when the line breaks."""

    url: str
    channel: Channel
    timeouts: Timeouts = TIMEOUTS
    is_greeted: bool = False
    done_bytes: int = 0
    all_bytes: int = 0
    blobs: int = 0
    _told_bytes: int = field(default=0)

    def hello(self) -> Hello:
        """What the target has. Raises: NotGreetedError."""
        stream = self.channel.waiting(self.timeouts.connect + self.timeouts.hello)
        first = read_greeting(stream)
        if not first:
            raise EOFError
        if first != GREETING:
            raise NotGreetedError(first)
        self.is_greeted = True
        return parse_hello(parse_json(read_frame(stream, "hello")))

    def lend_tree(self, root: str) -> dict[str, bytes]:
        """The texts of all listings of a tree that the target keeps, by id, each checked against it.

        Raises:
            ClusterError: the target lacks one, or sends another.
        """
        stream = self.channel.waiting(self.timeouts.silence)
        reader = Listings(Path())
        found: dict[str, bytes] = {}
        waiting = [root]
        while waiting:
            id = waiting.pop()
            if id not in found and id != EMPTY:
                self.channel.write(f"lend {id}\n".encode())
                found[id] = read_frame(stream, "listing", limit=LIMITS.listing)
                waiting += [child for _, child in reader.checked(id, found[id]).children]
        return found

    def deliver(self, parcel: Parcel, hello: Hello, expiry: timedelta) -> Receipt:
        """Offers the release, sends what is wanted, gives back the receipt.

        Raises:
            ClusterError: the receiver's own word, or it asks for or confirms what is not of this release.
        """
        load = self._offer(parcel, hello, expiry)
        stream = self.channel.waiting(self.timeouts.work)
        wanted = read_wanted(stream, most=2 * (parcel.release.files + len(parcel.release.overlay)) + 1)
        refuse_others(parcel, wanted, load)
        self._send_blobs(parcel, wanted)
        receipt = parse_receipt(read_frame(stream, "receipt"), self.url)
        if (receipt.number, receipt.root) != (parcel.release.number, parcel.release.root):
            raise _other_release(self.url, receipt, parcel)
        return receipt

    def _offer(self, parcel: Parcel, hello: Hello, expiry: timedelta) -> Load:
        """Says what there is; the files whose blobs may be asked for."""
        offer, load = offer_of(parcel, hello, expiry)
        with self._telling_why():
            self.channel.write(f"offer {offer.keep}\n".encode())
            write_offer(_Buffered(self.channel), offer)
        self.done_bytes = len(offer.record) + len(offer.delta) + sum(map(len, offer.metadata.values()))
        return load

    def _send_blobs(self, parcel: Parcel, wanted: Sequence[str]) -> None:
        sizes = array("Q", map(parcel.size_of, wanted))
        self.all_bytes = self.done_bytes + sum(sizes)
        self._tell(parcel, at_once=True)
        with self._telling_why():
            for sha, size in zip(wanted, sizes, strict=True):
                if self.channel.has_something_to_read():
                    break  # it speaks out of turn: an error, which the caller reads
                self._send_blob(parcel.blobs, sha, size)
                self.blobs += 1
                self._tell(parcel)
        self._tell(parcel, at_once=True)

    def _send_blob(self, blobs: BlobStore, sha: str, size: int) -> None:
        with blobs.path(sha).open("rb") as file:
            first = file.read(min(size, CHUNK))
            self.channel.write(f"{size}\n".encode() + first)
            left = size - len(first)
            while left and (data := file.read(min(left, CHUNK))):
                self.channel.write(data)
                left -= len(data)
        if left:
            raise _shorter_than_before(sha)
        self.done_bytes += size

    def _tell(self, parcel: Parcel, *, at_once: bool = False) -> None:
        if at_once or self.done_bytes - self._told_bytes >= _STRIDE:
            self._told_bytes = self.done_bytes
            parcel.tell(Progress(self.url, self.done_bytes, self.all_bytes, self.blobs))

    def _telling_why(self) -> _ToldWhy:
        return _ToldWhy(self.channel)


@dataclass(frozen=True, slots=True)
class _ToldWhy:
    """When the receiver hangs up while we send, its last word is worth more than a broken pipe."""

    channel: Channel

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, BrokenPipeError | ConnectionResetError):
            # Raises what it told; hung up without a word, the broken pipe stays what it is.
            with suppress(EOFError, OSError):
                read_frame(self.channel.incoming, "receipt")


class _Buffered:
    """A stream for `cluster.bundle` that the channel takes in larger pieces."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def write(self, data: bytes) -> int:
        return self._channel.write(data)


def write_offer(out: object, offer: Offer) -> None:
    """An offer as a bundle without blobs."""
    stream = cast(BinaryIO, out)
    bundle.write_begin(stream)
    write_heading(stream, offer)
    bundle.write_end(stream)


def write_heading(stream: BinaryIO, offer: Offer) -> None:
    """The members of a bundle that come before its blobs."""
    for name, data in sorted(offer.metadata.items()):
        bundle.write_member(stream, "metadata", name, len(data), [data])
    bundle.write_member(stream, "record", "release.json", len(offer.record), [offer.record])
    if offer.delta:
        bundle.write_member(stream, "delta", "delta.br", len(offer.delta), [offer.delta])


def _other_release(url: str, receipt: Receipt, parcel: Parcel) -> TargetError:
    return TargetError(
        f"{url}: it confirms release {receipt.number} with another content than {parcel.release.number} that was sent. "
        "Check the program and the machine at the target.",
        f"{url}：目标确认的是第 {receipt.number} 号，其内容与发送的第 {parcel.release.number} 号不同。"
        "请检查目标端的程序和主机。",
    )


def _shorter_than_before(sha: str) -> FormatError:
    return FormatError(
        f"blob {sha}: it became shorter while it was sent. Build with --full, then publish again.",
        f"数据块 {sha}：发送过程中变短。请用 --full 重新构建，然后重新发布。",
    )
