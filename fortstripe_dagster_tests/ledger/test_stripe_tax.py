"""What Stripe charged beside what is due: rates by day, reasons, prices with and without VAT, shipping, watchdogs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world, played, row

SPRING = Days(date(2026, 3, 1), date(2026, 4, 2))


def remarks(ledger: Book) -> tuple[dict[str, str], dict[str, str]]:
    """Held sales and alerts, by the Stripe object."""
    return (
        {remark.entry_id.removesuffix(":sale"): remark.text for remark in ledger.report.held},
        {remark.entry_id.removesuffix(":sale"): remark.text for remark in ledger.report.alerts},
    )


def jam(world: World, amount: int, tax_rate: dict[str, Any] | None = None) -> dict[str, Any]:
    """An invoice for food by its tax code, in April."""
    price = world.price(product=world.product(name="Sylt", tax_code="txcd_40040000"), unit_amount=amount)
    swede = world.customer(name="Anna", country="SE")
    line = Line(description="Sylt", unit_amount=amount, tax_rate=tax_rate, price=price)
    return world.invoice(at=at(2, month=4), customer=swede, lines=[line])


def food_sold(world: World) -> dict[str, str]:
    """Food around the day of its new rate; the dict names the sales."""
    bo: dict[str, Any] = {"amount": 11200, "name": "Bo"}
    sold = {
        "old": world.one_off_payment(at=at(31, 23, 59), amount=11200, name="Anna", metadata={"vat_class": "food"}),
        "new": world.one_off_payment(
            at=at(1, 0, 0, month=4), amount=10600, name="Anna", metadata={"vat_class": "food"}
        ),
        "served": world.one_off_payment(at=at(1, month=4), metadata={"vat_class": "served_food"}, **bo),
        "delivered before": world.one_off_payment(
            at=at(1, month=4), metadata={"vat_class": "food", "supply_date": "2026-03-31"}, **bo
        ),
        "by its code": jam(world, 10600),
        "plain": world.one_off_payment(at=at(2, month=4), amount=10600, name="Bo"),
        "ruled": world.one_off_payment(at=at(2, month=4), description="Lunch", **bo),
        "small and wrong": jam(world, 1120, world.tax_rate(percentage=12, inclusive=True)),
        "large and wrong": jam(world, 11200, world.tax_rate(percentage=12, inclusive=True)),
    }
    sold["refund"] = world.refund(sold["old"], at=at(2, month=4))
    return {name: made["id"] for name, made in sold.items()}


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, dict[str, Any]]:
    """All that is sold in this file under the tests' own choices."""
    world = new_world()
    made = played(world, food_sold, sold_for_reasons, hard_sums)
    return book(world, tmp_path_factory.mktemp("sold"), SPRING), made


@pytest.fixture(scope="module")
def food(sold: tuple[Book, dict[str, Any]]) -> tuple[Book, dict[str, str]]:
    return sold[0], sold[1]["food_sold"]


@pytest.fixture(scope="module")
def reasons(sold: tuple[Book, dict[str, Any]]) -> tuple[Book, dict[tuple[str, str | None, str], str]]:
    return sold[0], sold[1]["sold_for_reasons"]


@pytest.fixture(scope="module")
def sums(sold: tuple[Book, dict[str, Any]]) -> tuple[Book, dict[str, dict[str, Any]]]:
    return sold[0], sold[1]["hard_sums"]


TWELVE = {"1510": "112.00", "2621": "-12.00", "3002": "-100.00"}
SIX = {"1510": "106.00", "2631": "-6.00", "3003": "-100.00"}


def test_food_is_taxed_at_the_rate_of_its_day_and_credited_at_its_own(food: tuple[Book, dict[str, str]]) -> None:
    ledger, ids = food
    assert ledger.entry(f"{ids['old']}:sale") == TWELVE
    assert ledger.entry(f"{ids['new']}:sale") == SIX
    assert ledger.entry(f"{ids['served']}:sale") == TWELVE
    assert ledger.entry(f"{ids['delivered before']}:sale") == TWELVE
    assert ledger.entry(f"{ids['refund']}:credit") == {"1510": "-112.00", "2621": "12.00", "3002": "100.00"}


def test_food_is_known_by_its_tax_code_by_a_rule_and_by_the_companys_default(
    food: tuple[Book, dict[str, str]], tmp_path: Path
) -> None:
    ledger, ids = food
    assert ledger.entry(f"{ids['by its code']}:sale") == SIX
    assert "2631" not in ledger.entry(f"{ids['plain']}:sale")
    grocer = ledger.under(
        tmp_path / "grocer", default_supply={"kind": "goods", "vat_rate": 12, "vat_class": "food"},
        rules=[{"when": {"description": "lunch"}, "vat_class": "served_food"}],
    )  # fmt: skip
    assert grocer.entry(f"{ids['ruled']}:sale") == TWELVE
    for sale in ("by its code", "plain"):
        assert grocer.entry(f"{ids[sale]}:sale") == SIX


