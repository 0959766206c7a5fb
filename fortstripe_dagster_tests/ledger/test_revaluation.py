"""Foreign balances at the end of a month: valued at the closing rate, and to nothing where nothing is left."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.money import to_ore
from fortstripe_dagster.sandbox.official_rates import official_rate
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world

SPRING = Days(date(2026, 3, 1), date(2026, 4, 30))
ACCOUNTS = {
    "clearing": {"SEK": "1686", "EUR": "1687", "USD": "1681", "GBP": "1682", "DKK": "1683", "NOK": "1684"},
    "transit": {"SEK": "1689", "EUR": "1690", "USD": "1691", "GBP": "1692", "DKK": "1693", "NOK": "1694"},
}
MARCH_END, APRIL_END = date(2026, 3, 31), date(2026, 4, 30)


def sold(world: World, currency: str, day: int, amount: int, *, month: int = 3) -> dict[str, Any]:
    return world.one_off_payment(
        at=at(day, month=month), amount=amount, currency=currency, name="Elin", settle_in=currency, fee=0
    )


@pytest.fixture(scope="module")
def balances(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """Euro stay and become more, dollars leave over the month's end, pounds leave and come back.

    Danish kroner leave in March and come back in April, Norwegian ones even after they had arrived.
    """
    world = new_world()
    sold(world, "eur", 2, 10000)
    sold(world, "eur", 9, 25000, month=4)
    sold(world, "usd", 2, 10000)
    payout = world.payout(at=at(30), currency="usd", arrival=date(2026, 4, 2))
    world.payout_paid(payout)
    sold(world, "gbp", 2, 10000)
    returned = world.payout(at=at(10), currency="gbp")
    world.payout_failed(returned, at=at(17))
    for currency, arrives in (("dkk", None), ("nok", date(2026, 3, 31))):
        sold(world, currency, 2, 10000)
        returned = world.payout(at=at(30), currency=currency, arrival=arrives)
        if arrives:
            world.payout_paid(returned)
        world.payout_failed(returned, at=at(8, month=4))
    return book(world, tmp_path_factory.mktemp("balances"), SPRING, accounts=ACCOUNTS)


def carried(ledger: Book, account: str, until: date) -> tuple[Decimal, int]:
    """Kronor and minor units on an account by the end of a day."""
    sums = "SELECT sum(debit - credit), sum(amount_currency)::BIGINT FROM ledger.lines"
    return ledger.rows(f"{sums} WHERE account = ? AND event_day <= ?", account, until)[0]


def at_rate(minor: int, day: date, currency: str = "EUR") -> Decimal:
    return Decimal(to_ore(minor, currency, official_rate(currency.lower(), day))) / 100


def test_each_month_ends_at_the_closing_rate_and_no_euro_moves(balances: Book) -> None:
    assert carried(balances, "1687", MARCH_END) == (at_rate(10000, MARCH_END), 10000)
    assert carried(balances, "1687", APRIL_END) == (at_rate(35000, APRIL_END), 35000)
    difference = at_rate(10000, MARCH_END) - at_rate(10000, date(2026, 3, 2))
    counter = "3960" if difference > 0 else "7960"
    assert balances.entry(f"revaluation:EUR:1687:{MARCH_END}") == {"1687": f"{difference}", counter: f"{-difference}"}
    # A later movement keeps its own day's rate.
    april = at_rate(35000, APRIL_END) - at_rate(10000, MARCH_END) - at_rate(25000, date(2026, 4, 9))
    assert balances.entry(f"revaluation:EUR:1687:{APRIL_END}")["1687"] == f"{april}"


def test_an_emptied_balance_leaves_no_residue(balances: Book) -> None:
    assert carried(balances, "1681", MARCH_END) == (Decimal("0.00"), 0)
    on_its_way = (at_rate(10000, MARCH_END, "USD"), 10000)
    assert carried(balances, "1691", MARCH_END) == on_its_way, "on its way over the month's end"
    assert carried(balances, "1691", APRIL_END) == (Decimal("0.00"), 0)


def test_a_payout_comes_back_at_what_it_left_at(balances: Book) -> None:
    gone, back = at_rate(10000, date(2026, 3, 10), "GBP"), at_rate(10000, date(2026, 3, 17), "GBP")
    exchange = "3960" if back > gone else "7960"
    failed = "SELECT entry_id FROM ledger.entries WHERE kind = 'payout_failed' AND settlement = 'GBP'"
    ((entry_id,),) = balances.rows(failed)
    assert gone != back
    assert balances.entry(entry_id) == {"1682": f"{back}", "1692": f"{-gone}", exchange: f"{gone - back}"}
    assert carried(balances, "1692", date(2026, 3, 17)) == (Decimal("0.00"), 0)
    assert carried(balances, "1682", MARCH_END) == (at_rate(10000, MARCH_END, "GBP"), 10000)


def test_a_payout_that_comes_back_in_another_month_leaves_nothing_in_transit(balances: Book) -> None:
    in_march = (at_rate(10000, MARCH_END, "DKK"), 10000)
    assert carried(balances, "1693", MARCH_END) == in_march, "on its way, at the closing rate"
    assert carried(balances, "1693", APRIL_END) == (Decimal("0.00"), 0)
    assert carried(balances, "1683", APRIL_END) == (at_rate(10000, APRIL_END, "DKK"), 10000)
    assert carried(balances, "1694", MARCH_END) == (Decimal("0.00"), 0), "it had arrived"
    assert carried(balances, "1694", date(2026, 4, 8)) == (Decimal("0.00"), 0), "and came back from the bank"
    at_the_bank = "SELECT count(*), sum(debit - credit) FROM ledger.lines WHERE account = '1930' AND currency = 'NOK'"
    assert balances.rows(at_the_bank) == [(2, 0)]


def test_a_month_that_is_not_wholly_covered_is_not_valued(tmp_path: Path) -> None:
    world = new_world()
    sold(world, "eur", 2, 10000)
    ledger = book(world, tmp_path, Days(date(2026, 3, 1), date(2026, 3, 30)), accounts=ACCOUNTS)
    assert ledger.rows("SELECT count(*) FROM ledger.revaluations") == [(0,)]


def test_transit_that_a_bank_feed_empties_is_not_valued(balances: Book, tmp_path: Path) -> None:
    valued = "SELECT DISTINCT account FROM ledger.revaluations ORDER BY 1"
    assert {"1691", "1692"} <= {account for (account,) in balances.rows(valued)}
    ledger = balances.under(tmp_path / "fed", accounts=ACCOUNTS, bank_leg="leave_to_bank_feed")
    assert {account for (account,) in ledger.rows(valued)} == {"1681", "1682", "1683", "1684", "1687"}
