"""A multi-purpose gift card that is redeemed as a coupon or a credit balance pays; the price and its VAT stay whole."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract import extract
from fortstripe_dagster.ledger import build
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.settings.gift_cards import GiftCards
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world, row, served_settings

CARDS = {"coupons": ["Presentkort*"], "metadata": {"kind": "gift_card"}}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, dict[str, Any]]:
    """Each way in which a card of 400 kronor pays."""
    world = new_world()
    card = world.coupon(amount_off=40000, name="Presentkort 400")
    numbered = world.coupon(amount_off=40000, name="X", metadata={"kind": "gift_card", "gift_card": "GC-7"})
    percent = world.coupon(percent_off=10, name="Vår")
    anna = world.customer(name="Anna", country="SE")

    def invoiced(*lines: Line, day: int = 3, **given: Any) -> dict[str, Any]:
        made = world.invoice(at=at(day), customer=anna, lines=lines, **given)
        return made if made["status"] == "paid" else made | {"charge": world.pay_invoice(made, at=at(day))}

    made: dict[str, Any] = {
        "part": invoiced(row("Skor", 80000), row("Bälte", 20000), coupon=card),
        "all": invoiced(row("Mössa", 30000), coupon=numbered),
        "price": invoiced(row("Skor", 100000), coupon=percent),
        "taxed": invoiced(row("Skor", 100000, 1, world.tax_rate(percentage=25, inclusive=True)), coupon=card),
        "refunded": invoiced(row("Skor", 100000), coupon=card),
    }
    world.refund(made["refunded"]["charge"], at=at(9), amount=60000)
    made["credited"] = invoiced(row("Skor", 100000), coupon=card)
    made["note"] = world.credit_note(made["credited"], at=at(10))
    shoe = world.product(name="Skor")
    priced = Line(description="Skor", unit_amount=100000, price=world.price(product=shoe, unit_amount=100000))
    visit = world.checkout_session(at=at(4), name="Bo", lines=[priced], coupon=card)
    made["all_back"] = world.credit_note(made["all"], at=at(11), to="out_of_band")
    made["checkout"] = next(c for c in world.all("charge") if c["payment_intent"] == visit["payment_intent"])
    world.give_credit(anna, at=at(5), amount=25000, metadata={"kind": "gift_card", "gift_card": "GC-8"})
    made["by_balance"] = invoiced(row("Vantar", 20000), day=6)
    made["later"] = world.invoice(
        at=at(3), customer=world.customer(name="Cia", country="SE"), lines=[row("Skor", 100000)], coupon=card
    )
    world.pay_invoice(made["later"], at=at(5))
    # A discount that stands on the customer, or on a line, is not among the invoice's own.
    made["elsewhere"] = invoiced(row("Skor", 100000), coupon=card)
    of_customer = made["elsewhere"]["discounts"].pop()
    assert made["elsewhere"]["total_discount_amounts"][0]["discount"] == of_customer
    return book(world, tmp_path_factory.mktemp("cards"), gift_cards=CARDS), made


def test_a_coupon_pays_a_part_and_the_price_stays_whole(shop: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = shop
    sale = {"1510": "600.00", "2421": "400.00", "2611": "-200.00", "3001": "-800.00"}
    assert ledger.entry(f"{made['part']['id']}:sale") == sale
    assert ledger.entry(f"{made['checkout']['id']}:sale") == sale


def test_a_card_that_stands_on_the_customer_or_a_line_is_asked_for(shop: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = shop
    assert ledger.entry(f"{made['elsewhere']['id']}:sale") == {
        "1510": "600.00", "2421": "400.00", "2611": "-200.00", "3001": "-800.00",
    }  # fmt: skip


def test_a_coupon_that_pays_all_is_a_sale_although_nothing_is_left_to_pay(shop: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = shop
    assert ledger.entry(f"{made['all']['id']}:sale") == {"2421": "300.00", "2611": "-60.00", "3001": "-240.00"}


def test_a_credit_note_of_what_a_coupon_paid_alone_is_a_persons(shop: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = shop
    assert made["all_back"]["total"] == 0
    found = ledger.rows("SELECT day, subject, remedy FROM ledger.watchdogs WHERE kind = 'gift_card_alone'")
    assert found == [(at(11).date(), made["all_back"]["id"], "book it by hand: D the sale and its VAT, K 2421")]
    assert not ledger.rows("FROM ledger.credits WHERE credit_id = ?", made["all_back"]["id"])


def test_another_coupon_lowers_the_price(shop: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = shop
    assert ledger.entry(f"{made['price']['id']}:sale") == {"1510": "900.00", "2611": "-180.00", "3001": "-720.00"}


def test_vat_that_stripe_took_of_the_rest_alone_holds_the_sale(shop: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = shop
    held = {remark.entry_id: remark.text for remark in ledger.report.held}
    assert "due on the whole price" in held[f"{made['taxed']['id']}:sale"]


def test_a_refund_of_all_that_was_paid_gives_the_card_back(shop: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = shop
    (credit,) = ledger.rows(
        "SELECT entry_id FROM ledger.entries WHERE kind = 'credit' AND sale_id = ?", made["refunded"]["id"]
    )
    back = {"1510": "-600.00", "2421": "-400.00", "2611": "200.00", "3001": "800.00"}
    assert ledger.entry(credit[0]) == ledger.entry(f"{made['note']['id']}:credit") == back


def test_discounts_that_were_read_before_anybody_asked_for_gift_cards_wait_until_they_are_read_again(
    tmp_path: Path,
) -> None:
    world = new_world()
    anna = world.customer(name="Anna", country="SE")
    part, all_of_it, price = (
        world.invoice(at=at(3), customer=anna, lines=[row("Skor", ore)], coupon=coupon)
        for ore, coupon in (
            (100000, world.coupon(amount_off=40000, name="Presentkort 400")),
            (30000, world.coupon(amount_off=30000, name="Presentkort 300")),
            (100000, world.coupon(percent_off=10, name="Vår")),
        )
    )
    with ExitStack() as running:
        before = served_settings(world, tmp_path, running.enter_context)
        warehouse = Warehouse(before.warehouse_path)
        extract(before, warehouse, MARCH, progress=lambda line: None)
        assert not build(before, warehouse).held
        now = before.model_copy(update={"gift_cards": GiftCards.model_validate(CARDS)})
        report = build(now, warehouse)
        held = {remark.entry_id for remark in report.held if "not known whether the discount di_" in remark.text}
        assert held == {f"{part['id']}:sale", f"{price['id']}:sale"}
        ledger = Book(now, warehouse, report)
        assert ledger.rows("SELECT subject FROM ledger.watchdogs WHERE kind = 'discount_unread'") == [
            (all_of_it["id"],)
        ]

        for day, read in ((1, 3), (2, 0)):
            told = extract(now, warehouse, Days(date(2026, 4, day), date(2026, 4, day)), progress=lambda line: None)
            assert told.streams["invoices"].changed == read, "each is read once"
    ledger = Book(now, warehouse, build(now, warehouse))
    assert not ledger.report.held and not ledger.rows("FROM ledger.watchdogs WHERE kind = 'discount_unread'")
    assert ledger.entry(f"{part['id']}:sale") == {
        "1510": "600.00",
        "2421": "400.00",
        "2611": "-200.00",
        "3001": "-800.00",
    }
    assert ledger.entry(f"{all_of_it['id']}:sale") == {"2421": "300.00", "2611": "-60.00", "3001": "-240.00"}
    assert ledger.entry(f"{price['id']}:sale") == {"1510": "900.00", "2611": "-180.00", "3001": "-720.00"}

    with ledger.sql() as connection:  # Stripe shows the coupon's id and no more
        connection.execute(
            "UPDATE stripe.invoices SET discounts = json_array(json_object("
            "'id', discounts ->> '$[0].id', 'source', json_object('coupon', discounts ->> '$[0].source.coupon.id')))"
        )
    (alert,) = [r.text for r in build(now, warehouse).alerts if r.entry_id == f"{price['id']}:sale"]
    assert "only the id is known" in alert and "gift_cards.coupons" in alert


def test_under_the_cash_method_a_sale_that_a_card_pays_waits_for_no_payment(
    shop: tuple[Book, dict[str, Any]], tmp_path: Path
) -> None:
    (ledger, made), later = shop, f"{shop[1]['later']['id']}:sale"
    assert ledger.day(later) == at(3).date()
    cash = ledger.under(tmp_path / "cash", gift_cards=CARDS, accounting_method="cash")
    assert cash.entry(f"{made['all']['id']}:sale") == {"2421": "300.00", "2611": "-60.00", "3001": "-240.00"}
    assert cash.day(later) == at(5).date()
    assert cash.entry(later) == {"1510": "600.00", "2421": "400.00", "2611": "-200.00", "3001": "-800.00"}


def test_a_credit_balance_given_for_a_card_is_the_cards_money(shop: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = shop
    (granted,) = ledger.rows("SELECT entry_id, held FROM ledger.entries WHERE kind = 'credit_granted'")
    assert ledger.entry(granted[0]) == {"2421": "250.00", "2899": "-250.00"} and granted[1] is None
    assert ledger.entry(f"{made['by_balance']['id']}:sale") == {"1510": "200.00", "2611": "-40.00", "3001": "-160.00"}
    used = f"{made['by_balance']['id']}:credit_balance"
    assert ledger.entry(used) == {"1510": "-200.00", "2899": "200.00"}


def test_each_card_is_known_by_its_number_and_the_roll_forward_ties_to_the_account(
    shop: tuple[Book, dict[str, Any]],
) -> None:
    ledger, _ = shop
    cards = dict(ledger.rows("SELECT card, left_ore FROM ledger.gift_cards"))
    assert (cards["GC-7"], cards["GC-8"]) == (-30000, -25000), "sold before the books began"
    ((closing,),) = ledger.rows("SELECT closing_ore FROM ledger.gift_card_balance")
    assert f"{-closing / 100:.2f}" == ledger.accounts()["2421"]
