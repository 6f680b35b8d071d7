"""How moments stand in signed metadata and in what is said about it. Called by trust, its refusals, and freshness."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

# A field of our own in the signed timestamp: when it was signed. It shows a clock here that is behind.
SIGNED_AT = "x-zhanqun-signed-at"
TIME = "%Y-%m-%dT%H:%M:%SZ"
# How far the clocks of the two sides may be apart before a bundle counts as signed in the future.
CLOCK = timedelta(days=1)


def minute(moment: datetime) -> str:
    """A moment as people compare it with a clock."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
