"""Dates as the city writes them: ISO 8601, in the cluster's zone when none is given.

The clock is always an argument; only the edges of the program call `current_time`.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "+08:00")

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?")


# Lists, feeds and pages read the same few dates again and again.
@functools.lru_cache(maxsize=4096)
def parse_date(text: str) -> datetime:
    """The moment that an ISO 8601 text names, +08:00 when it has no zone.

    Raises:
        ValueError: the text is not such a date.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, zone = match.groups()
    moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=CHINA)
    try:
        return moment if zone is None else moment.replace(tzinfo=_zone(zone)).astimezone(CHINA)
    except OverflowError as error:
        raise ValueError(text) from error


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))


def stamp(moment: datetime) -> str:
    """A sortable text of fixed width for the index, in the cluster's zone: `2026-11-20T09:00:00+08:00`."""
    return moment.astimezone(CHINA).isoformat(timespec="seconds")


def read_stamp(stamp: str) -> datetime:
    """The moment of a stamp that this program wrote, which needs no checking."""
    return datetime.fromisoformat(stamp)


def current_time() -> datetime:
    """The wall clock in the cluster's zone, to the second."""
    return datetime.now(CHINA).replace(microsecond=0)
