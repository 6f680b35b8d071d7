"""Front matter: YAML between two `---` lines, read with every scalar as a string.

Anchors, aliases, tags and duplicate keys are refused, so a YAML bomb has nothing to grow from. Characters that YAML
forbids are forbidden as escapes too: XML feeds cannot carry them. The safe C loader does the scanning; `values` and
`lines` are what the rest of the program sees. Called by `cluster.item` only.

Most front matter is `field: words`, and lists of words: what every YAML reader takes alike is read by one pattern, a
field at a time, and gives what the loader gives (a test compares the two). Anything else goes to the loader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from cluster.issues import Issue
from cluster.limits import LIMITS

_STRING = "tag:yaml.org,2002:str"
# The complement of c-printable, YAML 1.1 section 4.1.
_UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# Tabs, YAML's own line ends, the byte order mark and the unprintable are beyond the pattern of a plain field below.
_BEYOND_PLAIN = re.compile("[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_FIRST = r"""[^\s\-?:,\[\]{}#&*!|>'"%@`]"""
_WORDS = rf"{_FIRST}[^\n :]*(?:(?::(?![ \n])| (?![ \n#]))[^\n :]*)*"
_SCALAR = rf"""(?:{_WORDS}|'[^'\n]*'|"[^"\\\n]*")"""
_PART = rf"{_FIRST}[^\s:,\[\]{{}}#?]*"
_WORD = rf"""(?:{_PART}(?: {_PART})*|'[^'\n,]*'|"[^"\\\n,]*")"""
# The value is in group 2, a scalar; in 3, the words of `[a, b]`; or in the lines of a list after 4, a line's beginning.
_PLAIN_FIELD = re.compile(
    rf"([A-Za-z_][A-Za-z0-9_]{{0,99}}):"
    rf"(?: (?:({_SCALAR})|\[({_WORD}(?:, {_WORD})*)\])|(\n *- ){_SCALAR}(?:\4{_SCALAR})*)\n"
)

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
    if len(text.encode()) > LIMITS.front_matter_bytes:
        return Issue.of("yaml-too-big", path, first_line, limit=LIMITS.front_matter_bytes)
    return read_plain(text, first_line=first_line) or read_yaml(text, path=path, first_line=first_line)


def read_plain(text: str, *, first_line: int) -> FrontMatter | None:
    """The fields, when each of them is plain; what `read_yaml` gives, or None."""
    end, line = 0, first_line
    if _BEYOND_PLAIN.search(text):
        return None
    values: dict[str, Value] = {}
    lines: dict[str, int] = {}
    while match := _PLAIN_FIELD.match(text, end):
        name = match[1]
        if name in values:
            return None
        values[name], lines[name] = _plain_value(match), line
        line += 1 if match[4] is None else match[0].count("\n")
        end = match.end()
    return FrontMatter(values, lines) if values and end == len(text) else None


def _plain_value(match: re.Match[str]) -> Value:
    _, scalar, words, indent = match.groups()
    if scalar is not None:
        return _unquoted(scalar)
    if words is not None:
        return [_unquoted(word) for word in words.split(", ")]
    return [_unquoted(item) for item in match.string[match.end(4) : match.end() - 1].split(indent)]


def _unquoted(scalar: str) -> str:
    return scalar[1:-1] if scalar[0] in "'\"" else scalar


def read_yaml(text: str, *, path: str, first_line: int) -> FrontMatter | Issue:
    """The fields as PyYAML reads them, or the issue."""
    source = _Text(text, path, first_line)
    try:
        return _fields(source, list(_allowed_events(source)))
    except _Refused as refused:
        return refused.issue
    except yaml.MarkedYAMLError as error:
        line = source.line(error.problem_mark or error.context_mark)
        return Issue.of("yaml-error", path, line, problem=error.problem or error.context or "?")
    except yaml.reader.ReaderError as error:
        line = first_line + text.encode().count(b"\n", 0, error.position)
        return Issue.of("yaml-error", path, line, problem=f"{error.reason}: U+{error.character:04X}")


def _allowed_events(source: _Text) -> Iterator[yaml.Event]:
    """The events of the YAML; anchors, aliases, tags and deep nesting are refused."""
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
        yield event


def _fields(source: _Text, events: list[yaml.Event]) -> FrontMatter:
    """The one document's fields; nothing is built before all events are known to be allowed."""
    documents = [event for event in events if isinstance(event, yaml.DocumentStartEvent)]
    if len(documents) > 1:
        raise source.refuse("yaml-error", documents[1].start_mark, problem="but found another document")
    content = iter(events[2:])  # after the starts of the stream and of the document
    if not documents:
        raise source.refuse("front-matter-empty", None)
    if not isinstance(next(content), yaml.MappingStartEvent):
        raise source.refuse("yaml-error", None, problem="not “field: value” lines")
    pairs = list(_pairs(source, content))
    if not pairs:
        raise source.refuse("front-matter-empty", None)
    return FrontMatter(
        {key.value: value for key, value in pairs}, {key.value: source.line(key.start_mark) for key, _ in pairs}
    )


def _pairs(source: _Text, events: Iterator[yaml.Event]) -> Iterator[tuple[yaml.ScalarEvent, Value]]:
    """The fields of a mapping that has begun, to its end."""
    names: set[str] = set()
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        if not isinstance(key, yaml.ScalarEvent):
            raise source.refuse("yaml-error", key.start_mark, problem="a field name must be a word")
        if key.value in names:
            raise source.refuse("yaml-duplicate", key.start_mark, key.value)
        names.add(key.value)
        yield key, _value(source, next(events), events)


def _items(source: _Text, events: Iterator[yaml.Event]) -> Iterator[Value]:
    """The items of a list that has begun, to its end."""
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        yield _value(source, event, events)


def _value(source: _Text, event: yaml.Event, events: Iterator[yaml.Event]) -> Value:
    """The value that begins with `event`."""
    if isinstance(event, yaml.SequenceStartEvent):
        return list(_items(source, events))
    if not isinstance(event, yaml.ScalarEvent):
        return {key.value: value for key, value in _pairs(source, events)}
    if found := _UNPRINTABLE.search(event.value):
        raise source.refuse("yaml-forbidden", event.start_mark, what=f"U+{ord(found[0]):04X}")
    return str(event.value)


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
