"""The client: one request at a time, at the company's pace, each ending in an answer or in a FortnoxError that says
whether it took effect.

What belongs here is sending and waiting. What an answer means is in `answers`, when to try again in `retries`, the pace
in `limiter`, the login in `auth`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter

from .answers import failure, no_answer
from .auth import Auth
from .breaker import AlwaysClosed, Breaker
from .errors import FortnoxError, InDoubt, NotDone, ReadOnly, Refused, Unauthorized
from .limiter import Limiter
from .retries import Retries
from .values import as_int
from .wire import decode, encode

PAGE = 500
"""The most items Fortnox puts on a page."""

Params = Mapping[str, str | int]

T = TypeVar("T")

_CONNECTIONS = 8
_log = logging.getLogger(__name__)


class Fortnox:
    """One company's Fortnox. Safe to share between threads.

    `api_base` is the host, e.g. https://api.fortnox.se; paths start with /3/ or /api/ (see `path`). `timeout` is
    (connect, read) in seconds. A client that is `read_only` sends nothing that could change the books, and raises
    ReadOnly instead. A `breaker` is told of requests that were given up, and may say that none is sent for a while.
    Every method may raise a FortnoxError.
    """

    def __init__(
        self,
        *,
        api_base: str,
        auth: Auth,
        limiter: Limiter,
        session: requests.Session | None = None,
        timeout: tuple[float, float] = (5, 60),
        retries: Retries = Retries(),  # noqa: B008 - frozen
        read_only: bool = False,
        breaker: Breaker | None = None,
    ) -> None:
        if urlsplit(api_base).scheme not in ("http", "https") or not urlsplit(api_base).hostname:
            raise ValueError(f"{api_base!r} is not the address of a host, such as https://api.fortnox.se")
        # Fortnox's own documents write the base with and without the version.
        self._base = api_base.rstrip("/").removesuffix("/3")
        self._auth = auth
        self._limiter = limiter
        self._session = session or _pooled_session()
        self._timeout = timeout
        self._retries = retries
        self._read_only = read_only
        self._breaker = breaker or AlwaysClosed()
        self._counting = threading.Lock()
        self.requests: Counter[tuple[str, str]] = Counter()
        """Requests sent, repeated ones too, by (method, endpoint), e.g. ("PUT", "invoices/*/bookkeep")."""

    def get(self, path: str, params: Params | None = None) -> Any:
        """The parsed answer; numbers with a point are Decimal."""
        return self._json("GET", path, params)

    def post(self, path: str, body: object, params: Params | None = None) -> Any:
        """Create something; the parsed answer."""
        return self._json("POST", path, params, **_json_body(body))

    def put(self, path: str, body: object = None, params: Params | None = None) -> Any:
        """Change something, or, without a body, do an action such as bookkeep; the parsed answer."""
        return self._json("PUT", path, params, **({} if body is None else _json_body(body)))

    def delete(self, path: str, params: Params | None = None) -> Any:
        """Remove something; {} as Fortnox answers nothing."""
        return self._json("DELETE", path, params)

    def upload(
        self,
        path: str,
        name: str,
        content: bytes,
        params: Params | None = None,
        content_type: str = "application/octet-stream",
    ) -> Any:
        """Put a file into the inbox or archive; the parsed answer holds its Id."""
        return self._json("POST", path, params, files={"file": (name, content, content_type)})

    def sie(self, type: int, financial_year: int, params: Params | None = None) -> bytes:
        """A SIE file of one financial year (its id): the CP437 bytes that Fortnox sends, for `sie.parse`."""
        query = {"financialyear": financial_year, **(params or {})}
        return self._send("GET", f"/3/sie/{type}", query, _bytes)

    def pages(self, path: str, key: str, params: Params | None = None) -> Iterator[dict[str, Any]]:
        """Every item of the list under `key`, page after page.

        The list is not a snapshot: what is created or removed meanwhile may shift items between pages.
        """
        query = {"limit": PAGE, **(params or {})}
        for page in count(1):
            answer = self.get(path, {**query, "page": page})
            items = answer.get(key) if isinstance(answer, dict) else None
            if not isinstance(items, list):
                raise InDoubt("GET", path, f"the answer holds no list {key}")
            yield from items
            if page >= _total_pages(answer, len(items), int(query["limit"]), path):
                return

    def find(self, path: str, key: str, field: str, value: str, params: Params) -> list[dict[str, Any]]:
        """The items whose `field` equals `value`, among those that the search `params` finds.

        Fortnox searches for a part of the text: ch_1 also finds ch_12. Only equality counts here.
        """
        return [item for item in self.pages(path, key, params) if str(item.get(field)) == value]

    def _json(self, method: str, path: str, params: Params | None, **content: Any) -> Any:
        return self._send(method, path, params, _parsed, **content)

    def _send(
        self, method: str, path: str, params: Params | None, read: Callable[[requests.Response], T], **content: Any
    ) -> T:
        """Send until it is answered, refused, in doubt, or no longer worth it."""
        if self._read_only and not (refusal := ReadOnly(method, path, "not sent")).is_read:
            raise refusal
        if (why := self._breaker.resting()) is not None:
            raise NotDone(method, path, why)
        for attempt in count(1):
            try:
                response = self._with_token(method, path, params, content)
                try:
                    answer = read(response)
                except ValueError:
                    raise InDoubt(method, path, "the answer is not JSON", status=response.status_code) from None
                self._breaker.succeeded()
                return answer
            except Refused:
                self._breaker.succeeded()
                raise
            except (NotDone, InDoubt) as error:
                pause = self._retries.pause(error, attempt)
                if pause is None:
                    if error.status != 429:
                        self._breaker.failed()
                    raise
                _log.warning("%s Trying again in %.1f s (attempt %d).", error, pause, attempt + 1)
                self._rest(error, pause)
        raise AssertionError("count() does not end")

    def _with_token(
        self, method: str, path: str, params: Params | None, content: Mapping[str, Any]
    ) -> requests.Response:
        """Send once, and once more with a new token if the gateway does not take the old one."""
        token = self._auth.token()
        try:
            return self._once(method, path, params, content, token)
        except Unauthorized:
            self._auth.forget(token)
            renewed = self._auth.token()
            if renewed == token:
                raise
        return self._once(method, path, params, content, renewed)

    def _once(
        self, method: str, path: str, params: Params | None, content: Mapping[str, Any], token: str
    ) -> requests.Response:
        self._limiter.wait()
        with self._counting:
            self.requests[method, endpoint(path)] += 1
        try:
            response = self._session.request(
                method,
                self._base + path,
                params=params,
                auth=_Bearer(token),
                timeout=self._timeout,
                allow_redirects=False,  # a token is for this host alone
                **{**content, "headers": {"Accept": "application/json", **content.get("headers", {})}},
            )
        except requests.RequestException as error:
            raise no_answer(method, path, error) from error
        if (refusal := failure(method, path, response)) is not None:
            raise refusal
        return response

    def _rest(self, error: FortnoxError, seconds: float) -> None:
        if error.status == 429:
            self._limiter.back_off(seconds)  # everybody's pace, not only this thread's
        else:
            time.sleep(seconds)


def path(*parts: str | int) -> str:
    """The path of a record or action: path("invoices", 12, "bookkeep") is /3/invoices/12/bookkeep.

    A customer or article number may hold a slash, which is written %2F.
    """
    return "/3/" + "/".join(quote(str(part), safe="") for part in parts)


_WITHIN = {"settings", "sie"}
"""Resources whose second part names what is asked for, not a record."""

_ACTIONS = {"bookkeep", "cancel", "credit", "externalprint", "warehouseready", "sublist"}


def endpoint(path: str) -> str:
    """The path without the numbers of records, for counting: /3/invoices/12/bookkeep is invoices/*/bookkeep."""
    first, *rest = path.removeprefix("/3/").strip("/").split("/")
    if first in _WITHIN:
        return "/".join([first, *rest])
    if first == "api":
        return "/".join([first, *rest[:3]])
    return "/".join([first, *(part if part in _ACTIONS else "*" for part in rest)])


def _parsed(response: requests.Response) -> Any:
    return decode(response.content) if response.content.strip() else {}


def _bytes(response: requests.Response) -> bytes:
    return response.content


def _json_body(body: object) -> dict[str, Any]:
    return {"data": encode(body), "headers": {"Content-Type": "application/json"}}


def _total_pages(answer: Mapping[str, Any], items: int, limit: int, path: str) -> int:
    total = as_int((answer.get("MetaInformation") or {}).get("@TotalPages"))
    if total is None and items >= limit:
        raise InDoubt("GET", path, "the list is full and does not say how many pages there are")
    return total or 1


def _pooled_session() -> requests.Session:
    session = requests.Session()
    adapter = HTTPAdapter(pool_maxsize=_CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class _Bearer(requests.auth.AuthBase):
    """The token, set as `auth` so that no entry in a netrc file can take its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request
