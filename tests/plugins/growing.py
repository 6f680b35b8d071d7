"""A site that was made once and is then edited: what a later run is given, as a build would give it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from plugins.pages.job import Job, Scope
from publish.build import Rooms, read_cluster
from publish.build import make_job as job_of_site
from publish.pelican_run import run_pelican
from tests.builders import NOW, Files
from tests.plugins.rendering import THEME, MemorySink, MemorySource, Rendered, render_site

Changes = Mapping[str, bytes | None]


def with_changes(files: Files, changes: Changes) -> dict[str, bytes]:
    """The files after an edit; None removes one."""
    return {path: data for path, data in {**files, **changes}.items() if data is not None}


@dataclass
class GrownSite:
    """One site of these files, as its last run made it."""

    scratch: Path
    rendered: Rendered
    files: dict[str, bytes]

    @classmethod
    def made(cls, scratch: Path, files: Files, *, site: str = "portal") -> GrownSite:
        """The site made for the first time."""
        return cls(scratch, render_site(scratch, files, site=site), dict(files))

    def edited(self, changes: Changes, now: str = NOW) -> Job:
        """The job of the next run after one more edit, or at another moment; it is not run."""
        self.files = with_changes(self.files, changes)
        source, old = MemorySource(self.files), self.rendered.job
        cluster, line = read_cluster(source), old.index.last_touch()
        old.index.update(source, cluster, now)
        rooms = Rooms(self.scratch / "var", self.scratch / "media", THEME)
        job = job_of_site(source, cluster, cluster.sites[old.site.key], old.index, rooms, now, MemorySink())
        scope = Scope(everything=False, touches=tuple(old.index.touches(line)), frame=old.frame[0])
        return replace(job, scope=scope)

    def remade(self, changes: Changes, now: str = NOW) -> Job:
        """The same, run: its sink holds what was put into it, its outputs tell what came and went."""
        job = self.edited(changes, now)
        run_pelican(job, self.scratch / "var")
        self.rendered = Rendered(job, self.rendered.files)
        return job

    def files_of_content(self) -> set[str]:
        """The paths of what follows from other files alone: notices, content files, theme files, redirects."""
        return set(self.rendered.job.outputs.keys("leave", "file", "asset", "redirects"))
