"""What a request passes before Stripe looks at it: key, rate limits, API version."""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections import defaultdict, deque
from collections.abc import Callable

from starlette.requests import Request

from fortstripe_dagster.sandbox.stripe.errors import StripeRefusal, redacted
from fortstripe_dagster.sandbox.stripe.shapes import API_VERSION

_VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$")


class RateLimits:
    """Requests in any second: `per_endpoint` (default 25) and `overall` (default 100, as in live mode)."""

    def __init__(
        self, *, per_endpoint: int = 25, overall: int = 100, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.per_endpoint = per_endpoint
        self.overall = overall
        self._clock = clock
        self._served: dict[str, deque[float]] = defaultdict(deque)

    def admit(self, endpoint: str) -> None:
        """Count a request to `endpoint`, or refuse it with 429 and the reason. Refused requests do not count."""
        now = self._clock()
        for key, most, reason in (
            (endpoint, self.per_endpoint, "endpoint-rate"),
            ("", self.overall, "global-rate"),
        ):
            served = self._served[key]
            while served and served[0] <= now - 1:
                served.popleft()
            if len(served) >= most:
                raise StripeRefusal(
                    429,
                    "Request rate limit exceeded. You can learn more about rate limits here "
                    "https://stripe.com/docs/rate-limits.",
                    code="rate_limit",
                    headers={"Stripe-Rate-Limited-Reason": reason},
                )
        self._served[endpoint].append(now)
        self._served[""].append(now)


def api_key(request: Request) -> str:
    """The key of a request, by Bearer or Basic. Refuses a request without one."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials:
        return credentials.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            raise StripeRefusal(401, "Invalid API Key provided: the Basic credentials are not base64.") from None
    raise StripeRefusal(
        401,
        "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer "
        "auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for "
        "details.",
        headers={"WWW-Authenticate": 'Basic realm="Stripe"'},
    )


def check_key(request: Request, wanted: str) -> None:
    """Refuse any key but `wanted`."""
    given = api_key(request)
    if given != wanted:
        raise StripeRefusal(401, f"Invalid API Key provided: {redacted(given)}")


def api_version(request: Request) -> str:
    """The version a request asks for, else the account's, which is the pinned one. Refuses what is no version."""
    asked = request.headers.get("stripe-version", API_VERSION)
    if not _VERSION.match(asked):
        raise StripeRefusal(400, f"Invalid Stripe API version: {asked}")
    return asked
