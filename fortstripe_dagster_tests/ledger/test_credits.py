"""What takes a sale back: refunds in parts, credit notes, voids, lost disputes; at the sale's own rates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world, row


@pytest.fixture(scope="module")
def credited(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, dict[str, Any]]:
    """One world with a credit of each kind; the dict names them."""
    world, made = new_world(), {}
    customer = world.customer(name="Svea Handel AB", country="SE")
    vat25 = world.tax_rate(percentage=25)
    vat12 = world.tax_rate(percentage=12)

    before = world.one_off_payment(at=at(20, month=2), amount=50000, name="Anna")
    made["refund of an earlier sale"] = world.refund(before, at=at(2), amount=12500)["id"]
    whole = world.one_off_payment(at=at(2, 13), amount=125000, name="Anna")
    made["full"] = world.refund(whole, at=at(5))
    thirds = world.one_off_payment(at=at(3), amount=10000, name="Anna")
    made["thirds"] = [
        world.refund(thirds, at=at(6 + n), amount=part)["id"] for n, part in enumerate((3333, 3333, 3334))
    ]
    euros = world.one_off_payment(at=at(4), amount=10000, currency="eur", name="Elin", exchange_rate=Decimal("11.10"))
    made["euro sale"] = euros["id"]
    made["euro refund"] = world.refund(euros, at=at(18), exchange_rate=Decimal("11.18"))
    failing = world.one_off_payment(at=at(9), amount=20000, name="Anna")
    made["failing"] = world.refund(failing, at=at(10))
    world.refund_failed(made["failing"], at=at(12))

    noted = world.invoice(
        at=at(9, 13), customer=customer, lines=[row("Plan", 10000, 1, vat25), row("Bok", 10000, 1, vat12)]
    )
    world.pay_invoice(noted, at=at(9, 14))
    note = world.credit_note(noted, at=at(16), lines=[(noted["lines"]["data"][1], 10000)])
    made["credit note"] = note["id"]
    made["refund with the note"] = note["refunds"][0]["refund"]
    wrong = world.invoice(at=at(10, 13), customer=customer, lines=[row("Plan", 10000, 1, vat25)])
    world.void_invoice(wrong, at=at(17))
    made["void"] = wrong["id"]
    lost = world.invoice(
        at=at(3, 13), customer=customer, lines=[row("Plan", 80000, 1, vat25), row("Bok", 10000, 1, vat12)]
    )
    world.pay_invoice(lost, at=at(4), amount=40000)
    world.credit_note(lost, at=at(5), lines=[(lost["lines"]["data"][0], 20000)])
    world.mark_uncollectible(lost, at=at(20))
    made["uncollectible"] = lost["id"]
    disputed = world.one_off_payment(at=at(5, 14), amount=49900, name="Bo")
    made["lost"] = world.dispute_opened(disputed, at=at(11), fee=20000)
    world.dispute_lost(made["lost"], at=at(24))
    lines = [row("Kurs", 100000, 1, vat25), row("Bok", 50000, 1, world.tax_rate(percentage=6))]
    custom = world.invoice(at=at(2), customer=world.customer(name="Anna", country="SE"), lines=lines)
    world.pay_invoice(custom, at=at(3))
    note = world.credit_note(custom, at=at(5), lines=[(custom["lines"]["data"][1], 10000)])
    note["lines"]["data"][0].update(invoice_line_item=None, type="custom_line_item")
    made["custom note"] = note["id"]
    return book(world, tmp_path_factory.mktemp("credited")), made


def transaction_of(ledger: Book, source: str, kind: str) -> str:
    """The entry id of a kind for a source."""
    return ledger.rows("SELECT entry_id FROM ledger.entries WHERE source = ? AND kind = ?", source, kind)[0][0]


def test_a_full_refund_takes_back_sale_and_vat_and_settles_itself(credited: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = credited
    refund = made["full"]["id"]
    assert ledger.entry(f"{refund}:credit") == {"1510": "-1250.00", "2611": "250.00", "3001": "1000.00"}
    money = transaction_of(ledger, refund, "refund")
    assert ledger.entry(money) == {"1510": "1250.00", "1686": "-1250.00"}
    assert ledger.day(money) == ledger.day(f"{refund}:credit") == date(2026, 3, 5)


def test_parts_round_cumulatively_to_the_whole(credited: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = credited
    assert [ledger.entry(f"{refund}:credit")["2611"] for refund in made["thirds"]] == ["6.67", "6.66", "6.67"]
    together = ledger.together(*[f"{refund}:credit" for refund in made["thirds"]])
    assert together == {"1510": "-100.00", "2611": "20.00", "3001": "80.00"}


def test_a_refund_of_euros_keeps_the_rate_of_the_sale(credited: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = credited
    sale = ledger.entry(f"{made['euro sale']}:sale")
    credit = ledger.entry(f"{made['euro refund']['id']}:credit")
    assert {account: str(-Decimal(amount)) for account, amount in credit.items()} == sale
    money = ledger.entry(transaction_of(ledger, made["euro refund"]["id"], "refund"))
    assert money["1686"] == "-1118.00"
    assert money["1510"] == sale["1510"]


def test_a_refund_of_a_sale_before_the_books_began_has_the_sales_vat(credited: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = credited
    refund = made["refund of an earlier sale"]
    assert ledger.entry(f"{refund}:credit") == {"1510": "-125.00", "2611": "25.00", "3001": "100.00"}
    assert not ledger.rows("SELECT 1 FROM ledger.entries WHERE kind = 'sale' AND event_day < DATE '2026-03-01'")


def test_a_refund_that_failed_is_a_debt_to_the_customer(credited: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = credited
    back = transaction_of(ledger, made["failing"]["id"], "refund_failed")
    assert ledger.entry(back) == {"1686": "200.00", "2899": "-200.00"}


def test_a_credit_note_credits_its_own_lines_on_its_own_day(credited: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = credited
    assert ledger.entry(f"{made['credit note']}:credit") == {"1510": "-112.00", "2621": "12.00", "3002": "100.00"}
    assert not ledger.entry(f"{made['refund with the note']}:credit")
    money = transaction_of(ledger, made["refund with the note"], "refund")
    assert ledger.entry(money) == {"1510": "112.00", "1686": "-112.00"}


def test_a_void_takes_the_whole_invoice_back(credited: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = credited
    void = f"{made['void']}:void:credit"
    assert ledger.day(void) == date(2026, 3, 17)
    assert ledger.together(f"{made['void']}:sale", void) == {}


def test_what_is_uncollectible_is_a_proposal_to_a_person_and_booked_by_nobody(
    credited: tuple[Book, dict[str, Any]],
) -> None:
    ledger, made = credited
    # 1112.00 less a credit of 250.00, and 400.00 of it paid: 462.00 of 862.00 is open, and so is that part of the VAT.
    lines = ledger.rows(
        "SELECT day, account, (ore * 0.01)::DECIMAL(18, 2)::VARCHAR FROM ledger.bad_debts WHERE sale_id = ? ORDER BY 2",
        made["uncollectible"],
    )
    assert [(account, amount) for _, account, amount in lines] == [
        ("1510", "-462.00"), ("2611", "80.39"), ("2621", "6.43"), ("6351", "375.18"),
    ]  # fmt: skip
    assert {day for day, _, _ in lines} == {date(2026, 3, 20)}
    assert ledger.together(f"{made['uncollectible']}:sale") == {
        "1510": "1112.00", "2611": "-200.00", "2621": "-12.00", "3001": "-800.00", "3002": "-100.00",
    }  # fmt: skip
    (alert,) = [r.text for r in ledger.report.alerts if r.entry_id == f"{made['uncollectible']}:sale"]
    assert "when the loss is confirmed" in alert and "D 6351 375.18" in alert and "K 1510 462.00" in alert


def test_a_lost_dispute_credits_the_sale_on_the_day_it_was_closed(credited: tuple[Book, dict[str, Any]]) -> None:
    ledger, made = credited
    dispute = made["lost"]["id"]
    opened = transaction_of(ledger, dispute, "dispute")
    assert ledger.entry(opened) == {"1516": "499.00", "1686": "-499.00"}
    assert ledger.entry(f"{opened}:fee") == {"1686": "-200.00", "6570": "200.00"}
    assert ledger.day(f"{dispute}:lost") == ledger.day(f"{dispute}:credit") == date(2026, 3, 24)
    assert ledger.together(opened, f"{dispute}:credit", f"{dispute}:lost") == {
        "1686": "-499.00",
        "2611": "99.80",
        "3001": "399.20",
    }


def test_receivables_hold_only_what_is_open(credited: tuple[Book, dict[str, Any]]) -> None:
    """All sales of this world are paid or taken back, except the refund of a sale that was booked elsewhere and what
    is left of the uncollectible invoice."""
    ledger, _ = credited
    assert ledger.accounts()["1510"] == "462.00"


def test_a_line_of_a_credit_note_that_is_of_no_invoice_line_takes_back_its_own_vat_rate(
    credited: tuple[Book, dict[str, Any]],
) -> None:
    ledger, made = credited
    assert ledger.entry(f"{made['custom note']}:credit") == {"1510": "-106.00", "2631": "6.00", "3003": "100.00"}
