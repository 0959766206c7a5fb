"""Books that begin in the middle of things: a payout on its way, disputes open, a payout of older payments to come."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from fortstripe_dagster import delivery
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.ledger import build
from fortstripe_dagster.money import to_ore
from fortstripe_dagster.proof import ProofReport, prove
from fortstripe_dagster.sandbox.fortnox.ledger import signed_row
from fortstripe_dagster.sandbox.stripe.account import StripeObject
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.proof.company import CLEARING, local

DAYS = Days(date(2026, 3, 5), date(2026, 3, 20))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A shop since February whose books begin here on 5 March."""
    world = World(seed=1, now=local(1, 10))

    anna = world.customer(at=local(1, 11), name="Anna Berg", email="anna@example.com")
    firm = world.customer(at=local(1, 11), name="Firman AB", email="f@example.com")

    def sell(at: datetime, amount: int, currency: str = "sek") -> StripeObject:
        return world.one_off_payment(at=at, amount=amount, currency=currency, settle_in=currency, customer=anna)

    def bill(at: datetime) -> StripeObject:
        return world.invoice(at=at, customer=firm, lines=[Line(description="Lunch", unit_amount=10000)])

    sold = [sell(local(2, day, 10), 10000 * day) for day in (9, 10, 11)]
    euro = sell(local(2, 12, 10), 5000, "eur")
    won, lost, closed = (world.dispute_opened(charge, at=local(2, 16)) for charge in sold)
    world.dispute_opened(euro, at=local(2, 17))
    world.dispute_lost(closed, at=local(2, 27))
    world.payout_paid(world.payout(at=local(2, 23, 6), amount=1000))
    year = Line(description="Årsplan", unit_amount=365000, period=(local(2, 1), local(2, 1, year=2027)))
    world.pay_invoice(world.invoice(at=local(2, 1), customer=firm, lines=[year]), at=local(2, 1))
    refunded = sell(local(3, 1, 10), 40000)
    world.payout_paid(world.payout(at=local(3, 3, 6), amount=20000, arrival=date(2026, 3, 5)))
    returned = world.payout(at=local(3, 4, 6), amount=30000, arrival=date(2026, 3, 6))
    world.payout_paid(returned)
    sell(local(3, 4, 23, 59), 30000)
    sell(local(3, 5, 0, 1), 20000)
    partly, unpaid, void, done = (bill(local(3, 2, hour)) for hour in (8, 9, 10, 11))
    world.pay_invoice(partly, at=local(3, 3), amount=4000)
    world.pay_invoice(done, at=local(3, 4))
    world.pay_invoice(partly, at=local(3, 8))
    world.void_invoice(void, at=local(3, 10))
    assert unpaid["status"] == "open"
    world.refund(refunded, at=local(3, 9))
    world.payout_failed(returned, at=local(3, 9, 15))
    world.dispute_won(won, at=local(3, 10))
    world.dispute_lost(lost, at=local(3, 12))
    world.payout_paid(world.payout(at=local(3, 13, 6)))
    sell(local(3, 16, 10), 7700)
    choices: dict[str, Any] = {"deferral": "voucher", "deferral_before_start": "deferred", "accounts": CLEARING}
    with running(world, tmp_path_factory.mktemp("inside"), start_date=DAYS.first, **choices) as served:
        served.sync(DAYS)
        yield served


def lines(company: Running, account: str, until: date) -> Decimal:
    with company.warehouse() as connection:
        return connection.execute(
            "SELECT coalesce(sum(debit - credit), 0) FROM ledger.lines WHERE account = ? AND event_day <= ?",
            [account, until],
        ).fetchall()[0][0]


def test_every_equation_holds_from_the_first_day(company: Running) -> None:
    with company.warehouse() as connection:
        wrong = connection.execute(
            "SELECT day, equation, account, left_side, right_side FROM proof.tie_out"
            " WHERE status = 'alarm' OR (equation IN ('1', '3a', '4a', '4b', '7') AND left_side <> right_side)"
        ).fetchall()
        days = connection.execute("SELECT count(DISTINCT day) FROM proof.tie_out WHERE equation = '1'").fetchall()
    assert wrong == []
    assert days == [(len(list(DAYS)),)]


