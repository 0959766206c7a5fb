"""A delivery over HTTP: what arrives in Fortnox, to the öre, and that a second one changes nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from starlette.responses import JSONResponse

from fortstripe_dagster import delivery
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery.journal import mirror
from fortstripe_dagster.failures import HELD, DeliveryStopped
from fortstripe_dagster.sandbox.fortnox.company import Company
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.delivery.house import House, house

D3, D4 = date(2026, 3, 3), date(2026, 3, 4)


def a_few_days(home: House) -> None:
    """Two customers, a guest, a partial and a full refund, fees and a payout."""
    home.sale("in_1", 21875, number="ABC-1", quantity=2)
    home.payment("txn_1", "in_1", 21875)
    home.sale("ch_2", 10050, customer=None, name="Gäst", email="gast@example.com")
    home.payment("txn_2", "ch_2", 10050)
    home.sale("ch_3", 12499, customer="cus_2", name="Bo & Co", day=D3)
    home.payment("txn_3", "ch_3", 12499, day=D3)
    home.credit("re_1", "in_1", 5033, day=D3)
    home.refund("txn_4", "in_1", "re_1", 5033, day=D3)
    home.credit("re_2", "ch_3", 12499, day=D4)
    home.refund("txn_5", "ch_3", "re_2", 12499, day=D4)
    home.fee("txn_1:fee", 512)
    home.fee("txn_3:fee", 431, day=D3)
    home.payout("po_1", 20000, day=D4)


@pytest.mark.parametrize("to_krona", [True, False], ids=["whole kronor", "öre"])
@pytest.mark.parametrize("sales", ["invoice", "auto", "daily_voucher"])
def test_clearing_is_stripes_to_the_ore_nothing_stays_on_receivables_and_nothing_is_printed_or_reminded(
    tmp_path: Path, sales: str, to_krona: bool
) -> None:
    with house(tmp_path, company=Company(round_to_krona=to_krona), sales=sales) as home:
        a_few_days(home)
        report = home.deliver()
        assert report.exit_code == 0, report.text()
        rounding = {"3740"} if to_krona else set()
        accounts = {account: amount for account, amount in home.accounts().items() if account not in rounding}
        assert accounts == {
            "1686": str(Decimal(21875 + 10050 - 5033 - 512 - 431 - 20000) / 100),
            "1689": "200.00",
            "2611": str(-Decimal(4375 + 2010 - 1007) / 100),
            "3001": str(-Decimal(17500 + 8040 - 4026) / 100),
            "6570": "9.43",
        }
        assert home.books.open_receivables() == []
        called = {call.path.rsplit("/", 1)[-1].lower() for call in home.gateway.calls}
        sending = {"email", "einvoice", "eprint", "print", "printreminder", "externalprint", "preview"}
        assert called and not called & sending
        for invoice in home.books.invoices.all.values():
            assert not invoice.sent and "EmailInformation" not in invoice.header


def test_a_second_delivery_writes_nothing_and_says_so(home: House) -> None:
    a_few_days(home)
    home.deliver()
    wrote, accounts = home.writes(), home.accounts()
    again = home.deliver()
    assert again.nothing_to_do and again.unchanged == 13
    assert "nothing to do" in again.text()
    assert home.writes() == wrote and home.accounts() == accounts
    assert again.total_requests <= 10


def test_an_invoice_says_what_the_customer_bought_and_where_it_came_from(home: House) -> None:
    home.sale("in_1", 21850, number="ABC-1", quantity=2, description="Kurs i öl")
    home.payment("txn_1", "in_1", 21850)
    home.deliver()
    (invoice,) = home.books.invoices.all.values()
    header = invoice.header
    assert (header["ExternalInvoiceReference1"], header["ExternalInvoiceReference2"]) == ("in_1", "ch_1")
    assert header["YourOrderNumber"] == "ABC-1" and "ABC-1" in header["Remarks"]
    assert (header["CustomerNumber"], header["VATIncluded"], header["Currency"]) == ("cus_1", True, "SEK")
    (row,) = invoice.rows
    assert (row.description, row.quantity, row.price, row.account) == ("Kurs i öl", Decimal(2), Decimal("109.25"), 3001)
    (payment,) = home.books.payments.all.values()
    assert (payment.amount, payment.account, payment.fields["ModeOfPayment"]) == (Decimal("218.50"), 1686, "STRIPE")
    assert payment.fields["WriteOffs"] == [{"Amount": Decimal("0.50"), "AccountNumber": 3740}]


def test_a_quantity_that_does_not_divide_the_gross_is_one(home: House) -> None:
    home.sale("ch_1", 10000, quantity=3)
    home.deliver()
    (invoice,) = home.books.invoices.all.values()
    assert [(row.quantity, row.price) for row in invoice.rows] == [(Decimal(1), Decimal("100.00"))]


def test_a_credit_invoice_quotes_its_original(home: House) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    home.credit("re_1", "ch_1", 4000)
    home.refund("txn_2", "ch_1", "re_1", 4000)
    home.deliver()
    original, credit = home.books.invoices.all.values()
    assert f"faktura {original.number}" in credit.header["Remarks"]
    assert credit.header["ExternalInvoiceReference1"] == "re_1"
    assert [(row.quantity, row.price) for row in credit.rows] == [(Decimal(-1), Decimal("40.00"))]


def test_partial_refunds_round_so_that_they_add_up(home: House) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    for number, (gross, vat) in enumerate([(3333, 667), (3333, 666), (3334, 667)], 1):
        home.credit(f"re_{number}", "ch_1", gross, vat=vat)
        home.refund(f"txn_r{number}", "ch_1", f"re_{number}", gross)
    assert home.deliver().exit_code == 0
    assert home.accounts() == {}


def test_several_payments_of_one_invoice_write_the_rounding_off_once(home: House) -> None:
    home.sale("in_1", 21875)
    home.payment("txn_1", "in_1", 10000)
    home.payment("txn_2", "in_1", 11875, day=D3)
    assert home.deliver().exit_code == 0
    assert home.books.open_receivables() == []
    assert home.accounts()["1686"] == "218.75"
    assert [len(payment.write_offs) for payment in home.books.payments.all.values()] == [0, 1]


def test_a_payment_in_another_currency_books_the_exchange_difference(home: House) -> None:
    home.sale("ch_1", 113000, currency="EUR", minor=10000)
    home.payment("txn_1", "ch_1", 111900, receivable=113000)
    assert home.deliver().exit_code == 0
    assert home.accounts() == {"1686": "1119.00", "2611": "-226.00", "3001": "-904.00", "7960": "11.00"}
    (invoice,) = home.books.invoices.all.values()
    assert "100.00 EUR till kurs 11.3" in invoice.header["Remarks"]


def test_an_advance_is_settled_on_the_invoice_date(home: House) -> None:
    home.sale("in_1", 10000, day=D4)
    home.entry("txn_1", "payment", [("1686", "100.00"), ("2420", "-100.00")], sale_id="in_1")
    home.entry("txn_1:settled", "advance_settled", [("2420", "100.00"), ("1510", "-100.00")], sale_id="in_1", day=D4)
    assert home.deliver().exit_code == 0
    assert home.accounts() == {"1686": "100.00", "2611": "-20.00", "3001": "-80.00"}
    assert [payment.account for payment in home.books.payments.all.values()] == [2420]


def test_a_lost_dispute_is_credited_against_the_disputed_account(home: House) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    home.entry("txn_2", "dispute", [("1686", "-100.00"), ("1516", "100.00")], day=D3)
    home.credit("du_1", "ch_1", 10000, kind="dispute", day=D4)
    home.entry(
        "du_1:lost", "dispute_lost", [("1510", "100.00"), ("1516", "-100.00")], sale_id="ch_1", credit_id="du_1", day=D4
    )
    assert home.deliver().exit_code == 0
    assert home.accounts() == {}


def test_a_refund_of_a_sale_before_the_start_goes_by_voucher(home: House) -> None:
    home.sale("ch_0", 10000, day=date(2026, 2, 20), before_start=True)
    home.credit("re_0", "ch_0", 10000)
    home.refund("txn_1", "ch_0", "re_0", 10000)
    assert home.deliver().exit_code == 0
    assert home.vouchers() == {"voucher:2026-03-02:SEK:refunds": {"1686": "-100.00", "2611": "20.00", "3001": "80.00"}}


def test_businesses_in_the_eu_are_invoiced_with_an_article_under_every_packaging(tmp_path: Path) -> None:
    with house(tmp_path, sales="daily_voucher") as home:
        home.sale(
            "ch_1", 50000, rate=0, account="3308", box="39", treatment="eu_business_services", country="DE",
            vat_number="DE136695976", buyer="business", name="Müller GmbH",
        )  # fmt: skip
        home.payment("txn_1", "ch_1", 50000)
        home.sale("ch_2", 10000, customer="cus_2")
        assert home.deliver().exit_code == 0
        (invoice,) = home.books.invoices.all.values()
        assert invoice.rows[0].article_number == "STRIPE-EU-TJANST"
        customer = home.books.customers.get("cus_1")
        assert (customer["VATType"], customer["VATNumber"], customer["Type"]) == (
            "EUREVERSEDVAT", "DE136695976", "COMPANY",
        )  # fmt: skip
        assert home.vouchers() == {
            "voucher:2026-03-02:SEK:sales": {"1511": "100.00", "2611": "-20.00", "3001": "-80.00"}
        }


def test_the_company_gets_the_series_and_the_mode_of_payment_it_lacks(tmp_path: Path) -> None:
    series = tuple(each for each in Company().series if each.code != "S")
    company = Company(series=series, modes_of_payment={"BG": ("Bankgiro", 1930)})
    with house(tmp_path, company=company) as home:
        home.sale("ch_1", 10000)
        home.payment("txn_1", "ch_1", 10000)
        home.fee("txn_1:fee", 300)
        assert home.deliver().exit_code == 0
        assert home.books.ledger.series[2]["S"].manual
        assert home.books.modes_of_payment.get("STRIPE")["AccountNumber"] == "1686"
        (payment,) = home.books.payments.all.values()
        assert payment.fields["ModeOfPayment"] == "STRIPE"


def test_payments_go_without_a_mode_where_fortnox_refuses_to_make_one(tmp_path: Path) -> None:
    with house(tmp_path, company=Company(modes_of_payment={})) as home:
        refusal = {"ErrorInformation": {"error": 1, "message": "Har inte behörighet", "code": 2000663}}
        home.gateway.faults.answer = lambda call: (
            JSONResponse(refusal, 403) if call.writes and call.path == "/3/modesofpayments" else None
        )
        home.sale("ch_1", 10000)
        home.payment("txn_1", "ch_1", 10000)
        report = home.deliver()
        assert report.exit_code == 0
        assert any("mode_of_payment:STRIPE" in finding for finding in report.findings)
        assert home.accounts()["1686"] == "100.00"


def test_a_payment_waits_for_an_invoice_of_an_earlier_day(home: House) -> None:
    home.sale("in_1", 10000)
    home.payment("txn_1", "in_1", 10000, day=D4)
    report = home.deliver(Days(D4, D4))
    assert report.exit_code == HELD
    (waiting,) = report.waiting
    assert waiting.document_id == "payment:txn_1" and "invoice:in_1" in waiting.reason and "day" in waiting.remedy
    assert home.writes() == []
    home.deliver(Days(date(2026, 3, 2), date(2026, 3, 2)))
    assert home.deliver(Days(D4, D4)).exit_code == 0
    assert home.books.open_receivables() == []


def test_the_mirror_tells_what_became_of_each_document(home: House) -> None:
    home.sale("ch_1", 21875)
    home.payment("txn_1", "ch_1", 21875)
    home.fee("txn_1:fee", 300)
    home.deliver(attachments="off")
    found = home.sql(
        "SELECT kind, status, entry_ids, fortnox_number, voucher_series, voucher_number, voucher_year, total, round_off"
        " FROM delivery.documents ORDER BY kind"
    )
    assert found == [
        ("customer", "done", [], "cus_1", None, None, None, None, None),
        ("invoice", "done", ["ch_1:sale"], "1", "B", 1, 2, Decimal("219.00"), Decimal("0.25")),
        ("payment", "done", ["txn_1"], "1", "C", 1, 2, None, None),
        ("voucher", "done", ["txn_1:fee"], "1", "S", 1, 2, None, None),
    ]
    assert home.sql("SELECT outcome, count(*) FROM delivery.answers GROUP BY 1") == [("done", 6)]
    lines = "SELECT account, debit - credit FROM delivery.document_lines WHERE document_id = 'payment:txn_1' ORDER BY 1"
    assert home.sql(lines) == [("1510", Decimal("-218.75")), ("1686", Decimal("218.75"))]


def test_a_mirror_that_needs_more_memory_than_usual_gets_it(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    a_few_days(home)
    monkeypatch.setattr("fortstripe_dagster.delivery.journal.mirror.MEMORY", "1MB")
    home.deliver()
    with home.journal() as journal:
        [answered] = journal.rows("SELECT count(*) FROM answers")
    assert home.sql("SELECT count(*) FROM delivery.answers") == [tuple(answered)]
    assert answered[0] > 3


def test_a_mirror_whose_commit_alone_needs_more_memory_gets_it(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[str] = []

    def refused_once(connection: duckdb.DuckDBPyConnection, *given: Any) -> None:
        limits.extend(connection.execute("SELECT current_setting('memory_limit')").fetchall()[0])
        write(connection, *given)
        if len(limits) == 1:  # as DuckDB says it when it commits; which limit does that, its version decides
            raise duckdb.TransactionException("TransactionContext Error: Failed to commit: failed to pin block")

    write = mirror._bring_up_to_date
    monkeypatch.setattr(mirror, "_bring_up_to_date", refused_once)
    home.fee("txn_1:fee", 300)
    assert home.deliver().exit_code == 0
    assert len(limits) > 1 and limits[0] != limits[1]
    assert home.sql("SELECT outcome, count(*) FROM delivery.answers GROUP BY 1")[0][0] == "done"


def test_a_mirror_of_an_older_version_is_made_anew(home: House) -> None:
    a_few_days(home)
    home.deliver()
    [before] = home.sql("SELECT count(*) FROM delivery.documents")
    home.sql("ALTER TABLE delivery.documents DROP COLUMN corrects")
    home.sql("UPDATE delivery.journal SET identity = 'of an older version'")
    home.deliver()
    assert home.sql("SELECT count(*), count(corrects) FROM delivery.documents") == [(*before, 0)]
    assert before[0] > 3


@pytest.mark.parametrize(("packaging", "invoices"), [("voucher", 0), ("invoice", 1)])
def test_one_stop_shop_sales_are_vouchers_unless_the_company_registered_the_rates(
    home: House, packaging: str, invoices: int
) -> None:
    home.sale("in_1", 12500, treatment="oss_services", box="")
    home.payment("txn_1", "in_1", 12500)
    assert home.deliver(oss_packaging=packaging).exit_code == 0
    assert len(home.books.invoices.all) == invoices
    assert home.accounts()["1686"] == "125.00"


def test_a_day_that_changed_is_asked_for_until_a_run_of_it_has_come_to_its_end(home: House) -> None:
    home.sale("ch_1", 10000, day=D4)
    home.deliver()
    with home.journal() as journal:
        journal.touch([D4], "a refund")
    home.sale("ch_2", 20000, day=D4)
    before = len(home.writes())
    home.gateway.faults.answer = lambda call: (
        JSONResponse({"message": "unauthorized"}, 401) if call.writes and len(home.writes()) > before + 1 else None
    )
    with pytest.raises(DeliveryStopped):
        home.deliver()
    assert len(home.writes()) > before + 1  # it failed in the middle
    with home.journal() as journal:
        assert journal.touched() == [D4]
    assert home.sql("SELECT count(*), count(finished_at) FROM delivery.runs") == [(2, 1)]

    home.gateway.faults.answer = lambda call: None
    home.deliver()
    with home.journal() as journal:
        assert journal.touched() == []
    assert home.sql("SELECT count(*), count(finished_at) FROM delivery.runs") == [(3, 2)]


def test_a_run_that_may_send_one_document_alone_does_not_stand_for_the_whole_run(home: House) -> None:
    home.sale("ch_1", 10000, day=D4)
    home.deliver()
    with home.journal() as journal:
        journal.touch([D4], "a refund")
    home.sale("ch_2", 20000, day=D4)
    home.write_ledger()
    delivery.deliver(home.settings, home.warehouse, MARCH, fortnox=home.client(), only=("customer:cus_1",))
    with home.journal() as journal:
        assert journal.touched() == [D4]
    assert home.sql("SELECT count(*), count(finished_at) FROM delivery.runs") == [(2, 1)]
    assert home.deliver(mode="shadow").shadow
    with home.journal() as journal:
        assert journal.touched() == []  # a night in shadow mode is a whole one
