"""An item's Markdown file: bytes ↔ front matter and body, without losing a byte that nobody changed.

`read` splits and checks the form of a file; what its fields mean is the content type's matter (`cluster.content_type`).
`rewrite` changes named fields and keeps every other byte; `compose` writes a new file. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cluster.frontmatter import FrontMatter, Value, dump_field, parse_front_matter
from cluster.issues import Issue
from cluster.limits import LIMITS

_BOM = b"\xef\xbb\xbf"
_FENCE = re.compile(r"^---[ \t]*\r?$", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^(?![ \t#\-\r\n])", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Document:
    """One item's file, split: `body_line` is the file's line (from 1) on which `body` starts."""

    path: str
    front: FrontMatter
    body: str
    body_line: int


def read(path: str, data: bytes) -> tuple[Document | None, list[Issue]]:
    """The document in `data` with its issues; no document when the form is broken."""
    if len(data) > LIMITS.item_bytes:
        return None, [Issue.of("file-too-big", path, 0, size=len(data), limit=LIMITS.item_bytes)]
    text, issues = _decode(path, data)
    if text is None:
        return None, issues
    parts = _split(path, text)
    if isinstance(parts, Issue):
        return None, [*issues, parts]
    front_text, body = parts
    front = parse_front_matter(front_text, path=path, first_line=2)
    if isinstance(front, Issue):
        return None, [*issues, front]
    return Document(path, front, body, 3 + front_text.count("\n")), issues


def _decode(path: str, data: bytes) -> tuple[str | None, list[Issue]]:
    issues: list[Issue] = []
    if data.startswith(_BOM):
        issues.append(Issue.of("bom", path, 1))
        data = data.removeprefix(_BOM)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return None, [*issues, Issue.of("not-utf8", path, line, offset=error.start)]
    if "\r" in text:
        issues.append(Issue.of("crlf", path, 1))
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text, issues


def _split(path: str, text: str) -> tuple[str, str] | Issue:
    """Front matter and body, both without their fences."""
    opening = _FENCE.match(text)
    if opening is None:
        return Issue.of("front-matter-missing", path, 1)
    start = opening.end() + 1
    closing = _FENCE.search(text, start)
    if closing is None:
        return Issue.of("front-matter-open", path, 1)
    return text[start : closing.start()], text[closing.end() + 1 :]


def rewrite(data: bytes, changes: Mapping[str, Value | None]) -> bytes:
    """`data` with the given top-level fields set (None removes); all other bytes stay as they are.

    Raises:
        ValueError: the file has no readable front matter.
    """
    bom = _BOM if data.startswith(_BOM) else b""
    text = data.removeprefix(_BOM).decode("utf-8")
    parts = _split("", text)
    if isinstance(parts, Issue):
        raise ValueError(parts.code)
    front, body = parts
    newline = "\r\n" if "\r\n" in front else "\n"
    head = _change(front, changes, newline)
    fence_end = text.index(front, 3) if front else text.index("\n") + 1
    tail = text[fence_end + len(front) :]
    return bom + (text[:fence_end] + head + tail).encode()


def _change(front: str, changes: Mapping[str, Value | None], newline: str) -> str:
    slices = _slices(front)
    known = {_key(piece) for piece in slices}
    out = [_changed(piece, changes, newline) for piece in slices]
    added = [
        _field(name, value, newline)
        for name, value in changes.items()
        if name not in known and value is not None
    ]
    if added and out and not out[-1].endswith("\n"):
        out.append(newline)
    return "".join(out + added)


def _slices(front: str) -> list[str]:
    """The front matter cut at every top-level key; comments and blank lines stay with the field above them."""
    starts = [match.start() for match in _TOP_LEVEL.finditer(front) if match.start() < len(front)]
    cuts = sorted({0, *starts, len(front)})
    return [front[a:b] for a, b in zip(cuts, cuts[1:], strict=False)]


def _key(piece: str) -> str:
    return piece.split(":", 1)[0].strip().strip("\"'")


def _changed(piece: str, changes: Mapping[str, Value | None], newline: str) -> str:
    name = _key(piece)
    if name not in changes:
        return piece
    value = changes[name]
    return "" if value is None else _field(name, value, newline)


def _field(name: str, value: Value, newline: str) -> str:
    return dump_field(name, value).replace("\n", newline)


def compose(values: Mapping[str, Value], body: str) -> bytes:
    """A new item's file: the fields in the given order, a blank line, the body with one line break at its end."""
    front = "".join(dump_field(name, value) for name, value in values.items())
    return f"---\n{front}---\n\n{body.strip(chr(10))}\n".encode()
