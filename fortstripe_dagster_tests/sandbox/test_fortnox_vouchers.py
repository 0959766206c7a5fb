"""Vouchers, series, accounts and financial years over HTTP."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.company import Company
from fortstripe_dagster_tests.sandbox.fortnox_api import YEAR_2026, Api, ledger, voucher


def test_a_voucher_is_posted_as_sent(api: Api) -> None:
    posted = api.voucher((6571, "31.50", 0), (1686, 0, "31.50"), Comments="fortstripe:fees:2026-03-14:SEK")
    assert (posted["VoucherSeries"], posted["VoucherNumber"], posted["Year"], posted["ReferenceType"]) == (
        "S",
        1,
        YEAR_2026,
        "MANUAL",
    )
    assert [(line["Account"], str(line["Debit"]), str(line["Credit"])) for line in posted["VoucherRows"]] == [
        (6571, "31.5", "0"),
        (1686, "0", "31.5"),
    ]
    assert api.get("vouchers/S/1", financialyear=YEAR_2026)["Voucher"] == posted


def test_numbers_tell_whether_a_lost_answer_took_effect(api: Api) -> None:
    def next_number() -> object:
        return api.get("voucherseries/S", financialyear=YEAR_2026)["VoucherSeries"]["NextVoucherNumber"]

    assert next_number() == 1
    api.voucher()
    assert next_number() == 2
    assert api.refused("POST", "vouchers", voucher((6570, 1, 0), (1686, 0, 2)), financialyear=2) == refusals.UNBALANCED
    assert next_number() == 2


@pytest.mark.parametrize(
    ("rows", "fields", "code"),
    [
        ([(6570, 1, 0), (1686, 0, 2)], {}, refusals.UNBALANCED),
        ([(6570, 1, 0), (1999, 0, 1)], {}, refusals.NO_SUCH_ACCOUNT),
        ([(6570, -1, 0), (1686, 0, -1)], {}, refusals.INVALID_VALUE),
        ([(6570, 1, 1), (1686, 1, 1)], {}, refusals.INVALID_VALUE),
        ([(6570, 0, 0), (1686, 0, 0)], {}, refusals.INVALID_VALUE),
        ([(6570, "1.005", 0), (1686, 0, "1.005")], {}, refusals.INVALID_VALUE),
        ([(6570, 1, 0)], {}, refusals.INVALID_VALUE),
        ([], {"VoucherSeries": "B"}, refusals.SERIES_NOT_MANUAL),
        ([], {"VoucherSeries": "Q"}, refusals.INVALID_SERIES),
        ([], {"TransactionDate": "2025-12-31"}, refusals.OUTSIDE_FINANCIAL_YEAR),
        ([], {"Description": "x" * 201}, refusals.TOO_LONG),
        ([], {"Description": None}, refusals.REQUIRED_FIELD),
        ([], {"Description": "Stripe • avgift"}, refusals.ILLEGAL_CHARACTERS),
        ([], {"Project": "7"}, refusals.INVALID_VALUE),
    ],
)
def test_a_bad_voucher_is_refused(
    api: Api, rows: list[tuple[int, object, object]], fields: dict[str, object], code: int
) -> None:
    assert api.refused("POST", "vouchers", voucher(*rows, **fields), financialyear=YEAR_2026) == code
    assert api.books.vouchers() == []


def test_vouchers_cannot_be_changed_or_removed(api: Api) -> None:
    api.voucher()
    assert api.send("PUT", "vouchers/S/1", voucher(), financialyear=YEAR_2026).status_code == 405
    assert api.send("DELETE", "vouchers/S/1", financialyear=YEAR_2026).status_code == 405
    assert ledger(api) == {1686: -100, 6570: 100}


def test_the_year_is_the_preselected_one_unless_named(fortnox: Callable[..., Api]) -> None:
    api = fortnox(Company(preselected_year=1))
    assert api.refused("POST", "vouchers", voucher()) == refusals.OUTSIDE_FINANCIAL_YEAR
    by_date = api.post("vouchers", voucher(), financialyeardate="2026-07-01")
    assert by_date["Year"] == YEAR_2026
    assert api.get("vouchers")["Vouchers"] == []
    assert len(api.get("vouchers", financialyear=2)["Vouchers"]) == 1
    assert api.refused("POST", "vouchers", voucher(), financialyear=9) == refusals.NO_FINANCIAL_YEAR
    assert api.refused("POST", "vouchers", voucher(), financialyeardate="2031-01-01") == refusals.NO_FINANCIAL_YEAR


def test_lists_have_no_rows_and_can_be_narrowed(api: Api) -> None:
    for day in ("2026-03-01", "2026-03-02", "2026-03-03"):
        api.voucher(TransactionDate=day, Comments=f"fortstripe:{day}")
    api.voucher(TransactionDate="2026-03-02", VoucherSeries="A")
    found = api.get("vouchers", financialyear=2, voucherseries="S", fromdate="2026-03-02", todate="2026-03-02")[
        "Vouchers"
    ]
    assert [(item["Comments"], item["VoucherNumber"]) for item in found] == [("fortstripe:2026-03-02", 2)]
    assert "VoucherRows" not in found[0]
    assert len(api.get("vouchers/sublist/A", financialyear=2)["Vouchers"]) == 1
    assert api.refused("GET", "vouchers/S/9", status=404, financialyear=2) == refusals.NOT_FOUND


def test_a_locked_period_takes_no_voucher(api: Api) -> None:
    api.books.lock(date(2026, 3, 31))
    assert api.refused("POST", "vouchers", voucher(), financialyear=YEAR_2026) == refusals.PERIOD_LOCKED


def test_an_account_belongs_to_a_year(api: Api) -> None:
    api.put("accounts/6570", {"Account": {"Active": False}}, financialyear=YEAR_2026)
    assert api.refused("POST", "vouchers", voucher(), financialyear=YEAR_2026) == refusals.ACCOUNT_INACTIVE
    api.post("vouchers", voucher(TransactionDate="2027-01-02"), financialyear=3)
    assert api.get("accounts/6570", financialyear=3)["Account"]["Active"] is True


def test_a_mandatory_dimension_is_asked_for(api: Api) -> None:
    api.put("accounts/6570", {"Account": {"CostCenterSettings": "MANDATORY"}}, financialyear=YEAR_2026)
    assert api.refused("POST", "vouchers", voucher(), financialyear=YEAR_2026) == refusals.DIMENSION_RULE
    api.post("costcenters", {"CostCenter": {"Code": "WEBB", "Description": "Webb"}})
    assert api.voucher(CostCenter="WEBB")["CostCenter"] == "WEBB"


def test_accounts_tell_vat_code_and_balances(api: Api) -> None:
    api.voucher((1686, 500, 0), (2999, 0, 500))
    account = api.get("accounts/1686", financialyear=YEAR_2026)["Account"]
    assert (account["BalanceBroughtForward"], account["BalanceCarriedForward"], account["VATCode"]) == (0, 500, None)
    assert api.get("accounts/1686", financialyear=3)["Account"]["BalanceBroughtForward"] == 500
    codes = {a["Number"]: a["VATCode"] for a in api.get("accounts", financialyear=2, limit=500)["Accounts"]}
    assert (codes[3001], codes[2611], codes[3308], codes[2645], codes[3099]) == ("MP1", "U1", "FTEU", "I", None)
    assert api.refused("GET", "accounts/1999", status=404) == refusals.ACCOUNT_NOT_FOUND


def test_accounts_and_series_can_be_made(api: Api) -> None:
    api.post("accounts", {"Account": {"Number": 3316, "Description": "OSS Italien"}}, financialyear=YEAR_2026)
    assert api.refused("GET", "accounts/3316", status=404, financialyear=3) == refusals.ACCOUNT_NOT_FOUND
    api.post("voucherseries", {"VoucherSeries": {"Code": "T", "Description": "Test", "Manual": True}}, financialyear=2)
    assert api.voucher((1686, 1, 0), (3316, 0, 1), VoucherSeries="T")["VoucherNumber"] == 1
    api.put("voucherseries/T", {"VoucherSeries": {"Manual": False}}, financialyear=YEAR_2026)
    body = voucher(VoucherSeries="T")
    assert api.refused("POST", "vouchers", body, financialyear=YEAR_2026) == refusals.SERIES_NOT_MANUAL


def test_a_moved_account_cannot_be_removed(api: Api) -> None:
    api.voucher()
    assert api.refused("DELETE", "accounts/6570", financialyear=YEAR_2026) == refusals.IN_USE
    assert api.send("DELETE", "accounts/6540", financialyear=YEAR_2026).status_code == 204


def test_financial_years_are_found_by_date(api: Api) -> None:
    (year,) = api.get("financialyears", date="2026-05-01")["FinancialYears"]
    assert (year["Id"], year["FromDate"], year["ToDate"], year["AccountingMethod"]) == (
        2,
        "2026-01-01",
        "2026-12-31",
        "ACCRUAL",
    )
    assert api.get("financialyears", Date="2031-01-01")["FinancialYears"] == []
    body = {"FinancialYear": {"FromDate": "2028-01-01", "ToDate": "2028-12-31"}}
    assert api.post("financialyears", body)["Id"] == 4
    assert api.refused("POST", "financialyears", body) == refusals.INVALID_VALUE
    assert api.get("accounts/1686", financialyear=4)["Account"]["Number"] == 1686


def test_a_broken_year_works_like_any_other(fortnox: Callable[..., Api]) -> None:
    (first, *_) = Company().years
    broken = replace(first, from_date=date(2025, 9, 1), to_date=date(2026, 8, 31))
    api = fortnox(Company(years=(broken,)))
    assert api.post("vouchers", voucher())["Year"] == 1


def test_files_are_attached_to_vouchers(api: Api) -> None:
    api.voucher()
    form = {"file": ("specifikation.csv", b"a;b\n", "text/csv")}
    answer = api.session.post(f"{api.url}/3/inbox", params={"path": "inbox_v"}, files=form, timeout=5)
    assert answer.status_code == 201, answer.text
    file_id = answer.json()["File"]["Id"]
    assert api.send("GET", f"inbox/{file_id}").content == b"a;b\n"
    body = {"VoucherFileConnection": {"FileId": file_id, "VoucherNumber": "1", "VoucherSeries": "S"}}
    connection = api.post("voucherfileconnections", body, financialyeardate="2026-01-01")
    assert (connection["VoucherYear"], connection["VoucherDescription"]) == (YEAR_2026, "Stripe avgifter")
    assert api.refused("DELETE", f"inbox/{file_id}") == refusals.IN_USE
    assert len(api.get("voucherfileconnections")["VoucherFileConnections"]) == 1
    assert api.refused("POST", "voucherfileconnections", body, financialyear=3) == refusals.INVALID_VALUE
