"""Local days: bounds on the nights the clock changes, and ranges."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from fortstripe_dagster.business_day import Days, local_day, parse_day, today
from fortstripe_dagster.failures import ConfigurationError


@pytest.mark.parametrize(
    ("day", "start", "hours"),
    [
        (date(2026, 3, 29), datetime(2026, 3, 28, 23, tzinfo=UTC), 23),
        (date(2026, 10, 25), datetime(2026, 10, 24, 22, tzinfo=UTC), 25),
        (date(2027, 3, 28), datetime(2027, 3, 27, 23, tzinfo=UTC), 23),
        (date(2026, 6, 1), datetime(2026, 5, 31, 22, tzinfo=UTC), 24),
    ],
)
def test_bounds_of_a_day(day: date, start: datetime, hours: int) -> None:
    days = Days(day, day)
    assert days.start == int(start.timestamp())
    assert days.end - days.start == hours * 3600
    assert local_day(days.start) == local_day(days.end - 1) == day
    assert local_day(days.end) > day


def test_new_year_begins_an_hour_before_utc() -> None:
    assert local_day(int(datetime(2026, 12, 31, 23, 30, tzinfo=UTC).timestamp())) == date(2027, 1, 1)
    assert today(datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC)) == date(2026, 12, 31)


def test_a_range_counts_both_ends_and_leap_days() -> None:
    days = Days(date(2028, 2, 28), date(2028, 3, 1))
    assert list(days) == [date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1)]
    assert date(2028, 2, 29) in days and date(2028, 3, 2) not in days


def test_a_range_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"ends \(2026-03-01\) before it starts \(2026-03-02\)"):
        Days(date(2026, 3, 2), date(2026, 3, 1))
    with pytest.raises(ConfigurationError, match="write it as YYYY-MM-DD"):
        parse_day("1 March", "--from")
