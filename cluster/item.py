"""An item's Markdown file: bytes ↔ front matter and body, without losing a byte that nobody changed.

`read` splits and checks the form of a file; what its fields mean is the content type's matter (`cluster.content_type`).
`rewrite` changes named fields and keeps every other byte; `compose` writes a new file. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from cluster.frontmatter import FrontMatter, Value, dump_field, parse_front_matter
from cluster.issues import Issue
from cluster.limits import LIMITS

_BOM = b"\xef\xbb\xbf"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)")
_FENCE = re.compile(r"---[ \t]*(?:\r\n|\r|\n|\Z)")
_CLOSING = re.compile(rf"[\r\n](?={_FENCE.pattern})")


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
    _, front_text, rest = parts
    body = rest.partition("\n")[2]
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
    return _plain_line_ends(text), issues


def _plain_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _split(path: str, text: str) -> tuple[str, str, str] | Issue:
    """Opening fence, front matter, and the rest from the closing fence on; together they are `text`."""
    opening = _FENCE.match(text)
    if opening is None:
        return Issue.of("front-matter-missing", path, 1)
    closing = _CLOSING.search(text, opening.end() - 1)  # at once, when there is nothing between the two
    if closing is None:
        return Issue.of("front-matter-open", path, 1)
    return opening[0], text[opening.end() : closing.end()], text[closing.end() :]


def rewrite(data: bytes, changes: Mapping[str, Value | None]) -> bytes:
    """`data` with the given top-level fields set (None removes); all other bytes stay as they are.

    Raises:
        ValueError: the file has no readable front matter.
    """
    bom = _BOM if data.startswith(_BOM) else b""
    parts = _split("", data.removeprefix(_BOM).decode("utf-8"))
    if isinstance(parts, Issue):
        raise ValueError(parts.code)
    opening, front, rest = parts
    newline = "\r\n" if "\r\n" in opening else "\n"
    return bom + f"{opening}{_change(front, changes, newline)}{rest}".encode()


def _change(front: str, changes: Mapping[str, Value | None], newline: str) -> str:
    """The front matter with the changes; written anew as a whole where its lines are not one field each."""
    found = _parse(front)
    if isinstance(found, Issue) and found.code != "front-matter-empty":
        raise ValueError(found.code)
    values, lines = ({}, {}) if isinstance(found, Issue) else (found.values, found.lines)
    changes = {name: value for name, value in changes.items() if values.get(name) != value}
    merged = {**values, **changes}
    wanted = {name: value for name, value in merged.items() if value is not None}
    if not changes:
        return front
    changed = _change_lines(front, lines, changes, newline)
    again = _parse(changed)
    kept = {} if isinstance(again, Issue) else again.values
    return changed if kept == wanted else _fields(wanted, newline)


def _parse(front: str) -> FrontMatter | Issue:
    return parse_front_matter(_plain_line_ends(front), path="", first_line=0)


def _change_lines(front: str, starts: Mapping[str, int], changes: Mapping[str, Value | None], newline: str) -> str:
    """Replaces the lines of the changed fields and adds the new ones at the end."""
    lines = _LINE.findall(front)
    names = {line: name for name, line in starts.items()}
    cuts = sorted({0, *names, len(lines)})
    out: list[str] = []
    for start, end in pairwise(cuts):
        name, piece = names.get(start, ""), lines[start:end]
        out += _changed(name, changes[name], piece, newline) if name in changes else piece
    added = {name: value for name, value in changes.items() if value is not None and name not in starts}
    return "".join(out) + _fields(added, newline)


def _changed(name: str, value: Value | None, piece: list[str], newline: str) -> list[str]:
    """A field's new lines; the comments and blank lines below it stay."""
    end = len(piece)
    while end > 1 and (piece[end - 1].startswith("#") or not piece[end - 1].strip()):
        end -= 1
    tail = piece[end:]
    if value is None:
        # The blank lines must not become part of a text block above.
        while tail and not tail[0].startswith("#"):
            tail.pop(0)
        return tail
    return [_fields({name: value}, newline), *tail]


def _fields(values: Mapping[str, Value], newline: str) -> str:
    return "".join(dump_field(name, value) for name, value in values.items()).replace("\n", newline)


def compose(values: Mapping[str, Value], body: str) -> bytes:
    """A new item's file: the fields in the given order, a blank line, the body with one line break at its end."""
    front = "".join(dump_field(name, value) for name, value in values.items())
    return f"---\n{front}---\n\n{body.strip(chr(10))}\n".encode()


def read_text(data: bytes) -> str:
    """An item's whole file that `read` takes, as its lines are counted."""
    return _plain_line_ends(data.removeprefix(_BOM).decode("utf-8"))


def read_body(data: bytes) -> str:
    """The body of an item's file that `read` takes: only that, without reading the fields again."""
    parts = _split("", read_text(data))
    return "" if isinstance(parts, Issue) else parts[2].partition("\n")[2]
