"""A disk that says no is told in words, leaves a whole release, and does no lasting harm."""

from __future__ import annotations

import os

import pytest

from tests.faults.running import faults_of, run_faults


def test_a_call_that_fails_is_told_and_the_next_delivery_works():
    rows = run_faults("refusals", points=60)
    assert faults_of(rows) == []
    assert all(row["told"] + row["survived"] == row["points"] > 0 for row in rows)


def test_a_line_that_breaks_off_leaves_the_old_release_and_the_next_delivery_works():
    rows = run_faults("line", points=60)
    assert faults_of(rows) == []
    assert all(row["told"] == row["points"] > 0 for row in rows)
    assert all(set(row["left"]) == {"old"} for row in rows)


def test_a_real_disk_that_is_full_or_read_only_leaves_the_old_release_and_recovers():
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED ON A REAL DISK: mounting a tmpfs needs root")
    rows = run_faults("disks", scenes="a release")
    if not rows:
        pytest.skip("NOT TESTED ON A REAL DISK: this machine lets us mount nothing")
    assert faults_of(rows) == []
    assert sum(row["told"] for row in rows) > 2
