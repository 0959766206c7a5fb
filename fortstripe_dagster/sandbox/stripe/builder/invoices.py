"""Invoices: drafted, finalised, voided, given up. How they are paid is in `invoice_payments`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from fortstripe_dagster.sandbox.stripe import billing_shapes, catalog_shapes
from fortstripe_dagster.sandbox.stripe.account import Account
from fortstripe_dagster.sandbox.stripe.builder.customer_balance import move_credit
from fortstripe_dagster.sandbox.stripe.builder.payments import new_intent
from fortstripe_dagster.sandbox.stripe.builder.tax import Line, shares, taken_off, tax_on, tax_sum, total_taxes
from fortstripe_dagster.sandbox.stripe.shapes import INLINE, StripeObject, listing


def invoice(
    world: Account,
    *,
    at: datetime,
    customer: StripeObject,
    lines: Sequence[Line],
    currency: str = "sek",
    finalize_at: datetime | None = None,
    draft: bool = False,
    effective_at: datetime | None = None,
    collection_method: str = "charge_automatically",
    due_days: int = 30,
    coupon: StripeObject | None = None,
    automatic_tax: bool = False,
    billing_reason: str = "manual",
    subscription: StripeObject | None = None,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
) -> StripeObject:
    """An invoice created `at` and finalised `finalize_at` (default: at once; never if `draft`).

    `due_days` counts for `collection_method="send_invoice"`; `effective_at` overrides the date of issue.
    """
    created = world.at(at)
    made = billing_shapes.invoice(
        id=world.new_id("in"),
        account_country=world.account["country"],
        account_name=world.account["business_profile"]["name"],
        auto_advance=not draft,
        billing_reason=billing_reason,
        collection_method=collection_method,
        created=created,
        currency=currency,
        customer=customer["id"],
        description=description,
        due_date=int((at + timedelta(days=due_days)).timestamp()) if collection_method == "send_invoice" else None,
        metadata=metadata or {},
        period_start=created,
        period_end=created,
    )
    if automatic_tax:
        made["automatic_tax"] = {"disabled_reason": None, "enabled": True, "liability": {"type": "self"},
                                 "provider": "stripe", "status": "complete"}  # fmt: skip
    if subscription:
        made["parent"] = {
            "quote_details": None,
            "subscription_details": {"metadata": {}, "subscription": subscription["id"]},
            "type": "subscription_details",
        }
    _copy_customer(world, made, customer)
    _price(world, made, customer, lines, coupon, subscription)
    world.add(made)
    world.emit("invoice.created", made, at)
    if not draft:
        finalize_invoice(world, made, at=finalize_at or at, effective_at=effective_at)
    return made


def _copy_customer(world: Account, invoice: StripeObject, customer: StripeObject) -> None:
    numbers = world.tax_ids[customer["id"]]
    invoice.update(
        customer_address=customer["address"],
        customer_email=customer["email"],
        customer_name=customer["name"],
        customer_phone=customer["phone"],
        customer_shipping=customer["shipping"],
        customer_tax_exempt=customer["tax_exempt"],
        customer_tax_ids=[{"type": number["type"], "value": number["value"]} for number in numbers],
        starting_balance=customer["balance"],
    )


def _price(
    world: Account,
    invoice: StripeObject,
    customer: StripeObject,
    lines: Sequence[Line],
    coupon: StripeObject | None,
    subscription: StripeObject | None,
) -> None:
    """Write the rows and every total of a draft."""
    subtotal = sum(line.amount for line in lines)
    off = taken_off(coupon, subtotal)
    discount = _discount(world, invoice, coupon) if coupon else None
    discounts = shares(off, [line.amount for line in lines])
    rows = [
        _row(world, invoice, line, discount, reduced, subscription)
        for line, reduced in zip(lines, discounts, strict=True)
    ]
    taxes = [tax for row in rows for tax in row["taxes"]]
    tax = tax_sum(taxes)
    total = subtotal - off + tax_sum(taxes, "exclusive")
    untaxed = [
        tax_on(line.amount, line.tax_rate, tax_exempt=customer["tax_exempt"], automatic=False, reason=line.taxability)
        for line in lines
    ]
    inclusive = sum(tax_sum(of_row, "inclusive") for of_row in untaxed)
    world.lines[invoice["id"]] = rows
    invoice.update(
        amount_due=total,
        amount_remaining=total,
        discounts=[discount] if discount else [],
        lines=listing(f"/v1/invoices/{invoice['id']}/lines", rows[:INLINE], has_more=len(rows) > INLINE),
        subtotal=subtotal,
        subtotal_excluding_tax=subtotal - inclusive,
        total=total,
        total_discount_amounts=[{"amount": off, "discount": discount}] if discount else [],
        total_excluding_tax=total - tax,
        total_pretax_credit_amounts=[{"amount": off, "discount": discount, "type": "discount"}] if discount else [],
        total_taxes=total_taxes(taxes),
    )


def _discount(world: Account, invoice: StripeObject, coupon: StripeObject) -> str:
    made = catalog_shapes.discount(
        id=world.new_id("di"),
        coupon=coupon,
        customer=invoice["customer"],
        invoice=invoice["id"],
        start=invoice["created"],
    )
    world.add(made, created=made["start"])
    coupon["times_redeemed"] += 1
    return str(made["id"])


def _row(
    world: Account,
    invoice: StripeObject,
    line: Line,
    discount: str | None,
    reduced: int,
    subscription: StripeObject | None,
) -> StripeObject:
    start, end = line.period or (None, None)
    credited = {"proration": False, "proration_details": {"credited_items": None}}
    item = subscription["items"]["data"][0]["id"] if subscription else None
    details: StripeObject = (
        {"invoice_item": None, "subscription": subscription["id"], "subscription_item": item} | credited
        if subscription
        else {"invoice_item": world.new_id("ii"), "subscription": None} | credited
    )
    kind = "subscription_item_details" if subscription else "invoice_item_details"
    return billing_shapes.line_item(
        id=world.new_id("il"),
        amount=line.amount,
        currency=invoice["currency"],
        description=line.description,
        discount_amounts=[{"amount": reduced, "discount": discount}] if discount else [],
        invoice=invoice["id"],
        livemode=world.livemode,
        parent={"invoice_item_details": None, "subscription_item_details": None, "type": kind} | {kind: details},
        period={
            "start": int(start.timestamp()) if start else invoice["created"],
            "end": int(end.timestamp()) if end else invoice["created"],
        },
        pretax_credit_amounts=[{"amount": reduced, "discount": discount, "type": "discount"}] if discount else [],
        pricing={
            "price_details": {"price": line.price["id"], "product": line.price["product"]} if line.price else None,
            "type": "price_details",
            "unit_amount_decimal": str(line.unit_amount),
        },
        quantity=line.quantity,
        quantity_decimal=str(line.quantity),
        subscription=subscription["id"] if subscription else None,
        subtotal=line.amount,
        taxes=tax_on(
            line.amount - reduced,
            line.tax_rate,
            tax_exempt=invoice["customer_tax_exempt"],
            automatic=invoice["automatic_tax"]["enabled"],
            reason=line.taxability,
        ),
    )


def finalize_invoice(
    world: Account, invoice: StripeObject, *, at: datetime, effective_at: datetime | None = None
) -> StripeObject:
    """Number the invoice, freeze the customer on it, use the customer's credit balance, and ask for what is left."""
    customer = world.get("customer", invoice["customer"])
    _copy_customer(world, invoice, customer)
    finalized = world.at(at)
    due = max(invoice["total"] + customer["balance"], 0)
    used = due - invoice["total"]
    invoice.update(
        amount_due=due,
        amount_remaining=due,
        effective_at=int(effective_at.timestamp()) if effective_at else finalized,
        ending_balance=customer["balance"] - used,
        hosted_invoice_url=f"https://invoice.stripe.com/i/{world.account['id']}/{invoice['id']}",
        invoice_pdf=f"https://pay.stripe.com/invoice/{world.account['id']}/{invoice['id']}/pdf",
        number=f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}",
        status="open",
        webhooks_delivered_at=invoice["created"],
    )
    if used:
        move_credit(world, customer, at=at, amount=-used, kind="applied_to_invoice", invoice=invoice)
    customer["next_invoice_sequence"] += 1
    _transition(invoice, "finalized_at", finalized)
    if due:
        _ask(world, invoice, customer, at)
    world.emit("invoice.finalized", invoice, at)
    if not due:
        settle_invoice(world, invoice, at)
    return invoice


