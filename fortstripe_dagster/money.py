"""Amounts: minor units, currencies, rounding, allocation of remainders. No float ever touches an amount.

Rounding is half away from zero everywhere, as Swedish invoices and Fortnox do it; `ledger/sql/macros.sql` holds the
same rules for SQL and a test keeps the two equal. Both count decimals by `currencies.csv`.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files

CURRENCIES = files(__package__).joinpath("currencies.csv")
"""The currencies whose minor unit is not a hundredth, as Stripe counts (docs.stripe.com/currencies)."""

REDENOMINATIONS = files(__package__).joinpath("redenominations.csv")
"""Currencies that others replaced: from when, and at how many units for one of the successor's."""

_DIGITS = {row["currency"]: int(row["digits"]) for row in csv.DictReader(CURRENCIES.read_text("utf-8").splitlines())}


def exponent(currency: str) -> int:
    """Decimals of a currency's minor unit as Stripe counts them; its special cases stand in `currencies.csv`."""
    return _DIGITS.get(currency.upper(), 2)


def round_div(numerator: int, denominator: int) -> int:
    """`numerator / denominator` as an int, rounded half away from zero."""
    if denominator <= 0:
        raise ValueError(f"denominator must be positive, not {denominator}")
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def to_decimal(minor: int, currency: str = "SEK") -> Decimal:
    """Minor units as a decimal amount of the currency: 21875 -> Decimal('218.75')."""
    return Decimal(minor).scaleb(-exponent(currency))


def to_minor(amount: Decimal, currency: str = "SEK") -> int:
    """A decimal amount in minor units, rounded half away from zero."""
    return int(amount.scaleb(exponent(currency)).to_integral_value(rounding=ROUND_HALF_UP))


def to_ore(minor: int, currency: str, sek_per_unit: Decimal) -> int:
    """Minor units of a foreign currency in öre, at an official rate in kronor per unit of the currency."""
    kronor = to_decimal(minor, currency) * sek_per_unit
    return int((kronor * 100).to_integral_value(rounding=ROUND_HALF_UP))


def vat_of_gross(gross: int, percent: Decimal) -> int:
    """The VAT inside an amount that includes it, in the same minor units: 125 at 25 % -> 25."""
    hundredths = int(percent * 100)
    return round_div(gross * hundredths, 10000 + hundredths)


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` in proportion to `weights` so that the parts add up to it exactly.

    Cumulative rounding: each part is the rounded running sum less what was handed out before, so no part is off by
    more than one minor unit and nothing is lost. Weights may be of either sign but must not add up to zero.
    """
    whole = sum(weights)
    if whole == 0:
        raise ValueError("cannot allocate by weights that add up to zero")
    if whole < 0:
        return [-part for part in allocate(total, [-w for w in weights])] if total else [0] * len(weights)
    parts, running, given = [], 0, 0
    for weight in weights:
        running += weight
        upto = round_div(total * running, whole)
        parts.append(upto - given)
        given = upto
    return parts
