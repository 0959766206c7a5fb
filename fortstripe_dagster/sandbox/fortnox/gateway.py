"""The gateway before the API: tokens, the rate limit, scopes; and the faults a test may switch on.

It records every call, so that a test can count what a client really sent.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.oauth import Tokens
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal
from fortstripe_dagster.sandbox.fortnox.wire import error_response, gateway_response
from fortstripe_dagster.sandbox.servers import DroppedConnection

_SCOPE_OF = {
    "customers": "customer", "invoices": "invoice", "invoicepayments": "payment", "articles": "article",
    "vouchers": "bookkeeping", "voucherseries": "bookkeeping", "accounts": "bookkeeping",
    "financialyears": "bookkeeping", "sie": "bookkeeping",
    "predefinedvoucherseries": "bookkeeping", "settings/lockedperiod": "bookkeeping",
    "settings/company": "settings", "modesofpayments": "settings", "termsofpayments": "settings",
    "predefinedaccounts": "settings", "currencies": "currency", "companyinformation": "companyinformation",
    "costcenters": "costcenter", "projects": "project", "inbox": "inbox", "voucherfileconnections": "connectfile",
    "me": "profile",
}  # fmt: skip
"""First part of a path under /3 (two parts below settings) -> the scope it needs."""


@dataclass
class Call:
    """One request that reached the stand-in, with the status it was answered with (None: the answer was lost)."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    at: float
    status: int | None = None

    @property
    def writes(self) -> bool:
        """Whether it may have changed the books."""
        return self.method in ("POST", "PUT", "DELETE") and self.path.startswith(("/3/", "/api/"))


def _no_answer(call: Call) -> Response | None:
    return None


def _never(call: Call) -> bool:
    return False


async def _at_once(call: Call) -> None:
    return None


@dataclass
class Faults:
    """What goes wrong, and when. All of it may be changed while the server runs.

    `answer` may answer in the API's place: nothing reaches the books (return `DroppedConnection()` to reset the
    connection). `answer_instead`: the request takes effect, then this is answered, such as the 502 of a gateway that
    waited in vain. `lose_answer`: it takes effect, then the connection is reset without an answer. `latency` (seconds)
    delays every request; what `stall` awaits delays this one, which may reach the books after its client has given up.
    `list_lag` hides from lists what was created less than so many seconds ago.
    """

    answer: Callable[[Call], Response | None] = _no_answer
    answer_instead: Callable[[Call], Response | None] = _no_answer
    lose_answer: Callable[[Call], bool] = _never
    latency: float = 0.0
    stall: Callable[[Call], Awaitable[None]] = _at_once
    list_lag: float = 0.0


@dataclass
class RateLimit:
    """At most `requests` in any `seconds`: a sliding window. Requests that are turned away do not count."""

    requests: int = 25
    seconds: float = 5.0
    clock: Callable[[], float] = time.monotonic
    _taken: deque[float] = field(default_factory=deque)

    def take(self) -> bool:
        """Whether there is room for one more now."""
        now = self.clock()
        while self._taken and self._taken[0] <= now - self.seconds:
            self._taken.popleft()
        if len(self._taken) >= self.requests:
            return False
        self._taken.append(now)
        return True


class Gateway:
    """The ASGI application that the outside talks to; `app` behind it is the API itself."""

    def __init__(self, app: ASGIApp, tokens: Tokens, limit: RateLimit, faults: Faults) -> None:
        self.app = app
        self.tokens = tokens
        self.limit = limit
        self.faults = faults
        self.calls: list[Call] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"The Fortnox stand-in serves HTTP only, not {scope['type']}.")
        scope = dict(scope, path=scope["path"].rstrip("/") or "/")
        body = await _whole_body(receive)
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        call = Call(scope["method"], scope["path"], query, body, time.monotonic())
        self.calls.append(call)
        if self.faults.latency:
            await asyncio.sleep(self.faults.latency)
        await self.faults.stall(call)
        refused = self.faults.answer(call) or self._refusal(call, dict(scope["headers"]))
        if refused is not None:
            call.status = refused.status_code
            await refused(scope, receive, send)
            return
        instead = DroppedConnection() if self.faults.lose_answer(call) else self.faults.answer_instead(call)
        if instead is not None:
            await self.app(scope, _replay(body), _discard)
            await instead(scope, receive, send)
            return
        await self.app(scope, _replay(body), _noting(call, send))

    def _refusal(self, call: Call, headers: dict[bytes, bytes]) -> Response | None:
        if not call.path.startswith(("/3/", "/api/")):
            return None
        grant = self.tokens.grant_of(headers.get(b"authorization", b"").decode("latin-1"))
        if grant is None:
            return gateway_response("unauthorized", 401)
        if not self.limit.take():
            return gateway_response("API rate limit exceeded", 429)
        parts = call.path.removeprefix("/3/").strip("/").split("/")
        needed = _SCOPE_OF.get("/".join(parts[: 2 if parts[0] == "settings" else 1]))
        if needed is not None and needed not in grant.scopes:
            return error_response(Refusal(refusals.NO_SCOPE, needed, status=403))
        accept = headers.get(b"accept", b"*/*").decode("latin-1")
        if parts[0] != "sie" and "application/json" not in accept and "*/*" not in accept:
            return error_response(Refusal(refusals.INVALID_ACCEPT, accept))
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        wanted = "multipart/form-data" if parts[0] == "inbox" else "application/json"
        if call.body and wanted not in content_type:
            return error_response(Refusal(refusals.INVALID_CONTENT_TYPE, content_type))
        return None


async def _whole_body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _discard(message: Message) -> None:
    return None


def _noting(call: Call, send: Send) -> Send:
    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            call.status = message["status"]
        await send(message)

    return noting
