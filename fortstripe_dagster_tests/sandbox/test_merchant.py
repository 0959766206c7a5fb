"""The generated merchant: deterministic, complete, and true to how Stripe keeps its books."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fortstripe_dagster.sandbox.merchant import Merchant, tiny
from fortstripe_dagster.sandbox.merchant.shop import local
from fortstripe_dagster.sandbox.stripe.account import STOCKHOLM, total_net
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject
from fortstripe_dagster.sandbox.stripe.world import World

FINGERPRINT = """
import hashlib, simplejson
from fortstripe_dagster.sandbox.merchant import Merchant
world = Merchant(seed={seed}, payments=120, rare=True).world()
kinds = ("charge", "invoice", "balance_transaction", "payout", "event", "customer")
text = simplejson.dumps([world.all(kind) for kind in kinds], use_decimal=True)
print(hashlib.sha256(text.encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def month() -> World:
    return Merchant().world()


def succeeded(world: World) -> list[StripeObject]:
    return [charge for charge in world.all("charge") if charge["status"] == "succeeded"]


def local_days(things: list[StripeObject]) -> list[date]:
    return [datetime.fromtimestamp(thing["created"], UTC).astimezone(STOCKHOLM).date() for thing in things]


def test_the_same_seed_gives_the_same_month_in_another_process() -> None:
    def fingerprint(seed: int, hash_seed: str) -> str:
        run = subprocess.run(
            [sys.executable, "-c", FINGERPRINT.format(seed=seed)],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout

    assert fingerprint(4, "1") == fingerprint(4, "2") != fingerprint(5, "1")


class TestAMonth:
    def test_three_hundred_payments_on_every_day_of_march(self, month: World) -> None:
        days = Counter(local_days(succeeded(month)))
        assert sum(count for day, count in days.items() if day.month == 3) >= 300
        assert {date(2026, 3, 1) + timedelta(days=n) for n in range(31)} <= days.keys()
        assert month.now == local(date(2026, 4, 8), datetime.min.time().replace(hour=12))

    def test_all_kinds_of_customers(self, month: World) -> None:
        customers = month.all("customer")
        numbers = {number["value"][:2] for rows in month.tax_ids.values() for number in rows}
        assert "SE" in numbers and len(numbers) >= 3
        with_number = {id for id, rows in month.tax_ids.items() if rows}
        kinds = Counter(
            (
                "SE" if c["address"]["country"] == "SE" else "EU" if c["currency"] == "eur" else "other",
                c["id"] in with_number,
            )
            for c in customers
        )
        assert {("SE", False), ("SE", True), ("EU", False), ("EU", True), ("other", False)} <= kinds.keys()
        assert all(
            (c["tax_exempt"] == "reverse") == (c["id"] in with_number and c["address"]["country"] != "SE")
            for c in customers
        )
        guests = [charge for charge in succeeded(month) if charge["customer"] is None]
        assert {charge["billing_details"]["address"]["country"] for charge in guests} >= {"SE"}
        assert len({charge["billing_details"]["address"]["country"] for charge in guests}) >= 3

    def test_goods_say_where_they_go(self, month: World) -> None:
        sent = [charge for charge in succeeded(month) if charge["shipping"]]
        types = {month.get("product", charge["metadata"]["product"])["type"] for charge in sent}
        assert types == {"good"}
        assert {charge["shipping"]["address"]["country"] for charge in sent} >= {"SE", "DE", "NO"}

    def test_every_rate_in_metadata_and_on_invoices(self, month: World) -> None:
        assert {charge["metadata"].get("vat_rate") for charge in succeeded(month)} >= {"25", "12", "6", "0"}
        used = {
            (int(rate["percentage"]), tax["tax_behavior"])
            for invoice in month.all("invoice")
            for tax in invoice["total_taxes"]
            for rate in [month.get("tax_rate", tax["tax_rate_details"]["tax_rate"])]
        }
        assert {(25, "exclusive"), (25, "inclusive"), (12, "inclusive"), (6, "inclusive"), (0, "exclusive")} <= used
        assert any(charge["amount"] == 21875 for charge in succeeded(month))

    def test_invoices_of_every_sort(self, month: World) -> None:
        invoices = month.all("invoice")
        assert {"paid", "open"} <= {invoice["status"] for invoice in invoices}
        assert any(len(month.lines[invoice["id"]]) > 10 for invoice in invoices)
        assert any(invoice["discounts"] for invoice in invoices)
        assert {"subscription_create", "subscription_cycle", "manual"} <= {i["billing_reason"] for i in invoices}
        priced = [line for invoice in invoices for line in month.lines[invoice["id"]]]
        for line in priced:
            price = month.get("price", line["pricing"]["price_details"]["price"])
            assert (price["unit_amount"], price["currency"]) == (line["amount"] // line["quantity"], line["currency"])
        intervals = {s["items"]["data"][0]["price"]["recurring"]["interval"] for s in month.all("subscription")}
        assert intervals == {"month", "year"}

    def test_everything_that_moves_money(self, month: World) -> None:
        categories = {row["reporting_category"] for row in month.all("balance_transaction")}
        assert categories == {
            "charge", "refund", "dispute", "dispute_reversal", "fee", "other_adjustment", "payout", "payout_reversal",
            "topup",
        }  # fmt: skip
        assert {dispute["status"] for dispute in month.all("dispute")} == {"won", "lost", "needs_response"}
        parts = Counter(refund["charge"] for refund in month.all("refund"))
        assert {1, 2, 3} <= set(parts.values())
        assert {"paid", "failed"} == {payout["status"] for payout in month.all("payout")}
        assert any(row["exchange_rate"] for row in month.all("balance_transaction"))
        assert [charge for charge in month.all("charge") if charge["status"] == "failed"]

    def test_hours_that_are_hard(self, month: World) -> None:
        moments = {datetime.fromtimestamp(charge["created"], UTC).astimezone(STOCKHOLM) for charge in succeeded(month)}
        clock = {(moment.date().isoformat(), moment.strftime("%H:%M")) for moment in moments}
        assert {
            ("2026-03-10", "23:30"), ("2026-03-28", "00:10"), ("2026-03-29", "01:30"), ("2026-03-29", "03:15"),
            ("2026-03-31", "23:30"), ("2026-04-01", "00:30"),
        } <= clock  # fmt: skip

    def test_all_of_march_has_reached_the_bank(self, month: World) -> None:
        paid_out = {id for members in month.payout_members.values() for id in members}
        march_charges = [
            charge["balance_transaction"]
            for charge, day in zip(succeeded(month), local_days(succeeded(month)), strict=True)
            if day.month == 3
        ]
        assert set(march_charges) <= paid_out


class TestAnyLife:
    @settings(max_examples=15, deadline=None)
    @given(
        seed=st.integers(0, 10**6),
        payments=st.integers(5, 60),
        months=st.integers(1, 3),
        rare=st.booleans(),
        euro_balance=st.booleans(),
    )
    def test_holds_together(self, seed: int, payments: int, months: int, rare: bool, euro_balance: bool) -> None:
        world = Merchant(seed=seed, payments=payments, months=months, rare=rare, euro_balance=euro_balance).world()
        assert len(succeeded(world)) >= payments
        rows = world.all("balance_transaction")
        assert all(row["net"] == row["amount"] - row["fee"] for row in rows)
        assert all(row["fee"] == sum(part["amount"] for part in row["fee_details"]) for row in rows)
        settled = {row["source"] for row in rows}
        assert {charge["id"] for charge in succeeded(world) if charge["captured"]} <= settled
        for payout in world.all("payout"):
            assert total_net(world.get("balance_transaction", id) for id in world.payout_members[payout["id"]]) == 0
            assert payout["amount"] > 0
        for charge in world.all("charge"):
            refunded = [
                r["amount"] for r in world.referring("refund", "charge", charge["id"]) if r["status"] != "failed"
            ]
            assert charge["amount_refunded"] == sum(refunded)
        for invoice in world.all("invoice"):
            links = world.referring("invoice_payment", "invoice", invoice["id"])
            assert invoice["amount_paid"] + invoice["amount_overpaid"] == sum(
                link["amount_paid"] or 0 for link in links
            )
            assert invoice["amount_due"] == invoice["amount_paid"] + invoice["amount_remaining"]

    def test_rare_cases_are_all_there_when_asked_for(self) -> None:
        world = Merchant(payments=100, rare=True, euro_balance=True).world()
        types = {row["type"] for row in world.all("balance_transaction")}
        assert {"payment_failure_refund", "refund_failure", "reserve_hold", "tax_fee", "quantum_leap"} <= types
        statuses = {invoice["status"] for invoice in world.all("invoice")}
        assert {"void", "uncollectible"} <= statuses
        assert {note["type"] for note in world.all("credit_note")} == {"pre_payment", "post_payment"}
        assert {payout["currency"] for payout in world.all("payout")} == {"sek", "eur"}
        assert min(local_days(world.all("charge"))) < date(2026, 3, 1)

    def test_it_begins_on_a_first(self) -> None:
        with pytest.raises(ValueError, match="not on 2026-03-02"):
            Merchant(first=date(2026, 3, 2)).world()

    def test_a_small_one_is_small(self) -> None:
        assert len(Merchant(payments=20).world().all("charge")) < 50


def test_tiny() -> None:
    world = tiny()
    assert len(succeeded(world)) == 20
    [refund], [payout] = world.all("refund"), world.all("payout")
    rows = world.all("balance_transaction")
    assert len(rows) == 22
    assert refund["amount"] == world.get("charge", refund["charge"])["amount"]
    assert (total_net(rows), payout["status"]) == (0, "paid")
    assert {row["currency"] for row in rows} == {"sek"}
