"""Content types: the TOML schemas of `sites/types/`, and the typing of an item's fields by them.

One schema serves validation, templates, feeds, importers and the editor's form. Values come in as YAML strings and
leave as plain JSON-able values: dates as fixed-width ISO stamps, lists of strings, lists of mappings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from cluster.clock import parse_date, stamp
from cluster.frontmatter import Value
from cluster.issues import Issue
from cluster.toml import Table

KINDS = (
    "line", "text", "date", "list", "columns", "item", "topic", "file", "files", "paths", "choice", "bool", "int",
    "blob",
)  # fmt: skip
PLACES = ("head", "list", "foot", "none")
# The fields that the program itself reads; a type may have them or not, but only of these kinds.
FIXED_KINDS: Mapping[str, str] = {
    "title": "line", "date": "date", "updated": "date", "expires": "date", "id": "line", "law": "line",
    "keywords": "list", "also": "columns", "topic": "topic", "interprets": "item",
    "translation_of": "item", "translated_blob": "blob",
    "image": "file", "attachments": "files", "redirect_from": "paths",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a type: its kind, words in both languages, and whether it must or should be given."""

    name: str
    kind: str
    label: Mapping[str, str]
    help: Mapping[str, str]
    required: bool = False
    wanted: bool = False
    shown: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContentType:
    """The schema of one kind of item; `dated` types live in year folders, standing ones do not.

    `expected` are the fields that must or should be given.
    """

    name: str
    label: Mapping[str, str]
    dated: bool
    template: str
    fields: tuple[Field, ...]
    expected: tuple[Field, ...] = dataclass_field(init=False, repr=False, compare=False)
    _by_name: Mapping[str, Field] = dataclass_field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sorts the fields for those that ask for them once per item."""
        object.__setattr__(self, "expected", tuple(field for field in self.fields if field.required or field.wanted))
        object.__setattr__(self, "_by_name", {field.name: field for field in reversed(self.fields)})

    def field(self, name: str) -> Field | None:
        """The field of that name."""
        return self._by_name.get(name)


def load_types(files: Mapping[str, bytes], issues: list[Issue]) -> dict[str, ContentType]:
    """The types by name from `path → bytes` of `sites/types/*.toml`; mistakes go into `issues`."""
    types: dict[str, ContentType] = {}
    tables = {path: Table.parse(path, data, issues) for path, data in sorted(files.items())}
    waiting = {path: table for path, table in tables.items() if table is not None}
    while waiting:
        ready = [path for path, table in waiting.items() if _base_is_known(table, types)]
        for path in ready or list(waiting):
            table = waiting.pop(path)
            loaded = _load_type(table, types)
            if loaded.name in types:
                table.note("config-duplicate", "name", value=loaded.name)
            types[loaded.name] = loaded
    return types


def template_issues(files: Mapping[str, bytes], templates: Collection[str]) -> list[Issue]:
    """What the types in `path → bytes` of `sites/types/*.toml` name as template and `templates` does not have."""
    issues: list[Issue] = []
    for path, data in sorted(files.items()):
        other: list[Issue] = []  # told by `load_types`
        table = Table.parse(path, data, other)
        name = table.text("template", "article") if table is not None else ""
        if table is not None and not other and name not in templates:
            hint = " / ".join(sorted(templates))
            issues.append(Issue.of("config-value", path, table.line("template"), "template", value=name, hint=hint))
    return issues


def _base_is_known(table: Table, types: Mapping[str, ContentType]) -> bool:
    base = table.text("extends", "")
    return not base or base in types


def _load_type(table: Table, types: Mapping[str, ContentType]) -> ContentType:
    base = table.text("extends", "")
    if base and base not in types:
        table.note("config-value", "extends", value=base, hint=" / ".join(types))
    inherited = types[base].fields if base in types else ()
    own = tuple(_load_field(row) for row in table.tables("fields"))
    names = {field.name for field in own}
    if len(names) < len(own):
        table.note("config-duplicate", "fields", value="[[fields]] name")
    loaded = ContentType(
        name=table.text("name", pattern=r"[a-z][a-z0-9-]*", hint="a-z, 0-9, -"),
        label=_words(table.table("label")),
        dated=table.flag("dated", True),
        template=table.text("template", "article"),
        fields=(*(field for field in inherited if field.name not in names), *own),
    )
    date = loaded.field("date")
    if loaded.dated and not (date and date.required):
        table.note("config-value", "dated", value="true", hint='[[fields]] name = "date", required = true')
    table.close()
    return loaded


def _load_field(table: Table) -> Field:
    loaded = Field(
        name=table.text("name", pattern=r"[a-z][a-z0-9_]*", hint="a-z, 0-9, _"),
        kind=table.choice("kind", KINDS),
        label=_words(table.table("label")),
        help=_words(table.table("help", required=False)),
        required=table.flag("required"),
        wanted=table.flag("wanted"),
        shown=table.texts("shown", ()),
        choices=table.texts("choices", ()),
    )
    if loaded.kind in KINDS and (fixed := FIXED_KINDS.get(loaded.name, loaded.kind)) != loaded.kind:
        table.note("config-value", "kind", value=loaded.kind, hint=fixed)
    table.close()
    return loaded


def _words(table: Table) -> dict[str, str]:
    return {"zh": table.text("zh", ""), "en": table.text("en", "")}


# ---- typing an item's values ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Typed:
    """An item's fields typed by its schema."""

    fields: Mapping[str, Any]
    issues: tuple[Issue, ...]


