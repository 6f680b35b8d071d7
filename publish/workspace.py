"""Everything of one cluster on this machine, opened from the settings: content, rooms, ledger, targets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.aside import write_aside
from cluster.clock import current_time, parse_date
from cluster.errors import BusyError, ClusterError, ContentError, FormatError
from cluster.gitstore import GitSource, GitStore
from cluster.index import Index
from cluster.index.outputs import Removed
from cluster.listings import EMPTY, Listings
from cluster.manifest import Entry
from cluster.release import Release
from cluster.settings import Settings
from cluster.source import FolderSource, Source
from publish import brake
from publish.brake import Removal
from publish.build import Order, Outcome, Progress, Rooms, build, build_lock, read_cluster
from publish.ledger import Ledger

# Releases, deliveries and trust bring the cryptography with them, half a second that a build does not need: the methods
# below that use them import them.
if TYPE_CHECKING:
    from publish import release
    from publish.delivery.parcel import Progress as Way
    from publish.delivery.parcel import Target
    from publish.release import Built, Office
    from publish.trust import Trust

# How many releases a target keeps when no configuration can be read.
KEEP_RELEASES = 10
# How many releases may come before `var/` is swept: looking for what is not used costs as much as there is.
SWEEP_EVERY = 20
_SWEPT = "swept"


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
        """Publishes a build (`publish.release.publish`) and then sweeps what neither it nor a later one uses."""
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
        owes_sweep = self._owes_sweep()
        if owes_sweep or (outcome.is_new and outcome.receipts):
            self.sweep(at_once=owes_sweep)
        return outcome

    def _owes_sweep(self) -> bool:
        """Whether a purge is live that was not swept after: it was this one, or somebody was in the way then."""
        purge, live = self.ledger.last_purge(), self.ledger.live()
        return bool(purge) and live is not None and live.release.number >= purge > self._swept_at()

    def _swept_at(self) -> int:
        """The number of the release after which `var/` was swept last."""
        mark = self.settings.var / _SWEPT
        return int(mark.read_text("utf-8")) if mark.is_file() else 0

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

    def sweep(self, *, at_once: bool = False) -> int:
        """Removes the blobs and listings that neither the last build nor a kept release has, once there are many.

        Returns how many blobs went: none while somebody builds or publishes, few releases came since, or a tree that is
        needed is not here to be looked at. `at_once` does not wait until there are many, and leaves nothing readable of
        what was deleted. Raises: BusyError, FormatError when it cannot be done at once.
        """
        kept = [each.release for each in self.ledger.releases(most=self.keep_releases)]
        if not kept or not (at_once or kept[0].number >= self._swept_at() + SWEEP_EVERY):
            return 0
        try:
            with self.ledger.locked(), build_lock(self.settings.var):
                gone = self._sweep(kept[:1] if at_once else kept)
                if at_once:
                    self._overwrite_deleted()
        except (BusyError, FormatError):
            if at_once:
                raise
            return 0
        write_aside(self.settings.var / _SWEPT, str(kept[0].number).encode())
        return gone

    def _sweep(self, kept: Sequence[Release]) -> int:
        index = Index(self.rooms.index)
        try:
            used = index.outputs.blobs() | {
                sha for each in kept for _, entry in each.overlay for sha in _blobs_of(entry)
            }
            roots = {index.outputs.root(), *(each.root for each in kept)} & {EMPTY, *self.listings.known()}
        finally:
            index.close()
        live = next((each.root for each in kept if each.root in roots), EMPTY)
        used |= {sha for _, entry in self.listings.walk(live) for sha in _blobs_of(entry)}
        self.listings.sweep(self.listings.reachable(roots))
        return self.rooms.blobs.sweep(used)

    def _overwrite_deleted(self) -> None:
        index = Index(self.rooms.index)
        try:
            index.overwrite_deleted()
        finally:
            index.close()


def _blobs_of(entry: Entry) -> tuple[str, ...]:
    return (entry.raw, entry.brotli) if entry.brotli else (entry.raw,)
