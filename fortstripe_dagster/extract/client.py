"""The HTTP rim to Stripe: one GET, answered with the bytes as they came.

The `stripe` package supplies the pinned version header, authentication, parameter encoding and the reading of errors;
its typed objects cost ten times the CPU of the bytes, so nothing is parsed here. Retries and 429 are ours: the package
retries no 429 and reads no Retry-After.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import stripe
import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError

from fortstripe_dagster.circuit import Circuit
from fortstripe_dagster.extract.connections import Connections
from fortstripe_dagster.extract.rate_limit import RateLimiter
from fortstripe_dagster.failures import ConfigurationError, StripeFailure
from fortstripe_dagster.settings import STRIPE_API_VERSION, Settings

ID_IN_PATH = re.compile(r"^(/v1/(?:checkout/|reporting/)?[^/]+)/[^/]+")
PERMISSION = re.compile(r"'?(rak_[a-z_]+)'?")
API, FILES = "https://api.stripe.com", "https://files.stripe.com"
KEY = re.compile(r"\b[rs]k_(?:live|test)_[^\s'\"]+")


FIRST_CONTACT_ATTEMPTS = 3
"""Where nothing was ever answered, the address or the network is wrong: patience would only delay saying so."""


class StripeObjectMissing(StripeFailure):
    """Stripe knows no object with this id (404)."""


class StripeForbidden(StripeFailure):
    """The key lacks a permission (403)."""


@dataclass(frozen=True)
class Patience:
    """How often and how long a failed request is tried again."""

    attempts: int = 7
    first_delay: float = 0.5
    longest_delay: float = 20.0
    connect_timeout: float = 5.0
    read_timeout: float = 60.0

    def delay(self, attempt: int) -> float:
        """Seconds to wait after the `attempt`th failure (from 1): doubling, with jitter."""
        return min(self.longest_delay, self.first_delay * 2 ** (attempt - 1)) * random.uniform(0.75, 1.0)


class StripeApi:
    """Asks Stripe, politely and stubbornly. Counts every request sent, by endpoint."""

    def __init__(self, settings: Settings, patience: Patience | None = None) -> None:
        settings.require_stripe()
        key = settings.stripe_api_key.get_secret_value()
        self.base = settings.stripe_api_base.rstrip("/")
        _require_usable(key, self.base)
        self.patience = patience or Patience()
        limits = settings.stripe
        self.limiter = RateLimiter(
            limits.requests_per_second, limits.requests_per_second_account or allowed(key), limits.in_flight
        )
        self._circuit = Circuit(settings.home / "stripe-circuit.json", "Stripe", limits.rest_after_failures)
        self._counted: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._reached = False
        self._connections = Connections(
            self.base,
            limits.in_flight,
            connect_timeout=self.patience.connect_timeout,
            read_timeout=self.patience.read_timeout,
        )
        stripe.enable_telemetry = False
        client = stripe.StripeClient(
            key,
            stripe_version=STRIPE_API_VERSION,
            # the key goes to nobody but Stripe, or to whom the company named instead
            base_addresses={"api": self.base, "files": FILES if self.base == API else self.base},
            max_network_retries=0,
            http_client=self._connections,
        )
        # The package has no public way to the bytes; this one is read in 16.1.0 and held by a test.
        self._requestor = client._requestor

    @property
    def requests(self) -> dict[str, int]:
        """Requests sent so far, by endpoint (`GET /v1/charges/{id}`)."""
        with self._lock:
            return dict(self._counted)

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, reading: str, permission: str = "") -> bytes:
        """The body of a successful GET.

        `reading` names in errors what was being read, `permission` what the key needs where Stripe does not say it.
        Raises StripeFailure: refused, or still failing after the last attempt; StripeObjectMissing on 404.
        """
        return self._send("get", path, params, reading, permission)

    def file(self, id: str, *, reading: str, permission: str = "") -> bytes:
        """The content of a file that Stripe made. Raises as `get` does."""
        return self._send("get", f"/v1/files/{id}/contents", None, reading, permission, base="files")

    def post(self, path: str, params: Mapping[str, Any], *, reading: str, permission: str = "") -> bytes:
        """The answer to a report that is asked for, the only thing ever posted to Stripe. Raises as `get` does."""
        return self._send("post", path, params, reading, permission)

    def _send(
        self,
        method: Literal["get", "post"],
        path: str,
        params: Mapping[str, Any] | None,
        reading: str,
        permission: str,
        base: Literal["api", "files"] = "api",
    ) -> bytes:
        resource = resource_of(path)
        if (why := self._circuit.resting()) is not None:
            raise StripeFailure(f"{why}.", "wait: the runs go on by themselves when it answers again.")
        for attempt in range(1, self.patience.attempts + 1):
            sent = self.limiter.wait(resource)
            self._count(method, path)
            last = attempt == self.patience.attempts
            try:
                # As a stream: of a body in one piece the package makes a line for its log, at twice the cost of a GET.
                answer, status, headers = self._requestor.request_raw(
                    method, path, params, base_address=base, api_mode="V1", is_streaming=True
                )
                body: bytes = answer.data  # type: ignore[attr-defined]
            except HTTPError as error:
                last |= not self._reached and attempt >= FIRST_CONTACT_ATTEMPTS
                if last or isinstance(error, SSLError):
                    self._circuit.failed()
                    raise self._unreachable(error, reading, attempt) from error
                time.sleep(self.patience.delay(attempt))
                continue
            self._reached = True
            if 200 <= status < 300:
                self._circuit.succeeded()
                self.limiter.answered(resource, sent)
                return body
            if status == 429:
                self.limiter.was_limited(resource, headers.get("Stripe-Rate-Limited-Reason"), sent)
            elif status < 500 and status != 409:
                raise self._refused(status, body, headers, reading, permission)
            if last:
                if status >= 500:
                    self._circuit.failed()
                raise self._still_failing(status, reading, attempt)
            time.sleep(_retry_after(headers) or self.patience.delay(attempt))
        raise AssertionError("the last attempt either returns or raises")

    def _count(self, method: str, path: str) -> None:
        with self._lock:
            self._counted[f"{method.upper()} " + ID_IN_PATH.sub(r"\1/{id}", path)] += 1

    def _unreachable(self, cause: BaseException, reading: str, attempts: int) -> StripeFailure:
        return StripeFailure(
            f"Stripe cannot be reached at {self.base} ({_why(cause)}) while reading {reading}, "
            f"after {attempts} attempt{'s' * (attempts > 1)}.",
            "check the network and STRIPE_API_BASE, then run the same command again.",
        )

    def _still_failing(self, status: int, reading: str, attempts: int) -> StripeFailure:
        if status == 429:
            return StripeFailure(
                f"Stripe still limits the rate (429) after {attempts} attempts while reading {reading}.",
                "let other programs that use this Stripe account finish, or lower stripe.requests_per_second.",
            )
        return StripeFailure(
            f"Stripe answers {status} while reading {reading}, {attempts} times in a row.",
            "see status.stripe.com and run the same command again later.",
        )

    def _refused(
        self, status: int, body: object, headers: Mapping[str, str], reading: str, permission: str
    ) -> StripeFailure:
        message = KEY.sub("<key>", self._message(status, body, headers))
        if status == 401:
            # Stripe's own text repeats a part of the key, so it is not passed on.
            return StripeFailure(
                f"Stripe does not accept the key (401) while reading {reading}.",
                "put a valid key of this account, live or test as intended, in STRIPE_API_KEY.",
            )
        if status == 403:
            named = PERMISSION.search(message)
            missing = named.group(1) if named else permission or "the permission that Stripe names: " + message
            return StripeForbidden(
                f"The key lacks the permission {missing} (403), needed for reading {reading}.",
                f"give the restricted key {missing} in Stripe's Dashboard (Developers, API keys) and run again.",
            )
        kind = StripeObjectMissing if status == 404 else StripeFailure
        return kind(
            f"Stripe refused to read {reading} ({status}): {message}",
            "check the start date and the API version of the account; if both are right, report this line.",
        )

    def _message(self, status: int, body: object, headers: Mapping[str, str]) -> str:
        try:
            self._requestor._interpret_response(body, status, headers, "V1")
        except stripe.StripeError as error:
            return str(error.user_message or error)
        return "no reason given"


def resource_of(path: str) -> str:
    """The resource that a path or endpoint is about: `charges` of /v1/charges/ch_1. Its requests share one limit."""
    return path.split("/")[2]


def allowed(key: str) -> int:
    """Requests a second that Stripe allows in all: 100 with a live key, 25 with any other."""
    return 100 if "_live_" in key else 25


def _require_usable(key: str, base: str) -> None:
    """Raise ConfigurationError for a key or an address that no request can be made with."""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(
            "STRIPE_API_KEY holds a space, a line break or a character that no key has.", "copy the key again, alone."
        )
    if not base.startswith(("https://", "http://")):
        raise ConfigurationError(f"STRIPE_API_BASE is no address: {base!r}.", "begin it with https://.")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the answer asks us to wait, if it does; at most a minute."""
    try:
        return min(60.0, max(0.0, float(headers.get("Retry-After", ""))))
    except ValueError:
        return None


def _why(cause: BaseException) -> str:
    text = str(cause).lower()
    if isinstance(cause, urllib3.exceptions.TimeoutError) and not isinstance(cause, NewConnectionError):
        return "no answer in time"
    if isinstance(cause, SSLError):
        return "its certificate cannot be verified"
    if "refused" in text:
        return "connection refused"
    if "resolve" in text or "name or service" in text or "nodename" in text:
        return "its name cannot be resolved"
    if "unreachable" in text:
        return "network unreachable"
    return "the connection broke off"
