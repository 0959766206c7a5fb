"""Payments: one-off, pending, failed, authorised and captured later, settled in their own currency or another."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from fortstripe_dagster.sandbox.official_rates import stripe_rate
from fortstripe_dagster.sandbox.stripe import shapes
from fortstripe_dagster.sandbox.stripe.account import STOCKHOLM, Account
from fortstripe_dagster.sandbox.stripe.builder.balance import balance_transaction, settles_on
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject

EEA = frozenset("AT BE BG HR CY CZ DK EE FI FR DE GR HU IS IE IT LV LI LT LU MT NL NO PL PT RO SK SI ES SE".split())

CARD_FEE = {"eea": Decimal("0.015"), "GB": Decimal("0.025"), "other": Decimal("0.029")}
METHOD_FEE = {
    "card_present": Decimal("0.014"),
    "klarna": Decimal("0.0299"),
    "swish": Decimal("0.01"),
    "sepa_debit": Decimal("0.004"),
}
CARDS = frozenset({"card", "card_present"})
FIXED_FEE = {"sek": 180, "eur": 25}
CONVERSION_FEE = Decimal("0.02")


def half_up(amount: Decimal) -> int:
    """Round to whole minor units, halves away from zero, as Stripe does."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def one_off_payment(
    world: Account,
    *,
    at: datetime,
    amount: int,
    currency: str = "sek",
    customer: StripeObject | None = None,
    name: str | None = None,
    email: str | None = None,
    country: str = "SE",
    method: str = "card",
    status: str = "succeeded",
    capture: bool = True,
    settle_in: str | None = None,
    exchange_rate: Decimal | None = None,
    fee: int | None = None,
    description: str | None = None,
    ship_to: StripeObject | None = None,
    metadata: dict[str, str] | None = None,
    tip: int | None = None,
) -> StripeObject:
    """A payment without an invoice, by `customer` or by a guest (name, email, country); returns its charge.

    `method` is card, card_present (a terminal, where a part of `amount` may be a `tip`), klarna, swish or sepa_debit;
    status "pending" is a bank debit that may still fail;
    `capture=False` an authorisation. `settle_in` is the balance it lands on (default: the account's currency), at
    `exchange_rate`. `fee` overrides the tariff. `ship_to` is an address (`catalog.address`) that goods go to.
    """
    who = payer(customer, name=name, email=email, country=country)
    intent = new_intent(world, at=at, amount=amount, currency=currency, customer=customer, description=description,
                        metadata=metadata, method=method, capture=capture,
                        shipping=_shipping(ship_to, who))  # fmt: skip
    if tip is not None:
        intent["amount_details"] = {"tip": {"amount": tip}}
    return charge_intent(world, intent, at=at, who=who, method=method, status=status, settle_in=settle_in,
                         exchange_rate=exchange_rate, fee=fee)  # fmt: skip


def payer(
    customer: StripeObject | None, *, name: str | None = None, email: str | None = None, country: str | None = None
) -> StripeObject:
    """The billing details of a payment: the customer's, or a guest's."""
    if customer:
        where = customer["address"] or shapes.NO_ADDRESS
        name, email = name or customer["name"], email or customer["email"]
    else:
        where = shapes.NO_ADDRESS | {"country": country}
    return {"address": where, "email": email, "name": name, "phone": None, "tax_id": None}


def _shipping(ship_to: StripeObject | None, who: StripeObject) -> StripeObject | None:
    if ship_to is None:
        return None
    return {"address": ship_to, "carrier": None, "name": who["name"], "phone": None, "tracking_number": None}


def new_intent(
    world: Account,
    *,
    at: datetime,
    amount: int,
    currency: str,
    customer: StripeObject | None,
    description: str | None,
    metadata: dict[str, str] | None = None,
    method: str = "card",
    capture: bool = True,
    shipping: StripeObject | None = None,
) -> StripeObject:
    """A payment intent that waits for a charge."""
    made = world.add(
        shapes.payment_intent(
            id=world.new_id("pi"),
            amount=amount,
            capture_method="automatic_async" if capture else "manual",
            created=world.at(at),
            currency=currency,
            customer=customer["id"] if customer else None,
            description=description,
            metadata=metadata or {},
            payment_method_types=[method],
            shipping=shipping,
        )
    )
    made["client_secret"] = f"{made['id']}_secret_sandbox"
    world.emit("payment_intent.created", made, at)
    return made


