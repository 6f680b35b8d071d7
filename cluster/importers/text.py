"""The text of a foreign file: bytes → numbered lines, and lines → the body of an item.

- No character of the text is lost silently: what the rules drop or change is noted, the rest is the same when rendered.
- `plain` text is escaped, so that Markdown shows every character of it as it stands.
- Rules' patterns see only lines up to `LIMITS.pattern_chars`: no line, however long, makes them slow.

Called by `cluster.importers.markdown`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from cluster.importers.rules import BodyRules
from cluster.issues import Issue

BOM = b"\xef\xbb\xbf"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_INLINE = re.compile(r"[\\`*_\[\]{}]")
_ENTITY = re.compile(r"&(?=#?\w)")
_NUMBERED = re.compile(r"(\d+)\.(?=\s|$)")
_LAST_MARKS = re.compile(r"#+$")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one foreign file may make the importer do."""

    pattern_chars: int = 2000
    issues_per_file: int = 100


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file; `number` counts from 1."""

    number: int
    text: str

    @property
    def is_blank(self) -> bool:
        """Whether it holds nothing but white space."""
        return not self.text.strip()

    @property
    def is_short(self) -> bool:
        """Whether patterns may look at it."""
        return len(self.text) <= LIMITS.pattern_chars


@dataclass(slots=True)
class Report:
    """What is told about one source file: `issues` to mend, `notes` of what the rules changed on purpose."""

    source: str
    issues: list[Issue] = field(default_factory=list)
    notes: list[Issue] = field(default_factory=list)

    def issue(self, code: str, line: int = 0, **values: object) -> None:
        """Tells a mistake; beyond the limit of a file only that there are more."""
        self._tell(self.issues, code, line, values)

    def note(self, code: str, line: int = 0, **values: object) -> None:
        """Tells what a rule dropped or changed."""
        self._tell(self.notes, code, line, values)

    def _tell(self, told: list[Issue], code: str, line: int, values: dict[str, object]) -> None:
        if len(told) < LIMITS.issues_per_file:
            told.append(Issue.of(code, self.source, line, "", **values))
        elif len(told) == LIMITS.issues_per_file:
            told.append(Issue.of("import-more", self.source, line, limit=LIMITS.issues_per_file))


def read_lines(data: bytes, report: Report, first: int = 1) -> list[Line] | None:
    """The lines of `data`, numbered from `first`, without byte order mark, CR and control characters.

    None, with the issue told, when the bytes are not UTF-8.
    """
    if data.startswith(BOM):
        report.issue("bom", 1)
        data = data.removeprefix(BOM)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        report.issue("not-utf8", data.count(b"\n", 0, error.start) + 1, offset=error.start)
        return None
    if "\r" in text:
        report.issue("crlf", 1)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return [_clean(number, line, report) for number, line in enumerate(text.split("\n"), first)]


def _clean(number: int, text: str, report: Report) -> Line:
    cleaned, count = _CONTROL.subn("", text)
    if count:
        report.issue("import-control", number, count=count)
    return Line(number, cleaned)


def write_body(lines: Iterable[Line], rules: BodyRules, report: Report) -> str:
    """The body: what the rules drop and change is noted, plain text is escaped, all else stays as it is."""
    written: list[str] = []
    just_dropped = False
    for line in lines:
        if _is_dropped(line, rules, report):
            just_dropped = True
            continue
        if not (just_dropped and line.is_blank and written and not written[-1].strip()):
            text = _change(line, rules, report)
            written.append(_escape_line(text, rules) if rules.plain else text)
        just_dropped = False
    return "\n".join(written)


def _is_dropped(line: Line, rules: BodyRules, report: Report) -> bool:
    if line.is_short:
        for drop in rules.drops:
            if drop.match.search(line.text):
                report.note("import-dropped", line.number, what=drop.what)
                return True
    return False


def _change(line: Line, rules: BodyRules, report: Report) -> str:
    if not line.is_short:
        return line.text
    text = line.text
    for change in rules.changes:
        if change.where.search(text):
            text = change.find.sub(change.replace, text)
    if text != line.text:
        report.note("import-changed", line.number, before=line.text.strip(), after=text.strip())
    return text


def _escape_line(text: str, rules: BodyRules) -> str:
    heading = rules.heading.match(text)
    if heading is None:
        return escape_plain(text)
    title = _escape_inline(text[heading.end() :].strip())
    return heading[0].rstrip() + " " + _LAST_MARKS.sub(lambda marks: r"\#" * len(marks[0]), title)


def escape_plain(text: str) -> str:
    """One line of plain text as Markdown that shows the same characters."""
    text = _escape_inline(text.lstrip(" \t"))
    if text.startswith(("#", ">", "+", "-")):
        return f"\\{text}"
    if text.startswith(("=", ":", "|", "~")):
        return f"&#{ord(text[0])};{text[1:]}"
    return _NUMBERED.sub(r"\1\\.", text, count=1) if _NUMBERED.match(text) else text


def _escape_inline(text: str) -> str:
    text = _ENTITY.sub("&amp;", text)
    return _INLINE.sub(r"\\\g<0>", text).replace("<", "&lt;")
