"""Sales for a connected account: the choice of agent or principal, and an agent's turnover, its commission alone.

All sales are in one world, which is booked before the choice, as principal, and as agent with and without a VAT rate.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world, played, row

SELLER = "acct_1SandboxConnected0"
RULES = [{"name": "marknadsplats", "when": {"description": "market"}, "account": "3050", "cost_center": "MP"}]
Made = dict[str, Any]


def payments(world: World) -> Made:
    """Charges with a part for the seller, all for the seller, without a word of what goes there, and of our own."""
    part = world.one_off_payment(at=at(2), amount=100000, name="Anna", country="DE", description="Market 1")
    part["transfer_data"] = {"amount": 90000, "destination": SELLER}
    refund = world.refund(part, at=at(5), amount=50000)
    whole = world.one_off_payment(at=at(3), amount=20000, name="Bo", description="Market 2")
    whole["transfer_data"] = {"amount": None, "destination": SELLER}
    silent = world.one_off_payment(at=at(4), amount=30000, name="Cia", description="Market 3")
    silent["on_behalf_of"] = SELLER
    swedish = world.one_off_payment(at=at(2), amount=100000, name="Anna")
    swedish["transfer_data"] = {"amount": 90000, "destination": SELLER}
    own = world.one_off_payment(at=at(3), amount=12500, name="Bo")
    return {"part": part, "refund": refund, "whole": whole, "silent": silent, "swedish": swedish, "own": own}


def invoices(world: World) -> Made:
    anna = world.customer(name="Anna", country="SE")

    def invoiced(amount: int, day: int) -> dict[str, Any]:
        return world.invoice(at=at(day), customer=anna, lines=[row("Plan", amount)])

    def paid(invoice: dict[str, Any], day: int, amount: int | None = None) -> dict[str, Any]:
        charge = world.pay_invoice(invoice, at=at(day), amount=amount)
        charge["transfer_data"] = {"amount": charge["amount"] * 9 // 10, "destination": SELLER}
        return charge

    in_parts = invoiced(100000, 2)
    first, rest = paid(in_parts, 3, 40000), paid(in_parts, 4)
    credited = invoiced(20000, 5)
    charge = paid(credited, 6)
    note = world.credit_note(credited, at=at(8))
    unpaid = invoiced(50000, 9)
    unpaid["on_behalf_of"] = SELLER
    voided = invoiced(50000, 9)
    voided["on_behalf_of"] = SELLER
    world.void_invoice(voided, at=at(10))
    world.give_credit(anna, at=at(11), amount=1000)
    by_balance = invoiced(20000, 12)
    last = paid(by_balance, 12)
    return {
        "in parts": in_parts, "first": first, "rest": rest, "credited": credited, "charge": charge, "note": note,
        "unpaid": unpaid, "voided": voided, "by balance": by_balance, "last": last,
    }  # fmt: skip


def subscription(world: World) -> str:
    """An invoice of our own, whose subscription has got a seller since."""
    anna, plan = world.customer(name="Anna", country="SE"), world.product(name="Plan")
    price = world.price(product=plan, unit_amount=50000, recurring="month")
    subscription = world.subscription(at=at(2), customer=anna, price=price)
    subscription["transfer_data"] = {"destination": SELLER, "amount_percent": None}
    return str(subscription["latest_invoice"])


@pytest.fixture(scope="module")
def undecided(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, Made]:
    world = new_world()
    made = played(world, payments, invoices, subscription)
    return book(world, tmp_path_factory.mktemp("undecided")), made


@pytest.fixture(scope="module")
def agent(undecided: tuple[Book, Made], tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, Made]:
    ledger, made = undecided
    home = tmp_path_factory.mktemp("under") / "agent"
    return ledger.under(home, connect="agent", commission_vat_rate=25, rules=RULES), made


def held_sales(ledger: Book) -> dict[str, str]:
    return {entry.removesuffix(":sale"): text for entry, text in ledger.held().items() if entry.endswith(":sale")}


def test_what_is_sold_for_a_connected_account_waits_for_the_choice_of_agent_or_principal(
    undecided: tuple[Book, Made], tmp_path: Path
) -> None:
    ledger, made = undecided
    sold, charge = made["payments"], made["payments"]["swedish"]
    held = held_sales(ledger)
    assert {sold[name]["id"] in held for name in ("part", "whole", "silent", "swedish")} == {True}
    assert SELLER in held[charge["id"]] and "choose connect" in held[charge["id"]]
    assert {sold["own"]["id"], made["subscription"]} & held.keys() == set()
    accounts = {"clearing": {"SEK": "1686"}, "connect_principal": "4010"}
    principal = ledger.under(tmp_path / "principal", connect="principal", accounts=accounts)
    assert not held_sales(principal)
    assert principal.entry(f"{charge['id']}:sale") == {"1510": "1000.00", "2611": "-200.00", "3001": "-800.00"}


def test_an_unpaid_invoice_for_a_seller_waits_for_the_choice_too(undecided: tuple[Book, Made]) -> None:
    ledger, made = undecided
    assert "choose connect" in held_sales(ledger)[made["invoices"]["unpaid"]["id"]]


def test_an_agents_turnover_is_its_commission_alone(agent: tuple[Book, Made]) -> None:
    ledger, made = agent[0], agent[1]["payments"]
    # 2611 is 20 of 100.00, whatever the buyer's country: the commission is sold to the seller.
    assert ledger.entry(f"{made['part']['id']}:sale") == {
        "1510": "1000.00",
        "2611": "-20.00",
        "2830": "-900.00",
        "3050": "-80.00",
    }
    credit = ledger.entry(f"{made['refund']['id']}:credit")
    assert credit == {"1510": "-500.00", "2611": "10.00", "2830": "450.00", "3050": "40.00"}
    assert ledger.entry(f"{made['whole']['id']}:sale") == {"1510": "200.00", "2830": "-200.00"}
    held = held_sales(ledger)
    assert held.keys() == {made["silent"]["id"]} and "does not say what goes there" in held[made["silent"]["id"]]


def test_an_agent_sells_by_payment_whatever_the_invoice_says(agent: tuple[Book, Made]) -> None:
    ledger, made = agent[0], agent[1]["invoices"]
    assert ledger.entry(f"{made['first']['id']}:sale") == {
        "1510": "400.00",
        "2611": "-8.00",
        "2830": "-360.00",
        "3001": "-32.00",
    }
    assert ledger.entry(f"{made['rest']['id']}:sale") == {
        "1510": "600.00",
        "2611": "-12.00",
        "2830": "-540.00",
        "3001": "-48.00",
    }
    ((refund,),) = ledger.rows("SELECT id FROM stripe.refunds WHERE charge = ?", made["charge"]["id"])
    assert ledger.entry(f"{refund}:credit") == {"1510": "-200.00", "2611": "4.00", "2830": "180.00", "3001": "16.00"}
    sold = {sale for (sale,) in ledger.rows("SELECT sale_id FROM ledger.entries WHERE kind IN ('sale', 'credit')")}
    assert not {made[name]["id"] for name in ("in parts", "credited", "unpaid", "voided")} & sold
    assert not ledger.entry(f"{made['note']['id']}:credit")
    assert ledger.part(*[document["id"] for document in made.values()])["1510"] == "0.00"
    watched = ledger.rows("SELECT subject FROM ledger.watchdogs WHERE kind = 'agent_invoice'")
    assert watched == [(made["by balance"]["id"],)]


def test_a_seller_that_a_subscription_has_got_since_changes_no_sale_of_the_companys_own(
    agent: tuple[Book, Made],
) -> None:
    ledger, own = agent[0], agent[1]["subscription"]
    assert ledger.rows("SELECT held FROM ledger.sales WHERE sale_id = ?", own) == [(None,)]
    assert ledger.entry(f"{own}:sale")["1510"] == "500.00"


def test_an_agents_commission_waits_for_its_vat_rate(undecided: tuple[Book, Made], tmp_path: Path) -> None:
    ledger, made = undecided
    held = held_sales(ledger.under(tmp_path / "rateless", connect="agent"))
    assert "commission_vat_rate" in held[made["payments"]["swedish"]["id"]]
    assert made["payments"]["own"]["id"] not in held
