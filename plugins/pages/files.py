"""Content files that pages use: pictures, attachments, sound and film.

A file is published only when a published page uses it, at its own path on its own site and below `/files/<site>/`
elsewhere. What it weighs and measures is read once per blob and job. The smaller variants of a picture go below
`/_pictures/` of the same site, with the picture and away with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cluster.index import Made, PageKey
from cluster.issues import Issue
from cluster.limits import LIMITS
from cluster.manifest import NAME_BYTES, path_fault
from cluster.media import Pointer, parse_pointer
from cluster.references import cut, locate
from cluster.release import MODE_FILES
from cluster.site import RESERVED_COLUMNS
from cluster.source import Entry
from plugins.pages.job import Findings, Job
from plugins.pages.svg import active_part
from plugins.pictures import variants

PICTURES = ("png", "jpg", "jpeg", "gif", "webp", "svg")
# Open formats first; the others are what older documents of a city come in.
DOCUMENTS = ("pdf", "ofd", "docx", "xlsx", "pptx", "csv", "txt", "zip", "doc", "xls", "ppt", "wps", "et", "rar")
MEDIA = ("mp4", "webm", "mp3", "vtt")
KNOWN = (*PICTURES, *DOCUMENTS, *MEDIA)
# First names that the program's own output has: no file and no old address may stand in for what is there.
PICTURE_FOLDER = "_pictures"
RESERVED_NAMES = frozenset({*RESERVED_COLUMNS, PICTURE_FOLDER, *MODE_FILES, "_mode", "_redirects", "robots.txt"})
# A folder that ends so may be the name of a page, a feed or a compressed sibling.
_FILE_ENDINGS = (".html", ".xml", ".json", ".css", ".br")
_VIEW_BOX = re.compile(rb"viewBox\s*=\s*[\"']\s*[\d.-]+[\s,]+[\d.-]+[\s,]+(\d+(?:\.\d+)?)[\s,]+(\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """A content file as a page refers to it: `size` in bytes, `width` and `height` in pixels (0 unknown).

    `widths` are those of the variants of a picture, smallest first.
    """

    url: str
    kind: str
    size: int
    width: int = 0
    height: int = 0
    widths: tuple[int, ...] = ()

    @property
    def srcset(self) -> str:
        """The variants as `srcset` of a source of the type `image/webp`; empty without any."""
        if not self.widths:
            return ""
        rows = [f"{variant_path(self.url, width)} {width}w" for width in self.widths]
        if self.kind == "webp" and self.width > self.widths[-1]:
            rows.append(f"{self.url} {self.width}w")
        return ", ".join(rows)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a file weighs and measures, without regard to where it goes; `noted` where its bytes hold hidden notes."""

    size: int
    width: int = 0
    height: int = 0
    widths: tuple[int, ...] = ()
    noted: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a file cannot be used: the issue's code, empty when it is told elsewhere, and what is wrong inside."""

    code: str
    what: str = ""


_SVG_TOO_BIG = Refused("svg-active", f"> {LIMITS.svg_bytes}")


def place_file(
    job: Job, findings: Findings, target: str, *, of: str, line: int = 0, field: str = "", is_shown: bool = False
) -> PlacedFile | None:
    """Notes that the page of `of` uses the file, and tells how to refer to it; None with an issue when it cannot.

    A picture that `is_shown` in the page, and not only linked to, is offered with its variants.
    """
    path = locate(target, of)
    kind = path.rpartition(".")[2].lower()
    if kind not in KNOWN:
        findings.issues.append(Issue.of("file-kind", of, line, field, target=target, known=" ".join(KNOWN)))
        return None
    entry = job.index.file(path) if path.startswith("content/") else None
    if entry is None:
        findings.issues.append(Issue.of("file-missing", of, line, field, target=target))
        return None
    output = _output_path(job, path)
    if not _is_fit(job, output):
        endings = " ".join(_FILE_ENDINGS)
        findings.issues.append(Issue.of("file-name", of, line, field, target=target, limit=NAME_BYTES, endings=endings))
        return None
    measured = _remembered(job, entry, kind)
    if isinstance(measured, Refused):
        if measured.code:
            findings.issues.append(Issue.of(measured.code, of, line, field, target=target, what=measured.what))
        return None
    if measured.fault:
        findings.issues.append(Issue.of(measured.fault, of, line, field, target=target))
    offered = measured.widths if is_shown else ()
    widths = tuple([width for width in offered if _is_fit(job, variant_path(output, width))])
    _note(findings, output, entry, is_cleaned=measured.noted, widths=widths)
    return PlacedFile(quote(f"/{output}"), kind, measured.size, measured.width, measured.height, widths)


