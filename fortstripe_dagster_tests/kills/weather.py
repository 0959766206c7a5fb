"""Bad weather between us and Fortnox: every kind of it, drawn for each request from a seed.

Its lists lag 3 seconds behind, and what is stalled takes effect long after its client has gone. Such time does not
pass by itself: a process that waits says so to the stand-in, whose clock then jumps. So nothing here depends on how
fast the machine is.
"""

from __future__ import annotations

import asyncio
import random
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import SupportsFloat, SupportsIndex

from starlette.responses import HTMLResponse, JSONResponse, Response

from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.company import now_in_stockholm
from fortstripe_dagster.sandbox.fortnox.gateway import Call, Faults
from fortstripe_dagster.sandbox.servers import DroppedConnection

LAG_SECONDS = 3.0
FAIR, ANSWER_LOST, BAD_GATEWAY_LATE, BAD_GATEWAY, THROTTLED, RESET, STALLED = range(7)
_WEIGHTS = (85, 4, 3, 3, 2, 2, 1)
_WAIT = "/wait/"


class Clock:
    """Fortnox's clock, which jumps when somebody waits."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return now_in_stockholm() + self.ahead


def wait(fortnox_url: str, seconds: SupportsFloat | SupportsIndex) -> None:
    """Let this much time pass for Fortnox."""
    urllib.request.urlopen(f"{fortnox_url}{_WAIT}{float(seconds)}", timeout=10).close()


@contextmanager
def bad_weather(faults: Faults, books: Books, url: str, seed: int) -> Iterator[None]:
    """Meanwhile, about every seventh request goes wrong in one way or another."""
    weather = _Weather(books, random.Random(seed))
    faults.list_lag = LAG_SECONDS
    faults.answer = weather.answer
    faults.answer_instead = lambda call: _page(502) if weather.of(call) == BAD_GATEWAY_LATE else None
    faults.lose_answer = lambda call: weather.of(call) == ANSWER_LOST
    faults.stall = weather.stall
    yield
    wait(url, 0)  # what is still stalled goes on, so that nobody waits for it in vain


class _Weather:
    def __init__(self, books: Books, dice: random.Random) -> None:
        self._books = books
        self._dice = dice
        self._drawn: dict[int, int] = {}
        self._stalled: list[tuple[Call, asyncio.Event]] = []

    def of(self, call: Call) -> int:
        """What happens to this request."""
        if id(call) not in self._drawn:  # the gateway keeps every call, so that no id comes twice
            (self._drawn[id(call)],) = self._dice.choices(range(len(_WEIGHTS)), _WEIGHTS)
        return self._drawn[id(call)]

    def answer(self, call: Call) -> Response | None:
        """What is answered in the API's place."""
        if call.path.startswith(_WAIT):
            return Response(status_code=204)
        kind = self.of(call)
        if kind == BAD_GATEWAY:
            return _page(503)
        if kind == THROTTLED:
            return JSONResponse({"message": "API rate limit exceeded"}, 429)
        return DroppedConnection() if kind == RESET else None

    async def stall(self, call: Call) -> None:
        """Keep some requests until time has passed."""
        if call.path.startswith(_WAIT):
            await self._pass(float(call.path.removeprefix(_WAIT)))
        elif self.of(call) == STALLED:
            time_to_go_on = asyncio.Event()
            self._stalled.append((call, time_to_go_on))
            await time_to_go_on.wait()

    async def _pass(self, seconds: float) -> None:
        """Let time pass, in the midst of which what was stalled takes effect: late, but the lists' lag is over."""
        clock = self._books.clock
        assert isinstance(clock, Clock)
        clock.ahead += timedelta(seconds=seconds / 2)
        going_on, self._stalled = self._stalled, []
        for _, event in going_on:
            event.set()
        while any(call.status is None for call, _ in going_on):
            await asyncio.sleep(0)
        clock.ahead += timedelta(seconds=seconds / 2)


def _page(status: int) -> Response:
    return HTMLResponse(f"<html><h1>{status} Bad Gateway</h1></html>", status)
