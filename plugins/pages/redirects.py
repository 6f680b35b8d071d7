"""`_redirects`: old addresses that lead on, and addresses that are gone for good."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from cluster.issues import Issue
from plugins.pages.files import RESERVED_NAMES
from plugins.pages.job import Findings, Job
from plugins.pages.links import page_exists

GONE = "410"
_SLASHES = re.compile("/+")


def redirect_table(job: Job, findings: Findings) -> dict[str, str]:
    """Old path → new path or `410`. What the site has wins over both, the first item by path over a second."""
    table: dict[str, str] = {}
    live = findings.written | findings.files.keys()
    for old, path in job.index.redirects(job.site.key, job.now):
        item = job.index.item(path, job.now)
        if item is None or old in table or _is_taken(job, old, live):
            findings.issues.append(Issue.of("redirect-taken", path, 0, "redirect_from", old=old))
        else:
            table[old] = item.url
    for old in job.site.gone:
        if old in table or _is_taken(job, old, live):
            findings.issues.append(Issue.of("redirect-taken", f"sites/{job.site.key}/gone.toml", 0, old=old))
        else:
            table[old] = GONE
    return table


def _is_taken(job: Job, old: str, live: set[str]) -> bool:
    """Whether an old address would hide a page or a file of this build, or lies where only the program writes."""
    path = _SLASHES.sub("/", unquote(old)).lstrip("/")
    if path.partition("/")[0] in RESERVED_NAMES or page_exists(job, old):
        return True
    return (f"{path}index.html" if path.endswith("/") else path) in live


def dump_redirects(table: Iterable[tuple[str, str]]) -> bytes:
    """The file: one `old new` pair a line, sorted; see docs/formats.md."""
    return "".join(f"{old} {new}\n" for old, new in sorted(table)).encode()
