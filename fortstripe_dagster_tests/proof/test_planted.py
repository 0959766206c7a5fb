"""Planted errors: each must be caught, named with what is behind it, and told what to do about.

Errors that do not touch each other stand in one company and are found by one proof: each by its own name, and no more
than were planted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.proof import Item, ProofReport
from fortstripe_dagster.sandbox.fortnox.ledger import Voucher, signed_row
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.proof.company import Company, Host, only
from fortstripe_dagster_tests.proof.company import company as company_with

D = Decimal


@dataclass
class Found:
    """A company in which errors were planted, what they are about, and what one proof says."""

    company: Company
    about: dict[str, Any]
    report: ProofReport

    def alarm(self, name: str) -> Item:
        """The one alarm about what was planted under a name."""
        (item,) = [each for each in self.report.alarms if each.id == self.about[name]]
        return item


Planter = Callable[..., Found]


@pytest.fixture(scope="module")
def planted(month: Settings, host: Host, tmp_path_factory: pytest.TempPathFactory) -> Planter:
    """`planted(before, after)`: errors planted in the month before it is booked in Fortnox, and after; then proven."""

    def plant(
        before: Callable[[Company], dict[str, Any]] = as_it_should_be,
        after: Callable[[Company], dict[str, Any]] = lambda company: {},
    ) -> Found:
        company = company_with(month, tmp_path_factory.mktemp("planted") / "home", host)
        about = before(company)
        about |= after(company)
        return Found(company, about, company.prove())

    return plant


def as_it_should_be(company: Company) -> dict[str, Any]:
    company.book()
    return {}


def status(report: ProofReport, equation: str, account: str = "") -> str:
    """The worst status of an equation."""
    rows = [each for each in report.equations if each.equation == equation and account in ("", each.account)]
    assert rows, f"equation {equation} is not in the report"
    return max((each.status for each in rows), key=("ok", "explained", "alarm").index)


def lose(company: Company, *entries: str) -> None:
    """Take entries out of the ledger."""
    for entry in entries:
        for table in ("ledger.lines", "ledger.entries"):
            company.sql(f"DELETE FROM {table} WHERE entry_id = ?", entry)


def fee_of(company: Company, day: int) -> tuple[str, str]:
    """The fee of a day of March: entry and balance transaction."""
    [row] = company.sql(
        "SELECT min(entry_id), min(balance_transaction) FROM ledger.entries WHERE kind = 'fee' AND event_day = ?",
        date(2026, 3, day),
    )
    return row


def fees_voucher(company: Company, day: int = 2) -> tuple[str, Voucher]:
    """The fee voucher of a day of March: document id and what stands in Fortnox."""
    document = f"voucher:{date(2026, 3, day)}:fees"
    ((number,),) = company.sql("SELECT voucher_number FROM delivery.documents WHERE document_id = ?", document)
    return document, next(each for each in company.books.vouchers(2, "S") if each.number == number)


def edit(voucher: Voucher, account: str, counter: str, amount: Decimal) -> None:
    """Change a posted voucher behind Fortnox's back: `amount` more on an account, less on its counter account."""
    rows = [*voucher.rows, signed_row(int(account), amount), signed_row(int(counter), -amount)]
    object.__setattr__(voucher, "rows", tuple(rows))


def unnoted(company: Company, day: date, amounts: dict[str, Decimal], series: str) -> int:
    """Post a voucher that nobody notes; its number."""
    year = company.books.ledger.required_year_of(day)
    rows = [signed_row(int(account), amount) for account, amount in amounts.items()]
    return company.books.ledger.post_manual(year, series, day, "Rättelse", rows).number


# Stripe against the ledger


def in_the_ledger(company: Company) -> dict[str, Any]:
    dispute, day = company.sql("SELECT entry_id, event_day FROM ledger.entries WHERE kind = 'dispute'")[0]
    lose(company, dispute, f"{dispute}:fee")
    fee, transaction = fee_of(company, 20)
    ((amount,),) = company.sql("SELECT fee FROM stripe.balance_transactions WHERE id = ?", transaction)
    lose(company, fee)
    late = "(SELECT entry_id FROM ledger.entries WHERE event_day = DATE '2026-03-29' AND kind = 'payment' LIMIT 1)"
    ((moved,),) = company.sql(late)
    for table in ("ledger.entries", "ledger.lines"):
        company.sql(f"UPDATE {table} SET event_day = DATE '2026-03-30' WHERE entry_id = ?", moved)
    ((payout,),) = company.sql("SELECT id FROM stripe.payouts WHERE day = DATE '2026-03-12'")
    company.sql("UPDATE stripe.payouts SET status = 'in_transit' WHERE id = ?", payout)
    lose(company, f"{payout}:arrived")
    company.book()
    return {
        "dispute": dispute, "day": day, "fee": transaction, "amount": -D(amount) / 100, "moved": moved,
        "payout": payout,
    }  # fmt: skip


