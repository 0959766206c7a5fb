"""What lines cost: discounts shared over lines, tax on each, the totals of a document. Pure rules, no state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from fortstripe_dagster.sandbox.stripe import billing_shapes
from fortstripe_dagster.sandbox.stripe.builder.payments import half_up
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row to invoice. `unit_amount` is in minor units, with the tax in it if `tax_rate` is inclusive."""

    description: str
    unit_amount: int
    quantity: int = 1
    tax_rate: StripeObject | None = None
    price: StripeObject | None = None
    period: tuple[datetime, datetime] | None = None
    taxability: str | None = None
    """Stripe's taxability_reason, when it does not follow from the customer and the rate."""

    @property
    def amount(self) -> int:
        """The row before discounts and exclusive tax."""
        return self.unit_amount * self.quantity


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` by `weights` into whole minor units; what rounding leaves over goes to the largest remainders."""
    whole = sum(weights)
    if not whole:
        return [0 for _ in weights]
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: -(total * weights[index] % whole))
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def taken_off(coupon: StripeObject | None, subtotal: int) -> int:
    """What a coupon takes off a sum, never more than the sum."""
    if coupon is None:
        return 0
    if coupon["percent_off"] is not None:
        return half_up(subtotal * coupon["percent_off"] / 100)
    return min(int(coupon["amount_off"]), subtotal)


def tax_on(
    amount: int, rate: StripeObject | None, *, tax_exempt: str, automatic: bool, reason: str | None = None
) -> list[StripeObject]:
    """The `taxes` of a row of `amount` (after discount): one tax, or none without a rate.

    A reverse-charge or exempt customer pays nothing, and the row says why. A rate that a person put on gives the reason
    `not_available`, one that Stripe Tax chose gives the kind of rate.
    """
    if rate is None:
        return []
    percent: Decimal = rate["percentage"]
    free = tax_exempt != "none" or reason == "reverse_charge"
    if free:
        tax = 0
    elif rate["inclusive"]:
        tax = half_up(amount * percent / (100 + percent))
    else:
        tax = half_up(amount * percent / 100)
    taxable = amount - tax if rate["inclusive"] else amount
    why = reason or _reason(percent, tax_exempt, automatic)
    return [
        billing_shapes.tax_amount(amount=tax, taxable=taxable, rate=rate["id"], inclusive=rate["inclusive"], reason=why)
    ]


def _reason(percent: Decimal, tax_exempt: str, automatic: bool) -> str:
    if tax_exempt == "reverse":
        return "reverse_charge"
    if tax_exempt == "exempt":
        return "customer_exempt"
    if not automatic:
        return "not_available"
    return "zero_rated" if percent == 0 else "standard_rated" if percent >= 25 else "reduced_rated"


def total_taxes(taxes: Iterable[StripeObject]) -> list[StripeObject]:
    """A document's taxes: the rows' added up by rate, behaviour and reason."""
    totals: dict[tuple[str, ...], StripeObject] = {}
    for tax in taxes:
        rate = (tax["tax_rate_details"] or {}).get("tax_rate", "")
        key = (rate, tax["tax_behavior"], tax["taxability_reason"])
        if key in totals:
            totals[key]["amount"] += tax["amount"]
            totals[key]["taxable_amount"] += tax["taxable_amount"]
        else:
            totals[key] = dict(tax)
    return list(totals.values())


def tax_sum(taxes: Iterable[StripeObject], behavior: str | None = None) -> int:
    """Σ tax, of one behaviour ("inclusive", "exclusive") or of both."""
    return sum(tax["amount"] for tax in taxes if behavior in (None, tax["tax_behavior"]))
