"""Local days. A day is a day in Europe/Stockholm: partitions, booking dates and VAT periods all use it.

Stripe's timestamps are seconds since the epoch; a local day has 23, 24 or 25 hours of them, so the bounds of a window
are always taken through the time zone and never by adding 86,400.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fortstripe_dagster.failures import ConfigurationError

TIMEZONE = "Europe/Stockholm"
STOCKHOLM = ZoneInfo(TIMEZONE)


def local_day(timestamp: int) -> date:
    """The local day on which a moment (seconds since the epoch) falls."""
    return datetime.fromtimestamp(timestamp, STOCKHOLM).date()


def midnight(day: date) -> int:
    """The moment at which a local day begins, in seconds since the epoch."""
    return int(datetime.combine(day, time.min, STOCKHOLM).timestamp())


def today(now: datetime | None = None) -> date:
    """The local day of `now` (default: the clock)."""
    return (now or datetime.now(UTC)).astimezone(STOCKHOLM).date()


@dataclass(frozen=True)
class Days:
    """A range of local days, both ends included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ConfigurationError(
                f"The range of days ends ({self.last}) before it starts ({self.first}).",
                "give --from a day that is not after --to.",
            )

    @property
    def start(self) -> int:
        """The first moment of the range, seconds since the epoch, included."""
        return midnight(self.first)

    @property
    def end(self) -> int:
        """The first moment after the range, seconds since the epoch, excluded."""
        return midnight(self.last + timedelta(days=1))

    def __iter__(self) -> Iterator[date]:
        day = self.first
        while day <= self.last:
            yield day
            day += timedelta(days=1)

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}…{self.last}"


def parse_day(text: str, what: str) -> date:
    """A day written YYYY-MM-DD; `what` names it in the error."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{what} is not a day: {text!r}.", "write it as YYYY-MM-DD.") from error
