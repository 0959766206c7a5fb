"""Late facts: what a sealed document says is never sent again, and only the difference becomes a supplement."""

from __future__ import annotations

from datetime import date

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.failures import HELD
from fortstripe_dagster_tests.delivery.house import House

D3 = date(2026, 3, 3)
FEES = "voucher:2026-03-02:SEK:fees"


def test_a_late_entry_of_a_posted_day_goes_to_a_supplement(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.deliver()
    home.fee("txn_2:fee", 200)
    home.deliver()
    home.fee("txn_3:fee", 100)
    report = home.deliver()
    assert report.written == {"voucher.create": 1, "specification.create": 1, "specification.connect": 1}
    assert home.vouchers() == {
        FEES: {"1686": "-3.00", "6570": "3.00"},
        f"{FEES}:2": {"1686": "-2.00", "6570": "2.00"},
        f"{FEES}:3": {"1686": "-1.00", "6570": "1.00"},
    }
    assert "tillägg 3" in home.books.vouchers(series="S")[-1].description


def test_a_changed_entry_is_corrected_by_the_difference_alone(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.fee("txn_2:fee", 700)
    home.deliver()
    home.fee("txn_1:fee", 250)
    home.deliver()
    assert home.vouchers()[f"{FEES}:2"] == {"1686": "0.50", "6570": "-0.50"}
    assert home.accounts()["6570"] == "9.50"
    assert home.deliver().nothing_to_do


def test_an_entry_that_vanished_is_taken_back(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.fee("txn_2:fee", 700)
    home.deliver()
    home.remove("txn_2:fee")
    home.deliver()
    assert home.accounts()["6570"] == "3.00"
    assert home.deliver().nothing_to_do


def test_a_day_that_the_ledger_does_not_cover_takes_nothing_back(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.deliver()
    home.remove("txn_1:fee")
    home.sql("DELETE FROM ledger.covered_days WHERE day = '2026-03-02'")
    assert home.deliver().nothing_to_do
    assert home.accounts()["6570"] == "3.00"


def test_an_entry_that_moved_to_another_day_moves_in_fortnox_when_both_days_are_synced(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.deliver()
    home.fee("txn_1:fee", 300, day=D3)
    report = home.deliver(Days(D3, D3))
    assert report.exit_code == HELD and "2026-03-02" in report.held[0].remedy
    assert home.accounts()["6570"] == "3.00"
    assert home.deliver().exit_code == 0
    assert home.vouchers() == {
        FEES: {"1686": "-3.00", "6570": "3.00"},
        f"{FEES}:2": {"1686": "3.00", "6570": "-3.00"},
        "voucher:2026-03-03:SEK:fees": {"1686": "-3.00", "6570": "3.00"},
    }


def test_a_changed_sale_that_is_an_invoice_waits_for_a_person(home: House) -> None:
    home.sale("ch_1", 10000)
    home.deliver()
    home.entry(
        "ch_1:sale", "sale", [("1510", "100.00"), ("3002", "-89.29", "12"), ("2621", "-10.71", "12")], sale_id="ch_1"
    )
    report = home.deliver()
    assert report.exit_code == HELD
    (held,) = report.held
    assert held.document_id == "correction:invoice:ch_1" and "2611 +20.00" in held.reason
    assert home.accounts() == {"1510": "100.00", "2611": "-20.00", "3001": "-80.00"}
    assert home.sql("SELECT status FROM delivery.documents WHERE document_id = 'invoice:ch_1'") == [("done",)]


def test_a_change_of_packaging_keeps_history(home: House) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    home.deliver(sales="daily_voucher")
    home.sale("ch_2", 20000)
    home.payment("txn_2", "ch_2", 20000)
    home.credit("re_1", "ch_1", 10000, day=D3)
    home.refund("txn_3", "ch_1", "re_1", 10000, day=D3)
    report = home.deliver(sales="invoice")
    assert report.exit_code == 0, report.text()
    assert len(home.books.invoices.all) == 1, "the refund of a voucher's sale is a voucher"
    assert home.accounts() == {"1686": "200.00", "2611": "-40.00", "3001": "-160.00"}
    again = home.deliver(sales="daily_voucher")
    assert again.nothing_to_do


def test_a_name_that_changed_in_stripe_changes_nothing_that_was_sent(home: House) -> None:
    home.sale("ch_1", 10000, name="Anna Berg")
    home.deliver()
    home.sql("UPDATE ledger.parties SET name = 'Anna Lund'")
    home.sql("UPDATE ledger.entries SET rule_version = 'newer', text = 'another'")
    assert home.deliver().nothing_to_do
