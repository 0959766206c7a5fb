"""The company's choices change what is booked, and a sale that no rule fits waits without stopping the others."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from fortstripe_dagster.failures import Failure
from fortstripe_dagster.ledger import build, choices_of
from fortstripe_dagster.settings.accounts import Accounts
from fortstripe_dagster_tests.ledger.books import at, book, new_world, row


def test_a_lost_dispute_can_be_a_bad_debt_whose_vat_stays(tmp_path: Path) -> None:
    world = new_world()
    charge = world.one_off_payment(at=at(2), amount=125000, name="Bo")
    dispute = world.dispute_opened(charge, at=at(5), fee=20000)
    world.dispute_lost(dispute, at=at(20))
    ledger = book(world, tmp_path, dispute_lost="loss_keep_vat")
    assert ledger.entry(f"{dispute['id']}:lost") == {"1516": "-1250.00", "6351": "1250.00"}
    assert ledger.accounts()["2611"] == "-250.00"
    assert not ledger.rows("SELECT 1 FROM ledger.credits")


def test_an_invoice_can_be_a_sale_when_it_is_paid(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Svea Handel AB", country="SE")
    paid = world.invoice(at=at(2), customer=customer, lines=[row("Plan", 12500)])
    world.pay_invoice(paid, at=at(9))
    unpaid = world.invoice(at=at(3), customer=customer, lines=[row("Plan", 12500)])
    ledger = book(world, tmp_path, invoice_when="paid")
    assert ledger.day(f"{paid['id']}:sale") == date(2026, 3, 9)
    assert not ledger.entry(f"{unpaid['id']}:sale")


def test_vat_of_another_country_holds_its_sale_and_no_other(tmp_path: Path) -> None:
    world = new_world()
    german = world.tax_rate(percentage=19, country="DE")
    consumer = world.customer(name="Jens", country="DE")
    foreign = world.invoice(at=at(2), customer=consumer, lines=[row("Plan", 10000, 1, german)])
    world.pay_invoice(foreign, at=at(2, 14))
    ordinary = world.one_off_payment(at=at(3), amount=12500, name="Anna")
    ledger = book(world, tmp_path)
    assert "One Stop Shop" in {remark.entry_id: remark.text for remark in ledger.report.held}[f"{foreign['id']}:sale"]
    assert ledger.entry(f"{ordinary['id']}:sale") == {"1510": "125.00", "2611": "-25.00", "3001": "-100.00"}


def test_a_vat_rate_without_an_account_holds_its_sale(tmp_path: Path) -> None:
    world = new_world()
    charge = world.one_off_payment(at=at(2), amount=12500, name="Anna", metadata={"vat_rate": "5.6"})
    ledger = book(world, tmp_path)
    (held,) = {remark.text for remark in ledger.report.held}
    assert "no account for VAT at 5.60 %" in held
    assert "2631" not in ledger.entry(f"{charge['id']}:sale")


def test_no_bank_leg_where_a_bank_feed_books_it(tmp_path: Path) -> None:
    world = new_world()
    world.one_off_payment(at=at(2), amount=12500, name="Anna")
    payout = world.payout(at=at(10))
    world.payout_paid(payout)
    ledger = book(world, tmp_path, bank_leg="leave_to_bank_feed")
    assert ledger.accounts()["1930"] == "0.00"
    assert ledger.accounts()["1689"] == f"{payout['amount'] / 100:.2f}"


def test_a_balance_without_a_clearing_account_stops_the_ledger_and_names_the_setting(tmp_path: Path) -> None:
    world = new_world()
    world.one_off_payment(at=at(2), amount=10000, currency="eur", name="Elin", settle_in="eur")
    with pytest.raises(Failure, match=r"accounts\.clearing\.EUR"):
        book(world, tmp_path)


def test_another_clearing_account_is_refused_once_entries_were_delivered(tmp_path: Path) -> None:
    world = new_world()
    charge = world.one_off_payment(at=at(2), amount=12500, name="Anna")
    before = book(world, tmp_path, accounts={"clearing": {"SEK": "1580"}})
    changed = before.settings.model_copy(update={"accounts": Accounts(clearing={"SEK": "1686"})})
    sealed = [(choices_of(before.settings).text, {f"{charge['id']}:sale": date(2026, 3, 2)})]
    with pytest.raises(Failure, match=r"accounts\.clearing\.SEK is 1686, but 1 .* booked with 1580.*start_date"):
        build(changed, before.warehouse, sealed=sealed)
    assert before.accounts()["1580"] != "0.00", "the ledger in use is as it was"
    assert build(changed, before.warehouse).entries, "what was not delivered may still go to another account"


def test_euros_that_stay_euros_are_valued_at_the_days_official_rate(tmp_path: Path) -> None:
    world = new_world()
    charge = world.one_off_payment(at=at(2), amount=10000, currency="eur", name="Elin", settle_in="eur", fee=300)
    accounts = {"clearing": {"SEK": "1686", "EUR": "1687"}, "transit": {"SEK": "1689", "EUR": "1690"}}
    ledger = book(world, tmp_path, accounts=accounts)
    (rate,) = ledger.rows(
        "SELECT sek_per_unit FROM ledger.exchange_rates WHERE currency = 'EUR' AND day = '2026-03-02'"
    )[0]
    booked = ledger.rows(
        "SELECT sum(debit - credit), sum(amount_currency) FROM ledger.lines"
        " WHERE account = '1687' AND event_day = '2026-03-02'"
    )
    assert booked == [(round(100 * rate, 2) - round(3 * rate, 2), 9700)]
    assert set(ledger.entry(f"{charge['id']}:sale")) == {"1510", "2611", "3001"}
    assert not ledger.rows("SELECT 1 FROM ledger.lines WHERE account IN ('3960', '7960') AND event_day < '2026-03-31'")