def test_the_wrong_rate_on_food_is_pointed_out_and_beyond_the_limit_held(food: tuple[Book, dict[str, str]]) -> None:
    ledger, ids = food
    held, alerts = remarks(ledger)
    large, small = ids["large and wrong"], ids["small and wrong"]
    assert held.keys() & set(ids.values()) == {large} and "5.66 kronor VAT more than is due" in held[large]
    assert "Stripe charged 12 % on food; on 2026-04-02 it is 6 %" in alerts[small]
    assert ledger.entry(f"{small}:sale") == {"1510": "11.20", "2621": "-1.20", "3002": "-10.00"}  # owed as charged


@pytest.mark.parametrize(
    ("reason", "vat_number", "country", "verdict"),
    [
        ("reverse_charge", None, "SE", "held: to a sale in Sweden"),
        ("reverse_charge", None, "DK", "held: no VAT number of the buyer is proven"),
        ("reverse_charge", "DK12345678", "DK", "booked 3308"),
        ("not_collecting", None, "DK", "alert: does not collect"),
        ("not_collecting", None, "NO", "booked 3305"),
        ("product_exempt", None, "SE", "booked 3004"),
        ("zero_rated", None, "NO", "booked 3305"),
        ("customer_exempt", None, "SE", "held: marked as tax exempt"),
        ("not_subject_to_tax", None, "SE", "held: not subject to tax"),
        ("not_supported", None, "SE", "alert: could not tell"),
    ],
)
def test_a_reason_of_stripes_is_compared_with_the_decision(
    reasons: tuple[Book, dict[tuple[str, str | None, str], str]],
    reason: str, vat_number: str | None, country: str, verdict: str,
) -> None:  # fmt: skip
    ledger, ids = reasons
    sale = ids[reason, vat_number, country]
    held, alerts = remarks(ledger)
    what, _, text = verdict.partition(": ")
    if what == "held":
        assert text in held[sale]
        return
    assert sale not in held
    if what == "alert":
        assert text in alerts[sale]
    else:
        assert verdict.removeprefix("booked ") in ledger.entry(f"{sale}:sale")


def sold_for_reasons(world: World) -> dict[tuple[str, str | None, str], str]:
    """An invoice without VAT for each reason, buyer's number and country."""
    ids = {}
    nothing = world.tax_rate(percentage=0)
    for day, (reason, number, country) in enumerate(
        [
            ("reverse_charge", None, "SE"), ("reverse_charge", None, "DK"), ("reverse_charge", "DK12345678", "DK"),
            ("not_collecting", None, "DK"), ("not_collecting", None, "NO"), ("product_exempt", None, "SE"),
            ("zero_rated", None, "NO"), ("customer_exempt", None, "SE"), ("not_subject_to_tax", None, "SE"),
            ("not_supported", None, "SE"), ("product_exempt", None, "DK"),
        ]
    ):  # fmt: skip
        buyer = world.customer(name=f"Kund {day}", country=country, vat_number=number)
        lines = [Line(description="Plan", unit_amount=10000, tax_rate=nothing, taxability=reason)]
        ids[reason, number, country] = world.invoice(at=at(2 + day), customer=buyer, lines=lines)["id"]
    return ids


def test_watchdogs_name_the_day_the_sale_and_what_to_do(
    reasons: tuple[Book, dict[tuple[str, str | None, str], str]],
) -> None:
    ledger, ids = reasons
    found = ledger.rows(
        "SELECT kind, subject, day, remedy FROM ledger.watchdogs WHERE day < '2026-03-30' ORDER BY kind, day"
    )
    assert [row[:3] for row in found] == [
        ("reverse_charge_without_number", ids["reverse_charge", None, "SE"], date(2026, 3, 2)),
        ("reverse_charge_without_number", ids["reverse_charge", None, "DK"], date(2026, 3, 3)),
        ("zero_vat_eu_consumer", ids["reverse_charge", None, "DK"], date(2026, 3, 3)),
        ("zero_vat_eu_consumer", ids["not_collecting", None, "DK"], date(2026, 3, 5)),
        ("zero_vat_eu_consumer", ids["product_exempt", None, "DK"], date(2026, 3, 12)),
    ]
    assert all(remedy for *_, remedy in found)


