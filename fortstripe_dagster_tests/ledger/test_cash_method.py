"""The cash method (kontantmetoden): sale and VAT on the day of payment, in the payment's part of the whole."""

from __future__ import annotations

from datetime import date
from pathlib import Path

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


def test_each_payment_books_its_part_and_nothing_unpaid_is_booked(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Svea Handel AB", country="SE")
    parts = world.invoice(at=at(2), customer=customer, lines=[row("Plan", 80001)])
    world.pay_invoice(parts, at=at(9), amount=33333)
    world.pay_invoice(parts, at=at(12))
    half = world.invoice(at=at(3), customer=customer, lines=[row("Plan", 50000)])
    world.pay_invoice(half, at=at(10), amount=25000)
    unpaid = world.invoice(at=at(4), customer=customer, lines=[row("Plan", 99900)])
    shop = world.one_off_payment(at=at(5), amount=12500, name="Anna")
    ledger = book(world, tmp_path, accounting_method="cash")
    assert sales_of(ledger, parts["id"]) == [
        (date(2026, 3, 9), "2611", "-66.67"),
        (date(2026, 3, 9), "3001", "-266.66"),
        (date(2026, 3, 12), "2611", "-93.33"),
        (date(2026, 3, 12), "3001", "-373.35"),
    ]
    assert sales_of(ledger, half["id"]) == [
        (date(2026, 3, 10), "2611", "-50.00"),
        (date(2026, 3, 10), "3001", "-200.00"),
    ]
    assert sales_of(ledger, unpaid["id"]) == []
    assert ledger.entry(f"{shop['id']}:sale") == {"1510": "125.00", "2611": "-25.00", "3001": "-100.00"}
    assert ledger.accounts()["1510"] == "0.00"
    with ledger.sql() as connection:
        assert checks.unbalanced(connection) == []
    open_on = "SELECT sale_id, open_amount FROM ledger.unpaid WHERE from_day <= $1 AND coalesce(until_day > $1, true)"
    assert dict(ledger.rows(open_on, date(2026, 3, 9))) == {
        parts["id"]: 46668,
        half["id"]: 50000,
        unpaid["id"]: 99900,
    }
    assert dict(ledger.rows(open_on, date(2026, 3, 31))) == {half["id"]: 25000, unpaid["id"]: 99900}


def test_what_is_open_under_the_cash_method_falls_with_credits_and_ends_with_a_void(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Svea Handel AB", country="SE")
    vat25 = world.tax_rate(percentage=25)
    credited = world.invoice(at=at(2), customer=customer, lines=[row("Plan", 80000, 1, vat25)])
    world.credit_note(credited, at=at(5), lines=[(world.lines[credited["id"]][0], 20000)])
    wrong = world.invoice(at=at(3), customer=customer, lines=[row("Plan", 10000, 1, vat25)])
    world.void_invoice(wrong, at=at(6))
    ledger = book(world, tmp_path, accounting_method="cash")
    spans = ledger.rows("SELECT sale_id, from_day, until_day, open_amount, vat_amount FROM ledger.unpaid ORDER BY 2")
    assert spans == [
        (credited["id"], date(2026, 3, 2), date(2026, 3, 5), 100000, 20000),
        (wrong["id"], date(2026, 3, 3), date(2026, 3, 6), 12500, 2500),
        (credited["id"], date(2026, 3, 5), None, 75000, 15000),
    ]
    assert not ledger.under(tmp_path / "accrual").rows("FROM ledger.unpaid")


def test_a_failed_payment_takes_its_sale_back_and_a_credit_before_payment_books_nothing(tmp_path: Path) -> None:
    world = new_world()
    failing = world.one_off_payment(at=at(4), amount=30000, name="Bo", method="sepa_debit", status="pending")
    world.pending_payment_failed(failing, at=at(8))
    customer = world.customer(name="Svea Handel AB", country="SE")
    credited = world.invoice(at=at(2), customer=customer, lines=[row("Plan", 80000)])
    world.credit_note(credited, at=at(5), lines=[(world.lines[credited["id"]][0], 20000)])
    world.pay_invoice(credited, at=at(9))
    wrong = world.invoice(at=at(2), customer=customer, lines=[row("Plan", 10000)])
    world.void_invoice(wrong, at=at(6))
    ledger = book(world, tmp_path, accounting_method="cash")
    assert ledger.accounts()["3001"] == "-480.00"
    assert ledger.accounts()["2611"] == "-120.00"
    assert ledger.accounts()["1510"] == "0.00"
