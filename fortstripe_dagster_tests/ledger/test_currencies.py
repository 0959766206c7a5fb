"""Foreign money: minor units, official rates and who published them, and currencies that others replaced."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.money import to_ore
from fortstripe_dagster.sandbox.official_rates import official_rate
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world


@pytest.fixture(scope="module")
def euros(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, dict[str, Any]]:
    """Sales in euro over a weekend, one that is refunded, and two whose disputes were won."""
    world, made = new_world(), {}
    for day in (6, 7, 8):
        made[f"sold on day {day}"] = world.one_off_payment(at=at(day), amount=12345, currency="eur", name="Elin")["id"]
    refunded = world.one_off_payment(
        at=at(4), amount=10000, currency="eur", name="Elin", exchange_rate=Decimal("11.10")
    )
    made["refunded"], made["refund"] = refunded["id"], world.refund(refunded, at=at(18))["id"]
    in_kronor = world.one_off_payment(
        at=at(2), amount=10000, currency="eur", name="Elin", exchange_rate=Decimal("11.10"), fee=0
    )
    in_euros = world.one_off_payment(at=at(2), amount=10000, currency="eur", name="Maja", settle_in="eur", fee=0)
    for charge, left, back in ((in_kronor, Decimal("11.18"), Decimal("11.05")), (in_euros, None, None)):
        dispute = world.dispute_opened(charge, at=at(6), fee=0, exchange_rate=left)
        world.dispute_won(dispute, at=at(25), exchange_rate=back)
    made["won, in euros"] = in_euros["id"]
    accounts = {"clearing": {"SEK": "1686", "EUR": "1687"}, "transit": {"SEK": "1689", "EUR": "1690"}}
    return book(world, tmp_path_factory.mktemp("euros"), accounts=accounts), made


@pytest.mark.parametrize(("day", "published"), [(6, 6), (7, 6), (8, 6)])
def test_a_weekend_takes_fridays_rate_and_says_so(euros: tuple[Book, dict[str, Any]], day: int, published: int) -> None:
    ledger, made = euros
    rate = official_rate("eur", date(2026, 3, published))
    found = ledger.rows(
        "SELECT e.sek_per_unit, e.published, e.source, s.gross_ore FROM ledger.sales s JOIN ledger.exchange_rates e"
        " ON e.currency = s.currency AND e.day = s.event_day WHERE s.sale_id = ?",
        made[f"sold on day {day}"],
    )
    assert found == [(rate, date(2026, 3, published), "Riksbanken", to_ore(12345, "EUR", rate))]


def test_a_refund_keeps_the_rate_of_its_sale_and_the_rest_is_exchange(euros: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = euros
    sale, credit = ledger.entry(f"{made['refunded']}:sale"), ledger.entry(f"{made['refund']}:credit")
    assert {account: -Decimal(amount) for account, amount in sale.items()} == {
        account: Decimal(amount) for account, amount in credit.items()
    }
    booked = ledger.part(made["refunded"], made["refund"])
    left = {account: Decimal(amount) for account, amount in booked.items() if Decimal(amount)}
    assert {"1686"} < left.keys() <= {"1686", "3960", "7960", "6570"} and sum(left.values()) == 0


def test_a_currency_that_was_replaced_is_worth_a_fixed_part_of_its_successor(tmp_path: Path) -> None:
    world = new_world(opened=datetime(2026, 1, 5, tzinfo=UTC))
    charge = world.one_off_payment(
        at=datetime(2026, 1, 8, 12, tzinfo=UTC), amount=19558, currency="bgn", name="Iva", country="BG",
        exchange_rate=Decimal("5.70"),
    )  # fmt: skip
    days = Days(date(2026, 1, 7), date(2026, 1, 9))
    ledger = book(world, tmp_path, days, start_date=days.first)
    (rate, source), *_ = ledger.rows(
        "SELECT sek_per_unit, source FROM ledger.exchange_rates WHERE currency = 'BGN' AND day = '2026-01-08'"
    )
    euro = official_rate("eur", date(2026, 1, 8))
    assert rate == (euro / Decimal("1.95583")).quantize(Decimal("0.0000000001")) and source == "Riksbanken"
    assert ledger.rows("SELECT gross_ore FROM ledger.sales WHERE sale_id = ?", charge["id"]) == [
        (to_ore(19558, "BGN", rate),)
    ]


def test_a_won_dispute_leaves_its_exchange_difference_on_no_disputed_account(
    euros: tuple[Book, dict[str, Any]],
) -> None:
    ledger, made = euros
    assert ledger.accounts()["1516"] == "0.00"
    won = {
        settlement: ledger.entry(entry_id)
        for entry_id, settlement in ledger.rows(
            "SELECT entry_id, settlement FROM ledger.entries WHERE kind = 'dispute_won'"
        )
    }
    assert won["SEK"] == {"1516": "-1118.00", "1686": "1105.00", "7960": "13.00"}
    withdrawn = "SELECT entry_id FROM ledger.entries WHERE kind = 'dispute' AND charge = ?"
    ((left,),) = ledger.rows(withdrawn, made["won, in euros"])
    assert won["EUR"]["1516"] == str(-Decimal(ledger.entry(left)["1516"]))
    assert {"3960", "7960"} & set(won["EUR"])
