"""How invoices are paid: wholly, in part, too much, several by one charge, outside Stripe, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from fortstripe_dagster.sandbox.stripe.account import Account
from fortstripe_dagster.sandbox.stripe.builder.customer_balance import move_credit
from fortstripe_dagster.sandbox.stripe.builder.invoices import (
    default_payment,
    link_payment,
    settle_invoice,
)
from fortstripe_dagster.sandbox.stripe.builder.payments import charge_intent, failed_payment, new_intent, payer
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject


def pay_invoice(
    world: Account,
    invoice: StripeObject,
    *,
    at: datetime,
    amount: int | None = None,
    method: str = "card",
    settle_in: str | None = None,
    exchange_rate: Decimal | None = None,
    fee: int | None = None,
) -> StripeObject:
    """Pay an open invoice by charge: what remains, or `amount` (less is a part, more goes to the credit balance)."""
    link = _asking(world, invoice)
    remaining = invoice["amount_remaining"]
    if amount in (None, remaining):
        intent = world.get("payment_intent", link["payment"]["payment_intent"])
    else:
        customer = world.get("customer", invoice["customer"])
        intent = new_intent(world, at=at, amount=amount or 0, currency=invoice["currency"], customer=customer,
                            description=f"Payment for Invoice {invoice['number']}")  # fmt: skip
        link = link_payment(world, invoice, at=at, requested=min(intent["amount"], remaining), intent=intent)
    charge = charge_intent(world, intent, at=at, who=_payer(world, invoice), method=method, settle_in=settle_in,
                           exchange_rate=exchange_rate, fee=fee)  # fmt: skip
    _paid(world, invoice, link, at, intent["amount"])
    return charge


def pay_invoices(
    world: Account, invoices: Sequence[StripeObject], *, at: datetime, method: str = "card", fee: int | None = None
) -> StripeObject:
    """Pay all that remains on several invoices of one customer with one charge; each keeps its own invoice_payment."""
    customer = world.get("customer", invoices[0]["customer"])
    remaining = [invoice["amount_remaining"] for invoice in invoices]
    numbers = ", ".join(invoice["number"] for invoice in invoices)
    intent = new_intent(world, at=at, amount=sum(remaining), currency=invoices[0]["currency"], customer=customer,
                        description=f"Payment for Invoices {numbers}")  # fmt: skip
    links = [
        link_payment(world, invoice, at=at, requested=invoice["amount_remaining"], intent=intent)
        for invoice in invoices
    ]
    charge = charge_intent(world, intent, at=at, who=_payer(world, invoices[0]), method=method, fee=fee)
    for invoice, link, part in zip(invoices, links, remaining, strict=True):
        _paid(world, invoice, link, at, part)
    return charge


def pay_invoice_off_stripe(
    world: Account, invoice: StripeObject, *, at: datetime, amount: int | None = None
) -> StripeObject:
    """Record that an invoice was paid by money that Stripe never saw; returns the invoice_payment."""
    _asking(world, invoice)
    part = invoice["amount_remaining"] if amount is None else amount
    link = link_payment(world, invoice, at=at, requested=part, intent=None)
    invoice["amount_paid_off_stripe"] += part
    _paid(world, invoice, link, at, part)
    return link


def _asking(world: Account, invoice: StripeObject) -> StripeObject:
    """The open default payment. Raises ValueError for a draft and for what is paid or void."""
    link = default_payment(world, invoice)
    if link is None:
        raise ValueError(f"Invoice {invoice['id']} is {invoice['status']}: it cannot be paid.")
    return link


def _payer(world: Account, invoice: StripeObject) -> StripeObject:
    return payer(world.get("customer", invoice["customer"]))


def _paid(world: Account, invoice: StripeObject, link: StripeObject, at: datetime, amount: int) -> None:
    link.update(amount_paid=amount, status="paid")
    link["status_transitions"] = link["status_transitions"] | {"paid_at": world.at(at)}
    counted = min(amount, invoice["amount_remaining"])
    invoice["amount_paid"] += counted
    invoice["amount_remaining"] -= counted
    invoice["amount_overpaid"] += amount - counted
    invoice["attempt_count"] += 1
    world.emit("invoice_payment.paid", link, at)
    if amount > counted:
        customer = world.get("customer", invoice["customer"])
        move_credit(world, customer, at=at, amount=counted - amount, kind="invoice_overpaid", invoice=invoice)
        world.emit("invoice.overpaid", invoice, at)
    if invoice["amount_remaining"] == 0:
        settle_invoice(world, invoice, at)
    else:
        sync_default_payment(world, invoice)
        world.emit("invoice.updated", invoice, at)


def sync_default_payment(world: Account, invoice: StripeObject) -> None:
    """The default payment always asks for what remains."""
    if link := default_payment(world, invoice):
        link["amount_requested"] = invoice["amount_remaining"]
        world.get("payment_intent", link["payment"]["payment_intent"])["amount"] = invoice["amount_remaining"]


def invoice_payment_failed(
    world: Account, invoice: StripeObject, *, at: datetime, code: str = "insufficient_funds"
) -> StripeObject:
    """Stripe tried to collect and the bank declined; it tries again in three days. Returns the failed charge."""
    link = _asking(world, invoice)
    charge = failed_payment(
        world,
        at=at,
        amount=invoice["amount_remaining"],
        currency=invoice["currency"],
        customer=world.get("customer", invoice["customer"]),
        code=code,
        intent=world.get("payment_intent", link["payment"]["payment_intent"]),
    )
    invoice["attempt_count"] += 1
    invoice.update(attempted=True, next_payment_attempt=int((at + timedelta(days=3)).timestamp()))
    world.emit("invoice.payment_failed", invoice, at)
    return charge
