"""Invoices, their payments, credit notes and subscriptions: sums, states and what is frozen."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fortstripe_dagster.sandbox.stripe.builder.subscriptions import period_end
from fortstripe_dagster.sandbox.stripe.builder.tax import Line, shares
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.sandbox.worlds import everything, march


@pytest.fixture
def world() -> World:
    return World(seed=6, now=march(1))


@pytest.fixture
def firm(world: World) -> StripeObject:
    return world.customer(name="Norrsken AB", country="SE", vat_number="SE556677889901")


def billed(world: World, customer: StripeObject, amount: int = 80000, **terms: object) -> StripeObject:
    """An invoice of one row at 25 % on top: 80000 becomes 100000."""
    lines = [Line(description="Licens", unit_amount=amount, tax_rate=world.tax_rate(percentage=25))]
    return world.invoice(at=march(3), customer=customer, lines=lines, **terms)  # type: ignore[arg-type]


def payments_of(world: World, invoice: StripeObject) -> list[tuple[str, int | None, bool]]:
    links = world.referring("invoice_payment", "invoice", invoice["id"])
    return [(link["status"], link["amount_paid"], link["is_default"]) for link in links]


class TestSums:
    def test_tax_on_top(self, world: World, firm: StripeObject) -> None:
        invoice = billed(world, firm, 17500)
        assert (invoice["subtotal"], invoice["total"], invoice["total_excluding_tax"]) == (17500, 21875, 17500)
        [tax] = invoice["total_taxes"]
        assert (tax["amount"], tax["taxable_amount"], tax["tax_behavior"]) == (4375, 17500, "exclusive")
        assert tax["taxability_reason"] == "not_available"

    def test_tax_within(self, world: World, firm: StripeObject) -> None:
        lines = [
            Line(
                description="Lunch",
                unit_amount=5601,
                quantity=2,
                tax_rate=world.tax_rate(percentage=12, inclusive=True),
            )
        ]
        invoice = world.invoice(at=march(3), customer=firm, lines=lines, automatic_tax=True)
        assert (invoice["subtotal"], invoice["total"]) == (11202, 11202)
        assert (invoice["subtotal_excluding_tax"], invoice["total_excluding_tax"]) == (10002, 10002)
        [tax] = invoice["total_taxes"]
        assert (tax["amount"], tax["taxability_reason"]) == (1200, "reduced_rated")

    def test_reverse_charge(self, world: World) -> None:
        german = world.customer(name="Weber GmbH", country="DE", vat_number="DE123456789", tax_exempt="reverse")
        invoice = billed(world, german)
        assert invoice["total"] == 80000
        assert [(tax["amount"], tax["taxability_reason"]) for tax in invoice["total_taxes"]] == [(0, "reverse_charge")]
        assert invoice["customer_tax_ids"] == [{"type": "eu_vat", "value": "DE123456789"}]

    def test_a_discount_is_shared_and_taxed_after(self, world: World, firm: StripeObject) -> None:
        rate = world.tax_rate(percentage=25)
        lines = [
            Line(description=str(n), unit_amount=amount, tax_rate=rate) for n, amount in enumerate((333, 333, 334))
        ]
        invoice = world.invoice(at=march(3), customer=firm, lines=lines, coupon=world.coupon(percent_off="12.5"))
        rows = world.lines[invoice["id"]]
        assert [row["discount_amounts"][0]["amount"] for row in rows] == [42, 41, 42]
        assert [row["taxes"][0]["taxable_amount"] for row in rows] == [291, 292, 292]
        assert (invoice["subtotal"], invoice["total_discount_amounts"][0]["amount"]) == (1000, 125)
        assert invoice["total"] == 875 + sum(row["taxes"][0]["amount"] for row in rows)

    def test_every_document_adds_up(self) -> None:
        world = everything()
        invoices, notes = world.all("invoice"), world.all("credit_note")
        assert len(invoices) > 10 and notes
        for document in [*invoices, *notes]:
            taxes = document["total_taxes"]
            on_top = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "exclusive")
            off = sum(
                part["amount"]
                for part in document.get("total_discount_amounts") or document.get("discount_amounts", [])
            )
            assert document["total"] == document["subtotal"] - off + on_top
            assert document["total_excluding_tax"] == document["total"] - sum(tax["amount"] for tax in taxes)
            rows = world.lines[document["id"]]
            assert document["subtotal"] == sum(row["amount"] for row in rows)
            assert sum(tax["amount"] for tax in taxes) == sum(tax["amount"] for row in rows for tax in row["taxes"])

    @given(st.integers(0, 10**7), st.lists(st.integers(1, 10**6), min_size=1, max_size=12))
    def test_shares_lose_nothing(self, total: int, weights: list[int]) -> None:
        parts = shares(total, weights)
        assert sum(parts) == total
        exact = [Decimal(total) * weight / sum(weights) for weight in weights]
        assert all(abs(part - wanted) < 1 for part, wanted in zip(parts, exact, strict=True))


class TestLife:
    def test_finalising_numbers_and_freezes(self, world: World, firm: StripeObject) -> None:
        draft = billed(world, firm, draft=True)
        assert (draft["status"], draft["number"], draft["effective_at"]) == ("draft", None, None)
        world.update_customer(firm, at=march(4), name="Norrsken Nord AB")
        world.finalize_invoice(draft, at=march(5))
        world.update_customer(firm, at=march(6), name="Sydsken AB")
        assert draft["customer_name"] == "Norrsken Nord AB"
        assert draft["effective_at"] == draft["status_transitions"]["finalized_at"] == int(march(5).timestamp())
        assert draft["created"] == int(march(3).timestamp())
        assert billed(world, firm)["number"] == draft["number"][:-4] + "0002"
        assert payments_of(world, draft) == [("open", None, True)]

    def test_paid_by_charge(self, world: World, firm: StripeObject) -> None:
        invoice = billed(world, firm)
        charge = world.pay_invoice(invoice, at=march(8))
        assert (invoice["status"], invoice["amount_paid"], invoice["amount_remaining"]) == ("paid", 100000, 0)
        assert payments_of(world, invoice) == [("paid", 100000, True)]
        assert (charge["amount"], charge["customer"], "invoice" in charge) == (100000, firm["id"], False)
        assert world.invoice_charge(invoice) is charge
        for pay in (world.pay_invoice, world.pay_invoice_off_stripe, world.invoice_payment_failed):
            with pytest.raises(ValueError, match=f"Invoice {invoice['id']} is paid: it cannot be paid"):
                pay(invoice, at=march(9))

    def test_paid_in_parts(self, world: World, firm: StripeObject) -> None:
        invoice = billed(world, firm)
        world.pay_invoice(invoice, at=march(8), amount=30000)
        assert (invoice["status"], invoice["amount_remaining"]) == ("open", 70000)
        world.pay_invoice(invoice, at=march(9))
        assert payments_of(world, invoice) == [("paid", 70000, True), ("paid", 30000, False)]
        assert invoice["status"] == "paid"

    def test_overpaid(self, world: World, firm: StripeObject) -> None:
        invoice = billed(world, firm)
        world.pay_invoice(invoice, at=march(8), amount=101000)
        assert (invoice["amount_paid"], invoice["amount_overpaid"], firm["balance"]) == (100000, 1000, -1000)
        assert payments_of(world, invoice) == [("canceled", None, True), ("paid", 101000, False)]

    def test_paid_off_stripe(self, world: World, firm: StripeObject) -> None:
        invoice = billed(world, firm)
        world.pay_invoice_off_stripe(invoice, at=march(8))
        assert (invoice["status"], invoice["amount_paid_off_stripe"]) == ("paid", 100000)
        assert world.all("charge") == world.all("balance_transaction") == []

    def test_several_by_one_charge(self, world: World, firm: StripeObject) -> None:
        invoices = [billed(world, firm, amount) for amount in (8000, 16000)]
        charge = world.pay_invoices(invoices, at=march(8))
        assert charge["amount"] == 30000
        paid = [link for link in world.all("invoice_payment") if link["status"] == "paid"]
        assert {link["payment"]["payment_intent"] for link in paid} == {charge["payment_intent"]}
        assert [link["amount_paid"] for link in paid] == [10000, 20000]
        assert {invoice["status"] for invoice in invoices} == {"paid"}

    def test_declined(self, world: World, firm: StripeObject) -> None:
        invoice = billed(world, firm)
        charge = world.invoice_payment_failed(invoice, at=march(8))
        assert (charge["status"], invoice["status"], invoice["attempt_count"]) == ("failed", "open", 1)
        assert world.pay_invoice(invoice, at=march(11))["payment_intent"] == charge["payment_intent"]

    def test_voided_and_uncollectible(self, world: World, firm: StripeObject) -> None:
        wrong, bad = billed(world, firm), billed(world, firm)
        world.void_invoice(wrong, at=march(9))
        world.mark_uncollectible(bad, at=march(9))
        assert (wrong["status"], bad["status"]) == ("void", "uncollectible")
        assert wrong["status_transitions"]["voided_at"] == bad["status_transitions"]["marked_uncollectible_at"]
        assert payments_of(world, wrong) == [("canceled", None, True)]

    def test_the_credit_balance_pays_first(self, world: World, firm: StripeObject) -> None:
        world.give_credit(firm, at=march(2), amount=30000)
        invoice = billed(world, firm)
        assert (invoice["starting_balance"], invoice["ending_balance"], invoice["amount_due"]) == (-30000, 0, 70000)
        world.void_invoice(invoice, at=march(4))
        assert firm["balance"] == -30000
        world.give_credit(firm, at=march(5), amount=70000)
        covered = billed(world, firm)
        assert (covered["status"], covered["amount_due"], firm["balance"]) == ("paid", 0, 0)
        assert payments_of(world, covered) == []


class TestCreditNotes:
    def test_after_payment_with_a_refund(self, world: World, firm: StripeObject) -> None:
        invoice = billed(world, firm)
        charge = world.pay_invoice(invoice, at=march(8))
        note = world.credit_note(invoice, at=march(9), lines=[(world.lines[invoice["id"]][0], 40000)])
        assert (note["total"], note["total_taxes"][0]["amount"], note["type"]) == (50000, 10000, "post_payment")
        [link] = note["refunds"]
        assert (world.get("refund", link["refund"])["amount"], charge["amount_refunded"]) == (50000, 50000)
        assert (invoice["post_payment_credit_notes_amount"], invoice["status"]) == (50000, "paid")
        assert note["number"] == f"{invoice['number']}-CN-01"

    def test_before_payment(self, world: World, firm: StripeObject) -> None:
        invoice = billed(world, firm)
        note = world.credit_note(invoice, at=march(9), lines=[(world.lines[invoice["id"]][0], 20000)])
        assert (note["type"], note["pre_payment_amount"], note["refunds"]) == ("pre_payment", 25000, [])
        assert invoice["amount_due"] == invoice["amount_remaining"] == 75000
        assert world.pay_invoice(invoice, at=march(10))["amount"] == 75000
        assert world.all("refund") == []

    def test_voided(self, world: World, firm: StripeObject) -> None:
        invoice = billed(world, firm)
        note = world.credit_note(invoice, at=march(9), lines=[(world.lines[invoice["id"]][0], 20000)])
        world.void_credit_note(note, at=march(10))
        assert (note["status"], invoice["amount_remaining"]) == ("void", 100000)

    def test_of_everything_unpaid_settles_the_invoice(self, world: World, firm: StripeObject) -> None:
        invoice = billed(world, firm)
        world.credit_note(invoice, at=march(9))
        assert (invoice["status"], invoice["amount_paid"]) == ("paid", 0)

    def test_to_the_balance_or_out_of_band(self, world: World, firm: StripeObject) -> None:
        invoices = [billed(world, firm), billed(world, firm)]
        for invoice, to, outside in zip(invoices, ("balance", "out_of_band"), (None, 100000), strict=True):
            world.pay_invoice_off_stripe(invoice, at=march(8))
            note = world.credit_note(invoice, at=march(9), to=to)
            assert note["post_payment_amount"] == 100000
            assert (note["out_of_band_amount"], note["refunds"]) == (outside, [])
        assert firm["balance"] == -100000
        with pytest.raises(ValueError, match="No charge paid invoice"):
            world.credit_note(invoice, at=march(10))

    def test_a_part_takes_its_part_of_the_discount(self, world: World, firm: StripeObject) -> None:
        lines = [Line(description="Licens", unit_amount=999, tax_rate=world.tax_rate(percentage=25))]
        invoice = world.invoice(at=march(3), customer=firm, lines=lines, coupon=world.coupon(percent_off=10))
        note = world.credit_note(invoice, at=march(4), lines=[(world.lines[invoice["id"]][0], 333)])
        assert (note["subtotal"], note["discount_amount"], note["total"]) == (333, 33, 375)


class TestSubscriptions:
    def test_first_invoice_and_renewal(self, world: World, firm: StripeObject) -> None:
        price = world.price(product=world.product(name="Plus"), unit_amount=24900, recurring="month")
        plan = world.subscription(at=march(1), customer=firm, price=price, tax_rate=world.tax_rate(percentage=25))
        first = world.get("invoice", plan["latest_invoice"])
        assert (first["billing_reason"], first["status"], first["total"]) == ("subscription_create", "paid", 31125)
        assert first["parent"]["subscription_details"]["subscription"] == plan["id"]
        row = world.lines[first["id"]][0]
        assert row["parent"]["subscription_item_details"]["subscription_item"] == plan["items"]["data"][0]["id"]
        assert row["period"] == {
            "start": int(march(1).timestamp()),
            "end": int(datetime(2026, 4, 1, 12, tzinfo=UTC).timestamp()),
        }
        second = world.renew_subscription(plan)
        assert (second["billing_reason"], second["created"]) == ("subscription_cycle", row["period"]["end"])
        assert second["effective_at"] == second["created"] + 3600
        assert world.lines[second["id"]][0]["period"]["start"] == row["period"]["end"]
        world.cancel_subscription(plan, at=march(31))
        assert plan["status"] == "canceled"

    @pytest.mark.parametrize(
        ("start", "anchor", "interval", "end"),
        [
            ("2026-01-31", "2026-01-31", "month", "2026-02-28"),
            ("2026-02-28", "2026-01-31", "month", "2026-03-31"),
            ("2026-12-15", "2026-12-15", "month", "2027-01-15"),
            ("2024-02-29", "2024-02-29", "year", "2025-02-28"),
            ("2027-02-28", "2024-02-29", "year", "2028-02-29"),
        ],
    )
    def test_periods_end_on_the_anchors_day(self, start: str, anchor: str, interval: str, end: str) -> None:
        began, anchored = (datetime.fromisoformat(f"{day}T12:00:00+00:00") for day in (start, anchor))
        assert period_end(began, anchored, interval).date().isoformat() == end
