"""Dates: what a clerk may write, what is refused, and stamps that sort like moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.clock import CHINA, current_time, parse_date, stamp

MOMENTS = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(CHINA)).map(
    lambda moment: moment.replace(microsecond=0)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2026-11-18", "2026-11-18T00:00:00+08:00", id="a day alone is its midnight"),
        pytest.param("2026-11-18T09:30", "2026-11-18T09:30:00+08:00", id="no zone means +08:00"),
        pytest.param("2026-11-18 09:30", "2026-11-18T09:30:00+08:00", id="a space for the T"),
        pytest.param("2026-11-18T09:30:15", "2026-11-18T09:30:15+08:00", id="with seconds"),
        pytest.param("2026-11-18T09:30:15.123456", "2026-11-18T09:30:15+08:00", id="fractions are dropped"),
        pytest.param("2026-11-18T09:30Z", "2026-11-18T17:30:00+08:00", id="UTC is converted"),
        pytest.param("2025-12-31T20:00Z", "2026-01-01T04:00:00+08:00", id="the year is that of the city"),
        pytest.param("2026-11-18T09:30-05:30", "2026-11-18T23:00:00+08:00", id="west of Greenwich"),
        pytest.param("2026-11-18T09:30 +0800", "2026-11-18T09:30:00+08:00", id="zone without a colon"),
        pytest.param("  2026-11-18 \n", "2026-11-18T00:00:00+08:00", id="spaces around do not matter"),
        pytest.param("2024-02-29", "2024-02-29T00:00:00+08:00", id="leap day"),
    ],
)
def test_a_date_is_read_in_the_cluster_s_zone(text, expected):
    assert stamp(parse_date(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("tomorrow", id="words"),
        pytest.param("2026年11月18日", id="Chinese date"),
        pytest.param("2026/11/18", id="slashes"),
        pytest.param("18-11-2026", id="day first"),
        pytest.param("2026-11-18T", id="T without a time"),
        pytest.param("2026-13-01", id="month 13"),
        pytest.param("2026-02-30", id="30 February"),
        pytest.param("2025-02-29", id="leap day of a common year"),
        pytest.param("2026-11-18T24:00", id="hour 24"),
        pytest.param("2026-11-18T09:30:60", id="second 60"),
        pytest.param("0000-01-01", id="year 0"),
        pytest.param("2026-11-18T09:30+24:00", id="a zone that does not exist"),
        pytest.param("0001-01-01T00:00+23:00", id="before the first year in the city's zone"),
        pytest.param("9999-12-31T23:00-23:00", id="after the last year in the city's zone"),
        pytest.param("2026-11-18; DROP TABLE item", id="something behind it"),
    ],
)
def test_what_is_no_date_is_a_value_error(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the words are datetime's or the text itself
        parse_date(text)


@given(MOMENTS)
def test_a_stamp_reads_back_as_the_same_moment(moment):
    assert parse_date(stamp(moment)) == moment


@given(MOMENTS, MOMENTS)
def test_stamps_sort_like_moments(one, other):
    assert (stamp(one) < stamp(other)) == (one < other)


@given(MOMENTS, st.integers(-23, 23))
def test_a_stamp_does_not_depend_on_the_zone_a_moment_came_in(moment, hours):
    zone = timezone(timedelta(hours=hours))
    assert stamp(moment.astimezone(zone)) == stamp(moment)


def test_the_clock_is_in_the_cluster_s_zone_and_has_no_fractions():
    now = current_time()
    assert now.utcoffset() == timedelta(hours=8)
    assert now.microsecond == 0
    assert now - datetime.now(UTC) < timedelta(days=1)
