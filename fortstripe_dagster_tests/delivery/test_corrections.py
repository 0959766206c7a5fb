"""Late facts: what a sealed document says is never sent again, and only the difference becomes a supplement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from starlette.responses import JSONResponse

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.failures import HELD
from fortstripe_dagster_tests.delivery.house import House, house

D3, D4, D5 = date(2026, 3, 3), date(2026, 3, 4), date(2026, 3, 5)
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
    home.change("DELETE FROM ledger.covered_days WHERE day = '2026-03-02'")
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


def change(home: House, sale_id: str, gross: int, **choices: Any) -> None:
    """The ledger says something else of a sale."""
    for table in ("parties", "sales", "sale_rows"):
        home.change(f"DELETE FROM ledger.{table} WHERE sale_id = ?", sale_id)
    home.sale(sale_id, gross, **choices)


def test_a_wrong_account_of_an_invoice_is_reposted(home: House) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    home.deliver()
    change(home, "ch_1", 10000, account="3520")
    report = home.deliver()
    assert report.written == {"voucher.create": 1}, report.text()
    name = "voucher:2026-03-02:invoice:ch_1:repost"
    assert home.vouchers() == {name: {"3001": "80.00", "3520": "-80.00"}}
    (voucher,) = home.books.vouchers(series="S")
    assert "Omföring av nr 1 2026-03-02: underlaget" in voucher.description
    assert home.deliver().nothing_to_do
    change(home, "ch_1", 10000, account="3540")
    home.deliver()
    assert home.vouchers()[f"{name}2"] == {"3520": "80.00", "3540": "-80.00"}
    assert home.accounts() == {"1686": "100.00", "2611": "-20.00", "3540": "-80.00"}


def test_wrong_vat_is_credited_and_invoiced_anew_and_both_name_each_other(home: House) -> None:
    home.sale("ch_1", 10000)
    home.deliver()
    change(home, "ch_1", 10000, rate=12, account="3002", vat_account="2621")
    report = home.deliver()
    assert report.exit_code == 0, report.text()
    assert report.documents() == {"invoice": 1, "credit_invoice": 1, "payment": 2}, (
        "the wrong one and its credit set off"
    )
    assert home.accounts() == {"1510": "100.00", "2621": "-10.71", "3002": "-89.29"}
    _, credit, new = home.books.invoices.all.values()
    assert credit.is_credit and "Krediterar faktura 1: underlaget" in str(credit.header["Remarks"])
    assert "Ersätter 1: underlaget" in str(new.header["Remarks"])
    assert home.deliver().nothing_to_do
    home.payment("txn_1", "ch_1", 10000)
    home.credit("re_1", "ch_1", 10000, rate=12, account="3002")
    home.change("UPDATE ledger.lines SET account = '2621' WHERE entry_id = 're_1:credit' AND account = '2611'")
    home.deliver()
    assert home.books.invoices.all[3].balance == 0, "what comes later belongs to the new invoice"
    assert "Krediterar faktura 3" in str(home.books.invoices.all[4].header["Remarks"])


def test_what_was_paid_of_a_corrected_invoice_pays_the_new_one(home: House) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    home.deliver()
    change(home, "ch_1", 10000, rate=12, account="3002", vat_account="2621")
    assert home.deliver().exit_code == 0
    assert home.accounts() == {"1686": "100.00", "2621": "-10.71", "3002": "-89.29"}
    assert [str(invoice.balance) for invoice in home.books.invoices.all.values()] == ["0.00"] * 3
    assert home.deliver().nothing_to_do
    change(home, "ch_1", 10000, rate=6, account="3003", vat_account="2631")
    assert home.deliver().exit_code == 0
    assert home.accounts() == {"1686": "100.00", "2631": "-5.66", "3003": "-94.34"}
    assert [str(invoice.balance) for invoice in home.books.invoices.all.values()] == ["0.00"] * 5
    assert home.deliver().nothing_to_do


PAID_AND_ANEW = {f"ch_{paid}_{anew}": (paid, anew) for paid in (0, 4025, 10050) for anew in (10050, 7525)}


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Invoices of 100.50 kr, unpaid, paid in part and paid, that were corrected after delivery."""
    with house(tmp_path_factory.mktemp("corrected")) as home:
        for sale_id, (paid, _) in PAID_AND_ANEW.items():
            home.sale(sale_id, 10050)
            if paid:
                home.payment(f"txn_{sale_id}", sale_id, paid)
        home.deliver()
        for sale_id, (_, anew) in PAID_AND_ANEW.items():
            change(home, sale_id, anew, rate=12, account="3002", vat_account="2621")
        report = home.deliver()
        assert report.exit_code == 0, report.text()
        assert home.deliver().nothing_to_do
        yield home


@pytest.mark.parametrize("sale_id", PAID_AND_ANEW)
def test_a_correction_leaves_open_what_is_left_to_pay_and_nothing_else(corrected: House, sale_id: str) -> None:
    """Fortnox rounds each invoice to whole kronor; the rounding goes with the payment that settles the last of it."""
    paid, anew = PAID_AND_ANEW[sale_id]
    invoices = [i for i in corrected.books.invoices.all.values() if sale_id in i.header["ExternalInvoiceReference2"]]
    old, credit, new = invoices
    assert (str(old.balance), str(credit.balance)) == ("0.00", "0.00")
    left = Decimal(anew - paid) / 100
    assert abs(new.balance - left) < 1 and (left or new.balance == 0)


