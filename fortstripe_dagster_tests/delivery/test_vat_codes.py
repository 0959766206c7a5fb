"""Accounts whose VAT code would put a line into another box of Fortnox's VAT report than the ledger's."""

from __future__ import annotations

from pathlib import Path

import pytest

from fortstripe_dagster.failures import HELD
from fortstripe_dagster.fortnox import vat_box
from fortstripe_dagster_tests.delivery.house import House, house


def code(home: House, account: int, vat_code: str) -> None:
    """A person changes an account's VAT code in Fortnox, in every year."""
    for accounts in home.books.ledger.accounts.values():
        accounts[account].vat_code = vat_code


@pytest.mark.parametrize("sales", ["invoice", "daily_voucher"])
def test_a_contradicting_code_holds_what_is_booked_on_the_account_and_nothing_else(tmp_path: Path, sales: str) -> None:
    with house(tmp_path, sales=sales) as home:
        home.sale("ch_1", 12500)
        home.payment("txn_1", "ch_1", 12500)
        home.fee("txn_1:fee", 300)
        code(home, 3001, "FTEU")
        report = home.deliver()
        assert report.exit_code == HELD
        (held,) = report.held
        assert "3001" in held.reason and "FTEU" in held.reason and "box 05" in held.reason
        assert "6570" in home.accounts() and "3001" not in home.accounts()
        code(home, 3001, "MP1")
        assert home.deliver().exit_code == 0 and home.accounts()["3001"] == "-100.00"


def test_the_treatment_decides_for_accounts_that_a_rule_chose(home: House) -> None:
    home.sale("ch_2", 10000, rate=0, account="3990", treatment="export_services", box="40", customer="cus_2")
    home.entry("ch_2:sale", "sale", [("1510", "100.00"), ("3990", "-100.00", "0", "export_services")], sale_id="ch_2")
    code(home, 3990, "MP1")
    report = home.deliver()
    assert [item.document_id for item in report.held] == ["invoice:ch_2"]
    assert "box 40" in report.held[0].reason


@pytest.mark.parametrize("account", [1686, 1510])
def test_money_accounts_must_be_in_no_box(home: House, account: int) -> None:
    code(home, account, "MP1")
    home.sale("ch_1", 10000)
    home.payment("txn_1", "ch_1", 10000)
    assert any("no box" in item.reason for item in home.deliver().held)


def test_a_missing_code_is_told_and_an_own_code_is_not_judged(home: House) -> None:
    code(home, 3001, "")
    code(home, 2611, "EGEN")
    home.sale("ch_1", 12500)
    report = home.deliver()
    assert report.exit_code == 0
    assert [finding for finding in report.findings if "VAT code" in finding] == [
        "Account 3001 has no VAT code in Fortnox's financial year 2026-01-01…2026-12-31: box 05 of Fortnox's VAT "
        "report will lack what is booked on it."
    ]


def test_a_fortnox_that_tells_no_codes_is_not_judged(home: House) -> None:
    for number in home.books.ledger.accounts[2]:
        code(home, number, "")
    home.sale("ch_1", 12500)
    report = home.deliver()
    assert report.exit_code == 0 and report.findings == ()


def test_codes_are_read_as_fortnox_writes_them() -> None:
    assert (vat_box("MP1"), vat_box("mp2 "), vat_box("EGEN")) == ("05", "05", None)
