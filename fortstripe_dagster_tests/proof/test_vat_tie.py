"""The VAT return against Fortnox's accounts and their VAT codes: a wrong box is named by account and voucher."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.proof.vat_return import VatReturn, vat_return
from fortstripe_dagster.proof.vat_tie import VatTie, read_vat_codes, store_vat_codes, vat_tie, years_of
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.proof.company import Company
from fortstripe_dagster_tests.proof.test_planted import edit, unnoted

D = Decimal


def tied(company: Company, days: Days = MARCH) -> tuple[VatReturn, VatTie]:
    """Prove, read the VAT codes, and compare."""
    company.prove(MARCH)
    with company.warehouse.writer() as connection:
        years = years_of(connection, days)
    codes = read_vat_codes(company.fortnox, years)
    with company.warehouse.transaction() as connection:
        store_vat_codes(connection, codes)
        return vat_return(connection, days), vat_tie(connection, days)


def test_a_clean_month_ties_out_box_by_box(company: Company) -> None:
    company.book()
    found, tie = tied(company)
    assert {row.box for row in tie.rows} == {"05", "10", "12", "21", "30", "48"}
    for row in tie.rows:
        assert abs(row.difference) <= D("0.05") and row.ledger == found.box(row.box).amount and row.others == 0
    assert tie.ok and {finding.kind for finding in tie.findings} <= {"VAT rounding"}


def test_a_wrong_vat_code_is_named_by_account_and_vouchers(company: Company) -> None:
    company.book()
    company.books.ledger.accounts[2][3001].vat_code = "MF"
    _, tie = tied(company)
    (finding,) = [each for each in tie.findings if each.severity == "alarm"]
    assert (finding.kind, finding.id, finding.box) == ("wrong VAT code", "3001", "05")
    assert "VAT code MF in Fortnox (box 42)" in finding.text and "invoice 1, voucher B 1" in finding.text
    by_box = {row.box: row for row in tie.rows}
    assert by_box["05"].difference == -by_box["42"].difference == finding.amount


def test_a_line_on_the_wrong_vat_account_is_named_by_voucher(company: Company) -> None:
    company.book()
    edit(company.books.vouchers(2, "B")[0], "2621", "2611", D("-43.75"))
    _, tie = tied(company)
    alarms = [each for each in tie.findings if each.severity == "alarm"]
    assert {(each.kind, each.box) for each in alarms} == {("other account", "10"), ("other account", "11")}
    assert all("invoice 1, voucher B 1" in each.text for each in alarms)


def test_other_business_is_beside_ours_and_no_difference(company: Company) -> None:
    company.book()
    number = unnoted(company, date(2026, 3, 20), {"3001": D(-1000), "2611": D(-250), "1930": D(1250)}, "A")
    _, tie = tied(company)
    assert tie.ok
    assert {row.box: row.others for row in tie.rows if row.others} == {"05": D(1000), "10": D(250)}
    assert any(each.kind == "other business" and f"voucher A {number}" in each.text for each in tie.findings)


def test_what_was_not_delivered_waits(company: Company) -> None:
    ((sale,),) = company.sql("SELECT min(sale_id) FROM ledger.sales WHERE kind = 'charge'")
    company.book(skip=(f"{sale}:sale",))
    _, tie = tied(company)
    waits = [each for each in tie.findings if each.kind == "not in Fortnox"]
    assert waits and all(sale in each.text and "in no document" in each.text for each in waits)


def test_a_document_dated_in_another_period(company: Company) -> None:
    company.book()
    _, tie = tied(company, Days(date(2026, 3, 1), date(2026, 3, 2)))
    assert tie.ok
    first = company.books.vouchers(2, "B")[0]
    object.__setattr__(first, "day", date(2026, 4, 2))
    _, tie = tied(company)
    moved = [each for each in tie.findings if each.kind == "other period"]
    assert {each.box for each in moved} == {"05", "10"} and "dated 2026-04-02" in moved[0].text


def test_nothing_is_compared_before_a_proof(company: Company) -> None:
    with company.warehouse.writer() as connection, pytest.raises(Failure, match="have not been read"):
        years_of(connection, MARCH)
