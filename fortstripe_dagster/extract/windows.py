"""Which stretch of `created` to list: pure rules from days, coverage and clock to windows.

Timestamps are seconds since the epoch; a window includes its start and not its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract.streams import Reach

OVERLAP = 600
"""Seconds read again before each window: a new object may take minutes to show in lists (reference, section 4.7)."""
DAY = 86_400
EVENTS_KEPT = 30 * DAY
"""Stripe forgets events after 30 days."""


@dataclass(frozen=True)
class Window:
    """A stretch of `created`. `until_now` means that the list has no upper bound; `end` is then the clock's."""

    start: int
    end: int
    until_now: bool = False

    def created(self) -> dict[str, int]:
        """The list parameter `created`."""
        return {"gte": self.start} if self.until_now else {"gte": self.start, "lt": self.end}


def plan(
    reach: Reach, days: Days, now: int, covered: Sequence[tuple[int, int]], first_day: int, lookback_days: int
) -> list[Window]:
    """The windows to list for `days`.

    `covered` are the stretches listed before, merged and in order; `first_day` is the first moment that is booked.
    A day that has not begun is not listed, one that has not ended up to now.
    """
    asked = Window(days.start - OVERLAP, min(days.end, now))
    if days.start >= now:
        return [since_last(covered, now)] if reach == "feed" else []
    if reach == "window":
        return [asked]
    if reach == "documents":
        return [Window(_document_start(asked.start, days.start - lookback_days * DAY, covered), asked.end)]
    if reach == "everything":
        whole = bool(covered) and covered[0][0] == 0
        return [Window(covered[0][1] - OVERLAP if whole else 0, now, until_now=True)]
    if reach == "feed":
        return joined([asked, since_last(covered, now)])
    return joined([asked, since_start(covered, first_day, now)])


def since_start(covered: Sequence[tuple[int, int]], first_day: int, now: int) -> Window:
    """What is missing between the first booked day and now: from the end of the stretch that holds that day."""
    first = min(first_day, now) - OVERLAP
    reached = [end for start, end in covered if start <= first < end]
    return Window(reached[0] - OVERLAP if reached else first, now, until_now=True)


def merged(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches in order, those that touch made one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            start, end = found[-1][0], max(found.pop()[1], end)
        found.append((start, end))
    return found


def since_last(covered: Sequence[tuple[int, int]], now: int) -> Window:
    """From the last reading until now."""
    last = min(max((end for _, end in covered), default=now), now)
    return Window(last - OVERLAP, now, until_now=True)


def _document_start(asked: int, floor: int, covered: Sequence[tuple[int, int]]) -> int:
    if any(start <= asked <= end for start, end in covered):
        return asked
    before = [end - OVERLAP for _, end in covered if end < asked]
    return min(asked, max([floor, *before]))


def joined(windows: Iterable[Window]) -> list[Window]:
    """The windows in order, with overlapping ones made one."""
    found: list[Window] = []
    for window in sorted(windows, key=lambda w: w.start):
        if found and window.start <= found[-1].end:
            previous = found.pop()
            window = Window(previous.start, max(previous.end, window.end), previous.until_now or window.until_now)
        found.append(window)
    return found
