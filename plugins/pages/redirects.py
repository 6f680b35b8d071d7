"""`_redirects`: old addresses that lead on, and addresses that are gone for good."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from cluster.issues import Issue
from plugins.bilingual.addresses import in_traditional
from plugins.pages.files import RESERVED_NAMES
from plugins.pages.job import Findings, Job

GONE = "410"
REDIRECTS = "_redirects"
_SLASHES = re.compile("/+")


def redirect_table(job: Job, findings: Findings, is_there: Callable[[str], bool]) -> dict[str, str]:
    """Old path → new path or `410`. What the site has wins over both, the first item by path over a second.

    `is_there` tells whether the site has a file at an output path.
    """
    table: dict[str, str] = {}
    for old, path, url in job.index.redirects(job.site.key):
        if old in table or _is_taken(old, is_there):
            findings.issues.append(Issue.of("redirect-taken", path, 0, "redirect_from", old=old))
        else:
            table[old] = url
    for old in job.site.gone:
        if old in table or _is_taken(old, is_there):
            findings.issues.append(Issue.of("redirect-taken", f"sites/{job.site.key}/gone.toml", 0, old=old))
        else:
            table[old] = GONE
    return table | _in_traditional(job, table)


def _in_traditional(job: Job, table: dict[str, str]) -> dict[str, str]:
    """The same for the pages in traditional characters; what is shown in simplified ones only leads there."""
    site = job.site
    found = {in_traditional(site, old): in_traditional(site, new) or new for old, new in table.items()}
    return {old: new for old, new in found.items() if old}


def _is_taken(old: str, is_there: Callable[[str], bool]) -> bool:
    """Whether an old address would hide a page or a file of this build, or lies where only the program writes."""
    path = _SLASHES.sub("/", unquote(old)).lstrip("/")
    if path.partition("/")[0] in RESERVED_NAMES:
        return True
    return is_there(f"{path}index.html" if path.endswith("/") or not path else path)


def dump_redirects(table: Iterable[tuple[str, str]]) -> bytes:
    """The file: one `old new` pair a line, sorted; see docs/formats.md."""
    return "".join(f"{old} {new}\n" for old, new in sorted(table)).encode()
