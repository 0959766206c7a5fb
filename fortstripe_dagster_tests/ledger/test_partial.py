"""A build of what changed leaves the same ledger as a build of everything, table by table, whatever came when."""

from __future__ import annotations

import importlib
import shutil
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract import extract
from fortstripe_dagster.ledger import build, choices_of
from fortstripe_dagster.sandbox.merchant import Merchant
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.ledger.books import at, new_world, row, served_settings
from fortstripe_dagster_tests.ledger.test_checkout import bought as visit
from fortstripe_dagster_tests.ledger.test_deferral import plan

CHOICES = {
    "processing_fee_vat": "reverse_charge",
    "deferral": "voucher",
    "accounts": {"clearing": {"SEK": "1686", "EUR": "1687"}, "transit": {"SEK": "1689", "EUR": "1688"}},
    "oss": {"status": "off", "previous_year_turnover": 0, "outside_stripe": "none"},
    "connect": "agent",
    "commission_vat_rate": 25,
    "gift_cards": {"coupons": "Presentkort*"},
}
REMEMBERS = {"builds", "choice_sets", "rule_sets", "rule_texts", "day_contents"}


@pytest.fixture
def never_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """A month of a small merchant is built in parts too, though all of it is new."""
    module = importlib.import_module("fortstripe_dagster.ledger.build")
    monkeypatch.setattr(module, "SHARE", 1000)
    monkeypatch.setattr(module, "OVERLAP", timedelta(0))


Sealed = list[tuple[str, dict[str, date]]]


class Whole(Exception):
    """A build of everything."""


def refuse(*_: object) -> None:
    raise Whole


def everything(settings: Settings, home: Path, sealed: Sealed | None = None) -> Warehouse:
    """The same warehouse, its ledger built whole."""
    copy = Warehouse(home / "copy.duckdb")
    shutil.copyfile(settings.warehouse_path, copy.path)
    with copy.writer() as connection:
        connection.execute("DROP SCHEMA ledger CASCADE; CREATE SCHEMA ledger")
    build(settings, copy, sealed=sealed or [])
    return copy


def differing(one: Warehouse, other: Warehouse) -> dict[str, list[tuple[object, ...]]]:
    """Rows that stand in one ledger alone, by table."""
    found = {}
    with other.writer() as connection:
        connection.execute(f"ATTACH '{one.path}' AS one (READ_ONLY)")
        names = connection.execute(
            "SELECT DISTINCT table_name FROM duckdb_tables() WHERE schema_name = 'ledger' ORDER BY 1"
        ).fetchall()
        for (name,) in names:
            if name in REMEMBERS:
                continue
            rows = connection.execute(
                f"(FROM one.ledger.{name} EXCEPT ALL FROM ledger.{name})"
                f" UNION ALL (FROM ledger.{name} EXCEPT ALL FROM one.ledger.{name})"
            ).fetchall()
            if rows:
                found[name] = rows
    return found


