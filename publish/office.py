"""What every action on releases works with: the office, its targets and stores, and the state that a build made.

Opened by `publish.workspace`, handed to the actions of `publish.release`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cluster.blobs import BlobStore
from cluster.listings import Listings
from publish.delivery.parcel import Progress, Target, tell_nobody
from publish.ledger import Ledger
from publish.receiver.place import no_step

# (record, when, how long the signatures hold, version of the root metadata that the target trusts) -> TUF files.
Signer = Callable[[bytes, datetime, timedelta, int], Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class Built:
    """What a build made: the root of its tree, the pages of each site, commit and `now` that it follows from."""

    root: str
    pages: Mapping[str, int]
    commit: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Office:
    """What every action works with; `listings` holds the built tree and, while they are known, released ones."""

    ledger: Ledger
    listings: Listings
    blobs: BlobStore
    targets: tuple[Target, ...]
    sign: Signer
    keep: int = 10
    tell: Callable[[Progress], None] = tell_nobody
    at_step: Callable[[str], None] = no_step
