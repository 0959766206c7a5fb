"""Planted errors: each must be caught, named with what is behind it, and told what to do about."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.proof import ProofReport
from fortstripe_dagster.sandbox.fortnox.ledger import Voucher, signed_row
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.proof.company import Company, local, only
from fortstripe_dagster_tests.proof.conftest import Prepared

D = Decimal


def status(report: ProofReport, equation: str, account: str = "") -> str:
    """The worst status of an equation."""
    rows = [each for each in report.equations if each.equation == equation and account in ("", each.account)]
    assert rows, f"equation {equation} is not in the report"
    return max((each.status for each in rows), key=("ok", "explained", "alarm").index)


def fees_voucher(company: Company) -> tuple[str, date, int]:
    """The first day's fee voucher: document id, day and number."""
    ((document, day, number),) = company.sql(
        "SELECT document_id, day, voucher_number FROM delivery.documents WHERE document_id LIKE '%:fees' "
        "ORDER BY day LIMIT 1"
    )
    return document, day, number


# Stripe against the ledger


def test_a_fee_missing_from_the_ledger(company: Company) -> None:
    ((entry, transaction),) = company.sql(
        "SELECT entry_id, balance_transaction FROM ledger.entries WHERE kind = 'fee' ORDER BY entry_id LIMIT 1"
    )
    ((fee,),) = company.sql("SELECT fee FROM stripe.balance_transactions WHERE id = ?", transaction)
    company.sql("DELETE FROM ledger.lines WHERE entry_id = ?", entry)
    company.sql("DELETE FROM ledger.entries WHERE entry_id = ?", entry)
    company.book()
    report = company.prove()
    assert (report.ok, report.exit_code, status(report, "1")) == (False, 1, "alarm")
    item = only(report.alarms, "other amount")
    assert (item.id, item.amount) == (transaction, -D(fee) / 100)
    assert transaction in item.text and "1" in item.equations


def test_a_transaction_missing_from_the_ledger(company: Company) -> None:
    ((entry, day),) = company.sql("SELECT entry_id, event_day FROM ledger.entries WHERE kind = 'dispute'")
    company.sql("DELETE FROM ledger.lines WHERE starts_with(entry_id, ?)", entry)
    company.sql("DELETE FROM ledger.entries WHERE starts_with(entry_id, ?)", entry)
    company.book()
    report = company.prove()
    assert only(report.alarms, "not in the ledger").id == entry
    assert next(each for each in report.equations if each.equation == "1").first_bad_day == day


def test_a_transaction_booked_on_the_wrong_side_of_midnight(company: Company) -> None:
    late = "(SELECT entry_id FROM ledger.entries WHERE event_day = DATE '2026-03-29' AND kind = 'payment' LIMIT 1)"
    ((entry,),) = company.sql(late)
    for table in ("ledger.entries", "ledger.lines"):
        company.sql(f"UPDATE {table} SET event_day = DATE '2026-03-30' WHERE entry_id = ?", entry)
    company.book()
    report = company.prove()
    item = only(report.alarms, "other day")
    assert (item.id, item.first_day, item.last_day) == (entry, date(2026, 3, 29), date(2026, 3, 29))


def test_stripe_own_balance_differs(company: Company) -> None:
    company.book()
    company.sql("UPDATE stripe.balances SET available = available + 4200")
    report = company.prove()
    assert status(report, "4b") != "ok"
    item = only(report.waiting + report.alarms, "balance")
    assert item.amount == D(42) and "42.00 SEK more" in item.text


def test_a_payout_whose_transactions_do_not_add_up(company: Company) -> None:
    company.book()
    ((payout, transaction, net),) = company.sql(
        "SELECT m.payout, b.id, b.net FROM stripe.payout_members m JOIN stripe.balance_transactions b "
        "ON b.id = m.balance_transaction ORDER BY b.id LIMIT 1"
    )
    company.sql("DELETE FROM stripe.payout_members WHERE balance_transaction = ?", transaction)
    report = company.prove()
    item = only(report.alarms, "payout does not add up")
    assert (item.id, item.amount, status(report, "7")) == (payout, D(net) / 100, "alarm")


