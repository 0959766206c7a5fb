"""When a request is sent again by the client itself, and after how long. Pure rules; the client does the waiting.

Reads are repeated whenever no usable answer came. Writes are repeated only when it is certain that nothing was done:
anything else is for the caller, who can look the document up.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from .errors import FortnoxError, InDoubt, NotDone


@dataclass(frozen=True)
class Retries:
    """How often and how patiently. Seconds throughout.

    `first` is the longest pause before the second try, doubled for each further one up to `most`; the pause is drawn
    evenly from zero to that, so that threads that failed together do not come back together. `throttled` is the first
    pause after a 429 and is never shortened: Fortnox counts over 5 seconds.
    """

    tries: int = 5
    first: float = 0.5
    most: float = 30.0
    throttled: float = 5.0

    def pause(self, error: FortnoxError, attempt: int) -> float | None:
        """Seconds to wait after this attempt (counted from 1) failed, None if it is not to be sent again."""
        if attempt >= self.tries or not _may_repeat(error):
            return None
        doubled = 2 ** (attempt - 1)
        if error.status == 429:
            return min(self.throttled * doubled, self.most)
        return random.uniform(0, min(self.first * doubled, self.most))


def _may_repeat(error: FortnoxError) -> bool:
    return isinstance(error, NotDone) or (isinstance(error, InDoubt) and error.is_read)
