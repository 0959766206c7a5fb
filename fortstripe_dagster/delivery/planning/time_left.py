"""How long something will take, for people: a duration in words, and an estimate from what is done so far."""

from __future__ import annotations

import time
from collections.abc import Callable

FIRST_GUESS = 10.0
"""Seconds of work before which an estimate would be a guess."""


def duration(seconds: float) -> str:
    """`45 s`, or from two minutes on `1 h 20 min`."""
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if seconds >= 120 else f"{seconds:.0f} s"


class TimeLeft:
    """An estimate for work that goes on at the pace it has had since the clock was made."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()

    def said(self, done: int, of: int) -> str:
        """`, about 4 min left`; nothing at the beginning and at the end."""
        spent = self._clock() - self._began
        if not 0 < done < of or spent < FIRST_GUESS:
            return ""
        return f", about {duration(spent / done * (of - done))} left"
