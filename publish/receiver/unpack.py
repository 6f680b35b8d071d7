"""Brotli bytes from outside, unpacked piece by piece and never beyond a limit.

A few kilobytes can stand for gigabytes: what comes out is counted while it comes. Called by the receiver for the
delta and for each compressed file. Does no I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import brotli

from cluster.errors import RefusedError

_PIECE = 1 << 18


def unpack(pieces: Iterable[bytes], limit: int, name: str) -> Iterator[bytes]:
    """The unpacked bytes, in pieces. Raises: RefusedError when it is no brotli, is cut short or exceeds `limit`."""
    unpacker = brotli.Decompressor()
    size = 0
    for piece in pieces:
        # Never more than one piece beyond the limit is in memory, whatever the input stands for.
        for out in _unpacked(unpacker, piece, name):
            size += len(out)
            if size > limit:
                raise _bomb(name, limit)
            yield out
    if not unpacker.is_finished():
        raise _not_brotli(name)


def _unpacked(unpacker: brotli.Decompressor, piece: bytes, name: str) -> Iterator[bytes]:
    if unpacker.is_finished():
        raise _not_brotli(name)
    try:
        out = unpacker.process(piece, output_buffer_limit=_PIECE)
        # It asks for more input while there is still output in it: until none comes it is not through.
        while out or not unpacker.can_accept_more_data():
            yield out
            if unpacker.is_finished():
                return
            out = unpacker.process(b"", output_buffer_limit=_PIECE)
    except brotli.error as error:
        raise _not_brotli(name) from error


def split_lines(pieces: Iterable[bytes], longest: int, name: str) -> Iterator[bytes]:
    """The lines with their ends; the last may lack its own. Raises: RefusedError for a line beyond `longest`."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if len(line) > longest:
                raise _long_line(name, longest)
            yield line + b"\n"
        if len(rest) > longest:
            raise _long_line(name, longest)
    if rest:
        yield rest


def _bomb(name: str, limit: int) -> RefusedError:
    return RefusedError(
        f"{name}: unpacks to more than its {limit} bytes. Nothing was changed; find out who made this bundle.",
        f"{name}：解压后超过 {limit} 字节。未做任何改动；请查明此发布包的来源。",
        "bomb",
    )


def _not_brotli(name: str) -> RefusedError:
    return RefusedError(
        f"{name}: damaged compressed bytes. Nothing was changed; send it again.",
        f"{name}：压缩数据已损坏。未做任何改动；请重新发送。",
        "compressed",
    )


def _long_line(name: str, longest: int) -> RefusedError:
    return RefusedError(
        f"{name}: a line with more than {longest} bytes. Nothing was changed; find out who made this bundle.",
        f"{name}：有一行超过 {longest} 字节。未做任何改动；请查明此发布包的来源。",
        "too-big",
    )
