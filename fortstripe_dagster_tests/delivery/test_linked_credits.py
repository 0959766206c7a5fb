"""Full credits by Fortnox's own /credit: linked with the original, once each, also when answers are lost."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from fortstripe_dagster.sandbox.fortnox.company import Company
from fortstripe_dagster.sandbox.fortnox.gateway import Call
from fortstripe_dagster_tests.delivery.house import House, house

LATER = date(2026, 3, 5)


def sold_and_refunded(home: House) -> None:
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    home.credit("re_1", "ch_1", 10000, day=LATER)
    home.refund("txn_2", "ch_1", "re_1", 10000, day=LATER)


def assert_credited_once(home: House) -> None:
    first, credit = home.books.invoices.all.values()
    assert (credit.credit_of, first.credited_by) == (first.number, credit.number)
    assert (credit.day, credit.header["ExternalInvoiceReference1"]) == (LATER, "re_1")
    assert f"Krediterar faktura {first.number}" in str(credit.header["Remarks"])
    assert (credit.booked, str(credit.balance), str(first.balance)) == (True, "0.00", "0.00")
    assert home.accounts() == {}


@pytest.mark.parametrize("keeps", [True, False])
def test_a_full_credit_is_linked_with_its_original_and_dated_by_us(tmp_path: Path, keeps: bool) -> None:
    with house(tmp_path, company=Company(credit_keeps_references=keeps), credit_invoices="linked") as home:
        sold_and_refunded(home)
        assert home.deliver().exit_code == 0
        assert_credited_once(home)
        assert home.deliver().nothing_to_do


def test_partial_and_second_credits_are_invoices_of_their_own(tmp_path: Path) -> None:
    with house(tmp_path, credit_invoices="linked") as home:
        home.sale("ch_1", 10000)
        home.credit("re_1", "ch_1", 4000)
        home.sale("ch_2", 5000)
        home.credit("re_2", "ch_2", 5000)
        home.credit("re_3", "ch_2", 5000, day=LATER)
        assert home.deliver().exit_code == 0
        assert [path for path in home.writes() if path.endswith("/credit")] == ["PUT invoices/2/credit"] * 2
        made = {str(i.header["ExternalInvoiceReference1"]): i for i in home.books.invoices.all.values()}
        assert [made[f"re_{n}"].credit_of is not None for n in (1, 2, 3)] == [False, True, False]
        assert all(made[f"re_{n}"].booked for n in (1, 2, 3))
        assert home.deliver().nothing_to_do


@pytest.mark.parametrize("step", ["PUT /3/invoices/1/credit", "PUT /3/invoices/2", "PUT /3/invoices/2/bookkeep"])
def test_a_lost_answer_makes_no_second_credit(tmp_path: Path, step: str) -> None:
    company = Company(credit_keeps_references=step.endswith("credit"))
    lost: list[str] = []

    def once(call: Call) -> bool:
        hit = f"{call.method} {call.path}" == step and not lost
        lost.extend([step] * hit)
        return hit

    with house(tmp_path, company=company, credit_invoices="linked", fortnox={"settle_seconds": 0}) as home:
        sold_and_refunded(home)
        home.gateway.faults.lose_answer = once
        assert home.deliver().exit_code == 0
        assert lost == [step]
        assert_credited_once(home)
