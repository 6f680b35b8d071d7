"""Content in memory and what the plugins make of it: a job over it, one page composed, a whole site rendered.

`make_job` never touches the disk; `render_site` is a real Pelican run with the real theme, its output kept as bytes.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup

from cluster.index import Index
from cluster.index.ingest import parse_issue
from cluster.issues import Issue
from cluster.manifest import Entry as FileEntry
from cluster.source import Entry, blob_id
from plugins.pages.job import Findings, Job
from plugins.pages.markdown import BodyRenderer
from plugins.pages.page import Composed
from plugins.pages.plan import compose_page, plan_pages
from plugins.pictures.store import PictureStore
from publish.build import Rooms, read_cluster
from publish.build import make_job as job_of_site
from publish.pelican_run import run_pelican
from tests.builders import ARTICLE, NOW, REPOSITORY, Files, make_article, make_cluster_files

THEME = REPOSITORY / "themes" / "gov"
NOWHERE = Path("/nonexistent/zhanqun")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200"><path d="M0 0h9v9z"/></svg>'


@dataclass(frozen=True)
class MemorySource:
    """One state of the content, held in memory; `links` are the paths that are symbolic links."""

    files: Files
    links: frozenset[str] = frozenset()

    @property
    def revision(self) -> str:
        """A name for this state."""
        return blob_id(repr(sorted(self.files.items())).encode())

    def entries(self, under: str = "") -> Iterable[Entry]:
        """All files below a path, sorted by path."""
        return [
            Entry(path, blob_id(data), "120000" if path in self.links else "100644")
            for path, data in sorted(self.files.items())
            if not under or path.startswith(f"{under}/")
        ]

    def changes_since(self, revision: str) -> Iterable[Entry] | None:
        """Nothing for the same state, else unknown."""
        return () if revision == self.revision else None

    def size(self, entry: Entry) -> int:
        """How many bytes a file has."""
        return len(self.files[entry.path])

    def read(self, entry: Entry) -> bytes:
        """The bytes of a file."""
        return self.files[entry.path]

    def read_many(self, entries: Iterable[Entry], limit: int) -> Iterator[tuple[Entry, bytes | None, int]]:
        """Each file with its bytes, None for one above the limit, and its size."""
        for entry in entries:
            size = self.size(entry)
            yield entry, self.read(entry) if size <= limit else None, size

    def reopened(self) -> MemorySource:
        """Itself: nothing is open."""
        return self


@dataclass
class MemorySink:
    """Output by path."""

    files: dict[str, bytes] = field(default_factory=dict)
    finished: int = 0

    def begin(self, folder: Path) -> None:
        """Nothing is written."""

    def put(self, path: str, data: bytes, known: FileEntry | None) -> FileEntry:
        """Keeps one file."""
        self.files[path] = data
        return FileEntry(hashlib.sha256(data).hexdigest(), None, len(data))

    def put_file(self, path: str, file: Path) -> FileEntry:
        """Keeps one large file."""
        return self.put(path, file.read_bytes(), None)

    def finish(self) -> None:
        """Counts that it was called."""
        self.finished += 1


def make_job(
    files: Files,
    *,
    site: str = "portal",
    now: str = NOW,
    media: Path = NOWHERE,
    links: frozenset[str] = frozenset(),
) -> Job:
    """The job of a site over these files, with an index in memory."""
    source = MemorySource(files, links)
    cluster = read_cluster(source)
    index = Index(None)
    index.update(source, cluster, now)
    rooms = Rooms(NOWHERE, media, THEME)
    job = job_of_site(source, cluster, cluster.sites[site], index, rooms, now, MemorySink())
    return replace(job, pictures=PictureStore())


@functools.cache
def renderer(template: str = "article") -> BodyRenderer:
    """One renderer for all bodies of a template, as a run has it."""
    return BodyRenderer(statute=template == "statute", table_label="表格")


def compose(job: Job, path: str) -> tuple[Composed, Findings]:
    """The page at an output path, and what it noted."""
    key = next(key for key in plan_pages(job) if key.path == path)
    findings = Findings()
    return compose_page(job, findings, key, renderer), findings


def article(job: Job, path: str) -> Any:
    """The `ArticleView` of the page at an output path."""
    return compose(job, path)[0].context["article"]


def body_of(body: str, others: Files | None = None, **fields: Any) -> tuple[str, Findings]:
    """The HTML of an article's body beside other files, and what it noted; the body starts at line 7 of its file."""
    files = make_cluster_files() | {ARTICLE: make_article(body=body, **fields)} | dict(others or {})
    composed, findings = compose(make_job(files), "news/2026/river.html")
    return str(composed.context["article"].content), findings


def codes(findings: Findings) -> list[str]:
    """The codes of the issues noted, sorted."""
    return sorted({issue.code for issue in findings.issues})


@dataclass(frozen=True)
class Rendered:
    """A site's output: bytes by path below the site, `assets/` beside."""

    job: Job
    files: Mapping[str, bytes]

    def text(self, path: str) -> str:
        """A file as text."""
        return self.files[path].decode()

    def page(self, path: str) -> BeautifulSoup:
        """A page parsed."""
        return BeautifulSoup(self.text(path), "html.parser")

    def pages(self) -> Iterable[str]:
        """The paths of all pages."""
        return sorted(path for path in self.files if path.endswith(".html"))

    @property
    def issues(self) -> list[Issue]:
        """What the pages told, sorted."""
        return sorted(map(parse_issue, self.job.index.outputs.issues()))


def render_site(scratch: Path, files: Files, *, site: str = "portal", now: str = NOW) -> Rendered:
    """A whole Pelican run over one site; large files lie in `scratch/media`."""
    sink = MemorySink()
    job = replace(make_job(files, site=site, now=now, media=scratch / "media"), sink=sink)
    run_pelican(job, scratch / "var")
    assert sink.finished == 1
    return Rendered(job, sink.files)
