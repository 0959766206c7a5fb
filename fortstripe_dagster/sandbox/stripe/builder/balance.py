"""Movements on the balance: the one way to make a balance transaction, payouts, top-ups, fees, adjustments."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from fortstripe_dagster.sandbox.banking_days import next_banking_day
from fortstripe_dagster.sandbox.stripe import account_shapes, shapes
from fortstripe_dagster.sandbox.stripe.account import STOCKHOLM, Account, total_net
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject

REPORTING_CATEGORY = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund_failure",
    "payment_failure_refund": "charge_failure",
    "adjustment": "other_adjustment",
    "stripe_fee": "fee",
    "stripe_fx_fee": "fee",
    "tax_fee": "tax",
    "payout": "payout",
    "payout_cancel": "payout_reversal",
    "payout_failure": "payout_reversal",
    "topup": "topup",
    "topup_reversal": "topup_reversal",
    "transfer": "transfer",
    "reserved_funds": "risk_reserved_funds",
}
"""Type -> reporting category; a type that is not here is its own category, as for most of Stripe's rarer types."""


def balance_transaction(
    world: Account,
    *,
    at: datetime,
    type: str,
    amount: int,
    currency: str = "sek",
    fee: int = 0,
    fee_details: list[StripeObject] | None = None,
    source: str | None = None,
    description: str | None = None,
    reporting_category: str | None = None,
    exchange_rate: Decimal | None = None,
    available_on: datetime | None = None,
    balance_type: str = "payments",
) -> StripeObject:
    """Any movement, also of a type that nobody knows. `amount` is gross and signed, `fee` positive when charged."""
    if fee and fee_details is None:
        fee_details = [shapes.fee_detail(fee, currency, "Stripe processing fees")]
    created = world.at(at)
    made = world.add(
        shapes.balance_transaction(
            id=world.new_id("txn"),
            amount=amount,
            available_on=created if available_on is None else int(available_on.timestamp()),
            balance_type=balance_type,
            created=created,
            currency=currency,
            description=description,
            exchange_rate=exchange_rate,
            fee=fee,
            fee_details=fee_details or [],
            net=amount - fee,
            reporting_category=reporting_category or REPORTING_CATEGORY.get(type, type),
            source=source,
            type=type,
        )
    )
    world.not_paid_out[made["id"]] = made
    return made


def settles_on(at: datetime) -> datetime:
    """When the money of a payment made `at` may be paid out: midnight UTC after two banking days."""
    day = next_banking_day(next_banking_day(at.astimezone(UTC).date()))
    return datetime.combine(day, time(), UTC)


def payout(
    world: Account,
    *,
    at: datetime,
    currency: str = "sek",
    amount: int | None = None,
    arrival: date | None = None,
    reconciled: bool = True,
) -> StripeObject:
    """Pay the available balance out to the bank, automatically; or, with `amount`, by hand.

    An automatic payout takes every available balance transaction of its currency that none took before, failed payouts'
    money included; its amount is their net and may be negative. Raises ValueError when there is nothing to take.
    """
    created = world.at(at)
    automatic = amount is None
    members = payable(world, currency, at) if automatic else []
    if automatic:
        amount = total_net(members)
    if not amount:
        raise ValueError(f"No {currency.upper()} is available to pay out at {at}.")
    arrival = arrival or next_banking_day(at.astimezone(STOCKHOLM).date())
    made = world.add(
        shapes.payout(
            id=world.new_id("po"),
            amount=amount,
            arrival_date=int(datetime.combine(arrival, time(), UTC).timestamp()),
            automatic=automatic,
            created=created,
            currency=currency,
            destination=_bank_account(world, currency)["id"],
            reconciliation_status="in_progress" if automatic else "not_applicable",
        )
    )
    own = balance_transaction(
        world, at=at, type="payout", amount=-amount, currency=currency, source=made["id"], description="STRIPE PAYOUT"
    )
    made["balance_transaction"] = own["id"]
    if automatic:
        taken = [member["id"] for member in members] + [own["id"]]
        world.payout_members[made["id"]] = taken
        for id in taken:
            del world.not_paid_out[id]
    world.emit("payout.created", made, at)
    if automatic and reconciled:
        payout_reconciled(world, made, at=at)
    return made


