"""How long signatures count follows from how a target is reached."""

from __future__ import annotations

from datetime import timedelta

import pytest

from publish.validity import VALIDITY, is_carried, is_signed

DAY = timedelta(days=1)
TARGETS = {
    "a folder": ("dir:dmz/www", 3 * DAY, False, True),
    "a line": ("ssh://www@dmz/srv/www", 3 * DAY, False, True),
    "a medium": ("file:/media/usb", 30 * DAY, True, True),
    "a mirror": ("s3://bucket/www", 3 * DAY, False, False),
}


@pytest.mark.parametrize(("url", "valid", "carried", "signed"), TARGETS.values(), ids=TARGETS)
def test_what_people_carry_counts_longer_and_a_mirror_has_no_signatures(url, valid, carried, signed):
    assert (VALIDITY.of(url), is_carried(url), is_signed(url)) == (valid, carried, signed)
    assert VALIDITY.sign_again_after(url) * 3 == valid
