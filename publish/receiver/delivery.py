"""A release on its way in: what must travel, taking it, and making it live.

- Listings are made aside and the root that comes out is compared before any blob is asked for.
- Blobs that came whole stay when the transfer is cut: the next offer asks for the rest only.
- Before the switch everything that it needs is on the disk, in the web root and in the vault; a kill or a power cut
  at any moment leaves the old release or the new one.
- What is asked and done follows the directories that changed.

Made by `publish.receiver.receive.Receiver`, which holds the target's lock around it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from cluster import bundle
from cluster.blobs import CHUNK
from cluster.delta import Delta, travelling
from cluster.errors import FormatError, RefusedError
from cluster.listings import EMPTY
from cluster.manifest import ASSETS, Entry
from cluster.release import Release
from publish.receiver import Receipt, missing, refusals
from publish.receiver.disk import told
from publish.receiver.forget import forget, owes_purge, purge
from publish.receiver.hashes import Hashes
from publish.receiver.holding import Holding
from publish.receiver.mending import lost_listings, mend_listings
from publish.receiver.offer import Offer
from publish.receiver.place import assets_of, release_of, served_top
from publish.receiver.reload import write_maps
from publish.receiver.remembered import Remembered
from publish.receiver.store import Store, bring, read_pieces
from publish.receiver.unpack import unpack
from publish.receiver.waiting import Waiting


class Delivery:
    """A release on its way in: its listings are known, its blobs are being taken, and then it is finished.

    `wanted` names the blobs that must travel: those that neither the web root nor the vault has.
    """

    wanted: Hashes

    def __init__(self, holding: Holding, release: Release, offer: Offer) -> None:
        self._holding = holding
        self._place, self._vault = holding.place, holding.vault
        self._release, self._offer = release, offer
        self._shelf = holding.shelf()
        self._live = holding.live()
        # Everything below these roots is in its place: only what differs from them is looked at.
        self._old_root = self._live.root if self._live else None
        if offer.delta:
            self._apply(offer.changes(holding.limits))
        elif release.root not in self._kept_roots():
            raise refusals.not_kept(release.root)
        self._served = self._shelf.change(release.root, release.overlay)
        self._old_served = self._live_served() if self._old_root else None
        self._check_counts()
        self._waiting = Waiting()
        # Asked for to mend the vault: a bundle that was made without knowing is good without them.
        self._repairs: set[str] = set()
        self._lost: set[str] = set()
        self._find_wanted()
        self.wanted = self._waiting.hashes

    def is_wanted(self, sha: str) -> bool:
        """Whether a blob is still to come."""
        return self._waiting.find(sha) is not None

    # The new tree

    def _apply(self, delta: Delta) -> None:
        """Makes the listings of the new tree, aside, and compares the root that comes out with the signed one."""
        if delta.old is None:
            self._old_root = None  # the whole tree came: look at all of it
        elif self._live == self._release:
            return
        elif delta.old not in self._kept_roots():
            raise refusals.not_kept(delta.old)
        try:
            root = self._shelf.follow(delta.old or EMPTY, delta.entries)
        except FormatError as error:  # a file where a directory stands, or a compressed sibling
            self._refuse_lost(delta.old or EMPTY)
            raise refusals.refused(error, "path") from error
        if not self._release.root == delta.new == root:
            raise refusals.root_differs(self._release, root)

    def _refuse_lost(self, root: str) -> None:
        """Asks for the whole tree when a part of this one is lost here. Raises: RefusedError."""
        for id in lost_listings(self._shelf, root):
            missing.add(self._holding.places.state, [id])
            raise refusals.listing_lost(id)

    def _kept_roots(self) -> set[str]:
        """The roots of releases that are here whole: those up to the live one."""
        if self._live is None:
            return {EMPTY}
        records = (self._place.record(number) for number in self._place.numbers() if number <= self._live.number)
        return {release.root for release in map(release_of, records) if release} | {EMPTY, self._live.root}

    def _live_served(self) -> str | None:
        return self._shelf.change(self._live.root, self._live.overlay) if self._live else None

    def _check_counts(self) -> None:
        """The record's counts are those of the tree; counted from the live release's by what differs."""
        live = self._live if self._old_root else None
        files, size = (live.files, live.bytes) if live else (0, 0)
        for change in self._shelf.differences(self._old_root, self._release.root):
            files += (change.new is not None) - (change.old is not None)
            size += (change.new.size if change.new else 0) - (change.old.size if change.old else 0)
        if (files, size) != (self._release.files, self._release.bytes):
            raise refusals.counts_differ(self._release, files, size)

    # What must travel

    def _find_wanted(self) -> None:
        came = self._place.came_in()
        is_looked_at = bytearray(len(came))
        for entry in self._new_entries():
            for sha in filter(None, entry[:2]) if came else ():
                place = came.find(sha)
                if place is not None and not is_looked_at[place]:
                    is_looked_at[place] = True
                    self._place.came_whole(sha)
            self._want_unless_here(entry)
        for sha, is_needed in zip(came, is_looked_at, strict=True):
            if not is_needed:
                self._place.drop_incoming(sha)
        for left in self._vault.incoming.iterdir():
            left.unlink()
        self._want_missing()
        if len(self._waiting) > self._holding.limits.bundle_blobs:
            raise refusals.too_many("blobs", self._holding.limits.bundle_blobs)

    def _new_entries(self) -> Iterator[Entry]:
        for change in self._shelf.differences(self._old_served, self._served):
            if change.new is not None:
                yield change.new

    def _want_unless_here(self, entry: Entry) -> None:
        sha = travelling(entry)
        if entry.size > self._holding.limits.blob:
            raise refusals.too_big(sha, self._holding.limits.blob)
        known = self._waiting.find(sha)
        if known is not None:
            if (known.raw, known.size) != (entry.raw, entry.size):
                raise refusals.mismatch(sha)
        elif not self._place.holds(sha) and not self._comes_from_vault(sha):
            self._waiting.add(entry)

    def _comes_from_vault(self, sha: str) -> bool:
        if sha not in self._vault.blobs:
            return False
        try:
            self._place.copy_from(self._vault, sha)
        except FormatError:  # damaged there too: it comes anew, and then the vault gets it from here
            self._vault.blobs.path(sha).unlink()
            return False
        return True

    def _want_missing(self) -> None:
        """Asks anew for what the guard found damaged and could not restore, as far as this release has it."""
        wanted = missing.read(self._holding.places.state)
        self._lost = lost_listings(self._shelf, self._served) if wanted else set()
        if not wanted or self._lost:  # the whole tree must come first
            return
        for _, entry in self._shelf.walk(self._served):
            if not wanted.isdisjoint(entry[:2]) and self._waiting.find(travelling(entry)) is None:
                self._waiting.add(entry)
                self._repairs.add(travelling(entry))

    # Taking

    def take(self, sha: str, size: int, read: Callable[[int], bytes]) -> None:
        """Takes one blob of `size` bytes, which `read` gives piece by piece, empty at the end.

        Raises:
            RefusedError: not wanted, of another size, damaged, or unpacking to more than its file may have.
            TargetError: the transfer was cut, or the disk refuses.
        """
        entry = self._waiting.find(sha)
        if entry is None:
            raise refusals.unwanted(sha)
        if size > self._holding.limits.blob:
            raise refusals.too_big(sha, self._holding.limits.blob)
        if not entry.brotli and size != entry.size:
            raise refusals.other_size(sha, size, entry.size)
        with told(self._place.root):
            # What is small is in memory once, for both places and for what is made of it; the rest goes piece by piece.
            small = [*read_all(read, size)] if size <= CHUNK else None
            if not bring(sha, small or read_all(read, size), self._place, self._vault):
                raise refusals.damaged(sha)
            self._holding.at("came")
            if entry.brotli:
                packed = small or read_pieces(self._place.path_of(sha))
                self._unpack(entry, packed, self._place, self._vault)
        self._waiting.came(sha)
        self._holding.at("blob")

    def _unpack(self, entry: Entry, packed: Iterable[bytes], *stores: Store) -> None:
        """Recreates the bytes of a file from its compressed ones. Raises: RefusedError; neither is then here."""
        try:
            if not bring(entry.raw, unpack(packed, entry.size, entry.raw), *stores):
                raise refusals.mismatch(travelling(entry))
        except RefusedError:
            for store in stores:
                store.drop_incoming(travelling(entry))
            raise

    def _copy_to_vault(self, entry: Entry) -> None:
        for sha in filter(None, entry[:2]):
            if not self._vault.holds(sha):
                self._vault.copy_from(self._place, sha)
                self._holding.at("vaulted")

    # Finishing

    def finish(self) -> Receipt:
        """Puts everything in its place, makes the release live, and forgets the oldest.

        Raises:
            RefusedError: blobs are still to come.
            TargetError: the disk refuses; the live release is as it was.
        """
        to_mend = {sha for sha in self._repairs if self.is_wanted(sha)}
        if lacking := len(self._waiting) - len(to_mend):
            raise refusals.incomplete(lacking)
        at, places = self._holding.at, self._holding.places
        disk = self._place.disk
        with told(places.www), self._holding.turn():
            self._complete()
            self._lay_aside()
            at("aside")
            disk.sync_all(places.folders)
            at("stored")
            self._give_names()
            at("names")
            disk.sync_all(places.folders)
            at("synced")
            self._vault.vouch()
            # Early maps do no harm: nginx asks them only for what is no page of the live release.
            write_maps(places.www, self._shelf, self._served, at)
            if self._place.live_number() != self._release.number:
                self._place.switch(self._release.number)
            self._vault.arrived(self._release.number)
            missing.leave(places.state, to_mend | self._lost)
            if owes_purge(self._holding, self._release):
                purge(self._holding, self._release.clean_from)
            else:
                forget(self._holding, self._offer.keep)
        return Receipt(self._holding.name, self._release.number, self._release.root, self._holding.now())

    def _complete(self) -> None:
        """Recreates and copies whatever the new files still lack in web root or vault."""
        for entry in self._new_entries():
            self._mend(entry)
            self._copy_to_vault(entry)
        if self._vaulted() != self._old_served:
            for _, entry in self._shelf.walk(self._served):
                self._copy_to_vault(entry)

    def _vaulted(self) -> str | None:
        """The tree of which the vault has everything: the live one unless the vault was lost."""
        live = self._live
        if live is None or not self._vault.vouches_for(live.number, self._place.record(live.number) or b""):
            return None
        return self._old_served

    def _mend(self, entry: Entry) -> None:
        """Brings the blobs of a file that the web root lacks, from the vault or from the compressed bytes."""
        sha = travelling(entry)
        if not self._place.holds(sha):
            if not self._vault.holds(sha):
                missing.add(self._holding.places.state, [sha])
                raise refusals.blob_lost(sha)
            self._place.copy_from(self._vault, sha)
        if not self._place.holds(entry.raw):
            self._unpack(entry, read_pieces(self._place.path_of(sha)), self._place)
            self._holding.at("recreated")

    def _lay_aside(self) -> None:
        shelf, release = self._shelf, self._release
        stores = (self._place.listings, self._vault.listings)
        mend_listings(missing.read(self._holding.places.state), shelf, stores)
        for root, old in dict.fromkeys(((release.root, self._old_root), (self._served, self._old_served))):
            for directory in shelf.differing(old, root):
                self._place.put_listing(directory)
        for root in {release.root, self._served}:
            for directory in shelf.differing(self._vaulted(), root):
                self._vault.put_listing(directory)
        top = served_top(shelf, self._served)
        inner = (each for each in shelf.differing(self._old_served, self._served) if _is_of_a_site(each.path))
        self._place.put_trees(inner, self._mend)
        self._place.put_trees([top], self._mend)
        old_assets = assets_of(shelf, self._old_served) if self._old_served else None
        changes = shelf.differences(old_assets, assets_of(shelf, self._served), ASSETS)
        self._place.put_assets(((each.path, each.new) for each in changes if each.new), self._mend)
        self._vault.put_record(release.number, self._offer.record)
        self._vault.begin(release.number, self._offer.record)
        self._place.put_release(release.number, self._offer.record, top.id)

    def _give_names(self) -> None:
        number, places = self._release.number, self._holding.places
        live = self._live.number if self._live else 0
        for store in (self._vault, self._place):
            # What was never live may be here in part only.
            store.keep([each for each in store.numbers() if each <= live or each == number])
        self._vault.give_names()
        self._place.give_names()
        self._place.name_records()
        remembered = Remembered.read(places.state)
        sha = hashlib.sha256(self._offer.record).hexdigest()
        replace(remembered, number=number, record=sha).write(places.state)


def read_all(read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    """The bytes of a blob from outside. Raises: RefusedError, TargetError when there are fewer or none come."""
    left = size
    while left:
        try:
            piece = read(min(left, CHUNK))
        except OSError as error:
            raise refusals.cut(error) from error
        if not piece:
            raise refusals.refused(bundle.cut_short(), "truncated")
        if len(piece) > left:
            raise refusals.other_size("blob", size + len(piece) - left, size)
        left -= len(piece)
        yield piece


def _is_of_a_site(path: str) -> bool:
    return path != "" and path != ASSETS and not path.startswith(f"{ASSETS}/")
