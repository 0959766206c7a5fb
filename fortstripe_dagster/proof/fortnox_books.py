"""Fortnox's side of the proof: one SIE 4 export for each financial year, and the invoices behind the sub-ledger.

Reading is HTTP alone and storing is one DuckDB transaction, so no lock of the warehouse is held while Fortnox answers.
Nothing is written to Fortnox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any

import duckdb

from fortstripe_dagster.failures import Failure
from fortstripe_dagster.fortnox import Fortnox, FortnoxError, Unauthorized, path, sie
from fortstripe_dagster.fortnox.values import as_bool, as_decimal, as_int, as_reference
from fortstripe_dagster.proof.rows import insert_rows

FINANCIAL_YEARS, INVOICES = path("financialyears"), path("invoices")
ORE = Decimal("0.01")


@dataclass(frozen=True)
class FinancialYear:
    """A financial year of Fortnox with its general ledger. `id` is Fortnox's own number for it."""

    id: int
    first_day: date
    last_day: date
    ledger: sie.Sie


@dataclass(frozen=True)
class FortnoxInvoice:
    """An invoice as Fortnox lists it: amounts in its own currency, `reference` the Stripe id it was made from."""

    number: str
    reference: str | None
    customer: str
    day: date
    due_day: date | None
    currency: str
    sek_per_unit: Decimal
    total: Decimal
    balance: Decimal
    booked: bool
    cancelled: bool
    voucher_series: str | None
    voucher_number: int | None
    voucher_year: int | None


@dataclass(frozen=True)
class FortnoxBooks:
    """What Fortnox holds, read in one go."""

    read_at: datetime
    years: tuple[FinancialYear, ...]
    invoices: tuple[FortnoxInvoice, ...]


def read(
    fortnox: Fortnox,
    first: date,
    proven: date,
    today: date,
    invoice_days: tuple[date, date] | None,
    progress: Callable[[str], None] = lambda line: None,
) -> FortnoxBooks:
    """Read the general ledger of every financial year from `first` until today, and invoices.

    Open invoices are told as they are now, so the books are read until now, whichever day is `proven` last. Invoices
    are those with a balance, whatever their date, and those dated within `invoice_days`. Raises Failure when Fortnox
    cannot be read, when the proven day's year is missing, or when a file cannot be trusted.
    """
    try:
        queries = [{"filter": "unpaid"}, {"filter": "unpaidoverdue"}]
        if invoice_days:
            queries.append({"fromdate": invoice_days[0].isoformat(), "todate": invoice_days[1].isoformat()})
        found = [_invoice(item) for query in queries for item in fortnox.pages(INVOICES, "Invoices", query)]
        years = []
        for id_, start, end in _years(fortnox, first, proven, today):
            years.append(FinancialYear(id_, start, end, _general_ledger(fortnox, id_, start, end)))
            progress(f"proof: read Fortnox's books of {start}…{end}, {len(years[-1].ledger.vouchers)} vouchers")
    except Unauthorized as error:
        raise Failure("Fortnox refused the login.", f"{error}; nothing was proven.") from error
    except FortnoxError as error:
        raise Failure("Fortnox could not be read, so nothing was proven.", f"{error}") from error
    by_number = {invoice.number: invoice for invoice in found}
    return FortnoxBooks(datetime.now(UTC), tuple(years), tuple(by_number.values()))


def store(connection: duckdb.DuckDBPyConnection, books: FortnoxBooks) -> None:
    """Replace schema proof's picture of Fortnox by what was read."""
    connection.execute(files(__package__).joinpath("sql", "fortnox_books.sql").read_text(encoding="utf-8"))
    _fill(
        connection,
        "proof.fortnox_years",
        ("year_id", "first_day", "last_day", "company", "organisation_number", "read_at"),
        [
            (
                year.id,
                year.first_day,
                year.last_day,
                year.ledger.company,
                year.ledger.organisation_number,
                books.read_at,
            )
            for year in books.years
        ],
    )
    _fill(
        connection,
        "proof.fortnox_accounts",
        ("year_id", "account", "name", "opening"),
        [
            (year.id, str(number), name, _kronor(year.ledger.opening.get((0, number), Decimal(0))))
            for year in books.years
            for number, name in year.ledger.accounts.items()
        ],
    )
    _fill(
        connection,
        "proof.fortnox_vouchers",
        ("year_id", "series", "number", "day", "text", "rows_changed", "registered", "signed"),
        [
            (
                year.id,
                each.series,
                each.number,
                each.date,
                each.text,
                bool(each.added or each.removed),
                each.registered,
                each.signed,
            )
            for year in books.years
            for each in year.ledger.vouchers
        ],
    )
    _fill(
        connection,
        "proof.fortnox_lines",
        ("year_id", "series", "number", "line_no", "account", "amount", "text"),
        list(_lines(books.years)),
    )
    columns = [each.name for each in fields(FortnoxInvoice)]
    _fill(connection, "proof.fortnox_invoices", columns, [astuple(invoice) for invoice in books.invoices])