def test_a_payout_member_that_was_never_read_is_named(company: Company) -> None:
    company.book()
    company.sql("UPDATE stripe.payout_members SET balance_transaction = 'txn_lost' WHERE balance_transaction = "
                "(SELECT min(balance_transaction) FROM stripe.payout_members)")  # fmt: skip
    assert "txn_lost" in only(company.prove().alarms, "payout does not add up").text


def test_a_payout_that_never_reached_the_bank(company: Company) -> None:
    ((payout,),) = company.sql("SELECT id FROM stripe.payouts WHERE day = DATE '2026-03-12'")
    company.sql("UPDATE stripe.payouts SET status = 'in_transit' WHERE id = ?", payout)
    company.sql("DELETE FROM ledger.lines WHERE entry_id = ?", f"{payout}:arrived")
    company.sql("DELETE FROM ledger.entries WHERE entry_id = ?", f"{payout}:arrived")
    company.book()
    report = company.prove()
    item = only(report.alarms, "overdue")
    assert item.id == payout and "in_transit" in item.text and "banking days ago" in item.text
    soon = company.prove(Days(date(2026, 3, 1), date(2026, 3, 18)))
    assert payout in {each.id for each in soon.items if each.kind == "on its way"}, "three banking days are no alarm"


# The ledger against Fortnox


def test_one_ore(company: Company) -> None:
    with company.bookkeeper() as bookkeeper:
        (fee, *_) = bookkeeper.entries_of_kind("fee")
        bookkeeper.skip = {fee.entry_id}
        bookkeeper.book_everything()
        document = "voucher:one öre"
        bookkeeper.voucher(document, fee.day, [fee], extra="0.01")
    report = company.prove()
    item = only(report.alarms, "differs")
    assert (item.id, abs(item.amount)) == (document, D("0.01"))
    assert "2" in item.equations and status(report, "2") == "alarm"
    assert {each.id for each in report.alarms} == {document}


def test_an_edited_amount(company: Company) -> None:
    company.book()
    document, _, number = fees_voucher(company)
    voucher = next(each for each in company.books.vouchers(2, "S") if each.number == number)
    edit(voucher, "1686", "2999", D("10.00"))
    report = company.prove()
    items = {each.id: each for each in report.alarms}
    assert set(items) == {document} and items[document].kind == "differs"
    assert items[document].equations == ("2", "6"), "both accounts are named"
    assert "10.00 SEK in debit on account 1686 more than was sent" in items[document].text


def test_an_edit_beside_the_clearing_account(company: Company) -> None:
    company.book()
    document, _, number = fees_voucher(company)
    voucher = next(each for each in company.books.vouchers(2, "S") if each.number == number)
    edit(voucher, "6570", "6540", D("10.00"))
    report = company.prove()
    assert (status(report, "2"), status(report, "6", "6570"), status(report, "6", "6540")) == ("ok", "alarm", "alarm")
    assert only(report.alarms, "differs").id == document


def edit(voucher: Voucher, account: str, counter: str, amount: Decimal) -> None:
    """Change a posted voucher behind Fortnox's back: `amount` more on an account, less on its counter account."""
    rows = [*voucher.rows, signed_row(int(account), amount), signed_row(int(counter), -amount)]
    object.__setattr__(voucher, "rows", tuple(rows))


def test_a_doubled_voucher(company: Company) -> None:
    company.book()
    document, day, number = fees_voucher(company)
    original = next(each for each in company.books.vouchers(2, "S") if each.number == number)
    year = company.books.ledger.required_year_of(day)
    company.books.ledger.post_manual(year, "S", day, original.description, original.rows)
    report = company.prove()
    item = only(report.alarms, "double")
    assert item.id.startswith("voucher S ") and f"repeats voucher S {number} of 2026" in item.text
    assert status(report, "2") == "alarm"


