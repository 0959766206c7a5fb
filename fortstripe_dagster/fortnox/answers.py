"""What an answer, or the lack of one, means: the rule that decides between Refused, NotDone and InDoubt.

Fortnox answers in several tongues: ErrorInformation in two casings, the gateway's {"message": …}, OAuth's {"error": …}
under a wrong Content-Type, and HTML pages from whatever stands between. The status decides the kind of error, the body
only its words.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import requests
import urllib3

from .errors import FortnoxError, InDoubt, NotDone, Refused, Unauthorized
from .values import as_int
from .wire import decode

LOGIN_CODES = frozenset({2000310, 2000311, 2004054})
"""Codes by which Fortnox itself, behind the gateway, says that the token or secret is wrong."""

_LONGEST = 300


def failure(method: str, path: str, response: requests.Response) -> FortnoxError | None:
    """The error that an answer stands for, None where the status says success."""
    status = response.status_code
    if 200 <= status < 300:
        return None
    message, code = said(response)
    if status == 429:
        return NotDone(method, path, message or "Too many requests", status=status)
    # 408 is the one 4xx in which somebody gave up waiting instead of deciding. A redirect decides nothing either.
    if status >= 500 or status < 400 or status == 408:
        return InDoubt(method, path, message or response.reason or "no explanation", status=status)
    login = status == 401 or code in LOGIN_CODES or (status == 403 and code is None)
    kind = Unauthorized if login else Refused
    return kind(method, path, message or response.reason or "no explanation", status=status, code=code)


def no_answer(method: str, path: str, error: requests.RequestException) -> FortnoxError:
    """The error for a request that got no whole answer: NotDone if it surely never left, else InDoubt."""
    reasons = list(_chain(error))
    words = _words(error, reasons)
    never_left = (
        isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError)
        or any(isinstance(reason, urllib3.exceptions.NewConnectionError) for reason in reasons)
        or any(isinstance(reason, ConnectionRefusedError | socket.gaierror) for reason in reasons)
        or any(isinstance(reason, ssl.SSLCertVerificationError) for reason in reasons)
        or isinstance(error, ValueError)  # the library's own check of address and headers
    )
    return (NotDone if never_left else InDoubt)(method, path, words)


def said(response: requests.Response) -> tuple[str, int | None]:
    """Fortnox's own words and code in an answer that is no success; "" and None where it gave none."""
    try:
        body = decode(response.content)
    except ValueError:
        return _plain(response.text), None
    if not isinstance(body, dict):
        return _plain(response.text), None
    information = body.get("ErrorInformation")
    if isinstance(information, dict):
        lower = {str(key).lower(): value for key, value in information.items()}
        return str(lower.get("message") or ""), _code(lower.get("code"))
    if "error" in body:
        description = body.get("error_description")
        return f"{body['error']}: {description}" if description else str(body["error"]), None
    return str(body.get("message") or ""), None


def _code(value: Any) -> int | None:
    try:
        return as_int(value)
    except ValueError:
        return None


def _plain(text: str) -> str:
    """The readable part of a body that is not JSON, on one line."""
    without_code = re.sub(r"(?is)<(script|style)\b.*?</\1>", " ", text)
    words = " ".join(re.sub(r"<[^>]*>", " ", without_code).split())
    return words if len(words) <= _LONGEST else words[:_LONGEST].rstrip() + "…"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what is behind it, which the libraries keep in `reason`, in `args` or as the cause.

    Never the context: it may be an older failure that the caller was just handling, and would decide this one.
    """
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        link = waiting.pop()
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [getattr(link, "reason", None), link.__cause__, *link.args]


def _words(error: requests.RequestException, reasons: list[BaseException]) -> str:
    """What happened to the connection. The library's own text is not used: it quotes the whole address."""
    if any(isinstance(reason, socket.gaierror) for reason in reasons):
        return "The name of the host is not known; check the network and the address"
    if any(isinstance(reason, ssl.SSLCertVerificationError) for reason in reasons):
        return "The certificate of the host could not be verified"
    if any(isinstance(reason, ConnectionRefusedError) for reason in reasons):
        return "The connection was refused"
    if isinstance(error, requests.exceptions.ProxyError):
        return "The proxy could not be reached"
    if isinstance(error, requests.ConnectTimeout):
        return "No connection within the time allowed"
    if isinstance(error, requests.Timeout) or any(isinstance(r, urllib3.exceptions.TimeoutError) for r in reasons):
        return "No answer within the time allowed"
    if isinstance(error, ValueError):
        return "The address or a header of the request is not valid"
    return "The connection was lost before the whole answer had come"
