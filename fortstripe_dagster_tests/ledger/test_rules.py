"""The company's rules place what is sold, gift cards and tips stand outside VAT, and each line names its rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world, row

GIFT_CARDS = {"name": "Gift cards", "when": {"description": "gift card"}, "kind": "gift_card_multi"}


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


def test_the_first_rule_that_fits_decides_and_is_named(tmp_path: Path) -> None:
    world = new_world()
    course = world.product(name="Kurs", metadata={"team": "education"})
    price = world.price(product=course, unit_amount=10000)
    rate = world.tax_rate(percentage=25)
    both = paid(
        world,
        Line(description="Kurs", unit_amount=10000, tax_rate=rate, price=price),
        row("Support", 20000, tax_rate=rate),
    )
    customer = world.customer(name="Bo AB", country="SE", metadata={"team": "education"})
    other = paid(world, row("Mugg", 10000, tax_rate=rate), customer=customer)
    charge = world.one_off_payment(at=at(3), amount=12500, name="Anna", metadata={"team": "shop"})
    rules = [
        {"name": "Courses", "when": {"product": course["id"]}, "account": 3011, "cost_center": "EDU", "article": "C1"},
        {"when": {"metadata": {"team": "education"}}, "project": "P7"},
        {"when": {"metadata": {"team": "shop"}, "country": ["NO", "SE"], "currency": "SEK"}, "cost_center": "WEB"},
    ]
    ledger = book(world, tmp_path, rules=rules)
    assert decided(ledger, both) == [("3001", None, None, None), ("3011", "EDU", None, "Courses")]
    assert decided(ledger, other) == [("3001", None, "P7", "rule 2")]
    assert decided(ledger, charge) == [("3001", "WEB", None, "rule 3")]
    assert ledger.rows("SELECT article FROM ledger.sale_rows WHERE account = '3011'") == [("C1",)]


def test_a_credit_takes_back_what_the_rule_decided(tmp_path: Path) -> None:
    world = new_world()
    rate = world.tax_rate(percentage=25)
    sale = paid(world, row("Kurs A", 10000, tax_rate=rate), row("Mugg", 30000, tax_rate=rate))
    refund = world.refund(world.invoice_charge(sale), at=at(9), amount=25000)
    ledger = book(world, tmp_path, rules=[{"when": {"description": "kurs"}, "cost_center": "EDU"}])
    taken_back = (
        "SELECT cost_center, sum(debit - credit)::VARCHAR FROM ledger.lines WHERE account = '3001' AND entry_id = ?"
    )
    assert ledger.rows(f"{taken_back} GROUP BY 1 ORDER BY 1", f"{refund['id']}:credit") == [
        ("EDU", "50.00"), (None, "150.00"),
    ]  # fmt: skip


def test_a_rule_says_what_is_supplied_and_at_which_rate(tmp_path: Path) -> None:
    world = new_world()
    book_sold = world.one_off_payment(at=at(3), amount=10600, name="Anna", description="Bok")
    abroad = world.one_off_payment(at=at(3), amount=10000, name="Kari", country="NO", description="Mugg")
    rules = [{"when": {"description": "bok"}, "vat_rate": 6}, {"when": {"country": "NO"}, "supply": "goods"}]
    ledger = book(world, tmp_path, rules=rules)
    assert ledger.entry(f"{book_sold['id']}:sale") == {"1510": "106.00", "2631": "-6.00", "3003": "-100.00"}
    assert ledger.entry(f"{abroad['id']}:sale") == {"1510": "100.00", "3105": "-100.00"}


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


def test_what_a_gift_card_pays_in_full_is_a_sale(tmp_path: Path) -> None:
    world = new_world()
    rate = world.tax_rate(percentage=25)
    redeemed = paid(world, row("Skor", 40000, tax_rate=rate), row("Gift card GC-1", -50000))
    ledger = book(world, tmp_path, rules=[GIFT_CARDS])
    assert ledger.entry(f"{redeemed['id']}:sale") == {"2421": "500.00", "2611": "-100.00", "3001": "-400.00"}
    assert [entry for entry, _ in ledger.rows("SELECT entry_id, held FROM ledger.entries")] == [
        f"{redeemed['id']}:sale"
    ]


def test_vat_that_stripe_charged_on_a_gift_card_holds_it(tmp_path: Path) -> None:
    world = new_world()
    sale = paid(world, row("Gift card", 50000, tax_rate=world.tax_rate(percentage=25)))
    ledger = book(world, tmp_path, rules=[GIFT_CARDS])
    assert "Stripe charged VAT" in {x.entry_id: x.text for x in ledger.report.held}[f"{sale['id']}:sale"]


def test_a_tip_waits_until_the_company_has_said_whose_it_is(tmp_path: Path) -> None:
    world = new_world()
    meal = world.one_off_payment(at=at(2), amount=13500, name="Anna", method="card_present", tip=1000)
    waiting = book(world, tmp_path / "undecided")
    assert 'set tips = "staff"' in {x.entry_id: x.text for x in waiting.report.held}[f"{meal['id']}:sale"]
    staff = waiting.under(tmp_path / "staff", tips="staff").entry(f"{meal['id']}:sale")
    assert staff == {"1510": "135.00", "2611": "-25.00", "2829": "-10.00", "3001": "-100.00"}
    company = waiting.under(tmp_path / "company", tips="company").entry(f"{meal['id']}:sale")
    assert company == {"1510": "135.00", "2611": "-25.00", "3001": "-100.00", "3990": "-10.00"}
