"""Credit notes: a finalised invoice corrected before it is paid or after, the money returned in one of three ways."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fortstripe_dagster.sandbox.stripe import billing_shapes
from fortstripe_dagster.sandbox.stripe.account import Account
from fortstripe_dagster.sandbox.stripe.builder.customer_balance import move_credit
from fortstripe_dagster.sandbox.stripe.builder.invoice_payments import sync_default_payment
from fortstripe_dagster.sandbox.stripe.builder.invoices import settle_invoice
from fortstripe_dagster.sandbox.stripe.builder.reversals import refund as make_refund
from fortstripe_dagster.sandbox.stripe.builder.tax import tax_on, tax_sum, total_taxes
from fortstripe_dagster.sandbox.stripe.shapes import INLINE, StripeObject, listing


def credit_note(
    world: Account,
    invoice: StripeObject,
    *,
    at: datetime,
    lines: Sequence[tuple[StripeObject, int]] | None = None,
    to: str = "refund",
    refund: StripeObject | None = None,
    effective_at: datetime | None = None,
    reason: str | None = "order_change",
    memo: str | None = None,
) -> StripeObject:
    """Credit an invoice: all of it, or `lines` as (invoice line, amount before discount and exclusive tax).

    What is still unpaid is taken off the invoice. The rest goes back `to` "refund" (a new refund of the invoice's
    charge, or the `refund` already made), "balance" (the customer's credit balance) or "out_of_band" (outside Stripe).
    """
    rows = [_row(world, invoice, line, amount) for line, amount in lines or _whole(world, invoice)]
    taxes = [tax for row in rows for tax in row["taxes"]]
    subtotal = sum(row["amount"] for row in rows)
    off = sum(row["discount_amount"] for row in rows)
    total = subtotal - off + tax_sum(taxes, "exclusive")
    unpaid = min(total, invoice["amount_remaining"])
    number = 1 + len(world.referring("credit_note", "invoice", invoice["id"]))
    created = world.at(at)
    made = billing_shapes.credit_note(
        id=world.new_id("cn"),
        amount=total,
        created=created,
        currency=invoice["currency"],
        customer=invoice["customer"],
        discount_amount=off,
        discount_amounts=[{"amount": off, "discount": invoice["discounts"][0]}] if off else [],
        effective_at=int(effective_at.timestamp()) if effective_at else created,
        invoice=invoice["id"],
        memo=memo,
        number=f"{invoice['number']}-CN-{number:02d}",
        post_payment_amount=total - unpaid,
        pre_payment_amount=unpaid,
        reason=reason,
        subtotal=subtotal,
        subtotal_excluding_tax=subtotal - tax_sum(taxes, "inclusive"),
        total=total,
        total_excluding_tax=total - tax_sum(taxes),
        total_taxes=total_taxes(taxes),
        type="mixed" if 0 < unpaid < total else "pre_payment" if unpaid else "post_payment",
    )
    made["pdf"] = f"https://pay.stripe.com/credit_notes/{world.account['id']}/{made['id']}/pdf"
    made["lines"] = listing(f"/v1/credit_notes/{made['id']}/lines", rows[:INLINE], has_more=len(rows) > INLINE)
    world.lines[made["id"]] = rows
    if total > unpaid:
        _give_back(world, invoice, made, to, refund, at)
    world.add(made)
    world.emit("credit_note.created", made, at)
    _take_off(world, invoice, made, at)
    return made


def _whole(world: Account, invoice: StripeObject) -> list[tuple[StripeObject, int]]:
    return [(line, line["amount"]) for line in world.lines[invoice["id"]]]


def _row(world: Account, invoice: StripeObject, line: StripeObject, amount: int) -> StripeObject:
    """`amount` of an invoice line credited, with its part of the line's discount and tax."""
    discounts = line["discount_amounts"]
    reduced = half_up_share(discounts[0]["amount"], amount, line["amount"]) if discounts else 0
    rates = [world.get("tax_rate", tax["tax_rate_details"]["tax_rate"]) for tax in line["taxes"]]
    whole = amount == line["amount"]
    taxes = [
        tax
        for rate, original in zip(rates, line["taxes"], strict=True)
        for tax in (
            [dict(original)]
            if whole
            else tax_on(
                amount - reduced,
                rate,
                tax_exempt=invoice["customer_tax_exempt"],
                automatic=invoice["automatic_tax"]["enabled"],
                reason=original["taxability_reason"],
            )
        )
    ]
    return billing_shapes.credit_note_line(
        id=world.new_id("cnli"),
        amount=amount,
        description=line["description"],
        discount_amount=reduced,
        discount_amounts=[{"amount": reduced, "discount": discounts[0]["discount"]}] if discounts else [],
        invoice_line_item=line["id"],
        livemode=world.livemode,
        quantity=line["quantity"] if whole else None,
        tax_rates=rates,
        taxes=taxes,
    )


def half_up_share(of: int, part: int, whole: int) -> int:
    """`of` × part / whole, rounded half up."""
    return (2 * of * part + whole) // (2 * whole)


def _give_back(
    world: Account, invoice: StripeObject, note: StripeObject, to: str, refund: StripeObject | None, at: datetime
) -> None:
    amount = note["post_payment_amount"]
    if to == "out_of_band":
        note["out_of_band_amount"] = amount
    elif to == "balance":
        customer = world.get("customer", invoice["customer"])
        moved = move_credit(
            world, customer, at=at, amount=-amount, kind="credit_note", invoice=invoice, credit_note=note
        )
        note["customer_balance_transaction"] = moved["id"]
    else:
        made = refund or make_refund(world, invoice_charge(world, invoice), at=at, amount=amount)
        note["refunds"] = [
            {"amount_refunded": amount, "payment_record_refund": None, "refund": made["id"], "type": "refund"}
        ]


def invoice_charge(world: Account, invoice: StripeObject) -> StripeObject:
    """The charge that (last) paid an invoice. Raises ValueError if none did."""
    for link in reversed(world.referring("invoice_payment", "invoice", invoice["id"])):
        if link["status"] == "paid" and "payment_intent" in link["payment"]:
            intent = world.get("payment_intent", link["payment"]["payment_intent"])
            return world.get("charge", intent["latest_charge"])
    raise ValueError(f"No charge paid invoice {invoice['id']}: credit it to the balance or out of band.")


def _take_off(world: Account, invoice: StripeObject, note: StripeObject, at: datetime) -> None:
    unpaid = note["pre_payment_amount"]
    invoice["pre_payment_credit_notes_amount"] += unpaid
    invoice["post_payment_credit_notes_amount"] += note["post_payment_amount"]
    invoice["amount_due"] -= unpaid
    invoice["amount_remaining"] -= unpaid
    if unpaid and invoice["amount_remaining"] == 0:
        settle_invoice(world, invoice, at)
    else:
        sync_default_payment(world, invoice)
        world.emit("invoice.updated", invoice, at)


def void_credit_note(world: Account, note: StripeObject, *, at: datetime) -> StripeObject:
    """Take a credit note before payment back: the invoice asks for its amount again."""
    invoice = world.get("invoice", note["invoice"])
    note.update(status="void", voided_at=world.at(at))
    invoice["pre_payment_credit_notes_amount"] -= note["pre_payment_amount"]
    invoice["amount_due"] += note["pre_payment_amount"]
    invoice["amount_remaining"] += note["pre_payment_amount"]
    sync_default_payment(world, invoice)
    world.emit("credit_note.voided", note, at)
    return note
