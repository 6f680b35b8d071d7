"""Issues: what an editor should mend, told as an instruction with file and line.

The rules (code, severity, words in both languages) are data: `issues.toml` beside this module. Code names a rule and
gives the values; it never writes a sentence. Everybody who reads content makes issues; nobody raises for a bad item.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any, Self


class Severity(StrEnum):
    """How bad: `left_out` items are not published, `severe` and `warning` are published and told."""

    FATAL = "fatal"
    LEFT_OUT = "left-out"
    SEVERE = "severe"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of mistake: its code, severity, and what to tell in Chinese and English."""

    code: str
    severity: Severity
    zh: str
    en: str


@dataclass(frozen=True, slots=True, order=True)
class Issue:
    """One mistake in one place; `line` counts from 1, 0 when the file as a whole is meant."""

    path: str
    line: int
    code: str
    field: str = ""
    values: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, code: str, path: str, line: int = 0, field: str = "", **values: object) -> Self:
        """An issue of the rule `code`; `values` fill the rule's sentence."""
        return cls(path, line, code, field, tuple(sorted((k, str(v)) for k, v in values.items())))

    @property
    def rule(self) -> Rule:
        """The rule behind this issue."""
        return rules()[self.code]

    @property
    def severity(self) -> Severity:
        """The rule's severity."""
        return self.rule.severity

    @property
    def leaves_out(self) -> bool:
        """Whether the item is left out of what is published."""
        return self.severity in (Severity.LEFT_OUT, Severity.FATAL)

    def text(self, language: str) -> str:
        """The sentence in `zh` or `en`, without the place."""
        sentence = self.rule.zh if language.startswith("zh") else self.rule.en
        return sentence.format_map({"field": self.field, **dict(self.values)})

    def place(self) -> str:
        """`path:line`, or `path` alone."""
        return f"{self.path}:{self.line}" if self.line else self.path

    def as_dict(self) -> dict[str, Any]:
        """The form of `--json`."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "path": self.path,
            "line": self.line,
            "field": self.field,
            "zh": self.text("zh"),
            "en": self.text("en"),
        }


@functools.cache
def rules() -> dict[str, Rule]:
    """All rules by code, read once from `issues.toml`."""
    table = tomllib.loads(files("cluster").joinpath("issues.toml").read_text("utf-8"))
    return {code: Rule(code, Severity(entry["severity"]), entry["zh"], entry["en"]) for code, entry in table.items()}
