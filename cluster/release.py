"""The release record (format 2), `releases/<number>.json`: the facts that name one state of the cluster.

- Numbers only grow: a rollback is a new release with the root of an older one, named in `of`.
- The root ties the record to its files; `describes` says whether a manifest belongs to it.
- The overlay gives other bytes to the few files of each site that carry the cluster's state; the root is without it.
- Every record after a purge names it: whoever missed it does it with whatever release comes next.

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
from cluster.manifest import Entry, Manifest

FORMAT = 2
NUMBER_DIGITS = 8
_HIGHEST = 10**NUMBER_DIGITS - 1
_ROOT = re.compile(r"[0-9a-f]{64}")
# What a page may look like besides the normal; a web server chooses the sheet by the visitor's cookie.
MODES = ("elder", "text", "yellow")
MODE = "_mode.css"
MODE_FILES = (MODE, *(f"_mode-{mode}.css" for mode in MODES))
NOTICE = "notice.html"
# The files of a site that the cluster's state may give other bytes.
STATE_FILES = (*MODE_FILES, NOTICE)
_SITE = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_HASH = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9A-Za-z._-]{1,64}")


# Files of state by path, in order, with the bytes that they have now.
Overlay = tuple[tuple[str, Entry], ...]


class Kind(StrEnum):
    """How a release came about."""

    PUBLISH = "publish"
    ROLLBACK = "rollback"
    STATE = "state"
    PURGE = "purge"


@dataclass(frozen=True, slots=True)
class Release:
    """One numbered state of the cluster: commit and `now` of its build, root, number of files and bytes.

    `purged` is the number of the newest purge before it, 0 when there was none.
    """

    number: int
    commit: str
    now: datetime
    root: str
    files: int
    bytes: int
    kind: Kind = Kind.PUBLISH
    of: int | None = None
    overlay: Overlay = ()
    purged: int = 0

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

    def in_state(self, number: int, overlay: Overlay) -> Release:
        """The record of a new release with the same content in another state of the cluster."""
        return replace(self, number=number, kind=Kind.STATE, of=self.number, overlay=overlay)

    def after_purge(self, number: int) -> Release:
        """The same record, naming the newest purge before it."""
        return replace(self, purged=number)

    @property
    def clean_from(self) -> int:
        """The number below which no release may be kept: that of the newest purge, this one included; 0 for none."""
        return self.number if self.kind is Kind.PURGE else self.purged

    def describes(self, manifest: Manifest) -> bool:
        """Whether the manifest is the one that this record names."""
        return len(manifest) == self.files and manifest.root() == self.root

    def dump(self) -> builtins.bytes:
        """The bytes of format 2."""
        return (json.dumps(self.as_dict(), sort_keys=True, indent=2) + "\n").encode()

    def as_dict(self) -> dict[str, Any]:
        """The record as JSON values, in the names of docs/formats.md."""
        purged = {"purged": self.purged} if self.purged else {}
        return purged | {
            "format": FORMAT,
            "number": self.number,
            "commit": self.commit,
            "now": self.now.isoformat(),
            "root": self.root,
            "files": self.files,
            "bytes": self.bytes,
            "kind": str(self.kind),
            "of": self.of,
            "overlay": [[path, entry.raw, entry.brotli, entry.size] for path, entry in self.overlay],
        }

    @classmethod
    def parse(cls, data: builtins.bytes) -> Self:
        """Reads format 2. Raises: FormatError for another format, or a missing, unknown or wrong field."""
        record = _record(data)
        try:
            record["now"] = datetime.fromisoformat(record["now"])
            record["kind"] = Kind(record["kind"])
            record["overlay"] = tuple((path, Entry(*rest)) for path, *rest in record["overlay"])
            return cls(**record)
        except (TypeError, ValueError, KeyError) as error:
            raise _format_error(str(error)) from error


def file_stem(number: int) -> str:
    """The name under which a target keeps release `number`."""
    return f"{number:0{NUMBER_DIGITS}d}"


def _record(data: bytes) -> dict[str, Any]:
    try:
        record = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _format_error(str(error)) from error
    if not isinstance(record, dict) or record.get("format") not in (1, FORMAT) or record["format"] is True:
        raise _unknown_format()
    if record.pop("format") == 1:  # what an earlier version of the program recorded
        record["overlay"] = []
    if missing := {"of", "kind", "overlay"} - record.keys():
        raise _format_error(f"'{min(missing)}' is missing")
    return record


def _fault(release: Release) -> str | None:
    """The first field whose value cannot stand in a record."""
    if not _is_count(release.number, 1) or release.number > _HIGHEST:
        return "'number' has a wrong value"
    of_fits = release.of is None
    if release.kind in (Kind.ROLLBACK, Kind.STATE):
        of_fits = _is_count(release.of, 1) and release.of < release.number  # type: ignore[operator]  # is a count
    rules = {
        "commit": isinstance(release.commit, str) and _COMMIT.fullmatch(release.commit),
        "now": isinstance(release.now, datetime) and release.now.tzinfo is not None,
        "root": isinstance(release.root, str) and _ROOT.fullmatch(release.root),
        "files": _is_count(release.files, 0),
        "bytes": _is_count(release.bytes, 0),
        "kind": isinstance(release.kind, Kind),
        "of": of_fits,
        "overlay": isinstance(release.overlay, tuple) and _is_overlay(release.overlay),
        "purged": _is_count(release.purged, 0) and release.purged < release.number,
    }
    return next((f"'{name}' has a wrong value" for name, fits in rules.items() if not fits), None)


def _is_overlay(overlay: Overlay) -> bool:
    """Whether there are only files of state, each once, in order, with hashes and a size that a record may hold."""
    paths = [path for path, _ in overlay]
    return paths == sorted(set(paths)) and all(_is_state_file(path, entry) for path, entry in overlay)


def _is_state_file(path: str, entry: Entry) -> bool:
    if not isinstance(path, str):
        return False
    site, _, name = path.partition("/")
    hashes = (entry.raw, *([] if entry.brotli is None else [entry.brotli]))
    are_hashes = all(isinstance(one, str) and _HASH.fullmatch(one) for one in hashes)
    return bool(_SITE.fullmatch(site)) and name in STATE_FILES and are_hashes and _is_count(entry.size, 0)


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
