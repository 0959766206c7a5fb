"""What is fetched by id: absent sources, objects that are not final, old customers' payments, members of payouts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract.client import StripeObjectMissing
from fortstripe_dagster.extract.spool import Spool
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.extract.conftest import MARCH, StartCompany, march

PAYOUTS = ["balance_transactions", "charges", "payouts"]
LONG_AGO = datetime(2025, 6, 1, 12, tzinfo=UTC)


def test_a_refund_of_a_sale_long_before_brings_the_sale_its_invoice_and_all_around_it(company: StartCompany) -> None:
    world = World(now=LONG_AGO)
    rate = world.tax_rate(percentage=25, at=LONG_AGO)
    course = world.product(name="Kurs", at=LONG_AGO)
    price = world.price(product=course, unit_amount=24900, at=LONG_AGO)
    anna = world.customer(name="Anna Berg", at=LONG_AGO)
    rows = [Line(description=f"Kurs {n}", unit_amount=24900, price=price, tax_rate=rate) for n in range(11)]
    invoice = world.invoice(at=LONG_AGO, customer=anna, lines=rows)
    charge = world.pay_invoice(invoice, at=LONG_AGO + timedelta(days=1))
    refund = world.refund(charge, at=march(3), amount=24900)

    shop = company(world)
    shop.sync(streams=["balance_transactions", "charges", "refunds"])
    assert shop.rows("SELECT charge FROM stripe.refunds WHERE id = ?", refund["id"]) == [(charge["id"],)]
    assert shop.rows("SELECT customer FROM stripe.charges") == [(anna["id"],)]
    assert shop.rows("SELECT name FROM stripe.customers") == [("Anna Berg",)]
    assert shop.rows("SELECT invoice FROM stripe.invoice_payments") == [(invoice["id"],)]
    assert shop.value("SELECT count(*) FROM stripe.invoice_lines") == 11
    assert shop.rows("SELECT name FROM stripe.products") == [("Kurs",)]
    assert shop.rows("SELECT id FROM stripe.prices") == [(price["id"],)]
    assert shop.rows("SELECT percentage FROM stripe.tax_rates") == [(25,)]


def test_top_ups_disputes_and_payouts_are_fetched_from_their_transactions(company: StartCompany) -> None:
    world = World(now=march(1))
    charge = world.one_off_payment(at=march(2), amount=100_000)
    dispute = world.dispute_opened(charge, at=march(3))
    topup = world.topup(at=march(4), amount=5000)
    world.payout(at=march(12))
    world.balance_transaction(at=march(5), type="transfer", amount=-100, source="xx_not_ours")
    shop = company(world)
    streams = ["balance_transactions", "charges", "disputes", "payouts"]
    with shop.run() as run:
        for name in streams:
            run.extract_stream(name, MARCH)
        with shop.warehouse.transaction() as connection:  # as if the lists had missed them
            for name in streams[1:]:
                connection.execute(f"DELETE FROM stripe.{name}")
                connection.execute("DELETE FROM stripe.raw_objects WHERE stream = ?", [name])
        run.complete_references()
    assert shop.rows("SELECT id FROM stripe.charges") == [(charge["id"],)]
    assert shop.rows("SELECT id FROM stripe.disputes") == [(dispute["id"],)]
    assert shop.rows("SELECT id, amount FROM stripe.topups") == [(topup["id"], 5000)]
    assert shop.value("SELECT count(*) FROM stripe.payouts") == 1
    assert not shop.paths("xx_not_ours")


def test_a_payment_of_an_old_customer_is_looked_up_and_joined_to_its_old_invoice(company: StartCompany) -> None:
    world = World(now=LONG_AGO)
    old = world.customer(name="Gammal AB", at=LONG_AGO)
    invoice = world.invoice(
        at=LONG_AGO,
        customer=old,
        lines=[Line(description="Års-avgift", unit_amount=500_00)],
        collection_method="send_invoice",
    )
    charge = world.pay_invoice(invoice, at=march(2))
    loose = world.one_off_payment(at=march(2), amount=9900, customer=old)
    young = world.customer(name="Ny", at=march(1))
    world.one_off_payment(at=march(2), amount=9900, customer=young)
    world.one_off_payment(at=march(2), amount=9900, name="Gäst")
    world.failed_payment(at=march(2), amount=9900, customer=old)

    shop = company(world)
    streams = ["balance_transactions", "charges", "invoice_payments"]  # no events: Stripe may have forgotten them
    shop.sync(streams=streams)
    looked_up = [
        asked.params["payment[payment_intent]"]
        for asked in shop.asked
        if asked.path == "/v1/invoice_payments" and asked.params.get("payment[type]") == "payment_intent"
    ]
    assert sorted(looked_up) == sorted([charge["payment_intent"], loose["payment_intent"]])
    assert shop.rows("SELECT payment_intent, invoice FROM stripe.invoice_payments") == [
        (charge["payment_intent"], invoice["id"])
    ]
    assert shop.rows("SELECT id, total FROM stripe.invoices") == [(invoice["id"], 500_00)]
    assert shop.rows("SELECT payment_intent, found FROM stripe.lookups ORDER BY found") == [
        (loose["payment_intent"], False),
        (charge["payment_intent"], True),
    ]

    shop.asked.clear()
    shop.sync(streams=streams)
    assert not [asked for asked in shop.asked if "payment[type]" in asked.params]  # once is enough


def test_a_gap_in_what_was_listed_makes_a_customer_old(company: StartCompany) -> None:
    world = World(now=march(1))
    anna = world.customer(name="Anna", at=march(2))
    invoice = world.invoice(
        at=march(9), customer=anna, lines=[Line(description="Kurs", unit_amount=1000)],
        collection_method="send_invoice",
    )  # fmt: skip
    world.pay_invoice(invoice, at=march(20))
    shop = company(world, stripe={**_fast(), "document_lookback_days": 1})
    for days in (Days(date(2026, 3, 1), date(2026, 3, 3)), Days(date(2026, 3, 20), date(2026, 3, 20))):
        shop.sync(days, streams=["charges", "customers", "invoice_payments"])
    assert shop.rows("SELECT invoice FROM stripe.invoice_payments") == [(invoice["id"],)]


def _fast() -> dict[str, int]:
    return {"requests_per_second": 500, "requests_per_second_account": 1000}


def test_a_filter_that_stripe_would_ignore_brings_no_foreign_payments(company: StartCompany) -> None:
    world = World(now=LONG_AGO)
    old = world.customer(name="Gammal AB", at=LONG_AGO)
    for n in range(3):
        invoice = world.invoice(
            at=LONG_AGO + timedelta(days=n), customer=old, lines=[Line(description="Kurs", unit_amount=1000)]
        )
        world.pay_invoice(invoice, at=LONG_AGO + timedelta(days=n, hours=1))
    world.one_off_payment(at=march(2), amount=9900, customer=old)

    shop = company(world)
    plain = shop.run()
    with plain:
        reader, spool_path = plain._reader, shop.settings.home

        def ignoring(path: str, params: dict[str, object], **names: str) -> bytes:
            return original(path, {k: v for k, v in params.items() if k != "payment"}, **names)

        original = reader.api.get
        reader.api.get = ignoring  # type: ignore[method-assign,assignment]
        with Spool(spool_path) as spool:
            assert reader.invoice_payments_of("pi_none", spool) is False
            assert spool.pages == []


def test_members_of_a_reconciled_automatic_payout_are_its_transactions_without_its_own(company: StartCompany) -> None:
    world = World(now=march(1))
    for n in range(120):
        world.one_off_payment(at=march(2) + timedelta(minutes=n), amount=10_000)
    payout = world.payout(at=march(12))
    waiting = world.one_off_payment(at=march(12, 13), amount=10_000)
    world.payout(at=march(13), amount=1000)
    shop = company(world)
    shop.sync(streams=PAYOUTS)
    members = {id for (id,) in shop.rows("SELECT balance_transaction FROM stripe.payout_members")}
    assert members == set(world.payout_members[payout["id"]]) - {payout["balance_transaction"]}
    assert len(members) == 120 and waiting["balance_transaction"] not in members
    assert shop.value(
        "SELECT sum(net) FROM stripe.payout_members JOIN stripe.balance_transactions ON id = balance_transaction"
    ) == payout["amount"]  # fmt: skip

    shop.asked.clear()
    shop.sync(streams=PAYOUTS)
    assert not [asked for asked in shop.asked if "payout" in asked.params]


def test_members_are_listed_once_stripe_has_reconciled(company: StartCompany) -> None:
    now = datetime.now(UTC)
    world = World(now=now - timedelta(days=20))
    world.one_off_payment(at=now - timedelta(days=12), amount=10_000)
    payout = world.payout(at=now - timedelta(days=3), reconciled=False)
    shop = company(world, start_date=(now - timedelta(days=15)).date())
    days = Days((now - timedelta(days=13)).date(), (now - timedelta(days=1)).date())
    shop.sync(days, streams=PAYOUTS)
    assert shop.value("SELECT count(*) FROM stripe.payout_members") == 0
    world.payout_reconciled(payout, at=now)
    shop.sync(Days(now.date(), now.date()), streams=PAYOUTS)
    assert shop.value("SELECT count(*) FROM stripe.payout_members") == 1


def test_what_is_not_final_is_read_again_and_what_is_final_is_not(company: StartCompany) -> None:
    now = datetime.now(UTC)
    world = World(now=now - timedelta(days=40))
    start = now - timedelta(days=30)
    charge = world.one_off_payment(at=start, amount=200_000)
    dispute = world.dispute_opened(charge, at=start + timedelta(days=1))
    other = world.one_off_payment(at=start, amount=5000)
    refund = world.refund(other, at=start + timedelta(days=1), status="pending")
    anna = world.customer(name="Anna", at=start)
    invoice = world.invoice(
        at=start, customer=anna, lines=[Line(description="Kurs", unit_amount=1000)], collection_method="send_invoice"
    )
    payout = world.payout(at=now - timedelta(days=6))
    world.payout_paid(payout, at=now - timedelta(days=4))
    gone = world.payout_paid(world.payout(at=start + timedelta(days=8), amount=100), at=start + timedelta(days=9))
    shop = company(world, start_date=start.date())
    first = ("charges", "balance_transactions", "refunds", "disputes", "payouts", "invoices")
    shop.read(*first, days=Days(start.date(), now.date()))
    shop.asked.clear()

    world.dispute_won(dispute, at=now)
    world.payout_failed(payout, at=now)
    world.void_invoice(invoice, at=now)
    tomorrow = Days(now.date(), now.date())
    with shop.run("second") as run:  # no lists at all: it is the state that tells what to read
        run.complete_references()
    asked = set(shop.paths())
    assert {
        f"/v1/disputes/{dispute['id']}", f"/v1/refunds/{refund['id']}", f"/v1/invoices/{invoice['id']}",
        f"/v1/payouts/{payout['id']}",
    } <= asked  # fmt: skip
    assert f"/v1/payouts/{gone['id']}" not in asked
    assert f"/v1/charges/{charge['id']}" in asked  # it was listed before its dispute was, and no event names it
    assert shop.rows("SELECT status FROM stripe.disputes") == [("won",)]
    assert shop.rows("SELECT status FROM stripe.payouts WHERE id = ?", payout["id"]) == [("failed",)]
    assert shop.rows("SELECT status FROM stripe.invoices") == [("void",)]

    shop.asked.clear()
    with shop.run("second") as run:  # the same run has just read them
        run.extract_stream("refunds", tomorrow)
        run.complete_references()
    assert not shop.paths(refund["id"])


def test_what_money_moved_on_is_read_again_without_any_event(company: StartCompany) -> None:
    world = World(now=march(1))
    sold = world.one_off_payment(at=march(2), amount=100_000)
    other = world.one_off_payment(at=march(2), amount=50_000)
    payout = world.payout_paid(world.payout(at=march(10)))  # long past: final, as far as anybody knows
    streams = ["balance_transactions", "charges", "refunds", "payouts"]
    shop = company(world)
    shop.sync(Days(date(2026, 3, 1), date(2026, 3, 12)), streams=streams)
    shop.asked.clear()
    world.payout_failed(payout, at=march(14))
    world.refund(sold, at=march(14), amount=2500)
    for _ in range(2):
        shop.sync(Days(date(2026, 3, 13), date(2026, 3, 15)), streams=streams)
    assert shop.rows("SELECT status, failure_code IS NOT NULL FROM stripe.payouts") == [("failed", True)]
    assert shop.rows("SELECT amount_refunded FROM stripe.charges WHERE id = ?", sold["id"]) == [(2500,)]
    assert shop.paths(f"/v1/payouts/{payout['id']}") == [f"/v1/payouts/{payout['id']}"]
    assert len(shop.paths(f"/v1/charges/{sold['id']}")) == 1 and not shop.paths(f"/v1/charges/{other['id']}")


def test_a_transaction_that_only_became_available_moves_nothing(company: StartCompany) -> None:
    world = World(now=march(1))
    charge = world.one_off_payment(at=march(2), amount=100_000)
    shop = company(world)
    shop.read("balance_transactions", "charges")
    world.get("balance_transaction", charge["balance_transaction"])["description"] = "altered"
    shop.read("balance_transactions", days=Days(date(2026, 3, 2), date(2026, 3, 2)))
    assert shop.value("SELECT count(*) FROM stripe.raw_versions") == 1
    with shop.run() as run:
        run.complete_references()
    assert not shop.paths("/v1/charges/")


def test_a_source_that_stripe_does_not_know_stops_the_run(company: StartCompany) -> None:
    world = World(now=march(1))
    world.balance_transaction(at=march(2), type="charge", amount=100, source="ch_gone")
    shop = company(world)
    with pytest.raises(StripeObjectMissing, match="charges ch_gone"):
        shop.sync(streams=["balance_transactions", "charges"])


def test_a_draft_that_was_deleted_is_remembered_as_deleted(company: StartCompany) -> None:
    world = World(now=march(1))
    anna = world.customer(name="Anna", at=march(1))
    draft = world.invoice(at=march(2), customer=anna, lines=[Line(description="Kurs", unit_amount=1000)], draft=True)
    shop = company(world)
    shop.sync(streams=["invoices"])
    assert shop.rows("SELECT status FROM stripe.invoices") == [("draft",)]
    del world._objects["invoice"][draft["id"]]
    world._order["invoice"].clear()
    report = shop.sync(streams=["invoices"])
    assert report.remarks == [f"Stripe does not know invoices {draft['id']}: it is kept as deleted."]
    shop.sync(streams=["invoices"])
    assert shop.rows("SELECT status, total FROM stripe.invoices") == [("deleted", 1000)]
    assert len(shop.paths(f"/v1/invoices/{draft['id']}")) == 1
