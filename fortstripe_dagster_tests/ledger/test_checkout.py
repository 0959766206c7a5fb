"""A payment on Stripe's payment page is sold in the rows of its session, which add up to what was charged.

Each case is a visit of its own, all in one world; rules name the products of one visit, and the campaign of all.
"""

from __future__ import annotations

from typing import Any

import pytest

from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world


def bought(world: World, day: int = 2) -> tuple[dict[str, Any], dict[str, Any]]:
    """A session with a course at 25 % (excluded) and two books at 6 % (included), and its charge: 125.00 + 212.00."""
    course, novel = world.product(name="Kurs"), world.product(name="Bok")
    session = world.checkout_session(
        at=at(day),
        name="Anna Berg",
        email="anna@example.com",
        metadata={"campaign": "spring"},
        lines=[
            Line(
                description="Kurs",
                unit_amount=10000,
                price=world.price(product=course, unit_amount=10000),
                tax_rate=world.tax_rate(percentage=25),
            ),
            Line(
                description="Bok",
                unit_amount=10600,
                quantity=2,
                price=world.price(product=novel, unit_amount=10600),
                tax_rate=world.tax_rate(percentage=6, inclusive=True),
            ),
        ],
    )
    return session, charge_of(world, session)


def charge_of(world: World, session: dict[str, Any]) -> dict[str, Any]:
    return next(c for c in world.all("charge") if c["payment_intent"] == session["payment_intent"])


def sold(ledger: Book, charge: dict[str, Any]) -> list[tuple[Any, ...]]:
    return ledger.rows(
        "SELECT description, quantity, gross_ore, vat_ore, account"
        " FROM ledger.sale_rows WHERE sale_id = ? ORDER BY row_no",
        charge["id"],
    )


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, dict[str, dict[str, Any]]]:
    """The charges of all visits and what was taken back of one, by name."""
    world, made = new_world(), {}
    _, made["bought"] = bought(world)
    made["plain"] = world.one_off_payment(at=at(2), amount=12500, name="Bo", description="Lunch")
    session, made["ruled"] = bought(world)
    course, novel = world.lines[session["id"]]
    session, made["discounted"] = bought(world)
    discount(session, world.lines[session["id"]][0])
    session, made["captured"] = bought(world)
    ask_for_thrice(session, world.lines[session["id"]])
    _, made["refunded"] = bought(world)
    made["refund"] = world.refund(made["refunded"], at=at(9))
    rules = [
        {"name": "Courses", "when": {"product": course["price"]["product"]}, "account": 3011},
        {"name": "Novels", "when": {"price": novel["price"]["id"]}, "project": "P7"},
        {"when": {"metadata": {"campaign": "spring"}}, "cost_center": "WEB"},
    ]
    return book(world, tmp_path_factory.mktemp("visits"), rules=rules), made


def discount(session: dict[str, Any], course: dict[str, Any]) -> None:
    """50.00 less for the course, 50.00 and its VAT more for sending the books: the same total."""
    course.update(amount_discount=5000, amount_tax=1250, amount_total=6250)
    course["taxes"][0].update(amount=1250, taxable_amount=5000)
    taxes = [{"amount": 1250, "rate": course["taxes"][0]["rate"], "taxability_reason": None, "taxable_amount": 5000}]
    session.update(
        shipping_cost={"amount_subtotal": 5000, "amount_tax": 1250, "amount_total": 6250, "shipping_rate": None,
                       "taxes": taxes},
        total_details={"amount_discount": 5000, "amount_shipping": 5000, "amount_tax": 3700},
    )  # fmt: skip


def ask_for_thrice(session: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    """The session asked for three times as much and a minor unit: no row comes out even."""
    for item, more in zip(lines, (1, 0), strict=True):
        for name in ("amount_subtotal", "amount_tax", "amount_total"):
            item[name] = item[name] * 3 + (more if name != "amount_tax" else 0)
    session.update(amount_subtotal=93601, amount_total=101101)


def test_what_was_bought_stands_in_its_own_rows(visits: tuple[Book, dict[str, dict[str, Any]]]) -> None:
    ledger, made = visits
    charge = made["bought"]
    assert charge["description"] is None
    assert sold(ledger, charge) == [("Kurs", 1, 12500, 2500, "3001"), ("Bok", 2, 21200, 1200, "3003")]
    assert ledger.entry(f"{charge['id']}:sale") == {
        "1510": "337.00", "2611": "-25.00", "2631": "-12.00", "3001": "-100.00", "3003": "-200.00",
    }  # fmt: skip
    assert sold(ledger, made["plain"]) == [("Lunch", 1, 12500, 2500, "3001")]


def test_rules_see_product_price_and_metadata(visits: tuple[Book, dict[str, dict[str, Any]]]) -> None:
    ledger, made = visits
    ruled = "SELECT rule, account, project, cost_center FROM ledger.sale_rows WHERE sale_id = ? ORDER BY row_no"
    assert ledger.rows(ruled, made["ruled"]["id"]) == [
        ("Courses", "3011", None, None), ("Novels", "3003", "P7", None),
    ]  # fmt: skip
    assert ledger.rows(ruled, made["bought"]["id"]) == [
        ("rule 3", "3001", None, "WEB"), ("rule 3", "3003", None, "WEB"),
    ]  # fmt: skip
    assert ledger.rows(ruled, made["plain"]["id"]) == [(None, "3001", None, None)]


def test_a_discount_stands_in_its_row_and_shipping_in_a_row_of_its_own(
    visits: tuple[Book, dict[str, dict[str, Any]]],
) -> None:
    ledger, made = visits
    assert sold(ledger, made["discounted"]) == [
        ("Kurs", 1, 6250, 1250, "3001"), ("Bok", 2, 21200, 1200, "3003"), ("Frakt", 1, 6250, 1250, "3001"),
    ]  # fmt: skip


def test_rows_share_what_was_captured(visits: tuple[Book, dict[str, dict[str, Any]]]) -> None:
    ledger, made = visits
    rows = sold(ledger, made["captured"])
    assert [(r[0], r[2], r[3]) for r in rows] == [("Kurs", 12500, 2500), ("Bok", 21200, 1200)]
    assert sum(int(r[2]) for r in rows) == made["captured"]["amount"]


def test_a_refund_takes_back_the_rates_of_the_rows(visits: tuple[Book, dict[str, dict[str, Any]]]) -> None:
    ledger, made = visits
    assert ledger.entry(f"{made['refund']['id']}:credit") == {
        "1510": "-337.00", "2611": "25.00", "2631": "12.00", "3001": "100.00", "3003": "200.00",
    }  # fmt: skip