@pytest.fixture(scope="module")
def wrong_ledger(planted: Planter) -> Found:
    return planted(in_the_ledger)


def test_a_fee_missing_from_the_ledger(wrong_ledger: Found) -> None:
    report = wrong_ledger.report
    assert (report.ok, report.exit_code, status(report, "1")) == (False, 1, "alarm")
    item = only(report.alarms, "other amount")
    assert (item.id, item.amount) == (wrong_ledger.about["fee"], wrong_ledger.about["amount"])
    assert item.id in item.text and "1" in item.equations


def test_a_transaction_missing_from_the_ledger(wrong_ledger: Found) -> None:
    report = wrong_ledger.report
    assert only(report.alarms, "not in the ledger").id == wrong_ledger.about["dispute"]
    bad = next(each for each in report.equations if each.equation == "1")
    assert bad.first_bad_day == wrong_ledger.about["day"], "the first of those that are wrong"


def test_a_transaction_booked_on_the_wrong_side_of_midnight(wrong_ledger: Found) -> None:
    item = only(wrong_ledger.report.alarms, "other day")
    the_day = date(2026, 3, 29)
    assert (item.id, item.first_day, item.last_day) == (wrong_ledger.about["moved"], the_day, the_day)


def test_a_payout_that_never_reached_the_bank(wrong_ledger: Found) -> None:
    payout = wrong_ledger.about["payout"]
    item = only(wrong_ledger.report.alarms, "overdue")
    assert item.id == payout and "in_transit" in item.text and "banking days ago" in item.text
    soon = wrong_ledger.company.prove(Days(date(2026, 3, 1), date(2026, 3, 18)))
    assert payout in {each.id for each in soon.items if each.kind == "on its way"}, "three banking days are no alarm"


def at_stripe(company: Company) -> dict[str, Any]:
    company.sql("UPDATE stripe.balances SET available = available + 4200")
    ((payout, transaction, net),) = company.sql(
        "SELECT m.payout, b.id, b.net FROM stripe.payout_members m JOIN stripe.balance_transactions b "
        "ON b.id = m.balance_transaction ORDER BY b.day, b.id LIMIT 1"
    )
    company.sql("DELETE FROM stripe.payout_members WHERE balance_transaction = ?", transaction)
    ((other, unread),) = company.sql(
        "SELECT payout, min(balance_transaction) FROM stripe.payout_members WHERE payout <> ? GROUP BY 1", payout
    )
    company.sql(
        "UPDATE stripe.payout_members SET balance_transaction = 'txn_lost' WHERE balance_transaction = ?", unread
    )
    return {"short": payout, "net": D(net) / 100, "unread": other}


@pytest.fixture(scope="module")
def wrong_stripe(planted: Planter) -> Found:
    return planted(after=at_stripe)


def test_stripe_own_balance_differs(wrong_stripe: Found) -> None:
    report = wrong_stripe.report
    assert status(report, "4b") != "ok"
    item = only(report.waiting + report.alarms, "balance")
    assert item.amount == D(42) and "42.00 SEK more" in item.text


def test_a_payout_whose_transactions_do_not_add_up(wrong_stripe: Found) -> None:
    item = wrong_stripe.alarm("short")
    assert (item.kind, item.amount) == ("payout does not add up", wrong_stripe.about["net"])
    assert status(wrong_stripe.report, "7") == "alarm"


def test_a_payout_member_that_was_never_read_is_named(wrong_stripe: Found) -> None:
    item = wrong_stripe.alarm("unread")
    assert item.kind == "payout does not add up" and "txn_lost" in item.text


def test_nothing_else_is_wrong_at_stripe(wrong_stripe: Found) -> None:
    about = wrong_stripe.about
    assert {item.id for item in wrong_stripe.report.alarms if item.kind != "balance"} == {
        about["short"],
        about["unread"],
    }


# The ledger against Fortnox


