"""A power cut at any moment leaves the old release or the new one, and every sync is needed for that."""

from __future__ import annotations

from tests.faults.running import faults_of, run_faults


def test_whatever_a_power_cut_leaves_is_a_whole_release_and_no_sync_can_be_spared():
    rows = run_faults("power", samples=4, restarts=4)
    assert faults_of(rows) == []
    assert [needless for row in rows for needless in row["needless"]] == []
    assert all(row["syncs"] > 0 and row["cuts"] > row["acts"] for row in rows)
    assert all(row["restarted"] == 4 for row in rows)
    assert all({"old", "new"} == set(row["left"]) for row in rows)
