"""An offer of a release, and what can be checked of it before anything on the disk is looked at.

Nothing here believes the offer: sizes are bounded, the record and the delta are parsed under limits. Called by
`publish.receiver.receive` and `publish.receiver.delivery`. Does no I/O.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from cluster.delta import HEADER as DELTA_HEADER
from cluster.delta import Delta
from cluster.errors import FormatError, RefusedError
from cluster.manifest import Entry, path_fault
from cluster.release import FORMAT as RECORD_FORMAT
from cluster.release import Release
from publish.receiver import refusals
from publish.receiver.limits import Limits
from publish.receiver.unpack import split_lines, unpack

KEEP = 10
# Beside the path, a line of a delta has two hashes, a size and a few blanks.
_LINE_BESIDE_PATH = 160
# The unpacker keeps what it has not come to yet, and moves it at every step.
_SLICE = 1 << 16
_PATH = re.compile(r"(?:\+ \S+ \S+ [0-9]+|-) ([^\n]*)")


@dataclass(frozen=True, slots=True)
class Offer:
    """A release that is to be received: TUF files by name, the record byte for byte, the delta, how many to keep.

    The delta is brotli, and empty for a release whose root the target keeps.
    """

    metadata: Mapping[str, bytes]
    record: bytes
    delta: bytes
    keep: int = KEEP

    def release(self, limits: Limits) -> Release:
        """The release that is offered. Raises: RefusedError for what is too big or no record."""
        self._check_sizes(limits)
        release = _parse_record(self.record)
        if release.files > limits.files:
            raise refusals.too_many("files", limits.files)
        if release.bytes > limits.release:
            raise refusals.too_big("release", limits.release)
        return release

    def changes(self, limits: Limits) -> Delta:
        """The delta, unpacked while its entries are gone through, which can be once.

        Raises:
            RefusedError: now or on the way, for a line that no delta may have, and beyond the limits.
        """
        slices = (self.delta[start : start + _SLICE] for start in range(0, len(self.delta), _SLICE))
        pieces = unpack(slices, limits.delta, "delta")
        lines = _DeltaLines(split_lines(pieces, limits.path + _LINE_BESIDE_PATH, "delta"), limits)
        with lines.refusing():
            delta = Delta.parse(lines)
        return replace(delta, entries=_refusing(delta.entries, lines))

    def _check_sizes(self, limits: Limits) -> None:
        if len(self.metadata) > limits.metadata_members:
            raise refusals.too_many("metadata", limits.metadata_members)
        sizes = [(name, len(data), limits.metadata) for name, data in self.metadata.items()]
        sizes += [("record", len(self.record), limits.record), ("delta", len(self.delta), limits.delta_packed)]
        for name, size, limit in sizes:
            if size > limit:
                raise refusals.too_big(name, limit)


class _DeltaLines:
    """The lines of a delta on their way to the parser, under limits; the last one tells why it was refused."""

    def __init__(self, lines: Iterable[bytes], limits: Limits) -> None:
        self._lines = lines
        self._limits = limits
        self._number = 0
        self._last = b""

    def __iter__(self) -> Iterator[bytes]:
        most = 2 * self._limits.files + 2  # everything goes, and comes again under other names
        for number, line in enumerate(self._lines, 1):
            self._number, self._last = number, line
            if number > most:
                raise refusals.too_many("files", self._limits.files)
            if line.count(b"/") > self._limits.depth:
                raise refusals.too_deep(number, self._limits.depth)
            yield line

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Makes what the parser cannot read a refusal of the line at which it stopped."""
        try:
            yield
        except FormatError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: FormatError) -> RefusedError:
        if self._number <= 1 and self._last.rstrip(b"\n") != DELTA_HEADER.encode():
            return refusals.refused(error, "delta-format")
        if not self._last.endswith(b"\n"):
            return refusals.refused(error, "truncated")
        match = _PATH.match(self._last.decode(errors="replace"))
        return refusals.refused(error, "path" if match and path_fault(match[1]) else "delta")


def _refusing(entries: Iterable[tuple[str, Entry | None]], lines: _DeltaLines) -> Iterator[tuple[str, Entry | None]]:
    with lines.refusing():
        yield from entries


def _parse_record(data: bytes) -> Release:
    try:
        return Release.parse(data)
    except FormatError as error:
        code = "record" if _record_format(data) == RECORD_FORMAT else "record-format"
        raise refusals.refused(error, code) from error


def _record_format(data: bytes) -> object:
    try:
        record = json.loads(data)
    except ValueError:
        return None
    return record.get("format") if isinstance(record, dict) else None
