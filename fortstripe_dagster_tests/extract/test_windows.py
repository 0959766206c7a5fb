"""Which stretch of `created` is listed for some days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from fortstripe_dagster.business_day import Days, midnight
from fortstripe_dagster.extract.windows import OVERLAP, Window, plan, since_start

NOW = int(datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp())
DAY = 86_400


def at(text: str) -> int:
    """A moment, written in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def planned(reach: str, days: Days, covered: list[tuple[int, int]] | None = None, now: int = NOW) -> list[Window]:
    return plan(reach, days, now, covered or [], midnight(date(2026, 3, 1)), 90)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        (date(2026, 3, 28), "2026-03-27T22:50", "2026-03-28T23:00"),
        (date(2026, 3, 29), "2026-03-28T22:50", "2026-03-29T22:00"),  # 23 hours: clocks go forward
        (date(2026, 3, 30), "2026-03-29T21:50", "2026-03-30T22:00"),
    ],
)
def test_a_window_follows_the_local_day_with_ten_minutes_before_it(day: date, start: str, end: str) -> None:
    assert planned("window", Days(day, day)) == [Window(at(start), at(end))]


def test_the_autumn_day_has_twenty_five_hours() -> None:
    day = date(2026, 10, 25)
    (window,) = planned("window", Days(day, day), now=at("2026-12-01T00:00"))
    assert window.end - window.start == 25 * 3600 + OVERLAP


def test_a_day_that_has_not_ended_is_listed_up_to_now_and_one_in_the_future_not_at_all() -> None:
    today, tomorrow = date(2026, 6, 1), date(2026, 6, 2)
    assert planned("window", Days(today, tomorrow)) == [Window(midnight(today) - OVERLAP, NOW)]
    assert planned("window", Days(tomorrow, tomorrow)) == []
    assert planned("start_date", Days(tomorrow, tomorrow)) == []


def test_documents_look_back_the_first_time_and_then_no_more() -> None:
    april = Days(date(2026, 4, 1), date(2026, 4, 30))
    (first,) = planned("documents", april)
    assert first.start == april.start - 90 * DAY
    covered = [(first.start, first.end)]
    may = Days(date(2026, 5, 1), date(2026, 5, 31))
    assert planned("documents", may, covered) == planned("window", may)


def test_documents_close_the_gap_to_what_was_listed_before_but_reach_no_further_than_the_lookback() -> None:
    may = Days(date(2026, 5, 1), date(2026, 5, 31))
    march_end = midnight(date(2026, 4, 1))
    (window,) = planned("documents", may, [(0, march_end)])
    assert window.start == march_end - OVERLAP
    (window,) = planned("documents", may, [(0, midnight(date(2025, 1, 1)))])
    assert window.start == may.start - 90 * DAY


def test_catalogues_are_read_whole_once() -> None:
    april = Days(date(2026, 4, 1), date(2026, 4, 30))
    assert planned("everything", april) == [Window(0, NOW, until_now=True)]
    assert planned("everything", april, [(0, april.end)]) == [Window(april.end - OVERLAP, NOW, until_now=True)]


def test_balance_transactions_reach_from_the_start_date_until_now_without_a_gap() -> None:
    day = Days(date(2026, 5, 4), date(2026, 5, 4))
    first_day = midnight(date(2026, 3, 1))
    (first,) = planned("start_date", day)
    assert first == Window(first_day - OVERLAP, NOW, until_now=True)

    covered = [(first.start, NOW)]
    later = NOW + DAY
    again = planned("start_date", day, covered, now=later)
    assert again == [Window(day.start - OVERLAP, day.end), Window(NOW - OVERLAP, later, until_now=True)]


def test_an_earlier_start_date_is_listed_from_the_new_start() -> None:
    first_day = midnight(date(2026, 1, 1))
    covered = [(midnight(date(2026, 3, 1)) - OVERLAP, NOW)]
    assert since_start(covered, first_day, NOW) == Window(first_day - OVERLAP, NOW, until_now=True)


def test_a_start_date_to_come_asks_for_nothing_in_the_future() -> None:
    assert since_start([], NOW + DAY, NOW) == Window(NOW - OVERLAP, NOW, until_now=True)


def test_events_are_read_for_the_days_and_since_the_last_reading() -> None:
    april = Days(date(2026, 4, 1), date(2026, 4, 30))
    first = planned("feed", april)
    assert first == [Window(april.start - OVERLAP, april.end), Window(NOW - OVERLAP, NOW, until_now=True)]
    later = NOW + 3 * DAY
    today = Days(date(2026, 6, 4), date(2026, 6, 4))
    (window,) = planned("feed", today, [(w.start, w.end) for w in first], now=later)
    assert window == Window(NOW - OVERLAP, later, until_now=True)


def test_the_parameter_has_no_upper_bound_for_what_reaches_until_now() -> None:
    assert Window(1, 2).created() == {"gte": 1, "lt": 2}
    assert Window(1, 2, until_now=True).created() == {"gte": 1}
    assert timedelta(seconds=OVERLAP) >= timedelta(minutes=10)
