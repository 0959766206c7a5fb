"""Swedish banking days: how long a payout has been overdue is counted in them.

Closed are Saturdays, Sundays, the public holidays (lag 1989:253) and the eves on which banks keep closed as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

FIXED = frozenset({(1, 1), (1, 6), (5, 1), (6, 6), (12, 24), (12, 25), (12, 26), (12, 31)})
"""Holidays on the same date each year; Christmas and New Year's eves among them."""


def easter(year: int) -> date:
    """Easter Sunday by the Gregorian calendar (the Nautical Almanac's reckoning)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    correction = (a + 11 * h + 22 * weekday) // 451
    month, day = divmod(h + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def is_banking_day(day: date) -> bool:
    """Whether Swedish banks settle payments on that day."""
    if day.weekday() >= 5 or (day.month, day.day) in FIXED:
        return False
    midsummer_eve = day.month == 6 and day.weekday() == 4 and 19 <= day.day <= 25
    moving = {timedelta(days=-2), timedelta(days=1), timedelta(days=39)}  # Good Friday, Easter Monday, Ascension
    return not midsummer_eve and day - easter(day.year) not in moving


def banking_days(first: date, last: date) -> Iterator[date]:
    """The banking days from one day to another, both included."""
    day = first
    while day <= last:
        if is_banking_day(day):
            yield day
        day += timedelta(days=1)
