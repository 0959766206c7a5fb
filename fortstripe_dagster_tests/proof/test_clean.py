"""Clean books give no finding: every ordinary case, other business in the same Fortnox, foreign balances, year end."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.proof import ProofReport
from fortstripe_dagster.sandbox.fortnox.company import Company as FortnoxCompany
from fortstripe_dagster.sandbox.fortnox.company import FinancialYear
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.proof.company import Company, Host, again, extracted, local, only
from fortstripe_dagster_tests.proof.company import company as company_with
from fortstripe_dagster_tests.proof.conftest import Prepared

D = Decimal


@pytest.fixture(scope="module")
def proven(month: Settings, host: Host, tmp_path_factory: pytest.TempPathFactory) -> tuple[Company, ProofReport]:
    """The month, booked and proven once."""
    company = company_with(month, tmp_path_factory.mktemp("proven") / "home", host)
    company.book()
    return company, company.prove()


def test_every_equation_holds_on_every_day(proven: tuple[Company, ProofReport]) -> None:
    company, report = proven
    assert (report.alarms, report.waiting, report.ok, report.exit_code) == ((), (), True, 0)
    assert report.verdict == "proven"
    assert {each.equation for each in report.equations} == {"1", "2", "3a", "3b", "4a", "4b", "5", "6", "7", "8", "9"}
    assert {each.status for each in report.equations} == {"ok"}
    ((days, rows),) = company.sql("SELECT count(DISTINCT day), count(*) FROM proof.tie_out WHERE equation = '1'")
    assert (days, rows) == (30, 30), "from the first movement on 2 March to the 31st"
    assert company.sql("SELECT DISTINCT status, difference FROM proof.tie_out") == [("ok", D("0.000"))]


def test_the_three_ways_line(proven: tuple[Company, ProofReport]) -> None:
    company, report = proven
    (sek,) = report.tie_out
    clearing = company.books.general_ledger(date(2026, 3, 31))[1686]
    assert sek.line() == f"SEK: Stripe {clearing} = ledger {clearing} = Fortnox {clearing}, difference 0.00"


def test_payouts_on_their_way_are_listed(proven: tuple[Company, ProofReport]) -> None:
    company, report = proven
    payout = only(report.items, "on its way")
    ((known, amount),) = company.sql("SELECT id, amount FROM stripe.payouts WHERE day = DATE '2026-03-31'")
    assert (payout.id, payout.amount) == (known, D(amount) / 100)
    assert payout.severity == "info"
    transit = next(each for each in report.equations if each.equation == "3b")
    assert transit.left_side == transit.right_side == payout.amount


def test_trial_balance_is_fortnox_own(proven: tuple[Company, ProofReport]) -> None:
    company, report = proven
    lines = {int(line.account): line for line in report.trial_balance}
    expected = {
        account: amount for account, amount in company.books.general_ledger(date(2026, 3, 31)).items() if amount
    }
    assert {account: line.closing for account, line in lines.items() if line.closing} == expected
    assert sum(line.debit for line in lines.values()) == sum(line.credit for line in lines.values())
    assert sum(line.closing for line in lines.values()) == 0


def test_other_business_of_the_company_is_no_finding(company: Company) -> None:
    invoice = company_invoice(company)
    with company.bookkeeper() as bookkeeper:
        bookkeeper.book_everything()
        bookkeeper.manual(date(2026, 3, 10), "Hyra", {"5010": D(12000), "1930": D(-12000)})
        bookkeeper.manual(date(2026, 3, 11), "Kontantförsäljning", {"1910": D(125), "3001": D(-100), "2611": D(-25)})
    report = company.prove()
    assert (report.alarms, report.waiting) == ((), ())
    receivables = next(each for each in report.equations if each.equation == "5")
    assert receivables.left_side == receivables.right_side == company.books.invoices.get(invoice).balance


def company_invoice(company: Company) -> int:
    """An unpaid invoice of another customer, nothing to do with Stripe."""
    books = company.books
    books.customers.create({"CustomerNumber": "7", "Name": "Bygg AB"})
    row = {"AccountNumber": 3001, "DeliveredQuantity": D(1), "Price": D(800), "VAT": 25, "Description": "Timmar"}
    fields = {"CustomerNumber": "7", "InvoiceDate": date(2026, 3, 9), "InvoiceRows": [row]}
    return books.invoices.bookkeep(books.invoices.create(fields).number).number


def test_proving_twice_is_the_same_and_chained(proven: tuple[Company, ProofReport], tmp_path: Path) -> None:
    company, first = again(proven[0], tmp_path / "again"), proven[1]
    second = company.prove()
    assert first.equations == second.equations and first.items == second.items
    rows = company.sql("SELECT content_hash, previous_hash, ok FROM proof.runs ORDER BY number")
    assert rows == [(first.content_hash, "", True), (second.content_hash, first.content_hash, True)]
    assert first.content_hash != second.content_hash
    ((tie_out, distinct),) = company.sql(
        "SELECT count(*), count(DISTINCT (day, equation, balance_type, currency, account)) FROM proof.tie_out"
    )
    assert tie_out == distinct


def test_a_day_alone_is_proven_too(proven: tuple[Company, ProofReport], tmp_path: Path) -> None:
    company = again(proven[0], tmp_path / "again")
    report = company.prove(Days(date(2026, 3, 29), date(2026, 3, 29)))
    assert (report.alarms, report.waiting) == ((), ())
    assert next(each for each in report.equations if each.equation == "8").left_side == 2, "both ends of the short day"


@pytest.fixture(scope="module")
def odd(host: Host, tmp_path_factory: pytest.TempPathFactory) -> tuple[Company, ProofReport]:
    """Euros that stay euros, an invoice whose VAT Fortnox rounds row by row, and a movement that nobody knows."""
    world = World(seed=2, now=local(2, 20))
    world.one_off_payment(at=local(3, 2), amount=21900, name="Anna Berg", email="a@example.com")
    world.one_off_payment(at=local(3, 3), amount=10000, currency="eur", settle_in="eur", name="Maja Lind")
    world.one_off_payment(at=local(3, 4), amount=5000, currency="eur", settle_in="eur", name="Maja Lind")
    world.payout_paid(world.payout(at=local(3, 12, 6), currency="eur"))
    world.one_off_payment(at=local(3, 13), amount=2500, currency="eur", settle_in="eur", name="Maja Lind")
    world.balance_transaction(at=local(3, 14), type="obscure_thing", amount=-700, description="What is this?")
    customer = world.customer(name="Anna Berg", email="a@example.com")
    three = [Line(description=f"Vara {number}", unit_amount=3333) for number in (1, 2, 3)]
    invoice = world.invoice(at=local(3, 16), customer=customer, lines=three)
    world.pay_invoice(invoice, at=local(3, 16, 14))
    home = tmp_path_factory.mktemp("odd")
    company = company_with(
        extracted(world, home / "extracted"), home / "home", host, FortnoxCompany(vat_rounding="row")
    )
    company.book()
    report = company.prove()
    assert (report.alarms, report.waiting) == ((), ())
    return company, report


def test_a_balance_in_euros_has_its_own_equations(odd: tuple[Company, ProofReport]) -> None:
    euro, kronor = odd[1].tie_out
    assert [(each.currency, each.difference) for each in (euro, kronor)] == [("EUR", D(0)), ("SEK", D(0))]
    assert euro.stripe == euro.ledger and euro.stripe != euro.ledger_sek == euro.fortnox_sek
    assert euro.line().startswith(f"EUR: Stripe {euro.stripe:.2f} = ledger {euro.ledger:.2f} (")


def test_vat_that_fortnox_rounds_otherwise_is_named_and_no_alarm(odd: tuple[Company, ProofReport]) -> None:
    company, report = odd
    rounding = only(report.items, "VAT rounding")
    (number,) = (number for number, each in company.books.invoices.all.items() if each.day == date(2026, 3, 16))
    assert abs(rounding.amount) == D("0.01") and f"invoice {number}" in rounding.text
    vat = next(each for each in report.equations if each.equation == "6" and each.account == "2611")
    assert (vat.status, vat.difference, vat.explained) == ("explained", rounding.amount, rounding.amount)


def test_an_unknown_movement_is_named_on_suspense(odd: tuple[Company, ProofReport]) -> None:
    item = only(odd[1].items, "on suspense")
    assert (item.amount, item.severity) == (D(7), "info") and "obscure_thing" in item.text


TURN = Days(date(2025, 10, 25), date(2026, 1, 20))


@pytest.fixture(scope="module")
def turning(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """Sales at the ends of the long day of October and of the year, booked."""
    world = World(seed=3, now=local(10, 1, year=2025))
    for month, day, hour, minute in (
        (10, 26, 0, 5),
        (10, 26, 2, 30),
        (10, 26, 23, 55),
        (12, 30, 12, 0),
        (12, 31, 23, 45),
    ):
        at = local(month, day, hour, minute, year=2025)
        world.one_off_payment(at=at, amount=12500, name="Anna Berg", email="a@example.com")
    world.one_off_payment(at=local(1, 1, 0, 15), amount=25000, name="Anna Berg", email="a@example.com")
    world.payout_paid(world.payout(at=local(1, 8, 6)))
    home = tmp_path_factory.mktemp("turning")
    company = company_with(extracted(world, home / "extracted", TURN, start_date=TURN.first), home / "home", host)
    company.book()
    return company


def test_an_opening_balance_that_was_not_carried_over(turning: Company, tmp_path: Path) -> None:
    company = again(turning, tmp_path / "again")
    company.books.ledger.accounts[2][1686].opening = D(-20)  # beside what the stand-in carries forward itself
    report = company.prove(TURN)
    item = only(report.items, "opening not carried over")
    assert (report.ok, item.severity, item.amount) == (True, "info", D(20))
    assert "Ingående balanser" in item.remedy
    assert [each.status for each in report.equations if each.equation == "2"] == ["ok"]
    assert not report.tie_out[0].difference, "the vouchers prove the balance all the same"


def test_the_long_day_of_october_and_the_turn_of_the_year(turning: Company) -> None:
    company = turning
    report = company.prove(TURN)
    assert (report.alarms, report.waiting) == ((), ())
    payments = dict(company.sql("SELECT day, left_side FROM proof.tie_out WHERE equation = '8'"))
    assert payments[date(2025, 10, 26)] == payments[date(2025, 12, 29)] == 3
    years = company.sql("SELECT first_day FROM proof.fortnox_years ORDER BY 1")
    assert years == [(date(2025, 1, 1),), (date(2026, 1, 1),)]
    stripe = dict(company.sql("SELECT day, left_side FROM proof.tie_out WHERE equation = '1'"))
    fortnox = dict(company.sql("SELECT day, right_side FROM proof.tie_out WHERE equation = '2'"))
    assert stripe == fortnox
    assert len({stripe[date(2025, 12, 30)], stripe[date(2025, 12, 31)], stripe[date(2026, 1, 1)]}) == 3
    opening = next(line.opening for line in report.trial_balance if line.account == "1686")
    assert opening == fortnox[date(2025, 12, 31)]
    before = company.prove(Days(TURN.first, date(2025, 12, 31)))
    assert (before.alarms, before.waiting) == ((), ()), "what is booked in the new year does not disturb the old one"


def test_a_broken_financial_year_turns_at_its_own_midnight(prepared: Prepared) -> None:
    world = World(seed=4, now=local(8, 1))
    for day, hour, minute in ((30, 12, 0), (31, 23, 45)):
        world.one_off_payment(at=local(8, day, hour, minute), amount=12500, name="Anna Berg", email="a@example.com")
    world.one_off_payment(at=local(9, 1, 0, 15), amount=25000, name="Anna Berg", email="a@example.com")
    years = (
        FinancialYear(7, date(2025, 9, 1), date(2026, 8, 31)),
        FinancialYear(8, date(2026, 9, 1), date(2027, 8, 31)),
    )
    days = Days(date(2026, 8, 30), date(2026, 9, 2))
    company = prepared(world, days, FortnoxCompany(years=years), start_date=days.first)
    company.book()
    report = company.prove(days)
    assert (report.alarms, report.waiting) == ((), ())
    assert company.sql("SELECT year_id, first_day FROM proof.fortnox_years ORDER BY 1") == [
        (7, date(2025, 9, 1)),
        (8, date(2026, 9, 1)),
    ]
    fortnox = dict(company.sql("SELECT day, right_side FROM proof.tie_out WHERE equation = '2'"))
    clearing = next(line for line in report.trial_balance if line.account == "1686")
    assert (clearing.opening, clearing.closing) == (fortnox[date(2026, 8, 31)], fortnox[date(2026, 9, 1)])
    sales = next(line for line in report.trial_balance if line.account == "3001")
    assert (sales.opening, sales.closing) == (D(0), D(-200)), "an income account begins its year at nothing"


def test_where_a_bank_feed_books_arrivals_only_the_ledger_side_is_compared(prepared: Prepared) -> None:
    world = World(seed=5, now=local(2, 20))
    world.one_off_payment(at=local(3, 2), amount=50000, name="Anna Berg", email="a@example.com")
    world.payout_paid(world.payout(at=local(3, 12, 6)))
    company = prepared(world, bank_leg="leave_to_bank_feed")
    paid = D(world.all("payout")[0]["amount"]) / 100
    with company.bookkeeper() as feed:
        feed.book_everything()
        feed.manual(date(2026, 3, 13), "Stripe", {"1930": paid, "1689": -paid})
    report = company.prove()
    assert report.alarms == ()
    assert "3b" not in {each.equation for each in report.equations}
    assert "bank feed" in report.notes[0] and report.notes[0] in report.text()
    assert only(report.items, "left to the bank feed").amount == paid
