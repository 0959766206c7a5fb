"""Lists of the pack by themselves, on a ledger that nothing was delivered of."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from fortstripe_dagster.proof.close.lists import list_sql, prepare
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.ledger.books import at, book, new_world, row

NOTHING_IN_FORTNOX = """
    CREATE TABLE proof.fortnox_accounts (account VARCHAR, name VARCHAR, year_id INTEGER);
    CREATE TABLE proof.fortnox_vouchers (year_id INTEGER, series VARCHAR, number INTEGER, day DATE);
    CREATE TABLE delivery.documents (document_id VARCHAR, kind VARCHAR, status VARCHAR, entry_ids VARCHAR[],
        fortnox_number VARCHAR, voucher_series VARCHAR, voucher_number INTEGER, voucher_year INTEGER);
"""


def test_a_refund_that_was_credited_on_two_days_is_listed_by_its_parts(tmp_path: Path) -> None:
    world = new_world()
    sold = world.invoice(
        at=at(9), customer=world.customer(name="Anna", country="SE"),
        lines=[row("Plan", 10000, 1, world.tax_rate(percentage=25))],
    )  # fmt: skip
    world.pay_invoice(sold, at=at(9, 14))
    refund = world.refund(world.invoice_charge(sold), at=at(16), amount=10000)
    world.credit_note(sold, at=at(20), lines=[(sold["lines"]["data"][0], 4800)], refund=refund)
    with book(world, tmp_path).warehouse.transaction() as connection:
        connection.execute(NOTHING_IN_FORTNOX)
        prepare(connection, MARCH)
        found = connection.execute(f"SELECT amount, kronor FROM ({list_sql('refunds')}) ORDER BY amount").fetchall()
    assert found == [(Decimal(40), Decimal(40)), (Decimal(60), Decimal(60))]
