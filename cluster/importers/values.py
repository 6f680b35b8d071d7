"""What an imported item's fields are made from: every value of a source file by the name that rules use for it.

Names are `id title type law date status organ folder folders`, `<line>.lines`, `<line>.first-date`, `<line>.last-date`
and `<line>.value` for each kind of head line, and `front.<field>` for the file's own front matter. Pure.
Called by `cluster.importers.markdown`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from cluster.clock import parse_date
from cluster.frontmatter import Value
from cluster.importers.head import Act, Head, read_date
from cluster.importers.rules import Rules
from cluster.importers.text import Report


def source_id(source: str) -> str:
    """The permanent id of the item made from the file at this path below the folder: 16 hex digits."""
    return source_digest(source)[:16]


def source_digest(source: str) -> str:
    """The SHA-256 of a source path in hex."""
    return hashlib.sha256(source.encode()).hexdigest()


def read_values(source: str, head: Head, front: Mapping[str, Value], rules: Rules) -> dict[str, Value]:
    """Everything that a field may be made from, by the names that rules use."""
    folders = list(PurePosixPath(source).parent.parts)
    organs = [act.organ for act in head.acts if act.organ]
    law = rules.law_strip.sub("", head.title).strip() if rules.law_strip is not None else head.title
    values: dict[str, Value] = {
        "id": source_id(source),
        "title": head.title,
        "type": rules.type,
        "law": law or head.title,
        "folder": folders[-1] if folders else "",
        "folders": [*folders],
        "organ": organs[-1] if organs else "",
    }
    for kind in dict.fromkeys(rule.name for rule in rules.head.lines):
        values |= _readings(kind, [act for act in head.acts if act.kind == kind])
    return values | {f"front.{name}": value for name, value in front.items()}


def _readings(kind: str, acts: list[Act]) -> dict[str, Value]:
    dates = [act.date for act in acts if act.date]
    return {
        f"{kind}.lines": [act.text for act in acts],
        f"{kind}.first-date": dates[0] if dates else "",
        f"{kind}.last-date": dates[-1] if dates else "",
        f"{kind}.value": next((act.value for act in acts if act.value), ""),
    }


def choose_date(source: str, values: Mapping[str, Value], rules: Rules, report: Report) -> str:
    """The first date of the rules' order that is one; a date in the file's name that differs is told."""
    named = _file_name_date(source, rules)
    for name in rules.date_order:
        value = named if name == "file-name" else values.get(name, "")
        if not value:
            continue
        if not isinstance(value, str) or not _is_date(value):
            report.issue("import-date-bad", value=value)
            continue
        if named and named != value.strip()[:10]:
            report.issue("import-date-differs", date=value, named=named)
        return value.strip()
    return ""


def _file_name_date(source: str, rules: Rules) -> str:
    match = rules.file_name.search(PurePosixPath(source).stem) if rules.file_name is not None else None
    try:
        return read_date(match) if match else ""
    except ValueError:
        return ""


def _is_date(text: str) -> bool:
    try:
        parse_date(text)
    except (ValueError, OverflowError):
        return False
    return True
