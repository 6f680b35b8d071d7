"""Front matter: YAML between two `---` lines, read with every scalar as a string.

Anchors, aliases, tags and duplicate keys are refused, so a YAML bomb has nothing to grow from. Characters that YAML
forbids are forbidden as escapes too: XML feeds cannot carry them. The safe C loader does the scanning; `values` and
`lines` are what the rest of the program sees. Called by `cluster.item` only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from cluster.issues import Issue
from cluster.limits import LIMITS

_STRING = "tag:yaml.org,2002:str"
# The complement of c-printable, YAML 1.1 section 4.1.
_UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Value = str | list["Value"] | dict[str, "Value"]
_Mark = Any  # PyYAML's two loaders have a class each, without a common base


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


@dataclass(frozen=True, slots=True)
class _Text:
    """The front matter being read; its first line is line `first_line` of the file `path`."""

    text: str
    path: str
    first_line: int

    def line(self, mark: _Mark) -> int:
        """The file's line of a mark; YAML itself also counts U+0085, U+2028 and U+2029 as line ends."""
        return self.first_line + (self.text.count("\n", 0, mark.index) if mark else 0)

    def refuse(self, code: str, mark: _Mark, field: str = "", **values: object) -> _Refused:
        return _Refused(Issue.of(code, self.path, self.line(mark), field, **values))


def parse_front_matter(text: str, *, path: str, first_line: int) -> FrontMatter | Issue:
    """The fields in `text`, whose first line is line `first_line` of the file, or the issue that forbids it."""
    source = _Text(text, path, first_line)
    if len(text.encode()) > LIMITS.front_matter_bytes:
        return Issue.of("yaml-too-big", path, first_line, limit=LIMITS.front_matter_bytes)
    try:
        _refuse_marks(source)
        return _fields(source, yaml.compose(text, Loader=yaml.CSafeLoader))
    except _Refused as refused:
        return refused.issue
    except yaml.MarkedYAMLError as error:
        line = source.line(error.problem_mark or error.context_mark)
        return Issue.of("yaml-error", path, line, problem=error.problem or error.context or "?")
    except yaml.reader.ReaderError as error:
        line = first_line + text.encode().count(b"\n", 0, error.position)
        return Issue.of("yaml-error", path, line, problem=f"{error.reason}: U+{error.character:04X}")


def _refuse_marks(source: _Text) -> None:
    """Refuses anchors, aliases, tags and deep nesting before anything is composed from them."""
    depth = 0
    for event in yaml.parse(source.text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise source.refuse("yaml-forbidden", event.start_mark, what="& / *")
        if tag := getattr(event, "tag", None):
            raise source.refuse("yaml-forbidden", event.start_mark, what=tag)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > LIMITS.front_matter_depth:
            raise source.refuse("yaml-forbidden", event.start_mark, what="[[[[…")


def _fields(source: _Text, node: yaml.Node | None) -> FrontMatter:
    if node is None or (isinstance(node, yaml.MappingNode) and not node.value):
        raise source.refuse("front-matter-empty", None)
    if not isinstance(node, yaml.MappingNode):
        raise source.refuse("yaml-error", None, problem="not “field: value” lines")
    values = _mapping(source, node)
    return FrontMatter(values, {key.value: source.line(key.start_mark) for key, _ in node.value})


def _mapping(source: _Text, node: yaml.MappingNode) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise source.refuse("yaml-error", key.start_mark, problem="a field name must be a word")
        if key.value in values:
            raise source.refuse("yaml-duplicate", key.start_mark, key.value)
        values[key.value] = _value(source, value)
    return values


def _value(source: _Text, node: yaml.Node) -> Value:
    if isinstance(node, yaml.MappingNode):
        return _mapping(source, node)
    if isinstance(node, yaml.SequenceNode):
        return [_value(source, child) for child in node.value]
    if found := _UNPRINTABLE.search(node.value):
        raise source.refuse("yaml-forbidden", node.start_mark, what=f"U+{ord(found[0]):04X}")
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
    """Writes dates plain, as people do; what another YAML reader takes for a number or a truth value gets quotes."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - declared so by PyYAML
        first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:timestamp"]
        for first, pairs in yaml.SafeDumper.yaml_implicit_resolvers.items()
    }

    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _write_string(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar(_STRING, text, style=_style(text))


def _style(text: str) -> str | None:
    """A block for lines; quotes with escapes for what a block or a plain scalar would not give back as it was."""
    # A block that keeps several final line breaks ("|+") would also take the blank lines after it.
    if text == "\n" or text.endswith("\n\n") or any(end in text for end in "\x85\u2028\u2029"):
        return '"'
    return "|" if "\n" in text else None


_Dumper.add_representer(str, _write_string)
