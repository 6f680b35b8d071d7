"""The benchmark of the guard: its target is sound, and its table tells what was met."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from bench.guard import ALTERATIONS, body_of, make_town, path_of, table_of
from publish.guard.guard import Guard

MOMENT = {"seconds": 1.0, "cpu": 0.5, "pss": 50 << 20, "peak": 60 << 20, "watches": 3_000}


def test_every_page_has_a_path_and_bytes_of_its_own():
    assert len({path_of(number) for number in range(30_000)}) == 30_000
    assert len({body_of(number, edition, 500) for number in range(20) for edition in range(5)}) == 100


def test_the_target_is_sound_and_made_once(tmp_path: Path):
    places = make_town(tmp_path / "town", 250, 400, 3)
    made = (places.www / "current").lstat().st_mtime_ns
    assert make_town(tmp_path / "town", 250, 400, 3) == places
    assert (places.www / "current").lstat().st_mtime_ns == made
    assert (places.www / "current").readlink().name == "00000003"
    report = Guard(places, now=lambda: datetime(2026, 11, 20, tzinfo=UTC)).check()
    assert (report.exit_code, report.missing) == (0, 0)


def test_every_alteration_is_one(tmp_path: Path):
    for alter in ALTERATIONS:
        places = make_town(tmp_path / alter.__name__, 120, 400, 2)
        alter((places.www / "current" / path_of(7)).resolve())
        assert Guard(places, now=lambda: datetime(2026, 11, 20, tzinfo=UTC)).check().exit_code == 3


def test_the_table_tells_what_was_met():
    undone = {"in_place": [0.1, 0.2, 0.3], "deleted": [0.1, 2.5, 0.2]}
    rows = {
        "files": 300_000,
        "watching": MOMENT,
        "round": MOMENT,
        "undone": undone,
        "during": {},
        "rest": {**MOMENT, "seconds": 60.0, "cpu": 3.0},
    }
    lines = table_of(rows).splitlines()
    assert "| undone: altered in place | 0.20 s (0.10–0.30) | ≤ 2 s: met |" in lines
    assert "| undone: deleted | 0.20 s (0.10–2.50) | ≤ 2 s: **missed** |" in lines
    assert "| CPU at rest with the rolling re-hash, an hour | 180 s |  |" in lines
