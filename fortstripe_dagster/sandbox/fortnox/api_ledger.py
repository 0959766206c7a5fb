"""Endpoints of the ledger side: vouchers, series, accounts, financial years, locked period, SIE, files on vouchers."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.chart import Account
from fortstripe_dagster.sandbox.fortnox.company import FinancialYear, Series
from fortstripe_dagster.sandbox.fortnox.endpoint import YEAR_PARAMETERS, Exchange, route
from fortstripe_dagster.sandbox.fortnox.files import Connection
from fortstripe_dagster.sandbox.fortnox.gateway import Faults
from fortstripe_dagster.sandbox.fortnox.ledger import Voucher
from fortstripe_dagster.sandbox.fortnox.lists import Listing
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal, not_found
from fortstripe_dagster.sandbox.fortnox.schema import BLANK, Fields, parse_date
from fortstripe_dagster.sandbox.fortnox.sie_export import sie_file
from fortstripe_dagster.sandbox.fortnox.wire import json_response, multipart_file

# Vouchers

_VOUCHERS: Listing[Voucher] = Listing(
    modified=lambda v: v.posted_at,
    created=lambda v: v.posted_at,
    search={"costcenter": lambda v: v.cost_center, "project": lambda v: v.project},
    sort={
        "referencenumber": lambda v: v.reference_number,
        "referencetype": lambda v: v.reference_type,
        "vouchernumber": lambda v: v.number,
        "voucherseries": lambda v: v.series,
    },
    day=lambda v: v.day,
    also=YEAR_PARAMETERS | {"voucherseries"},
)


def _voucher_list(x: Exchange, vouchers: Sequence[Voucher]) -> Response:
    return x.listed("Vouchers", _VOUCHERS, vouchers, x.ledger.voucher_item)


def _list_vouchers(x: Exchange) -> Response:
    return _voucher_list(x, x.books.vouchers(x.year().id, x.query.get("voucherseries") or None))


def _list_series_vouchers(x: Exchange) -> Response:
    return _voucher_list(x, x.books.vouchers(x.year().id, x.path["series"]))


def _voucher(x: Exchange) -> Response:
    x.expect_parameters(YEAR_PARAMETERS)
    voucher = x.books.ledger.voucher(x.year().id, x.path["series"], x.number("number", refusals.NOT_FOUND))
    if voucher is None:
        raise not_found()
    return json_response({"Voucher": x.ledger.voucher(voucher)})


def _create_voucher(x: Exchange) -> Response:
    x.expect_parameters(YEAR_PARAMETERS)
    voucher = x.books.create_voucher(x.sent("Voucher", creating=True), x.year())
    return json_response({"Voucher": x.ledger.voucher(voucher)}, 201)


# Series

_SERIES: Listing[Series] = Listing(also=YEAR_PARAMETERS, sort={"code": lambda s: s.code})


def _list_series(x: Exchange) -> Response:
    year = x.year().id
    series = sorted(x.books.ledger.series[year].values(), key=lambda s: s.code)
    return x.listed("VoucherSeriesCollection", _SERIES, series, lambda s: x.ledger.series_item(s, year))


def _series_answer(x: Exchange, code: str, status: int = 200) -> Response:
    year = x.year().id
    series = x.books.ledger.series[year].get(code)
    if series is None:
        raise not_found()
    return json_response({"VoucherSeries": x.ledger.series(series, year)}, status)


def _one_series(x: Exchange) -> Response:
    x.expect_parameters(YEAR_PARAMETERS)
    return _series_answer(x, x.path["code"])


def _save_series(x: Exchange, fields: Fields, code: str) -> None:
    all_series = x.books.ledger.series[x.year().id]
    before = all_series.get(code, Series(code, ""))
    all_series[code] = replace(
        before,
        description=_or(fields.get("Description"), before.description, ""),
        manual=_or(fields.get("Manual"), before.manual, False),
    )


def _create_series(x: Exchange) -> Response:
    fields = x.sent("VoucherSeries", creating=True)
    if fields["Code"] in x.books.ledger.series[x.year().id]:
        raise Refusal(refusals.NUMBER_USED, fields["Code"])
    _save_series(x, fields, fields["Code"])
    return _series_answer(x, fields["Code"], 201)


def _update_series(x: Exchange) -> Response:
    code = x.path["code"]
    _series_answer(x, code)
    _save_series(x, x.sent("VoucherSeries", creating=False), code)
    return _series_answer(x, code)


# Accounts

_ACCOUNTS: Listing[Account] = Listing(
    search={"sru": lambda a: a.sru}, sort={"number": lambda a: a.number}, also=YEAR_PARAMETERS
)
_ACCOUNT_FIELDS = {
    "Description": "description",
    "Active": "active",
    "VATCode": "vat_code",
    "BalanceBroughtForward": "opening",
    "CostCenter": "cost_center",
    "CostCenterSettings": "cost_center_settings",
    "Project": "project",
    "ProjectSettings": "project_settings",
    "SRU": "sru",
    "TransactionInformation": "transaction_information",
    "TransactionInformationSettings": "transaction_information_settings",
}


def _list_accounts(x: Exchange) -> Response:
    if "lastmodified" in x.query:
        raise Refusal(refusals.NOT_MODELLED, "lastmodified på konton")
    year = x.year().id
    accounts = sorted(x.books.ledger.accounts[year].values(), key=lambda a: a.number)
    return x.listed("Accounts", _ACCOUNTS, accounts, lambda a: x.ledger.account_item(a, year))


def _known_account(x: Exchange) -> Account:
    account = x.books.ledger.accounts[x.year().id].get(x.number("number", refusals.ACCOUNT_NOT_FOUND))
    if account is None:
        raise not_found(refusals.ACCOUNT_NOT_FOUND)
    return account


def _account_answer(x: Exchange, account: Account, status: int = 200) -> Response:
    return json_response({"Account": x.ledger.account(account, x.year().id)}, status)


def _account(x: Exchange) -> Response:
    x.expect_parameters(YEAR_PARAMETERS)
    return _account_answer(x, _known_account(x))


def _with_changes(account: Account, fields: Fields) -> Account:
    fresh = Account(account.number, account.description)
    changes: dict[str, Any] = {
        attribute: getattr(fresh, attribute) if fields[name] is BLANK else fields[name]
        for name, attribute in _ACCOUNT_FIELDS.items()
        if name in fields
    }
    return replace(account, **changes)


def _create_account(x: Exchange) -> Response:
    fields = x.sent("Account", creating=True)
    accounts = x.books.ledger.accounts[x.year().id]
    if fields["Number"] in accounts:
        raise Refusal(refusals.NUMBER_USED, fields["Number"])
    account = _with_changes(Account(fields["Number"], fields["Description"]), fields)
    accounts[account.number] = account
    return _account_answer(x, account, 201)


def _update_account(x: Exchange) -> Response:
    account = _with_changes(_known_account(x), x.sent("Account", creating=False))
    x.books.ledger.accounts[x.year().id][account.number] = account
    return _account_answer(x, account)


def _delete_account(x: Exchange) -> Response:
    account = _known_account(x)
    if any(line.account == account.number for line in x.books.trial_balance(x.year().id)):
        raise Refusal(refusals.IN_USE, account.number)
    del x.books.ledger.accounts[x.year().id][account.number]
    return Response(status_code=204)


# Years, lock, SIE

_YEARS: Listing[FinancialYear] = Listing(also=frozenset({"date", "Date"}))


def _list_years(x: Exchange) -> Response:
    years = sorted(x.books.ledger.years.values(), key=lambda year: year.from_date)
    day = x.query.get("date", x.query.get("Date"))
    if day is not None:
        wanted = parse_date(day)
        years = [year for year in years if year.holds(wanted)]
    return x.listed("FinancialYears", _YEARS, years, x.ledger.year)


def _year(x: Exchange) -> Response:
    year = x.books.ledger.years.get(x.number("id", refusals.NOT_FOUND))
    if year is None:
        raise not_found()
    return json_response({"FinancialYear": x.ledger.year(year)})


def _create_year(x: Exchange) -> Response:
    fields = x.sent("FinancialYear", creating=True)
    ledger = x.books.ledger
    overlaps = any(y.from_date <= fields["ToDate"] and fields["FromDate"] <= y.to_date for y in ledger.years.values())
    if fields["FromDate"] > fields["ToDate"] or overlaps:
        raise Refusal(refusals.INVALID_VALUE, f"{fields['FromDate']} till {fields['ToDate']}")
    method = fields.get("AccountingMethod", "ACCRUAL")
    year = FinancialYear(max(ledger.years) + 1, fields["FromDate"], fields["ToDate"], method)
    ledger.add_year(year)
    return json_response({"FinancialYear": x.ledger.year(year)}, 201)


def _locked_period(x: Exchange) -> Response:
    x.expect_parameters()
    return json_response({"LockedPeriod": {"EndDate": x.books.ledger.locked_until}})


def _sie(x: Exchange) -> Response:
    x.expect_parameters(YEAR_PARAMETERS | {"financialYear", "fromdate", "todate", "exportall", "selection"})
    if x.path["type"] not in ("1", "2", "3", "4"):
        raise not_found()
    if unsupported := {"exportall", "selection"} & x.query.keys():
        raise Refusal(refusals.NOT_MODELLED, ", ".join(sorted(unsupported)))
    query = dict(x.query)
    if "financialYear" in query:
        query["financialyear"] = query.pop("financialYear")
    year = replace(x, query=query).year()
    first = parse_date(query["fromdate"]) if "fromdate" in query else year.from_date
    last = parse_date(query["todate"]) if "todate" in query else year.to_date
    return Response(sie_file(x.books, year, int(x.path["type"]), first, last), media_type="application/octet-stream")


# Files

_CONNECTIONS: Listing[Connection] = Listing(
    search={"vouchernumber": lambda c: c.number, "voucherseries": lambda c: c.series}, also=YEAR_PARAMETERS
)


def _inbox(x: Exchange) -> Response:
    files = [x.ledger.file(file) for file in x.books.files.all.values()]
    return json_response({"Folder": {"Id": "root", "Name": "root", "Email": None, "Files": files, "Folders": []}})


def _upload(x: Exchange) -> Response:
    x.expect_parameters(frozenset({"path", "folderid"}))
    name, content = multipart_file(x.headers.get("content-type", ""), x.body)
    file = x.books.files.store(name, x.query.get("path", "inbox_v"), content)
    return json_response({"File": x.ledger.file(file)}, 201)


def _download(x: Exchange) -> Response:
    return Response(x.books.files.get(x.path["id"]).content, media_type="application/octet-stream")


def _delete_file(x: Exchange) -> Response:
    x.books.files.delete(x.path["id"])
    return Response(status_code=204)


def _list_connections(x: Exchange) -> Response:
    return x.listed(
        "VoucherFileConnections", _CONNECTIONS, list(x.books.files.connections.values()), x.ledger.connection
    )


def _connection(x: Exchange) -> Response:
    connection = x.books.files.connections.get(x.path["id"])
    if connection is None:
        raise not_found()
    return json_response({"VoucherFileConnection": x.ledger.connection(connection)})


def _connect(x: Exchange) -> Response:
    """Without a year in the query the file lands on the voucher of the preselected year, right or wrong."""
    x.expect_parameters(YEAR_PARAMETERS)
    fields = x.sent("VoucherFileConnection", creating=True)
    number, year = fields["VoucherNumber"], x.year().id
    if not number.isdigit() or x.books.ledger.voucher(year, fields["VoucherSeries"], int(number)) is None:
        raise Refusal(refusals.INVALID_VALUE, f"VoucherNumber: {fields['VoucherSeries']} {number}")
    connection = x.books.files.connect(fields["FileId"], year, fields["VoucherSeries"], int(number))
    return json_response({"VoucherFileConnection": x.ledger.connection(connection)}, 201)


def _disconnect(x: Exchange) -> Response:
    x.books.files.disconnect(x.path["id"])
    return Response(status_code=204)


def _or(value: Any, before: Any, blank: Any) -> Any:
    if value is None:
        return before
    return blank if value is BLANK else value


def ledger_routes(books: Books, faults: Faults) -> list[Route]:
    """The routes of this module."""

    def at(path: str, **handlers: Callable[[Exchange], Response]) -> Route:
        return route(books, faults, path, **handlers)

    return [
        at("vouchers", get=_list_vouchers, post=_create_voucher),
        at("vouchers/sublist", get=_list_vouchers),
        at("vouchers/sublist/{series}", get=_list_series_vouchers),
        at("vouchers/{series}/{number}", get=_voucher),
        at("voucherseries", get=_list_series, post=_create_series),
        at("voucherseries/{code}", get=_one_series, put=_update_series),
        at("accounts", get=_list_accounts, post=_create_account),
        at("accounts/{number}", get=_account, put=_update_account, delete=_delete_account),
        at("financialyears", get=_list_years, post=_create_year),
        at("financialyears/{id}", get=_year),
        at("settings/lockedperiod", get=_locked_period),
        at("sie/{type}", get=_sie),
        at("inbox", get=_inbox, post=_upload),
        at("inbox/{id}", get=_download, delete=_delete_file),
        at("voucherfileconnections", get=_list_connections, post=_connect),
        at("voucherfileconnections/{id}", get=_connection, delete=_disconnect),
    ]
