"""What the targets say of themselves before an action, and what follows from it about the newest release.

- A target that does not answer is left out, and so is one that claims a number far beyond all that was released: it
  would use up the numbers for every other target.
- What a target says that it has is noted in the ledger: of a bundle that was carried nothing else confirms it.

Called by the actions of `publish.release` and by `zhanqun status`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cluster.errors import ClusterError
from publish.ledger import Ledger
from publish.office import Office
from publish.receiver.receive import Hello

# What the targets that answered said of themselves, by URL.
Seen = Mapping[str, Hello]
# How many numbers a restored ledger may lack at most.
MOST_AHEAD = 1_000_000


def look_at(office: Office, at: datetime) -> Seen:
    """What each target says of itself; one that does not answer is left out and told when delivered to."""
    latest = office.ledger.latest()
    most = (latest.release.number if latest else 0) + MOST_AHEAD
    seen: dict[str, Hello] = {}
    for target in office.targets:
        try:
            hello = target.hello()
        except ClusterError:
            continue
        if hello.number <= most:
            seen[target.url] = hello
    note(office.ledger, seen, at)
    return seen


def note(ledger: Ledger, seen: Seen, at: datetime) -> None:
    """Confirms in the ledger what targets say that they have; a number that was never recorded proves nothing."""
    latest, known = ledger.latest(), ledger.confirmations()
    for url, hello in seen.items():
        if latest is not None and known.get(url, 0) < hello.number <= latest.release.number:
            ledger.confirm(url, hello.number, at)


def newest(ledger: Ledger, seen: Seen) -> tuple[int, str] | None:
    """Number and root of what visitors see: the newest that the ledger or a target knows as live.

    Of one number the ledger knows the root best: a target that lost a part of its tree says that it has none.
    """
    recorded = ledger.live()
    known = [(recorded.release.number, recorded.release.root)] if recorded else []
    known += [(hello.number, hello.root) for hello in seen.values() if hello.number]
    return max(known, key=lambda each: each[0], default=None)
