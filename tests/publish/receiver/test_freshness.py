"""An old signature or a wrong clock is told in both languages, with both dates and what to do; nothing is changed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from publish.receiver.freshness import Freshness, alarm_of
from publish.receiver.trust import TrustState
from publish.trust import Trust
from tests.publish.delivery.city import NOW

DAY = timedelta(days=1)
RECORD = b'{"number": 1}'


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state folder of a target that took a release signed at `NOW` for three days."""
    inside = Trust.of(tmp_path / "data")
    inside.init(NOW)
    trusted = TrustState(tmp_path / "state/tuf")
    trusted.set_up(inside.root())
    trusted.verify(inside.sign(RECORD, at=NOW, expiry=3 * DAY, root_version=0), RECORD, NOW)
    return tmp_path / "state"


def test_the_moments_are_those_of_the_signed_files(state):
    assert Freshness.read(state) == Freshness(NOW, NOW + 3 * DAY, NOW + 365 * DAY)
    assert Freshness.read(state).as_dict() == {
        "signed_at": "2026-11-20T01:00:00+00:00",
        "until": "2026-11-23T01:00:00+00:00",
        "root_until": "2027-11-20T01:00:00+00:00",
    }


CLOCKS = {
    "right": (timedelta(), "", ()),
    "some hours behind": (timedelta(hours=-20), "", ()),
    "on the last minute": (3 * DAY - timedelta(minutes=1), "", ()),
    "when it ran out": (3 * DAY, "expired", ("2026-11-20 01:00 UTC", "2026-11-23 01:00 UTC", "zhanqun publish")),
    "after sixty days": (60 * DAY, "expired", ("2026-11-23 01:00 UTC", "2027-01-19 01:00 UTC", "zhanqun publish")),
    "a year ahead": (365 * DAY, "root-expired", ("2027-11-20 01:00 UTC", "zhanqun keys rotate root")),
    "a year behind": (-365 * DAY, "clock", ("2026-11-20 01:00 UTC", "2025-11-20 01:00 UTC")),
}


@pytest.mark.parametrize(("ahead", "code", "words"), CLOCKS.values(), ids=CLOCKS)
def test_an_alarm_says_both_dates_and_what_to_do_in_both_languages(state, ahead, code, words):
    alarm = alarm_of(state, NOW + ahead)
    assert (alarm.code if alarm else "") == code
    if alarm is not None:
        for text in (alarm.text("en"), alarm.text("zh-CN")):
            assert all(each in text for each in words)
            assert "--close" in text
        assert "check the clock of this machine" in alarm.en.lower()
        assert "检查本机时钟" in alarm.zh
        assert alarm.as_dict() == {"code": code, "en": alarm.en, "zh": alarm.zh}


def test_before_the_first_release_there_is_nothing_to_tell(tmp_path):
    assert Freshness.read(tmp_path) is None
    assert alarm_of(tmp_path, NOW) is None


@pytest.mark.parametrize("name", ["timestamp.json", "root.json"])
@pytest.mark.parametrize("data", [b"", b"[]", b'{"signed": 3}', b'{"signed": {"expires": "soon"}}', b"\xff"])
def test_files_that_cannot_be_read_are_an_alarm_of_their_own(state, name, data):
    (state / "tuf" / name).write_bytes(data)
    alarm = alarm_of(state, NOW)
    assert alarm is not None
    assert alarm.code == "damaged"
    assert "zhanqun receive --trust" in alarm.zh