def change_the_past(world: World, random: Random) -> None:
    """Facts that reach days which are in the books already."""
    later = world.now
    charges = [c for c in world.all("charge") if c["status"] == "succeeded" and not c["amount_refunded"]]
    refunded = random.sample(charges, 3)
    for charge in refunded[:2]:
        world.refund(charge, at=later, amount=charge["amount"] // 3)
    world.dispute_opened(refunded[2], at=later, fee=20000)
    for invoice in world.all("invoice"):
        if invoice["status"] == "open" and not invoice["amount_paid"]:
            world.void_invoice(invoice, at=later)
            break


def unusual(world: World) -> dict[str, Any]:
    """A gift card as a coupon, an invoice for a seller, and two invoices paid by one charge, which is returned."""
    anna = world.customer(name="Anna", country="SE")

    def invoiced(day: int, ore: int, **given: Any) -> dict[str, Any]:
        return world.invoice(at=at(day), customer=anna, lines=[row("Plan", ore)], **given)

    world.pay_invoice(invoiced(4, 90000, coupon=world.coupon(amount_off=40000, name="Presentkort 400")), at=at(12))
    sold = world.pay_invoice(invoiced(6, 10000), at=at(18))
    sold["transfer_data"] = {"amount": 9000, "destination": "acct_1Seller"}
    return world.pay_invoices([invoiced(7, 20000), invoiced(8, 50000)], at=at(20))


@pytest.mark.usefixtures("never_too_much")
def test_parts_make_the_whole(tmp_path: Path) -> None:
    random = Random(2)
    world = Merchant(seed=2, payments=24, first=date(2026, 3, 1)).world()
    price = world.price(product=world.product(name="Plan"), unit_amount=50000, recurring="month")
    bo = world.customer(name="Bo", country="SE")
    world.invoice(at=at(1), customer=bo, lines=[row("Plan", 50000)])  # will be voided
    # Open when the books begin, and paid in part outside Stripe: of these days, balance transactions know nothing.
    world.invoice(at=at(20, month=2), customer=bo, lines=[row("Plan", 50000)], collection_method="send_invoice")
    plan(world, 1200000, date(2026, 2, 1), date(2027, 2, 1))
    owing = world.invoice(at=at(5), customer=bo, lines=[row("Plan", 30000)], collection_method="send_invoice")
    world.pay_invoice_off_stripe(owing, at=at(12), amount=10000)
    dispute = world.dispute_opened(world.one_off_payment(at=at(17), amount=9900, name="Lost"), at=at(18), fee=2000)
    world.dispute_lost(dispute, at=at(19))
    unpaid = world.subscription(at=at(1), customer=bo, price=price, pay=False)
    _, bought = visit(world, day=5)
    two_at_once = unusual(world)
    in_euro: dict[str, Any] = {"amount": 9900, "currency": "eur", "settle_in": "eur", "fee": 250, "name": "Zoë"}
    world.one_off_payment(at=at(20), **in_euro)
    ranges = [Days(date(2026, 3, a), date(2026, 3, b)) for a, b in ((16, 31), (1, 9), (10, 15))]
    with ExitStack() as running:
        begin = {"start_date": date(2026, 3, 1), "deferral_before_start": "deferred"}
        settings = served_settings(world, tmp_path, running.enter_context, **CHOICES, **begin)
        warehouse = Warehouse(settings.warehouse_path)

        def book(days: Days) -> int | None:
            extract(settings, warehouse, days, progress=lambda line: None)
            return build(settings, warehouse, days=days).rebuilt

        extract(settings, warehouse, ranges[0], progress=lambda line: None)
        with warehouse.writer() as connection:  # events of months ago are gone: it was seen lost one day
            connection.execute(f"DELETE FROM stripe.events WHERE object_id = '{dispute['id']}'")
            seen = f"SET first_seen = '{at(12)}' WHERE stream = 'disputes' AND id = '{dispute['id']}'"
            connection.execute(f"UPDATE stripe.raw_objects {seen}; UPDATE stripe.raw_versions {seen}")
        assert build(settings, warehouse, days=ranges[0]).rebuilt is None
        assert all(book(days) for days in ranges[1:])
        assert differing(warehouse, everything(settings, tmp_path)) == {}
        # A late fact changes what is in the books of all families together: the day's VAT on fees, the revaluation.
        world.one_off_payment(at=at(20, hour=13), **in_euro)
        late = Days(date(2026, 3, 20), date(2026, 3, 20))
        assert book(late)
        change_the_past(world, random)
        world.refund(bought, at=world.now, amount=10000)
        world.refund(two_at_once, at=world.now, amount=30000)
        unpaid["transfer_data"] = {"destination": "acct_1Seller", "amount_percent": None}
        world.emit("customer.subscription.updated", unpaid, datetime.now(UTC))
        assert book(Days(date(2026, 4, 1), date(2026, 4, 10)))
        assert differing(warehouse, everything(settings, tmp_path)) == {}


@pytest.mark.usefixtures("never_too_much")
def test_parts_make_the_whole_beside_what_other_choices_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = Merchant(seed=3, payments=4, first=date(2026, 3, 1)).world()
    unusual(world)
    world.one_off_payment(at=at(11), amount=9900, currency="eur", settle_in="eur", fee=250, name="Zoë")
    world.payout_paid(world.payout(at=at(12), currency="eur", amount=5000))
    then = {"deferral": "off", "oss": {"status": "on"}, "bank_leg": "leave_to_bank_feed"}
    with ExitStack() as running:
        before = served_settings(world, tmp_path, running.enter_context, **{**CHOICES, **then})
        warehouse = Warehouse(before.warehouse_path)
        accounts = before.accounts.model_copy(update={"receivable": "1512", "processing_fee": "6579"})
        now = before.model_copy(update={"deferral": "voucher", "bank_leg": "book", "accounts": accounts})
        sealed: Sealed = []

        def book(first: date, last: date, settings: Settings = now) -> int | None:
            extract(settings, warehouse, Days(first, last), progress=lambda line: None)
            return built(first, last, settings)

        def built(first: date, last: date, settings: Settings = now) -> int | None:
            return build(settings, warehouse, days=Days(first, last), sealed=sealed).rebuilt

        book(date(2026, 3, 1), date(2026, 3, 20), before)
        with warehouse.writer() as connection:
            chosen = connection.execute("SELECT entry_id, event_day FROM ledger.entries WHERE event_day < '2026-03-15'")
            sealed += [(choices_of(before).text, dict(chosen.fetchall()))]
        assert built(date(2026, 3, 20), date(2026, 3, 20)) is None, "other choices"
        change_the_past(world, Random(3))
        assert book(date(2026, 3, 21), date(2026, 4, 10)), "new sales, and refunds of what others sealed"
        assert differing(warehouse, everything(now, tmp_path, sealed)) == {}
        monkeypatch.setattr(importlib.import_module("fortstripe_dagster.ledger.build"), "_build_whole", refuse)
        with pytest.raises(Whole):  # a foreign account that moved otherwise under others
            built(date(2026, 3, 12), date(2026, 3, 12))
        world.one_off_payment(at=at(10), amount=9900, name="Late", fee=250)
        with pytest.raises(Whole):  # a sum of a day that others sealed: its VAT on fees
            book(date(2026, 3, 10), date(2026, 3, 10))


def test_other_choices_build_everything(tmp_path: Path) -> None:
    world = new_world()
    world.one_off_payment(at=at(2), amount=10000, name="Anna")
    with ExitStack() as running:
        settings = served_settings(world, tmp_path, running.enter_context)
        warehouse = Warehouse(settings.warehouse_path)
        extract(settings, warehouse, MARCH, progress=lambda line: None)
        build(settings, warehouse)
        accounts = settings.accounts.model_copy(update={"processing_fee": "6579"})
        changed = settings.model_copy(update={"accounts": accounts})
        assert build(changed, warehouse, days=MARCH).rebuilt is None
        with warehouse.writer() as connection:
            fees = connection.execute("SELECT DISTINCT account FROM ledger.lines WHERE account LIKE '657%'").fetchall()
            kept = connection.execute("SELECT text ->> '$.accounts.processing_fee' FROM ledger.choice_sets").fetchall()
    assert fees == [("6579",)]
    assert sorted(kept) == [("6570",), ("6579",)]
