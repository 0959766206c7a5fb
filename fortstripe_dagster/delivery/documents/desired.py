"""What the ledger wants in Fortnox: entries, sales, credits and parties of a range of days, read in one short turn.

The only module of delivery that reads the warehouse. The warehouse is let go before anything is sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery.documents.documents import Entry, Line
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.warehouse import Warehouse, has_table

SLICE = 1000
"""Entries that are planned together; a single day is never divided."""


@dataclass(frozen=True)
class Row:
    """A row of a sale or of a credit: `gross` and `vat` in öre, `vat_rate` in per cent."""

    description: str
    quantity: int
    treatment: str
    box: str
    vat_rate: Decimal
    account: str
    gross: int
    vat: int
    cost_center: str | None = None
    project: str | None = None
    article: str | None = None


@dataclass(frozen=True)
class Party:
    """Who bought, as at the sale."""

    party_id: str
    customer: str | None
    name: str
    email: str | None
    phone: str | None
    line1: str | None
    line2: str | None
    postal_code: str | None
    city: str | None
    country: str | None
    vat_number: str | None
    organisation_number: str | None
    buyer: str


@dataclass(frozen=True)
class Sale:
    """A sale: `gross` in minor units of `currency`, `gross_ore` in öre."""

    sale_id: str
    kind: str
    day: date
    charge: str | None
    currency: str
    gross: int
    gross_ore: int
    number: str | None
    due_day: date | None
    text: str
    treatment: str | None
    vat_type: str
    sek_per_unit: Decimal | None
    before_start: bool
    party: Party
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Credit:
    """What takes a sale back: `gross` in minor units of `currency`, `gross_ore` in öre, both positive."""

    credit_id: str
    kind: str
    sale_id: str
    charge: str | None
    day: date
    currency: str
    gross: int
    gross_ore: int
    text: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class StripeAccount:
    """Whose ledger it is."""

    id: str
    livemode: bool


@dataclass(frozen=True)
class Desired:
    """The ledger's side for a range of days. `covered` are the days of it that the ledger knows in full.

    `within` is the range that is delivered, of which `days` may be one slice of several.
    """

    days: Days
    within: Days
    covered: frozenset[date]
    entries: tuple[Entry, ...]
    moved: Mapping[str, date]
    """Day of entries that were asked for by id and stand outside of what is delivered."""
    sales: Mapping[str, Sale]
    credits: Mapping[str, Credit]
    stripe: StripeAccount | None


@dataclass(frozen=True)
class Overview:
    """A range of days before any of it is read: in slices of about as many entries each as may be held in memory at
    once, and the text of every choice set that the ledger of this warehouse was made under, by digest."""

    slices: tuple[Days, ...]
    choice_sets: Mapping[str, str]


def overview(warehouse: Warehouse, days: Days) -> Overview:
    """How much there is to read. Raises Failure when the ledger has not been built."""
    with warehouse.writer() as connection:
        _expect_ledger(connection)
        counted = connection.execute(
            "SELECT event_day, count(*) FROM ledger.entries WHERE event_day BETWEEN ? AND ? GROUP BY 1 ORDER BY 1",
            [days.first, days.last],
        ).fetchall()
        choices: dict[str, str] = {}
        if has_table(connection, "ledger.choice_sets"):
            made = connection.execute("SELECT choices, text FROM ledger.choice_sets ORDER BY first_used")
            choices = dict(made.fetchall())
    return Overview(_slices(days, counted), choices)


def _slices(days: Days, counted: Iterable[tuple[date, int]]) -> tuple[Days, ...]:
    parts: list[Days] = []
    first, filled = days.first, 0
    for day, entries in counted:
        if filled and filled + entries > SLICE:
            parts.append(Days(first, day - timedelta(days=1)))
            first, filled = day, 0
        filled += entries
    return (*parts, Days(first, days.last))


def read(warehouse: Warehouse, days: Days, known_entries: Iterable[str] = (), *, within: Days | None = None) -> Desired:
    """Read the ledger of these days, and on which days outside of `within` the `known_entries` stand now.

    Raises Failure when the ledger has not been built.
    """
    within = within or days
    with warehouse.writer() as connection:
        _expect_ledger(connection)
        window = [days.first, days.last]
        entries = _entries(connection, window)
        sale_ids = sorted({entry.sale_id for entry in entries if entry.sale_id})
        credit_ids = sorted({entry.credit_id for entry in entries if entry.credit_id})
        covered = connection.execute("SELECT day FROM ledger.covered_days WHERE day BETWEEN ? AND ?", window).fetchall()
        moved = connection.execute(
            "SELECT entry_id, event_day FROM ledger.entries"
            " WHERE entry_id IN (SELECT unnest(?::VARCHAR[])) AND event_day NOT BETWEEN ? AND ?",
            [sorted(known_entries), within.first, within.last],
        ).fetchall()
        return Desired(
            days,
            within,
            frozenset(row[0] for row in covered),
            entries,
            dict(moved),
            _sales(connection, sale_ids),
            _credits(connection, credit_ids),
            _account(connection),
        )


@dataclass(frozen=True)
class FailedPayment:
    """A payment that was tried and failed: `amount` in minor units of `currency`."""

    charge: str
    at: datetime
    day: date
    amount: int
    currency: str
    customer: str
    reason: str | None


def failed_payments(warehouse: Warehouse, days: Days) -> list[FailedPayment]:
    """The failed payments of these days whose customer is known."""
    with warehouse.writer() as connection:
        if not has_table(connection, "stripe.payment_failures"):
            return []
        rows = _dicts(
            connection,
            "SELECT id AS charge, created AS at, day, amount, upper(currency) AS currency, customer,"
            " coalesce(failure_message, failure_code) AS reason FROM stripe.payment_failures"
            " WHERE day BETWEEN ? AND ? AND customer IS NOT NULL ORDER BY created, id",
            [days.first, days.last],
        )
    return [FailedPayment(**row) for row in rows]


def _expect_ledger(connection: duckdb.DuckDBPyConnection) -> None:
    if not has_table(connection, "ledger.lines"):
        raise Failure("The ledger has not been built.", "run `fortstripe sync` for these days first.")


def _account(connection: duckdb.DuckDBPyConnection) -> StripeAccount | None:
    """The account behind the warehouse, which only extraction knows."""
    if not has_table(connection, "stripe.account"):
        return None
    row = connection.execute("SELECT id, livemode FROM stripe.account").fetchone()
    return StripeAccount(*row) if row is not None else None


def _entries(connection: duckdb.DuckDBPyConnection, window: list[date]) -> tuple[Entry, ...]:
    lines: dict[str, list[Line]] = defaultdict(list)
    for entry_id, *line in connection.execute(
        "SELECT entry_id, account, debit - credit, vat_rate, treatment, cost_center, project FROM ledger.lines"
        " WHERE event_day BETWEEN ? AND ? ORDER BY entry_id, line_no",
        window,
    ).fetchall():
        lines[entry_id].append(Line(*line))
    return tuple(
        Entry(**row, lines=tuple(lines[row["entry_id"]]))
        for row in _dicts(
            connection,
            "SELECT e.entry_id, e.event_day AS day, e.kind, e.settlement, e.source, e.charge, e.sale_id, e.credit_id,"
            " coalesce(e.text, '') AS text, e.held, e.rule_version, e.choices, m.created AS at FROM ledger.entries e"
            " LEFT JOIN ledger.movements m ON m.id = e.balance_transaction"
            " WHERE e.event_day BETWEEN ? AND ? ORDER BY e.event_day, e.entry_id",
            window,
        )
    )


def _sales(connection: duckdb.DuckDBPyConnection, sale_ids: list[str]) -> dict[str, Sale]:
    if not sale_ids:
        return {}
    rows = _rows(connection, "sale_rows", "sale_id", sale_ids)
    parties = {
        row.pop("sale_id"): Party(**row)
        for row in _dicts(
            connection,
            "SELECT sale_id, party_id, customer, name, email, phone, line1, line2, postal_code, city, country,"
            " vat_number, organisation_number, buyer FROM ledger.parties"
            " WHERE sale_id IN (SELECT unnest(?::VARCHAR[]))",
            [sale_ids],
        )
    }
    return {
        row["sale_id"]: Sale(**row, party=parties[row["sale_id"]], rows=rows[row["sale_id"]])
        for row in _dicts(
            connection,
            "SELECT s.sale_id, s.kind, s.event_day AS day, s.charge, s.currency, s.gross, s.gross_ore, s.number,"
            " s.due_day, s.text, s.treatment, coalesce(k.vat_type, 'SEVAT') AS vat_type, s.sek_per_unit, s.before_start"
            " FROM ledger.sales s"
            " LEFT JOIN (SELECT treatment, any_value(vat_type) AS vat_type FROM ledger.vat_treatment_kinds"
            "            GROUP BY treatment) k USING (treatment)"
            " WHERE s.sale_id IN (SELECT unnest(?::VARCHAR[]))",
            [sale_ids],
        )
    }


def _credits(connection: duckdb.DuckDBPyConnection, credit_ids: list[str]) -> dict[str, Credit]:
    if not credit_ids:
        return {}
    rows = _rows(connection, "credit_rows", "credit_id", credit_ids)
    return {
        row["credit_id"]: Credit(**row, rows=rows[row["credit_id"]])
        for row in _dicts(
            connection,
            "SELECT credit_id, kind, sale_id, charge, event_day AS day, currency, gross, gross_ore,"
            " coalesce(text, '') AS text FROM ledger.credits WHERE credit_id IN (SELECT unnest(?::VARCHAR[]))",
            [credit_ids],
        )
    }


def _rows(connection: duckdb.DuckDBPyConnection, table: str, key: str, ids: list[str]) -> dict[str, tuple[Row, ...]]:
    quantity = "quantity" if table == "sale_rows" else "1"
    found: dict[str, list[Row]] = defaultdict(list)
    for row in _dicts(
        connection,
        f"SELECT {key} AS owner, coalesce(description, '') AS description, {quantity}::BIGINT AS quantity, treatment,"
        f" box, vat_rate, account, gross_ore AS gross, vat_ore AS vat, cost_center, project, article"
        f" FROM ledger.{table} WHERE {key} IN (SELECT unnest(?::VARCHAR[])) ORDER BY owner, row_no",
        [ids],
    ):
        found[row.pop("owner")].append(Row(**row))
    return defaultdict(tuple, {owner: tuple(rows) for owner, rows in found.items()})


def _dicts(connection: duckdb.DuckDBPyConnection, query: str, parameters: list[Any]) -> list[dict[str, Any]]:
    result = connection.execute(query, parameters)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, values, strict=True)) for values in result.fetchall()]
