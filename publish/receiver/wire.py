"""The wire (format 1): how the inside and a receiver speak over a pipe, such as an ssh connection.

    receiver   zhanqun-wire 1 / hello <size> + JSON
    inside     any number of times: lend <listing id>   and the receiver: listing <size> + its text
    inside     offer <keep> / a bundle with metadata, record and delta / end      (or it hangs up)
    receiver   wanted <count> + the wanted SHA-256 hashes, 32 bytes each
    inside     for each of them, in that order: <size> + the blob's bytes
    receiver   receipt <size> + JSON                      or, at any moment: error <size> + JSON

- Neither side believes the other: every line, number and text has a limit, and what is shown is without control codes.
- Neither side waits for ever: an end that says nothing for too long counts as gone, and its lock is free again.
- A blob that has been taken stays, so that the next try sends the rest.

`answer` is the receiver's part (`zhanqun receive --stdio`); `publish.delivery.conversation` is the inside's.
"""

from __future__ import annotations

import io
import json
import os
import re
import select
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Protocol

from cluster.bundle import read_members
from cluster.errors import BusyError, ClusterError, FormatError, RefusedError, TargetError
from publish.receiver import Receipt
from publish.receiver.hashes import SIZE as HASH_BYTES
from publish.receiver.hashes import Hashes
from publish.receiver.limits import LIMITS as RECEIVER_LIMITS
from publish.receiver.limits import Limits
from publish.receiver.receive import Hello, Offer, Receiver