def type_fields(kind: ContentType, values: Mapping[str, Value], lines: Mapping[str, int], path: str) -> Typed:
    """Types `values` by the schema; a field that cannot be typed is left out of the result and told."""
    issues: list[Issue] = []
    typed: dict[str, Any] = {}
    for name, value in values.items():
        field = kind.field(name)
        if field is None:
            if name != "type":
                issues.append(Issue.of("field-unknown", path, lines[name], name, type=kind.name))
        elif value != "":
            result = _READERS[field.kind](field, value)
            if isinstance(result, _Wrong):
                issues.append(Issue.of(result.code, path, lines[name], name, **dict(result.values)))
            elif result != "":
                typed[name] = result
    issues.extend(_missing(kind, typed, {issue.field for issue in issues}, lines, path))
    return Typed(typed, tuple(issues))


def _missing(
    kind: ContentType, typed: Mapping[str, Any], told: set[str], lines: Mapping[str, int], path: str
) -> Iterable[Issue]:
    for field in kind.expected:
        if field.name not in typed and field.name not in told:
            code = "field-required" if field.required else "field-wanted"
            yield Issue.of(code, path, lines.get(field.name, 2), field.name)


@dataclass(frozen=True, slots=True)
class _Wrong:
    code: str
    values: tuple[tuple[str, str], ...] = ()


def _read_line(_: Field, value: Value) -> Any:
    if isinstance(value, str) and "\n" not in value.strip():
        return value.strip()
    return _Wrong("not-a-line")


def _read_text(_: Field, value: Value) -> Any:
    return value.strip() if isinstance(value, str) else _Wrong("not-a-line")


def _read_date(_: Field, value: Value) -> Any:
    try:
        return stamp(parse_date(value)) if isinstance(value, str) else _Wrong("not-a-line")
    except (ValueError, OverflowError):
        return _Wrong("not-a-date", (("value", str(value)),))


def _read_list(_: Field, value: Value) -> Any:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return [str(one).strip() for one in value if str(one).strip()]
    return _Wrong("not-a-list")


def _read_choice(field: Field, value: Value) -> Any:
    if value in field.choices:
        return value
    return _Wrong("not-a-choice", (("value", str(value)), ("choices", " / ".join(field.choices))))


def _read_bool(_: Field, value: Value) -> Any:
    if value in ("true", "false"):
        return value == "true"
    return _Wrong("not-a-bool", (("value", str(value)),))


def _read_int(_: Field, value: Value) -> Any:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value):
        return int(value)
    return _Wrong("not-a-number", (("value", str(value)),))


def _read_blob(_: Field, value: Value) -> Any:
    """The name of a Git blob, or at least its first twelve digits: fewer may soon mean two."""
    if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{12,64}", value):
        return value
    return _Wrong("not-a-blob", (("value", str(value)),))


def _read_files(_: Field, value: Value) -> Any:
    if not isinstance(value, list):
        return _Wrong("not-a-list")
    if not all(_is_attachment(row) for row in value):
        return _Wrong("attachment-incomplete")
    return value


def _is_attachment(row: Value) -> bool:
    return (
        isinstance(row, dict)
        and set(row) == {"file", "title"}
        and all(isinstance(one, str) and one for one in row.values())
    )


def _read_paths(_: Field, value: Value) -> Any:
    rows = _read_list(_, value)
    if isinstance(rows, _Wrong):
        return rows
    bad = [row for row in rows if not is_site_path(row)]
    return _Wrong("not-a-path", (("value", bad[0]),)) if bad else rows


def is_site_path(path: str) -> bool:
    """Whether `path` is a URL path of a site that may be redirected or gone: `/news/2026/x.html` or `/news/`."""
    parts = path.removesuffix("/").split("/")
    return path.startswith("/") and len(path) > 1 and all(_is_url_part(part) for part in parts[1:])


def _is_url_part(part: str) -> bool:
    return part not in ("", ".", "..") and re.fullmatch(r"[^\s/\\?#%\"'<>;{}$^\x00-\x1f]+", part) is not None


_READERS: Mapping[str, Callable[[Field, Value], Any]] = {
    "line": _read_line,
    "text": _read_text,
    "date": _read_date,
    "list": _read_list,
    "columns": _read_list,
    "item": _read_line,
    "topic": _read_line,
    "file": _read_line,
    "files": _read_files,
    "paths": _read_paths,
    "choice": _read_choice,
    "bool": _read_bool,
    "int": _read_int,
    "blob": _read_blob,
}