def test_a_voucher_in_our_series_that_the_journal_does_not_know(company: Company) -> None:
    company.book()
    unnoted(company, date(2026, 3, 20), {"1686": D(77), "2999": D(-77)}, "S")
    item = only(company.prove().alarms, "unknown")
    assert item.amount == D(-77) and "fortstripe adopt" in item.remedy


def test_a_manual_voucher_on_the_clearing_account(company: Company) -> None:
    company.book()
    voucher = unnoted(company, date(2026, 3, 20), {"1686": D(-500), "1930": D(500)}, "A")
    report = company.prove()
    assert (report.ok, report.exit_code, status(report, "2")) == (True, 3, "explained")
    item = only(report.waiting, "manual")
    assert (item.id, item.amount, item.first_day) == (f"voucher A {voucher} of 2026", D(500), date(2026, 3, 20))
    assert "Rättelse" in item.text and "posts 500.00 SEK in credit on account 1686" in item.text
    (sek,) = report.tie_out
    assert sek.difference == D(500) and sek.line().endswith("difference 500.00, all of it explained")
    before = company.sql("SELECT status FROM proof.tie_out WHERE equation = '2' AND day = DATE '2026-03-19'")
    assert before == [("ok",)], "it explains nothing before its own day"


def unnoted(company: Company, day: date, amounts: dict[str, Decimal], series: str) -> int:
    """Post a voucher that nobody notes; its number."""
    year = company.books.ledger.required_year_of(day)
    rows = [signed_row(int(account), amount) for account, amount in amounts.items()]
    return company.books.ledger.post_manual(year, series, day, "Rättelse", rows).number


def test_a_voucher_that_was_removed_in_fortnox(company: Company) -> None:
    company.book()
    document, _, number = fees_voucher(company)
    company.sql("UPDATE delivery.documents SET voucher_number = 9999 WHERE document_id = ?", document)
    report = company.prove()
    item = only(report.alarms, "missing")
    assert item.id == document and "voucher S 9999" in item.text


def test_an_entry_that_was_never_delivered(company: Company) -> None:
    ((fee,),) = company.sql("SELECT min(entry_id) FROM ledger.entries WHERE kind = 'fee'")
    company.book(skip=(fee,))
    report = company.prove()
    item = only(report.alarms, "unsent")
    assert item.id == fee and item.equations == ("2", "6", "9")
    assert (status(report, "2"), status(report, "9")) == ("alarm", "alarm")


def test_a_held_entry_is_explained_and_waits_for_a_person(company: Company) -> None:
    ((fee,),) = company.sql("SELECT min(entry_id) FROM ledger.entries WHERE kind = 'fee'")
    company.book(held={fee: "the period is locked to 2026-03-31"})
    report = company.prove()
    assert (report.ok, report.exit_code, report.alarms) == (True, 3, ())
    item = only(report.waiting, "held")
    assert item.equations == ("2", "6", "9") and "the period is locked" in item.text
    assert item.remedy == "unlock the period in Fortnox"
    assert (status(report, "2"), status(report, "9")) == ("explained", "explained")


def test_a_document_that_a_locked_period_moved(company: Company) -> None:
    with company.bookkeeper() as bookkeeper:
        (fee, *_) = bookkeeper.entries_of_kind("fee")
        bookkeeper.skip = {fee.entry_id}
        bookkeeper.book_everything()
        bookkeeper.voucher("voucher:moved", fee.day, [fee], posted_on=date(2026, 3, 25))
    report = company.prove()
    assert (report.ok, report.exit_code, status(report, "2")) == (True, 0, "explained")
    item = only(report.explained, "dated later")
    assert (item.id, item.first_day, item.last_day) == ("voucher:moved", fee.day, date(2026, 3, 24))
    rows = company.sql("SELECT status FROM proof.tie_out WHERE equation = '2' AND day >= DATE '2026-03-25'")
    assert {row[0] for row in rows} == {"ok"}


