"""Promises of periods: their words hold between them just the stamps that lie in them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.clock import CHINA, stamp
from cluster.index import Period

PERIODS = st.builds(Period, st.integers(1000, 9998), st.integers(0, 12))
MOMENTS = st.datetimes(datetime(1000, 1, 2), datetime(9998, 12, 30)).map(lambda moment: moment.replace(tzinfo=CHINA))


@given(MOMENTS)
def test_a_stamp_lies_in_its_year_and_its_month_and_in_none_beside_them(moment: datetime) -> None:
    text = stamp(moment)
    for period in (Period(moment.year), Period(moment.year, moment.month)):
        assert period.start <= text < period.end
    around = {(other.year, other.month) for days in (-31, 0, 31) for other in [moment + timedelta(days=days)]}
    for year, month in around - {(moment.year, moment.month)}:
        assert not Period(year, month).start <= text < Period(year, month).end


@given(PERIODS, PERIODS)
def test_periods_sort_as_the_time_they_begin_at(one: Period, other: Period) -> None:
    assert (one < other) == (one.start < other.start)


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        (Period(2026), "2026", "2027"),
        (Period(2026, 3), "2026-03", "2026-04"),
        (Period(2026, 9), "2026-09", "2026-10"),
        (Period(2026, 12), "2026-12", "2027"),
    ],
)
def test_a_period_ends_where_the_next_one_starts(period: Period, start: str, end: str) -> None:
    assert (period.start, period.end) == (start, end)


def test_a_part_of_a_month_names_the_month() -> None:
    assert (Period(2026).part(2), Period(2026, 3).part(2), Period(2026, 11).part(12)) == ("2", "3-2", "11-12")
