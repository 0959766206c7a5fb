"""Worlds that several tests of the sandbox look at."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World


def march(day: int, hour: int = 12, minute: int = 0) -> datetime:
    """A moment in March 2026, UTC."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def everything() -> World:
    """Every builder method, at least once."""
    world = World(seed=7, now=march(1))
    vat25 = world.tax_rate(percentage=25)
    vat12 = world.tax_rate(percentage=12, inclusive=True)
    old = world.tax_rate(percentage=20, country="DE")
    world.archive(old, at=march(1))
    course = world.product(name="Kurs", type="service", at=march(1))
    book = world.product(name="Bok", vat_rate="6", type="good", at=march(1))
    monthly = world.price(product=course, unit_amount=24900, recurring="month")
    yearly = world.price(product=course, unit_amount=249000, recurring="year")
    once = world.price(product=book, unit_amount=19900)
    gone = world.price(product=book, unit_amount=9900)
    world.archive(gone, at=march(1))
    tenth = world.coupon(percent_off=10)
    anna = world.customer(name="Anna Berg", email="anna@example.com", city="Umeå", at=march(1))
    firm = world.customer(name="Norrsken AB", vat_number="SE556677889901", country="SE", at=march(1))
    german = world.customer(
        name="Weber GmbH", vat_number="DE123456789", country="DE", tax_exempt="reverse", at=march(1)
    )
    leaver = world.customer(name="Bort Ek", at=march(1))
    world.update_customer(anna, at=march(1), email="anna.berg@example.com")
    world.delete_customer(leaver, at=march(1))

    plain = world.one_off_payment(at=march(2), amount=21875, customer=anna, description="Order 1")
    guest = world.one_off_payment(at=march(2), amount=10000, name="Gäst", country="NO", method="klarna")
    euro = world.one_off_payment(at=march(2), amount=10000, currency="eur", country="DE")
    own_euro = world.one_off_payment(at=march(2), amount=10000, currency="eur", country="FI", settle_in="eur")
    world.failed_payment(at=march(2), amount=5000, customer=anna)
    held = world.one_off_payment(at=march(2), amount=50000, customer=anna, capture=False)
    world.capture(held, at=march(3), amount=30000)
    bounced = world.one_off_payment(at=march(2), amount=40000, currency="eur", method="sepa_debit", status="pending")
    world.pending_payment_failed(bounced, at=march(5))
    cleared = world.one_off_payment(at=march(2), amount=40000, currency="eur", method="sepa_debit", status="pending")
    world.pending_payment_succeeded(cleared, at=march(5))

    world.refund(plain, at=march(4), amount=7292)
    world.refund_failed(world.refund(guest, at=march(4)), at=march(9))
    world.refund(euro, at=march(4), amount=2500)
    lost = world.dispute_opened(own_euro, at=march(6))
    world.dispute_lost(lost, at=march(20))
    won = world.dispute_opened(held, at=march(6), reason="product_not_received")
    world.dispute_won(won, at=march(21))
    world.inquiry_closed(world.inquiry_opened(cleared, at=march(6)), at=march(8))

    rows = [Line(description=f"Rad {n}", unit_amount=1999, tax_rate=vat25, price=once) for n in range(12)]
    long = world.invoice(at=march(3), customer=firm, lines=rows, coupon=tenth, collection_method="send_invoice")
    world.pay_invoice(long, at=march(5))
    world.credit_note(long, at=march(7), lines=[(world.lines[long["id"]][0], 1999)])
    one = [Line(description="Lunch", unit_amount=11200, tax_rate=vat12)]
    partly = world.invoice(at=march(3), customer=anna, lines=one)
    world.pay_invoice(partly, at=march(4), amount=5000)
    world.pay_invoice_off_stripe(partly, at=march(5))
    failing = world.invoice(at=march(3), customer=firm, lines=one)
    world.invoice_payment_failed(failing, at=march(4))
    world.void_invoice(failing, at=march(5))
    never = world.invoice(at=march(3), customer=firm, lines=one)
    world.mark_uncollectible(never, at=march(10))
    together = [world.invoice(at=march(3), customer=firm, lines=one) for _ in range(2)]
    world.pay_invoices(together, at=march(4))
    shrunk = world.invoice(at=march(3), customer=firm, lines=[*one, *one])
    note = world.credit_note(shrunk, at=march(4), lines=[(world.lines[shrunk["id"]][0], 11200)])
    world.void_credit_note(note, at=march(5))
    world.give_credit(anna, at=march(5), amount=5000)
    world.invoice(at=march(6), customer=anna, lines=one)
    draft = world.invoice(at=march(6), customer=anna, lines=one, draft=True)
    world.finalize_invoice(draft, at=march(7), effective_at=march(6))

    month = world.subscription(at=march(2), customer=anna, price=monthly, tax_rate=vat25, automatic_tax=True)
    world.renew_subscription(month)
    world.subscription(at=march(2), customer=german, price=yearly, tax_rate=vat25)
    ended = world.subscription(at=march(2), customer=firm, price=monthly, tax_rate=vat12)
    world.cancel_subscription(ended, at=march(9))

    world.checkout_session(
        at=march(8), lines=[Line(description="Bok", unit_amount=19900, quantity=2, tax_rate=vat12, price=once)] * 11
    )
    world.checkout_session(at=march(8), lines=[Line(description="Bok", unit_amount=19900, price=once)], abandoned=True)
    world.reverse_transfer(world.transfer(at=march(8), amount=5000), at=march(8), amount=2000)
    world.refund_application_fee(world.application_fee(at=march(8), amount=3000), at=march(8), amount=1000)
    world.one_off_payment(at=march(8), amount=11000, name="Gäst", method="card_present", tip=1000)
    world.topup(at=march(9), amount=100000)
    world.stripe_fee(at=march(9), amount=1250)
    world.adjustment(at=march(9), amount=-1500)
    world.balance_transaction(at=march(9), type="quantum_leap", amount=42, reporting_category="quantum")
    failed = world.payout(at=march(10))
    world.payout_paid(failed)
    world.payout_failed(failed, at=march(13))
    world.payout_paid(world.payout(at=march(14)))
    world.payout(at=march(14), currency="eur")
    world.payout_canceled(world.payout(at=march(16), amount=1000), at=march(16))
    world.payout(at=march(31), reconciled=False)
    world.balance_transaction(
        at=march(31), type="adjustment", amount=100, currency="usd", exchange_rate=Decimal("10.421")
    )
    return world
