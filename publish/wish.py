"""A state that is to become live, and the record that it gets: the latest one of this state, else a new number.

- A number is recorded as pending, with its whole record, before any target hears of it: none names two states.
- Every record names the newest purge before it: a target that missed it purges with whatever comes next.

Called by the actions of `publish.release`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from cluster.listings import EMPTY
from cluster.manifest import Changes
from cluster.release import Kind, Overlay, Release
from publish import brake
from publish.ledger import State
from publish.office import Built, Office
from publish.receiver.receive import Hello
from publish.seen import Seen
from publish.trees import weight


@dataclass(frozen=True, slots=True)
class Wish:
    """A state that is to become live: root and overlay, and its record once it has a number."""

    root: str
    overlay: Overlay
    record: Callable[[int], Release]
    must_be_new: bool = False

    @classmethod
    def to_publish(cls, office: Office, built: Built, overlay: Overlay, *, is_purge: bool) -> Wish:
        """What a build made; a purge is a release of its own even when nothing else is new."""
        files, size = weight(office, built.root)
        kind = Kind.PURGE if is_purge else Kind.PUBLISH
        unnumbered = Release(1, built.commit, built.now, built.root, files, size, kind, overlay=overlay)
        return cls(built.root, overlay, unnumbered.numbered, must_be_new=is_purge)

    @classmethod
    def to_roll_back(cls, older: Release, overlay: Overlay) -> Wish:
        """The content of an older release, in the state of today."""
        return cls(older.root, overlay, lambda number: replace(older.rolled_back_as(number), overlay=overlay))

    @classmethod
    def to_change_state(cls, live: Release, overlay: Overlay) -> Wish:
        """The content of the live release in another state."""
        return cls(live.root, overlay, lambda number: live.in_state(number, overlay))

    def is_of(self, release: Release) -> bool:
        """Whether a record has this state."""
        return not self.must_be_new and (release.root, release.overlay) == (self.root, self.overlay)


def take_number(
    office: Office, wish: Wish, seen: Seen, changes: Changes, *, at: datetime, who: str
) -> tuple[Release, bool]:
    """The record to deliver, and whether it is yet to go live: the latest if it has this state, else new."""
    latest = office.ledger.latest()
    if latest is not None and wish.is_of(latest.release) and _is_unsurpassed(latest.release, seen):
        return latest.release, latest.state is State.PENDING
    highest_seen = max((each.number for each in seen.values()), default=0)
    release = wish.record(office.ledger.next_number(above=highest_seen)).after_purge(office.ledger.last_purge())
    office.ledger.record(release, who=who, at=at, pages_changed=sum(map(brake.is_page, changes)))
    office.at_step("recorded")
    return release, True


def _is_unsurpassed(release: Release, seen: Seen) -> bool:
    """Whether no target is further on: it would be after the ledger came back from an old backup.

    One that says its number and no root lacks a part of its tree, and is to get the whole of it.
    """
    return all(
        each.number < release.number or is_at(each, release) or (each.number == release.number and each.root == EMPTY)
        for each in seen.values()
    )


def is_at(hello: Hello, release: Release) -> bool:
    """Whether a target says that it has this release."""
    return (hello.number, hello.root) == (release.number, release.root)
