"""The results file (`engine.json`, format 1): every sample of every row, saved after each, so that a run can go on.

A row is what was done, with how many items, by whom: `10000/cold/hugo`. Its samples are in the order they were taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench.errors import BenchError
from cluster.aside import write_aside

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured run: seconds, bytes; `written` are files made or changed, `files` and `pages` all there are."""

    wall: float
    cpu: float
    peak: int = 0
    instructions: int | None = None
    written: int | None = None
    files: int | None = None
    pages: int | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and most of a row's samples."""

    middle: float
    least: float
    most: float


@dataclass(slots=True)
class Results:
    """All rows, and what they were measured with."""

    about: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[Sample]] = field(default_factory=dict)
    leak: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Results:
        """The results in a file's text.

        Raises:
            BenchError: it is of another format.
        """
        data = json.loads(text)
        if data.get("format") != FORMAT:
            raise BenchError(
                f"The results have format {data.get('format')}, not {FORMAT}. Measure anew without --resume.",
                f"结果文件的格式是 {data.get('format')}，不是 {FORMAT}。请不加 --resume 重新测量。",
            )
        rows = {name: [Sample(**sample) for sample in samples] for name, samples in data["rows"].items()}
        return cls(data["about"], rows, data["leak"])

    def dump(self) -> str:
        """The file's text."""
        rows = {name: [asdict(sample) for sample in samples] for name, samples in sorted(self.rows.items())}
        data = {"format": FORMAT, "about": self.about, "rows": rows, "leak": self.leak}
        return json.dumps(data, ensure_ascii=False, indent=1) + "\n"

    def save(self, path: Path) -> None:
        """Writes the file."""
        write_aside(path, self.dump().encode())

    def of(self, size: int, row: str, who: str) -> list[Sample]:
        """A row's samples, none when it was not measured."""
        return self.rows.get(row_name(size, row, who), [])

    def add(self, size: int, row: str, who: str, sample: Sample) -> None:
        """One more sample of a row."""
        self.rows.setdefault(row_name(size, row, who), []).append(sample)

    def spread(self, size: int, row: str, who: str, figure: str) -> Spread | None:
        """The spread of one figure of a row (a field of `Sample`), None when it was not measured."""
        found = [getattr(sample, figure) for sample in self.of(size, row, who)]
        values = [value for value in found if value is not None]
        return Spread(median(values), min(values), max(values)) if values else None

    def sizes(self) -> list[int]:
        """The sizes that anything was measured with."""
        return sorted({int(name.partition("/")[0]) for name in self.rows})

    def generators(self, size: int, row: str) -> Iterator[str]:
        """Who did a row."""
        for name in self.rows:
            number, done, who = name.split("/")
            if (int(number), done) == (size, row):
                yield who


def row_name(size: int, row: str, who: str) -> str:
    """A row's name in the file."""
    return f"{size}/{row}/{who}"
