"""The Markdown importer: a folder of foreign Markdown files → items of the content repository, by rules that are data.

- Importing again gives the same ids, for an id comes from the source's path below the folder.
- The same folder and rules give the same bytes; nothing here writes, the command line commits.
- A file that cannot be read is told and skipped; all the others are imported.

`import_folder` is called by the command line; `cluster.importers.rules` reads the rules, `cluster.importers.update`
lays the items into what is there.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cluster import item as item_file
from cluster.clock import parse_date, stamp
from cluster.errors import ContentError
from cluster.frontmatter import Value
from cluster.importers.head import Head, read_head
from cluster.importers.rules import Rules
from cluster.importers.text import BOM, Line, Report, escape_plain, read_lines, write_body
from cluster.importers.values import choose_date, read_values, source_digest
from cluster.issues import Issue
from cluster.limits import LIMITS
from cluster.source import is_scratch
from cluster.validation import RESERVED, is_slug

_SUFFIXES = (".md", ".markdown")
_PLACE = re.compile(r"[a-z0-9][a-z0-9-]*(?:/[a-z0-9][a-z0-9-]*)*")
_OWN_FIELDS = ("title",)


@dataclass(frozen=True, slots=True)
class ImportedItem:
    """One item to be written at `path` below `content/`; `source` is the file's path below the folder."""

    path: str
    data: bytes
    source: str
    id: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What a folder gave: items by source path, issues to mend, notes of what the rules changed, files left out."""

    items: tuple[ImportedItem, ...]
    issues: tuple[Issue, ...]
    notes: tuple[Issue, ...]
    skipped: tuple[str, ...]


@dataclass(slots=True)
class _Draft:
    """One source file, read; `values` are what the rules' fields can be made from."""

    source: str
    values: dict[str, Value]
    body: str


def import_folder(folder: Path, *, site: str, column: str, rules: Rules) -> Imported:
    """The items that the Markdown files below `folder` become in `column` of `site`.

    Raises:
        ContentError: `folder` is no folder, or site or column is no path.
    """
    _require_places(folder, site, column)
    reports: list[Report] = []
    drafts: list[_Draft] = []
    found = sorted(_walk(folder))
    for source, path in found:
        report = Report(source)
        reports.append(report)
        draft = _read_source(path, source, rules, report)
        if draft is not None:
            drafts.append(draft)
    by_source = {report.source: report for report in reports}
    _mark_versions(drafts, by_source)
    items = _compose_all(drafts, f"{site}/{column}", rules, by_source)
    made = {item.source for item in items}
    return Imported(
        items=items,
        issues=tuple(sorted(issue for report in reports for issue in report.issues)),
        notes=tuple(sorted(note for report in reports for note in report.notes)),
        skipped=tuple(source for source, _ in found if source not in made),
    )


def _require_places(folder: Path, site: str, column: str) -> None:
    if not folder.is_dir():
        raise ContentError(
            f"{folder} is no folder. Name the folder that holds the Markdown files.",
            f"{folder} 不是文件夹。请指定存放 Markdown 文件的文件夹。",
        )
    for place in (site, column):
        if not _PLACE.fullmatch(place):
            raise ContentError(
                f"'{place}' is no site or column. Write it as in sites/, such as --site congress --column fagui/falv.",
                f"“{place}”不是站点或栏目。请按 sites/ 里的写法，例如 --site congress --column fagui/falv。",
            )


# ---- reading --------------------------------------------------------------------------------------------------------


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file below `folder`, and every folder that cannot be opened, with its path as text.

    Links are not followed, hidden and scratch files are not seen.
    """
    pending = [folder]
    while pending:
        opened = pending.pop()
        try:
            children = list(os.scandir(opened))
        except OSError:
            yield _source_name(opened.relative_to(folder)), opened
            continue
        for child in children:
            path = Path(child.path)
            if child.is_dir(follow_symlinks=False):
                if not child.name.startswith("."):
                    pending.append(path)
            elif not is_scratch(child.name):
                yield _source_name(path.relative_to(folder)), path


def _source_name(path: Path) -> str:
    """The path as text that is the same on every system; bytes that are no text become U+FFFD."""
    text = os.fsencode(path.as_posix()).decode("utf-8", "replace")
    return unicodedata.normalize("NFC", text)


def _read_source(path: Path, source: str, rules: Rules, report: Report) -> _Draft | None:
    """The draft of one file; None, with the reason told, when it gives no item."""
    data = _read_bytes(path, report)
    if data is None:
        return None
    parts = _read_front(data, rules, report)
    if parts is None:
        return None
    front, lines = parts
    title = front.get("title", "")
    head = read_head(lines, rules.head, report, known_title=title.strip() if isinstance(title, str) else "")
    if not head.title:
        report.issue("import-no-title", lines[0].number if lines else 1)
        return None
    values = read_values(source, head, front, rules)
    return _draft(source, head, values, rules, report)


def _read_bytes(path: Path, report: Report) -> bytes | None:
    """The bytes of a regular Markdown file of a bearable size; None, with the reason told, for all else."""
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            report.issue("symlink")
        elif not stat.S_ISREG(status.st_mode):
            report.issue("import-unreadable", problem="not a regular file / 不是普通文件")
        elif path.suffix.lower() not in _SUFFIXES:
            report.note("import-not-markdown")
        elif status.st_size > LIMITS.item_bytes:
            report.issue("file-too-big", size=status.st_size, limit=LIMITS.item_bytes)
        else:
            return path.read_bytes()
    except OSError as error:
        report.issue("import-unreadable", problem=error.strerror or str(error))
    return None


def _read_front(data: bytes, rules: Rules, report: Report) -> tuple[Mapping[str, Value], list[Line]] | None:
    """The file's own front matter, where the rules read one, and the lines after it."""
    if not rules.front_matter or not data.removeprefix(BOM).startswith(b"---"):
        lines = read_lines(data, report)
        return None if lines is None else ({}, lines)
    document, issues = item_file.read(report.source, data)
    report.issues.extend(issues)
    if document is None:
        return None
    for name, line in document.front.lines.items():
        if f"front.{name}" not in _wanted_values(rules) and name not in _OWN_FIELDS:
            report.issue("import-field-unmapped", line, name=name)
    return document.front.values, read_lines(document.body.encode(), report, document.body_line) or []