def test_corrections_leave_no_more_on_the_receivables_than_is_open(corrected: House) -> None:
    balance = sum(invoice.balance for invoice in corrected.books.invoices.all.values())
    assert corrected.accounts().get("2999") is None and corrected.accounts()["1510"] == f"{balance:.2f}"


def test_a_set_off_that_was_broken_off_is_finished_once(home: House) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    home.deliver()
    change(home, "ch_1", 10000, rate=12, account="3002", vat_account="2621")
    refused = JSONResponse({"ErrorInformation": {"error": 1, "message": "nej", "code": 2000401}}, 400)
    home.gateway.faults.answer = lambda call: refused if re.search(rb'"InvoiceNumber": *3', call.body) else None
    assert home.deliver().exit_code == HELD
    home.gateway.faults.answer = lambda call: None
    assert home.deliver().exit_code == 0
    assert [str(invoice.balance) for invoice in home.books.invoices.all.values()] == ["0.00"] * 3
    assert home.deliver().nothing_to_do


def test_nothing_new_is_invoiced_before_the_wrong_one_is_credited(home: House) -> None:
    home.sale("ch_1", 10000)
    home.deliver()
    change(home, "ch_1", 10000, rate=12, account="3002", vat_account="2621")
    home.books.ledger.accounts[2][2611].active = False
    report = home.deliver()
    assert report.exit_code == HELD and len(home.books.invoices.all) == 1
    home.books.ledger.accounts[2][2611].active = True
    assert home.deliver().exit_code == 0
    assert home.accounts() == {"1510": "100.00", "2621": "-10.71", "3002": "-89.29"}


def test_a_sale_that_the_ledger_took_back_is_credited(home: House) -> None:
    home.sale("ch_1", 10000)
    home.deliver()
    home.remove("ch_1:sale")
    assert home.deliver().exit_code == 0
    assert home.accounts() == {} and len(home.books.invoices.all) == 2
    assert home.deliver().nothing_to_do


@pytest.mark.parametrize("paid", [0, 10000])
def test_a_sale_that_moves_to_another_day_and_back_leaves_nothing_else_open(home: House, paid: int) -> None:
    for day in (D3, D4, D3):
        change(home, "ch_1", 10000, day=day)
        if paid:
            home.payment("txn_1", "ch_1", paid, day=D5)
        report = home.deliver()
        assert report.exit_code == 0, report.text()
        invoices = home.books.invoices.all.values()
        assert [(i.day, str(i.balance)) for i in invoices if i.balance] == ([] if paid else [(day, "100.00")])
    assert home.accounts() == {"1686" if paid else "1510": "100.00", "2611": "-20.00", "3001": "-80.00"}
    assert "Ersätter 3" in str(home.books.invoices.all[5].header["Remarks"])
    assert home.deliver().nothing_to_do


def test_a_wrong_credit_is_taken_back_and_made_anew(home: House) -> None:
    home.sale("ch_1", 10000)
    home.credit("re_1", "ch_1", 4000)
    home.deliver()
    home.change("DELETE FROM ledger.credits")
    home.change("DELETE FROM ledger.credit_rows")
    home.credit("re_1", "ch_1", 3000)
    report = home.deliver()
    assert report.exit_code == 0, report.text()
    assert home.accounts() == {"1510": "70.00", "2611": "-14.00", "3001": "-56.00"}
    assert home.deliver().nothing_to_do


def test_a_correction_names_the_person_who_asked_for_the_new_rules(home: House) -> None:
    home.sale("ch_1", 10000)
    home.deliver()
    with home.journal() as journal:
        journal.keep_choices({"digest": "{}"})
        journal.replan(date(2026, 3, 1), "digest", "fel konto", "Eva")
    change(home, "ch_1", 10000, account="3520")
    home.deliver()
    assert "fel konto (Eva, 20" in home.books.vouchers(series="S")[0].description


def test_a_changed_payment_waits_for_a_person(home: House) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    home.deliver()
    home.entry("txn_1", "payment", [("1686", "100.00"), ("2420", "-100.00")], sale_id="ch_1")
    report = home.deliver()
    (held,) = report.held
    assert held.document_id == "correction:payment:txn_1" and "2420 -100.00" in held.reason
    assert "undo payment:txn_1" in held.remedy
    assert home.accounts() == {"1686": "100.00", "2611": "-20.00", "3001": "-80.00"}


def test_a_payment_that_moved_to_another_day_is_not_booked_there_while_it_stands_on_the_first(home: House) -> None:
    home.sale("ch_1", 10000)
    used = [("2899", "40.00"), ("1510", "-40.00")]
    home.entry("txn_1", "credit_balance", used, day=D3, sale_id="ch_1")
    assert home.deliver().exit_code == 0
    accounts = home.accounts()
    home.entry("txn_1", "credit_balance", used, day=D4, sale_id="ch_1")
    for days in (Days(D3, D4), Days(D4, D4)):
        report = home.deliver(days)
        assert report.exit_code == HELD and "2026-03-03" in " ".join(f"{h.reason} {h.remedy}" for h in report.held)
        assert home.accounts() == accounts and len(home.books.payments.all) == 1


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
    home.change("UPDATE ledger.parties SET name = 'Anna Lund'")
    home.change("UPDATE ledger.entries SET rule_version = 'newer', text = 'another'")
    assert home.deliver().nothing_to_do
