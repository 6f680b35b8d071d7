"""Everything of one cluster on this machine, opened from the settings: content, rooms, ledger, targets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cluster.clock import parse_date
from cluster.errors import BusyError, ClusterError, ContentError, FormatError
from cluster.gitstore import GitSource, GitStore
from cluster.index import Index
from cluster.index.outputs import Removed
from cluster.manifest import Entry, Manifest
from cluster.settings import Settings
from cluster.source import FolderSource, Source
from publish import release
from publish.build import Order, Outcome, Progress, Rooms, build, build_lock, read_cluster, read_output
from publish.delivery import Target, open_target
from publish.ledger import Ledger
from publish.release import Built, Office

# How many releases a target keeps when no configuration can be read.
KEEP_RELEASES = 10


@dataclass(frozen=True, slots=True)
class Workspace:
    """One cluster's folders and what is opened from them; opening does not touch the disk until something is asked."""

    settings: Settings
    media: Path | None = None

    @property
    def rooms(self) -> Rooms:
        """Where a build works; the large files are those of `data/media` unless others were named."""
        return Rooms(self.settings.var, self.media or self.settings.data / "media", self.settings.theme)

    @property
    def ledger(self) -> Ledger:
        """Releases, receipts, jobs and holds."""
        return Ledger(self.settings.data / "publish.db")

    def targets(self, urls: tuple[str, ...] = ()) -> tuple[Target, ...]:
        """The named targets, or those of the settings."""
        return tuple(open_target(url, self.settings.base) for url in urls or self.settings.targets)

    def office(self, targets: tuple[Target, ...], keep: int) -> Office:
        """What release actions work with."""
        return Office(self.ledger, self.rooms.blobs, targets, self.released, keep)

    @property
    def keep_releases(self) -> int:
        """How many releases `main` wants kept; a mistake on `main` must not stand in the way of a rollback."""
        try:
            with self.source() as source:
                return read_cluster(source).keep_releases
        except ClusterError:
            return KEEP_RELEASES

    @property
    def released(self) -> Path:
        """The manifest of the last release."""
        return self.settings.var / "released.manifest"

    @contextmanager
    def source(self, content: Path | None = None) -> Iterator[Source]:
        """`main` of the content repository; or of the repository, or the plain folder, at `content`."""
        place = content or self.settings.repository
        if content is not None and (content / "sites").is_dir():
            yield FolderSource(content)
            return
        with GitStore(place) as store:
            head = store.head()
            if head is None:
                raise ContentError(
                    f"{place} has no branch 'main'. Run 'zhanqun seed', or push one.",
                    f"{place} 没有 main 分支。请运行 zhanqun seed 或推送内容。",
                )
            yield GitSource(store, head)

    def order(self, now: str, *, sites: tuple[str, ...] = (), full: bool = False, jobs: int | None = None) -> Order:
        """What to build, under the addresses of the settings."""
        return Order(
            now,
            url=self.settings.url,
            port=self.settings.port,
            sites=sites,
            full=full,
            jobs=jobs or os.cpu_count() or 1,
        )

    def build(self, order: Order, content: Path | None = None, progress: Progress = lambda _: None) -> Outcome:
        """Builds `main`, or the content at `content`."""
        with self.source(content) as source:
            return build(source, self.rooms, order, progress)

    def publish(
        self,
        office: Office,
        built: Outcome,
        *,
        at: datetime,
        who: str,
        resume: bool = False,
        accept_removals: bool = False,
    ) -> release.Outcome:
        """Publishes a build (`publish.release.publish`) and then sweeps what neither it nor a later one uses."""
        outcome = release.publish(
            office, as_built(built), at=at, who=who, resume=resume, accept_removals=accept_removals
        )
        if outcome.release is not None and outcome.receipts:
            self.mark_released(outcome.release.root)
        if outcome.is_new and outcome.receipts:
            self.sweep()
        return outcome

    def mark_released(self, root: str) -> None:
        """Tells the index which tree is live now."""
        index = Index(self.rooms.index)
        try:
            with index.writing():
                index.outputs.mark_released(root)
        finally:
            index.close()

    def removed_since_release(self) -> Removed | None:
        """What the last release has and the last build has not; None when no release is known."""
        index = Index(self.rooms.index)
        try:
            return index.outputs.removed_since_release()
        finally:
            index.close()

    def sweep(self) -> int:
        """Removes the blobs that neither the last build nor the last release has, once they are the most.

        Returns how many went: none while somebody builds or publishes.
        """
        try:
            with self.ledger.locked(), build_lock(self.settings.var):
                kept = [read_output(self.rooms.index)[0], read_manifest(self.released)]
                used = {sha for manifest in kept for path in manifest for sha in _blobs_of(manifest[path])}
                blobs = self.rooms.blobs
                return blobs.sweep(used) if sum(1 for _ in blobs.root.glob("*/*")) > 2 * len(used) else 0
        except BusyError:
            return 0


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file, an empty one when it is missing or damaged: it is derived."""
    try:
        return Manifest.parse(path.read_bytes())
    except (FileNotFoundError, FormatError):
        return Manifest.of({})


def _blobs_of(entry: Entry) -> tuple[str, ...]:
    return (entry.raw, entry.brotli) if entry.brotli else (entry.raw,)


def as_built(outcome: Outcome) -> Built:
    """A build as a release takes it."""
    return Built(outcome.manifest, outcome.commit, parse_date(outcome.now))