def _wanted_values(rules: Rules) -> set[str]:
    return {*rules.date_order, *(name for field in rules.fields for name in field.values)}


def _draft(source: str, head: Head, values: dict[str, Value], rules: Rules, report: Report) -> _Draft | None:
    date = choose_date(source, values, rules, report)
    if not date:
        report.issue("import-no-date", 1)
        return None
    opening = (act.text for act in head.acts if act.kind in ("", *rules.body.opening))
    notes = [escape_plain(text) if rules.body.plain else text for text in opening]
    body = "\n\n".join([*notes, write_body(head.body, rules.body, report).strip("\n")])
    if not body.strip():
        report.issue("import-empty")
    return _Draft(source, values | {"date": date}, body)


# ---- versions -------------------------------------------------------------------------------------------------------


def _mark_versions(drafts: Iterable[_Draft], reports: Mapping[str, Report]) -> None:
    """Sets each draft's status: the newest version of a law is current, older ones are amended."""
    laws: dict[str, list[_Draft]] = {}
    for draft in drafts:
        laws.setdefault(str(draft.values["law"]), []).append(draft)
    for versions in laws.values():
        newest = max(_moment(version) for version in versions)
        current = [version for version in versions if _moment(version) == newest]
        for version in versions:
            version.values["status"] = "current" if version in current else "amended"
        for twin in current[1:]:
            reports[twin.source].issue("import-version-twice", other=current[0].source)


def _moment(draft: _Draft) -> float:
    return parse_date(str(draft.values["date"])).timestamp()


# ---- writing --------------------------------------------------------------------------------------------------------


def _compose_all(
    drafts: Iterable[_Draft], place: str, rules: Rules, reports: Mapping[str, Report]
) -> tuple[ImportedItem, ...]:
    items: dict[str, ImportedItem] = {}
    for draft in drafts:
        report = reports[draft.source]
        item = _compose(draft, place, rules, report)
        if item is not None and item.path in items:
            report.issue("url-taken", url=item.path, other=items[item.path].source)
        elif item is not None:
            items[item.path] = item
    return tuple(items.values())


def _compose(draft: _Draft, place: str, rules: Rules, report: Report) -> ImportedItem | None:
    path = item_place(place, draft.source, str(draft.values["date"]), rules)
    slug = PurePosixPath(path).stem
    if not is_slug(slug):
        report.issue("slug-bad", slug=slug, reserved=RESERVED)
        return None
    data = item_file.compose(_fields(draft, rules), draft.body)
    document, issues = item_file.read(draft.source, data)
    if document is None:
        report.issues.extend(Issue(draft.source, 0, one.code, one.field, one.values) for one in issues)
        return None
    return ImportedItem(path, data, draft.source, str(draft.values["id"]))


def item_place(place: str, source: str, date: str, rules: Rules) -> str:
    """The path below `content/` that the rules give the item of a source file with this date in a column."""
    day = stamp(parse_date(date))[:10]
    slug = rules.slug.format(
        date=day.replace("-", ""), hash=source_digest(source)[:8], stem=PurePosixPath(source).stem.lower()
    )
    return f"{place}/{day[:4]}/{slug}.md" if rules.dated else f"{place}/{slug}.md"


def _fields(draft: _Draft, rules: Rules) -> dict[str, Value]:
    """The front matter: for each field the first of its values that is not empty."""
    fields: dict[str, Value] = {}
    for field in rules.fields:
        candidates = (draft.values.get(name) or rules.defaults.get(name, "") for name in field.values)
        value = next((candidate for candidate in candidates if candidate), "")
        if value and field.split is not None and isinstance(value, str):
            value = [piece.strip() for piece in field.split.split(value) if piece.strip()]
        if value:
            fields[field.name] = value
    return fields
