"""The company's choices change what is booked, and a sale that no rule fits waits without stopping the others.

One company has made all these choices at once; each test looks at what one of them did.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.failures import Failure
from fortstripe_dagster.ledger import build, choices_of
from fortstripe_dagster.settings.accounts import Accounts
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world, row

Made = dict[str, Any]
ACCOUNTS = {"clearing": {"SEK": "1580", "EUR": "1687"}, "transit": {"SEK": "1689", "EUR": "1690"}}


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, Made]:
    world, made = new_world(), {}
    charge = made["disputed"] = world.one_off_payment(at=at(2), amount=125000, name="Bo")
    made["dispute"] = world.dispute_opened(charge, at=at(5), fee=20000)
    world.dispute_lost(made["dispute"], at=at(20))
    customer = world.customer(name="Svea Handel AB", country="SE")
    made["paid"] = world.invoice(at=at(2), customer=customer, lines=[row("Plan", 12500)])
    world.pay_invoice(made["paid"], at=at(9))
    made["unpaid"] = world.invoice(at=at(3), customer=customer, lines=[row("Plan", 12500)])
    german = world.tax_rate(percentage=19, country="DE")
    consumer = world.customer(name="Jens", country="DE")
    made["foreign"] = world.invoice(at=at(2), customer=consumer, lines=[row("Plan", 10000, 1, german)])
    world.pay_invoice(made["foreign"], at=at(2, 14))
    made["ordinary"] = world.one_off_payment(at=at(3), amount=12500, name="Anna")
    made["odd rate"] = world.one_off_payment(at=at(2), amount=12500, name="Anna", metadata={"vat_rate": "5.6"})
    made["euros"] = world.one_off_payment(at=at(2), amount=10000, currency="eur", name="Elin", settle_in="eur", fee=300)
    made["payout"] = world.payout(at=at(10))
    world.payout_paid(made["payout"])
    ledger = book(
        world,
        tmp_path_factory.mktemp("chosen"),
        accounts=ACCOUNTS,
        dispute_lost="loss_keep_vat",
        invoice_when="paid",
        bank_leg="leave_to_bank_feed",
    )
    return ledger, made


def test_a_lost_dispute_can_be_a_bad_debt_whose_vat_stays(chosen: tuple[Book, Made]) -> None:
    ledger, made = chosen
    dispute = made["dispute"]["id"]
    assert ledger.entry(f"{dispute}:lost") == {"1516": "-1250.00", "6351": "1250.00"}
    assert ledger.part(made["disputed"]["id"], dispute)["2611"] == "-250.00"
    assert not ledger.rows("SELECT 1 FROM ledger.credits")


def test_an_invoice_can_be_a_sale_when_it_is_paid(chosen: tuple[Book, Made]) -> None:
    ledger, made = chosen
    assert ledger.day(f"{made['paid']['id']}:sale") == date(2026, 3, 9)
    assert not ledger.entry(f"{made['unpaid']['id']}:sale")


def test_vat_of_another_country_holds_its_sale_and_no_other(chosen: tuple[Book, Made]) -> None:
    ledger, made = chosen
    assert "One Stop Shop" in ledger.held()[f"{made['foreign']['id']}:sale"]
    sale = f"{made['ordinary']['id']}:sale"
    assert ledger.entry(sale) == {"1510": "125.00", "2611": "-25.00", "3001": "-100.00"} and sale not in ledger.held()


def test_a_vat_rate_without_an_account_holds_its_sale(chosen: tuple[Book, Made]) -> None:
    ledger, made = chosen
    sale = f"{made['odd rate']['id']}:sale"
    assert "no account for VAT at 5.60 %" in ledger.held()[sale]
    assert "2631" not in ledger.entry(sale)


def test_no_bank_leg_where_a_bank_feed_books_it(chosen: tuple[Book, Made]) -> None:
    ledger, made = chosen
    assert ledger.accounts()["1930"] == "0.00"
    assert ledger.accounts()["1689"] == f"{made['payout']['amount'] / 100:.2f}"


def test_a_balance_without_a_clearing_account_stops_the_ledger_and_names_the_setting(
    chosen: tuple[Book, Made], tmp_path: Path
) -> None:
    with pytest.raises(Failure, match=r"accounts\.clearing\.EUR"):
        chosen[0].under(tmp_path / "without")


def test_another_clearing_account_is_refused_once_entries_were_delivered(
    chosen: tuple[Book, Made], tmp_path: Path
) -> None:
    (ledger, made), warehouse = chosen, Warehouse(tmp_path / "warehouse.duckdb")
    ledger.warehouse.copy(warehouse.path)
    accounts = Accounts(clearing={"SEK": "1686", "EUR": "1687"}, transit=ACCOUNTS["transit"])
    changed = ledger.settings.model_copy(update={"accounts": accounts})
    sealed = [(choices_of(ledger.settings).text, {f"{made['ordinary']['id']}:sale": date(2026, 3, 3)})]
    with pytest.raises(Failure, match=r"accounts\.clearing\.SEK is 1686, but 1 .* booked with 1580.*start_date"):
        build(changed, warehouse, sealed=sealed)
    before = Book(changed, warehouse, ledger.report)
    assert before.accounts()["1580"] != "0.00", "the ledger in use is as it was"
    assert build(changed, warehouse).entries, "what was not delivered may still go to another account"
    assert (before.accounts()["1580"], before.accounts()["1686"]) == ("0.00", ledger.accounts()["1580"])


def test_euros_that_stay_euros_are_valued_at_the_days_official_rate(chosen: tuple[Book, Made]) -> None:
    ledger, made = chosen
    (rate,) = ledger.rows(
        "SELECT sek_per_unit FROM ledger.exchange_rates WHERE currency = 'EUR' AND day = '2026-03-02'"
    )[0]
    booked = ledger.rows(
        "SELECT sum(debit - credit), sum(amount_currency) FROM ledger.lines"
        " WHERE account = '1687' AND event_day = '2026-03-02'"
    )
    assert booked == [(round(100 * rate, 2) - round(3 * rate, 2), 9700)]
    assert set(ledger.entry(f"{made['euros']['id']}:sale")) == {"1510", "2611", "3001"}
    assert not ledger.rows("SELECT 1 FROM ledger.lines WHERE account IN ('3960', '7960') AND event_day < '2026-03-31'")
