"""Fortnox's ways of writing a value, and what they mean.

The same field comes as a number in one endpoint and as text in another (`CurrencyRate` 1 and "1", `Credit` "false",
`CreditInvoiceReference` "0" for none), and a user without the licence gets the text API_NORIGHT instead of an amount.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

API_BLANK = "API_BLANK"
"""Written to clear a field: Fortnox ignores an empty text on PUT and keeps the old value."""

API_NORIGHT = "API_NORIGHT"
"""Read instead of a value that the user has no licence to see."""


def as_decimal(value: object) -> Decimal | None:
    """An amount, rate or quantity; None where there is none or we may not see it. Raises ValueError on all else."""
    if value is None or value in ("", API_NORIGHT):
        return None
    if isinstance(value, bool | float):
        raise ValueError(f"{value!r} is not an exact number; answers are parsed with Decimal")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a number")
    return number


def as_int(value: object) -> int | None:
    """A whole number, None where there is none. Raises ValueError on a fraction or on text."""
    number = as_decimal(value)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise ValueError(f"{value!r} is not a whole number")
    return int(number)


def as_bool(value: object) -> bool:
    """True or false, also where they are written as text; an empty text and null are false."""
    known = {"true": True, "false": False, "": False, "none": False, "1": True, "0": False}
    text = str(value).strip().lower()
    if text not in known:
        raise ValueError(f"{value!r} is neither true nor false")
    return known[text]


def as_reference(value: object) -> str | None:
    """A document number that something refers to; Fortnox writes 0 or "0" for none."""
    text = "" if value is None else str(value).strip()
    return None if text in ("", "0", API_NORIGHT) else text