def _bank_account(world: Account, currency: str) -> StripeObject:
    """The merchant's account at the bank, one for each currency."""
    id = f"ba_1Sandbox{currency.upper()}Bank"
    known = world.find("bank_account", id)
    if known is None:
        known = world.add(account_shapes.bank_account(id=id, account=world.account["id"], currency=currency), created=0)
        world.account["external_accounts"]["data"].append(known)
    return known


def payable(world: Account, currency: str, at: datetime) -> list[StripeObject]:
    """What an automatic payout made `at` would take, oldest first."""
    moment = at.timestamp()
    return [
        transaction
        for transaction in world.not_paid_out.values()
        if transaction["currency"] == currency
        and transaction["balance_type"] == "payments"
        and transaction["available_on"] <= moment
    ]


def payout_reconciled(world: Account, payout: StripeObject, *, at: datetime) -> StripeObject:
    """Stripe has finished listing an automatic payout's transactions; until then a list by payout is incomplete."""
    payout["reconciliation_status"] = "completed"
    world.emit("payout.reconciliation_completed", payout, at)
    return payout


def payout_paid(world: Account, payout: StripeObject, *, at: datetime | None = None) -> StripeObject:
    """The bank credited the payout, by default at 06:00 UTC on its arrival date."""
    at = at or datetime.fromtimestamp(payout["arrival_date"], UTC) + timedelta(hours=6)
    payout["status"] = "paid"
    payout["trace_id"] = {"status": "supported", "value": f"STRIPE{payout['id'][-10:].upper()}"}
    world.emit("payout.paid", payout, at)
    return payout


def payout_failed(world: Account, payout: StripeObject, *, at: datetime, code: str = "account_closed") -> StripeObject:
    """The bank sent the payout back, perhaps after it showed as paid: a new balance transaction returns the money."""
    return _returned(world, payout, at, "failed", "payout_failure", {
        "failure_code": code,
        "failure_message": "The bank account has been closed.",
    })  # fmt: skip


def payout_canceled(world: Account, payout: StripeObject, *, at: datetime) -> StripeObject:
    """The payout was stopped before it was sent: the money returns by a new balance transaction."""
    return _returned(world, payout, at, "canceled", "payout_cancel", {})


def _returned(
    world: Account, payout: StripeObject, at: datetime, status: str, type: str, reason: dict[str, Any]
) -> StripeObject:
    back = balance_transaction(
        world,
        at=at,
        type=type,
        amount=payout["amount"],
        currency=payout["currency"],
        source=payout["id"],
        description=f"Payout {status}: Ref ({payout['id']})",
    )
    payout.update(reason, status=status, failure_balance_transaction=back["id"])
    world.emit(f"payout.{status}", payout, at)
    return payout


def topup(world: Account, *, at: datetime, amount: int, currency: str = "sek") -> StripeObject:
    """Money moved from the bank to the Stripe balance."""
    made = world.add(shapes.topup(id=world.new_id("tu"), amount=amount, created=world.at(at), currency=currency))
    moved = balance_transaction(
        world, at=at, type="topup", amount=amount, currency=currency, source=made["id"], description="Top-up"
    )
    made["balance_transaction"] = moved["id"]
    world.emit("topup.created", made, at)
    world.emit("topup.succeeded", made, at)
    return made


def stripe_fee(
    world: Account, *, at: datetime, amount: int, currency: str = "sek", description: str = "Billing - Usage Fee"
) -> StripeObject:
    """A fee on no transaction: Billing, Radar, a card scheme's. `amount` is positive, what Stripe takes."""
    return balance_transaction(
        world, at=at, type="stripe_fee", amount=-amount, currency=currency, description=description
    )


def adjustment(
    world: Account, *, at: datetime, amount: int, currency: str = "sek", description: str = "Adjustment"
) -> StripeObject:
    """A correction by Stripe with nothing but a description; `amount` is signed."""
    return balance_transaction(
        world, at=at, type="adjustment", amount=amount, currency=currency, description=description
    )
