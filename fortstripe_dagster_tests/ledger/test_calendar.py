"""A day is a local day: at midnight, when the clocks change, at the year's end and in a leap year."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster_tests.ledger.books import Book, book, new_world

MOMENTS = {
    "2023-12-31T23:30:00": "2024-01-01",  # half past midnight of the new year
    "2024-02-28T23:00:00": "2024-02-29",  # the first second of a leap day
    "2024-02-29T22:59:59": "2024-02-29",
    "2024-02-29T23:00:00": "2024-03-01",
    "2024-03-30T23:00:00": "2024-03-31",  # the first second of the day with 23 hours
    "2024-03-31T00:59:59": "2024-03-31",  # the second before the clocks go forward
    "2024-03-31T21:59:59": "2024-03-31",  # its last, an hour earlier by UTC than the day before
    "2024-03-31T22:00:00": "2024-04-01",
    "2024-06-30T21:59:59": "2024-06-30",  # the last second of a financial year that ends in June
    "2024-06-30T22:00:00": "2024-07-01",
    "2024-10-26T22:00:00": "2024-10-27",  # the first second of the day with 25 hours
    "2024-10-27T22:59:59": "2024-10-27",
    "2024-10-27T23:00:00": "2024-10-28",
    "2024-12-31T22:59:59": "2024-12-31",  # a second before midnight, winter time
    "2024-12-31T23:30:00": "2025-01-01",
}
"""UTC, and the day in Stockholm."""


@pytest.fixture(scope="module")
def two_years(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, dict[str, str]]:
    world, made = new_world(opened=datetime(2023, 12, 1, tzinfo=UTC)), {}
    for moment in MOMENTS:
        at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        made[moment] = world.one_off_payment(at=at, amount=12500, name="Anna")["id"]
    days = Days(date(2024, 1, 1), date(2025, 1, 10))
    return book(world, tmp_path_factory.mktemp("years"), days, start_date=days.first), made


@pytest.mark.parametrize(("moment", "day"), MOMENTS.items())
def test_a_sale_its_payment_and_its_fee_stand_on_the_local_day(
    two_years: tuple[Book, dict[str, str]], moment: str, day: str
) -> None:
    ledger, made = two_years
    found = ledger.rows("SELECT kind, event_day::VARCHAR FROM ledger.entries WHERE charge = ?", made[moment])
    assert dict(found) == {"sale": day, "payment": day, "fee": day}


def test_years_and_months_hold_what_happened_in_them(two_years: tuple[Book, dict[str, str]]) -> None:
    ledger, _ = two_years
    sums = ledger.rows(
        "SELECT year(event_day), sum(credit - debit)::VARCHAR FROM ledger.lines WHERE account = '3001'"
        " GROUP BY 1 ORDER BY 1"
    )
    assert sums == [(2024, "1400.00"), (2025, "100.00")]
    halves = ledger.rows(
        "SELECT event_day <= DATE '2024-06-30', count(*) FROM ledger.entries"
        " WHERE kind = 'sale' AND event_day BETWEEN '2024-06-01' AND '2024-07-31' GROUP BY 1 ORDER BY 1"
    )
    assert halves == [(False, 1), (True, 1)]