GREETING = b"zhanqun-wire 1\n"
_LINE = 80
_FRAME = re.compile(rb"(hello|listing|wanted|receipt|error) (0|[1-9][0-9]{0,8})\n")
_OFFER = re.compile(rb"offer ([1-9][0-9]{0,5})\n")
_LEND = re.compile(rb"lend ([0-9a-f]{64})\n")
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,15})\n")
_ROOT = re.compile(r"[0-9a-f]{64}")
_CODE = re.compile(r"[a-z0-9-]{0,40}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How many seconds each side waits."""

    connect: int = 15
    # Until the other end says its first word.
    hello: int = 30
    # Without a single byte while bytes should flow.
    silence: int = 120
    # While the other end computes: a delta of everything inside, a first release at the target.
    work: int = 3600
    # Until an ssh process that is done or was told to stop has ended.
    end: int = 10


@dataclass(frozen=True, slots=True)
class WireLimits:
    """What one message may weigh, in bytes; what an offer may weigh is among the receiver's own limits."""

    text: int = 2_000
    frame: int = 64 * 1024
    listing: int = 64 * 1024 * 1024


TIMEOUTS = Timeouts()
LIMITS = WireLimits()
ERRORS: dict[str, type[ClusterError]] = {"busy": BusyError, "format": FormatError, "refused": RefusedError}


class SilenceError(OSError):
    """The other end has said, or taken, nothing for too long."""


# ---- pipes that do not wait for ever --------------------------------------------------------------------------------


class PatientReader(io.RawIOBase):
    """Reads a descriptor, and gives up after `patience` seconds without a byte. Raises: SilenceError."""

    def __init__(self, descriptor: int, patience: float) -> None:
        super().__init__()
        self.descriptor = descriptor
        self.patience = patience

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer with what is there, waiting for the first byte."""
        if not select.select([self.descriptor], [], [], self.patience)[0]:
            raise SilenceError(f"no byte for {self.patience:g} s")
        data = os.read(self.descriptor, len(buffer))
        buffer[: len(data)] = data
        return len(data)


@dataclass(slots=True)
class Channel:
    """Both directions of a pipe, each bounded in time."""

    reader: PatientReader
    incoming: io.BufferedReader
    outgoing: int
    patience: float

    @classmethod
    def of(cls, incoming: int, outgoing: int, patience: float) -> Channel:
        """The channel over two descriptors, which stay their owner's."""
        os.set_blocking(outgoing, False)
        reader = PatientReader(incoming, patience)
        return cls(reader, io.BufferedReader(reader, 1 << 16), outgoing, patience)

    def waiting(self, patience: float) -> BinaryIO:
        """What comes in, read with this patience from now on."""
        self.reader.patience = patience
        return self.incoming

    def write(self, data: bytes) -> int:
        """Sends all of it. Raises: SilenceError, BrokenPipeError."""
        left = memoryview(data)
        until = time.monotonic() + self.patience
        while left:
            try:
                left = left[os.write(self.outgoing, left) :]
                until = time.monotonic() + self.patience
            except BlockingIOError:
                if not select.select([], [self.outgoing], [], max(0.0, until - time.monotonic()))[1]:
                    raise SilenceError(f"no byte taken for {self.patience:g} s") from None
        return len(data)

    def has_something_to_read(self) -> bool:
        """Whether the other end has spoken, or hung up."""
        return bool(select.select([self.reader.descriptor], [], [], 0)[0])


class Sink(Protocol):
    """Where bytes can be written."""

    def write(self, data: bytes, /) -> int:
        """Takes all of them."""


# ---- frames ---------------------------------------------------------------------------------------------------------


def write_frame(out: Sink, word: str, value: dict[str, Any]) -> None:
    """Sends a word with a JSON object."""
    write_body(out, word, json.dumps(value, ensure_ascii=False).encode())


def write_body(out: Sink, word: str, body: bytes) -> None:
    """Sends a word with so many bytes."""
    out.write(f"{word} {len(body)}\n".encode() + body)


def write_wanted(out: Sink, wanted: Hashes) -> None:
    """Asks for these blobs."""
    out.write(f"wanted {len(wanted)}\n".encode())
    out.write(wanted.dump())


def read_greeting(stream: BinaryIO) -> bytes:
    """The first line; what is not a greeting is for the caller to tell."""
    return stream.readline(_LINE)


def read_frame(stream: BinaryIO, expected: str, *, limit: int = LIMITS.frame) -> bytes:
    """The body of the next frame, which for `wanted` is as long as its count of hashes says.

    Raises:
        EOFError: the other end hung up.
        ClusterError: the other end tells an error; it is this one.
        FormatError: something else came, or more than `limit`.
    """
    line = stream.readline(_LINE)
    if not line:
        raise EOFError
    match = _FRAME.fullmatch(line)
    if match is None:
        raise EOFError if not line.endswith(b"\n") and len(line) < _LINE else not_understood()
    word, count = match[1].decode(), int(match[2])
    size = count * HASH_BYTES if word == "wanted" else count
    if word not in (expected, "error") or size > (limit if word == expected else LIMITS.frame):
        raise not_understood()
    body = _exactly(stream, size)
    if word == "error":
        raise _told(body)
    return body


def read_wanted(stream: BinaryIO, most: int) -> Hashes:
    """The hashes that the receiver asks for, at most so many. Raises: as `read_frame`."""
    return Hashes.parse(read_frame(stream, "wanted", limit=most * HASH_BYTES))


def _exactly(stream: BinaryIO, size: int) -> bytes:
    body = stream.read(size)
    if len(body) < size:
        raise EOFError
    return body


def dump_hello(hello: Hello) -> dict[str, Any]:
    """What a target says of itself, as JSON values."""
    lacks = {"lacks": hello.lacks} if hello.lacks else {}
    return {"number": hello.number, "root": hello.root, "root_version": hello.root_version} | lacks


def parse_hello(value: object) -> Hello:
    """Reads it back. Raises: FormatError."""
    match value:
        case {"number": int(number), "root": str(root), "root_version": int(version), **more} if _ROOT.fullmatch(root):
            lacks = more.get("lacks", 0)
            if 0 <= number < 10**8 and 0 <= version < 10**6:
                return Hello(number, root, version, lacks if isinstance(lacks, int) else 0)
    raise not_understood()


def parse_receipt(body: bytes, target: str) -> Receipt:
    """Reads a receipt. Raises: FormatError."""
    match parse_json(body):
        case {"number": int(number), "root": str(root), "at": str(at)} if _ROOT.fullmatch(root):
            with suppress(ValueError):
                moment = datetime.fromisoformat(at)
                if moment.tzinfo is not None:
                    return Receipt(target, number, root, moment)
    raise not_understood()


def parse_json(body: bytes) -> object:
    """A JSON value from outside. Raises: FormatError."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise not_understood() from error
    return value


def dump_error(error: ClusterError) -> dict[str, Any]:
    """An error, as JSON values."""
    kind = next((kind for kind, of in ERRORS.items() if isinstance(error, of)), "target")
    code = error.code if isinstance(error, RefusedError) else ""
    return {"kind": kind, "code": code, "en": error.english[: LIMITS.text], "zh": error.chinese[: LIMITS.text]}


def _told(body: bytes) -> ClusterError:
    """The error that the other end tells."""
    match parse_json(body):
        case {"kind": str(kind), "code": str(code), "en": str(en), "zh": str(zh)} if _CODE.fullmatch(code):
            if kind == "refused":
                return RefusedError(shown(en), shown(zh), code)
            return ERRORS.get(kind, TargetError)(shown(en), shown(zh))
    return not_understood()


def shown(text: str) -> str:
    """A text from outside as it may stand on somebody's terminal: short, and without control codes."""
    return _CONTROL.sub(" ", text)[: LIMITS.text].strip()


# ---- the receiver's part --------------------------------------------------------------------------------------------


def answer(channel: Channel, receiver: Receiver, *, timeouts: Timeouts = TIMEOUTS) -> Receipt | None:
    """Serves one conversation; None when the inside only wanted to know what is here.

    Raises:
        ClusterError: the delivery failed; the inside has been told, if it still listened.
    """
    try:
        channel.write(GREETING)
        write_frame(channel, "hello", dump_hello(receiver.hello()))
        receipt = _receive(channel, receiver, timeouts)
        if receipt is not None:
            write_frame(channel, "receipt", {key: receipt.as_dict()[key] for key in ("number", "root", "at")})
        return receipt
    except ClusterError as error:
        with suppress(OSError):
            write_frame(channel, "error", dump_error(error))
        raise
    except SilenceError as error:
        told = _silent()
        with suppress(OSError):
            write_frame(channel, "error", dump_error(told))
        raise told from error
    except (BrokenPipeError, ConnectionResetError) as error:
        raise _hung_up() from error


def _receive(channel: Channel, receiver: Receiver, timeouts: Timeouts) -> Receipt | None:
    line = channel.waiting(timeouts.work).readline(_LINE)
    while lent := _LEND.fullmatch(line):
        write_body(channel, "listing", receiver.lend(lent[1].decode()))
        line = channel.incoming.readline(_LINE)
    if not line:
        return None
    match = _OFFER.fullmatch(line)
    if match is None:
        raise not_understood()
    stream = channel.waiting(timeouts.silence)
    with receiver.receiving(_read_offer(stream, int(match[1]), RECEIVER_LIMITS)) as delivery:
        write_wanted(channel, delivery.wanted)
        for sha in delivery.wanted:
            size = _read_size(stream)
            delivery.take(sha, size, _bounded(stream, size))
        return delivery.finish()


def _read_offer(stream: BinaryIO, keep: int, limits: Limits) -> Offer:
    sizes = {"metadata": limits.metadata, "record": limits.record, "delta": limits.delta_packed}
    metadata: dict[str, bytes] = {}
    record = delta = b""
    for member in read_members(stream):
        limit = sizes.get(member.kind, -1)
        if member.size > limit or len(metadata) > limits.metadata_members:
            raise _too_big(member.kind)
        if member.kind == "metadata":
            metadata[member.name] = member.read()
        elif member.kind == "record":
            record = member.read()
        else:
            delta = member.read()
    return Offer(metadata, record, delta, keep)


def _read_size(stream: BinaryIO) -> int:
    line = stream.readline(_LINE)
    match = _SIZE.fullmatch(line)
    if match is None:
        raise _hung_up() if not line.endswith(b"\n") and len(line) < _LINE else not_understood()
    return int(match[1])


def _bounded(stream: BinaryIO, size: int) -> Callable[[int], bytes]:
    """Reads the next `size` bytes and not one more; empty at their end."""
    left = size

    def read(count: int = -1) -> bytes:
        nonlocal left
        wanted = left if count < 0 else min(count, left)
        data = stream.read(wanted) if wanted else b""
        if len(data) < wanted:
            raise _hung_up()
        left -= len(data)
        return data

    return read


# ---- what is told ---------------------------------------------------------------------------------------------------


def not_understood() -> FormatError:
    """The error for an end that says what format 1 does not know."""
    return FormatError(
        "The other end says something that this program does not understand. Install the same version on both sides.",
        "对端发来本程序无法理解的内容。请在两端安装相同版本。",
    )


def _too_big(kind: str) -> RefusedError:
    return RefusedError(
        f"The offer's '{kind}' is larger than any release needs, or does not belong there. Nothing was changed.",
        f"所提供的“{kind}”超出发布所需的大小，或不应出现。未做任何改动。",
        "too-big",
    )


def _hung_up() -> TargetError:
    return TargetError(
        "The connection was cut. What has arrived is kept; publish again and the rest follows.",
        "连接中断。已收到的内容会保留；请重新发布，将继续传输其余部分。",
    )


def _silent() -> TargetError:
    return TargetError(
        "The other end has said nothing for too long; the connection was closed. Publish again.",
        "对端长时间没有响应，连接已关闭。请重新发布。",
    )
