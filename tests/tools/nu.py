"""The Nu HTML checker over a folder of pages: one run of Java for all of them.

The jar comes from npm (`npm ci`, package `vnu-jar`), Java from the system (Debian: `default-jre-headless`).
Called by the tests and by `python -m tests.tools.nu FOLDER…`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

JAR = Path(__file__).parents[2] / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
TIMEOUT = 600.0


class NuMissingError(Exception):
    """The checker cannot run here; the message says what to install."""


@dataclass(frozen=True, slots=True)
class NuMessage:
    """One finding: the file, the last line and column (from 1, 0 when the file as a whole is meant), what."""

    file: Path
    line: int
    column: int
    text: str
    extract: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.text} «{self.extract}»"


@dataclass(frozen=True, slots=True)
class NuReport:
    """What the checker found, in the order of files."""

    errors: tuple[NuMessage, ...]
    warnings: tuple[NuMessage, ...]


def check_pages(*places: Path, langdetect: bool = True) -> NuReport:
    """Checks every `.html` below the folders (links between folders are followed) or the single files given.

    Raises:
        NuMissingError: no Java, or no jar.
        RuntimeError: the checker itself failed.
    """
    java = shutil.which("java")
    if java is None:
        raise NuMissingError("No Java here. Install it: apt install default-jre-headless")
    if not JAR.is_file():
        raise NuMissingError(f"{JAR} is missing. Run: npm ci")
    options = ["--format", "json", "--stdout", "--skip-non-html", "--exit-zero-always"]
    options += [] if langdetect else ["--no-langdetect"]
    # `-Xss`: the checker recurses through its schemas and overflows the default stack on long pages.
    command = [java, "-Xss4m", "-jar", str(JAR), *options, *(str(place.absolute()) for place in places)]
    run = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=TIMEOUT, check=False)
    if run.returncode != 0:
        raise RuntimeError(f"The Nu HTML checker failed ({run.returncode}): {run.stderr[-2000:]}")
    return read_report(run.stdout)


def read_report(text: str) -> NuReport:
    """The checker's JSON, sorted into errors (a page it could not read is one) and warnings."""
    messages: list[dict[str, Any]] = json.loads(text)["messages"]
    errors = [_message(entry) for entry in messages if entry["type"] != "info"]
    warnings = [_message(entry) for entry in messages if entry.get("subType") == "warning"]
    return NuReport(tuple(sorted(errors, key=_place)), tuple(sorted(warnings, key=_place)))


def _message(entry: dict[str, Any]) -> NuMessage:
    file = Path(unquote(urlsplit(entry.get("url", "")).path))
    extract = " ".join(entry.get("extract", "").split())
    return NuMessage(file, entry.get("lastLine", 0), entry.get("lastColumn", 0), entry["message"], extract)


def _place(message: NuMessage) -> tuple[Path, int, int]:
    return message.file, message.line, message.column


def main() -> int:
    """Checks the given folders and prints what was found; returns 1 when there are errors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("places", nargs="+", type=Path, metavar="FOLDER")
    report = check_pages(*parser.parse_args().places)
    for kind, messages in (("error", report.errors), ("warning", report.warnings)):
        for message in messages:
            print(f"{kind}: {message}")
    print(f"{len(report.errors)} errors, {len(report.warnings)} warnings")
    return 1 if report.errors else 0


if __name__ == "__main__":
    sys.exit(main())