def test_an_entry_in_two_documents(company: Company) -> None:
    company.book()
    with company.warehouse.transaction() as connection:
        connection.execute(
            "INSERT INTO delivery.documents SELECT * REPLACE (document_id || ':again' AS document_id) "
            "FROM delivery.documents WHERE document_id LIKE '%:fees' ORDER BY day LIMIT 1"
        )
        connection.execute(
            "INSERT INTO delivery.document_lines SELECT * REPLACE (document_id || ':again' AS document_id) "
            "FROM delivery.document_lines WHERE document_id || ':again' IN (SELECT document_id FROM delivery.documents)"
        )
    report = company.prove()
    assert {item.kind for item in report.alarms} >= {"twice"}
    assert status(report, "9") == "alarm"


def test_an_entry_that_changed_after_it_was_delivered(company: Company) -> None:
    company.book()
    ((fee,),) = company.sql("SELECT min(entry_id) FROM ledger.entries WHERE kind = 'fee'")
    company.sql("UPDATE ledger.lines SET debit = debit + 1 WHERE entry_id = ? AND debit > 0", fee)
    company.sql("UPDATE ledger.lines SET credit = credit + 1 WHERE entry_id = ? AND credit > 0", fee)
    report = company.prove()
    item = only(report.alarms, "changed")
    assert item.id == fee and "correction is not sent" in item.text


def test_an_entry_that_vanished_after_it_was_delivered(company: Company) -> None:
    company.book()
    ((fee,),) = company.sql("SELECT min(entry_id) FROM ledger.entries WHERE kind = 'fee'")
    for table in ("ledger.lines", "ledger.entries"):
        company.sql(f"DELETE FROM {table} WHERE entry_id = ?", fee)
    assert only(company.prove().alarms, "vanished").id == f"entry:{fee}"


# Receivables and invoices


def test_a_payment_without_an_invoice(company: Company) -> None:
    ((sale, charge),) = company.sql(
        "SELECT sale_id, charge FROM ledger.sales WHERE kind = 'charge' ORDER BY gross DESC LIMIT 1"
    )
    company.book(skip=(f"{sale}:sale",))
    report = company.prove()
    item = only(report.alarms, "no invoice")
    assert charge in item.text and item.equations == ("8",)
    assert (status(report, "8"), status(report, "9")) == ("alarm", "alarm")


def test_two_invoices_for_one_payment(company: Company) -> None:
    company.book()
    invoice = company.books.invoices.get(1)
    row = {"AccountNumber": 3001, "DeliveredQuantity": D(1), "Price": D(10), "VAT": 25, "Description": "Vara"}
    fields = {
        "CustomerNumber": "KUND",
        "InvoiceDate": invoice.day,
        "ExternalInvoiceReference1": invoice.header["ExternalInvoiceReference1"],
        "InvoiceRows": [row],
    }
    second = company.books.invoices.create(fields).number
    item = only(company.prove().alarms, "several invoices")
    assert f"2 invoices in Fortnox: 1, {second}" in item.text


def test_an_invoice_that_is_not_booked(company: Company) -> None:
    company.book()
    invoice = company.books.invoices.get(3)
    invoice.voucher = None
    report = company.prove()
    assert only(report.alarms, "invoice not booked").equations == ("8",)


def test_an_invoice_that_is_not_paid(company: Company) -> None:
    ((payment, charge),) = company.sql(
        "SELECT entry_id, charge FROM ledger.entries WHERE kind = 'payment' ORDER BY event_day LIMIT 1"
    )
    company.book(skip=(payment,))
    report = company.prove()
    item = only(report.alarms, "invoice not paid")
    assert charge in item.text and "which is open by 219.00 SEK" in item.text
    assert payment in {item.id for item in report.alarms if item.kind == "unsent"}


def test_a_voucher_past_the_sub_ledger(company: Company) -> None:
    company.book()
    number = unnoted(company, date(2026, 3, 20), {"1510": D(-300), "1930": D(300)}, "A")
    report = company.prove()
    assert status(report, "5") == "explained"
    item = only(report.waiting, "manual")
    assert item.id == f"voucher A {number} of 2026" and item.amount == D(-300)
    assert item.first_day == date(2026, 3, 20)


