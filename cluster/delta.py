"""The delta (format 1) of a bundle: path by path, how one release's tree becomes another's.

First line `zhanqun-delta 1`, second `<old root or -> <new root>`; then, in the order of paths, `+ <raw> <brotli or ->
<size> <path>` for a file that is there now and `- <path>` for one that is gone. It is not signed: whoever applies it
compares the root that comes out with the signed one. A delta may be as long as a cluster is large: nothing here holds
more than a few of its lines. Called by deliveries and the receiver. Does no I/O.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Self

from cluster.errors import FormatError
from cluster.manifest import Entry, path_fault

HEADER = "zhanqun-delta 1"
_ROOTS = re.compile(r"([0-9a-f]{64}|-) ([0-9a-f]{64})")
# One piece of a dump has so many lines, some 100 KB.
_PIECE_LINES = 500
_PUT = re.compile(r"\+ ([0-9a-f]{64}) ([0-9a-f]{64}|-) (0|[1-9][0-9]{0,15}) (.+)")


@dataclass(frozen=True, slots=True)
class Delta:
    """From the tree `old` (None: from nothing) to the tree `new`: each path with its file, None when gone.

    `entries` are in the order of paths and need not be in memory; they are gone through anew each time they are asked.
    """

    old: str | None
    new: str
    entries: Iterable[tuple[str, Entry | None]]

    def dump(self) -> Iterator[bytes]:
        """The bytes of format 1, in pieces."""
        yield f"{HEADER}\n{self.old or '-'} {self.new}\n".encode()
        lines = map(_line, self.entries)
        while piece := "".join(islice(lines, _PIECE_LINES)):
            yield piece.encode()

    @classmethod
    def parse(cls, lines: Iterable[bytes]) -> Self:
        """Reads format 1: its head now, its entries from the lines while they are gone through, which can be once.

        Raises:
            FormatError: with the line number; for an entry when it is reached.
        """
        numbered = enumerate(lines, 1)
        if _text(*next(numbered, (1, b""))) != HEADER:
            raise _fault(1, _UNKNOWN)
        roots = _ROOTS.fullmatch(_text(*next(numbered, (2, b""))))
        if roots is None:
            raise _fault(2, _BAD_LINE)
        return cls(None if roots[1] == "-" else roots[1], roots[2], _entries(numbered))

    def files(self) -> Iterator[Entry]:
        """The files that are there now."""
        return (entry for _, entry in self.entries if entry is not None)


def travelling(entry: Entry) -> str:
    """The SHA-256 of the bytes that travel for a file: the compressed ones where there are some."""
    return entry.brotli or entry.raw


def _line(step: tuple[str, Entry | None]) -> str:
    path, entry = step
    return f"- {path}\n" if entry is None else f"+ {entry.raw} {entry.brotli or '-'} {entry.size} {path}\n"


def _entries(numbered: Iterable[tuple[int, bytes]]) -> Iterator[tuple[str, Entry | None]]:
    last = ""
    for number, line in numbered:
        path, entry = _entry(number, _text(number, line))
        if path <= last:
            raise _fault(number, _OUT_OF_ORDER)
        last = path
        yield path, entry


def _text(number: int, line: bytes) -> str:
    if not line.endswith(b"\n"):
        raise _fault(number, _CUT_SHORT)
    try:
        return line[:-1].decode()
    except UnicodeDecodeError as error:
        raise _fault(number, _BAD_LINE) from error


def _entry(number: int, line: str) -> tuple[str, Entry | None]:
    put = _PUT.fullmatch(line)
    path = put[4] if put else line.removeprefix("- ")
    if put is None and not line.startswith("- "):
        raise _fault(number, _BAD_LINE)
    if reason := path_fault(path):
        raise _fault(number, reason)
    return path, Entry(put[1], None if put[2] == "-" else put[2], int(put[3])) if put else None


_UNKNOWN = (
    f"the first line is not '{HEADER}'. Upgrade this program, or publish again",
    f"首行不是“{HEADER}”。请升级本程序，或重新发布",
)
_CUT_SHORT = ("the delta ends in the middle of a line. Publish again", "增量在行中间中断。请重新发布")
_BAD_LINE = ("this is no line of a delta. Publish again", "不是增量中的有效行。请重新发布")
_OUT_OF_ORDER = ("this path is not in order, or stands here twice. Publish again", "路径未按顺序排列或重复。请重新发布")


def _fault(number: int, reason: tuple[str, str]) -> FormatError:
    return FormatError(f"delta:{number}: {reason[0]}.", f"delta:{number}：{reason[1]}。")
