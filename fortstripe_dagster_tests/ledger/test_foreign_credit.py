"""A customer's credit balance in euros: used at what it stands at, so that with the last cent the last öre is gone.

The whole way, to Fortnox and the proof; each story has a customer of its own. What a void gives back is a payment in
reverse, which Fortnox takes of no one: that story ends in the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.money import to_ore
from fortstripe_dagster.sandbox.official_rates import official_rate
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.ledger.books import at, book, new_world, row

ACCOUNTS = {
    "clearing": {"SEK": "1686", "EUR": "1687"},
    "transit": {"SEK": "1689", "EUR": "1690"},
    "granted_credit": "3730",
    "customer_credit": "2897",
}
Made = dict[str, Any]


def kronor(cents: int, day: int) -> Decimal:
    return Decimal(to_ore(cents, "EUR", official_rate("eur", date(2026, 3, day)))) / 100


def buyer(world: World) -> Made:
    return world.customer(name="Elin", country="SE", currency="eur")


def sold(world: World, customer: Made, day: int, cents: int, *, paid: int | None = None) -> str:
    """An invoice that is paid at once, as far as credit leaves something to pay."""
    invoice = world.invoice(at=at(day), customer=customer, currency="eur", lines=[row("Plan", cents)])
    if invoice["amount_remaining"]:
        world.pay_invoice(invoice, at=at(day, 13), amount=paid, fee=0, settle_in="eur")
    return str(invoice["id"])


def overpaid(world: World) -> list[str]:
    customer = buyer(world)
    return [sold(world, customer, 2, 10000, paid=11000), sold(world, customer, 18, 5000)]


def noted_and_used_in_two(world: World) -> list[str]:
    customer = buyer(world)
    first = sold(world, customer, 3, 10000)
    world.credit_note(world.get("invoice", first), at=at(4), lines=[(world.lines[first][0], 3000)], to="balance")
    return [sold(world, customer, 11, 2000), sold(world, customer, 19, 1500)]


def given_twice(world: World) -> list[str]:
    customer = buyer(world)
    for day in (3, 12):
        world.give_credit(customer, at=at(day), amount=1000)
    return [sold(world, customer, 17, 1500), sold(world, customer, 24, 500)]


def void_and_used_again(world: World) -> list[str]:
    customer = buyer(world)
    world.give_credit(customer, at=at(5), amount=1000)
    wrong = world.invoice(at=at(10), customer=customer, currency="eur", lines=[row("Plan", 4000)])
    world.void_invoice(wrong, at=at(13))
    return [wrong["id"], sold(world, customer, 20, 1000)]


def taken_away(world: World) -> list[str]:
    customer = buyer(world)
    world.give_credit(customer, at=at(6), amount=1000)
    used = sold(world, customer, 16, 400)
    world.give_credit(customer, at=at(25), amount=-600)
    return [used]


@dataclass
class Delivered:
    """The company after its first sync, and the invoices of each story."""

    company: Running
    made: dict[str, list[str]]

    def lines(self, entry_id: str) -> dict[str, Decimal]:
        with self.company.warehouse() as connection:
            query = "SELECT account, sum(debit - credit) FROM ledger.lines WHERE entry_id = ? GROUP BY 1"
            return dict(connection.execute(query, [entry_id]).fetchall())

    def accounts(self) -> dict[str, Decimal]:
        with self.company.warehouse() as connection:
            query = "SELECT account, sum(debit - credit) FROM ledger.lines GROUP BY 1 HAVING sum(debit - credit) <> 0"
            return dict(connection.execute(query).fetchall())


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivered]:
    world = new_world()
    stories = (overpaid, noted_and_used_in_two, given_twice, taken_away)
    made = {story.__name__: story(world) for story in stories}
    with running(world, tmp_path_factory.mktemp("company"), sales="invoice", accounts=ACCOUNTS) as company:
        report = company.sync()
        assert report.exit_code == 0, report.delivered.text() + report.proof.text()
        yield Delivered(company, made)


def used(credit: Decimal, receivable: Decimal) -> dict[str, Decimal]:
    """The entry by which an invoice uses credit that stands at so much."""
    exchange = "3960" if credit > receivable else "7960"
    return {"2897": credit, "1510": -receivable, exchange: receivable - credit}


def test_nothing_is_left_in_the_ledger_nor_in_fortnox(delivered: Delivered) -> None:
    booked = delivered.accounts()
    assert {"1510", "2897"}.isdisjoint(booked)
    assert delivered.company.general_ledger() == booked
    assert delivered.company.books.open_receivables() == []
    assert delivered.company.sync().delivered.nothing_to_do


def test_what_was_overpaid_is_used_at_the_rate_of_its_payment(delivered: Delivered) -> None:
    _, second = delivered.made["overpaid"]
    assert delivered.lines(f"{second}:credit_balance") == used(kronor(1000, 2), kronor(1000, 18))


def test_a_note_keeps_its_invoices_rate_in_parts(delivered: Delivered) -> None:
    first, second = delivered.made["noted_and_used_in_two"]
    assert delivered.lines(f"{first}:credit_balance") == used(round(kronor(3000, 3) * 2 / 3, 2), kronor(2000, 11))
    assert delivered.lines(f"{second}:credit_balance")["2897"] == kronor(3000, 3) - round(kronor(3000, 3) * 2 / 3, 2)


def test_credit_given_at_two_rates_goes_at_their_average(delivered: Delivered) -> None:
    given = kronor(1000, 3) + kronor(1000, 12)
    part = round(given * 3 / 4, 2)
    first, second = delivered.made["given_twice"]
    assert kronor(1000, 3) != kronor(1000, 12)
    assert delivered.lines(f"{first}:credit_balance") == used(part, kronor(1500, 17))
    assert delivered.lines(f"{second}:credit_balance") == used(given - part, kronor(500, 24))


def test_what_a_void_gave_back_is_used_as_it_was_given(tmp_path: Path) -> None:
    world = new_world()
    wrong, second = void_and_used_again(world)
    ledger = book(world, tmp_path, accounts=ACCOUNTS)
    used_and_back = ledger.together(f"{wrong}:credit_balance", f"{wrong}:credit_balance_returned")
    assert used_and_back == {} and ledger.entry(f"{wrong}:credit_balance")
    assert Decimal(ledger.entry(f"{second}:credit_balance")["2897"]) == kronor(1000, 5)
    assert ledger.accounts()["2897"] == "0.00"
