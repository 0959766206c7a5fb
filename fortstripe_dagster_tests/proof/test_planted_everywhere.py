"""The planted errors once more: delivered as invoices and vouchers, on accrual and cash, in both currencies."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.delivery import deliver
from fortstripe_dagster.ledger import build
from fortstripe_dagster.proof.vat_report import vat_report
from fortstripe_dagster.sandbox.fortnox.company import Company as FortnoxCompany
from fortstripe_dagster.sandbox.fortnox.company import FinancialYear
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.proof.company import CLEARING, Company, Host, company, extracted, local
from fortstripe_dagster_tests.proof.test_planted import edit, unnoted

D = Decimal
CASH = FortnoxCompany(years=(FinancialYear(2, date(2026, 1, 1), date(2026, 12, 31), "CASH"),))
WAYS: dict[str, tuple[dict[str, Any], FortnoxCompany | None]] = {
    "auto": ({"sales": "auto"}, None),
    "cash": ({"sales": "daily_voucher", "accounting_method": "cash"}, CASH),
}


def a_small_month() -> World:
    """Sales and refunds on both balances, an invoice paid later, a dispute, payouts."""
    world = World(seed=12, now=local(2, 20))
    firm = world.customer(name="Firman AB", email="f@example.com")
    sold = world.one_off_payment(at=local(3, 2), amount=50000, name="Anna Berg", email="a@example.com")
    euros = world.one_off_payment(at=local(3, 3), amount=10000, currency="eur", settle_in="eur", name="Maja Lind")
    lunch = world.invoice(at=local(3, 4), customer=firm, lines=[Line(description="Lunch", unit_amount=40000)])
    world.pay_invoice(lunch, at=local(3, 6))
    world.refund(sold, at=local(3, 9), amount=12500)
    world.refund(euros, at=local(3, 10), amount=2500)
    disputed = world.one_off_payment(at=local(3, 11), amount=25000, name="Olle Falk", email="o@example.com")
    world.payout_paid(world.payout(at=local(3, 12, 6)))
    world.payout_paid(world.payout(at=local(3, 13, 6), currency="eur"))
    world.dispute_opened(disputed, at=local(3, 20))
    return world


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The month, read from Stripe once and booked on accrual."""
    return extracted(a_small_month(), tmp_path_factory.mktemp("everywhere"), accounts=CLEARING)


@pytest.mark.parametrize("way", WAYS)
def test_a_clean_month_gives_none_and_each_planted_error_is_named(
    way: str, read: Settings, host: Host, tmp_path: Path
) -> None:
    choices, fortnox = WAYS[way]
    found = company(read.model_copy(update=choices), tmp_path / "home", host, fortnox)
    if way == "cash":
        build(found.settings, found.warehouse)
    deliver(found.settings, found.warehouse, MARCH, fortnox=found.fortnox, progress=lambda line: None)
    clean = found.prove()
    assert (clean.alarms, clean.waiting, clean.exit_code) == ((), (), 0)
    assert all(each.status == "ok" for each in clean.equations)
    assert [each for each in vat_findings(found) if each[1] != "info"] == []

    names = [
        a_fee_that_the_ledger_lost(found),
        a_doubled_voucher(found),
        one_ore(found),
        *manual_vouchers(found),
        *(an_edited_invoice(found) if way == "auto" else ()),
    ]
    found.books.ledger.accounts[2][3001].vat_code = "MF"
    report = found.prove()
    said = "\n".join(item.text for item in (*report.alarms, *report.waiting))
    assert not report.ok and [name for name in names if name not in said] == []
    assert ("wrong VAT code", "alarm", "3001") in vat_findings(found)


def vat_findings(found: Company) -> list[tuple[str, str, str]]:
    """What the VAT return, tied to Fortnox's accounts, finds: kind, severity, id."""
    report = vat_report(found.settings, found.warehouse, MARCH, lambda line: None, compare=True, fortnox=found.fortnox)
    assert report.tie is not None
    return [(each.kind, each.severity, each.id) for each in (*report.found.findings, *report.tie.findings)]


def a_fee_that_the_ledger_lost(found: Company) -> str:
    """Of the balance in euros."""
    ((entry, transaction),) = found.sql(
        "SELECT entry_id, balance_transaction FROM ledger.entries WHERE kind = 'fee' AND settlement = 'EUR' LIMIT 1"
    )
    for table in ("lines", "entries"):
        found.sql(f"DELETE FROM ledger.{table} WHERE entry_id = ?", entry)
    return f"{transaction}"


def vouchers_on(found: Company, account: str) -> list[Any]:
    """Our vouchers that post on an account."""
    ours = found.books.vouchers(2, "S")
    return [each for each in ours if any(row.account == int(account) for row in each.rows)]


def a_doubled_voucher(found: Company) -> str:
    original = vouchers_on(found, "1687")[0]
    year = found.books.ledger.required_year_of(original.day)
    found.books.ledger.post_manual(year, "S", original.day, original.description, original.rows)
    return f"repeats voucher S {original.number} of 2026"


def one_ore(found: Company) -> str:
    edit(vouchers_on(found, "1686")[-1], "1686", "3740", D("0.01"))
    return "0.01 SEK in debit on account 1686"


def manual_vouchers(found: Company) -> list[str]:
    """On the clearing account of each currency, in the bookkeeper's own series."""
    return [
        f"voucher A {unnoted(found, date(2026, 3, 24), {account: D(-500), '1930': D(500)}, 'A')} of 2026"
        for account in ("1686", "1687")
    ]


def an_edited_invoice(found: Company) -> list[str]:
    clock = found.books.clock
    found.books.clock = lambda: clock() + timedelta(minutes=5)
    ((number,),) = found.sql(
        "SELECT min(fortnox_number) FROM delivery.documents WHERE kind = 'invoice' AND status = 'done'"
    )
    invoice = found.books.invoices.get(int(number))
    invoice.header.update(InvoiceDate=date(2026, 3, 19))
    invoice.modified = found.books.clock()
    return [f"invoice {number} (", "has InvoiceDate 2026-03-19 in Fortnox"]
