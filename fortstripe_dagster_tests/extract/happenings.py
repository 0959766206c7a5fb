"""What can happen on an account, by name and a number that chooses on whom: random worlds are lists of these."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject
from fortstripe_dagster.sandbox.stripe.world import World

Choice = Callable[[list[StripeObject]], StripeObject | None]


def happen(world: World, what: str, number: int, at: datetime) -> bool:
    """Let something happen; False where the account has nobody it could happen to yet."""

    def one_of(things: list[StripeObject]) -> StripeObject | None:
        return things[number % len(things)] if things else None

    return _HAPPENINGS[what](world, number, at, one_of)


def _sold(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    who = one_of(_customers(world)) if number % 3 else None
    for n in range(1 + number % 4):  # in one second
        world.one_off_payment(at=at, amount=10_000 + 100 * number + n, customer=who, name=None if who else "Gäst")
    return True


def _declined(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    world.failed_payment(at=at, amount=5_000 + number, customer=one_of(_customers(world)))
    return True


def _refunded(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    charge = one_of([c for c in _paid(world) if c["amount_captured"] - c["amount_refunded"] >= 300])
    return bool(charge and world.refund(charge, at=at, amount=100 + number))


def _refund_bounced(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    refund = one_of([r for r in world.all("refund") if r["status"] == "succeeded"])
    return bool(refund and world.refund_failed(refund, at=at))


def _disputed(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    charge = one_of([c for c in _paid(world) if not c["disputed"] and not c["amount_refunded"]])
    return bool(charge and world.dispute_opened(charge, at=at))


def _decided(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    dispute = one_of([d for d in world.all("dispute") if d["status"] == "needs_response"])
    return bool(dispute and (world.dispute_won if number % 2 else world.dispute_lost)(dispute, at=at))


def _joined(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    world.customer(name=f"Kund {number}", vat_number="SE556677889901" if number % 2 else None, at=at)
    return True


def _moved(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    who = one_of(_customers(world))
    return bool(who and world.update_customer(who, at=at, name=f"Nytt namn {number} {at:%H%M%S%f}"))


def _invoiced(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    who = one_of(_customers(world))
    if who is None:
        return False
    rate = one_of(world.all("tax_rate")) or world.tax_rate(percentage=25, at=at)
    rows = [Line(description=f"Rad {n}", unit_amount=1_000 + n, tax_rate=rate) for n in range(1 + number % 14)]
    world.invoice(at=at, customer=who, lines=rows, collection_method="send_invoice", draft=number % 5 == 0)
    return True


def _finalized(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    draft = one_of([i for i in world.all("invoice") if i["status"] == "draft"])
    return bool(draft and world.finalize_invoice(draft, at=at))


def _invoice_paid(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    invoice = one_of(_open(world))
    return bool(invoice and world.pay_invoice(invoice, at=at))


def _voided(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    invoice = one_of([i for i in _open(world) if not i["amount_paid"]])
    return bool(invoice and world.void_invoice(invoice, at=at))


def _credited(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    invoice = one_of([i for i in _open(world) if not i["pre_payment_credit_notes_amount"]])
    line = world.lines[invoice["id"]][0] if invoice else None
    return bool(invoice and line and world.credit_note(invoice, at=at, lines=[(line, line["amount"])]))


def _given(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    who = one_of(_customers(world))
    return bool(who and world.give_credit(who, at=at, amount=100 + number))


def _paid_out(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    available = [t for t in world.not_paid_out.values() if t["available_on"] <= at.timestamp() and t["net"] > 0]
    return bool(available and world.payout(at=at, reconciled=number % 3 > 0))


def _arrived(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    payout = one_of([p for p in world.all("payout") if p["status"] == "in_transit"])
    return bool(payout and world.payout_paid(payout, at=at))


def _returned(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    payout = one_of([p for p in world.all("payout") if p["status"] == "paid"])
    return bool(payout and world.payout_failed(payout, at=at))


def _listed(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    world.topup(at=at, amount=1_000 + number)
    world.stripe_fee(at=at, amount=100 + number)
    return True


def _priced(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    world.price(product=world.product(name=f"Vara {number}", at=at), unit_amount=1_000 + number, at=at)
    return True


def _archived(world: World, number: int, at: datetime, one_of: Choice) -> bool:
    price = one_of([p for p in world.all("price") if p["active"]])
    return bool(price and world.archive(price, at=at))


def _customers(world: World) -> list[StripeObject]:
    return [c for c in world.all("customer") if not c.get("deleted")]


def _paid(world: World) -> list[StripeObject]:
    return [c for c in world.all("charge") if c["status"] == "succeeded" and not c["disputed"]]


def _open(world: World) -> list[StripeObject]:
    return [i for i in world.all("invoice") if i["status"] == "open" and i["amount_remaining"] > 0]


_HAPPENINGS: dict[str, Callable[[World, int, datetime, Choice], bool]] = {
    "sold": _sold,
    "declined": _declined,
    "refunded": _refunded,
    "refund bounced": _refund_bounced,
    "disputed": _disputed,
    "dispute decided": _decided,
    "customer joined": _joined,
    "customer moved": _moved,
    "invoiced": _invoiced,
    "invoice finalized": _finalized,
    "invoice paid": _invoice_paid,
    "invoice voided": _voided,
    "invoice credited": _credited,
    "credit given": _given,
    "paid out": _paid_out,
    "payout arrived": _arrived,
    "payout returned": _returned,
    "balance moved": _listed,
    "price made": _priced,
    "price archived": _archived,
}

HAPPENINGS = tuple(_HAPPENINGS)
