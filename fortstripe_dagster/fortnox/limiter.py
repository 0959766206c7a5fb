"""The pace at which one company's Fortnox is asked, shared by all threads and processes on the machine.

Fortnox allows 25 requests in any 5 seconds for a client and a company, whoever sends them. The limiter hands out
moments: each request gets the next free one, never two close together, never more than `per_window` in any `window`.
The moments already handed out stand in a small file under a lock, so that two runs at once keep one pace together.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock


@dataclass
class _Moments:
    """What has been handed out; times are seconds of `time.monotonic`, which all processes of a machine share."""

    given: deque[float]
    """The newest last, as many as one window may hold."""
    pause_until: float = 0.0


class Limiter:
    """Gives each request its moment.

    `interval` is the least time between two requests, `per_window` the most in any `window` (seconds). The interval
    alone would let 25 through in 4.99 s: both hold. `state_file` is shared by every process that talks to the same
    company; None keeps the pace for this process only.
    """

    def __init__(
        self, state_file: Path | None = None, *, interval: float = 0.208, window: float = 5.0, per_window: int = 24
    ) -> None:
        if interval < 0 or window <= 0 or per_window < 1:
            raise ValueError(f"no such pace: {interval} s apart, {per_window} in {window} s")
        self._file = state_file
        self._interval = interval
        self._window = window
        self._per_window = per_window
        self._threads = threading.Lock()
        self._processes = FileLock(state_file.with_name(state_file.name + ".lock")) if state_file else None
        self._moments = self._none_given()

    def wait(self) -> None:
        """Return when this request may be sent."""
        while True:
            with self._shared() as moments:
                moment = self._next(moments, time.monotonic())
                moments.given.append(moment)
            time.sleep(max(0.0, moment - time.monotonic()))
            # A 429 that another thread or process met while we slept holds for us too.
            with self._shared(change=False) as moments:
                if moments.pause_until <= moment:
                    return

    def back_off(self, seconds: float) -> None:
        """Let nobody send anything for this long: Fortnox has answered 429."""
        with self._shared() as moments:
            moments.pause_until = max(moments.pause_until, time.monotonic() + seconds)

    def _next(self, moments: _Moments, now: float) -> float:
        moment = max(now, moments.pause_until)
        if moments.given:
            moment = max(moment, moments.given[-1] + self._interval)
        if len(moments.given) == self._per_window:
            moment = max(moment, moments.given[0] + self._window)
        return moment

    @contextmanager
    def _shared(self, *, change: bool = True) -> Iterator[_Moments]:
        """The moments, held so that nobody else can hand one out meanwhile; saved at the end if `change`."""
        with self._threads:
            if self._processes is None or self._file is None:
                yield self._moments
                self._forget_old(self._moments)
                return
            with self._processes.acquire(poll_interval=0.005):
                moments = self._read(self._file)
                yield moments
                if change:
                    self._forget_old(moments)
                    _write(self._file, moments)

    def _forget_old(self, moments: _Moments) -> None:
        # The newest always stays: the interval is counted from it even where it is longer than the window.
        horizon = time.monotonic() - self._window
        while len(moments.given) > 1 and moments.given[0] <= horizon:
            moments.given.popleft()

    def _none_given(self, pause_until: float = 0.0) -> _Moments:
        return _Moments(deque(maxlen=self._per_window), pause_until)

    def _read(self, file: Path) -> _Moments:
        now = time.monotonic()
        try:
            state = json.loads(file.read_bytes())
            moments = self._none_given(float(state["pause_until"]))
            moments.given.extend(float(moment) for moment in state["given"])
        except FileNotFoundError:
            return self._none_given()
        except (ValueError, TypeError, KeyError):
            # Cut short by a full disk, say: nobody knows what was just sent, so a whole window is left free.
            return self._none_given(now + self._window)
        # The clock starts from nothing when the machine does: moments far ahead are from before.
        if max([moments.pause_until, *moments.given], default=0.0) > now + _FURTHEST_AHEAD:
            return self._none_given(now + self._window)
        return moments


_FURTHEST_AHEAD = 120.0
"""Seconds: longer than any back-off and any queue of waiting threads, shorter than a restart of the machine is ago."""


def _write(file: Path, moments: _Moments) -> None:
    draft = file.with_name(file.name + ".new")
    draft.write_text(json.dumps({"given": list(moments.given), "pause_until": moments.pause_until}))
    draft.replace(file)
