"""Endpoints of the company and its plain registers.

Those are settings, currencies, modes and terms of payment, dimensions, predefined accounts and series.
"""

import re
from collections.abc import Callable

from starlette.responses import Response
from starlette.routing import Route

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.endpoint import YEAR_PARAMETERS, Exchange, route
from fortstripe_dagster.sandbox.fortnox.gateway import Faults
from fortstripe_dagster.sandbox.fortnox.lists import Listing
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal, not_found
from fortstripe_dagster.sandbox.fortnox.registers import Record, Register
from fortstripe_dagster.sandbox.fortnox.schema import Fields
from fortstripe_dagster.sandbox.fortnox.wire import document_url, json_response

Save = Callable[[Exchange, Fields, str | None], Record]


def _register_routes(
    books: Books,
    faults: Faults,
    path: str,
    wrapper: str,
    entity: str,
    register: Register,
    save: Save | None = None,
    **defaults: object,
) -> list[Route]:
    """List, read, create, change and delete for a register; `save` adds checks of its own."""
    listing: Listing[Record] = Listing(modified=lambda r: r.modified, created=lambda r: r.created)

    def plain_save(x: Exchange, fields: Fields, key: str | None) -> Record:
        return register.create(fields) if key is None else register.update(key, fields)

    store = save or plain_save

    def shown(x: Exchange, record: Record) -> Fields:
        return x.documents.record(path, record, **defaults)

    def listed(x: Exchange) -> Response:
        return x.listed(wrapper, listing, list(register.records.values()), lambda record: shown(x, record))

    def one(x: Exchange) -> Response:
        return json_response({entity: shown(x, register.get(x.path["key"]))})

    def create(x: Exchange) -> Response:
        return json_response({entity: shown(x, store(x, x.sent(entity, creating=True), None))}, 201)

    def update(x: Exchange) -> Response:
        register.get(x.path["key"])
        return json_response({entity: shown(x, store(x, x.sent(entity, creating=False), x.path["key"]))})

    def delete(x: Exchange) -> Response:
        register.delete(x.path["key"])
        return Response(status_code=204)

    return [
        route(books, faults, path, get=listed, post=create),
        route(books, faults, f"{path}/{{key:path}}", get=one, put=update, delete=delete),
    ]


def _company_information(x: Exchange) -> Response:
    company = x.books.company
    information = {
        "Address": company.address,
        "City": company.city,
        "CompanyName": company.name,
        "CountryCode": "SE",
        "DatabaseNumber": company.tenant_id,
        "OrganizationNumber": company.organisation_number,
        "VisitAddress": "",
        "VisitCity": "",
        "VisitCountryCode": "",
        "VisitZipCode": "",
        "ZipCode": company.zip_code,
    }
    return json_response({"CompanyInformation": information})


def _company_settings(x: Exchange) -> Response:
    company = x.books.company
    empty = (
        "BG BIC BranchCode ContactFirstName ContactLastName Domicile Fax IBAN PG Phone1 Phone2 VisitAddress VisitCity "
        "VisitCountry VisitCountryCode VisitName VisitZipCode WWW"
    ).split()
    settings = dict.fromkeys(empty, "") | {
        "@url": document_url(x.base, "settings", "company"),
        "Address": company.address,
        "City": company.city,
        "Country": "Sverige",
        "CountryCode": "SE",
        "DatabaseNumber": str(company.tenant_id),
        "Email": company.email,
        "Name": company.name,
        "OrganizationNumber": company.organisation_number,
        "TaxEnabled": True,
        "VATNumber": company.vat_number,
        "ZipCode": company.zip_code,
    }
    return json_response({"CompanySettings": settings})


def _me(x: Exchange) -> Response:
    me = {"Id": "1", "Name": "Servicekonto", "Email": x.books.company.email, "SysAdmin": False, "Locale": "sv_SE"}
    return json_response({"MeInformation": me})


