"""The official English names of agencies and posts: `sites/glossary.toml`, format 1, and how a translation uses them.

Pure. A name is looked for only where the original has its Chinese; within an official name no part is another name.
Called by the reader of the configuration and by the check of translations (`plugins.bilingual`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cluster.issues import Issue
from cluster.toml import Table

GLOSSARY = "sites/glossary.toml"


@dataclass(frozen=True, slots=True)
class Term:
    """One agency or post: its Chinese names, its English name, other English names that will do, and wrong ones."""

    zh: tuple[str, ...]
    en: str
    accepted: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()

    def is_named_in(self, original: str) -> bool:
        """Whether a Chinese text speaks of it."""
        return any(name in original for name in self.zh)


@dataclass(frozen=True, slots=True)
class WrongName:
    """A name to mend: the line from 1, the words found, the term they stand for."""

    line: int
    found: str
    term: Term


def load_glossary(data: bytes, issues: list[Issue]) -> tuple[Term, ...]:
    """The terms of the file in its order; mistakes go into `issues`."""
    table = Table.parse(GLOSSARY, data, issues)
    if table is None:
        return ()
    terms = tuple(_load_term(row) for row in table.tables("terms"))
    table.close()
    return terms


def _load_term(row: Table) -> Term:
    zh = row.texts("zh")
    term = Term(zh, row.text("en"), row.texts("accepted", ()), row.texts("avoid", ()))
    for field, names in (("zh", zh), ("accepted", term.accepted), ("avoid", term.avoid)):
        if any(not name.strip() for name in names) or (field == "zh" and not names):
            row.note("config-value", field, value="", hint='["…"]')
    right = {name.casefold() for name in (term.en, *term.accepted)}
    for name in term.avoid:
        if name.casefold() in right:
            row.note("config-value", "avoid", value=name, hint="en / accepted ✗")
    row.close()
    return term


def wrong_names(terms: tuple[Term, ...], original: str, lines: Iterable[str]) -> Iterator[WrongName]:
    """The names to avoid in the lines of a translation, of what its original speaks of."""
    meant = [term for term in terms if term.avoid and term.is_named_in(original)]
    if not meant:
        return
    wrong = {_key(name): term for term in meant for name in term.avoid}
    for number, line in enumerate(lines, 1):
        for match in _any_name(terms).finditer(line):
            term = wrong.get(_key(match[0]))
            if term is not None:
                yield WrongName(number, match[0], term)


@functools.lru_cache(maxsize=4)
def _any_name(terms: tuple[Term, ...]) -> re.Pattern[str]:
    """Any English name of the glossary, the longest where several begin."""
    names = {name for term in terms for name in (term.en, *term.accepted, *term.avoid) if name}
    words = (r"\s+".join(map(re.escape, name.split())) for name in sorted(names, key=lambda name: (-len(name), name)))
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)


def _key(name: str) -> str:
    return " ".join(name.casefold().split())
