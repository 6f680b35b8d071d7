"""How long signatures count, in one place. Called by trust, deliveries, and the worker, which signs again in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Validity:
    """How long signatures count; a target refuses a new bundle whose timestamp ran out."""

    root: timedelta = timedelta(days=365)
    # Targets and snapshot; the timestamp is what says that a release is still the newest.
    release: timedelta = timedelta(days=365)
    online: timedelta = timedelta(days=3)
    carried: timedelta = timedelta(days=30)
    # How long before its end a root is to be renewed.
    warning: timedelta = timedelta(days=60)

    def of(self, url: str) -> timedelta:
        """The expiry for a target: bundles that people carry (`file:`) count longer than connections."""
        return self.carried if is_carried(url) else self.online

    def sign_again_after(self, url: str) -> timedelta:
        """When the worker signs the live release again though nothing changed: a third of the time."""
        return self.of(url) / 3


def is_carried(url: str) -> bool:
    """Whether people carry bundles to a target: a receipt then says that one was written, not that it arrived."""
    return url.startswith("file:")


def is_signed(url: str) -> bool:
    """Whether a target verifies signatures: a mirror keeps pages and none of these."""
    return not url.startswith("s3:")


VALIDITY = Validity()
