"""Stripe's query strings: nested parameters, and the refusal of values that Stripe refuses."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from fortstripe_dagster.sandbox.stripe.errors import StripeRefusal, unknown_parameter

Query = dict[str, Any]
"""Parameter -> text, list of texts (`expand[]=`, `expand[0]=`) or dict of texts (`created[gte]=`)."""

_BRACKETED = re.compile(r"^(?P<name>\w+)\[(?P<key>\w*)\]$")
_LIST_INSIDE = re.compile(r"^(?P<name>\w+)\[(?P<key>\w+)\]\[\d*\]$")
BOUNDS = ("gt", "gte", "lt", "lte")


def parse_query(text: str) -> Query:
    """Read a query string. Raises a refusal for brackets deeper than Stripe's lists use."""
    query: Query = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if inside := _LIST_INSIDE.match(name):
            holder = query.setdefault(inside["name"], {})
            if isinstance(holder, dict):
                holder.setdefault(inside["key"], []).append(value)
                continue
        bracketed = _BRACKETED.match(name)
        if not bracketed:
            if "[" in name:
                raise unknown_parameter(name)
            query[name] = value
            continue
        key = bracketed["key"]
        in_list = key == "" or key.isdigit()
        holder = query.setdefault(bracketed["name"], [] if in_list else {})
        if in_list and isinstance(holder, list):
            holder.append(value)
        elif not in_list and isinstance(holder, dict):
            holder[key] = value
        else:
            raise StripeRefusal(400, "Invalid request: mixed shapes of one parameter", param=bracketed["name"])
    return query


def text(name: str, raw: Any) -> str:
    """A plain value. Refuses lists and dicts."""
    if not isinstance(raw, str):
        raise StripeRefusal(400, f"Invalid string: {raw}", param=name)
    return raw


def texts(name: str, raw: Any, *, most: int = 100) -> list[str]:
    """A list value, at most `most` long."""
    if not isinstance(raw, list):
        raise StripeRefusal(400, "Invalid array", param=name)
    if len(raw) > most:
        raise StripeRefusal(400, f"Array {name} exceeded maximum {most} allowed elements.", param=name)
    return raw


def integer(name: str, raw: Any) -> int:
    """A whole number."""
    try:
        return int(text(name, raw))
    except ValueError:
        raise StripeRefusal(400, f"Invalid integer: {raw}", code="parameter_invalid_integer", param=name) from None


def boolean(name: str, raw: Any) -> bool:
    """ "true" or "false"."""
    if raw not in ("true", "false"):
        raise StripeRefusal(400, f"Invalid boolean: {raw}", param=name)
    return bool(raw == "true")


def limit(query: Query) -> int:
    """Objects a page: 1 to 100, by default 10."""
    wanted = integer("limit", query.get("limit", "10"))
    for wrong, bound in ((wanted < 1, "greater than or equal to 1"), (wanted > 100, "less than or equal to 100")):
        if wrong:
            message = f"This value must be {bound} (it currently is '{wanted}')."
            raise StripeRefusal(400, message, code="parameter_invalid_integer", param="limit")
    return wanted


def bounds(name: str, raw: Any) -> tuple[int | None, int | None]:
    """A range as (first, last) whole numbers, both included; a plain number is exactly that number."""
    if isinstance(raw, str):
        exactly = integer(name, raw)
        return exactly, exactly
    if not isinstance(raw, dict):
        raise StripeRefusal(400, "Invalid object", param=name)
    for key in raw:
        if key not in BOUNDS:
            raise unknown_parameter(f"{name}[{key}]")
    given = {key: integer(f"{name}[{key}]", value) for key, value in raw.items()}
    firsts = [given[key] + shift for key, shift in (("gte", 0), ("gt", 1)) if key in given]
    lasts = [given[key] - shift for key, shift in (("lte", 0), ("lt", 1)) if key in given]
    return max(firsts, default=None), min(lasts, default=None)
