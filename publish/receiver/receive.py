"""Receiving a release: verify everything, take what is missing, put it in place, switch, keep the last few.

- Nothing is believed before the signatures were checked, and nothing unpacked beyond its limit.
- What is refused is refused with a code and words of its own, and changes nothing.
- A number never goes back and never names two records, even when the whole web root was lost.

The same code serves every delivery: `publish.delivery.directory` in process, `zhanqun receive` over a pipe or a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import BinaryIO, Protocol

from cluster import bundle
from cluster.bundle import Member, read_members
from cluster.errors import FormatError
from cluster.listings import EMPTY, dump_listing
from cluster.release import Release
from publish.receiver import Receipt, missing, refusals
from publish.receiver.delivery import Delivery, read_all
from publish.receiver.disk import Disk, no_step, told
from publish.receiver.forget import owes_sweep, purge, sweep_now
from publish.receiver.holding import Holding
from publish.receiver.limits import LIMITS, Limits
from publish.receiver.mending import lost_listings
from publish.receiver.offer import KEEP, Offer
from publish.receiver.place import Place
from publish.receiver.places import Places
from publish.receiver.remembered import Remembered
from publish.receiver.resting import RestingSweep
from publish.receiver.trust import Accepted, TrustState
from publish.receiver.vault import Vault

__all__ = ["KEEP", "Delivery", "Hello", "Offer", "Receiver", "Trust", "receive_bundle"]

_METADATA_NAME = re.compile(r"(?:[1-9][0-9]{0,9}\.)?(?:root|snapshot|targets|timestamp)\.json")


class Trust(Protocol):
    """Who may sign releases; `publish.receiver.trust.TrustState` is the real one."""

    @property
    def root_version(self) -> int:
        """The version of the trusted root metadata, 0 before set-up."""

    def check(self, metadata: Mapping[str, bytes], record: bytes, now: datetime) -> Accepted:
        """Checks that the record is signed and fresh. Raises: RefusedError."""

    def remember(self, accepted: Accepted) -> None:
        """Makes checked metadata the trusted state."""


@dataclass(frozen=True, slots=True)
class Hello:
    """What a target says of itself: the live release's number (0: none) and content root, and whom it trusts.

    `lacks` counts what its vault has lost. With a part of the live tree lost for good, the root is that of nothing:
    the next delivery then brings the whole tree.
    """

    number: int
    root: str
    root_version: int
    lacks: int = 0


class Receiver:
    """Takes releases at one target; `name` stands in its receipts."""

    def __init__(
        self,
        places: Places,
        *,
        now: Callable[[], datetime],
        trust: Trust | None = None,
        at: Callable[[str], None] = no_step,
        limits: Limits = LIMITS,
        disk: Disk | None = None,
        name: str = "",
    ) -> None:
        self.places = places
        self.place = Place(places.www, disk=disk, at=at)
        self.vault = Vault(places.vault, at=at)
        self.holding = Holding(places, self.place, self.vault, limits, now, at, name or str(places.www))
        self.trust = trust or TrustState(places.state / "tuf")

    def hello(self) -> Hello:
        """What is live here. Raises: TargetError when the folder cannot be read."""
        live, lacks = self.holding.live(), len(missing.read(self.places.state))
        root = live.root if live else EMPTY
        if lacks and lost_listings(self.holding.shelf(), root):
            root = EMPTY
        return Hello(live.number if live else 0, root, self.trust.root_version, lacks)

    def lend(self, id: str) -> bytes:
        """The text of a listing that is kept here, for an inside that lost its own. Raises: TargetError."""
        with told(self.places.www):
            try:
                return dump_listing(self.holding.shelf().read(id))
            except FormatError as error:
                raise refusals.no_such_listing(id) from error

    @contextmanager
    def receiving(self, offer: Offer) -> Iterator[Delivery]:
        """Checks an offer and holds the target for its delivery.

        Raises:
            RefusedError: it is not to be believed or not fit; nothing was changed.
            TargetError: the target cannot take anything.
            BusyError: another delivery holds it.
        """
        with self.holding.held():
            with told(self.places.www):
                release = offer.release(self.holding.limits)
                accepted = self.trust.check(offer.metadata, offer.record, self.holding.now())
                self._refuse_passed(release, offer.record)
                delivery = Delivery(self.holding, release, offer)
                self.trust.remember(accepted)
                self.holding.at("accepted")
            yield delivery

    @property
    def owes_sweep(self) -> bool:
        """Whether there is enough that only dropped releases used."""
        with told(self.places.state):
            return owes_sweep(self.holding)

    def sweep_at_rest(self, go_on: Callable[[], bool], *, thorough: bool = False) -> bool:
        """Removes what only dropped releases used, or `thorough`ly all that is unused, in short steps.

        Between the steps others may publish, and `go_on` is asked. False when it did not come to its end; a later call
        does the rest. Raises: FormatError, TargetError as `sweep`.
        """
        return RestingSweep(self.holding, go_on, thorough=thorough).run()

    def sweep(self) -> int:
        """Looks through everything and removes what no kept release needs; returns how many blobs and listings went.

        For repair: others wait meanwhile. Raises: FormatError when a listing of a kept release is damaged.
        """
        with self.holding.held(), told(self.places.www), self.holding.turn():
            return sweep_now(self.holding)

    def purge(self, root: str) -> int:
        """Drops every release but the live one, which has this root, and all that only they used, at once.

        Raises: TargetError when another root is live.
        """
        with self.holding.held(), told(self.places.www), self.holding.turn():
            live = self.holding.live()
            if live is None or live.root != root:
                raise refusals.not_live(self.places.www, root)
            return purge(self.holding, live.number)

    def _refuse_passed(self, release: Release, record: bytes) -> None:
        remembered = Remembered.read(self.places.state)
        live = self.place.live_number()
        highest = max(remembered.number, live)
        if release.number < highest:
            raise refusals.replayed(release.number, highest)
        is_another = release.number == remembered.number and not remembered.is_of(record)
        if is_another or (release.number == live and self.holding.live() != release):
            raise refusals.number_taken(release.number)


def receive_bundle(stream: BinaryIO, receiver: Receiver, *, keep: int = KEEP) -> Receipt:
    """Receives the release in a bundle, skipping the blobs that are here.

    Raises:
        RefusedError: the bundle is not to be believed, damaged or cut short; nothing was changed.
        TargetError, BusyError: as `Receiver.receiving`.
    """
    members = _members(stream)
    offer, first = _read_offer(members, receiver.holding.limits, keep)
    with receiver.receiving(offer) as delivery:
        for count, member in enumerate(_rest(first, members), 1):
            if count > receiver.holding.limits.bundle_blobs:
                raise refusals.too_many("blobs", receiver.holding.limits.bundle_blobs)
            if delivery.is_wanted(member.name):
                delivery.take(member.name, member.size, _reader(member))
        return delivery.finish()


def _members(stream: BinaryIO) -> Iterator[Member]:
    with _refusing_bundle():
        yield from read_members(stream)


def _read_offer(members: Iterator[Member], limits: Limits, keep: int) -> tuple[Offer, Member | None]:
    """The offer in front of a bundle, and the first blob behind it."""
    sizes = {"metadata": limits.metadata, "record": limits.record, "delta": limits.delta_packed}
    metadata: dict[str, bytes] = {}
    single: dict[str, bytes] = {}
    first = None
    for member in members:
        if member.kind == "blob":
            first = member
            break
        if member.size > sizes[member.kind]:
            raise refusals.too_big(member.name, sizes[member.kind])
        held = metadata if member.kind == "metadata" else single
        key = member.name if member.kind == "metadata" else member.kind
        if key in held or (held is metadata and not _METADATA_NAME.fullmatch(key)):
            raise refusals.refused(bundle.bad_member(), "bundle")
        if len(metadata) >= limits.metadata_members:
            raise refusals.too_many("metadata", limits.metadata_members)
        held[key] = _whole(read_all(_reader(member), member.size))
    if "record" not in single:
        raise refusals.refused(bundle.bad_member(), "bundle")
    return Offer(metadata, single["record"], single.get("delta", b""), keep), first


def _whole(pieces: Iterator[bytes]) -> bytes:
    whole = BytesIO()
    for piece in pieces:
        whole.write(piece)
    return whole.getvalue()


def _rest(first: Member | None, members: Iterator[Member]) -> Iterator[Member]:
    if first is not None:
        yield first
        yield from members


def _reader(member: Member) -> Callable[[int], bytes]:
    def read(count: int) -> bytes:
        with _refusing_bundle():
            return member.read(count)

    return read


@contextmanager
def _refusing_bundle() -> Iterator[None]:
    try:
        yield
    except FormatError as error:
        codes = {bundle.cut_short().english: "truncated", bundle.unknown_format().english: "bundle-format"}
        raise refusals.refused(error, codes.get(error.english, "bundle")) from error
