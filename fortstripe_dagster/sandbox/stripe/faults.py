"""Faults by script: a wrapper around a Stripe stand-in that spoils chosen requests, each in its own way.

    Faulty(stripe_app(world), [Fault("/v1/charges", truncated(), nth=2), Fault("*", rate_limited(), times=3)])

What belongs here: what the wire, Stripe's limits and a broken page can do to a reader, and what may happen on the
account between two pages. What an account may hold (seconds shared over page borders, long invoices, objects from a
clock ahead of ours) is the world's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import simplejson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fortstripe_dagster.sandbox.servers import DroppedConnection
from fortstripe_dagster.sandbox.stripe import errors
from fortstripe_dagster.sandbox.stripe.encoding import json_response
from fortstripe_dagster.sandbox.stripe.errors import StripeRefusal

FOREVER = 1_000_000_000


@dataclass(frozen=True)
class Call:
    """One request on its way: `answer` asks the application, `previous` is what it last answered on this path."""

    request: Request
    answer: Callable[[], Awaitable[Response]]
    previous: Response | None


Kind = Callable[[Call], Awaitable[Response]]
"""What goes wrong: a call becomes what is sent back."""


@dataclass(frozen=True)
class Fault:
    """Something goes wrong with `times` requests to `path` (`*` is anything), from the `nth` (counted from 1) on."""

    path: str
    kind: Kind
    nth: int = 1
    times: int = 1


class Faulty:
    """An application with faults; several that hit one request apply in the order in which they are given."""

    def __init__(self, app: ASGIApp, faults: Sequence[Fault] = ()) -> None:
        self.app = app
        self.asked: list[str] = []
        """Path and query of every request, in order of arrival."""
        self._previous: dict[str, Response] = {}
        self.spoil(faults)

    def spoil(self, faults: Sequence[Fault]) -> None:
        """From now on these faults, and no others; requests are counted anew."""
        self._faults = list(faults)
        self._seen: Counter[int] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, spoiled or not."""
        path = scope["path"]
        self.asked.append(f"{path}?{scope['query_string'].decode()}")
        request = Request(scope, receive)

        async def answer() -> Response:
            self._previous[path] = await _answered(self.app, scope, receive)
            return self._previous[path]

        spoiled: Callable[[], Awaitable[Response]] = answer
        for fault in self._due(path):
            call = Call(request, spoiled, self._previous.get(path))
            spoiled = _bound(fault.kind, call)
        response = await spoiled()
        await response(scope, receive, send)

    def _due(self, path: str) -> list[Fault]:
        due = []
        for number, fault in enumerate(self._faults):
            if fnmatchcase(path, fault.path):
                self._seen[number] += 1
                if fault.nth <= self._seen[number] < fault.nth + fault.times:
                    due.append(fault)
        return due


def rate_limited(reason: str | None = "endpoint-rate", *, retry_after: float | None = None) -> Kind:
    """429 for one of Stripe's limits, or, without a reason, because another request holds the object's lock."""
    message, code = ("Request rate limit exceeded.", "rate_limit") if reason else ("Object is locked.", "lock_timeout")
    headers = {"Stripe-Rate-Limited-Reason": reason} if reason else {}
    headers |= {"Retry-After": str(retry_after)} if retry_after is not None else {}
    return _instead(lambda: StripeRefusal(429, message, code=code, headers=headers).response())


def failing(status: int = 500) -> Kind:
    """An error of Stripe's, or of something on the way to it."""
    return _instead(lambda: Response(b"upstream error", status, media_type="text/plain"))


def reset() -> Kind:
    """The connection breaks before a byte comes."""
    return _instead(DroppedConnection)


def reset_midway() -> Kind:
    """The connection breaks when half of the answer has come."""
    return _altered(lambda body: DroppedConnection(after=body[: len(body) // 2]))


def truncated(*, lost: int = 40) -> Kind:
    """The answer ends too early, and nothing but the JSON shows it."""
    return _altered(lambda body: Response(body[:-lost], media_type="application/json"))


def slow(seconds: float) -> Kind:
    """The answer is right and takes its time."""

    async def kind(call: Call) -> Response:
        await asyncio.sleep(seconds)
        return await call.answer()

    return kind


def forbidden(permission: str) -> Kind:
    """The key has lost a permission."""
    return _instead(lambda: errors.forbidden("rk_test_sandbox", "acct_sandbox", permission).response())


def repeating() -> Kind:
    """The page that was sent last comes again, and more shall follow."""

    async def kind(call: Call) -> Response:
        body = call.previous.body if call.previous else (await call.answer()).body
        return json_response(_parsed(bytes(body)) | {"has_more": True})

    return kind


def stuck() -> Kind:
    """An empty page that claims that more follows."""
    return _page(lambda page: page | {"data": [], "has_more": True})


def without(field: str) -> Kind:
    """The objects of the page lack a field."""
    return _page(lambda page: page | {"data": [_lacking(thing, field) for thing in page["data"]]})


def lagging(newest: int) -> Kind:
    """The newest objects do not show in the list yet."""
    return _page(lambda page: page | {"data": page["data"][newest:]})


def meanwhile(happening: Callable[[], object]) -> Kind:
    """Something happens on the account just before this request is answered."""

    async def kind(call: Call) -> Response:
        happening()
        return await call.answer()

    return kind


def _instead(response: Callable[[], Response]) -> Kind:
    async def kind(call: Call) -> Response:
        return response()

    return kind


def _altered(change: Callable[[bytes], Response]) -> Kind:
    async def kind(call: Call) -> Response:
        return change(bytes((await call.answer()).body))

    return kind


def _page(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Kind:
    return _altered(lambda body: json_response(change(_parsed(body))))


def _parsed(body: bytes) -> dict[str, Any]:
    return simplejson.loads(body, use_decimal=True)


def _lacking(thing: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in thing.items() if name != field}


def _bound(kind: Kind, call: Call) -> Callable[[], Awaitable[Response]]:
    return lambda: kind(call)


async def _answered(app: ASGIApp, scope: Scope, receive: Receive) -> Response:
    """What an application answers, kept instead of sent."""
    start: dict[str, Any] = {}
    body = bytearray()

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            body.extend(message.get("body", b""))

    await app(scope, receive, keep)
    response = Response(bytes(body), start["status"])
    response.raw_headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    response.headers["content-length"] = str(len(body))
    return response