def hard_sums(world: World) -> dict[str, dict[str, Any]]:
    """Invoices whose öre are hard to add up; the dict names them."""
    made = {}
    swede = world.customer(name="Anna", country="SE")
    vat25, vat12 = world.tax_rate(percentage=25), world.tax_rate(percentage=12)
    made["discounted"] = world.invoice(
        at=at(2), customer=swede, coupon=world.coupon(percent_off=10),
        lines=[
            row("Plan", 33333, tax_rate=vat25), row("Mat", 9999, 3, tax_rate=vat12), row("Åter", -10001, 1, vat25),
        ],
    )  # fmt: skip
    shipped = made["shipped"] = world.invoice(at=at(3), customer=swede, lines=[row("Bok", 10000, tax_rate=vat25)])
    shipped["shipping_cost"] = {
        "amount_subtotal": 4900,
        "amount_tax": 1225,
        "amount_total": 6125,
        "shipping_rate": None,
    }
    for total in ("total", "amount_due", "amount_remaining"):
        shipped[total] += 6125
    made["free"] = world.invoice(at=at(4), customer=swede, lines=[row("Gratis", 10000), row("Gratis", -10000)])
    # 0.07 kronor at 25 %: no net in whole öre gives 7 when its VAT is rounded and added.
    inclusive = world.tax_rate(percentage=25, inclusive=True)
    made["trap"] = world.invoice(at=at(2), customer=swede, lines=[row("Trap", 7, tax_rate=inclusive)])
    made["thrice"] = world.invoice(at=at(3), customer=swede, lines=[row("Plan", 3333, tax_rate=vat25)] * 3)
    made["thrice"]["by rows"] = sum(line["taxes"][0]["amount"] for line in world.lines[made["thrice"]["id"]])
    made["taken back"] = world.one_off_payment(at=at(4), amount=10000, name="Bo")
    for part, day in ((3333, 5), (3333, 6), (3334, 7)):
        world.refund(made["taken back"], at=at(day), amount=part)
    return made


def test_shipping_discounts_and_credits_on_one_invoice_add_up(sums: tuple[Book, dict[str, dict[str, Any]]]) -> None:
    ledger, made = sums
    invoice = made["discounted"]
    assert remarks(ledger)[0].keys() & {document["id"] for document in made.values()} == set()
    found = ledger.rows(
        "SELECT s.gross_ore - sum(r.gross_ore), sum(r.gross_ore - r.net_ore - r.vat_ore), sum(r.vat_ore)"
        " FROM ledger.sales s JOIN ledger.sale_rows r USING (sale_id) WHERE sale_id = ? GROUP BY s.gross_ore",
        invoice["id"],
    )
    assert found == [(0, 0, sum(tax["amount"] for tax in invoice["total_taxes"]))]
    assert ledger.entry(f"{made['shipped']['id']}:sale") == {"1510": "186.25", "2611": "-37.25", "3001": "-149.00"}
    assert ledger.entry(f"{made['free']['id']}:sale") == {}


def test_a_number_that_lapses_changes_no_sale_before_and_is_pointed_out(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    world = new_world(opened=now - timedelta(days=5))
    german = world.customer(name="GmbH", country="DE", vat_number="DE123456789", at=now - timedelta(days=4))
    before = world.one_off_payment(at=now - timedelta(days=3), amount=12500, customer=german)
    days = Days((now - timedelta(days=4)).date(), now.date())
    first = book(world, tmp_path, days, start_date=days.first)
    assert first.entry(f"{before['id']}:sale") == {"1510": "125.00", "3308": "-125.00"}
    (number,) = world.tax_ids[german["id"]]
    number["verification"]["status"] = "unverified"
    world.update_customer(german, at=now, name="GmbH i.L.")
    second = book(world, tmp_path, days, start_date=days.first)
    assert second.entry(f"{before['id']}:sale") == {"1510": "125.00", "3308": "-125.00"}
    found = second.rows("SELECT kind, subject, entry_id FROM ledger.watchdogs")
    assert found == [("vat_number_lapsed", f"{german['id']} DE123456789", f"{before['id']}:sale")]


def test_the_traps_of_vat_inside_a_price(sums: tuple[Book, dict[str, dict[str, Any]]]) -> None:
    ledger, made = sums
    thrice, charge = made["thrice"], made["taken back"]
    assert ledger.entry(f"{made['trap']['id']}:sale") == {"1510": "0.07", "2611": "-0.01", "3001": "-0.06"}
    # Stripe's, not 25.00
    assert thrice["by rows"] == 2499 and ledger.entry(f"{thrice['id']}:sale")["2611"] == "-24.99"
    vat = ledger.rows(
        "SELECT r.vat_ore FROM ledger.credit_rows r JOIN ledger.credits c USING (credit_id) WHERE c.sale_id = ?"
        " ORDER BY c.ordered_by",
        charge["id"],
    )
    assert vat == [(667,), (666,), (667,)]
    assert Decimal(ledger.entry(f"{charge['id']}:sale")["2611"]) == Decimal("-20.00")
