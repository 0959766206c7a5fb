"""The company's rules place what is sold, gift cards and tips stand outside VAT, and each line names its rule.

All rules are one company's, in this order; each case is of its own customer and meets the rule that is meant for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world, row

GIFT_CARDS = {"name": "Gift cards", "when": {"description": "gift card"}, "kind": "gift_card_multi"}
Made = dict[str, Any]


def paid(world: World, *lines: Line, day: int = 2, customer: dict[str, Any] | None = None) -> dict[str, Any]:
    customer = customer or world.customer(name="Svea Handel AB", country="SE")
    invoice = world.invoice(at=at(day), customer=customer, lines=list(lines))
    if invoice["status"] == "open":
        world.pay_invoice(invoice, at=at(day))
    return invoice


def decided(ledger: Book, sale: dict[str, Any]) -> list[tuple[Any, ...]]:
    return ledger.rows(
        "SELECT account, cost_center, project, rule FROM ledger.lines WHERE entry_id = ? AND vat_rate IS NOT NULL"
        " AND account NOT LIKE '26%' ORDER BY 1, 2, 3",
        f"{sale['id']}:sale",
    )


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, Made]:
    """What was sold under each rule; the dict names it."""
    world, made = new_world(), {}
    course = world.product(name="Kurs", metadata={"team": "education"})
    price = world.price(product=course, unit_amount=10000)
    rate = world.tax_rate(percentage=25)
    made["course"] = paid(
        world,
        Line(description="Kurs", unit_amount=10000, tax_rate=rate, price=price),
        row("Support", 20000, tax_rate=rate),
    )
    customer = world.customer(name="Bo AB", country="SE", metadata={"team": "education"})
    made["of the team"] = paid(world, row("Mugg", 10000, tax_rate=rate), customer=customer)
    made["in the shop"] = world.one_off_payment(at=at(3), amount=12500, name="Anna", metadata={"team": "shop"})
    made["taken back"] = paid(world, row("Kurs A", 10000, tax_rate=rate), row("Mugg", 30000, tax_rate=rate))
    made["refund"] = world.refund(world.invoice_charge(made["taken back"]), at=at(9), amount=25000)
    made["a book"] = world.one_off_payment(at=at(3), amount=10600, name="Anna", description="Bok")
    made["abroad"] = world.one_off_payment(at=at(3), amount=10000, name="Kari", country="NO", description="Mugg")
    made["paid by card"] = paid(world, row("Skor", 40000, tax_rate=rate), row("Gift card GC-1", -50000))
    made["taxed card"] = paid(world, row("Gift card", 50000, tax_rate=rate))
    made["meal"] = world.one_off_payment(at=at(2), amount=13500, name="Anna", method="card_present", tip=1000)
    rules = [
        {"name": "Courses", "when": {"product": course["id"]}, "account": 3011, "cost_center": "EDU", "article": "C1"},
        {"when": {"metadata": {"team": "education"}}, "project": "P7"},
        {"when": {"metadata": {"team": "shop"}, "country": ["NO", "SE"], "currency": "SEK"}, "cost_center": "WEB"},
        {"when": {"description": "kurs"}, "cost_center": "EDU"},
        {"when": {"description": "bok"}, "vat_rate": 6},
        {"when": {"country": "NO"}, "supply": "goods"},
        GIFT_CARDS,
    ]
    return book(world, tmp_path_factory.mktemp("ruled"), rules=rules), made


def test_the_first_rule_that_fits_decides_and_is_named(ruled: tuple[Book, Made]) -> None:
    ledger, made = ruled
    assert decided(ledger, made["course"]) == [("3001", None, None, None), ("3011", "EDU", None, "Courses")]
    assert decided(ledger, made["of the team"]) == [("3001", None, "P7", "rule 2")]
    assert decided(ledger, made["in the shop"]) == [("3001", "WEB", None, "rule 3")]
    assert ledger.rows("SELECT article FROM ledger.sale_rows WHERE account = '3011'") == [("C1",)]


def test_a_credit_takes_back_what_the_rule_decided(ruled: tuple[Book, Made]) -> None:
    ledger, made = ruled
    taken_back = (
        "SELECT cost_center, sum(debit - credit)::VARCHAR FROM ledger.lines WHERE account = '3001' AND entry_id = ?"
    )
    assert ledger.rows(f"{taken_back} GROUP BY 1 ORDER BY 1", f"{made['refund']['id']}:credit") == [
        ("EDU", "50.00"), (None, "150.00"),
    ]  # fmt: skip


def test_a_rule_says_what_is_supplied_and_at_which_rate(ruled: tuple[Book, Made]) -> None:
    ledger, made = ruled
    assert ledger.entry(f"{made['a book']['id']}:sale") == {"1510": "106.00", "2631": "-6.00", "3003": "-100.00"}
    assert ledger.entry(f"{made['abroad']['id']}:sale") == {"1510": "100.00", "3105": "-100.00"}


def test_a_multi_purpose_gift_card_has_no_vat_until_it_is_redeemed(tmp_path: Path) -> None:
    world = new_world()
    rate = world.tax_rate(percentage=25)
    sold = world.one_off_payment(
        at=at(2), amount=50000, name="Anna", description="Gift card 500", metadata={"gift_card": "GC-1"}
    )
    unused = world.one_off_payment(at=at(2), amount=20000, name="Bo", description="Gift card 200")
    world.refund(unused, at=at(5), amount=5000)
    redeemed = paid(world, row("Skor", 64000, tax_rate=rate), row("Gift card GC-1", -50000), day=9)
    ledger = book(world, tmp_path, rules=[GIFT_CARDS])
    assert ledger.entry(f"{sold['id']}:sale") == {"1510": "500.00", "2421": "-500.00"}
    assert ledger.entry(f"{redeemed['id']}:sale") == {
        "1510": "300.00", "2421": "500.00", "2611": "-160.00", "3001": "-640.00",
    }  # fmt: skip
    assert ledger.rows("SELECT card, left_ore FROM ledger.gift_cards WHERE left_ore <> 0 ORDER BY 2") == [
        ("without a number", -50000), (unused["id"], 15000), ("GC-1", 50000),
    ]  # fmt: skip
    assert ledger.rows("SELECT sold_ore, redeemed_ore, credited_ore, closing_ore FROM ledger.gift_card_balance") == [
        (70000, 50000, 5000, 15000)
    ]
    assert ledger.accounts()["2421"] == "-150.00"


def test_what_a_gift_card_pays_in_full_is_a_sale(ruled: tuple[Book, Made]) -> None:
    ledger, made = ruled
    sale = made["paid by card"]["id"]
    assert ledger.entry(f"{sale}:sale") == {"2421": "500.00", "2611": "-100.00", "3001": "-400.00"}
    assert ledger.rows("SELECT entry_id FROM ledger.entries WHERE ? IN (sale_id, source)", sale) == [(f"{sale}:sale",)]


def test_vat_that_stripe_charged_on_a_gift_card_holds_it(ruled: tuple[Book, Made]) -> None:
    ledger, made = ruled
    assert "Stripe charged VAT" in ledger.held()[f"{made['taxed card']['id']}:sale"]


def test_a_tip_waits_until_the_company_has_said_whose_it_is(ruled: tuple[Book, Made], tmp_path: Path) -> None:
    ledger, made = ruled
    sale = f"{made['meal']['id']}:sale"
    assert 'set tips = "staff"' in ledger.held()[sale]
    staff = ledger.under(tmp_path / "staff", tips="staff").entry(sale)
    assert staff == {"1510": "135.00", "2611": "-25.00", "2829": "-10.00", "3001": "-100.00"}
    company = ledger.under(tmp_path / "company", tips="company").entry(sale)
    assert company == {"1510": "135.00", "2611": "-25.00", "3001": "-100.00", "3990": "-10.00"}