# Predefined accounts and series: names that are given, values that may be moved

_PREDEFINED: Listing[tuple[str, object]] = Listing(also=YEAR_PARAMETERS)


def _predefined_account(x: Exchange, name: str) -> Fields:
    if name not in x.books.predefined_accounts:
        raise not_found(refusals.PREDEFINED_ACCOUNT_NOT_FOUND)
    url = document_url(x.base, "predefinedaccounts", name)
    return {"@url": url, "Name": name, "Account": x.books.predefined_accounts[name]}


def _list_predefined_accounts(x: Exchange) -> Response:
    items = list(x.books.predefined_accounts.items())
    return x.listed("PreDefinedAccounts", _PREDEFINED, items, lambda item: _predefined_account(x, item[0]))


def _one_predefined_account(x: Exchange) -> Response:
    return json_response({"PreDefinedAccount": _predefined_account(x, x.path["name"])})


def _update_predefined_account(x: Exchange) -> Response:
    account = x.sent("PreDefinedAccount", creating=True)["Account"]
    if not re.fullmatch(r"\d{4}", str(account)):
        raise Refusal(refusals.ACCOUNT_FORMAT, account)
    x.books.set_predefined_account(x.path["name"], account)
    return _one_predefined_account(x)


def _predefined_series(x: Exchange, name: str) -> Fields:
    if name not in x.books.predefined_series:
        raise not_found()
    url = document_url(x.base, "predefinedvoucherseries", name)
    return {"@url": url, "Name": name, "VoucherSeries": x.books.predefined_series[name]}


def _list_predefined_series(x: Exchange) -> Response:
    items = list(x.books.predefined_series.items())
    wrapper = "PreDefinedVoucherSeriesCollection"
    return x.listed(wrapper, _PREDEFINED, items, lambda item: _predefined_series(x, item[0]))


def _one_predefined_series(x: Exchange) -> Response:
    return json_response({"PreDefinedVoucherSeries": _predefined_series(x, x.path["name"])})


def _update_predefined_series(x: Exchange) -> Response:
    _predefined_series(x, x.path["name"])
    x.books.set_predefined_series(x.path["name"], x.sent("PreDefinedVoucherSeries", creating=True)["VoucherSeries"])
    return _one_predefined_series(x)


def _save_mode(x: Exchange, fields: Fields, key: str | None) -> Record:
    return x.books.save_mode_of_payment(fields, key)


def register_routes(books: Books, faults: Faults) -> list[Route]:
    """The routes of this module."""
    return [
        route(books, faults, "companyinformation", get=_company_information),
        route(books, faults, "settings/company", get=_company_settings),
        route(books, faults, "me", get=_me),
        route(books, faults, "predefinedaccounts", get=_list_predefined_accounts),
        route(books, faults, "predefinedaccounts/{name}", get=_one_predefined_account, put=_update_predefined_account),
        route(books, faults, "predefinedvoucherseries", get=_list_predefined_series),
        route(
            books, faults, "predefinedvoucherseries/{name}", get=_one_predefined_series, put=_update_predefined_series
        ),
        *_register_routes(
            books, faults, "currencies", "Currencies", "Currency", books.currencies, Date=None, IsAutomatic=False
        ),
        *_register_routes(
            books, faults, "modesofpayments", "ModesOfPayments", "ModeOfPayment", books.modes_of_payment, _save_mode
        ),
        *_register_routes(
            books, faults, "termsofpayments", "TermsOfPayments", "TermsOfPayment", books.terms_of_payment
        ),
        *_register_routes(
            books, faults, "costcenters", "CostCenters", "CostCenter", books.cost_centers, Active=True, Note=""
        ),
        *_register_routes(
            books,
            faults,
            "projects",
            "Projects",
            "Project",
            books.projects,
            Status="ONGOING",
            StartDate=None,
            EndDate=None,
            ProjectLeader=None,
        ),
    ]