def test_a_payment_on_the_wrong_invoice(company: Company) -> None:
    ((payment,),) = company.sql("SELECT min(entry_id) FROM ledger.entries WHERE kind = 'payment'")
    company.book()
    invoice = company.books.invoices.get(3)
    invoice.paid -= D(100)
    report = company.prove()
    item = only(report.alarms, "open otherwise")
    assert item.id == invoice.header["ExternalInvoiceReference1"]
    assert "open by 100.00 SEK in Fortnox and by 0.00 SEK in the ledger" in item.text


# Days, openings, unknown movements


def test_an_unknown_movement_is_named_on_suspense(prepared: Prepared) -> None:
    world = World(seed=8, now=local(2, 20))
    world.one_off_payment(at=local(3, 2), amount=50000, name="Anna Berg", email="a@example.com")
    world.balance_transaction(at=local(3, 3), type="obscure_thing", amount=-700, description="What is this?")
    company = prepared(world)
    company.book()
    report = company.prove()
    assert report.ok
    item = only(report.items, "on suspense")
    assert (item.amount, item.severity) == (D(7), "info") and "obscure_thing" in item.text


def test_days_that_were_not_synced(company: Company) -> None:
    company.sql("DELETE FROM ledger.covered_days WHERE day = DATE '2026-03-04'")
    for table in ("ledger.lines", "ledger.entries"):
        company.sql(f"DELETE FROM {table} WHERE event_day = DATE '2026-03-04'")
    company.book()
    report = company.prove()
    assert only(report.alarms, "day not synced").id == "2026-03-04"
    assert {item.severity for item in report.items if item.kind == "not synced"} == {"alarm"}
    later = company.prove(Days(date(2026, 3, 10), date(2026, 3, 31)))
    assert {item.kind for item in later.alarms} == set()
    assert {item.severity for item in later.items if item.kind == "not synced"} == {"waits"}
    assert "sync --from 2026-03-04 --to 2026-03-04" in later.waiting[0].remedy


def test_what_stood_on_clearing_before_the_start_is_named(company: Company) -> None:
    company.book()
    company.books.ledger.accounts[2][1686].opening = D(1000)
    company.books.ledger.accounts[2][2081].opening = D(-1000)
    unnoted(company, date(2026, 2, 10), {"1686": D(50), "1930": D(-50)}, "A")
    report = company.prove()
    assert (report.ok, report.exit_code, status(report, "2")) == (True, 0, "explained")
    item = only(report.explained, "opening in Fortnox")
    assert item.amount == D(-1050) and "stood at 1050.00 SEK in Fortnox before 2026-03-01" in item.text


@pytest.mark.parametrize("account", ["2611", "3001"])
def test_vat_posted_elsewhere(company: Company, account: str) -> None:
    """An invoice whose VAT Fortnox put on another account than the ledger's is no rounding."""
    company.book()
    edit(company.books.vouchers(2, "B")[0], account, "2621" if account == "2611" else "3002", D("20.00"))
    report = company.prove()
    assert status(report, "6", account) == "alarm"
    assert {item.id for item in report.alarms} == {
        f"invoice:{company.books.invoices.get(1).header['ExternalInvoiceReference1']}"
    }


def test_an_opening_balance_that_was_not_carried_over(prepared: Prepared) -> None:
    world = World(seed=9, now=local(12, 1, year=2025))
    world.one_off_payment(at=local(12, 30, year=2025), amount=12500, name="Anna Berg", email="a@example.com")
    days = Days(date(2025, 12, 28), date(2026, 1, 5))
    company = prepared(world, days, start_date=days.first)
    company.book()
    company.books.ledger.accounts[2][1686].opening = D(-20)  # beside what the stand-in carries forward itself
    report = company.prove(days)
    item = only(report.items, "opening not carried over")
    assert (report.ok, item.severity, item.amount) == (True, "info", D(20))
    assert "Ingående balanser" in item.remedy
    assert status(report, "2") == "ok" and not report.tie_out[0].difference, (
        "the vouchers prove the balance all the same"
    )
