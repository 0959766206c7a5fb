"""JSON on its way to and from Fortnox: amounts are Decimal in both directions, never float."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import simplejson


def encode(body: object) -> bytes:
    """A request body as UTF-8 JSON. Raises TypeError on a float, ValueError on an amount that is not finite."""
    return simplejson.dumps(_exact(body), ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def decode(content: bytes) -> Any:
    """The value in an answer, numbers with a point as Decimal. Raises ValueError if it is not JSON.

    The Content-Type is not asked: the token endpoint sends JSON as text/html and text/plain.
    """
    return json.loads(content, parse_float=Decimal, parse_constant=_no_constant)


def _exact(value: object) -> object:
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a float; amounts sent to Fortnox are Decimal or int")
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} cannot be sent to Fortnox")
        # 1E+2 is lawful JSON, but not what a bookkeeping system expects to read
        return simplejson.RawJSON(format(value, "f"))
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")
