"""Checkout: a customer buys prices on Stripe's own payment page, without any invoice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from fortstripe_dagster.sandbox.stripe import checkout_shapes
from fortstripe_dagster.sandbox.stripe.account import Account
from fortstripe_dagster.sandbox.stripe.builder.payments import charge_intent, new_intent, payer
from fortstripe_dagster.sandbox.stripe.builder.tax import Line, shares, taken_off, tax_on
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject

PAID_AFTER = timedelta(minutes=3)


def checkout_session(
    world: Account,
    *,
    at: datetime,
    lines: Sequence[Line],
    currency: str = "sek",
    customer: StripeObject | None = None,
    name: str | None = None,
    email: str | None = None,
    country: str = "SE",
    paid_at: datetime | None = None,
    abandoned: bool = False,
    coupon: StripeObject | None = None,
    metadata: dict[str, str] | None = None,
) -> StripeObject:
    """A session opened `at` and paid `paid_at` (default: three minutes later), unless it is `abandoned`.

    Every line needs a price. Like Stripe's, the charge says nothing of what was bought: only the session does.
    """
    created = world.at(at)
    who = payer(customer, name=name, email=email, country=country)
    made = checkout_shapes.session(
        id=world.new_id("cs_test"),
        created=created,
        currency=currency,
        customer=customer["id"] if customer else None,
        expires_at=int((at + timedelta(hours=24)).timestamp()),
        metadata=metadata or {},
    )
    off = taken_off(coupon, sum(line.amount for line in lines))
    discounts = shares(off, [line.amount for line in lines])
    rows = [_item(world, line, currency, reduced) for line, reduced in zip(lines, discounts, strict=True)]
    world.lines[made["id"]] = rows
    total = sum(row["amount_total"] for row in rows)
    made.update(
        amount_subtotal=sum(row["amount_subtotal"] for row in rows),
        amount_total=total,
        discounts=[{"coupon": coupon["id"], "promotion_code": None}] if coupon else [],
        total_details={"amount_discount": off, "amount_shipping": 0,
                       "amount_tax": sum(row["amount_tax"] for row in rows)},
        url=f"https://checkout.stripe.com/c/pay/{made['id']}",
    )  # fmt: skip
    world.add(made)
    if abandoned:
        expired = at + timedelta(hours=24)
        made.update(status="expired", url=None)
        world.emit("checkout.session.expired", made, expired)
        return made
    moment = paid_at or at + PAID_AFTER
    intent = new_intent(world, at=moment, amount=total, currency=currency, customer=customer, description=None)
    charge_intent(world, intent, at=moment, who=who)
    made.update(
        customer_details={"address": who["address"], "business_name": None, "email": who["email"],
                          "individual_name": None, "name": who["name"], "phone": None, "tax_exempt": "none",
                          "tax_ids": []},
        payment_intent=intent["id"],
        payment_status="paid",
        status="complete",
        url=None,
    )  # fmt: skip
    world.emit("checkout.session.completed", made, moment)
    return made


def _item(world: Account, line: Line, currency: str, reduced: int) -> StripeObject:
    assert line.price is not None, "what is sold in Checkout has a price"
    taxes = tax_on(line.amount - reduced, line.tax_rate, tax_exempt="none", automatic=False, reason=line.taxability)
    tax = sum(part["amount"] for part in taxes)
    added = sum(part["amount"] for part in taxes if part["tax_behavior"] == "exclusive")
    return checkout_shapes.item(
        id=world.new_id("li"),
        amount_discount=reduced,
        amount_subtotal=line.amount,
        amount_tax=tax,
        amount_total=line.amount - reduced + added,
        currency=currency,
        description=line.description,
        price=line.price,
        quantity=line.quantity,
        taxes=[
            {
                "amount": part["amount"],
                "rate": line.tax_rate,
                # Checkout gives no reason for a rate that the merchant put on
                "taxability_reason": line.taxability,
                "taxable_amount": part["taxable_amount"],
            }
            for part in taxes
        ],
    )
