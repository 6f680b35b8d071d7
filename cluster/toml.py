"""Reading TOML configuration: every mistake of a file is gathered with its line, none stops the reading.

A `Table` hands out typed values, notes what is missing, of the wrong kind or unknown, and goes on with a default.
Callers read everything, call `close`, and look at the issues at the end.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from cluster.issues import Issue

_T = TypeVar("_T")
_HEADER = re.compile(r"^\s*\[{1,2}\s*([^\]]+?)\s*\]{1,2}")


class Table:
    """One TOML table being read; `issues` is shared by all tables of a file."""

    def __init__(self, path: str, data: dict[str, Any], lines: Sequence[str], issues: list[Issue], at: int = 1) -> None:
        self.path = path
        self.issues = issues
        self._data = data
        self._lines = lines
        self._at = at
        self._seen: set[str] = set()

    @classmethod
    def parse(cls, path: str, data: bytes, issues: list[Issue], *, format: int = 1) -> Table | None:
        """The top table of a file, or None with the issue noted when it is no TOML or of an unknown format."""
        try:
            text = data.decode("utf-8")
            values = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            issues.append(Issue.of("config-toml", path, _line_of(error, data), problem=error))
            return None
        table = cls(path, values, text.splitlines(), issues)
        if values.get("format") != format:
            table.note("config-format", "format", value=values.get("format", "?"))
            return None
        table._seen.add("format")
        return table

    def line(self, key: str = "") -> int:
        """The file's line of `key`, else of this table's header."""
        if key:
            pattern = re.compile(rf"^\s*(\")?{re.escape(key)}(\")?\s*[=.]")
            for number in range(self._at, len(self._lines) + 1):
                line = self._lines[number - 1]
                if number > self._at and _HEADER.match(line):
                    break
                if pattern.match(line):
                    return number
        return self._at

    def note(self, code: str, key: str = "", **values: object) -> None:
        """Notes an issue at `key`'s line."""
        self.issues.append(Issue.of(code, self.path, self.line(key), key, **values))

    def text(self, key: str, default: str | None = None, *, pattern: str = "", hint: str = "") -> str:
        """A string; required when `default` is None; `pattern` must match the whole, `hint` says what is right."""
        value = self._get(key, str, "text / 文字", default)
        if pattern and key in self._data and isinstance(value, str) and not re.fullmatch(pattern, value):
            self.note("config-value", key, value=value, hint=hint)
        return value if isinstance(value, str) else ""

    def whole(self, key: str, default: int | None = None) -> int:
        """A whole number."""
        value = self._get(key, int, "a whole number / 整数", default)
        return value if isinstance(value, int) else 0

    def flag(self, key: str, default: bool = False) -> bool:
        """true or false."""
        return bool(self._get(key, bool, "true / false", default))

    def texts(self, key: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """A list of strings."""
        value = self._get(key, list, "a list of texts / 文字列表", list(default) if default is not None else None)
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            if value is not None:
                self.note("config-kind", key, kind="a list of texts / 文字列表")
            return ()
        return tuple(value)

    def choice(self, key: str, choices: Sequence[str], default: str | None = None) -> str:
        """One of `choices`."""
        value = self.text(key, default)
        if value and value not in choices:
            self.note("config-value", key, value=value, hint=" / ".join(choices))
        return value

    def value(self, key: str, read: Callable[[str], _T], hint: str) -> _T | None:
        """An optional string turned into something else by `read`, which raises ValueError when it cannot."""
        text = self.text(key, "")
        if not text:
            return None
        try:
            return read(text)
        except ValueError:
            self.note("config-value", key, value=text, hint=hint)
            return None

    def table(self, key: str, *, required: bool = True) -> Table:
        """A sub-table; an empty one when it is missing."""
        value = self._get(key, dict, f"a table / 表 [{key}]", None if required else {})
        return Table(
            self.path,
            value if isinstance(value, dict) else {},
            self._lines,
            self.issues,
            self._header(key, 0),
        )

    def tables(self, key: str) -> list[Table]:
        """An array of tables, `[[key]]` or a list of inline tables; may be missing."""
        value = self._get(key, list, f"a list of tables / 表的列表 [[{key}]]", [])
        rows = value if isinstance(value, list) else []
        if not all(isinstance(row, dict) for row in rows):
            self.note("config-kind", key, kind=f"[[{key}]]")
            return []
        return [Table(self.path, row, self._lines, self.issues, self._header(key, n)) for n, row in enumerate(rows)]

    def close(self) -> None:
        """Notes every key that nobody read."""
        for key in self._data:
            if key not in self._seen:
                self.note("config-unknown", key)

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def _get(self, key: str, kind: type, words: str, default: Any) -> Any:
        self._seen.add(key)
        if key not in self._data:
            if default is None:
                self.note("config-missing", key)
            return default
        value = self._data[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.note("config-kind", key, kind=words)
            return default
        return value

    def _header(self, key: str, nth: int) -> int:
        """The line of the nth `[key]` or `[[key]]`, else where `key` stands in this table."""
        found = -1
        for number, line in enumerate(self._lines, 1):
            match = _HEADER.match(line)
            if match and match[1] == key:
                found += 1
                if found == nth:
                    return number
        return self.line(key)


def _line_of(error: Exception, data: bytes) -> int:
    if isinstance(error, UnicodeDecodeError):
        return data.count(b"\n", 0, error.start) + 1
    if "end of document" in str(error):
        return data.rstrip().count(b"\n") + 1
    match = re.search(r"line (\d+)", str(error))
    return int(match[1]) if match else 1