def charge_intent(
    world: Account,
    intent: StripeObject,
    *,
    at: datetime,
    who: StripeObject,
    method: str = "card",
    status: str = "succeeded",
    settle_in: str | None = None,
    exchange_rate: Decimal | None = None,
    fee: int | None = None,
) -> StripeObject:
    """Charge a payment intent: captured at once, pending, or (manual intents) only authorised. Returns the charge."""
    charge = _attempt(world, intent, at=at, who=who, method=method)
    charge.update(status=status, paid=status == "succeeded", outcome=shapes.outcome(approved=True))
    if intent["capture_method"] == "manual":
        intent.update(status="requires_capture", amount_capturable=intent["amount"])
        world.emit("charge.succeeded", charge, at)
        world.emit("payment_intent.amount_capturable_updated", intent, at)
        return charge
    charge.update(captured=True, amount_captured=charge["amount"])
    if status == "pending":
        intent["status"] = "processing"
        world.emit("charge.pending", charge, at)
        world.emit("payment_intent.processing", intent, at)
    else:
        _succeed(world, charge, intent, at)
    # capture is asynchronous: charge.succeeded still shows no balance transaction
    _settle(world, charge, at=at, settle_in=settle_in, exchange_rate=exchange_rate, fee=fee)
    world.emit("charge.updated", charge, at)
    return charge


def _attempt(world: Account, intent: StripeObject, *, at: datetime, who: StripeObject, method: str) -> StripeObject:
    country = who["address"]["country"] or "SE"
    charge = world.add(
        shapes.charge(
            id=world.new_id("ch" if method in CARDS else "py"),
            amount=intent["amount"],
            billing_details=who,
            calculated_statement_descriptor=world.account["settings"]["payments"]["statement_descriptor"],
            created=world.at(at),
            currency=intent["currency"],
            customer=intent["customer"],
            description=intent["description"],
            metadata=dict(intent["metadata"]),
            payment_intent=intent["id"],
            shipping=intent["shipping"],
            payment_method=world.new_id("pm"),
            payment_method_details=shapes.card_details(
                brand="visa", country=country, last4="4242", amount=intent["amount"]
            )
            if method == "card"
            else shapes.method_details(method, country),
        )
    )
    intent.update(latest_charge=charge["id"], payment_method=charge["payment_method"])
    return charge


def _succeed(world: Account, charge: StripeObject, intent: StripeObject, at: datetime) -> None:
    charge.update(
        status="succeeded", paid=True, receipt_number=f"{1000 + len(world.order('charge'))}-{charge['id'][-4:]}"
    )
    charge["receipt_url"] = f"https://pay.stripe.com/receipts/payment/{charge['id']}"
    intent.update(status="succeeded", amount_received=charge["amount_captured"], amount_capturable=0)
    world.emit("charge.succeeded", charge, at)
    world.emit("payment_intent.succeeded", intent, at)


def _settle(
    world: Account,
    charge: StripeObject,
    *,
    at: datetime,
    settle_in: str | None,
    exchange_rate: Decimal | None,
    fee: int | None,
) -> None:
    settled = settle_in or world.currency
    converts = settled != charge["currency"]
    if converts and exchange_rate is None:
        exchange_rate = stripe_rate(charge["currency"], at.astimezone(STOCKHOLM).date(), into=settled)
    gross = half_up(charge["amount_captured"] * exchange_rate) if exchange_rate else charge["amount_captured"]
    parts = [shapes.fee_detail(_tariff(charge, gross, settled) if fee is None else fee, settled,
                                      "Stripe processing fees")]  # fmt: skip
    if converts and fee is None:
        converting = half_up(gross * CONVERSION_FEE)
        parts.append(shapes.fee_detail(converting, settled, "Stripe currency conversion fee"))
    by_card = charge["payment_method_details"]["type"] in CARDS
    settling = balance_transaction(
        world,
        at=at,
        type="charge" if by_card else "payment",
        amount=gross,
        currency=settled,
        fee=sum(part["amount"] for part in parts),
        fee_details=[part for part in parts if part["amount"]],
        source=charge["id"],
        description=charge["description"],
        exchange_rate=exchange_rate,
        available_on=settles_on(at),
    )
    charge["balance_transaction"] = settling["id"]


