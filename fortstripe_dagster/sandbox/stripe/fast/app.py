"""The fast mode over HTTP: a bare ASGI application, for a framework would cost more than the answers do.

It limits the rate as Stripe does and counts what it was asked; `GET /stats` tells. Any key is welcome.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import simplejson
from starlette.types import Receive, Scope, Send

from fortstripe_dagster.sandbox.stripe import errors
from fortstripe_dagster.sandbox.stripe.account import Account
from fortstripe_dagster.sandbox.stripe.errors import StripeRefusal
from fortstripe_dagster.sandbox.stripe.fast.collection import Bounds, Collection, amounts, listed
from fortstripe_dagster.sandbox.stripe.gate import RateLimits
from fortstripe_dagster.sandbox.stripe.query import bounds, limit, parse_query, text
from fortstripe_dagster.sandbox.stripe.resources import RESOURCES
from fortstripe_dagster.sandbox.stripe.shapes import API_VERSION

JSON = (b"content-type", b"application/json")
STATS = "/stats"


class FastStripe:
    """The ASGI application over some collections; every other list of Stripe's is empty."""

    def __init__(
        self, collections: Mapping[str, Collection], limits: RateLimits | None = None, latency: timedelta = timedelta(0)
    ) -> None:
        self._collections = collections
        self._limits = limits
        self._latency = latency.total_seconds()
        self._account = Account()
        self._asked: Counter[str] = Counter()
        self._refused: Counter[int] = Counter()
        self._spans: dict[str, tuple[float, float]] = {}
        self._in_flight = self._most_in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"]
        if path == STATS:
            await _send(send, 200, simplejson.dumps(self.stats()).encode(), {})
            return
        self._in_flight += 1
        self._most_in_flight = max(self._most_in_flight, self._in_flight)
        endpoint, now = _endpoint(path), time.monotonic()
        self._asked[endpoint] += 1
        self._spans[endpoint] = (self._spans.get(endpoint, (now,))[0], now)
        try:
            if self._limits:
                self._limits.admit(endpoint)
            if self._latency:
                await asyncio.sleep(self._latency)
            status, body, headers = 200, self._answer(path, scope["query_string"].decode()), {}
        except StripeRefusal as refusal:
            self._refused[refusal.status] += 1
            status, body, headers = refusal.status, bytes(refusal.response().body), refusal.headers
        finally:
            self._in_flight -= 1
        await _send(send, status, body, headers)

    def stats(self) -> dict[str, Any]:
        """What was asked so far, and the CPU seconds that answering took."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "requests": sum(self._asked.values()),
            "by_endpoint": dict(self._asked),
            "first_and_last": self._spans,
            "refused": dict(self._refused),
            "useful_pages": {path: found.useful_pages for path, found in self._collections.items()},
            "most_in_flight": self._most_in_flight,
            "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
        }

    def _answer(self, path: str, query: str) -> bytes:
        version, _, rest = path.removeprefix("/").partition("/")
        name, _, id = rest.partition("/")
        if version != "v1" or "/" in id:
            raise errors.unknown_url("GET", path)
        if name in ("account", "accounts"):
            return _json(self._account.account)
        if name == "balance":
            return _json(self._balance())
        if name in self._collections:
            return self._object(name, id) if id else self._page(self._collections[name], query)
        if name in RESOURCES and not id:
            return listed(name, ())
        raise errors.missing(RESOURCES[name].kind, id) if name in RESOURCES else errors.unknown_url("GET", path)

    def _object(self, name: str, id: str) -> bytes:
        collection = self._collections[name]
        index = collection.index(id)
        if index is None:
            raise errors.missing(RESOURCES[name].kind, id)
        return collection.one(index)

    def _page(self, collection: Collection, raw: str) -> bytes:
        query = parse_query(raw)
        for name in query:
            if name not in ("created", "ending_before", "expand", "limit", "starting_after"):
                raise errors.unknown_parameter(name)
        first, last = bounds("created", query["created"]) if "created" in query else (None, None)
        cursors = {name: text(name, query[name]) for name in ("starting_after", "ending_before") if name in query}
        try:
            return collection.page(Bounds(first, last, **cursors), limit(query))
        except KeyError as unknown:
            kind = RESOURCES[collection.path].kind
            raise errors.missing(kind, unknown.args[0], status=400, param=next(iter(cursors))) from None

    def _balance(self) -> dict[str, Any]:
        transactions = self._collections.get("balance_transactions", ())
        net = sum(amounts(index)[2] for index in range(len(transactions)))
        row = {"amount": net, "currency": self._account.currency, "source_types": {"card": net}}
        return {"object": "balance", "livemode": False, "available": [row], "pending": [row | {"amount": 0}]}


def _endpoint(path: str) -> str:
    return "/".join(path.split("/")[:3]) + "/{id}" * (path.count("/") > 2)


def _json(body: dict[str, Any]) -> bytes:
    return simplejson.dumps(body, use_decimal=True).encode()


async def _send(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    fields = [
        JSON, (b"content-length", b"%d" % len(body)), (b"stripe-version", API_VERSION.encode()),
        *((name.lower().encode(), value.encode()) for name, value in headers.items()),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})
