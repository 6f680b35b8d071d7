"""Import rules: how the files of a collection are read, as TOML data (format 1) in `rules/` or in the city's own file.

Every mistake of a rules file is told at once, with its line; rules with a mistake are never used. Code knows no word
of any collection: titles, dates, acts, marks and the mapping to fields are all patterns here. Called by
`cluster.importers.markdown` and the command line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from cluster.issues import Issue
from cluster.toml import Table

_NAME = r"[a-z][a-z0-9-]*"
_FIELD = r"[a-z][a-z0-9_]*"
_NEEDED_FIELDS = ("id", "title", "date", "type")
_SLUG_FORM = r"(?:[a-z0-9-]|\{date\}|\{hash\}|\{stem\})+"
_DATE_GROUPS = ("year", "month", "day")
_READINGS = ("lines", "first-date", "last-date", "value")
_VALUES = ("id", "title", "date", "type", "law", "status", "organ", "folder", "folders")


@dataclass(frozen=True, slots=True)
class LineRule:
    """One kind of line in the head; a group `value` in the pattern is what the line says."""

    name: str
    match: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class HeadRules:
    """How the head is read; without `end` it lasts as long as its lines are understood."""

    title: re.Pattern[str]
    end: re.Pattern[str] | None
    date: re.Pattern[str]
    organ: re.Pattern[str] | None
    split: re.Pattern[str] | None
    strip: re.Pattern[str] | None
    spill: re.Pattern[str] | None
    opens: str
    closes: str
    lines: tuple[LineRule, ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """Lines that are no text; `what` names them to people."""

    match: re.Pattern[str]
    what: str


@dataclass(frozen=True, slots=True)
class Change:
    """A substitution in the lines that `where` finds."""

    where: re.Pattern[str]
    find: re.Pattern[str]
    replace: str


@dataclass(frozen=True, slots=True)
class BodyRules:
    """What becomes of the text; `plain` text is escaped but for its headings, `opening` lines of the head lead it."""

    plain: bool
    heading: re.Pattern[str]
    opening: tuple[str, ...]
    drops: tuple[Drop, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A field of the front matter: the values to try, in order; `split` makes a list of a line."""

    name: str
    values: tuple[str, ...]
    split: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of one collection; the front matter has its `fields` in this order."""

    name: str
    type: str
    dated: bool
    front_matter: bool
    head: HeadRules
    date_order: tuple[str, ...]
    file_name: re.Pattern[str] | None
    law_strip: re.Pattern[str] | None
    slug: str
    body: BodyRules
    defaults: Mapping[str, str]
    fields: tuple[FieldRule, ...]


def load_rules(name_or_path: str) -> tuple[Rules | None, list[Issue]]:
    """The built-in rules of that name, or those in that file; no rules, and all their mistakes, when there is one."""
    issues: list[Issue] = []
    try:
        data = _read(name_or_path)
    except OSError:
        known = " / ".join(known_rules())
        return None, [Issue.of("import-rules-unknown", name_or_path, 0, known=known)]
    table = Table.parse(name_or_path, data, issues)
    rules = _load(table) if table is not None else None
    return (None if issues else rules), sorted(set(issues))


def known_rules() -> tuple[str, ...]:
    """The names of the built-in rules."""
    folder = files("cluster.importers").joinpath("rules")
    return tuple(sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml")))


def _read(name_or_path: str) -> bytes:
    if name_or_path in known_rules():
        return files("cluster.importers").joinpath("rules", f"{name_or_path}.toml").read_bytes()
    return Path(name_or_path).read_bytes()


def _load(table: Table) -> Rules:
    lines = tuple(_load_line(row) for row in table.tables("line"))
    head = _load_head(table.table("head"), lines)
    date, law, slug = (
        table.table("date"),
        table.table("law", required=False),
        table.table("slug", required=False),
    )
    known = _known_values(lines)
    rules = Rules(
        name=table.text("name", pattern=_NAME, hint="a-z, 0-9, -"),
        type=table.text("type", pattern=_NAME, hint="a-z, 0-9, -"),
        dated=table.flag("dated", True),
        front_matter=table.flag("front_matter"),
        head=head,
        date_order=_names(date, "order", date.texts("order"), (*known, "file-name")),
        file_name=_pattern(date, "file_name", _DATE_GROUPS),
        law_strip=_pattern(law, "strip"),
        slug=slug.text("form", "{date}-{hash}", pattern=_SLUG_FORM, hint="{date} {hash} {stem} a-z 0-9 -"),
        body=_load_body(table, table.table("body", required=False), lines),
        defaults=_load_defaults(table, known),
        fields=_load_fields(table, known),
    )
    for one in (date, law, slug, table):
        one.close()
    return rules


def _load_head(table: Table, lines: tuple[LineRule, ...]) -> HeadRules:
    head = HeadRules(
        title=_needed(table, "title", ("title",)),
        end=_pattern(table, "end"),
        date=_needed(table, "date", _DATE_GROUPS),
        organ=_pattern(table, "organ", ("organ",)),
        split=_pattern(table, "split"),
        strip=_pattern(table, "strip"),
        spill=_pattern(table, "spill"),
        opens=table.text("opens", ""),
        closes=table.text("closes", ""),
        lines=lines,
    )
    table.close()
    return head


def _load_line(table: Table) -> LineRule:
    line = LineRule(table.text("name", pattern=_NAME, hint="a-z, 0-9, -"), _needed(table, "match"))
    table.close()
    return line


def _load_body(top: Table, table: Table, lines: Sequence[LineRule]) -> BodyRules:
    body = BodyRules(
        plain=table.flag("plain"),
        heading=_needed(table, "heading", default="^#{1,6}[ \t]"),
        opening=_names(table, "opening", table.texts("opening", ()), [line.name for line in lines]),
        drops=tuple(_load_drop(row) for row in top.tables("drop")),
        changes=tuple(_load_change(row) for row in top.tables("change")),
    )
    table.close()
    return body


def _load_drop(table: Table) -> Drop:
    drop = Drop(_needed(table, "match"), table.text("what"))
    table.close()
    return drop


def _load_change(table: Table) -> Change:
    find = _needed(table, "find")
    replace = table.text("replace")
    if not _fits(find, replace):
        table.note("config-value", "replace", value=replace, hint=r"\1 … \9, \\")
    change = Change(_needed(table, "where", default=""), find, replace)
    table.close()
    return change


def _load_defaults(table: Table, known: Sequence[str]) -> dict[str, str]:
    defaults = table.table("defaults", required=False)
    names = [name for name in known if name in defaults]
    values = {name: defaults.text(name) for name in names}
    defaults.close()
    return values


def _load_fields(table: Table, known: Sequence[str]) -> tuple[FieldRule, ...]:
    fields = tuple(_load_field(row, known) for row in table.tables("fields"))
    names = [field.name for field in fields]
    for needed in _NEEDED_FIELDS:
        if needed not in names:
            table.note("config-missing", f"fields: {needed}")
    for name in {name for name in names if names.count(name) > 1}:
        table.note("config-duplicate", "fields", value=name)
    return fields


def _load_field(table: Table, known: Sequence[str]) -> FieldRule:
    name = table.text("name", pattern=_FIELD, hint="a-z, 0-9, _")
    field = FieldRule(name, _names(table, "from", table.texts("from"), known), _pattern(table, "split"))
    table.close()
    return field


def _names(table: Table, key: str, names: Sequence[str], known: Iterable[str]) -> tuple[str, ...]:
    """`names` as they are; each that is no known value is noted."""
    allowed = tuple(known)
    for name in names:
        if name not in allowed and not re.fullmatch(r"front\.[A-Za-z_][\w-]*", name):
            table.note("config-value", key, value=name, hint=" / ".join(allowed))
    return tuple(names)


def _known_values(lines: Iterable[LineRule]) -> tuple[str, ...]:
    return (*_VALUES, *(f"{line.name}.{reading}" for line in lines for reading in _READINGS))


def _needed(table: Table, key: str, groups: Iterable[str] = (), *, default: str | None = None) -> re.Pattern[str]:
    if default is None and key not in table:
        table.text(key)
    return _pattern(table, key, groups) or re.compile(default or "")


def _pattern(table: Table, key: str, groups: Iterable[str] = ()) -> re.Pattern[str] | None:
    """The compiled pattern at `key`; a wrong one, or one without the groups, is noted."""
    text = table.text(key, "")
    if not text:
        return None
    try:
        found = re.compile(text)
    except re.error as error:
        table.note("config-value", key, value=text, hint=f"{error}")
        return None
    missing = [group for group in groups if group not in found.groupindex]
    if missing:
        table.note("config-value", key, value=text, hint=" ".join(f"(?P<{group}>…)" for group in missing))
    return found


def _fits(find: re.Pattern[str], replace: str) -> bool:
    """Whether `replace` names only groups that `find` has."""
    try:
        find.sub(replace, "")
    except (re.error, IndexError):
        return False
    return True
