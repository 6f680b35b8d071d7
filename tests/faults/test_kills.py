"""A kill at any moment leaves the old release or the new one, and the next delivery works."""

from __future__ import annotations

from tests.faults.running import faults_of, run_faults

POINTS = 90


def test_a_kill_anywhere_leaves_a_whole_release_and_the_next_delivery_works():
    rows = run_faults("kills", points=POINTS)
    assert faults_of(rows) == []
    assert sum(row["confirmed"] for row in rows) == POINTS
    assert all(row["confirmed"] == row["points"] > 0 for row in rows)
    assert all(set(row["left"]) <= {"old", "new"} for row in rows)
    assert {"old", "new"} <= {state for row in rows for state in row["left"]}
    assert {"write", "rename", "link", "step"} <= {call for row in rows for call in row["calls"]}


def test_a_kill_of_the_guard_leaves_nothing_new_and_the_next_look_mends_the_rest():
    (row,) = run_faults("guard", points=180)
    assert faults_of([row]) == []
    assert row["confirmed"] == row["points"] > 20
    assert set(row["left"]) == {"old", "new"}


def test_a_kill_of_the_inside_leaves_whole_targets_and_the_next_run_finishes_it():
    (row,) = run_faults("house", points=112)
    assert faults_of([row]) == []
    assert row["confirmed"] == row["points"] == 16
    assert set(row["left"]) <= {"old", "new"}


def test_a_kill_while_bytes_go_over_a_wire_leaves_whole_targets_and_the_next_run_finishes_it():
    ssh, mirror = run_faults("wires", points=28)
    assert faults_of([ssh, mirror]) == []
    assert ssh["confirmed"] == mirror["confirmed"] == 2
    assert set(ssh["left"]) <= {"old", "new"}
    assert set(mirror["left"]) <= {"old", "between", "new"}