def _ask(world: Account, invoice: StripeObject, customer: StripeObject, at: datetime) -> None:
    """The default invoice_payment: open, for all that is due, waiting on a payment intent."""
    intent = new_intent(
        world,
        at=at,
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        customer=customer,
        description=f"Payment for Invoice {invoice['number']}",
    )
    link_payment(world, invoice, at=at, requested=invoice["amount_due"], intent=intent, is_default=True)


def link_payment(
    world: Account,
    invoice: StripeObject,
    *,
    at: datetime,
    requested: int,
    intent: StripeObject | None,
    is_default: bool = False,
) -> StripeObject:
    """A new invoice_payment, by a payment intent or (None) by money that Stripe never saw."""
    payment: dict[str, Any] = (
        {"payment_intent": intent["id"], "type": "payment_intent"}
        if intent
        else {"payment_record": world.new_id("pr"), "type": "payment_record"}
    )
    return world.add(
        billing_shapes.invoice_payment(
            id=world.new_id("inpay"),
            amount_requested=requested,
            created=world.at(at),
            currency=invoice["currency"],
            invoice=invoice["id"],
            is_default=is_default,
            payment=payment,
        )
    )


def default_payment(world: Account, invoice: StripeObject) -> StripeObject | None:
    """The open default invoice_payment of an invoice, if there is one."""
    links = world.referring("invoice_payment", "invoice", invoice["id"])
    return next((link for link in links if link["is_default"] and link["status"] == "open"), None)


