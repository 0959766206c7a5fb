"""Money that goes back: refunds and their failures, disputes opened, won and lost, inquiries."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from fortstripe_dagster.sandbox.official_rates import stripe_rate
from fortstripe_dagster.sandbox.stripe import shapes
from fortstripe_dagster.sandbox.stripe.account import STOCKHOLM, Account
from fortstripe_dagster.sandbox.stripe.builder.balance import balance_transaction
from fortstripe_dagster.sandbox.stripe.builder.payments import half_up
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject

DISPUTE_FEE = {"sek": 20000, "eur": 2000}
NETWORK_REASON = {"fraudulent": "10.4", "product_not_received": "13.1", "duplicate": "12.6.1"}


def _in_settlement(
    world: Account, charge: StripeObject, amount: int, at: datetime, exchange_rate: Decimal | None
) -> tuple[int, str, Decimal | None]:
    """`amount` of a charge in the currency it settled in: (minor units, currency, rate if it converts)."""
    settled = world.get("balance_transaction", charge["balance_transaction"])["currency"]
    if settled == charge["currency"]:
        return amount, settled, None
    rate = exchange_rate or stripe_rate(charge["currency"], at.astimezone(STOCKHOLM).date(), into=settled)
    return half_up(amount * rate), settled, rate


def refund(
    world: Account,
    charge: StripeObject,
    *,
    at: datetime,
    amount: int | None = None,
    reason: str | None = "requested_by_customer",
    fee_returned: int = 0,
    exchange_rate: Decimal | None = None,
    status: str = "succeeded",
    metadata: dict[str, str] | None = None,
) -> StripeObject:
    """Give `amount` (default: all that is left) of a charge back, in the charge's currency, at that day's rate.

    Raises ValueError for more than is left.
    """
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = left if amount is None else amount
    if not 0 < amount <= left:
        raise ValueError(f"Charge {charge['id']} has {left} left to refund, not {amount}.")
    by_card = charge["payment_method_details"]["type"] == "card"
    made = world.add(
        shapes.refund(
            id=world.new_id("re" if by_card else "pyr"),
            amount=amount,
            charge=charge["id"],
            created=world.at(at),
            currency=charge["currency"],
            customer=charge["customer"],
            metadata=metadata or {},
            payment_intent=charge["payment_intent"],
            payment_method=charge["payment_method"],
            reason=reason,
            status=status,
            destination_details={"card": {"type": "refund"}, "type": "card"} if by_card else None,
        )
    )
    gross, currency, rate = _in_settlement(world, charge, amount, at, exchange_rate)
    moved = balance_transaction(
        world,
        at=at,
        type="refund" if by_card else "payment_refund",
        amount=-gross,
        currency=currency,
        fee=-fee_returned,
        source=made["id"],
        description=f"REFUND FOR CHARGE ({charge['description'] or charge['id']})",
        exchange_rate=rate,
    )
    made["balance_transaction"] = moved["id"]
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    world.emit("charge.refunded", charge, at)
    world.emit("refund.created", made, at)
    return made


def refund_failed(
    world: Account, refund: StripeObject, *, at: datetime, reason: str = "expired_or_canceled_card"
) -> StripeObject:
    """The customer's bank refused a refund: the money is back on the balance, and owed to the customer."""
    charge = world.get("charge", refund["charge"])
    moved = world.get("balance_transaction", refund["balance_transaction"])
    back = balance_transaction(
        world,
        at=at,
        type="refund_failure" if moved["type"] == "refund" else "payment_refund",
        amount=-moved["amount"],
        currency=moved["currency"],
        source=refund["id"],
        description=f"REFUND FAILURE ({charge['description'] or charge['id']})",
        exchange_rate=moved["exchange_rate"],
    )
    refund.update(status="failed", failure_reason=reason, failure_balance_transaction=back["id"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    world.emit("refund.failed", refund, at)
    world.emit("charge.refund.updated", refund, at)
    return refund


def dispute_opened(
    world: Account,
    charge: StripeObject,
    *,
    at: datetime,
    amount: int | None = None,
    reason: str = "fraudulent",
    fee: int | None = None,
    exchange_rate: Decimal | None = None,
) -> StripeObject:
    """The customer's bank takes a charge (or `amount` of it) back and Stripe takes a fee in the settlement currency."""
    made = _dispute(world, charge, at, amount, reason, "needs_response", "chargeback")
    gross, currency, rate = _in_settlement(world, charge, made["amount"], at, exchange_rate)
    cost = DISPUTE_FEE[currency] if fee is None else fee
    withdrawn = balance_transaction(
        world,
        at=at,
        type="adjustment",
        amount=-gross,
        currency=currency,
        fee=cost,
        fee_details=[shapes.fee_detail(cost, currency, "Dispute fee")] if cost else [],
        source=made["id"],
        description=f"Chargeback withdrawal for {charge['id']}",
        reporting_category="dispute",
        exchange_rate=rate,
    )
    made["balance_transactions"] = [withdrawn]
    charge["disputed"] = True
    world.emit("charge.dispute.created", made, at)
    world.emit("charge.dispute.funds_withdrawn", made, at)
    return made


def inquiry_opened(world: Account, charge: StripeObject, *, at: datetime, reason: str = "fraudulent") -> StripeObject:
    """The customer's bank only asks: a dispute that moves no money."""
    made = _dispute(world, charge, at, None, reason, "warning_needs_response", "inquiry")
    made["is_charge_refundable"] = True
    charge["disputed"] = True
    world.emit("charge.dispute.created", made, at)
    return made


def _dispute(
    world: Account, charge: StripeObject, at: datetime, amount: int | None, reason: str, status: str, case_type: str
) -> StripeObject:
    made = world.add(
        shapes.dispute(
            id=world.new_id("du"),
            amount=charge["amount_captured"] if amount is None else amount,
            charge=charge["id"],
            created=world.at(at),
            currency=charge["currency"],
            network_reason_code=NETWORK_REASON.get(reason),
            payment_intent=charge["payment_intent"],
            payment_method_details={
                "card": {"brand": "visa", "case_type": case_type, "network": "visa",
                         "network_reason_code": NETWORK_REASON.get(reason)},
                "type": "card",
            },
            reason=reason,
            status=status,
        )
    )  # fmt: skip
    made["evidence_details"]["due_by"] = int((at + timedelta(days=9)).timestamp())
    return made


def dispute_won(
    world: Account,
    dispute: StripeObject,
    *,
    at: datetime,
    fee_returned: int = 0,
    exchange_rate: Decimal | None = None,
) -> StripeObject:
    """The merchant was right: the amount comes back at that day's rate, the fee only if `fee_returned` says so."""
    charge = world.get("charge", dispute["charge"])
    gross, currency, rate = _in_settlement(world, charge, dispute["amount"], at, exchange_rate)
    reinstated = balance_transaction(
        world,
        at=at,
        type="adjustment",
        amount=gross,
        currency=currency,
        fee=-fee_returned,
        fee_details=[shapes.fee_detail(-fee_returned, currency, "Dispute fee")] if fee_returned else [],
        source=dispute["id"],
        description=f"Chargeback reversal for {charge['id']}",
        reporting_category="dispute_reversal",
        exchange_rate=rate,
    )
    dispute["balance_transactions"] = [*dispute["balance_transactions"], reinstated]
    dispute["status"] = "won"
    world.emit("charge.dispute.funds_reinstated", dispute, at)
    world.emit("charge.dispute.closed", dispute, at)
    return dispute


def dispute_lost(world: Account, dispute: StripeObject, *, at: datetime) -> StripeObject:
    """The customer was right: nothing moves, the money was withdrawn when the dispute was opened."""
    return _closed(world, dispute, "lost", at)


def inquiry_closed(world: Account, dispute: StripeObject, *, at: datetime) -> StripeObject:
    """The bank's question went away."""
    return _closed(world, dispute, "warning_closed", at)


def _closed(world: Account, dispute: StripeObject, status: str, at: datetime) -> StripeObject:
    dispute["status"] = status
    world.emit("charge.dispute.closed", dispute, at)
    return dispute