def test_what_was_on_its_way_stands_on_transit_until_it_arrives_or_comes_back(company: Running) -> None:
    with company.warehouse() as connection:
        found = connection.execute("SELECT amount, on_its_way FROM stripe.opening_payouts ORDER BY amount").fetchall()
        arrived = connection.execute(
            "SELECT kind, event_day FROM ledger.entries WHERE kind LIKE 'payout_%' AND event_day < ? ORDER BY ALL",
            [date(2026, 3, 13)],
        ).fetchall()
    assert found == [(20000, True), (30000, True)]
    assert arrived == [
        ("payout_arrived", date(2026, 3, 5)),
        ("payout_arrived", date(2026, 3, 6)),
        ("payout_failed", date(2026, 3, 9)),
        ("payout_returned", date(2026, 3, 9)),
    ]
    assert lines(company, "1689", date(2026, 3, 5)) == Decimal(300)
    assert lines(company, "1689", date(2026, 3, 9)) == 0


def test_disputes_of_before_are_closed_against_what_stood_there(company: Running) -> None:
    with company.warehouse() as connection:
        found = connection.execute("SELECT currency, amount FROM stripe.opening_disputes ORDER BY ALL").fetchall()
        lost = connection.execute("SELECT amount, event_day FROM ledger.lost_disputes").fetchall()
        rate = connection.execute(
            "SELECT sek_per_unit FROM ledger.exchange_rates WHERE currency = 'EUR' AND day = ?", [DAYS.first]
        ).fetchall()[0][0]
    euro = Decimal(to_ore(5000, "EUR", rate)) / 100
    assert found == [("EUR", 5000), ("SEK", 90000), ("SEK", 100000)]
    assert lost == [(100000, date(2026, 3, 12))], "the one that was lost before the start is none of ours"
    assert lines(company, "1516", DAYS.first) == 1900 + euro
    assert lines(company, "1516", DAYS.last) == euro


def test_a_payout_of_older_payments_adds_up(company: Running) -> None:
    with company.warehouse() as connection:
        ((older, booked),) = connection.execute(
            "SELECT count(*) FILTER (b.day < $1), count(*) FILTER (e.event_day < $1)"
            " FROM stripe.payout_members m JOIN stripe.balance_transactions b ON b.id = m.balance_transaction"
            " LEFT JOIN ledger.entries e ON e.balance_transaction = b.id",
            [DAYS.first],
        ).fetchall()
        ((left, right),) = connection.execute(
            "SELECT left_side, right_side FROM proof.tie_out WHERE equation = '7' AND day = $1", [DAYS.last]
        ).fetchall()
    assert older > 0 and booked == 0
    assert left == right != 0


def test_what_customers_owed_is_met_by_what_they_paid_since(company: Running) -> None:
    with company.warehouse() as connection:
        owed = connection.execute(
            "SELECT debit, s.stripe_status FROM ledger.lines JOIN ledger.entries e USING (entry_id)"
            " JOIN ledger.sales s USING (sale_id)"
            " WHERE e.kind = 'opening_receivable' AND account = '1510' ORDER BY ALL"
        ).fetchall()
    assert owed == [(Decimal(60), "paid"), (Decimal(100), "open"), (Decimal(100), "void")]
    assert lines(company, "1510", DAYS.first) == 260
    assert lines(company, "1510", DAYS.last) == 100


def test_what_earlier_books_deferred_is_an_opening_balance(company: Running) -> None:
    """365 days of 8 kronor (10 with its VAT): 28 were over when February ended."""
    assert lines(company, "2970", DAYS.first) == -8 * (365 - 28)


