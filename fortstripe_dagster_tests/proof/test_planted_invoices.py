"""Planted errors in invoices, days and opening balances: each is caught, named, and told what to do about."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster_tests.proof.company import Company, only
from fortstripe_dagster_tests.proof.test_planted import Found, Planter, edit, planted, status, unnoted

__all__ = ["planted"]

D = Decimal


def while_booking(company: Company) -> dict[str, Any]:
    """A sale that gets no invoice, and a payment that is not booked."""
    ((sale, charge),) = company.sql(
        "SELECT sale_id, charge FROM ledger.sales WHERE kind = 'charge' ORDER BY gross DESC LIMIT 1"
    )
    ((payment, paid),) = company.sql(
        "SELECT entry_id, charge FROM ledger.entries WHERE kind = 'payment' ORDER BY event_day LIMIT 1"
    )
    company.book(skip=(f"{sale}:sale", payment))
    return {"without invoice": charge, "payment": payment, "paid": paid}


def in_fortnox(company: Company) -> dict[str, Any]:
    invoices = company.books.invoices
    row = {"AccountNumber": 3001, "DeliveredQuantity": D(1), "Price": D(10), "VAT": 25, "Description": "Vara"}
    fields = {
        "CustomerNumber": "KUND",
        "InvoiceDate": invoices.get(2).day,
        "ExternalInvoiceReference1": invoices.get(2).header["ExternalInvoiceReference1"],
        "InvoiceRows": [row],
    }
    second = invoices.create(fields).number
    invoices.get(3).voucher = None
    invoices.get(4).paid -= D(100)
    return {
        "second": second, "not booked": invoices.get(3).header["ExternalInvoiceReference1"],
        "wrongly paid": invoices.get(4).header["ExternalInvoiceReference1"],
    }  # fmt: skip


@pytest.fixture(scope="module")
def wrong(planted: Planter) -> Found:
    return planted(while_booking, in_fortnox)


def test_a_payment_without_an_invoice(wrong: Found) -> None:
    item = only(wrong.report.alarms, "no invoice")
    assert wrong.about["without invoice"] in item.text and item.equations == ("8",)
    assert (status(wrong.report, "8"), status(wrong.report, "9")) == ("alarm", "alarm")


def test_two_invoices_for_one_payment(wrong: Found) -> None:
    item = only(wrong.report.alarms, "several invoices")
    assert f"has 2 invoices in Fortnox: {wrong.about['second']}, 2" in item.text


def test_an_invoice_that_is_not_booked(wrong: Found) -> None:
    item = only(wrong.report.alarms, "invoice not booked")
    assert item.equations == ("8",) and "3" in item.text


def test_an_invoice_that_is_not_paid(wrong: Found) -> None:
    paid = wrong.about["paid"]
    (item,) = [each for each in wrong.report.alarms if each.kind == "invoice not paid" and paid in each.text]
    assert "which is open by 219.00 SEK" in item.text
    assert wrong.about["payment"] in {each.id for each in wrong.report.alarms if each.kind == "unsent"}


def test_a_payment_on_the_wrong_invoice(wrong: Found) -> None:
    (item,) = [each for each in wrong.report.alarms if each.kind == "open otherwise"]
    assert item.id == wrong.about["wrongly paid"]
    assert "open by 100.00 SEK in Fortnox and by 0.00 SEK in the ledger" in item.text


def vat_elsewhere(company: Company) -> dict[str, Any]:
    """Invoices whose VAT, or sale, Fortnox put on another account than the ledger's: that is no rounding."""
    vouchers, invoices = company.books.vouchers(2, "B"), company.books.invoices
    edit(vouchers[0], "2611", "2621", D("20.00"))
    edit(vouchers[2], "3001", "3002", D("20.00"))
    number = {"2611": 1, "3001": 3}
    return {
        account: f"invoice:{invoices.get(no).header['ExternalInvoiceReference1']}" for account, no in number.items()
    }


@pytest.fixture(scope="module")
def other_account(planted: Planter) -> Found:
    return planted(after=vat_elsewhere)


@pytest.mark.parametrize("account", ["2611", "3001"])
def test_vat_posted_elsewhere(other_account: Found, account: str) -> None:
    assert status(other_account.report, "6", account) == "alarm"
    assert other_account.alarm(account).equations == ("6",)
    assert {item.id for item in other_account.report.alarms} == set(other_account.about.values())


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