def _years(fortnox: Fortnox, first: date, proven: date, today: date) -> Iterator[tuple[int, date, date]]:
    """Fortnox's financial years from the first day to the proven one and to today, in order."""
    known = sorted(
        (date.fromisoformat(item["FromDate"]), date.fromisoformat(item["ToDate"]), int(item["Id"]))
        for item in fortnox.get(FINANCIAL_YEARS)["FinancialYears"]
    )
    wanted = [(id_, start, end) for start, end, id_ in known if start <= max(proven, today) and end >= first]
    if not any(start <= proven <= end for _, start, end in wanted):
        raise Failure(
            f"Fortnox has no financial year for {proven}, so nothing of it can be proven.",
            "create the year in Fortnox (Inställningar, Räkenskapsår) and prove again.",
        )
    yield from wanted


def _general_ledger(fortnox: Fortnox, year: int, start: date, end: date) -> sie.Sie:
    try:
        ledger = sie.parse(fortnox.sie(4, year))
    except sie.SieError as error:
        raise Failure(
            f"Fortnox's SIE file of {start}…{end} cannot be trusted: {error}.",
            "prove again; if it repeats, export the file in Fortnox by hand and send that line to its support.",
        ) from error
    own = ledger.years.get(0)
    if own is None or (own.start, own.end) != (start, end):
        raise Failure(
            f"Fortnox was asked for the books of {start}…{end} and sent those of "
            f"{f'{own.start}…{own.end}' if own else 'no named year'}.",
            "prove again; if it repeats, check the financial years in Fortnox.",
        )
    return ledger


def _lines(years: Iterable[FinancialYear]) -> Iterator[tuple[int, str, int | None, int, str, Decimal, str]]:
    for year in years:
        for voucher in year.ledger.vouchers:
            for line_no, row in enumerate(voucher.transactions, start=1):
                amount = _kronor(row.amount)
                yield year.id, voucher.series, voucher.number, line_no, str(row.account), amount, row.text


def _invoice(item: Mapping[str, Any]) -> FortnoxInvoice:
    number = str(item["DocumentNumber"])
    due = item.get("DueDate")
    return FortnoxInvoice(
        number=number,
        reference=item.get("ExternalInvoiceReference1") or None,
        customer=item.get("CustomerName") or "",
        day=date.fromisoformat(item["InvoiceDate"]),
        due_day=date.fromisoformat(due) if due else None,
        currency=item.get("Currency") or "SEK",
        sek_per_unit=(as_decimal(item.get("CurrencyRate")) or Decimal(1))
        / (as_decimal(item.get("CurrencyUnit")) or Decimal(1)),
        total=_shown(item, "Total", number),
        balance=_shown(item, "Balance", number),
        booked=as_bool(item.get("Booked")),
        cancelled=as_bool(item.get("Cancelled")),
        voucher_series=as_reference(item.get("VoucherSeries")),
        voucher_number=as_int(item.get("VoucherNumber")),
        voucher_year=as_int(item.get("VoucherYear")),
    )


def _shown(item: Mapping[str, Any], field: str, number: str) -> Decimal:
    """An amount of an invoice; one that is missing or hidden is not zero."""
    amount = as_decimal(item.get(field))
    if amount is None:
        raise Failure(
            f"Fortnox does not show {field} of invoice {number}.",
            "give the integration's user the right to see invoices, with a licence for Fakturering, and prove again.",
        )
    return amount


def _kronor(amount: Decimal) -> Decimal:
    """Kronor with two decimals. Raises Failure on a part of an öre: Fortnox keeps no more."""
    kronor = amount.quantize(Decimal("0.01"))
    if kronor != amount:
        raise Failure(f"Fortnox's books hold {amount}, a part of an öre.", "prove again; if it repeats, ask Fortnox.")
    return kronor


def _fill(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Replace a table's rows."""
    connection.execute(f"DELETE FROM {table}")
    insert_rows(connection, table, columns, rows)
