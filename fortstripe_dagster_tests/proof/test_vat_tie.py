"""The VAT return against Fortnox's accounts and their VAT codes: a wrong box is named by account and voucher."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.proof.vat_return import VatReturn, vat_return
from fortstripe_dagster.proof.vat_tie import VatTie, read_vat_codes, store_vat_codes, vat_tie, years_of
from fortstripe_dagster.settings import Settings
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.proof.company import Company, Host, again
from fortstripe_dagster_tests.proof.company import company as company_with
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


@pytest.fixture(scope="module")
def booked(month: Settings, host: Host, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The month in Fortnox, and a sale there that is none of ours."""
    found = company_with(month, tmp_path_factory.mktemp("booked") / "home", host)
    found.book()
    unnoted(found, date(2026, 3, 20), {"3001": D(-1000), "2611": D(-250), "1930": D(1250)}, "A")
    return found


@pytest.fixture(scope="module")
def clean(booked: Company) -> tuple[VatReturn, VatTie]:
    return tied(booked)


@pytest.fixture(scope="module")
def wrong(booked: Company, tmp_path_factory: pytest.TempPathFactory) -> VatTie:
    """A wrong VAT code, and a line on another rate's account."""
    found = again(booked, tmp_path_factory.mktemp("wrong") / "home")
    found.books.ledger.accounts[2][3001].vat_code = "MF"
    edit(found.books.vouchers(2, "B")[2], "2621", "2611", D("-250.00"))
    return tied(found)[1]


def test_a_clean_month_ties_out_box_by_box(clean: tuple[VatReturn, VatTie]) -> None:
    found, tie = clean
    assert {row.box for row in tie.rows} == {"05", "10", "12", "21", "30", "48"}
    for row in tie.rows:
        assert abs(row.difference) <= D("0.05") and row.ledger == found.box(row.box).amount
    assert tie.ok and {finding.kind for finding in tie.findings} <= {"VAT rounding", "other business"}


def test_other_business_is_beside_ours_and_no_difference(clean: tuple[VatReturn, VatTie]) -> None:
    _, tie = clean
    assert {row.box: row.others for row in tie.rows if row.others} == {"05": D(1000), "10": D(250)}
    assert any(each.kind == "other business" and "voucher A 1" in each.text for each in tie.findings)


def test_a_wrong_vat_code_is_named_by_account_and_vouchers(wrong: VatTie) -> None:
    (finding,) = [each for each in wrong.findings if each.kind == "wrong VAT code"]
    assert (finding.severity, finding.id, finding.box) == ("alarm", "3001", "05")
    assert "VAT code MF in Fortnox (box 42)" in finding.text and "invoice 1, voucher B 1" in finding.text
    by_box = {row.box: row for row in wrong.rows}
    assert by_box["05"].difference == -by_box["42"].difference == finding.amount != 0


def test_a_line_on_the_wrong_vat_account_is_named_by_voucher(wrong: VatTie) -> None:
    found = [each for each in wrong.findings if each.kind == "other account"]
    assert {(each.severity, each.box) for each in found} == {("alarm", "10"), ("alarm", "11")}
    assert all("invoice 3, voucher B 3" in each.text for each in found)


def test_no_alarm_is_about_anything_else(wrong: VatTie) -> None:
    assert {each.kind for each in wrong.findings if each.severity == "alarm"} == {"wrong VAT code", "other account"}


def test_a_document_dated_in_another_period(booked: Company, clean: tuple[VatReturn, VatTie], tmp_path: Path) -> None:
    found, days = again(booked, tmp_path / "home"), Days(date(2026, 3, 1), date(2026, 3, 2))
    with found.warehouse.transaction() as connection:
        assert clean[1].ok and vat_tie(connection, days).ok
    object.__setattr__(found.books.vouchers(2, "B")[0], "day", date(2026, 4, 2))
    _, tie = tied(found, days)
    moved = [each for each in tie.findings if each.kind == "other period"]
    assert {each.box for each in moved} == {"05", "10"} and "dated 2026-04-02" in moved[0].text


def test_what_was_not_delivered_waits(company: Company) -> None:
    ((sale,),) = company.sql("SELECT min(sale_id) FROM ledger.sales WHERE kind = 'charge'")
    company.book(skip=(f"{sale}:sale",))
    _, tie = tied(company)
    waits = [each for each in tie.findings if each.kind == "not in Fortnox"]
    assert waits and all(sale in each.text and "in no document" in each.text for each in waits)


def test_nothing_is_compared_before_a_proof(company: Company) -> None:
    with company.warehouse.writer() as connection, pytest.raises(Failure, match="have not been read"):
        years_of(connection, MARCH)
