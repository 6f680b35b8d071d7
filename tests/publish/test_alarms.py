"""What the inside must see to at its targets is told in both languages, with what to do, and ends when it is done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cluster.manifest import Entry, Manifest
from cluster.release import Kind, Release
from publish.alarms import alarms, purge_alarms
from publish.ledger import Ledger
from publish.receiver import Receipt

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
FIRST = Release.publishing(1, Manifest.of({"portal/index.html": Entry("a" * 64, None, 1)}), commit="c0ffee", now=NOW)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(tmp_path / "publish.db")
    ledger.record(FIRST, who="王", at=NOW, pages_changed=1)
    return ledger


def signed(ledger: Ledger, url: str) -> list[str]:
    ledger.receive(Receipt(url, 1, FIRST.root, NOW))
    return [url]


AGES = {
    "dir: on its last minute": ("dir:dmz/www", 3 * DAY - timedelta(minutes=1), []),
    "dir: after three days": ("dir:dmz/www", 3 * DAY, ["expired"]),
    "ssh: after sixty days": ("ssh://www@dmz/srv/www", 60 * DAY, ["expired"]),
    "file: after three days": ("file:/media/usb", 3 * DAY, []),
    "file: after sixty days": ("file:/media/usb", 60 * DAY, ["expired"]),
    "a mirror, which has no signatures": ("s3://bucket/www", 60 * DAY, []),
    "a clock that is some hours behind": ("dir:dmz/www", timedelta(hours=-20), []),
    "a clock that is a year behind": ("dir:dmz/www", -365 * DAY, ["clock"]),
}


@pytest.mark.parametrize(("url", "age", "codes"), AGES.values(), ids=AGES)
def test_a_signature_that_ran_out_and_a_clock_that_went_back_are_alarms(ledger, url, age, codes):
    assert [alarm.code for alarm in alarms(ledger, signed(ledger, url), NOW + age)] == codes


def test_an_alarm_names_the_target_both_dates_and_what_to_do(ledger):
    url = "file:/media/usb"
    (alarm,) = alarms(ledger, signed(ledger, url), NOW + 60 * DAY)
    for text in (alarm.text("en"), alarm.text("zh")):
        assert text.startswith(url)
        assert all(part in text for part in ("2026-12-20 01:00 UTC", "2027-01-19 01:00 UTC", "zhanqun publish"))
    assert "carry the new bundle there" in alarm.en
    assert "check the clock of this machine" in alarm.en
    assert "新的发布包带过去" in alarm.zh
    assert "检查本机时钟" in alarm.zh
    assert "The site there goes on" in alarm.en


def test_a_target_that_is_no_longer_used_needs_no_signature(ledger):
    signed(ledger, "dir:old/www")
    assert alarms(ledger, ["dir:dmz/www"], NOW + 60 * DAY) == []


@pytest.mark.parametrize(
    ("url", "en", "zh"),
    [
        ("file:/media/usb", "carry the newest bundle there, and receipt.json back", "带回 receipt.json"),
        ("ssh://www@dmz/srv/www", "mend the target, then run: zhanqun publish", "请修复该目标"),
    ],
)
def test_a_purge_that_is_not_confirmed_is_told_until_it_is_with_since_when(ledger, url, en, zh):
    signed(ledger, url)
    ledger.record(replace(FIRST, number=2, kind=Kind.PURGE), who="王", at=NOW + DAY, pages_changed=0)
    (alarm,) = alarms(ledger, [], NOW + DAY)  # and be the target one that is no longer used
    assert alarm == purge_alarms(ledger)[0]
    assert alarm.code == "purge"
    for text, words in ((alarm.en, en), (alarm.zh, zh)):
        assert text.startswith(url)
        assert words in text
        assert "2026-11-21 01:00 UTC" in text
        assert f"zhanqun purge --confirm {url}" in text
    ledger.confirm(url, 2, NOW + DAY)
    assert purge_alarms(ledger) == []
