"""Foreign balances at the end of a month: valued at the closing rate, and to nothing where nothing is left."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.money import to_ore
from fortstripe_dagster.sandbox.official_rates import official_rate
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world

SPRING = Days(date(2026, 3, 1), date(2026, 4, 30))
TWO_BALANCES = {"clearing": {"SEK": "1686", "EUR": "1687"}, "transit": {"SEK": "1689", "EUR": "1690"}}
MARCH_END, APRIL_END = date(2026, 3, 31), date(2026, 4, 30)


def euros(world: World, day: int, amount: int, *, month: int = 3) -> dict[str, Any]:
    return world.one_off_payment(
        at=at(day, month=month), amount=amount, currency="eur", name="Elin", settle_in="eur", fee=0
    )


def booked(world: World, home: Path, days: Days = SPRING, **choices: Any) -> Book:
    return book(world, home, days, accounts=TWO_BALANCES, **choices)


def carried(ledger: Book, account: str, until: date) -> tuple[Decimal, int]:
    """Kronor and cents on an account by the end of a day."""
    sums = "SELECT sum(debit - credit), sum(amount_currency)::BIGINT FROM ledger.lines"
    return ledger.rows(f"{sums} WHERE account = ? AND event_day <= ?", account, until)[0]


def at_rate(cents: int, day: date) -> Decimal:
    return Decimal(to_ore(cents, "EUR", official_rate("eur", day))) / 100


def test_each_month_ends_at_the_closing_rate_and_no_euro_moves(tmp_path: Path) -> None:
    world = new_world()
    euros(world, 2, 10000)
    euros(world, 9, 25000, month=4)
    ledger = booked(world, tmp_path)
    assert carried(ledger, "1687", MARCH_END) == (at_rate(10000, MARCH_END), 10000)
    assert carried(ledger, "1687", APRIL_END) == (at_rate(35000, APRIL_END), 35000)
    difference = at_rate(10000, MARCH_END) - at_rate(10000, date(2026, 3, 2))
    counter = "3960" if difference > 0 else "7960"
    assert ledger.entry(f"revaluation:EUR:1687:{MARCH_END}") == {"1687": f"{difference}", counter: f"{-difference}"}
    # A later movement keeps its own day's rate.
    april = at_rate(35000, APRIL_END) - at_rate(10000, MARCH_END) - at_rate(25000, date(2026, 4, 9))
    assert ledger.entry(f"revaluation:EUR:1687:{APRIL_END}")["1687"] == f"{april}"


def test_an_emptied_balance_leaves_no_residue(tmp_path: Path) -> None:
    world = new_world()
    euros(world, 2, 10000)
    payout = world.payout(at=at(30), currency="eur", arrival=date(2026, 4, 2))
    world.payout_paid(payout)
    ledger = booked(world, tmp_path)
    assert carried(ledger, "1687", MARCH_END) == (Decimal("0.00"), 0)
    assert carried(ledger, "1690", MARCH_END) == (at_rate(10000, MARCH_END), 10000), "on its way over the month's end"
    assert carried(ledger, "1690", APRIL_END) == (Decimal("0.00"), 0)


def test_a_returned_payout_leaves_no_residue_in_transit(tmp_path: Path) -> None:
    world = new_world()
    euros(world, 2, 10000)
    payout = world.payout(at=at(10), currency="eur")
    world.payout_failed(payout, at=at(17))
    ledger = booked(world, tmp_path)
    ((residue,),) = ledger.rows(
        "SELECT sum(debit - credit) FROM ledger.lines WHERE account = '1690' AND event_day < '2026-03-31'"
    )
    assert residue == at_rate(10000, date(2026, 3, 10)) - at_rate(10000, date(2026, 3, 17)) != 0
    assert carried(ledger, "1690", MARCH_END) == (Decimal("0.00"), 0)
    assert carried(ledger, "1687", MARCH_END) == (at_rate(10000, MARCH_END), 10000)


def test_a_month_that_is_not_wholly_covered_is_not_valued(tmp_path: Path) -> None:
    world = new_world()
    euros(world, 2, 10000)
    ledger = booked(world, tmp_path, Days(date(2026, 3, 1), date(2026, 3, 30)))
    assert ledger.rows("SELECT count(*) FROM ledger.revaluations") == [(0,)]


def test_transit_that_a_bank_feed_empties_is_not_valued(tmp_path: Path) -> None:
    world = new_world()
    euros(world, 2, 10000)
    world.payout(at=at(10), currency="eur")
    ledger = booked(world, tmp_path, bank_leg="leave_to_bank_feed")
    assert {account for (account,) in ledger.rows("SELECT DISTINCT account FROM ledger.revaluations")} == {"1687"}
