"""The bundle (format 1): what crosses to a target, as one stream of members.

First line `zhanqun-bundle 1`, then members: a line `<kind> <name> <size>` and so many bytes. Kinds, in this order:
`metadata` (a TUF file by its name, like `2.root.json` or `timestamp.json`), `record` (the signed release record),
`delta` (brotli of `cluster.delta`), `blob` (by the SHA-256 of its bytes), and last `end`. There are no paths and no
links in it, so nothing can lead anywhere; a record and a delta come once. The same members travel in a file and over
a pipe. Does no I/O of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import BinaryIO

from cluster.errors import FormatError

HEADER = b"zhanqun-bundle 1\n"
KINDS = ("metadata", "record", "delta", "blob", "end")
_ONCE = ("record", "delta")
_HASH = re.compile(r"[0-9a-f]{64}")
_LONGEST_LINE = 200
_CHUNK = 1 << 16
_LINE = re.compile(rb"([a-z]{3,10}) ([0-9A-Za-z._-]{1,80}) (0|[1-9][0-9]{0,15})\n")


@dataclass(slots=True)
class Member:
    """One member that is being read: its kind, name and size; `read` gives its bytes piece by piece."""

    kind: str
    name: str
    size: int
    _stream: BinaryIO
    _left: int = field(init=False)

    def __post_init__(self) -> None:
        self._left = self.size

    def read(self, count: int = -1) -> bytes:
        """The next bytes, empty at the end; without `count` all the rest, whose memory follows what really comes.

        Raises:
            FormatError: the stream ends before the member does.
        """
        if count < 0:
            whole = BytesIO()
            while data := self.read(_CHUNK):
                whole.write(data)
            return whole.getvalue()
        wanted = min(count, self._left)
        data = self._stream.read(wanted) if wanted else b""
        if wanted and not data:
            raise cut_short()
        self._left -= len(data)
        return data

    def skip(self) -> None:
        """Passes over what was not read."""
        while self._left:
            self.read(_CHUNK)


def read_members(stream: BinaryIO) -> Iterator[Member]:
    """The members of a bundle up to and without `end`; each must be read, or is skipped, before the next.

    Raises:
        FormatError: not a bundle, another format, members in another order, or cut short.
    """
    if (first := stream.readline(len(HEADER))) != HEADER:
        raise cut_short() if HEADER.startswith(first) else unknown_format()
    last = 0
    while True:
        kind, name, size = _header(stream)
        if kind not in KINDS or KINDS.index(kind) < last or (kind in _ONCE and KINDS.index(kind) == last):
            raise bad_member()
        last = KINDS.index(kind)
        if kind == "end":
            if (name, size) != ("-", 0):
                raise bad_member()
            return
        if kind == "blob" and _HASH.fullmatch(name) is None:
            raise bad_member()
        member = Member(kind, name, size, stream)
        yield member
        member.skip()


def _header(stream: BinaryIO) -> tuple[str, str, int]:
    line = stream.readline(_LONGEST_LINE)
    if not line:
        raise cut_short()
    match = _LINE.fullmatch(line)
    if match is None:
        raise cut_short() if not line.endswith(b"\n") and len(line) < _LONGEST_LINE else bad_member()
    return match[1].decode(), match[2].decode(), int(match[3])


def write_begin(stream: BinaryIO) -> None:
    """The first line."""
    stream.write(HEADER)


def write_member(stream: BinaryIO, kind: str, name: str, size: int, pieces: Iterable[bytes]) -> None:
    """One member; the pieces must come to `size` bytes.

    Raises:
        ValueError: they do not, and the stream is spoilt.
    """
    stream.write(f"{kind} {name} {size}\n".encode())
    written = 0
    for piece in pieces:
        stream.write(piece)
        written += len(piece)
    if written != size:
        raise ValueError(f"{kind} {name}: {written} bytes instead of {size}")


def write_end(stream: BinaryIO) -> None:
    """The last line, without which a bundle counts as cut short."""
    stream.write(b"end - 0\n")


def unknown_format() -> FormatError:
    """The error for a stream that is no bundle of this format."""
    return FormatError(
        "This is no bundle of format 1. Make it with this version of zhanqun, or upgrade the receiver.",
        "这不是格式 1 的发布包。请用相同版本的 zhanqun 生成，或升级接收端。",
    )


def cut_short() -> FormatError:
    """The error for a bundle that ends too early."""
    return FormatError(
        "The bundle ends too early: the transfer was cut. Send it again.",
        "发布包不完整：传输中断。请重新发送。",
    )


def bad_member() -> FormatError:
    """The error for a bundle with something in it that does not belong there."""
    return FormatError(
        "The bundle holds something that does not belong in it. Nothing was taken; make it again.",
        "发布包中有不应出现的内容，未做任何改动。请重新生成发布包。",
    )