def _tariff(charge: StripeObject, gross: int, currency: str) -> int:
    details = charge["payment_method_details"]
    if details["type"] != "card":
        share = METHOD_FEE[details["type"]]
    else:
        country = details["card"]["country"]
        share = CARD_FEE["eea" if country in EEA else country if country in CARD_FEE else "other"]
    return half_up(gross * share) + FIXED_FEE[currency]


def capture(
    world: Account,
    charge: StripeObject,
    *,
    at: datetime,
    amount: int | None = None,
    settle_in: str | None = None,
    exchange_rate: Decimal | None = None,
    fee: int | None = None,
) -> StripeObject:
    """Capture an authorisation, wholly or in part; the rest lapses without a refund (basil and later)."""
    charge.update(captured=True, amount_captured=charge["amount"] if amount is None else amount)
    _settle(world, charge, at=at, settle_in=settle_in, exchange_rate=exchange_rate, fee=fee)
    intent = world.get("payment_intent", charge["payment_intent"])
    intent.update(status="succeeded", amount_received=charge["amount_captured"], amount_capturable=0)
    world.emit("charge.captured", charge, at)
    world.emit("payment_intent.succeeded", intent, at)
    return charge


def pending_payment_succeeded(world: Account, charge: StripeObject, *, at: datetime) -> StripeObject:
    """The bank debit went through; its balance transaction was there from the start."""
    _succeed(world, charge, world.get("payment_intent", charge["payment_intent"]), at)
    return charge


def pending_payment_failed(
    world: Account, charge: StripeObject, *, at: datetime, code: str = "insufficient_funds"
) -> StripeObject:
    """The bank debit bounced: the money leaves again by a payment_failure_refund."""
    settled = world.get("balance_transaction", charge["balance_transaction"])
    back = balance_transaction(
        world,
        at=at,
        type="payment_failure_refund",
        amount=-settled["amount"],
        currency=settled["currency"],
        source=charge["id"],
        description=f"Payment failed: {charge['id']}",
        exchange_rate=settled["exchange_rate"],
    )
    charge["failure_balance_transaction"] = back["id"]
    _decline(world, charge, code, at)
    return charge


def failed_payment(
    world: Account,
    *,
    at: datetime,
    amount: int,
    currency: str = "sek",
    customer: StripeObject | None = None,
    name: str | None = None,
    email: str | None = None,
    country: str = "SE",
    code: str = "insufficient_funds",
    description: str | None = None,
    ship_to: StripeObject | None = None,
    metadata: dict[str, str] | None = None,
    intent: StripeObject | None = None,
) -> StripeObject:
    """A card payment that the bank declined: a failed charge, no balance transaction. Returns the charge."""
    who = payer(customer, name=name, email=email, country=country)
    intent = intent or new_intent(world, at=at, amount=amount, currency=currency, customer=customer,
                                  description=description, metadata=metadata,
                                  shipping=_shipping(ship_to, who))  # fmt: skip
    charge = _attempt(world, intent, at=at, who=who, method="card")
    _decline(world, charge, code, at)
    return charge


def retry_payment(
    world: Account,
    declined: StripeObject,
    *,
    at: datetime,
    method: str = "card",
    settle_in: str | None = None,
    exchange_rate: Decimal | None = None,
    fee: int | None = None,
) -> StripeObject:
    """The customer tries again after a failed charge: a new charge of the same payment intent, which succeeds."""
    intent = world.get("payment_intent", declined["payment_intent"])
    intent.update(last_payment_error=None, payment_method_types=[method])
    return charge_intent(world, intent, at=at, who=declined["billing_details"], method=method, settle_in=settle_in,
                         exchange_rate=exchange_rate, fee=fee)  # fmt: skip


def _decline(world: Account, charge: StripeObject, code: str, at: datetime) -> None:
    message = "Your card has insufficient funds." if code == "insufficient_funds" else "Your card was declined."
    charge.update(
        status="failed",
        paid=False,
        failure_code="card_declined",
        failure_message=message,
        outcome=shapes.outcome(approved=False, decline_code=code),
    )
    intent = world.get("payment_intent", charge["payment_intent"])
    intent.update(
        status="requires_payment_method",
        last_payment_error={"type": "card_error", "charge": charge["id"], "code": "card_declined",
                            "decline_code": code, "message": message},
    )  # fmt: skip
    world.emit("charge.failed", charge, at)
    world.emit("payment_intent.payment_failed", intent, at)
