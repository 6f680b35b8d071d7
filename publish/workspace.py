"""Everything of one cluster on this machine, opened from the settings: content, rooms, ledger, targets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cluster.blobs import BlobStore
from cluster.clock import parse_date
from cluster.errors import ContentError
from cluster.gitstore import GitSource, GitStore
from cluster.settings import Settings
from cluster.source import FolderSource, Source
from publish.build import Order, Outcome, Progress, Rooms, build
from publish.delivery import Target, open_target
from publish.ledger import Ledger
from publish.release import Built, Office


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
        blobs = BlobStore(self.settings.var / "blobs")
        return Office(self.ledger, blobs, targets, self.settings.var / "released.manifest", keep)

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

    def build(self, order: Order, content: Path | None = None, progress: Progress = lambda _: None) -> Outcome:
        """Builds `main`, or the content at `content`."""
        with self.source(content) as source:
            return build(source, self.rooms, order, progress)


def as_built(outcome: Outcome) -> Built:
    """A build as a release takes it."""
    return Built(outcome.manifest, outcome.commit, parse_date(outcome.now))
