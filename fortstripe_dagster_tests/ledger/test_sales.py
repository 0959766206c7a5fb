"""Sales: what is booked on which account for whom, and on which day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from fortstripe_dagster.sandbox.official_rates import official_rate
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world, row


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, dict[str, str]]:
    """One world with a sale of each kind; the dict names them."""
    world, ids = new_world(), {}
    german = world.customer(name="Muster GmbH", country="DE", vat_number="DE123456789")
    unverified = world.customer(
        name="Ohne Nachweis", country="DE", tax_ids=[("eu_vat", "DE999999999")], tax_ids_status="unverified"
    )
    swede = world.customer(name="Svea Handel AB", country="SE", vat_number="SE556677889901")
    vat25 = world.tax_rate(percentage=25)
    vat12 = world.tax_rate(percentage=12, inclusive=True)

    def pay(what: str, day: int, amount: int, **details: Any) -> None:
        ids[what] = world.one_off_payment(at=at(day), amount=amount, **details)["id"]

    pay("25 %", 2, 21875, name="Anna Berg")
    pay("12 %", 2, 11200, name="Anna Berg", metadata={"vat_rate": "12"})
    pay("6 %", 2, 9990, name="Anna Berg", metadata={"vat_rate": "6"})
    pay("0 %", 2, 10000, name="Anna Berg", metadata={"vat_rate": "0"})
    pay("goods to a consumer in Denmark", 3, 12500, name="Jens", country="DK", metadata={"supply": "goods"})
    pay("e-service to a consumer in Denmark", 3, 12500, name="Jens", country="DK")
    pay("service to a German business", 3, 100000, customer=german)
    pay("goods to a German business", 3, 100000, customer=german, metadata={"supply": "goods"})
    pay("a VAT number that did not hold", 3, 12500, customer=unverified)
    pay("e-service to Norway", 3, 100000, name="Kari", country="NO")
    pay("goods to Norway", 3, 100000, name="Kari", country="NO", metadata={"supply": "goods"})
    pay("euros settled in kronor", 4, 10000, currency="eur", name="Elin", exchange_rate=Decimal("11.10"))

    draft_at, final_at, paid_at = at(5), at(5, 13), at(9)
    exclusive = world.invoice(
        at=draft_at, customer=swede, lines=[row("Plan", 33333, tax_rate=vat25)], finalize_at=final_at
    )
    ids["invoice"] = exclusive["id"]
    world.pay_invoice(exclusive, at=paid_at)
    ids["invoice payment"] = world.invoice_charge(exclusive)["balance_transaction"]
    mixed = world.invoice(
        at=at(10), customer=swede, lines=[row("Bok", 11200, tax_rate=vat12), row("Plan", 10000, 3, tax_rate=vat25)]
    )
    ids["mixed invoice"] = mixed["id"]
    unpaid = world.invoice(at=at(11), customer=swede, lines=[row("Plan", 10000, tax_rate=vat25)])
    ids["unpaid invoice"] = unpaid["id"]
    parts = world.invoice(at=at(12), customer=swede, lines=[row("Plan", 80000, tax_rate=vat25)])
    ids["invoice in parts"] = parts["id"]
    world.pay_invoice(parts, at=at(12, 14), amount=33333)
    world.pay_invoice(parts, at=at(14))
    future = world.invoice(at=at(16), customer=swede, lines=[row("Plan", 10000, tax_rate=vat25)], effective_at=at(20))
    ids["dated later"] = future["id"]
    world.pay_invoice(future, at=at(16, 15))
    ids["paid in advance"] = world.invoice_charge(future)["balance_transaction"]
    many = [row(f"Rad {n}", 1000 + n, tax_rate=vat25) for n in range(23)]
    ids["23 lines"] = world.invoice(at=at(17), customer=swede, lines=many)["id"]
    pay("nobody knows where", 18, 10000, method="klarna", name="Okänd", country="")
    return book(world, tmp_path_factory.mktemp("sold")), ids


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("25 %", {"1510": "218.75", "2611": "-43.75", "3001": "-175.00"}),
        ("12 %", {"1510": "112.00", "2621": "-12.00", "3002": "-100.00"}),
        ("6 %", {"1510": "99.90", "2631": "-5.65", "3003": "-94.25"}),
        ("0 %", {"1510": "100.00", "3004": "-100.00"}),
        ("goods to a consumer in Denmark", {"1510": "125.00", "2611": "-25.00", "3106": "-100.00"}),
        ("e-service to a consumer in Denmark", {"1510": "125.00", "2611": "-25.00", "3001": "-100.00"}),
        ("service to a German business", {"1510": "1000.00", "3308": "-1000.00"}),
        ("goods to a German business", {"1510": "1000.00", "3108": "-1000.00"}),
        ("a VAT number that did not hold", {"1510": "125.00", "2611": "-25.00", "3001": "-100.00"}),
        ("e-service to Norway", {"1510": "1000.00", "3305": "-1000.00"}),
        ("goods to Norway", {"1510": "1000.00", "3105": "-1000.00"}),
        ("invoice", {"1510": "416.66", "2611": "-83.33", "3001": "-333.33"}),
        ("mixed invoice", {"1510": "487.00", "2611": "-75.00", "2621": "-12.00", "3001": "-300.00", "3002": "-100.00"}),
    ],
)
def test_a_sale_stands_on_the_accounts_of_its_vat_treatment(
    sold: tuple[Book, dict[str, str]], name: str, lines: dict[str, str]
) -> None:
    ledger, ids = sold
    assert ledger.entry(f"{ids[name]}:sale") == lines


def test_euros_are_booked_at_the_official_rate_and_stripes_rate_makes_an_exchange_difference(
    sold: tuple[Book, dict[str, str]],
) -> None:
    ledger, ids = sold
    gross = (Decimal(100) * official_rate("eur", date(2026, 3, 4))).quantize(Decimal("0.01"))
    sale = ledger.entry(f"{ids['euros settled in kronor']}:sale")
    assert Decimal(sale["1510"]) == gross
    assert Decimal(sale["2611"]) == -(gross / 5).quantize(Decimal("0.01"))
    (transaction,) = ledger.rows(
        "SELECT id FROM stripe.balance_transactions WHERE source = ?", ids["euros settled in kronor"]
    )[0]
    payment = ledger.entry(transaction)
    assert payment["1686"] == "1110.00"
    assert Decimal(payment["1510"]) == -gross
    difference = payment.get("7960") or payment.get("3960")
    assert difference is not None and Decimal(difference) == gross - Decimal("1110.00")


def test_an_invoice_is_a_sale_when_finalised_and_its_payment_meets_it_on_receivables(
    sold: tuple[Book, dict[str, str]],
) -> None:
    ledger, ids = sold
    assert ledger.day(f"{ids['invoice']}:sale") == date(2026, 3, 5)
    assert ledger.day(ids["invoice payment"]) == date(2026, 3, 9)
    assert ledger.entry(ids["invoice payment"]) == {"1510": "-416.66", "1686": "416.66"}
    assert f"{ids['unpaid invoice']}:sale" in {row[0] for row in ledger.rows("SELECT entry_id FROM ledger.entries")}


def test_partial_payments_add_up_to_the_invoice(sold: tuple[Book, dict[str, str]]) -> None:
    ledger, ids = sold
    paid = ledger.rows(
        "SELECT receivable_ore FROM ledger.payments WHERE sale_id = ? ORDER BY day", ids["invoice in parts"]
    )
    assert paid == [(33333,), (66667,)]


def test_money_before_the_invoice_date_is_an_advance_until_then(sold: tuple[Book, dict[str, str]]) -> None:
    ledger, ids = sold
    assert ledger.entry(ids["paid in advance"]) == {"1686": "125.00", "2420": "-125.00"}
    settled = f"{ids['paid in advance']}:settled"
    assert ledger.entry(settled) == {"1510": "-125.00", "2420": "125.00"}
    assert ledger.day(settled) == date(2026, 3, 20)


def test_every_line_of_a_long_invoice_is_a_row(sold: tuple[Book, dict[str, str]]) -> None:
    ledger, ids = sold
    rows = ledger.rows(
        "SELECT count(*), sum(gross_ore), sum(vat_ore) FROM ledger.sale_rows WHERE sale_id = ?", ids["23 lines"]
    )
    total = ledger.rows("SELECT total FROM stripe.invoices WHERE id = ?", ids["23 lines"])[0][0]
    assert rows == [(23, total, total - sum(1000 + n for n in range(23)))]


def test_an_unknown_country_is_held_and_names_the_remedy(sold: tuple[Book, dict[str, str]]) -> None:
    ledger, ids = sold
    (held,) = [remark for remark in ledger.report.held if remark.entry_id.endswith(":sale")]
    assert held.entry_id == f"{ids['nobody knows where']}:sale"
    assert "country is unknown" in held.text and "set the address in Stripe" in held.text
    assert ledger.entry(held.entry_id) == {"1510": "100.00", "2999": "-100.00"}
