"""An invoice of a negative total gives back what was sold before: sales and VAT fall, the customer's credit grows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.ledger import build, choices_of
from fortstripe_dagster.sandbox.official_rates import official_rate
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster_tests.ledger.books import at, book, new_world, row

ACCOUNTS = {"clearing": {"SEK": "1686", "EUR": "1687"}, "transit": {"SEK": "1689", "EUR": "1690"}}


def test_a_downgrade_is_the_customers_credit_until_the_next_invoice_uses_it(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Svea Handel AB", country="SE")
    rates = [world.tax_rate(percentage=percent) for percent in (25, 6)]
    down = world.invoice(
        at=at(4),
        customer=customer,
        lines=[row("Unused time on Pro", -50000, tax_rate=rates[0]), row("Basic", 10000, tax_rate=rates[0]),
               row("Unused book", -1000, tax_rate=rates[1])],
    )  # fmt: skip
    following = world.invoice(at=at(9), customer=customer, lines=[row("Basic", 80000, tax_rate=rates[0])])
    world.pay_invoice(following, at=at(9), fee=0)
    ledger = book(world, tmp_path)
    assert (down["total"], down["status"], down["ending_balance"]) == (-51060, "paid", -51060)
    assert ledger.entry(f"{down['id']}:sale") == {
        "2611": "100.00", "2631": "0.60", "2899": "-510.60", "3001": "400.00", "3003": "10.00",
    }  # fmt: skip
    assert ledger.day(f"{down['id']}:sale") == date(2026, 3, 4)
    assert ledger.rows("SELECT DISTINCT kind FROM ledger.entries WHERE sale_id = ?", down["id"]) == [("sale_credit",)]
    assert ledger.accounts()["2899"] == "0.00"
    assert ledger.accounts()["1510"] == "0.00"
    assert ledger.accounts()["2611"] == "-100.00"


def test_it_stands_in_kronor_at_its_own_days_rate(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Elin Ek", country="SE", currency="eur")
    down = world.invoice(at=at(4), customer=customer, currency="eur", lines=[row("Unused", -9999), row("Rest", 3333)])
    ledger = book(world, tmp_path, accounts=ACCOUNTS)
    kronor = (Decimal("66.66") * official_rate("eur", date(2026, 3, 4))).quantize(Decimal("0.01"))
    entry = ledger.entry(f"{down['id']}:sale")
    assert entry["2899"] == str(-kronor)
    assert sum(Decimal(amount) for amount in entry.values()) == 0
    assert Decimal(entry["2611"]) == (kronor / 5).quantize(Decimal("0.01"))


def test_it_takes_back_the_plan_of_the_days_to_come(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Svea Handel AB", country="SE")
    period = (at(1, 0, month=4), at(1, 0, month=6))
    sold = world.invoice(at=at(2), customer=customer, lines=[Line(description="Pro", unit_amount=61000, period=period)])
    world.pay_invoice(sold, at=at(2))
    world.invoice(at=at(20), customer=customer, lines=[Line(description="Unused", unit_amount=-61000, period=period)])
    ledger = book(world, tmp_path, Days(date(2026, 3, 1), date(2026, 5, 31)), deferral="voucher")
    months = ledger.rows("SELECT closing_ore FROM ledger.deferred_revenue ORDER BY month_end")
    assert {int(closing) for (closing,) in months} == {0}
    assert ledger.rows(
        "SELECT strftime(month_end, '%m'), sum(released_ore)::BIGINT, count(*) FROM ledger.deferral_schedule"
        " GROUP BY 1 ORDER BY 1"
    ) == [("04", 0, 2), ("05", 0, 2)]


def test_under_the_cash_method_it_is_booked_on_its_day(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Svea Handel AB", country="SE")
    down = world.invoice(at=at(4), customer=customer, lines=[row("Unused", -12500)])
    ledger = book(world, tmp_path, accounting_method="cash")
    assert ledger.entry(f"{down['id']}:sale") == {"2611": "25.00", "2899": "-125.00", "3001": "100.00"}


def test_delivered_it_keeps_the_rows_of_the_choices_of_its_day(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Svea Handel AB", country="SE")
    down = world.invoice(at=at(4), customer=customer, lines=[row("Unused", -12500)])
    before = book(world, tmp_path)
    sealed = [(choices_of(before.settings).text, {f"{down['id']}:sale": date(2026, 3, 4)})]
    accounts = before.settings.accounts.model_copy(update={"sales": {**before.settings.accounts.sales, "25": "3051"}})
    changed = before.settings.model_copy(update={"accounts": accounts})
    rows = "SELECT account FROM ledger.sale_rows"
    build(changed, before.warehouse)
    assert before.rows(rows) == [("3051",)]
    build(changed, before.warehouse, sealed=sealed)
    assert before.rows(rows) == [("3001",)]


def test_one_to_a_business_in_the_eu_waits_for_a_person(tmp_path: Path) -> None:
    world = new_world()
    customer = world.customer(name="Muster GmbH", country="DE", vat_number="DE123456789")
    down = world.invoice(at=at(4), customer=customer, lines=[row("Unused", -10000)])
    (held,) = book(world, tmp_path).report.held
    assert held.entry_id == f"{down['id']}:sale" and "EC sales list" in held.text
