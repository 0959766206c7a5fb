"""Every Stripe invoice adds up: its total is paid, settled beside Stripe, credited or open."""

from __future__ import annotations

from decimal import Decimal

from fortstripe_dagster.ledger import build
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.proof.company import CLEARING, local, only
from fortstripe_dagster_tests.proof.conftest import Prepared

ACCOUNTS = {**CLEARING, "paid_outside_stripe": "1940"}


def invoiced(world: World, customer: StripeObject, day: int, amount: int) -> StripeObject:
    return world.invoice(at=local(3, day), customer=customer, lines=[Line(description="Plan", unit_amount=amount)])


def test_every_way_to_settle_an_invoice_adds_up(prepared: Prepared) -> None:
    world = World(seed=1, now=local(2, 20))
    customer = world.customer(name="Svea Handel AB", country="SE")
    other = world.customer(name="Nora Handel AB", country="SE")
    paid = invoiced(world, customer, 2, 100000)
    world.pay_invoice(paid, at=local(3, 3), amount=110000)
    invoiced(world, customer, 4, 50000)  # in part by the credit balance, the rest is open
    parts = invoiced(world, other, 5, 70000)
    world.pay_invoice(parts, at=local(3, 6), amount=20000)
    world.credit_note(parts, at=local(3, 7), lines=[(world.lines[parts["id"]][0], 30000)])
    outside = invoiced(world, other, 8, 40000)
    world.pay_invoice_off_stripe(outside, at=local(3, 9))
    world.void_invoice(invoiced(world, other, 10, 30000), at=local(3, 11))
    refunded = invoiced(world, other, 12, 60000)
    world.refund(world.pay_invoice(refunded, at=local(3, 13)), at=local(3, 14), amount=10000)
    world.pay_invoices([invoiced(world, other, 15, 11111), invoiced(world, other, 15, 22222)], at=local(3, 16))
    invoiced(world, other, 17, -15000)  # a downgrade: to the credit balance
    later = invoiced(world, other, 18, 90000)
    world.pay_invoice(later, at=local(4, 2))
    company = prepared(world, accounts=ACCOUNTS)
    company.book()
    report = company.prove()
    (tenth,) = [each for each in report.equations if each.equation == "10"]
    assert tenth.left_side == tenth.right_side == Decimal("4583.33")
    assert company.sql("SELECT DISTINCT status FROM proof.tie_out WHERE equation = '10'") == [("ok",)]


def test_a_missing_payment_of_an_invoice_is_named(prepared: Prepared) -> None:
    world = World(seed=1, now=local(2, 20))
    customer = world.customer(name="Svea Handel AB", country="SE")
    invoice = invoiced(world, customer, 2, 100000)
    world.pay_invoice(invoice, at=local(3, 3))
    company = prepared(world)
    company.sql("DELETE FROM stripe.invoice_payments WHERE invoice = ?", invoice["id"])
    build(company.settings, company.warehouse)
    company.book()
    item = only(company.prove().alarms, "payment missing")
    assert (item.id, item.amount, item.equations) == (invoice["id"], Decimal(1000), ("10",))
    assert invoice["number"] in item.text and "0.00 SEK paid through Stripe" in item.text
    assert "sync the days since 2026-03-02" in item.remedy
