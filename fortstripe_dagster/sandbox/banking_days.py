"""Swedish banking days: on which days the Riksbank publishes rates and a bank credits a payout."""

from __future__ import annotations

from datetime import date, timedelta


def easter_sunday(year: int) -> date:
    """Gregorian Easter by the anonymous (Meeus/Jones/Butcher) computus."""
    golden = year % 19
    century, rest = divmod(year, 100)
    leap_centuries, century_rest = divmod(century, 4)
    moon_drift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - moon_drift + 15) % 30
    leaps, leap_rest = divmod(rest, 4)
    weekday = (32 + 2 * century_rest + 2 * leaps - epact - leap_rest) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _midsummer_eve(year: int) -> date:
    nineteenth = date(year, 6, 19)
    return nineteenth + timedelta(days=(4 - nineteenth.weekday()) % 7)


def bank_holidays(year: int) -> frozenset[date]:
    """Days of `year`, other than Saturdays and Sundays, on which Swedish banks are closed."""
    easter = easter_sunday(year)
    moving = {easter - timedelta(days=2), easter + timedelta(days=1), easter + timedelta(days=39), _midsummer_eve(year)}
    fixed = {(1, 1), (1, 6), (5, 1), (6, 6), (12, 24), (12, 25), (12, 26), (12, 31)}
    return frozenset(moving | {date(year, month, day) for month, day in fixed})


def is_banking_day(day: date) -> bool:
    """Whether Swedish banks are open on `day`."""
    return day.weekday() < 5 and day not in bank_holidays(day.year)


def next_banking_day(day: date) -> date:
    """The first banking day after `day`."""
    following = day + timedelta(days=1)
    while not is_banking_day(following):
        following += timedelta(days=1)
    return following


def latest_banking_day(day: date) -> date:
    """`day` itself if banks are open, else the last banking day before it."""
    while not is_banking_day(day):
        day -= timedelta(days=1)
    return day
