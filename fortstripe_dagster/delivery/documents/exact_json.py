"""JSON as the journal keeps it: amounts are exact decimals in both directions, keys in order."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import simplejson


def dumps(value: object) -> str:
    """Compact JSON; Decimal is written as it is, a day as ISO text."""
    return str(
        simplejson.dumps(
            value, use_decimal=True, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_other
        )
    )


def loads(text: str) -> Any:
    """The value; numbers with a point are Decimal."""
    return simplejson.loads(text, use_decimal=True)


def amount(value: object) -> Decimal:
    """An amount from JSON, where a whole one comes back as int."""
    return Decimal(str(value))


def _other(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in the journal")
