"""A journal that was lost or is an old copy stops the delivery; `adopt` rebuilds it, and nothing is booked twice."""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from fortstripe_dagster import delivery
from fortstripe_dagster.delivery import AdoptReport
from fortstripe_dagster.failures import DeliveryStopped
from fortstripe_dagster.sandbox.servers import DroppedConnection
from fortstripe_dagster_tests.delivery.house import House
from fortstripe_dagster_tests.delivery.test_corrections import change
from fortstripe_dagster_tests.delivery.test_deliver import a_few_days

D3, D4, D5 = date(2026, 3, 3), date(2026, 3, 4), date(2026, 3, 5)


def lose(home: House) -> None:
    for path in home.settings.home.glob("journal.sqlite*"):
        path.unlink()


def adopt(home: House) -> AdoptReport:
    home.write_ledger()
    return delivery.adopt(home.settings, home.warehouse, fortnox=home.client(), progress=home.said.append)


def lost_and_known_again(home: House) -> None:
    """Lose the journal and adopt: everything has its place, nothing is left to do, and Fortnox has what it had."""
    wrote, accounts = home.writes(), home.accounts()
    lose(home)
    report = adopt(home)
    assert report.unplaced == (), report.text()
    again = home.deliver()
    assert again.nothing_to_do, again.text()
    assert home.writes() == wrote and home.accounts() == accounts


@pytest.mark.parametrize("sales", ["invoice", "auto", "daily_voucher"])
def test_a_lost_journal_stops_the_delivery_and_adopt_rebuilds_it(home: House, sales: str) -> None:
    home = House(home.settings.model_copy(update={"sales": sales}), home.warehouse, home.books, home.gateway)
    a_few_days(home)
    home.fee("txn_9:fee", 100, day=D3)
    home.deliver()
    home.fee("txn_8:fee", 100, day=D3)
    home.deliver()
    wrote, accounts = home.writes(), home.accounts()
    lose(home)
    with pytest.raises(DeliveryStopped, match="fortstripe adopt"):
        home.deliver()
    report = adopt(home)
    assert report.unplaced == () and sum(report.adopted.values()) > 0
    again = home.deliver()
    assert again.nothing_to_do, again.text()
    assert home.writes() == wrote and home.accounts() == accounts
    assert home.sql("SELECT DISTINCT status FROM delivery.documents WHERE kind <> 'customer'") == [("done",)]


def test_an_old_copy_is_noticed_whatever_it_lacks(home: House, tmp_path: Path) -> None:
    home.sale("ch_1", 21875)
    home.deliver()
    copy = tmp_path / "copy.sqlite"
    shutil.copy(home.settings.journal_path, copy)
    later = {
        "a payment": lambda: home.payment("txn_1", "ch_1", 21875),
        "a voucher": lambda: home.fee("txn_1:fee", 300),
        "an invoice": lambda: home.sale("ch_2", 10000),
    }
    for what, add in later.items():
        add()
        home.deliver()
        newest = tmp_path / "newest.sqlite"
        shutil.copy(home.settings.journal_path, newest)
        lose(home)
        shutil.copy(copy, home.settings.journal_path)
        with pytest.raises(DeliveryStopped) as stopped:
            home.deliver()
        assert what.split()[1] in stopped.value.what
        lose(home)
        shutil.copy(newest, home.settings.journal_path)
        shutil.copy(newest, copy)
    lose(home)
    assert adopt(home).unplaced == ()
    assert home.deliver().nothing_to_do
    assert home.books.open_receivables()[0].number == 2 and len(home.books.payments.all) == 1


