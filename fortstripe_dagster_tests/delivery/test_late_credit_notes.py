"""A refund whose credit note came days later: the money waits for the note on 2420, under every packaging."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster_tests.companies import running
from fortstripe_dagster_tests.ledger.books import at, new_world, row


@pytest.mark.parametrize("sales", ["invoice", "daily_voucher"])
def test_money_that_left_before_its_credit_note_meets_it_on_its_day(tmp_path: Path, sales: str) -> None:
    world = new_world()
    sold = world.invoice(
        at=at(9), customer=world.customer(name="Anna", country="SE"),
        lines=[row("Plan", 10000, 1, world.tax_rate(percentage=25))],
    )  # fmt: skip
    world.pay_invoice(sold, at=at(9, 14))
    refund = world.refund(world.invoice_charge(sold), at=at(16))
    note = world.credit_note(sold, at=at(20), refund=refund)
    with running(world, tmp_path, sales=sales, fortnox={"settle_seconds": 0}) as company:
        report = company.sync()
        assert report.exit_code == 0, company.said[-20:]
        with company.warehouse() as connection:
            booked = connection.execute(
                "SELECT event_day, kind, account, debit - credit FROM ledger.entries JOIN ledger.lines"
                " USING (entry_id, event_day) WHERE credit_id = ? AND kind <> 'credit' ORDER BY ALL",
                [note["id"]],
            ).fetchall()
        gross = Decimal(sold["total"]) / 100
        assert booked == [
            (date(2026, 3, 16), "refund", "1686", -gross),
            (date(2026, 3, 16), "refund", "2420", gross),
            (date(2026, 3, 20), "advance_settled", "1510", gross),
            (date(2026, 3, 20), "advance_settled", "2420", -gross),
        ]
        left = company.general_ledger()
        assert not {"1510", "1511", "2420", "2611", "3001"} & left.keys(), left
        assert company.books.open_receivables() == []
        assert company.deliver(Days(date(2026, 3, 16), date(2026, 3, 20))).nothing_to_do
        assert company.prove().exit_code == 0
