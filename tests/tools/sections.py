"""A report of several measurements: each writes its own section, between two comments, and leaves the others alone."""

from __future__ import annotations

import re
from pathlib import Path

from cluster.aside import write_aside


def write_section(report: Path, name: str, text: str) -> None:
    """Puts `text` between the comments of the section.

    Raises:
        LookupError: the report has no such section.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    page = report.read_text("utf-8")
    found = re.search(f"{re.escape(begin)}.*?{re.escape(end)}", page, re.DOTALL)
    if found is None:
        raise LookupError(f"{report} has no section {name}: write {begin} and {end} where it belongs.")
    write_aside(report, f"{page[: found.start()]}{begin}\n{text}\n{end}{page[found.end() :]}".encode())
