"""What Fortnox would refuse, or does: that document is held with its remedy, the rest goes on, nothing is doubled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from starlette.responses import JSONResponse

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery import DeliveryReport
from fortstripe_dagster.failures import HELD, DeliveryStopped
from fortstripe_dagster.sandbox.fortnox.company import Company, FinancialYear
from fortstripe_dagster_tests.delivery.house import House, Line, house

D3 = date(2026, 3, 3)


def remove_account(home: House) -> None:
    home.books.ledger.accounts[2].pop(6570)


def close_account(home: House) -> None:
    home.books.ledger.accounts[2][6570].active = False


def demand_cost_center(home: House) -> None:
    home.books.ledger.accounts[2][6570].cost_center_settings = "MANDATORY"


def close_series(home: House) -> None:
    home.books.ledger.series[2]["S"].manual = False


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (remove_account, "6570 does not exist"),
        (close_account, "6570 is not active"),
        (demand_cost_center, "6570 demands a cost centre"),
        (close_series, "does not take vouchers"),
    ],
)
def test_what_fortnox_would_refuse_is_held_before_it_is_sent(
    home: House, break_it: Callable[[House], None], says: str
) -> None:
    home.fee("txn_1:fee", 300)
    home.sale("ch_1", 10000, day=D3)
    accounts = {number: account for number, account in home.books.ledger.accounts[2].items()}
    break_it(home)
    report = home.deliver()
    assert report.exit_code == HELD
    (held,) = report.held
    assert held.document_id == "voucher:2026-03-02:SEK:fees" and says in held.reason and held.remedy
    assert len(home.books.invoices.all) == 1, "what has nothing to do with it goes on"
    assert not any("vouchers" in write for write in home.writes())
    status = "SELECT status, reason FROM delivery.documents WHERE document_id = ?"
    assert home.sql(status, held.document_id) == [("held", held.reason)]

    home.books.ledger.accounts[2].update(accounts)
    account = home.books.ledger.accounts[2][6570]
    account.active, account.cost_center_settings = True, "ALLOWED"
    home.books.ledger.series[2]["S"].manual = True
    assert home.deliver().exit_code == 0
    assert home.accounts()["6570"] == "3.00"
    assert home.sql(status, held.document_id) == [("done", None)]


def test_a_day_without_a_financial_year_is_held(tmp_path: Path) -> None:
    company = Company(years=(FinancialYear(1, date(2026, 3, 3), date(2026, 12, 31)),))
    with house(tmp_path, company=company) as home:
        home.fee("txn_1:fee", 300)
        home.fee("txn_2:fee", 400, day=D3)
        report = home.deliver()
        assert [(held.document_id, "no financial year" in held.reason) for held in report.held] == [
            ("voucher:2026-03-02:SEK:fees", True)
        ]
        assert home.accounts()["6570"] == "4.00"


def test_a_broken_financial_year_gets_each_voucher_on_its_own_side(tmp_path: Path) -> None:
    years = (
        FinancialYear(7, date(2025, 9, 1), date(2026, 8, 31)),
        FinancialYear(8, date(2026, 9, 1), date(2027, 8, 31)),
    )
    with house(tmp_path, company=Company(years=years)) as home:
        home.fee("txn_1:fee", 300, day=date(2026, 8, 31))
        home.fee("txn_2:fee", 400, day=date(2026, 9, 1))
        assert home.deliver(Days(date(2026, 8, 31), date(2026, 9, 1))).exit_code == 0
        placed = [(v.year, v.number, str(v.day)) for v in home.books.vouchers(series="S")]
        assert placed == [(7, 1, "2026-08-31"), (8, 1, "2026-09-01")], "each year numbers its vouchers anew"


def test_a_refused_invoice_holds_its_payment_and_is_made_once_after_the_remedy(home: House) -> None:
    home.sale("ch_1", 10000, rate=9)
    home.payment("txn_1", "ch_1", 10000)
    home.sale("ch_2", 10000)
    report = home.deliver()
    assert report.exit_code == HELD
    assert [held.document_id for held in report.held] == ["invoice:ch_1"]
    assert [held.document_id for held in report.waiting] == ["payment:txn_1"]
    assert "moms" in report.held[0].reason
    home.change("DELETE FROM ledger.sales WHERE sale_id = 'ch_1'")
    home.change("DELETE FROM ledger.sale_rows WHERE sale_id = 'ch_1'")
    home.change("DELETE FROM ledger.parties WHERE sale_id = 'ch_1'")
    home.sale("ch_1", 10000, rate=25)
    assert home.deliver().exit_code == 0
    assert home.accounts() == {"1510": "100.00", "1686": "100.00", "2611": "-40.00", "3001": "-160.00"}


def test_an_invoice_created_but_not_bookkept_is_finished_later(home: House) -> None:
    home.sale("ch_1", 10000)
    home.gateway.faults.answer = lambda call: _refusal() if call.path.endswith("/bookkeep") else None
    report = home.deliver()
    assert [held.document_id for held in report.held] == ["invoice:ch_1"]
    home.gateway.faults.answer = lambda call: None
    report = home.deliver()
    assert report.exit_code == 0 and report.written == {"invoice.bookkeep": 1}
    assert len(home.books.invoices.all) == 1


def test_an_invoice_that_a_person_has_bookkept_meanwhile_counts_as_done(home: House) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    home.gateway.faults.answer = lambda call: _refusal() if call.path.endswith("/bookkeep") else None
    home.deliver()
    home.gateway.faults.answer = lambda call: None
    home.books.invoices.bookkeep(1)
    assert home.deliver().exit_code == 0
    assert home.books.open_receivables() == []


def test_an_invoice_that_fortnox_computes_otherwise_stays_unbooked(home: House) -> None:
    home.sale("ch_1", 10000)
    home.change("UPDATE ledger.sale_rows SET vat_ore = 1900, net_ore = 8100")
    home.entry(
        "ch_1:sale", "sale", [("1510", "100.00"), ("3001", "-81.00", "25"), ("2611", "-19.00", "25")], sale_id="ch_1"
    )
    report = home.deliver()
    (held,) = report.held
    assert "VAT 20.00, the ledger says 19.00" in held.reason and "unbooked" in held.reason
    assert not home.books.invoices.get(1).booked
    home.deliver()
    assert len(home.books.invoices.all) == 1


def test_an_ore_of_vat_within_the_limit_is_taken_back_by_a_voucher(home: House) -> None:
    home.sale("ch_1", 10000)
    home.change("UPDATE ledger.sale_rows SET vat_ore = 1999, net_ore = 8001")
    home.entry(
        "ch_1:sale", "sale", [("1510", "100.00"), ("3001", "-80.01", "25"), ("2611", "-19.99", "25")], sale_id="ch_1"
    )
    assert home.deliver().exit_code == 0
    assert home.accounts() == {"1510": "100.00", "2611": "-19.99", "3001": "-80.01"}
    corrects = (
        "SELECT corrects, status FROM delivery.documents WHERE document_id = 'voucher:2026-03-02:invoice:ch_1:vat'"
    )
    assert home.sql(corrects) == [("invoice:ch_1", "done")]
    assert home.deliver().nothing_to_do


def test_ore_of_two_rates_that_cancel_out_in_the_total_are_found_too(home: House) -> None:
    home.sale("ch_1", 10000)
    home.change("UPDATE ledger.sale_rows SET vat_ore = 2001, net_ore = 7999")
    home.change("UPDATE ledger.sales SET gross = 21200, gross_ore = 21200")
    home.change(
        "INSERT INTO ledger.sale_rows BY NAME SELECT * REPLACE (2 AS row_no, 12 AS vat_rate, 11200 AS gross_ore,"
        " 1199 AS vat_ore, 10001 AS net_ore, '3002' AS account, '2621' AS vat_account) FROM ledger.sale_rows"
    )
    lines: list[Line] = [("1510", "212.00"), ("3001", "-79.99", "25"), ("2611", "-20.01", "25")]
    home.entry("ch_1:sale", "sale", [*lines, ("3002", "-100.01", "12"), ("2621", "-11.99", "12")], sale_id="ch_1")
    assert home.deliver().exit_code == 0
    assert home.accounts() == {
        "1510": "212.00", "2611": "-20.01", "2621": "-11.99", "3001": "-79.99", "3002": "-100.01",
    }  # fmt: skip
    assert home.deliver().nothing_to_do


def test_an_entry_that_the_ledger_holds_is_not_sent_and_says_why(home: House) -> None:
    home.sale("ch_1", 10000, held="the customer's country is unknown")
    home.payment("txn_1", "ch_1", 10000, held="the customer's country is unknown")
    home.fee("txn_1:fee", 300)
    report = home.deliver()
    assert {held.document_id for held in report.held} == {"entry:ch_1:sale", "entry:txn_1"}
    assert home.accounts() == {"1686": "-3.00", "6570": "3.00"}
    assert home.sql("SELECT count(*) FROM delivery.documents WHERE status = 'held' AND entry_ids = ['txn_1']") == [(1,)]


def test_a_payment_that_failed_after_it_was_booked_waits_for_a_person(home: House) -> None:
    home.sale("in_1", 21875)
    home.payment("txn_1", "in_1", 21875)
    home.payment("txn_2", "in_1", -21875, kind="payment_failed", day=D3)
    report = home.deliver()
    (held,) = report.held
    assert held.document_id == "payment:txn_2" and "undo that payment" in held.remedy
    assert home.accounts()["1686"] == "218.75"


def test_cash_method_companies_get_no_invoices(tmp_path: Path) -> None:
    years = (FinancialYear(1, date(2026, 1, 1), date(2026, 12, 31), accounting_method="CASH"),)
    with house(tmp_path, company=Company(years=years)) as home:
        home.sale("ch_1", 10000)
        (held,) = home.deliver().held
        assert "cash method" in held.reason and "daily_voucher" in held.remedy


def test_under_the_cash_method_payments_are_vouchers_and_ec_sales_wait_for_a_person(tmp_path: Path) -> None:
    years = (FinancialYear(1, date(2026, 1, 1), date(2026, 12, 31), accounting_method="CASH"),)
    with house(tmp_path, company=Company(years=years), sales="auto", accounting_method="cash") as home:
        home.sale("in_1", 12500, buyer="business")
        home.payment("txn_1", "in_1", 12500)
        home.sale("ch_2", 10000, rate=0, account="3308", box="39", treatment="eu_business_services", buyer="business")
        report = home.deliver()
        assert [item.document_id for item in report.held] == ["invoice:ch_2"]
        assert "EC sales list" in report.held[0].remedy
        assert home.accounts() == {"1686": "125.00", "2611": "-25.00", "3001": "-100.00"}


def _refusal() -> JSONResponse:
    return JSONResponse({"ErrorInformation": {"error": 1, "message": "Perioden är låst", "code": 2000401}}, 400)


REFUSALS = [
    ("invoices", 400, 2004344, "Valutan finns inte registrerad", "Add the currency"),
    ("invoices", 400, None, "Kunde inte hämta/hitta moms", "Add the rate"),
    ("invoices", 400, 2000433, "Kunde inte hitta kunden", "correct the mapping"),
    ("invoices", 400, None, "OCR-numret används redan", "next invoice number"),
    ("invoices", 400, 2000423, "Kontot finns inte", "Add the account"),
    ("invoices", 400, 2001101, "Licens saknas", "licence"),
    ("invoices", 403, 2000663, "Har inte behörighet för scope", "missing scope"),
    ("invoicepayments", 403, 2000663, "Har inte behörighet för scope", "missing scope"),
    ("invoicepayments", 400, 2000401, "Perioden är låst", "Unlock the period"),
    ("customers", 400, 2000637, "Kundnumret är upptaget", "another number"),
    ("vouchers", 400, None, "Ogiltig verifikationsserie", "Create the series"),
    ("vouchers", 400, 2000550, "Kontot är inte aktivt", "Activate the account"),
]
OF_CASE = {  # what is refused of it, and what follows of that
    "customers": ("customer:cus_{0:02}", ("invoice:ch_{0:02}", "payment:txn_{0:02}")),
    "invoices": ("invoice:ch_{0:02}", ("payment:txn_{0:02}",)),
    "invoicepayments": ("payment:txn_{0:02}", ()),
    "vouchers": ("voucher:2026-03-{0:02}:SEK:fees", ()),
}


@dataclass
class Refused:
    """One delivery in which Fortnox refused a document of each case, and the ones after it."""

    home: House
    first: DeliveryReport
    done_at_first: set[str]
    second: DeliveryReport
    third: DeliveryReport


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Refused]:
    with house(tmp_path_factory.mktemp("refused")) as home:
        marks = {}
        for number, (path, status, code, message, _) in enumerate(REFUSALS, 1):
            name, gross = f"{number:02}", 10000 + 100 * number
            home.sale(f"ch_{name}", gross, customer=f"cus_{name}", email=f"anna{number}@example.com")
            home.payment(f"txn_{name}", f"ch_{name}", gross)
            day = date(2026, 3, number)
            home.fee(f"txn_{name}:fee", 300, day=day)
            information = {"error": 1, "message": message} | ({"code": code} if code else {})
            mark = {
                "customers": f'"cus_{name}"',
                "invoices": f'"ch_{name}"',
                "invoicepayments": f'"Amount":{gross / 100:.2f}',
                "vouchers": f'"{day}"',
            }[path]
            marks[path, mark.encode()] = JSONResponse({"ErrorInformation": information}, status)
        home.gateway.faults.answer = lambda call: next(
            (
                answer
                for (path, mark), answer in marks.items()
                if call.method == "POST" and call.path == f"/3/{path}" and mark in call.body
            ),
            None,
        )
        first = home.deliver()
        books = "SELECT document_id FROM delivery.documents WHERE status = 'done' AND kind <> 'specification'"
        done = {name for (name,) in home.sql(books)}
        home.gateway.faults.answer = lambda call: None
        yield Refused(home, first, done, home.deliver(), home.deliver())


@pytest.mark.parametrize("number", range(1, len(REFUSALS) + 1))
def test_what_fortnox_refuses_is_held_with_its_remedy(refused: Refused, number: int) -> None:
    path, _, _, message, remedy = REFUSALS[number - 1]
    document, follow = OF_CASE[path]
    of_case = {item.document_id: item for item in refused.first.held}[document.format(number)]
    assert message in of_case.reason and remedy in of_case.remedy
    waiting = {item.document_id: item for item in refused.first.waiting}
    for name in (follower.format(number) for follower in follow):
        assert of_case.reason in waiting[name].reason and waiting[name].remedy == of_case.remedy


def test_what_has_nothing_to_do_with_what_is_refused_goes_on_and_the_rest_is_finished_after_the_remedy(
    refused: Refused,
) -> None:
    home = refused.home
    stopped = {
        name.format(number)
        for number, (path, *_) in enumerate(REFUSALS, 1)
        for name in (OF_CASE[path][0], *OF_CASE[path][1])
    }
    held = [item.document_id for item in (*refused.first.held, *refused.first.waiting)]
    assert refused.first.exit_code == HELD and sorted(held) == sorted(stopped)
    with_customers = 4 * len(REFUSALS)
    assert len(refused.done_at_first) == with_customers - len(stopped) and not refused.done_at_first & stopped
    assert refused.second.exit_code == 0 and refused.third.nothing_to_do
    gross = sum(10000 + 100 * number for number in range(1, len(REFUSALS) + 1))
    assert home.accounts() == {
        "1686": f"{(gross - 3600) / 100:.2f}",
        "2611": f"-{gross / 500:.2f}",
        "3001": f"-{gross / 125:.2f}",
        "6570": "36.00",
    }
    assert len(home.books.invoices.all) == len(home.books.payments.all) == len(REFUSALS)
    assert len(home.books.customers.register.records) == len(REFUSALS) and home.books.open_receivables() == []


def test_without_the_scope_to_read_the_company_nothing_is_written_and_the_remedy_is_told(home: House) -> None:
    home.sale("ch_1", 10000)
    information = {"Error": 1, "Message": "Har inte behörighet för scope", "Code": 2000663}
    home.gateway.faults.answer = lambda call: (
        JSONResponse({"ErrorInformation": information}, 403) if call.path == "/3/settings/lockedperiod" else None
    )
    with pytest.raises(DeliveryStopped) as stopped:
        home.deliver()
    assert "lockedperiod" in stopped.value.what and "missing scope" in str(stopped.value)
    assert home.writes() == []


def test_a_customer_that_was_removed_in_fortnox_holds_its_invoices_only(home: House) -> None:
    home.sale("ch_1", 10000)
    home.deliver()
    home.sale("ch_3", 5000, customer="cus_2", email="bo@example.com")
    home.sale("ch_2", 10000, day=D3)
    del home.books.customers.register.records["cus_1"]
    report = home.deliver()
    assert [held.document_id for held in report.held] == ["invoice:ch_2"] and report.held[0].remedy
    assert {i.header["ExternalInvoiceReference1"] for i in home.books.invoices.all.values()} == {"ch_1", "ch_3"}
