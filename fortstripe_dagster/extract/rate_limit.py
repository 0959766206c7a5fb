"""How fast Stripe may be asked: token buckets that give way to a 429 and find their way back.

Two buckets stand before every request: one for the endpoint, one for the account (reference: 25 requests/s for each
endpoint, 100/s in all live and 25/s in test). All threads of a run share them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SLOWEST = 0.5
"""Requests a second below which a bucket is never throttled: waiting longer does not help against a burst."""


class TokenBucket:
    """At most `per_second` requests a second, with a burst of a fifth of that.

    The burst stays small because Stripe counts within a second: a full bucket on top of a full second would be twice
    the limit.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.ceiling = float(per_second)
        self.rate = self.ceiling
        self._burst = max(1.0, per_second / 5)
        self._tokens = self._burst
        self._clock = clock
        self._at = clock()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Take one token; the seconds to wait before it is really there."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self.rate) - 1
            self._at = now
            return max(0.0, -self._tokens / self.rate)

    def slow_down(self) -> None:
        """Halve the rate: Stripe said 429."""
        with self._lock:
            self.rate = max(SLOWEST, self.rate / 2)

    def recover(self) -> None:
        """Raise the rate by a fiftieth of its ceiling: a request went through."""
        with self._lock:
            self.rate = min(self.ceiling, self.rate + self.ceiling / 50)


class RateLimiter:
    """The buckets of one Stripe account: `wait` before a request, then say how it went."""

    def __init__(self, per_endpoint: float, per_account: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._per_endpoint = per_endpoint
        self.account = TokenBucket(per_account)
        self._endpoints: dict[str, TokenBucket] = {}
        self._lock = threading.Lock()
        self._sleep = sleep

    def endpoint(self, resource: str) -> TokenBucket:
        """The bucket of a resource, e.g. `charges`; lists and retrievals of a resource share it, to be safe."""
        with self._lock:
            return self._endpoints.setdefault(resource, TokenBucket(self._per_endpoint))

    def wait(self, resource: str) -> None:
        """Sleep until both buckets let a request through."""
        seconds = max(self.account.take(), self.endpoint(resource).take())
        if seconds > 0:
            self._sleep(seconds)

    def went_through(self, resource: str) -> None:
        """Let both buckets recover."""
        self.account.recover()
        self.endpoint(resource).recover()

    def was_limited(self, resource: str, reason: str | None) -> None:
        """Slow down the bucket that a 429 is about; `reason` is the header Stripe-Rate-Limited-Reason.

        Reasons that begin with `global` concern the account, every other one (or none) the endpoint.
        """
        bucket = self.account if (reason or "").startswith("global") else self.endpoint(resource)
        bucket.slow_down()
