"""The VAT return from the ledger: every box by its lines, whole kronor, the One Stop Shop in euro, the EC list."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.proof.vat_return import VatReturn, declared, vat_lines, vat_return
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world, row

D = Decimal
ABROAD: dict[str, Any] = {
    "oss": {"status": "on", "registered_from": "2026-01-01"},
    "processing_fee_vat": "reverse_charge",
    "accounts": {"clearing": {"SEK": "1686", "EUR": "1687"}, "oss": {"DE": {"19": {"sales": "3319", "vat": "2679"}}}},
}


def returned(ledger: Book, days: Days = MARCH) -> VatReturn:
    """The return of the days."""
    with ledger.warehouse.transaction() as connection:
        return vat_return(connection, days)


def amounts(found: VatReturn) -> dict[str, str]:
    """The boxes that are not empty, with öre."""
    return {each.box: str(each.amount) for each in found.boxes if each.amount}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """A month with each kind of sale, a refund, and fees under reverse charge."""
    world = new_world()
    sold = world.one_off_payment(at=at(2), amount=21875, name="Anna")
    world.one_off_payment(at=at(3), amount=10600, name="Erik", metadata={"vat_rate": "6"})
    world.one_off_payment(at=at(4), amount=11200, name="Sara", metadata={"vat_rate": "12"})
    world.one_off_payment(at=at(5), amount=5099, name="Olle", metadata={"vat_rate": "0"})
    german(world)
    world.one_off_payment(at=at(7), amount=11900, name="Jürgen", country="DE")
    world.one_off_payment(at=at(8), amount=11900, name="Ute", country="DE", currency="eur")
    world.one_off_payment(at=at(9), amount=30099, name="Joe", country="US")
    world.refund(sold, at=at(10), amount=1250)
    return book(world, tmp_path_factory.mktemp("vat"), **ABROAD)


def german(world: World) -> None:
    """Two sales to a business in Germany: services, and goods that are taken back in part."""
    buyer = world.customer(name="Muster GmbH", country="DE", vat_number="DE123456789")
    world.one_off_payment(at=at(5), amount=100050, customer=buyer)
    goods = world.one_off_payment(at=at(6), amount=200099, customer=buyer, metadata={"supply": "goods"})
    world.refund(goods, at=at(20), amount=50000)


def test_each_kind_of_sale_is_in_its_box(books: Book) -> None:
    found = returned(books)
    fees = books.rows("SELECT sum(amount_ore) FROM ledger.fees")[0][0]
    assert amounts(found) == {
        "05": "365.00", "10": "41.25", "11": "12.00", "12": "6.00", "21": str(D(fees) / 100), "30": "31.49",
        "35": "1500.99", "39": "1000.50", "40": "300.99", "42": "50.99", "48": "31.49", "49": "59.25",
    }  # fmt: skip
    assert found.findings == () and found.exit_code == 0
    assert [each.box for each in found.boxes] == [
        "05", "10", "11", "12", "20", "21", "22", "23", "24", "30", "31", "32", "35", "36", "37", "38", "39", "40",
        "41", "42", "48", "49",
    ]  # fmt: skip


def test_whole_kronor_are_declared_and_the_net_is_made_of_them(books: Book) -> None:
    found = returned(books)
    assert (found.box("35").declared, found.box("10").declared, found.box("40").declared) == (1500, 41, 300)
    assert found.box("49").declared == 41 + 12 + 6 + 31 - 31
    assert [declared(D(each)) for each in ("0.99", "-0.99", "-12.50")] == [0, 0, -12]


def test_every_figure_drills_down_to_stripe(books: Book) -> None:
    found = returned(books)
    with books.sql() as connection:
        lines = vat_lines(connection, MARCH)
    for box in found.boxes[:-1]:
        assert sum((line.amount for line in lines if line.box == box.box), D(0)) == box.amount
        assert box.lines == len([line for line in lines if line.box == box.box])
    (back,) = [line for line in lines if line.box == "10" and line.amount < 0]
    assert (back.account, back.amount, back.day) == ("2611", D("-2.50"), date(2026, 3, 10))
    assert back.credit_id and back.credit_id.startswith("re_") and back.sale_id and back.sale_id.startswith("ch_")
    assert {line.account for line in lines if line.box in ("30", "48")} == {"2614", "2645"}


def test_the_one_stop_shop_is_declared_in_euro_of_the_last_day(books: Book) -> None:
    ((rate,),) = books.rows(
        "SELECT sek_per_unit FROM ledger.exchange_rates WHERE currency = 'EUR' AND day = DATE '2026-03-31'"
    )
    (germany,) = returned(books).oss
    assert (germany.country, germany.vat_rate, germany.supply, germany.corrects) == ("DE", D(19), "services", None)
    # 119 kronor by the rate of the last day, and 119 euro as they are, whatever their rate was when they were sold.
    assert germany.base_eur == (100 / D(rate) + 100).quantize(D("0.01"))
    assert germany.vat_eur == (19 / D(rate) + 19).quantize(D("0.01"))
    assert germany.base + germany.vat > 1300


def test_the_ec_sales_list_names_each_buyer_by_month(books: Book) -> None:
    (row,) = returned(books).ec_sales
    assert (row.period, row.vat_number, row.goods, row.services) == ("2026-03", "DE123456789", 1500, 1000)
    assert row.customer == "Muster GmbH"


def test_a_part_of_a_period_is_made_of_its_own_days(books: Book) -> None:
    assert amounts(returned(books, Days(date(2026, 3, 10), date(2026, 3, 10))))["05"] == "-10.00"
    with books.sql() as connection:
        assert len({line.day for line in vat_lines(connection, MARCH)}) > 5, "other days keep their lines"


TURN = Days(date(2026, 3, 1), date(2026, 4, 2))


@pytest.fixture(scope="module")
def turn(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """An advance in March, and a sale to Germany that April takes back."""
    world = new_world()
    invoice = world.invoice(
        at=at(2), customer=world.customer(name="Anna", country="SE"), lines=[row("Kurs", 125000)],
        effective_at=at(20),
    )  # fmt: skip
    world.pay_invoice(invoice, at=at(3), fee=0)
    sale = world.one_off_payment(at=at(30), amount=11900, name="Jürgen", country="DE", currency="eur")
    world.refund(sale, at=at(2, month=4))
    return book(world, tmp_path_factory.mktemp("turn"), TURN, **(ABROAD | {"processing_fee_vat": "exempt"}))


def test_a_credit_of_an_earlier_quarter_corrects_it(turn: Book) -> None:
    (row,) = returned(turn, Days(date(2026, 4, 1), date(2026, 4, 2))).oss
    assert (row.corrects, row.base_eur, row.vat_eur) == ("2026-Q1", D(-100), D(-19))
    assert row.rate_day == date(2026, 3, 31)


def test_what_is_held_waits_and_is_in_no_sum(books: Book, tmp_path: Path) -> None:
    world = new_world()
    world.one_off_payment(at=at(2), amount=12500, name="Anna")
    world.one_off_payment(at=at(3), amount=11900, name="Jürgen", country="DE")
    ledger = book(world, tmp_path, Days(date(2026, 3, 1), date(2026, 3, 5)), **(ABROAD | {"oss": {}}))
    found = returned(ledger)
    assert found.box("05").amount == D(100) and found.exit_code == 3
    held, missing = (next(each for each in found.findings if kind in each.kind) for kind in ("held", "not synced"))
    assert "oss.status" in held.text and held.severity == "waits"
    assert "26 days" in missing.text and "--from 2026-03-06 --to 2026-03-31" in missing.remedy


def test_an_advance_is_declared_when_it_is_paid_with_its_base(turn: Book) -> None:
    early = returned(turn, Days(date(2026, 3, 1), date(2026, 3, 10)))
    assert amounts(early) == {"05": "1000.00", "10": "250.00", "49": "250.00"}
    later = returned(turn, Days(date(2026, 3, 11), date(2026, 3, 31)))
    assert amounts(later) == {}, "the sale itself and the advance that it takes back"
    assert amounts(returned(turn)) == amounts(early)
    with turn.sql() as connection:
        computed = [line for line in vat_lines(connection, MARCH, "05") if line.computed]
    assert [line.amount for line in computed] == [D(1000), D(-1000)]
