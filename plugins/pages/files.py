"""Content files that pages use: pictures, attachments, sound and film.

A file is published only when a published page uses it, at its own path on its own site and below `/files/<site>/`
elsewhere. What it weighs and measures is read once per blob and job.
"""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from PIL import Image, UnidentifiedImageError

from cluster.index import Made, PageKey
from cluster.issues import Issue
from cluster.limits import LIMITS
from cluster.manifest import NAME_BYTES, path_fault
from cluster.media import Pointer, parse_pointer
from cluster.references import locate
from cluster.release import MODE_FILES
from cluster.site import RESERVED_COLUMNS
from cluster.source import Entry
from plugins.pages.job import Findings, Job
from plugins.pages.svg import active_part

PICTURES = ("png", "jpg", "jpeg", "gif", "webp", "svg")
# Open formats first; the others are what older documents of a city come in.
DOCUMENTS = ("pdf", "ofd", "docx", "xlsx", "pptx", "csv", "txt", "zip", "doc", "xls", "ppt", "wps", "et", "rar")
MEDIA = ("mp4", "webm", "mp3", "vtt")
KNOWN = (*PICTURES, *DOCUMENTS, *MEDIA)
# First names that the program's own output has: no file and no old address may stand in for what is there.
RESERVED_NAMES = frozenset({*RESERVED_COLUMNS, *MODE_FILES, "_mode", "_redirects", "robots.txt"})
# A folder that ends so may be the name of a page, a feed or a compressed sibling.
_FILE_ENDINGS = (".html", ".xml", ".json", ".css", ".br")
_VIEW_BOX = re.compile(rb"viewBox\s*=\s*[\"']\s*[\d.-]+[\s,]+[\d.-]+[\s,]+(\d+(?:\.\d+)?)[\s,]+(\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """A content file as a page refers to it: `size` in bytes, `width` and `height` in pixels (0 unknown)."""

    url: str
    kind: str
    size: int
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a file cannot be used: the issue's code, empty when it is told elsewhere, and what is wrong inside."""

    code: str
    what: str = ""


_SVG_TOO_BIG = Refused("svg-active", f"> {LIMITS.svg_bytes}")


def place_file(
    job: Job, findings: Findings, target: str, *, of: str, line: int = 0, field: str = ""
) -> PlacedFile | None:
    """Notes that the page of `of` uses the file, and tells how to refer to it; None with an issue when it cannot."""
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
    placed = _remembered(job, entry, kind)
    if isinstance(placed, Refused):
        if placed.code:
            findings.issues.append(Issue.of(placed.code, of, line, field, target=target, what=placed.what))
        return None
    findings.files[output] = entry
    return PlacedFile(quote(f"/{output}"), kind, *placed)


def _output_path(job: Job, path: str) -> str:
    site, _, rest = path.removeprefix("content/").partition("/")
    is_own = site == job.site.key and rest.partition("/")[0] not in RESERVED_NAMES
    return rest if is_own else f"files/{site}/{rest}"


def _is_fit(job: Job, output: str) -> bool:
    """Whether a manifest can hold the file beside all pages: one that cannot would stop the whole cluster."""
    folders = output.split("/")[:-1]
    return path_fault(f"{job.site.key}/{output}") is None and not any(name.endswith(_FILE_ENDINGS) for name in folders)


def _remembered(job: Job, entry: Entry, kind: str) -> tuple[int, int, int] | Refused:
    """What `_measured` says, asked once per blob and job."""
    key = f"{entry.blob}.{kind}"
    if key not in job.measures:
        data = job.source.read(entry)
        pointer = parse_pointer(data)
        job.measures[key] = (_measured(job, data, pointer, kind), pointer.sha256 if pointer is not None else "")
    found: tuple[int, int, int] | Refused
    found, large = job.measures[key]
    if large:
        job.index.saw(f"media:{large}")
    return found


def _measured(job: Job, data: bytes, pointer: Pointer | None, kind: str) -> tuple[int, int, int] | Refused:
    """Size, width and height; or why the file cannot be used."""
    if pointer is not None:
        return _measure_large(job.media.path(pointer), pointer.size, kind)
    if len(data) > LIMITS.git_blob_bytes:
        return Refused("")  # the index has told `blob-too-big`
    if kind == "svg":
        return _measure_svg(data)
    if kind in PICTURES:
        return (len(data), *_measure_picture(data))
    return len(data), 0, 0


def _measure_large(file: Path | None, size: int, kind: str) -> tuple[int, int, int] | Refused:
    if file is None:
        return Refused("file-missing")
    if kind != "svg":
        return size, 0, 0
    return _SVG_TOO_BIG if size > LIMITS.svg_bytes else _measure_svg(file.read_bytes())


def _measure_svg(data: bytes) -> tuple[int, int, int] | Refused:
    if len(data) > LIMITS.svg_bytes:
        return _SVG_TOO_BIG
    if active := active_part(data):
        return Refused("svg-active", active)
    box = _VIEW_BOX.search(data)
    return (len(data), round(float(box[1])), round(float(box[2]))) if box else (len(data), 0, 0)


def _measure_picture(data: bytes) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        return 0, 0


def needed_file(job: Job, path: str, value: str) -> Made:
    """Hands a file that some page uses to the sink; `value` is how the page noted it."""
    source, blob = json.loads(value)
    data = job.source.read(Entry(source, blob))
    pointer = parse_pointer(data)
    large = job.media.path(pointer) if pointer is not None else None
    entry = job.sink.put_file(path, large) if large is not None else job.sink.put(path, data, job.outputs.entry(path))
    return Made(PageKey(path, "file", value), entry)
