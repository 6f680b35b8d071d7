"""A release on its way to all targets that lack it, or whose signature has grown old.

One target that fails does not stop the others; the next run delivers to it, changed content or not.

Called by the actions of `publish.release`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from cluster.errors import ClusterError
from cluster.manifest import Changes
from cluster.release import Release
from publish.delivery.parcel import Parcel, Target
from publish.office import Office
from publish.outcome import Failure, Outcome
from publish.receiver import Receipt
from publish.seen import Seen
from publish.validity import VALIDITY, is_carried
from publish.wish import is_at


@dataclass(frozen=True, slots=True)
class Round:
    """One release on its way to all targets that lack it."""

    office: Office
    release: Release
    seen: Seen
    at: datetime
    is_new: bool
    changes: Changes
    only_signs: bool = False

    def go(self) -> Outcome:
        """Delivers to every target that lags, and says which did not take it."""
        receipts: list[Receipt] = []
        failures: list[Failure] = []
        lagging = [target for target in self.office.targets if self._lags(target)]
        for target in lagging:
            try:
                receipts.append(self._receive(target.deliver(self._parcel())))
            except ClusterError as error:
                failures.append(Failure(target.url, error.chinese, error.english))
        if receipts or len(lagging) < len(self.office.targets):
            self.office.ledger.mark_live(self.release.number)
            self.office.at_step("live")
        return Outcome(self.release, self.is_new, self.changes, receipts=tuple(receipts), failures=tuple(failures))

    def _parcel(self) -> Parcel:
        office = self.office
        return Parcel(
            self.release,
            self.release.dump(),
            office.keep,
            office.listings,
            office.blobs,
            lambda expiry, root_version: office.sign(self.release.dump(), self.at, expiry, root_version),
            office.tell,
        )

    def _lags(self, target: Target) -> bool:
        """Whether a target has not got the release, or not lately: its signature must not grow too old there."""
        receipt, hello = self.office.ledger.receipts().get(target.url), self.seen.get(target.url)
        if receipt is None or receipt.number != self.release.number:
            return True
        # What is carried says late what it has, and its medium is seldom there.
        if not (self.only_signs and is_carried(target.url)) and (hello is None or not is_at(hello, self.release)):
            return True
        if hello is not None and hello.lacks:  # and be it the same release: it brings what was lost there
            return True
        # A receipt from the future is one from a day when a clock was wrong.
        return abs(self.at - receipt.at) >= VALIDITY.sign_again_after(target.url)

    def _receive(self, receipt: Receipt) -> Receipt:
        """Notes a receipt under the moment at which its signature was made, by the clock here."""
        ledger, url = self.office.ledger, receipt.target
        self.office.at_step("delivered")
        ledger.receive(replace(receipt, at=self.at))
        if not is_carried(url):
            ledger.confirm(url, receipt.number, self.at)
        self.office.at_step("received")
        return receipt
