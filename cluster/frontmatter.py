"""Front matter: YAML between two `---` lines, read with every scalar as a string.

Anchors, aliases, tags and duplicate keys are refused, so a YAML bomb has nothing to grow from. The safe C loader does
the scanning; `values` and `lines` are what the rest of the program sees. Called by `cluster.item` only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from cluster.issues import Issue
from cluster.limits import LIMITS

_STRING = "tag:yaml.org,2002:str"

Value = str | list["Value"] | dict[str, "Value"]


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The fields of one item as strings, lists and mappings, with the file's line of each top-level field."""

    values: Mapping[str, Value]
    lines: Mapping[str, int]


class _Refused(Exception):
    """A mark in the YAML that is not allowed; carries the issue."""

    def __init__(self, issue: Issue) -> None:
        super().__init__(issue.code)
        self.issue = issue


def parse_front_matter(text: str, *, path: str, first_line: int) -> FrontMatter | Issue:
    """The fields in `text`, whose first line is line `first_line` of the file, or the issue that forbids it."""
    if len(text.encode()) > LIMITS.front_matter_bytes:
        return Issue.of("yaml-too-big", path, first_line, limit=LIMITS.front_matter_bytes)
    try:
        _refuse_marks(text, path, first_line)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        if node is None:
            return Issue.of("front-matter-empty", path, first_line)
        return _fields(node, path, first_line)
    except _Refused as refused:
        return refused.issue
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        return Issue.of("yaml-error", path, line, problem=error.problem or error.context or "?")
    except yaml.YAMLError as error:
        return Issue.of("yaml-error", path, first_line, problem=str(error).splitlines()[0])


def _refuse_marks(text: str, path: str, first_line: int) -> None:
    """Refuses anchors, aliases, tags and deep nesting before anything is composed from them."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = first_line + (event.start_mark.line if event.start_mark else 0)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(Issue.of("yaml-forbidden", path, line, what="& / *"))
        if tag := getattr(event, "tag", None):
            raise _Refused(Issue.of("yaml-forbidden", path, line, what=tag))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > LIMITS.front_matter_depth:
            raise _Refused(Issue.of("yaml-forbidden", path, line, what="[[[[…"))


def _fields(node: yaml.Node, path: str, first_line: int) -> FrontMatter | Issue:
    if not isinstance(node, yaml.MappingNode):
        return Issue.of("yaml-error", path, first_line, problem="not “field: value” lines")
    if not node.value:
        return Issue.of("front-matter-empty", path, first_line)
    lines = {key.value: first_line + key.start_mark.line for key, _ in node.value}
    return FrontMatter(_mapping(node, path, first_line), lines)


def _mapping(node: yaml.MappingNode, path: str, first_line: int) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for key, value in node.value:
        line = first_line + key.start_mark.line
        if not isinstance(key, yaml.ScalarNode):
            raise _Refused(Issue.of("yaml-error", path, line, problem="a field name must be a word"))
        if key.value in values:
            raise _Refused(Issue.of("yaml-duplicate", path, line, key.value))
        values[key.value] = _value(value, path, first_line)
    return values


def _value(node: yaml.Node, path: str, first_line: int) -> Value:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, first_line)
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, path, first_line) for child in node.value]
    return str(node.value)


def dump_field(name: str, value: Value) -> str:
    """One field as YAML lines, ending with a line break; strings stay one line where they can."""
    return yaml.dump(
        {name: value},
        Dumper=_Dumper,
        allow_unicode=True,
        default_flow_style=False,
        sort_keys=False,
        width=10**9,
    )


class _Dumper(yaml.SafeDumper):
    """Writes strings plain where a reader that keeps every scalar a string reads them back."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _write_string(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar(_STRING, text, style=style)


_Dumper.add_representer(str, _write_string)