def test_what_came_after_the_adopted_vouchers_goes_to_a_supplement(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.deliver()
    lose(home)
    home.fee("txn_2:fee", 200)
    adopt(home)
    home.deliver()
    assert home.accounts()["6570"] == "5.00"
    assert set(home.vouchers()) == {"voucher:2026-03-02:SEK:fees", "voucher:2026-03-02:SEK:fees:2"}
    assert home.deliver().nothing_to_do


def test_an_invoice_that_was_not_bookkept_is_finished_after_adoption(home: House) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    home.gateway.faults.answer = lambda call: DroppedConnection() if call.path.endswith("/bookkeep") else None
    home.deliver(fortnox=home.settings.fortnox.model_copy(update={"settle_seconds": 0.01}))
    home.gateway.faults.answer = lambda call: None
    lose(home)
    assert adopt(home).adopted == {"invoice": 1}
    assert home.deliver().exit_code == 0
    assert home.accounts() == {"1686": "100.00", "2611": "-20.00", "3001": "-80.00"}


def test_a_voucher_that_is_there_twice_is_named_and_not_hidden(home: House) -> None:
    home.fee("txn_1:fee", 300)
    home.deliver()
    (voucher,) = home.books.vouchers(series="S")
    home.books.ledger.post_manual(
        home.books.ledger.years[2], "S", voucher.day, voucher.description, voucher.rows, comments=voucher.comments
    )
    with pytest.raises(DeliveryStopped, match="voucher S2"):
        home.deliver()
    assert "voucher S2" in adopt(home).text() and "twice" in adopt(home).text()
    with pytest.raises(DeliveryStopped):
        home.deliver()


def test_a_persons_own_documents_stop_nothing(home: House) -> None:
    home.sale("ch_1", 10000)
    home.deliver()
    home.books.payments.create(
        {"InvoiceNumber": 1, "Amount": Decimal(10), "ModeOfPaymentAccount": 1930, "PaymentDate": D3}
    )
    home.books.invoices.create({"CustomerNumber": "cus_1", "ExternalInvoiceReference1": "order 17"})
    assert home.deliver().nothing_to_do


def test_what_the_ledger_does_not_know_is_named_and_deliveries_stay_stopped(home: House) -> None:
    home.sale("ch_1", 10000)
    home.fee("txn_1:fee", 300)
    home.deliver()
    lose(home)
    for entry in ("ch_1:sale", "txn_1:fee"):
        home.remove(entry)
    report = adopt(home)
    assert report.adopted == {} and len(report.unplaced) == 2
    assert "ch_1" in report.text() and "voucher S1" in report.text()
    with pytest.raises(DeliveryStopped):
        home.deliver()


def test_corrected_invoices_are_known_again_with_their_corrections_and_set_offs(home: House) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    home.sale("ch_2", 20000)  # open
    home.deliver()
    for vat, account, vat_account in ((12, "3002", "2621"), (6, "3003", "2631")):
        change(home, "ch_1", 10000, rate=vat, account=account, vat_account=vat_account)
        change(home, "ch_2", 20000, rate=vat, account=account, vat_account=vat_account)
        assert home.deliver().exit_code == 0
    lost_and_known_again(home)
    change(home, "ch_1", 10000)
    change(home, "ch_2", 20000)
    assert home.deliver().exit_code == 0
    assert home.accounts() == {"1510": "200.00", "1686": "100.00", "2611": "-60.00", "3001": "-240.00"}


def test_a_credit_that_was_made_anew_is_known_again_with_its_correction(home: House) -> None:
    home.sale("ch_1", 10000)
    for gross in (4000, 3000):
        for table in ("credits", "credit_rows"):
            home.change(f"DELETE FROM ledger.{table}")
        home.credit("re_1", "ch_1", gross)
        assert home.deliver().exit_code == 0
    wrote, accounts = home.writes(), home.accounts()
    lose(home)
    assert adopt(home).unplaced == ()
    assert home.deliver().nothing_to_do
    assert home.writes() == wrote and home.accounts() == accounts


@pytest.mark.parametrize("days", [(D3, D4), (D4, D3)], ids=["later", "earlier"])
def test_what_moved_to_another_day_is_known_again(home: House, days: tuple[date, date]) -> None:
    home.sale("ch_2", 20000)
    for day in days:
        change(home, "ch_1", 10000, day=day)
        home.payment("txn_1", "ch_1", 10000, day=D5)
        for table in ("credits", "credit_rows"):
            home.change(f"DELETE FROM ledger.{table}")
        home.credit("re_1", "ch_2", 4000, day=day)
        home.refund("txn_2", "ch_2", "re_1", 4000, day=D5)
        assert home.deliver().exit_code == 0
    lost_and_known_again(home)


@pytest.mark.parametrize("booked", [True, False])
def test_a_persons_credit_of_our_invoice_stays_theirs(home: House, booked: bool) -> None:
    """Fortnox may repeat our references on it."""
    home.sale("ch_1", 10000)
    home.deliver()
    home.client().put("/3/invoices/1/credit")
    home.books.invoices.all[2].header["InvoiceDate"] = D4
    if booked:
        home.client().put("/3/invoices/2/bookkeep")
    wrote, accounts = home.writes(), home.accounts()
    assert home.books.invoices.all[2].header["ExternalInvoiceReference1"] == "ch_1"
    lose(home)
    adopt(home)
    assert home.deliver().nothing_to_do
    assert home.writes() == wrote and home.accounts() == accounts


def test_a_reposted_invoice_is_known_again(home: House) -> None:
    home.sale("ch_1", 10000)
    home.deliver()
    change(home, "ch_1", 10000, account="3520")
    home.deliver()
    wrote = home.writes()
    lose(home)
    report = adopt(home)
    assert report.unplaced == (), report.text()
    assert home.deliver().nothing_to_do and home.writes() == wrote


def test_payments_that_move_no_money_at_stripe_are_known_again_and_a_persons_are_left(home: House) -> None:
    accounts = home.settings.accounts.model_copy(update={"paid_outside_stripe": "1930"})
    home = House(home.settings.model_copy(update={"accounts": accounts}), home.warehouse, home.books, home.gateway)
    home.sale("in_1", 50000, day=D3)
    home.entry("txn_1", "payment", [("1686", "100.00"), ("2420", "-100.00")], sale_id="in_1")
    home.entry("txn_1:settled", "advance_settled", [("2420", "100.00"), ("1510", "-100.00")], day=D3, sale_id="in_1")
    home.entry("in_1:credit_balance", "credit_balance", [("2899", "90.00"), ("1510", "-90.00")], day=D3, sale_id="in_1")
    home.entry("in_1:paid_outside", "paid_outside", [("1930", "80.00"), ("1510", "-80.00")], day=D3, sale_id="in_1")
    assert home.deliver().exit_code == 0
    home.books.payments.create(
        {"InvoiceNumber": 1, "Amount": Decimal(70), "ModeOfPaymentAccount": 1930, "PaymentDate": D3}
    )
    wrote, booked = home.writes(), home.accounts()
    lose(home)
    report = adopt(home)
    assert report.unplaced == () and report.adopted["payment"] == 3, report.text()
    assert home.deliver().nothing_to_do
    assert home.writes() == wrote and home.accounts() == booked


@pytest.mark.parametrize("account", [1686, 2420])
def test_a_persons_payment_that_looks_like_ours_stops_until_it_was_looked_at(home: House, account: int) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 4000)
    home.deliver()
    paid = {"InvoiceNumber": 1, "Amount": Decimal(10), "ModeOfPaymentAccount": account}
    home.books.payments.create({**paid, "PaymentDate": D3})
    with pytest.raises(DeliveryStopped, match="payment 2 of invoice 1"):
        home.deliver()
    assert adopt(home).unplaced == ("payment 2 of invoice 1",)
    assert home.deliver().nothing_to_do
    home.change("DELETE FROM ledger.covered_days WHERE day > ?", D3)
    home.books.payments.create({**paid, "PaymentDate": D4})
    adopt(home)
    with pytest.raises(DeliveryStopped, match="payment 3 of invoice 1"):
        home.deliver()
