"""An inside to deliver from: a small city whose parcels are signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cluster.release import Release
from publish.delivery.parcel import Sign
from publish.trust import Trust
from tests.publish.delivery.city import NOW, City, Files

__all__ = ["NOW", "Files", "SignedCity"]


@dataclass
class SignedCity(City):
    """A city with the keys of its cluster; `at` is when it signs."""

    at: datetime = NOW

    @property
    def trust(self) -> Trust:
        """Its keys, made when first asked for."""
        trust = Trust.of(self.folder / "data")
        trust.ensure(NOW)
        return trust

    def signer(self, release: Release) -> Sign:
        """The keys at work."""

        def sign(expiry: timedelta, root_version: int) -> dict[str, bytes]:
            return self.trust.sign(release.dump(), at=self.at, expiry=expiry, root_version=root_version)

        return sign
