"""Closed periods: a document keeps its own date, or is moved by the company's policy and says so, or is held."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.failures import HELD
from fortstripe_dagster.sandbox.fortnox.company import Company, FinancialYear
from fortstripe_dagster.settings.periods import LockedPeriod
from fortstripe_dagster_tests.delivery.house import House, house

D2, D3, D4 = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)
FEES = "voucher:2026-03-02:SEK:fees"


def dates(home: House) -> dict[str, str]:
    """Document id -> date in Fortnox of our vouchers."""
    return {v.comments.removeprefix("fortstripe:"): str(v.day) for v in home.books.vouchers(series="S")}


def test_what_has_no_vat_is_dated_the_first_open_day_and_tells_its_own(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.books.lock(D3)
    plan = home.plan()
    assert [str(document.booked_on) for document in plan.to_send if document.posts] == ["2026-03-04"]
    report = home.deliver()
    assert report.exit_code == 0, report.text()
    (voucher,) = home.books.vouchers(series="S")
    assert voucher.day == D4 and voucher.comments == f"fortstripe:{FEES}"
    assert "Händelsedag 2026-03-02" in voucher.description
    assert home.deliver().nothing_to_do
    home.books.lock(None)
    assert home.deliver().nothing_to_do, "what was moved stays where it is"


@pytest.mark.parametrize("setting", ["closed_until", "vat_filed_until", "lock"])
def test_vat_of_a_closed_period_is_held_with_the_remedy(home: House, setting: str) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000, day=D3)
    home.fee("txn_1:fee", 300, day=D4)
    if setting == "lock":
        home.books.lock(D2)
    settings: dict[str, Any] = {} if setting == "lock" else {setting: D2}
    report = home.deliver(**settings)
    assert report.exit_code == HELD
    (held,) = report.held
    assert held.document_id == "invoice:ch_1" and "2026-03-02" in held.reason and "VAT return" in held.remedy
    assert [item.document_id for item in report.waiting] == ["payment:txn_1"]
    assert home.accounts() == {"1686": "-3.00", "6570": "3.00"}, "what has nothing to do with it goes on"
    home.books.lock(None)
    assert home.deliver().exit_code == 0
    assert home.accounts() == {"1686": "97.00", "2611": "-20.00", "3001": "-80.00", "6570": "3.00"}


def test_a_filed_vat_return_leaves_alone_what_has_no_vat(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.payout("po_1", 5000)
    assert home.deliver(vat_filed_until=D3).exit_code == 0
    assert set(dates(home).values()) == {"2026-03-02"}


def test_an_account_with_a_vat_code_is_vat(home: House) -> None:
    home.entry("txn_1:fee", "fee", [("1686", "-3.00"), ("6570", "3.00")])
    home.entry("txn_2:fee", "fee_vat", [("2645", "1.00"), ("2614", "-1.00")])
    report = home.deliver(vat_filed_until=D2)
    assert [item.document_id for item in report.held] == [FEES]


def test_the_company_may_report_vat_in_the_open_period(home: House) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    policy = LockedPeriod(vat="first_open_day")
    report = home.deliver(closed_until=D3, locked_period=policy)
    assert report.exit_code == 0, report.text()
    (invoice,) = home.books.invoices.all.values()
    assert invoice.day == D4 and "Händelsedag 2026-03-02" in str(invoice.header["Remarks"])
    assert home.deliver(closed_until=D3, locked_period=policy).nothing_to_do


def test_a_company_may_hold_everything(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.books.lock(D3)
    report = home.deliver(locked_period=LockedPeriod(no_vat="hold"))
    assert report.exit_code == HELD and "first_open_day" in report.held[0].remedy
    assert dates(home) == {}


def test_another_financial_year_is_held_unless_the_company_says_otherwise(tmp_path: Path) -> None:
    years = (
        FinancialYear(1, date(2026, 1, 1), date(2026, 3, 31)),
        FinancialYear(2, date(2026, 4, 1), date(2027, 3, 31)),
    )
    with house(tmp_path, company=Company(years=years)) as home:
        home.fee("txn_1:fee", 300)
        home.books.lock(date(2026, 3, 31))
        report = home.deliver()
        assert report.exit_code == HELD and "financial year" in report.held[0].reason
        settings: dict[str, Any] = {"locked_period": LockedPeriod(other_year="first_open_day")}
        assert home.deliver(**settings).exit_code == 0
        assert dates(home) == {FEES: "2026-04-01"}
        assert home.deliver(**settings).nothing_to_do
        assert home.plan(Days(D2, D2)).to_send == ()


def test_what_was_begun_before_is_held_and_never_moved(home: House) -> None:
    home.sale("ch_1", 10000)
    home.change("UPDATE ledger.sale_rows SET vat_ore = 1900")  # Fortnox computes 20.00: the invoice is left unbooked
    home.deliver()
    report = home.deliver(closed_until=D2, locked_period=LockedPeriod(vat="first_open_day"))
    assert report.exit_code == HELD and "begun before" in report.held[0].reason
    (invoice,) = home.books.invoices.all.values()
    assert invoice.day == D2 and not invoice.booked
