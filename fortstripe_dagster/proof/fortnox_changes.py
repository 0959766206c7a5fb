"""What has changed in Fortnox since the proof before: invoices and customers, by lists of what was modified alone.

Nothing is read one by one. A list tells neither who changed a document nor when, only that it is otherwise now; the
journal knows what was sent. Each state is kept until a newer one is read, so that a change is told until it is undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple, dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import duckdb

from fortstripe_dagster.business_day import STOCKHOLM
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.fortnox import Fortnox, FortnoxError, Refused, Unauthorized, path
from fortstripe_dagster.fortnox.values import as_bool, as_decimal
from fortstripe_dagster.proof.rows import insert_rows
from fortstripe_dagster.proof.vat_return import sql

INVOICES, CUSTOMERS = path("invoices"), path("customers")
OVERLAP = timedelta(hours=3)
"""Read again each time: Fortnox's clock need not be ours, and its lists may lag behind."""


@dataclass(frozen=True)
class InvoiceState:
    """An invoice as Fortnox lists it now; amounts in its own currency."""

    number: str
    reference: str | None
    customer_number: str | None
    day: date
    due_day: date | None
    currency: str
    total: Decimal | None
    cancelled: bool


@dataclass(frozen=True)
class CustomerState:
    """A customer as Fortnox lists it now; blank where it says nothing."""

    number: str
    name: str
    address1: str
    address2: str
    zip_code: str
    city: str
    email: str
    phone: str
    organisation_number: str


@dataclass(frozen=True)
class FortnoxChanges:
    """All that was modified since the reading before. `refused` names the lists that Fortnox would not give."""

    read_at: datetime
    invoices: tuple[InvoiceState, ...]
    customers: tuple[CustomerState, ...]
    refused: tuple[str, ...]


def since(connection: duckdb.DuckDBPyConnection, start: date) -> datetime:
    """From when changes are not known yet: the reading before, else the first day of the books."""
    connection.execute(sql("fortnox_changes"))
    row = connection.execute("SELECT max(read_at) FROM proof.fortnox_changes_read").fetchone()
    return row[0] if row and row[0] else datetime.combine(start, time(), STOCKHOLM)


def read(fortnox: Fortnox, since: datetime, progress: Callable[[str], None] = lambda line: None) -> FortnoxChanges:
    """List what was modified. A list that is refused is named, not missed; Failure when Fortnox cannot be read."""
    read_at, refused = datetime.now(UTC), []
    asked = {"lastmodified": (since.astimezone(STOCKHOLM) - OVERLAP).strftime("%Y-%m-%d %H:%M")}

    def listed(place: str, key: str) -> Iterator[dict[str, Any]]:
        try:
            yield from fortnox.pages(place, key, asked)
        except Refused as error:
            refused.append(f"{key}: {error}")

    try:
        invoices = tuple(_invoice(item) for item in listed(INVOICES, "Invoices"))
        customers = tuple(_customer(item) for item in listed(CUSTOMERS, "Customers"))
    except Unauthorized as error:
        raise Failure("Fortnox refused the login.", f"{error}; nothing was proven.") from error
    except FortnoxError as error:
        raise Failure("Fortnox could not be read, so nothing was proven.", f"{error}") from error
    progress(f"proof: {len(invoices)} invoices and {len(customers)} customers modified since {asked['lastmodified']}")
    return FortnoxChanges(read_at, invoices, customers, tuple(refused))


def store(connection: duckdb.DuckDBPyConnection, changes: FortnoxChanges) -> None:
    """Take the newer states over the older ones; the next reading starts here unless a list was refused."""
    connection.execute(sql("fortnox_changes"))
    for table, states in (("fortnox_invoice_states", changes.invoices), ("fortnox_customers", changes.customers)):
        rows = {state.number: (*astuple(state), changes.read_at) for state in states}
        connection.execute(f"DELETE FROM proof.{table} WHERE list_contains(?::VARCHAR[], number)", [list(rows)])
        columns = [each.name for state in states[:1] for each in fields(state)]
        insert_rows(connection, f"proof.{table}", [*columns, "seen_at"], list(rows.values()))
    if not changes.refused:
        connection.execute("DELETE FROM proof.fortnox_changes_read")
        connection.execute("INSERT INTO proof.fortnox_changes_read VALUES (?)", [changes.read_at])


def _invoice(item: Mapping[str, Any]) -> InvoiceState:
    due = item.get("DueDate")
    return InvoiceState(
        number=str(item["DocumentNumber"]),
        reference=item.get("ExternalInvoiceReference1") or None,
        customer_number=str(item.get("CustomerNumber") or "") or None,
        day=date.fromisoformat(item["InvoiceDate"]),
        due_day=date.fromisoformat(due) if due else None,
        currency=item.get("Currency") or "SEK",
        total=as_decimal(item.get("Total")),
        cancelled=as_bool(item.get("Cancelled")),
    )


def _customer(item: Mapping[str, Any]) -> CustomerState:
    shown = ("Name", "Address1", "Address2", "ZipCode", "City", "Email", "Phone", "OrganisationNumber")
    return CustomerState(str(item["CustomerNumber"]), *(str(item.get(name) or "") for name in shown))
