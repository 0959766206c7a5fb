"""How fast Stripe may be asked: buckets that give way to a 429 and find their way back.

Two buckets stand before every request: one for the endpoint, one for the account (reference: 25 requests/s for each
endpoint, 100/s in all live and 25/s in test). All threads of a run share them, and the bound on requests under way.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable

SLOWEST = 0.5
"""Requests a second below which a bucket is never throttled: waiting longer does not help against a burst."""
SECOND = 1.01
"""The second in which Stripe counts, as we keep it: requests of ours may reach it closer together than they left."""
BURST = 0.2
"""Seconds of requests that may be caught up on at once."""
LOWERED = 0.7
"""What is left of a rate after a 429: ours is at the limit already, so that there is little to find out."""
AHEAD = 1.3
"""How many requests are kept under way for each that the rate needs: answers do not all take equally long."""
HANDLED = 400
"""Answers a second that one process can take in at most: more requests under way than that would only wait for it."""


class TokenBucket:
    """Never more than `per_second` requests in any second, evenly, but that a little lost time is caught up."""

    def __init__(self, per_second: float) -> None:
        self.ceiling = float(per_second)
        self.rate = self.ceiling
        self._granted: deque[float] = deque(maxlen=max(1, int(per_second)))
        self._due = 0.0
        self._slowed_at = -math.inf

    def earliest(self, now: float) -> float:
        """The moment from which the next request may be sent."""
        full = len(self._granted) == self._granted.maxlen
        counted = self._granted[0] + SECOND if full else now
        return max(now, counted, self._due - BURST * min(1.0, self.rate / self.ceiling))

    def grant(self, now: float) -> None:
        """Count a request that is sent now."""
        self._granted.append(now)
        self._due = max(self._due, now) + 1 / self.rate

    def slow_down(self, sent: float, now: float) -> None:
        """Lower the rate: Stripe said 429. Requests sent before it was lowered last tell nothing new."""
        if sent > self._slowed_at:
            self.rate = max(SLOWEST, self.rate * LOWERED)
            self._slowed_at = now

    def recover(self) -> None:
        """Raise the rate by a fiftieth of its ceiling: a request went through."""
        self.rate = min(self.ceiling, self.rate + self.ceiling / 50)


class RateLimiter:
    """The buckets of one Stripe account: `wait` before a request, then say how it went."""

    def __init__(
        self,
        per_endpoint: float,
        per_account: float,
        in_flight: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.account = TokenBucket(per_account)
        self.in_flight: float = in_flight
        self._in_flight_ceiling = in_flight
        self._per_endpoint = per_endpoint
        self._endpoints: dict[str, TokenBucket] = {}
        self._seconds: dict[str, float] = {}
        self._fastest: dict[str, float] = {}
        self._lock = threading.RLock()
        self._clock = clock
        self._sleep = sleep

    def endpoint(self, resource: str) -> TokenBucket:
        """The bucket of a resource, e.g. `charges`; lists and retrievals of a resource share it, to be safe."""
        with self._lock:
            return self._endpoints.setdefault(resource, TokenBucket(self._per_endpoint))

    def wait(self, resource: str) -> float:
        """Sleep until both buckets let a request through; the moment at which it is sent."""
        buckets = (self.account, self.endpoint(resource))
        while True:
            with self._lock:
                now = self._clock()
                earliest = max(bucket.earliest(now) for bucket in buckets)
                if earliest <= now:
                    for bucket in buckets:
                        bucket.grant(now)
                    return now
            self._sleep(earliest - now)

    def answered(self, resource: str, sent: float) -> None:
        """A request went through: let the buckets recover, and learn how long an answer takes."""
        with self._lock:
            seconds = self._clock() - sent
            self._seconds[resource] = 0.8 * self._seconds.get(resource, seconds) + 0.2 * seconds
            self._fastest[resource] = min(seconds, self._fastest.get(resource, seconds))
            self.account.recover()
            self.endpoint(resource).recover()
            self.in_flight = min(self._in_flight_ceiling, self.in_flight + 0.05)

    def was_limited(self, resource: str, reason: str | None, sent: float) -> None:
        """Slow down what a 429 is about; `reason` is the header Stripe-Rate-Limited-Reason.

        Reasons that begin with `global` concern the account, every other one (or none) the endpoint; those that end
        with `concurrency` concern what is under way at once, too.
        """
        with self._lock:
            reason = reason or ""
            bucket = self.account if reason.startswith("global") else self.endpoint(resource)
            bucket.slow_down(sent, self._clock())
            if reason.endswith("concurrency"):
                self.in_flight = max(1.0, self.in_flight / 2)

    def room(self, under_way: Counter[str], resource: str) -> int:
        """How many more requests to a resource would help to use its rate, beside those under way."""
        with self._lock:
            rate = min(self.endpoint(resource).rate, self.account.rate)
            needed = AHEAD * rate * self._seconds.get(resource, 0.0)
            wanted = math.ceil(min(needed, HANDLED * self._fastest.get(resource, 0.0))) + 1
        return min(wanted - under_way[resource], int(self.in_flight) - under_way.total())
