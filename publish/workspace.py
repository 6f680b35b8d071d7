"""Everything of one cluster on this machine, opened from the settings: content, rooms, ledger, targets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.clock import current_time, parse_date
from cluster.errors import ClusterError, ContentError
from cluster.gitstore import GitSource, GitStore
from cluster.index import Index
from cluster.index.outputs import Removed
from cluster.listings import Listings
from cluster.settings import Settings
from cluster.source import FolderSource, Source
from publish import brake
from publish.brake import Removal
from publish.build import Order, Outcome, Progress, Rooms, build, read_cluster
from publish.ledger import Ledger
from publish.sweeping import Sweeping

# Releases, deliveries and trust bring the cryptography with them, half a second that a build does not need: the methods
# below that use them import them.
if TYPE_CHECKING:
    from publish import release
    from publish.delivery.directory import DirectoryTarget
    from publish.delivery.parcel import Progress as Way
    from publish.delivery.parcel import Target
    from publish.release import Built, Office
    from publish.trust import Trust

# How many releases a target keeps when no configuration can be read.
KEEP_RELEASES = 10


@dataclass(frozen=True, slots=True)
class Workspace:
    """One cluster's folders and what is opened from them; opening does not touch the disk until something is asked.

    `clock` is that of the targets on this machine; it says whether a signature is still fresh.
    """

    settings: Settings
    media: Path | None = None
    clock: Callable[[], datetime] = current_time

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
        from publish.delivery import SshSettings, open_target

        base, settings = self.settings.base, self.settings
        identity, known_hosts = settings.ssh_identity, settings.ssh_known_hosts
        ssh = SshSettings(base / identity if identity else None, base / known_hosts if known_hosts else None)
        found = (
            open_target(url, base, now=self.clock, ssh=ssh, nginx_reload=settings.nginx_reload)
            for url in urls or settings.targets
        )
        return tuple(found)

    @property
    def listings(self) -> Listings:
        """The trees that the inside knows: the built one and those released."""
        return Listings(self.settings.var / "listings")

    @property
    def trust(self) -> Trust:
        """The keys, and what they have signed."""
        from publish.trust import Trust

        return Trust(self.settings.data / "trust", self.settings.data / "private" / "keys")

    def office(self, targets: tuple[Target, ...], keep: int, tell: Callable[[Way], None] | None = None) -> Office:
        """What release actions work with."""
        from publish.delivery.parcel import tell_nobody
        from publish.release import Office

        return Office(self.ledger, self.listings, self.rooms.blobs, targets, self._sign, keep, tell or tell_nobody)

    def _sign(self, record: bytes, at: datetime, expiry: timedelta, root_version: int) -> Mapping[str, bytes]:
        trust = self.trust
        trust.ensure(at)
        return trust.sign(record, at=at, expiry=expiry, root_version=root_version)

    @property
    def keep_releases(self) -> int:
        """How many releases `main` wants kept; a mistake on `main` must not stand in the way of a rollback."""
        try:
            with self.source() as source:
                return read_cluster(source).keep_releases
        except ClusterError:
            return KEEP_RELEASES

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
        purge: bool = False,
    ) -> release.Outcome:
        """Publishes a build (`publish.release.publish`); after a purge, `var/` is swept at once."""
        from publish import release

        outcome = release.publish(
            office,
            self.as_built(built),
            at=at,
            who=who,
            resume=resume,
            accept_removals=accept_removals,
            purge=purge,
        )
        if outcome.release is not None and outcome.receipts:
            self.mark_released(outcome.release.root)
        if self.sweeping.owes_purge():
            self.sweeping.at_once()
        return outcome

    def as_built(self, outcome: Outcome) -> Built:
        """A build as a release takes it: its tree among the known ones."""
        from publish.release import Built

        index = Index(self.rooms.index)
        try:
            root = index.outputs.keep_listings(self.listings)
            return Built(root, index.outputs.pages(), outcome.commit, parse_date(outcome.now))
        finally:
            index.close()

    def mark_released(self, root: str) -> None:
        """Tells the index which tree is live now."""
        index = Index(self.rooms.index)
        try:
            with index.writing():
                index.outputs.mark_released(root)
        finally:
            index.close()

    def find_removals(self, outcome: Outcome) -> list[Removal]:
        """What publishing a build would take away; nothing where no release is known."""
        found = self.removed_since_release()
        if found is not None:
            return brake.judge(found.pages, found.gone, set(outcome.cluster.sites))
        live = self.ledger.live() if self.ledger.path.is_file() else None
        if live is None or live.release.root not in self.listings:
            return []
        from publish import release

        return release.find_removals(self.listings, live.release.root, self.as_built(outcome))

    def removed_since_release(self) -> Removed | None:
        """What the last release has and the last build has not; None when no release is known."""
        index = Index(self.rooms.index)
        try:
            return index.outputs.removed_since_release()
        finally:
            index.close()

    @property
    def sweeping(self) -> Sweeping:
        """The sweeps of `var/`."""
        return Sweeping(self.rooms, self.ledger, self.listings)

    @property
    def owes_sweep(self) -> bool:
        """Whether `var/` or a target on this machine has enough that nobody needs."""
        return self.sweeping.is_due or any(target.owes_sweep for target in self._folders())

    def sweep_at_rest(self, go_on: Callable[[], bool]) -> None:
        """Removes what targets on this machine and `var/` do not need, where there is enough of it, in short steps.

        Between the steps others may build and publish, and `go_on` is asked; what is not done now is done by a later
        call. Raises: FormatError, TargetError when a target cannot be swept.
        """
        for target in self._folders():
            if target.owes_sweep:
                target.sweep_at_rest(go_on)
        if self.sweeping.is_due:
            self.sweeping.at_rest(self.keep_releases, go_on)

    def _folders(self) -> list[DirectoryTarget]:
        from publish.delivery.directory import DirectoryTarget

        return [target for target in self.targets() if isinstance(target, DirectoryTarget)]
