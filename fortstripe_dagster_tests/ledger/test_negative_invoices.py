"""An invoice of a negative total gives back what was sold before: sales and VAT fall, the customer's credit grows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.ledger import build, choices_of
from fortstripe_dagster.sandbox.official_rates import official_rate
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world, row

ACCOUNTS = {"clearing": {"SEK": "1686", "EUR": "1687"}, "transit": {"SEK": "1689", "EUR": "1690"}}


Made = dict[str, Any]


@pytest.fixture(scope="module")
def downgrades(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, Made]:
    """Each customer has an invoice whose sum is negative."""
    world, made = new_world(), {}

    def svea() -> Made:
        return world.customer(name="Svea Handel AB", country="SE")

    rates = [world.tax_rate(percentage=percent) for percent in (25, 6)]
    customer = svea()
    made["down"] = world.invoice(
        at=at(4),
        customer=customer,
        lines=[row("Unused time on Pro", -50000, tax_rate=rates[0]), row("Basic", 10000, tax_rate=rates[0]),
               row("Unused book", -1000, tax_rate=rates[1])],
    )  # fmt: skip
    made["following"] = world.invoice(at=at(9), customer=customer, lines=[row("Basic", 80000, tax_rate=rates[0])])
    world.pay_invoice(made["following"], at=at(9), fee=0)
    elin = world.customer(name="Elin Ek", country="SE", currency="eur")
    made["euro"] = world.invoice(
        at=at(4), customer=elin, currency="eur", lines=[row("Unused", -9999), row("Rest", 3333)]
    )
    period, customer = (at(1, 0, month=4), at(1, 0, month=6)), svea()
    made["planned"] = world.invoice(
        at=at(2), customer=customer, lines=[Line(description="Pro", unit_amount=61000, period=period)]
    )
    world.pay_invoice(made["planned"], at=at(2))
    made["unplanned"] = world.invoice(
        at=at(20), customer=customer, lines=[Line(description="Unused", unit_amount=-61000, period=period)]
    )
    made["plain"] = world.invoice(at=at(4), customer=svea(), lines=[row("Unused", -12500)])
    german = world.customer(name="Muster GmbH", country="DE", vat_number="DE123456789")
    made["german"] = world.invoice(at=at(4), customer=german, lines=[row("Unused", -10000)])
    days = Days(date(2026, 3, 1), date(2026, 5, 31))
    return book(world, tmp_path_factory.mktemp("downgrades"), days, accounts=ACCOUNTS, deferral="voucher"), made


def test_a_downgrade_is_the_customers_credit_until_the_next_invoice_uses_it(downgrades: tuple[Book, Made]) -> None:
    ledger, made = downgrades
    down, following = made["down"], made["following"]
    assert (down["total"], down["status"], down["ending_balance"]) == (-51060, "paid", -51060)
    assert ledger.entry(f"{down['id']}:sale") == {
        "2611": "100.00", "2631": "0.60", "2899": "-510.60", "3001": "400.00", "3003": "10.00",
    }  # fmt: skip
    assert ledger.day(f"{down['id']}:sale") == date(2026, 3, 4)
    assert ledger.rows("SELECT DISTINCT kind FROM ledger.entries WHERE sale_id = ?", down["id"]) == [("sale_credit",)]
    booked = ledger.part(down["id"], following["id"])
    assert (booked["2899"], booked["1510"], booked["2611"]) == ("0.00", "0.00", "-100.00")


def test_it_stands_in_kronor_at_its_own_days_rate(downgrades: tuple[Book, Made]) -> None:
    ledger, made = downgrades
    kronor = (Decimal("66.66") * official_rate("eur", date(2026, 3, 4))).quantize(Decimal("0.01"))
    entry = ledger.entry(f"{made['euro']['id']}:sale")
    assert entry["2899"] == str(-kronor)
    assert sum(Decimal(amount) for amount in entry.values()) == 0
    assert Decimal(entry["2611"]) == (kronor / 5).quantize(Decimal("0.01"))


def test_it_takes_back_the_plan_of_the_days_to_come(downgrades: tuple[Book, Made]) -> None:
    ledger, made = downgrades
    months = ledger.rows("SELECT closing_ore FROM ledger.deferred_revenue ORDER BY month_end")
    assert {int(closing) for (closing,) in months} == {0}
    assert ledger.rows(
        "SELECT strftime(month_end, '%m'), sum(released_ore)::BIGINT, list_sort(list(sale_id))"
        " FROM ledger.deferral_schedule GROUP BY 1 ORDER BY 1"
    ) == [(month, 0, sorted([made["planned"]["id"], made["unplanned"]["id"]])) for month in ("04", "05")]


def test_under_the_cash_method_it_is_booked_on_its_day(downgrades: tuple[Book, Made], tmp_path: Path) -> None:
    ledger, made = downgrades
    cash = ledger.under(tmp_path / "cash", accounts=ACCOUNTS, accounting_method="cash")
    entry = f"{made['plain']['id']}:sale"
    assert cash.entry(entry) == {"2611": "25.00", "2899": "-125.00", "3001": "100.00"}
    assert cash.day(entry) == date(2026, 3, 4)


def test_delivered_it_keeps_the_rows_of_the_choices_of_its_day(downgrades: tuple[Book, Made], tmp_path: Path) -> None:
    (ledger, made), warehouse = downgrades, Warehouse(tmp_path / "warehouse.duckdb")
    ledger.warehouse.copy(warehouse.path)
    down = made["plain"]["id"]
    sealed = [(choices_of(ledger.settings).text, {f"{down}:sale": date(2026, 3, 4)})]
    accounts = ledger.settings.accounts.model_copy(update={"sales": {**ledger.settings.accounts.sales, "25": "3051"}})
    changed = ledger.settings.model_copy(update={"accounts": accounts})

    def account() -> list[tuple[Any, ...]]:
        with warehouse.writer() as connection:
            return connection.execute("SELECT account FROM ledger.sale_rows WHERE sale_id = ?", [down]).fetchall()

    build(changed, warehouse)
    assert account() == [("3051",)]
    build(changed, warehouse, sealed=sealed)
    assert account() == [("3001",)]


def test_one_to_a_business_in_the_eu_waits_for_a_person(downgrades: tuple[Book, Made]) -> None:
    ledger, made = downgrades
    held = ledger.held()
    assert held.keys() == {f"{made['german']['id']}:sale"}
    assert "EC sales list" in held[f"{made['german']['id']}:sale"]
