"""The head of a foreign file: its title and the dated lines that tell what happened to it.

A line is a known act (by the rules), a repetition of the title, the rest of a line that was wrapped, or unknown.
Unknown lines are told with their number and kept; nothing of a head is lost. Pure. Called by
`cluster.importers.markdown`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from cluster.importers.rules import HeadRules, LineRule
from cluster.importers.text import LIMITS, Line, Report


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the head; `kind` is its rule's name or empty, `date` is ISO or empty."""

    kind: str
    text: str
    line: int
    date: str = ""
    value: str = ""
    organ: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """A file's head, and the lines that follow it; `title` is empty when there is none."""

    title: str
    acts: tuple[Act, ...]
    body: tuple[Line, ...]


def read_head(lines: Sequence[Line], rules: HeadRules, report: Report, *, known_title: str = "") -> Head:
    """The head of `lines`; a `known_title` goes before the heading, which then stays text unless it is the same."""
    end = _find(lines, rules.end)
    if rules.end is not None and end is None:
        report.issue("import-head-open", 1)
    at = _find(lines[:end], rules.title)
    title = _title(lines[at], rules) if at is not None else ""
    if known_title and title != known_title:
        title, at = known_title, None
    if end is None:
        head, body = _split_open_head(lines, at, rules)
        spilt = None
    else:
        head, rest = [line for index, line in enumerate(lines[:end]) if index != at], lines[end + 1 :]
        spilt, body = _take_spilt(head, rest, rules)
    acts = _acts(head, title, rules, report, spilt)
    return Head(title, tuple(acts), tuple(body))


def read_date(match: re.Match[str]) -> str:
    """The ISO date in a match with the groups year, month and day.

    Raises:
        ValueError: there is no such day.
    """
    return date(int(match["year"]), int(match["month"]), int(match["day"])).isoformat()


def _find(lines: Sequence[Line], pattern: re.Pattern[str] | None) -> int | None:
    if pattern is None:
        return None
    return next((index for index, line in enumerate(lines) if line.is_short and pattern.search(line.text)), None)


def _title(line: Line, rules: HeadRules) -> str:
    match = rules.title.search(line.text)
    return match["title"].strip() if match else ""


def _split_open_head(lines: Sequence[Line], at: int | None, rules: HeadRules) -> tuple[list[Line], list[Line]]:
    """Head and body where no marker ends the head: it goes on as long as its lines are known."""
    before = lines[:at] if at is not None else ()
    after = lines[at + 1 :] if at is not None else lines
    reach = 0
    for index, line in enumerate(after):
        if _rule(line, rules) is not None:
            reach = index + 1
        elif not line.is_blank:
            break
    head = [line for line in (*before, *after[:reach]) if _rule(line, rules) is not None]
    return head, [*(line for line in before if _rule(line, rules) is None), *after[reach:]]


def _take_spilt(head: Sequence[Line], rest: Sequence[Line], rules: HeadRules) -> tuple[Line | None, list[Line]]:
    """The end of an unfinished last head line, which stands behind the marker, and the lines without it."""
    last = next((line for line in reversed(head) if not line.is_blank), None)
    first = next((index for index, line in enumerate(rest) if not line.is_blank), None)
    if last is None or first is None or rules.spill is None or _rule(last, rules) is not None:
        return None, [*rest]
    if not rest[first].is_short or not rules.spill.search(rest[first].text.strip()):
        return None, [*rest]
    return rest[first], [*rest[:first], *rest[first + 1 :]]


def _acts(lines: Iterable[Line], title: str, rules: HeadRules, report: Report, spilt: Line | None) -> list[Act]:
    entries = _join(lines, rules, report)
    repeated = _count_title_lines(entries, title)
    for line in entries[:repeated]:
        report.note("import-title-repeated", line.number, text=line.text)
    pieces = [piece for line in entries[repeated:] for piece in _split(line, rules, report)]
    if spilt is not None:
        report.note("import-joined", spilt.number, text=spilt.text.strip())
        pieces[-1] = Line(pieces[-1].number, pieces[-1].text + spilt.text.strip())
    return [_act(piece, rules, report) for piece in pieces]


def _join(lines: Iterable[Line], rules: HeadRules, report: Report) -> list[Line]:
    """The lines that are not blank; one whose name is still open is joined with the next."""
    joined: list[Line] = []
    for line in lines:
        text = line.text.strip()
        if not text:
            continue
        if joined and _goes_on(joined[-1], rules) and line.is_short and not rules.date.search(text):
            report.note("import-joined", line.number, text=text)
            joined[-1] = Line(joined[-1].number, joined[-1].text + text)
        else:
            joined.append(Line(line.number, text))
    return joined


def _goes_on(line: Line, rules: HeadRules) -> bool:
    if not (rules.opens and rules.closes and line.is_short):
        return False
    return line.text.count(rules.opens) > line.text.count(rules.closes)


def _count_title_lines(entries: Sequence[Line], title: str) -> int:
    """How many entries at the start spell the title once more, wrapped."""
    wanted, spelt = "".join(title.split()), ""
    for count, line in enumerate(entries, 1):
        spelt += "".join(line.text.split())
        if spelt == wanted:
            return count
        if not wanted.startswith(spelt):
            break
    return 0


def _split(line: Line, rules: HeadRules, report: Report) -> list[Line]:
    pieces = rules.split.split(line.text) if rules.split is not None and line.is_short else [line.text]
    if len(pieces) > 1:
        report.note("import-split", line.number, count=len(pieces))
    return [Line(line.number, _strip(piece, rules)) for piece in pieces]


def _strip(text: str, rules: HeadRules) -> str:
    text = text.strip()
    if rules.strip is None or len(text) > LIMITS.pattern_chars:
        return text
    return rules.strip.sub("", text).strip()


def _act(line: Line, rules: HeadRules, report: Report) -> Act:
    rule = _rule(line, rules)
    if rule is None:
        report.issue("import-head-line", line.number, text=line.text[:80])
    if not line.is_short:
        return Act("", line.text, line.number)
    value = rule.match.search(line.text) if rule is not None else None
    organ = rules.organ.search(line.text) if rules.organ is not None else None
    return Act(
        kind=rule.name if rule is not None else "",
        text=line.text,
        line=line.number,
        date=_date(line, rules, report),
        value=(value.groupdict().get("value") or "").strip() if value else "",
        organ=organ["organ"] if organ else "",
    )


def _rule(line: Line, rules: HeadRules) -> LineRule | None:
    if not line.is_short:
        return None
    text = line.text.strip()
    return next((rule for rule in rules.lines if rule.match.search(text)), None)


def _date(line: Line, rules: HeadRules, report: Report) -> str:
    match = rules.date.search(line.text)
    if match is None:
        return ""
    try:
        return read_date(match)
    except ValueError:
        report.issue("import-date-bad", line.number, value=match[0])
        return ""