def place_beside(job: Job, target: str, ending: str, *, of: str) -> str:
    """How to name the file with another ending that lies beside a file; empty when there is none."""
    beside = f"{cut(target)[0].rpartition('.')[0]}.{ending}"
    path = locate(beside, of)
    return beside if path.startswith("content/") and job.index.file(path) is not None else ""


def read_beside(job: Job, target: str, *, of: str) -> str:
    """The words of a text file that lies in the content, cut where it is too long; empty when it cannot be read."""
    entry = job.index.file(locate(target, of))
    data = job.source.read(entry) if entry is not None else b""
    return data[: LIMITS.transcript_bytes].decode("utf-8-sig", "replace")


def variant_path(path: str, width: int) -> str:
    """The path of a variant, by the path or the URL of its picture."""
    slash = "/" if path.startswith("/") else ""
    return f"{slash}{PICTURE_FOLDER}/{path.removeprefix('/')}.{width}.webp"


def _note(findings: Findings, output: str, entry: Entry, *, is_cleaned: bool, widths: Iterable[int]) -> None:
    if is_cleaned:
        findings.pictures[output] = entry, 0
    else:
        findings.files[output] = entry
    for width in widths:
        findings.pictures[variant_path(output, width)] = entry, width


def _output_path(job: Job, path: str) -> str:
    site, _, rest = path.removeprefix("content/").partition("/")
    is_own = site == job.site.key and rest.partition("/")[0] not in RESERVED_NAMES
    return rest if is_own else f"files/{site}/{rest}"


def _is_fit(job: Job, output: str) -> bool:
    """Whether a manifest can hold the file beside all pages: one that cannot would stop the whole cluster."""
    folders = output.split("/")[:-1]
    return path_fault(f"{job.site.key}/{output}") is None and not any(name.endswith(_FILE_ENDINGS) for name in folders)


def _remembered(job: Job, entry: Entry, kind: str) -> Measured | Refused:
    """What `_measured` says, asked once per blob and job."""
    key = f"{entry.blob}.{kind}"
    if key not in job.measures:
        data = job.source.read(entry)
        pointer = parse_pointer(data)
        job.measures[key] = (_measured(job, data, pointer, key), pointer.sha256 if pointer is not None else "")
    found: Measured | Refused
    found, large = job.measures[key]
    if large:
        job.index.saw(f"media:{large}")
    return found


def _measured(job: Job, data: bytes, pointer: Pointer | None, key: str) -> Measured | Refused:
    """What the file is; or why it cannot be used."""
    kind = key.rpartition(".")[2]
    if pointer is not None:
        return _measure_large(job, pointer, key)
    if len(data) > LIMITS.git_blob_bytes:
        return Refused("")  # the index has told `blob-too-big`
    if kind == "svg":
        return _measure_svg(data)
    if kind in variants.KINDS or kind == "gif":
        return _measure_picture(job, data, len(data), key)
    return Measured(len(data))


def _measure_large(job: Job, pointer: Pointer, key: str) -> Measured | Refused:
    file, kind = job.media.path(pointer), key.rpartition(".")[2]
    if file is None:
        return Refused("file-missing")
    if kind in variants.KINDS and pointer.size <= LIMITS.picture_bytes:
        return _measure_picture(job, file, pointer.size, key)
    if kind != "svg":
        return Measured(pointer.size)
    return _SVG_TOO_BIG if pointer.size > LIMITS.svg_bytes else _measure_svg(file.read_bytes())


def _measure_svg(data: bytes) -> Measured | Refused:
    if len(data) > LIMITS.svg_bytes:
        return _SVG_TOO_BIG
    if active := active_part(data):
        return Refused("svg-active", active)
    box = _VIEW_BOX.search(data)
    return Measured(len(data), round(float(box[1])), round(float(box[2]))) if box else Measured(len(data))


def _measure_picture(job: Job, data: bytes | Path, size: int, key: str) -> Measured | Refused:
    look, noted = job.pictures.look(key, lambda: data)
    if look.fault == "huge":
        return Refused("picture-huge", str(LIMITS.picture_pixels))
    fault = "picture-damaged" if look.fault else ""
    return Measured(size, look.width, look.height, look.widths, noted, fault)


def needed_file(job: Job, path: str, value: str) -> Made:
    """Hands a file that some page uses to the sink; `value` is how the page noted it."""
    source, blob, *drawing = json.loads(value)
    data = job.source.read(Entry(source, blob))
    pointer = parse_pointer(data)
    large = job.media.path(pointer) if pointer is not None else None
    if drawing:
        kind = source.rpartition(".")[2].lower()
        data = job.pictures.variant(f"{blob}.{kind}", drawing[0], lambda: large or data)
        entry = job.sink.put(path, data, job.outputs.entry(path))
    elif large is not None:
        entry = job.sink.put_file(path, large)
    else:
        entry = job.sink.put(path, data, job.outputs.entry(path))
    return Made(PageKey(path, "file", value), entry)
