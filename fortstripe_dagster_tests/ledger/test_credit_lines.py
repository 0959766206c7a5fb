"""What a credit note takes back besides invoice lines: shipping at its own rate, and lines of no invoice line."""

from __future__ import annotations

from typing import Any

import pytest

from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world, row


def shipping(net: int, tax: int) -> dict[str, Any]:
    return {"amount_subtotal": net, "amount_tax": tax, "amount_total": net + tax, "shipping_rate": None}


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, dict[str, dict[str, Any]]]:
    """Credit notes by what stands on them; those without VAT have it in none of their sums."""
    world, notes = new_world(), {}
    anna = world.customer(name="Anna", country="SE")
    course, book_, food = (world.tax_rate(percentage=percent) for percent in (25, 6, 12))

    def paid(*lines: Any, shipped: dict[str, Any] | None = None) -> dict[str, Any]:
        invoice = world.invoice(at=at(2), customer=anna, lines=lines)
        if shipped is not None:
            invoice["shipping_cost"] = shipped
            for total in ("total", "amount_due", "amount_remaining"):
                invoice[total] += shipped["amount_total"]
        world.pay_invoice(invoice, at=at(3))
        return invoice

    def note(invoice: dict[str, Any], ore: int, line: int = 0, **free: Any) -> dict[str, Any]:
        made = world.credit_note(invoice, at=at(5), lines=[(invoice["lines"]["data"][line], ore)])
        if free:
            made["lines"]["data"][0].update(invoice_line_item=None, type="custom_line_item", **free)
        return made

    # Kurs 1 000.00 + 250.00, Bok 500.00 + 30.00, and shipping, which goes with the course: 100.00 + 25.00.
    both = (row("Kurs", 100000, 1, course), row("Bok", 50000, 1, book_))
    sent = paid(*both, shipped=shipping(10000, 2500))
    notes["book and shipping"] = note(sent, 50000, line=1)
    for name, more in (("total", 6250), ("amount", 6250), ("post_payment_amount", 6250), ("total_excluding_tax", 5000)):
        notes["book and shipping"][name] += more
    notes["book and shipping"].update(shipping_cost=shipping(5000, 1250), amount_shipping=5000)
    notes["book and shipping"]["refunds"][0]["amount_refunded"] += 6250
    world.get("refund", notes["book and shipping"]["refunds"][0]["refund"])["amount"] += 6250

    untaxed: dict[str, Any] = {"amount": 12500, "taxes": [], "tax_rates": []}
    notes["of two rates"] = note(paid(*both), 10000, **untaxed)
    notes["without VAT"] = note(paid(row("Kurs", 100000, 1, course)), 10000, **untaxed)
    for silent in (notes["of two rates"], notes["without VAT"]):
        silent.update(total_excluding_tax=silent["total"], total_taxes=[])
    notes["silent"] = note(paid(row("Kurs", 100000, 1, course)), 10000, **untaxed)
    notes["silent"].update(total_excluding_tax=None)
    notes["of prices with VAT"] = note(paid(row("Kurs", 100000)), 10000, tax_rates=[])
    fed = paid(row("Kurs", 100000, 1, course), row("Lunch", 10000, 1, food))
    notes["of another rate"] = note(fed, 10000, line=1)
    notes["of another rate"]["lines"]["data"][0].update(invoice_line_item=None, type="custom_line_item")
    notes["of another rate"]["invoice"] = paid(*both)["id"]
    return book(world, tmp_path_factory.mktemp("noted")), notes


def test_shipping_is_credited_at_its_own_rate(noted: tuple[Book, dict[str, dict[str, Any]]]) -> None:
    ledger, notes = noted
    assert ledger.entry(f"{notes['book and shipping']['id']}:credit") == {
        "1510": "-592.50", "2611": "12.50", "2631": "30.00", "3001": "50.00", "3003": "500.00",
    }  # fmt: skip


def test_a_line_that_says_no_vat_takes_back_the_only_rate_that_was_sold(
    noted: tuple[Book, dict[str, dict[str, Any]]],
) -> None:
    ledger, notes = noted
    assert ledger.entry(f"{notes['of prices with VAT']['id']}:credit") == {
        "1510": "-100.00", "2611": "20.00", "3001": "80.00",
    }  # fmt: skip
    assert ledger.entry(f"{notes['silent']['id']}:credit") == {"1510": "-125.00", "2611": "25.00", "3001": "100.00"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("of two rates", "does not say which of the invoice's VAT rates"),
        ("without VAT", "has no VAT, but what was sold has"),
        ("of another rate", "has VAT at 12 %, at which its invoice sold nothing"),
    ],
)
def test_a_line_whose_vat_is_not_known_waits_for_a_person(
    noted: tuple[Book, dict[str, dict[str, Any]]], name: str, reason: str
) -> None:
    ledger, notes = noted
    held = {remark.entry_id: remark.text for remark in ledger.report.held}
    assert reason in held[f"{notes[name]['id']}:credit"]
    assert "void the note in Stripe" in held[f"{notes[name]['id']}:credit"]
    assert len(held) == 3
