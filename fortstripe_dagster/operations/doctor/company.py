"""Read what the checks need of Fortnox: about twenty GETs. A part that Fortnox refuses becomes a Refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from fortstripe_dagster.delivery.planning.preflight import read_company
from fortstripe_dagster.delivery.sending.connection import connect
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.fortnox import Fortnox, FortnoxError, Refused, Unauthorized, path
from fortstripe_dagster.fortnox.values import as_bool, as_decimal
from fortstripe_dagster.operations.doctor.calendar import BEFORE_YEAR_END
from fortstripe_dagster.operations.doctor.facts import FortnoxFacts, OpenInvoice, Refusal
from fortstripe_dagster.operations.doctor.permissions import Scope, scopes_of
from fortstripe_dagster.proof.going_live import Proposal, from_fortnox, learn
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

T = TypeVar("T")

LATEST_INVOICES = 5
"""How many invoices are looked at for what Fortnox rounded them by."""
RECENT = timedelta(days=60)
OUR_REFERENCES = ("in_", "ch_", "py_")
"""How the Stripe ids begin that an invoice of ours has as its reference."""


def read_fortnox(settings: Settings, today: date) -> FortnoxFacts | Refusal:
    """The company as Fortnox shows it now. A Refusal if the login fails or nothing answers."""
    try:
        fortnox = connect(settings)
        fortnox.get("/3/companyinformation")
    except Unauthorized as error:
        return Refusal(
            f"Fortnox does not take the login: {error.message}", f"{error.advice} Or run `fortstripe connect`."
        )
    except Refused:
        pass  # one scope is lacking; the others are looked at
    except FortnoxError as error:
        return Refusal(f"Fortnox cannot be reached: {error.message}.", "check the network, then run this again.")
    except Failure as failure:
        return Refusal(failure.what, failure.remedy)
    return FortnoxFacts(
        scopes={scope.name: _answers(fortnox, scope) for scope in scopes_of(settings)},
        company=_or_refusal(lambda: read_company(fortnox, days_to_look_at(settings.start_date, today), settings)),
        predefined=_or_refusal(lambda: _predefined(fortnox)),
        currencies=_or_refusal(lambda: frozenset(str(x["Code"]) for x in fortnox.pages("/3/currencies", "Currencies"))),
        overdue=_or_refusal(lambda: _overdue(fortnox)),
        roundings=_or_refusal(lambda: tuple(_roundings(fortnox, today))),
        stock_module=_stock_module(fortnox),
        books=_books(fortnox, settings),
    )


def _books(fortnox: Fortnox, settings: Settings) -> Proposal | Refusal:
    """What the books say of Stripe, but for our own vouchers."""
    try:
        ledgers = from_fortnox(fortnox, lambda line: None)
        warehouse = Warehouse(settings.warehouse_path)
        return learn(ledgers, warehouse, settings.start_date, leave_out=settings.voucher_series)
    except Failure as failure:
        return Refusal(failure.what, failure.remedy)


def days_to_look_at(start: date, today: date) -> list[date]:
    """A day in each financial year that matters: the first of each month from the start on, today, and soon."""
    months = [
        date(year, month, 1)
        for year in range(start.year, today.year + 1)
        for month in range(1, 13)
        if start <= date(year, month, 1) <= today
    ]
    return sorted({start, *months, today, today + BEFORE_YEAR_END})


def _stock_module(fortnox: Fortnox) -> bool | None:
    """Whether the stock module is active; None where Fortnox does not tell, as without its licence."""
    try:
        return as_bool(fortnox.get("/api/warehouse/tenants-v4").get("activated"))
    except FortnoxError:
        return None


def _answers(fortnox: Fortnox, scope: Scope) -> Refusal | None:
    try:
        fortnox.get(scope.path, {"limit": 1} if scope.one else None)
    except FortnoxError as error:
        return _refusal(error)
    return None


def _or_refusal(read: Callable[[], T]) -> T | Refusal:
    try:
        return read()
    except FortnoxError as error:
        return _refusal(error)


def _refusal(error: FortnoxError) -> Refusal:
    known = error.remedy if isinstance(error, Refused) else None
    code = f" [{error.code}]" if isinstance(error, Refused) and error.code else ""
    return Refusal(
        f"Fortnox answered{code}: {error.message}" + (f" {known.cause_en}" if known else ""),
        known.remedy_en if known else error.advice or "look at the message; then run this again.",
    )


def _predefined(fortnox: Fortnox) -> dict[str, str]:
    return {
        str(item["Name"]): str(item.get("Account") or "")
        for item in fortnox.pages("/3/predefinedaccounts", "PreDefinedAccounts")
    }


def _overdue(fortnox: Fortnox) -> tuple[OpenInvoice, ...]:
    """Invoices of ours beyond their due day, of the first page: whether there are any is what matters."""
    answer = fortnox.get("/3/invoices", {"filter": "unpaidoverdue", "limit": 100})
    found = []
    for item in answer.get("Invoices", []):
        reference = str(item.get("ExternalInvoiceReference1") or "")
        if reference.startswith(OUR_REFERENCES):
            found.append(OpenInvoice(str(item["DocumentNumber"]), reference))
    return tuple(found)


def _roundings(fortnox: Fortnox, today: date) -> Iterator[Decimal]:
    """RoundOff of recent invoices, which lists do not show."""
    since: dict[str, str | int] = {
        "fromdate": (today - RECENT).isoformat(),
        "todate": today.isoformat(),
        "limit": LATEST_INVOICES,
    }
    for item in fortnox.get("/3/invoices", since).get("Invoices", []):
        invoice = fortnox.get(path("invoices", str(item["DocumentNumber"])))["Invoice"]
        yield as_decimal(invoice.get("RoundOff")) or Decimal(0)
