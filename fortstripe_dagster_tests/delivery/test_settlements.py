"""Credits that move no money, and how credits are settled at all: nothing stays open without a reason."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from fortstripe_dagster import delivery
from fortstripe_dagster.failures import HELD
from fortstripe_dagster.sandbox.fortnox.company import Company
from fortstripe_dagster.sandbox.fortnox.gateway import Call
from fortstripe_dagster_tests.delivery.house import House, house

D3 = date(2026, 3, 3)


@pytest.mark.parametrize("to_krona", [True, False], ids=["whole kronor", "öre"])
def test_a_void_invoice_and_its_credit_are_settled_against_each_other(tmp_path: Path, to_krona: bool) -> None:
    with house(tmp_path, company=Company(round_to_krona=to_krona)) as home:
        home.sale("in_1", 21875)
        home.deliver()
        home.credit("in_1:void", "in_1", 21875, day=D3, kind="void")
        report = home.deliver()
        assert report.exit_code == 0, report.text()
        assert home.books.open_receivables() == []
        assert home.accounts() == {}
        assert home.deliver().nothing_to_do


def test_a_lost_answer_between_the_two_is_made_good(home: House) -> None:
    home.sale("in_1", 21875)
    home.credit("in_1:void", "in_1", 21875, day=D3, kind="void")
    seen: list[str] = []

    def second(call: Call) -> bool:
        if call.path == "/3/invoicepayments" and call.writes:
            seen.append(call.path)
        return len(seen) == 2 and call.path == "/3/invoicepayments"

    home.gateway.faults.lose_answer = lambda call: second(call) and call.writes
    assert home.deliver().exit_code == 0
    assert home.books.open_receivables() == [] and len(home.books.payments.all) == 2


def test_settlements_are_adopted_with_the_rest(home: House) -> None:
    home.sale("in_1", 21875)
    home.credit("in_1:void", "in_1", 21875, day=D3, kind="void")
    home.deliver()
    wrote = home.writes()
    for path in home.settings.home.glob("journal.sqlite*"):
        path.unlink()
    report = delivery.adopt(home.settings, home.warehouse, fortnox=home.client(), progress=home.said.append)
    assert report.unplaced == () and report.adopted["payment"] == 2
    assert home.deliver().nothing_to_do and home.writes() == wrote


def test_a_person_may_settle_credits(tmp_path: Path) -> None:
    with house(tmp_path, credit_settlement="hold") as home:
        home.sale("ch_1", 10000)
        home.payment("txn_1", "ch_1", 10000)
        home.credit("re_1", "ch_1", 10000, day=D3)
        home.refund("txn_2", "ch_1", "re_1", 10000, day=D3)
        home.sale("in_2", 5000)
        home.credit("in_2:void", "in_2", 5000, day=D3, kind="void")
        report = home.deliver()
        assert report.exit_code == HELD
        assert [item.document_id for item in report.held] == ["payment:txn_2"]
        assert len(home.books.invoices.all) == 4 and len(home.books.payments.all) == 1