def test_building_a_day_anew_changes_nothing(company: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    building = importlib.import_module("fortstripe_dagster.ledger.build")
    monkeypatch.setattr(building, "SHARE", 1000)
    monkeypatch.setattr(building, "OVERLAP", timedelta(days=-1))  # nothing counts as new: the days alone are reached
    warehouse = Warehouse(company.settings.warehouse_path)
    contents = [content(company)]
    for days in (None, Days(DAYS.first, DAYS.first), Days(date(2026, 3, 9), date(2026, 3, 12))):
        build(company.settings, warehouse, company.said.append, days=days)
        contents.append(content(company))
    assert len(contents[0]) > 40
    assert all(each == contents[0] for each in contents)


def content(company: Running) -> list[tuple[object, ...]]:
    with company.warehouse() as connection:
        return connection.execute(
            "SELECT entry_id, e.event_day, kind, account, debit, credit FROM ledger.entries e"
            " JOIN ledger.lines USING (entry_id) ORDER BY ALL"
        ).fetchall()


def test_what_the_books_hold_already_is_not_proposed_but_compared(company: Running) -> None:
    settings = company.settings.model_copy(update={"opening": "in_books"})
    warehouse = Warehouse(settings.warehouse_path)
    assert delivery.deliver(settings, warehouse, DAYS, progress=company.said.append).awaiting == ()
    first = prove(settings, warehouse, DAYS, company.said.append)
    with company.warehouse() as connection:
        opened = connection.execute(
            "SELECT account, sum(debit - credit) FROM ledger.lines WHERE entry_id LIKE 'opening:%' GROUP BY account"
        ).fetchall()
    differing = {item.id: item for item in first.items if item.kind == "opening differs"}
    assert {account: -item.amount for account, item in differing.items()} == {
        account: amount for account, amount in opened if account != "2999"
    }
    assert {account for account, item in differing.items() if item.severity == "waits"} == {*differing} - {"1510"}
    paid = next(item for item in first.items if item.kind == "paid, older than the books")
    assert paid.amount == 160 and "against account 1511" in paid.remedy
    assert first.ok and first.exit_code == 3
    # Their own invoices would stand on 1510 with the sub-ledger behind it; any other account will do here.
    theirs = {"1519" if account == "1510" else account: amount for account, amount in opened}
    book(company, theirs)
    book(company, {"1511": Decimal(160), "1519": Decimal(-160)}, DAYS.last)
    second = prove(settings, warehouse, DAYS, company.said.append)
    assert (second.waiting, second.exit_code) == ((), 0)
    book(company, {account: -amount for account, amount in theirs.items()})
    book(company, {"1511": Decimal(-160), "1519": Decimal(160)}, DAYS.last)


def test_more_on_an_account_of_others_too_is_only_said(company: Running) -> None:
    settings = company.settings.model_copy(update={"opening": "in_books"})
    warehouse = Warehouse(settings.warehouse_path)
    for amount, severity in ((Decimal(-5000), "info"), (Decimal(4000), "waits")):  # then 1 000 in all: too little
        book(company, {"2970": amount, "1930": -amount})
        report = prove(settings, warehouse, DAYS, company.said.append)
        (deferred,) = (item for item in report.items if item.kind == "opening differs" and item.id == "2970")
        assert deferred.severity == severity
    book(company, {"2970": Decimal(1000), "1930": Decimal(-1000)})


def book(company: Running, amounts: dict[str, Decimal], day: date = date(2026, 3, 4)) -> None:
    """A voucher of the bookkeeper's, by default on the day before the books begin."""
    rows = [signed_row(int(account), amount) for account, amount in amounts.items()]
    ledger = company.books.ledger
    ledger.post_manual(ledger.required_year_of(day), "A", day, "Stripe", rows)


def test_what_stood_open_is_booked_only_after_a_person_approved(company: Running) -> None:
    first = approved(company)
    assert first.exit_code == 0, [item for item in first.items if item.severity != "info"]
    ledger = company.general_ledger()
    assert ledger["1686"] == lines(company, "1686", DAYS.last)
    assert ledger["1516"] == lines(company, "1516", DAYS.last)


def approved(company: Running) -> ProofReport:
    warehouse = Warehouse(company.settings.warehouse_path)
    plan = delivery.plan(company.settings, warehouse, DAYS, progress=company.said.append)
    waiting = {document.document_id.split(":", 2)[2] for document in plan.awaiting}
    assert {name.split(":")[2] for name in waiting} == {"payments", "transit", "disputed", "receivable", "deferred"}
    assert company.general_ledger().get("2999") is None
    delivery.approve(company.settings, [(each.document_id, each.content_hash) for each in plan.awaiting], "Karin")
    delivery.deliver(company.settings, warehouse, DAYS, progress=company.said.append)
    return prove(company.settings, warehouse, DAYS, company.said.append)
