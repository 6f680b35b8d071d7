"""The release record (format 1), `releases/<number>.json`: the facts that name one state of the cluster.

- Numbers only grow: a rollback is a new release with the root of an older one, named in `of`.
- The root ties the record to its manifest; `describes` says whether the two belong together.

Called by the publish actions, which make records, and by the receiver, which refuses what does not fit.
"""

from __future__ import annotations

import builtins
import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from cluster.errors import FormatError
from cluster.manifest import Manifest

FORMAT = 1
NUMBER_DIGITS = 8
_HIGHEST = 10**NUMBER_DIGITS - 1
_ROOT = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9A-Za-z._-]{1,64}")


class Kind(StrEnum):
    """How a release came about."""

    PUBLISH = "publish"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Release:
    """One numbered state of the cluster: commit and `now` of its build, root, number of files and bytes."""

    number: int
    commit: str
    now: datetime
    root: str
    files: int
    bytes: int
    kind: Kind = Kind.PUBLISH
    of: int | None = None

    def __post_init__(self) -> None:
        if fault := _fault(self):
            raise _format_error(fault)

    @classmethod
    def publishing(cls, number: int, manifest: Manifest, *, commit: str, now: datetime) -> Self:
        """The record of a newly built state. Raises: FormatError when a value cannot stand in a record."""
        return cls(number, commit, now, manifest.root(), len(manifest), manifest.size())

    def numbered(self, number: int) -> Release:
        """The same state under a number of its own."""
        return replace(self, number=number)

    def rolled_back_as(self, number: int) -> Release:
        """The record of a new release that brings this older one back."""
        return replace(self, number=number, kind=Kind.ROLLBACK, of=self.number)

    def describes(self, manifest: Manifest) -> bool:
        """Whether the manifest is the one that this record names."""
        return len(manifest) == self.files and manifest.root() == self.root

    def dump(self) -> builtins.bytes:
        """The bytes of format 1."""
        return (json.dumps(self.as_dict(), sort_keys=True, indent=2) + "\n").encode()

    def as_dict(self) -> dict[str, Any]:
        """The record as JSON values, in the names of docs/formats.md."""
        return {
            "format": FORMAT,
            "number": self.number,
            "commit": self.commit,
            "now": self.now.isoformat(),
            "root": self.root,
            "files": self.files,
            "bytes": self.bytes,
            "kind": str(self.kind),
            "of": self.of,
        }

    @classmethod
    def parse(cls, data: builtins.bytes) -> Self:
        """Reads format 1. Raises: FormatError for another format, or a missing, unknown or wrong field."""
        record = _record(data)
        try:
            record["now"] = datetime.fromisoformat(record["now"])
            record["kind"] = Kind(record["kind"])
            return cls(**record)
        except (TypeError, ValueError, KeyError) as error:
            raise _format_error(str(error)) from error


def file_stem(number: int) -> str:
    """The name under which a target keeps release `number`."""
    return f"{number:0{NUMBER_DIGITS}d}"


def _record(data: bytes) -> dict[str, Any]:
    try:
        record = json.loads(data)
    except ValueError as error:
        raise _format_error(str(error)) from error
    if not isinstance(record, dict) or record.get("format") != FORMAT or record["format"] is True:
        raise _unknown_format()
    del record["format"]
    if "of" not in record or "kind" not in record:
        raise _format_error("'of' or 'kind' is missing")
    return record


def _fault(release: Release) -> str | None:
    """The first field whose value cannot stand in a record."""
    of_fits = release.of is None
    if release.kind is Kind.ROLLBACK:
        of_fits = _is_count(release.of, 1) and release.of < release.number  # type: ignore[operator]  # is a count
    rules = {
        "number": _is_count(release.number, 1) and release.number <= _HIGHEST,
        "commit": isinstance(release.commit, str) and _COMMIT.fullmatch(release.commit),
        "now": isinstance(release.now, datetime) and release.now.tzinfo is not None,
        "root": isinstance(release.root, str) and _ROOT.fullmatch(release.root),
        "files": _is_count(release.files, 0),
        "bytes": _is_count(release.bytes, 0),
        "kind": isinstance(release.kind, Kind),
        "of": of_fits,
    }
    return next((f"'{name}' has a wrong value" for name, fits in rules.items() if not fits), None)


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _format_error(reason: str) -> FormatError:
    return FormatError(
        f"release record: {reason}. Publish again; if it repeats, restore data/publish.db from the backup.",
        f"发布记录有误：{reason}。请重新发布；如仍出现，请从备份恢复 data/publish.db。",
    )


def _unknown_format() -> FormatError:
    return FormatError(
        f"release record: this program reads format {FORMAT} only. Upgrade it.",
        f"发布记录：本程序只能读取格式 {FORMAT}。请升级程序。",
    )