def close_default_payment(world: Account, invoice: StripeObject, at: datetime, reason: str) -> None:
    """Nothing more will be paid by the default payment: cancel it and its intent."""
    link = default_payment(world, invoice)
    if link is None:
        return
    link["status"] = "canceled"
    link["status_transitions"] = link["status_transitions"] | {"canceled_at": world.at(at)}
    intent = world.get("payment_intent", link["payment"]["payment_intent"])
    intent.update(status="canceled", canceled_at=world.at(at), cancellation_reason=reason)
    world.emit("payment_intent.canceled", intent, at)


def settle_invoice(world: Account, invoice: StripeObject, at: datetime) -> None:
    """Nothing is left to pay: the invoice is paid."""
    invoice.update(status="paid", attempted=True, auto_advance=False, next_payment_attempt=None)
    _transition(invoice, "paid_at", world.at(at))
    close_default_payment(world, invoice, at, "automatic")
    world.emit("invoice.paid", invoice, at)
    world.emit("invoice.payment_succeeded", invoice, at)


def void_invoice(world: Account, invoice: StripeObject, *, at: datetime) -> StripeObject:
    """The invoice was wrong and never counts; what it took from the credit balance returns."""
    customer = world.get("customer", invoice["customer"])
    if invoice["ending_balance"] is not None and not customer.get("deleted"):
        back = invoice["starting_balance"] - invoice["ending_balance"]
        if back:
            move_credit(world, customer, at=at, amount=back, kind="unapplied_from_invoice", invoice=invoice)
    invoice.update(status="void", auto_advance=False)
    _transition(invoice, "voided_at", world.at(at))
    close_default_payment(world, invoice, at, "void_invoice")
    world.emit("invoice.voided", invoice, at)
    return invoice


def mark_uncollectible(world: Account, invoice: StripeObject, *, at: datetime) -> StripeObject:
    """The merchant gives up on being paid; the invoice may still be paid or voided later."""
    invoice.update(status="uncollectible", status_details={"uncollectible": {"reason": "user_forgiven"}})
    _transition(invoice, "marked_uncollectible_at", world.at(at))
    world.emit("invoice.marked_uncollectible", invoice, at)
    return invoice


def _transition(invoice: StripeObject, what: str, when: int) -> None:
    invoice["status_transitions"] = invoice["status_transitions"] | {what: when}
