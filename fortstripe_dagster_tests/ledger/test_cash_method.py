"""The cash method (kontantmetoden): sale and VAT on the day of payment, in the payment's part of the whole."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.ledger import checks
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world, row


def sales_of(ledger: Book, sale_id: str) -> list[tuple[date, str, str]]:
    """Day, account and amount (credit negative) of what a sale put on income and VAT accounts."""
    return ledger.rows(
        "SELECT l.event_day, l.account, (l.debit - l.credit)::VARCHAR FROM ledger.lines l "
        "JOIN ledger.entries e USING (entry_id) WHERE e.sale_id = ? AND e.kind IN ('sale', 'cash_sale') "
        "AND l.account <> '1510' ORDER BY 1, 2",
        sale_id,
    )


@pytest.fixture(scope="module")
def cash(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, dict[str, str]]:
    """Invoices paid in parts, not at all, or credited before, and payments without one; the dict names them."""
    world, made = new_world(), {}
    vat25 = world.tax_rate(percentage=25)

    def invoiced(name: str, day: int, amount: int, *, rate: dict[str, Any] | None = None) -> dict[str, Any]:
        customer = world.customer(name="Svea Handel AB", country="SE")
        invoice = world.invoice(at=at(day), customer=customer, lines=[row("Plan", amount, 1, rate)])
        made[name] = invoice["id"]
        return invoice

    def credited(invoice: dict[str, Any]) -> None:
        world.credit_note(invoice, at=at(5), lines=[(world.lines[invoice["id"]][0], 20000)])

    parts = invoiced("parts", 2, 80001)
    world.pay_invoice(parts, at=at(9), amount=33333)
    world.pay_invoice(parts, at=at(12))
    world.pay_invoice(invoiced("half", 3, 50000), at=at(10), amount=25000)
    invoiced("unpaid", 4, 99900)
    made["shop"] = world.one_off_payment(at=at(5), amount=12500, name="Anna")["id"]
    credited(invoiced("credited", 2, 80000, rate=vat25))
    world.void_invoice(invoiced("wrong", 3, 10000, rate=vat25), at=at(6))
    failing = world.one_off_payment(at=at(4), amount=30000, name="Bo", method="sepa_debit", status="pending")
    world.pending_payment_failed(failing, at=at(8))
    made["failing"] = failing["id"]
    paid_later = invoiced("credited, then paid", 2, 80000)
    credited(paid_later)
    world.pay_invoice(paid_later, at=at(9))
    world.void_invoice(invoiced("voided at once", 2, 10000), at=at(6))
    return book(world, tmp_path_factory.mktemp("cash"), accounting_method="cash"), made


def test_each_payment_books_its_part_and_nothing_unpaid_is_booked(cash: tuple[Book, dict[str, str]]) -> None:
    ledger, made = cash
    assert sales_of(ledger, made["parts"]) == [
        (date(2026, 3, 9), "2611", "-66.67"),
        (date(2026, 3, 9), "3001", "-266.66"),
        (date(2026, 3, 12), "2611", "-93.33"),
        (date(2026, 3, 12), "3001", "-373.35"),
    ]
    assert sales_of(ledger, made["half"]) == [
        (date(2026, 3, 10), "2611", "-50.00"),
        (date(2026, 3, 10), "3001", "-200.00"),
    ]
    assert sales_of(ledger, made["unpaid"]) == []
    assert ledger.entry(f"{made['shop']}:sale") == {"1510": "125.00", "2611": "-25.00", "3001": "-100.00"}
    assert ledger.accounts()["1510"] == "0.00"
    with ledger.sql() as connection:
        assert checks.unbalanced(connection) == []
    names = {id: name for name, id in made.items()}
    open_on = "SELECT sale_id, open_amount FROM ledger.unpaid WHERE from_day <= $1 AND coalesce(until_day > $1, true)"
    assert {names[sale]: left for sale, left in ledger.rows(open_on, date(2026, 3, 8))} == {
        "parts": 80001, "half": 50000, "unpaid": 99900, "credited": 75000, "credited, then paid": 60000,
    }  # fmt: skip
    assert {names[sale]: left for sale, left in ledger.rows(open_on, date(2026, 3, 9))} == {
        "parts": 46668, "half": 50000, "unpaid": 99900, "credited": 75000,
    }  # fmt: skip
    assert {names[sale]: left for sale, left in ledger.rows(open_on, date(2026, 3, 31))} == {
        "half": 25000, "unpaid": 99900, "credited": 75000,
    }  # fmt: skip


def test_what_is_open_under_the_cash_method_falls_with_credits_and_ends_with_a_void(
    cash: tuple[Book, dict[str, str]], tmp_path: Path
) -> None:
    ledger, made = cash
    spans = ledger.rows(
        "SELECT sale_id, from_day, until_day, open_amount, vat_amount FROM ledger.unpaid"
        " WHERE list_contains(?, sale_id) ORDER BY 2",
        [made["credited"], made["wrong"]],
    )
    assert spans == [
        (made["credited"], date(2026, 3, 2), date(2026, 3, 5), 100000, 20000),
        (made["wrong"], date(2026, 3, 3), date(2026, 3, 6), 12500, 2500),
        (made["credited"], date(2026, 3, 5), None, 75000, 15000),
    ]
    assert not ledger.under(tmp_path / "accrual").rows("FROM ledger.unpaid")


def test_a_failed_payment_takes_its_sale_back_and_a_credit_before_payment_books_nothing(
    cash: tuple[Book, dict[str, str]],
) -> None:
    ledger, made = cash
    failed = ledger.part(made["failing"])
    assert (failed["3001"], failed["2611"], failed["1510"]) == ("0.00", "0.00", "0.00")
    assert sales_of(ledger, made["failing"]), "it was a sale until it failed"
    paid = ledger.part(made["credited, then paid"])
    assert (paid["3001"], paid["2611"], paid["1510"]) == ("-480.00", "-120.00", "0.00")
    assert ledger.part(made["voided at once"]) == {}
