"""Swedish banking days, from the calendar of 2025 and 2026."""

from __future__ import annotations

from datetime import date

import pytest

from fortstripe_dagster.proof.banking_days import banking_days, easter, is_banking_day


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [(2019, 4, 21), (2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2027, 3, 28), (2038, 4, 25), (2285, 3, 22)],
)
def test_easter(year: int, month: int, day: int) -> None:
    assert easter(year) == date(year, month, day)


@pytest.mark.parametrize(
    "closed",
    [
        date(2026, 1, 1),  # New Year's Day
        date(2026, 1, 6),  # Epiphany (trettondedagen)
        date(2026, 4, 3),  # Good Friday
        date(2026, 4, 6),  # Easter Monday
        date(2026, 5, 1),
        date(2026, 5, 14),  # Ascension Day
        date(2026, 6, 19),  # Midsummer Eve
        date(2025, 6, 6),  # National Day, a Friday
        date(2026, 12, 24),
        date(2026, 12, 31),
        date(2026, 3, 14),  # a Saturday
        date(2026, 3, 15),
    ],
)
def test_closed(closed: date) -> None:
    assert not is_banking_day(closed)


@pytest.mark.parametrize(("month", "day"), [(1, 2), (4, 2), (4, 30), (5, 15), (6, 18), (12, 30)])
def test_open(month: int, day: int) -> None:
    assert is_banking_day(date(2026, month, day))


def test_banking_days_of_a_week_with_easter() -> None:
    found = list(banking_days(date(2026, 4, 1), date(2026, 4, 8)))
    assert found == [date(2026, 4, 1), date(2026, 4, 2), date(2026, 4, 7), date(2026, 4, 8)]
