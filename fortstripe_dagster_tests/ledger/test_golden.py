"""Two small months, every line of which was read against the bookkeeping decisions: `golden/*.csv`.

A line that changes shows as a difference of text. Where the change is wanted, write the files anew with
`python -m fortstripe_dagster_tests.ledger.test_golden`, and read what changed line by line before committing it.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
import tempfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world, row

GOLDEN = Path(__file__).parent / "golden"
COLUMNS = ("day", "kind", "account", "debit", "credit", "currency", "minor units", "VAT rate", "source", "text")
CHOICES = {
    "processing_fee_vat": "reverse_charge",
    "accounts": {"clearing": {"SEK": "1686", "EUR": "1687"}, "transit": {"SEK": "1689", "EUR": "1688"}},
}


def march(world: World) -> Days:
    """Sales in Sweden: cards, an invoice at two rates with a credit note, refunds, a lost dispute, fees, payouts."""
    vat25, vat12 = world.tax_rate(percentage=25), world.tax_rate(percentage=12)
    company = world.customer(name="Svea Handel AB", country="SE")
    first = world.one_off_payment(at=at(2), amount=12500, name="Anna")
    world.one_off_payment(at=at(2, 23, 59), amount=9999, name="Bo")
    invoice = world.invoice(
        at=at(4), customer=company, lines=[row("Plan", 100000, 1, vat25), row("Bok", 20000, 1, vat12)]
    )
    world.pay_invoice(invoice, at=at(6))
    for day in (9, 10, 11):
        world.refund(first, at=at(day), amount=4166 if day < 11 else 4168)
    world.credit_note(invoice, at=at(12), lines=[(invoice["lines"]["data"][1], 20000)])
    disputed = world.one_off_payment(at=at(13), amount=50000, name="Cilla")
    lost = world.dispute_opened(disputed, at=at(16), fee=20000)
    world.stripe_fee(at=at(17), amount=10000)
    paid = world.payout(at=at(18), amount=30000)
    world.payout_paid(paid)
    world.dispute_lost(lost, at=at(24))
    world.payout(at=at(31), amount=10000)
    return Days(date(2026, 3, 1), date(2026, 3, 31))


def april(world: World) -> Days:
    """Sales abroad: reverse charge, export, euros settled in kronor, refunds at another rate, a dispute that is won."""
    german = world.customer(name="Muster GmbH", country="DE", vat_number="DE123456789")
    american = world.customer(name="Acme Inc.", country="US")
    reverse = world.invoice(at=at(1, month=4), customer=german, lines=[row("Plan", 80000)])
    world.pay_invoice(reverse, at=at(2, month=4))
    export = world.invoice(at=at(7, month=4), customer=american, lines=[row("Plan", 40000)])
    world.pay_invoice(export, at=at(7, 13, month=4))
    euros = world.one_off_payment(
        at=at(8, month=4), amount=10000, currency="eur", name="Elin", exchange_rate=Decimal("11.10")
    )
    world.refund(euros, at=at(20, month=4), amount=5000, exchange_rate=Decimal("11.18"))
    disputed = world.one_off_payment(at=at(9, month=4), amount=25000, name="David")
    won = world.dispute_opened(disputed, at=at(14, month=4), fee=20000)
    world.dispute_won(won, at=at(28, month=4))
    unpaid = world.invoice(at=at(15, month=4), customer=world.customer(name="Sen AB", country="SE"),
                           lines=[row("Plan", 50000, 1, world.tax_rate(percentage=25))])  # fmt: skip
    world.void_invoice(unpaid, at=at(29, month=4))
    return Days(date(2026, 4, 1), date(2026, 4, 30))


MONTHS: dict[str, Callable[[World], Days]] = {"march": march, "april": april}


def booked(month: str, home: Path) -> str:
    """The ledger's lines of a month as CSV."""
    world = new_world()
    days = MONTHS[month](world)
    return as_csv(book(world, home, days, start_date=days.first, **CHOICES))


def as_csv(ledger: Book) -> str:
    """Every line; Stripe's ids are numbered in the order in which they appear, for the stand-in makes them up."""
    found = ledger.rows(
        "SELECT l.event_day, e.kind, l.account, l.debit, l.credit, l.currency, l.amount_currency, l.vat_rate, e.source,"
        " e.text FROM ledger.lines l JOIN ledger.entries e USING (entry_id)"
        " ORDER BY l.event_day, e.kind, sum(l.debit) OVER (PARTITION BY l.entry_id), l.entry_id, l.line_no, l.account"
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(found)
    names: dict[str, str] = {}

    def named(match: re.Match[str]) -> str:
        kind = match[1] or "INV"
        number = 1 + sum(name.startswith(f"{kind}_") for name in names.values())
        return names.setdefault(match[0], f"{kind}_{number}")

    return re.sub(r"\b(ch|in|re|du|cn|po)_[A-Za-z0-9]{24}|\b[0-9A-Z]{8}(?=-\d{4}\b)", named, text.getvalue())


@pytest.mark.parametrize("month", MONTHS)
def test_a_month_is_booked_as_it_was_read(month: str, tmp_path: Path) -> None:
    wanted = (GOLDEN / f"{month}.csv").read_text(encoding="utf-8")
    difference = difflib.unified_diff(
        wanted.splitlines(), booked(month, tmp_path).splitlines(), f"golden/{month}.csv", "booked", lineterm="", n=1
    )
    assert not (lines := list(difference)), "\n".join(lines)


if __name__ == "__main__":
    for name in MONTHS:
        with tempfile.TemporaryDirectory() as folder:
            (GOLDEN / f"{name}.csv").write_text(booked(name, Path(folder)), encoding="utf-8")