def while_booking(company: Company) -> dict[str, Any]:
    """One öre too much, and a fee that is never booked."""
    first, second = (fee_of(company, day)[0] for day in (2, 3))
    with company.bookkeeper() as bookkeeper:
        fees = {entry.entry_id: entry for entry in bookkeeper.entries_of_kind("fee")}
        rounded, unsent = fees[first], fees[second]
        bookkeeper.skip = {rounded.entry_id, unsent.entry_id}
        bookkeeper.book_everything()
        bookkeeper.voucher("voucher:one öre", rounded.day, [rounded], extra="0.01")
    return {"one öre": "voucher:one öre", "unsent": unsent.entry_id}


def in_fortnox(company: Company) -> dict[str, Any]:
    edited, voucher = fees_voucher(company, 4)
    edit(voucher, "1686", "2999", D("10.00"))
    beside, voucher = fees_voucher(company, 5)
    edit(voucher, "6570", "6540", D("10.00"))
    _, original = fees_voucher(company, 6)
    year = company.books.ledger.required_year_of(original.day)
    double = company.books.ledger.post_manual(year, "S", original.day, original.description, original.rows).number
    unknown = unnoted(company, date(2026, 3, 20), {"1686": D(77), "2999": D(-77)}, "S")
    removed, left = fees_voucher(company, 16)
    company.sql("UPDATE delivery.documents SET voucher_number = 9999 WHERE document_id = ?", removed)
    return {
        "edited": edited, "beside": beside, "original": original.number, "removed": removed,
        "double": f"voucher S {double} of 2026", "unknown": f"voucher S {unknown} of 2026",
        "left behind": f"voucher S {left.number} of 2026",
    }  # fmt: skip


@pytest.fixture(scope="module")
def wrong_fortnox(planted: Planter) -> Found:
    return planted(while_booking, in_fortnox)


def test_one_ore(wrong_fortnox: Found) -> None:
    item = wrong_fortnox.alarm("one öre")
    assert (item.kind, abs(item.amount)) == ("differs", D("0.01"))
    assert "2" in item.equations and status(wrong_fortnox.report, "2") == "alarm"


def test_an_edited_amount(wrong_fortnox: Found) -> None:
    item = wrong_fortnox.alarm("edited")
    assert (item.kind, item.equations) == ("differs", ("2", "6")), "both accounts are named"
    assert "10.00 SEK in debit on account 1686 more than was sent" in item.text


def test_an_edit_beside_the_clearing_account(wrong_fortnox: Found) -> None:
    item, report = wrong_fortnox.alarm("beside"), wrong_fortnox.report
    assert (item.kind, item.equations) == ("differs", ("6",))
    assert (status(report, "6", "6570"), status(report, "6", "6540")) == ("alarm", "alarm")


def test_a_doubled_voucher(wrong_fortnox: Found) -> None:
    item = only(wrong_fortnox.report.alarms, "double")
    assert item.id == wrong_fortnox.about["double"] and "2" in item.equations
    assert f"repeats voucher S {wrong_fortnox.about['original']} of 2026" in item.text


def test_a_voucher_in_our_series_that_the_journal_does_not_know(wrong_fortnox: Found) -> None:
    item = wrong_fortnox.alarm("unknown")
    assert (item.kind, item.amount) == ("unknown", D(-77)) and "fortstripe adopt" in item.remedy


def test_a_voucher_that_was_removed_in_fortnox(wrong_fortnox: Found) -> None:
    item = only(wrong_fortnox.report.alarms, "missing")
    assert item.id == wrong_fortnox.about["removed"] and "voucher S 9999" in item.text


def test_an_entry_that_was_never_delivered(wrong_fortnox: Found) -> None:
    item = only(wrong_fortnox.report.alarms, "unsent")
    assert item.id == wrong_fortnox.about["unsent"] and item.equations == ("2", "6", "9")
    assert status(wrong_fortnox.report, "9") == "alarm"


def test_nothing_but_what_was_planted_is_an_alarm(wrong_fortnox: Found) -> None:
    expected = {name: id for name, id in wrong_fortnox.about.items() if name != "original"}
    assert {each.id for each in wrong_fortnox.report.alarms} == set(expected.values())


def after_delivery(company: Company) -> dict[str, Any]:
    changed, vanished = fee_of(company, 2)[0], fee_of(company, 3)[0]
    company.sql("UPDATE ledger.lines SET debit = debit + 1 WHERE entry_id = ? AND debit > 0", changed)
    company.sql("UPDATE ledger.lines SET credit = credit + 1 WHERE entry_id = ? AND credit > 0", changed)
    lose(company, vanished)
    again, _ = fees_voucher(company, 4)
    with company.warehouse.transaction() as connection:
        for table in ("documents", "document_lines"):
            connection.execute(
                f"INSERT INTO delivery.{table} SELECT * REPLACE (document_id || ':again' AS document_id) "
                f"FROM delivery.{table} WHERE document_id = ?",
                [again],
            )
    return {"changed": changed, "vanished": f"entry:{vanished}"}


