"""Deterministic, plausible official exchange rates (SEK for one unit), as the Riksbank would publish them.

The rates server hands them out; the Stripe stand-in takes its own, slightly worse rates from them when it converts, so
that the official rate and Stripe's rate always differ, as in life.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256

from fortstripe_dagster.sandbox.banking_days import latest_banking_day

MID_LEVEL = {
    "eur": Decimal("11.3055"),
    "usd": Decimal("10.4210"),
    "gbp": Decimal("13.3870"),
    "nok": Decimal("0.9812"),
    "dkk": Decimal("1.5152"),
}
"""Level around which each currency swings."""

SERIES = {f"SEK{currency.upper()}PMI": currency for currency in MID_LEVEL}
"""The Riksbank's series id -> currency."""

_SWING = Decimal("0.008")
_STRIPE_MARGIN = Decimal("0.004")


def official_rate(currency: str, day: date) -> Decimal:
    """SEK for one unit of `currency` on `day`, on a non-banking day the latest published. KeyError without a series."""
    level = MID_LEVEL[currency]
    published = latest_banking_day(day)
    noise = int.from_bytes(sha256(f"{currency}:{published.isoformat()}".encode()).digest()[:4], "big")
    swing = (Decimal(noise) / Decimal(2**32 - 1) * 2 - 1) * _SWING
    return (level * (1 + swing)).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def stripe_rate(currency: str, day: date, *, into: str = "sek") -> Decimal:
    """The rate at which Stripe turns `currency` into another on `day`: a little below the official one."""
    sek, target = (Decimal(1) if name == "sek" else official_rate(name, day) for name in (currency, into))
    return (sek / target * (1 - _STRIPE_MARGIN)).quantize(Decimal("0.000001"), ROUND_HALF_UP)
