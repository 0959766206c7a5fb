"""A customer's credit balance at the merchant: every change leaves a customer balance transaction."""

from __future__ import annotations

from datetime import datetime

from fortstripe_dagster.sandbox.stripe import catalog_shapes
from fortstripe_dagster.sandbox.stripe.account import Account
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject


def move_credit(
    world: Account,
    customer: StripeObject,
    *,
    at: datetime,
    amount: int,
    kind: str,
    invoice: StripeObject | None = None,
    credit_note: StripeObject | None = None,
    metadata: dict[str, str] | None = None,
) -> StripeObject:
    """Change what a customer owes by `amount` (negative is credit, as Stripe counts) and record why."""
    customer["balance"] += amount
    made = world.add(
        catalog_shapes.customer_balance_transaction(
            id=world.new_id("cbtxn"),
            amount=amount,
            created=world.at(at),
            credit_note=credit_note["id"] if credit_note else None,
            currency=(invoice or {}).get("currency") or customer["currency"] or world.currency,
            customer=customer["id"],
            ending_balance=customer["balance"],
            invoice=invoice["id"] if invoice else None,
            metadata=metadata or {},
            type=kind,
        )
    )
    world.emit("customer.updated", customer, at)
    return made


def give_credit(
    world: Account, customer: StripeObject, *, at: datetime, amount: int, metadata: dict[str, str] | None = None
) -> StripeObject:
    """Put `amount` on a customer's credit balance, to be used by the next invoice (Stripe shows credit as negative)."""
    move_credit(world, customer, at=at, amount=-amount, kind="adjustment", metadata=metadata)
    return customer
