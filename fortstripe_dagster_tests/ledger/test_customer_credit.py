"""Money beside Stripe's balance: overpayments, credit balances, invoices paid elsewhere, advances with their VAT."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from fortstripe_dagster.ledger import build
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world, row


def transaction_of(world: World, source: str, type: str = "charge") -> str:
    (found,) = [t for t in world.all("balance_transaction") if t["source"] == source and t["type"] == type]
    return str(found["id"])


def open_receivables(ledger: Book) -> dict[str, str]:
    """Sales whose receivable is not settled, in kronor."""
    return dict(
        ledger.rows(
            "SELECT e.sale_id, sum(l.debit - l.credit)::VARCHAR "
            "FROM ledger.lines l JOIN ledger.entries e USING (entry_id) "
            "WHERE l.account = '1510' GROUP BY 1 HAVING sum(l.debit - l.credit) <> 0"
        )
    )


def test_what_is_overpaid_is_the_customers_and_the_next_invoice_uses_it(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Svea Handel AB", country="SE")
    first = world.invoice(at=at(2), customer=customer, lines=[row("Plan", 125000)])
    charge = world.pay_invoice(first, at=at(3), amount=135000, fee=0)
    second = world.invoice(at=at(5), customer=customer, lines=[row("Plan", 50000)])
    world.pay_invoice(second, at=at(6), fee=0)
    ledger = book(world, tmp_path)
    assert ledger.entry(transaction_of(world, charge["id"])) == {
        "1510": "-1250.00",
        "1686": "1350.00",
        "2899": "-100.00",
    }
    assert ledger.entry(f"{second['id']}:credit_balance") == {"1510": "-100.00", "2899": "100.00"}
    assert open_receivables(ledger) == {}
    assert ledger.accounts()["2899"] == "0.00"


def test_a_credit_note_to_the_balance_is_a_debt_until_an_invoice_uses_it(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Svea Handel AB", country="SE")
    first = world.invoice(at=at(2), customer=customer, lines=[row("Plan", 125000)])
    world.pay_invoice(first, at=at(3))
    note = world.credit_note(first, at=at(4), lines=[(world.lines[first["id"]][0], 25000)], to="balance")
    ledger = book(world, tmp_path)
    assert ledger.entry(f"{note['id']}:credit") == {"1510": "-250.00", "2611": "50.00", "3001": "200.00"}
    assert ledger.entry(f"{note['id']}:to_balance") == {"1510": "250.00", "2899": "-250.00"}
    assert open_receivables(ledger) == {}


def test_a_void_gives_the_credit_balance_back(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Svea Handel AB", country="SE")
    paid = world.invoice(at=at(2), customer=customer, lines=[row("Plan", 125000)])
    world.pay_invoice(paid, at=at(3), amount=135000)
    wrong = world.invoice(at=at(5), customer=customer, lines=[row("Plan", 50000)])
    world.void_invoice(wrong, at=at(7))
    ledger = book(world, tmp_path)
    assert open_receivables(ledger) == {}
    assert ledger.entry(f"{wrong['id']}:credit_balance_returned") == {"1510": "100.00", "2899": "-100.00"}
    assert ledger.accounts()["2899"] == "-100.00"


def test_an_invoice_paid_outside_stripe_waits_until_its_account_is_chosen(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Svea Handel AB", country="SE")
    invoice = world.invoice(at=at(2), customer=customer, lines=[row("Plan", 125000)], collection_method="send_invoice")
    link = world.pay_invoice_off_stripe(invoice, at=at(9))
    undecided = book(world, tmp_path / "undecided")
    (held,) = undecided.report.held
    assert (held.entry_id, held.day) == (link["id"], date(2026, 3, 9))
    assert "accounts.paid_outside_stripe" in held.text
    accounts = {"clearing": {"SEK": "1686"}, "paid_outside_stripe": "1930"}
    decided = undecided.under(tmp_path / "decided", accounts=accounts)
    assert decided.entry(link["id"]) == {"1510": "-1250.00", "1930": "1250.00"}
    assert not decided.report.held


def test_a_refund_outside_stripe_goes_where_the_company_says(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Svea Handel AB", country="SE")
    invoice = world.invoice(at=at(2), customer=customer, lines=[row("Plan", 125000)])
    world.pay_invoice(invoice, at=at(3))
    note = world.credit_note(invoice, at=at(4), to="out_of_band")
    accounts = {"clearing": {"SEK": "1686"}, "paid_outside_stripe": "1930"}
    ledger = book(world, tmp_path, accounts=accounts)
    assert ledger.entry(f"{note['id']}:outside") == {"1510": "1250.00", "1930": "-1250.00"}
    assert open_receivables(ledger) == {}


def test_money_before_the_invoice_date_owes_its_vat_when_received_and_once_only(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Svea Handel AB", country="SE")
    invoice = world.invoice(at=at(2), customer=customer, lines=[row("Plan", 125000)], effective_at=at(20))
    charge = world.pay_invoice(invoice, at=at(3), fee=0)
    ledger = book(world, tmp_path)
    payment = transaction_of(world, charge["id"])
    assert ledger.together(payment, f"{payment}:vat") == {"1686": "1250.00", "2420": "-1000.00", "2611": "-250.00"}
    assert ledger.day(f"{payment}:vat") == date(2026, 3, 3)
    settled = (f"{payment}:settled", f"{payment}:vat_settled")
    assert ledger.together(*settled) == {"1510": "-1250.00", "2420": "1000.00", "2611": "250.00"}
    assert {ledger.day(entry) for entry in settled} == {date(2026, 3, 20)}
    assert ledger.accounts()["2420"] == "0.00"
    assert ledger.accounts()["2611"] == "-250.00"


def test_an_advance_in_two_parts_and_two_rates_owes_all_its_vat(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Svea Handel AB", country="SE")
    rates = [world.tax_rate(percentage=percent, country="SE") for percent in (25, 6)]
    lines = [row("Plan", 33333, 1, rates[0]), row("Bok", 10007, 1, rates[1])]
    invoice = world.invoice(at=at(2), customer=customer, lines=lines, effective_at=at(20))
    world.pay_invoice(invoice, at=at(3), amount=10001)
    world.pay_invoice(invoice, at=at(4))
    ledger = book(world, tmp_path)
    due = dict(
        ledger.rows(
            "SELECT l.account, sum(l.debit - l.credit)::VARCHAR FROM ledger.lines l "
            "WHERE l.entry_id LIKE '%:vat' AND l.account LIKE '26%' GROUP BY 1"
        )
    )
    assert due == dict(
        ledger.rows(
            "SELECT account, sum(debit - credit)::VARCHAR FROM ledger.lines WHERE account LIKE '26%' GROUP BY 1"
        )
    )
    assert due.keys() == {"2611", "2631"}
    assert ledger.accounts()["2420"] == "0.00"


def test_a_credit_balance_given_by_hand_waits_for_its_account(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Svea Handel AB", country="SE")
    world.give_credit(customer, at=at(2), amount=10000)
    invoice = world.invoice(at=at(5), customer=customer, lines=[row("Plan", 50000)])
    world.pay_invoice(invoice, at=at(6))
    undecided = book(world, tmp_path / "undecided")
    assert any("accounts.granted_credit" in remark.text for remark in undecided.report.held)
    accounts = {"clearing": {"SEK": "1686"}, "granted_credit": "3730"}
    decided = undecided.under(tmp_path / "decided", accounts=accounts)
    assert decided.accounts()["3730"] == "100.00"
    assert decided.accounts()["2899"] == "0.00"
    assert open_receivables(decided) == {}


@pytest.mark.parametrize("told", [True, False], ids=["Stripe tells how much", "an older version tells nothing"])
def test_an_invoice_called_paid_without_any_payment_was_paid_outside(tmp_path: Path, told: bool) -> None:
    world = new_world()
    customer = world.customer(name="Svea Handel AB", country="SE")
    invoice = world.invoice(at=at(2), customer=customer, lines=[row("Plan", 125000)], collection_method="send_invoice")
    link = world.pay_invoice_off_stripe(invoice, at=at(9))
    if not told:
        invoice["amount_paid_off_stripe"] = None
    accounts = {"clearing": {"SEK": "1686"}, "paid_outside_stripe": "1930"}
    ledger = book(world, tmp_path, accounts=accounts)
    assert ledger.rows("SELECT entry_id FROM ledger.settlements") == [(link["id"],)]
    with ledger.sql() as connection:
        connection.execute("DELETE FROM stripe.invoice_payments")
    build(ledger.settings, ledger.warehouse)
    entry = f"{invoice['id']}:paid_outside"
    assert ledger.entry(entry) == {"1510": "-1250.00", "1930": "1250.00"}
    assert ledger.day(entry) == date(2026, 3, 9)
    assert open_receivables(ledger) == {}