@pytest.fixture(scope="module")
def changed_since(planted: Planter) -> Found:
    return planted(after=after_delivery)


def test_an_entry_in_two_documents(changed_since: Found) -> None:
    twice = [item for item in changed_since.report.alarms if item.kind == "twice"]
    assert twice and all("9" in item.equations for item in twice)
    assert status(changed_since.report, "9") == "alarm"


def test_an_entry_that_changed_after_it_was_delivered(changed_since: Found) -> None:
    item = only(changed_since.report.alarms, "changed")
    assert item.id == changed_since.about["changed"] and "correction is not sent" in item.text


def test_an_entry_that_vanished_after_it_was_delivered(changed_since: Found) -> None:
    assert only(changed_since.report.alarms, "vanished").id == changed_since.about["vanished"]


# What waits or is explained


def by_hand(company: Company) -> dict[str, Any]:
    clearing = unnoted(company, date(2026, 3, 20), {"1686": D(-500), "1930": D(500)}, "A")
    receivable = unnoted(company, date(2026, 3, 20), {"1510": D(-300), "1930": D(300)}, "A")
    return {"clearing": f"voucher A {clearing} of 2026", "receivable": f"voucher A {receivable} of 2026"}


@pytest.fixture(scope="module")
def manual(planted: Planter) -> Found:
    return planted(after=by_hand)


def test_a_manual_voucher_on_the_clearing_account(manual: Found) -> None:
    report = manual.report
    assert (report.ok, report.exit_code, status(report, "2")) == (True, 3, "explained")
    (item,) = [each for each in report.waiting if each.id == manual.about["clearing"]]
    assert (item.kind, item.amount, item.first_day) == ("manual", D(500), date(2026, 3, 20))
    assert "Rättelse" in item.text and "posts 500.00 SEK in credit on account 1686" in item.text
    (sek,) = report.tie_out
    assert sek.difference == D(500) and sek.line().endswith("difference 500.00, all of it explained")
    before = manual.company.sql("SELECT status FROM proof.tie_out WHERE equation = '2' AND day = DATE '2026-03-19'")
    assert before == [("ok",)], "it explains nothing before its own day"


def test_a_voucher_past_the_sub_ledger(manual: Found) -> None:
    assert status(manual.report, "5") == "explained"
    (item,) = [each for each in manual.report.waiting if each.id == manual.about["receivable"]]
    assert (item.kind, item.amount, item.first_day) == ("manual", D(-300), date(2026, 3, 20))


def held_and_moved(company: Company) -> dict[str, Any]:
    held = fee_of(company, 31)[0]
    with company.bookkeeper() as bookkeeper:
        (fee, *_) = bookkeeper.entries_of_kind("fee")
        bookkeeper.skip, bookkeeper.held = {fee.entry_id}, {held: "the period is locked to 2026-03-31"}
        bookkeeper.book_everything()
        bookkeeper.voucher("voucher:moved", fee.day, [fee], posted_on=date(2026, 3, 25))
    return {"held": f"entry:{held}", "fee": held, "moved": fee.day}


@pytest.fixture(scope="module")
def waiting(planted: Planter) -> Found:
    return planted(held_and_moved)


def test_a_held_entry_is_explained_and_waits_for_a_person(waiting: Found) -> None:
    report = waiting.report
    assert (report.ok, report.exit_code, report.alarms) == (True, 3, ())
    item = only(report.waiting, "held")
    assert item.equations == ("2", "6", "9") and "the period is locked" in item.text
    assert item.remedy == "unlock the period in Fortnox"
    assert (status(report, "2"), status(report, "9")) == ("explained", "explained")


def test_a_document_that_a_locked_period_moved(waiting: Found) -> None:
    item = only(waiting.report.explained, "dated later")
    assert (item.id, item.first_day, item.last_day) == ("voucher:moved", waiting.about["moved"], date(2026, 3, 24))
    rows = waiting.company.sql(
        "SELECT day >= DATE '2026-03-25', list(DISTINCT status) FROM proof.tie_out"
        " WHERE equation = '2' AND day BETWEEN ? AND DATE '2026-03-30' GROUP BY 1 ORDER BY 1",
        waiting.about["moved"],
    )
    assert rows == [(False, ["explained"]), (True, ["ok"])]
