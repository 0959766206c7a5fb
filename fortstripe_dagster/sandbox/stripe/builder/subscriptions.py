"""Subscriptions: started, renewed each month or year with an invoice, cancelled."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from fortstripe_dagster.sandbox.stripe import billing_shapes
from fortstripe_dagster.sandbox.stripe.account import Account
from fortstripe_dagster.sandbox.stripe.builder.invoice_payments import pay_invoice
from fortstripe_dagster.sandbox.stripe.builder.invoices import invoice as make_invoice
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject

FINALIZES_AFTER = timedelta(hours=1)


def subscription(
    world: Account,
    *,
    at: datetime,
    customer: StripeObject,
    price: StripeObject,
    quantity: int = 1,
    tax_rate: StripeObject | None = None,
    coupon: StripeObject | None = None,
    automatic_tax: bool = False,
    pay: bool = True,
    settle_in: str | None = None,
    exchange_rate: Decimal | None = None,
) -> StripeObject:
    """Start a subscription of a recurring price; its first invoice (`latest_invoice`) is finalised and paid at once."""
    start = world.at(at)
    id = world.new_id("sub")
    rates = [tax_rate] if tax_rate else []
    item = billing_shapes.subscription_item(
        id=world.new_id("si"),
        subscription=id,
        price=price,
        quantity=quantity,
        tax_rates=rates,
        start=start,
        end=int(period_end(at, at, price["recurring"]["interval"]).timestamp()),
    )
    made = world.add(
        billing_shapes.subscription(
            id=id,
            billing_cycle_anchor=start,
            created=start,
            currency=price["currency"],
            customer=customer["id"],
            default_tax_rates=rates,
            items=billing_shapes.items(id, item),
            start_date=start,
            automatic_tax={"disabled_reason": None, "enabled": automatic_tax,
                           "liability": {"type": "self"} if automatic_tax else None},
        )
    )  # fmt: skip
    world.emit("customer.subscription.created", made, at)
    invoice = _bill(world, made, at=at, finalize_at=at, reason="subscription_create", coupon=coupon)
    if pay and invoice["status"] == "open":
        pay_invoice(world, invoice, at=at, settle_in=settle_in, exchange_rate=exchange_rate)
    return made


def renew_subscription(
    world: Account,
    subscription: StripeObject,
    *,
    at: datetime | None = None,
    pay: bool = True,
    settle_in: str | None = None,
    exchange_rate: Decimal | None = None,
) -> StripeObject:
    """Move a subscription to its next period, by default when the current one ends; returns that period's invoice.

    As in life the invoice is a draft for an hour, then finalised and paid in the same moment.
    """
    item = subscription["items"]["data"][0]
    ended = datetime.fromtimestamp(item["current_period_end"], UTC)
    at = at or ended
    anchor = datetime.fromtimestamp(subscription["billing_cycle_anchor"], UTC)
    item["current_period_start"] = item["current_period_end"]
    item["current_period_end"] = int(period_end(ended, anchor, item["price"]["recurring"]["interval"]).timestamp())
    finalize_at = at + FINALIZES_AFTER
    invoice = _bill(world, subscription, at=at, finalize_at=finalize_at, reason="subscription_cycle", coupon=None)
    if pay and invoice["status"] == "open":
        pay_invoice(world, invoice, at=finalize_at, settle_in=settle_in, exchange_rate=exchange_rate)
    world.emit("customer.subscription.updated", subscription, finalize_at)
    return invoice


def _bill(
    world: Account,
    subscription: StripeObject,
    *,
    at: datetime,
    finalize_at: datetime,
    reason: str,
    coupon: StripeObject | None,
) -> StripeObject:
    item = subscription["items"]["data"][0]
    price = item["price"]
    product = world.get("product", price["product"])
    period = (
        datetime.fromtimestamp(item["current_period_start"], UTC),
        datetime.fromtimestamp(item["current_period_end"], UTC),
    )
    line = Line(
        description=f"{item['quantity']} × {product['name']} (per {price['recurring']['interval']})",
        unit_amount=price["unit_amount"],
        quantity=item["quantity"],
        tax_rate=item["tax_rates"][0] if item["tax_rates"] else None,
        price=price,
        period=period,
    )
    invoice = make_invoice(
        world,
        at=at,
        customer=world.get("customer", subscription["customer"]),
        lines=[line],
        currency=subscription["currency"],
        finalize_at=finalize_at,
        coupon=coupon,
        automatic_tax=subscription["automatic_tax"]["enabled"],
        billing_reason=reason,
        subscription=subscription,
    )
    subscription["latest_invoice"] = invoice["id"]
    return invoice


def period_end(start: datetime, anchor: datetime, interval: str) -> datetime:
    """When the period from `start` ends: the anchor's day of the next month (or year), or that month's last."""
    months = start.month + (12 if interval == "year" else 1) - 1
    year, month = start.year + months // 12, months % 12 + 1
    return start.replace(year=year, month=month, day=min(anchor.day, monthrange(year, month)[1]))


def cancel_subscription(world: Account, subscription: StripeObject, *, at: datetime) -> StripeObject:
    """End a subscription now; it then hides from lists unless asked for."""
    when = world.at(at)
    subscription.update(
        status="canceled",
        canceled_at=when,
        ended_at=when,
        cancellation_details={"comment": None, "feedback": None, "reason": "cancellation_requested"},
    )
    world.emit("customer.subscription.deleted", subscription, at)
    return subscription
