"""Which objects a few days or changes reach: all that is booked together with what is new, and nothing else.

What is booked of a family (an invoice with its payments, charges, refunds, disputes, credit notes and the balance
transactions of them all) depends on that family alone, so a family is rebuilt whole. Rules that look beyond families
are named in `order.ACROSS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import duckdb

LINKS: Mapping[str, tuple[str, ...]] = {
    "credit_note_refunds": ("credit_note", "refund"),
    "credit_notes": ("id", "invoice"),
    "transfer_reversals": ("id", "transfer"),
    "transfers": ("id", "source_transaction"),
    "application_fee_refunds": ("id", "application_fee"),
    "application_fees": ("id", "charge"),
    "refunds": ("id", "charge", "payment_intent"),
    "disputes": ("id", "charge", "payment_intent"),
    "charges": ("id", "payment_intent"),
    "checkout_sessions": ("id", "payment_intent", "invoice"),
    "invoice_payments": ("invoice", "payment_intent", "charge"),
    "customer_balance_transactions": ("id", "customer", "invoice", "credit_note"),
    "balance_transactions": ("id", "source"),
}
"""The columns of each table whose ids belong to one family, in the order in which a family is walked fastest."""

KIND_OF = {"source_transaction": "charge", "source": None}
"""What a column names whose name does not say it; None for objects of several kinds."""

NO_SOURCE = ("balance_transaction", "credit_note", "customer", "invoice", "payment_intent")
"""What is never the source of a balance transaction."""

OF_OWNER = {
    "invoice_lines": "invoice",
    "invoice_payments": "invoice",
    "credit_note_lines": "credit_note",
    "credit_note_refunds": "credit_note",
    "checkout_line_items": "session",
    "customer_tax_ids": "customer",
    "events": "object_id",
}
"""Tables whose rows go with another object's id than their own."""

CUSTOMERS_OF = ("charges", "invoices")
"""Tables whose customers are seen with them; a customer's other sales are not."""

TELLING = ("charge.dispute.closed", "payout.paid")
"""Types of event that say what the object itself may no longer show."""

WHOLE = ("account", "payment_failures", "prices", "products", "subscriptions", "tax_rates")
"""Tables with ids that a partial build sees as they are, as it does all without: registers, and what no family has."""


FORESEEN = (
    "SELECT sale_id, NULL FROM {kept}.deferral_schedule WHERE month_end IN (FROM wanted_days)",
    "SELECT sale_id, NULL FROM {kept}.payments WHERE settled_day IN (FROM wanted_days)",
    "SELECT sale_id, NULL FROM {kept}.settlements WHERE day IN (FROM wanted_days)",
    # One that no event told of was lost on the day it was first seen lost.
    "SELECT dispute, NULL FROM {kept}.lost_disputes WHERE event_day IN (FROM wanted_days)",
    # What stood open when the books begin is booked on their first day.
    "SELECT sale_id, NULL FROM {kept}.sales WHERE before_start AND policy('start_date')::DATE IN (FROM wanted_days)",
)
"""What has an entry on a day that no row of Stripe's tables tells, but the ledger as it is."""


def seed(connection: duckdb.DuckDBPyConnection, stripe: str, kept: str, days: list[date]) -> None:
    """Reach what happens on `days`: balance transactions and every kind of document event.

    `stripe` is the schema of the typed tables, `kept` that of the ledger as it is. The SQL of the choices has run.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE reached (id VARCHAR, kind VARCHAR, found_in VARCHAR, round INTEGER)"
    )
    connection.execute("CREATE OR REPLACE TEMP TABLE wanted_days AS SELECT unnest(?::DATE[]) AS day", [days])
    for table, moments in {
        "invoices": "effective_at, finalized_at, voided_at, marked_uncollectible_at, paid_at",
        "credit_notes": "created, effective_at, voided_at",
    }.items():
        # The zone is asked for few moments only: it is slow.
        on_the_day = " OR ".join(
            f"{moment} BETWEEN '{days[0]}'::DATE - 1 AND '{days[-1]}'::DATE + 2"
            f" AND local_day({moment}) IN (FROM wanted_days)"
            for moment in moments.split(", ")
        )
        _reach(connection, f"SELECT {_named(table)} FROM {stripe}.{table} WHERE {on_the_day}", table)
    for table, day in {
        "balance_transactions": "day",
        "charges": "day",
        "refunds": "day",
        "disputes": "day",
        "payouts": "arrival_date",
        "topups": "coalesce(arrival_date, day)",
        "customer_balance_transactions": "day",
    }.items():
        _reach(connection, f"SELECT {_named(table)} FROM {stripe}.{table} WHERE {day} IN (FROM wanted_days)", table)
    _reach(
        connection, f"SELECT object_id, NULL FROM {stripe}.events WHERE day IN (FROM wanted_days) AND type IN {TELLING}"
    )
    for query in FORESEEN:
        _reach(connection, query.format(kept=kept))


def add_changed(connection: duckdb.DuckDBPyConnection, stripe: str, since: datetime | None) -> None:
    """Reach the objects whose content was first seen after `since`, and the sales that a changed register concerns."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE changed_objects AS "
        f"SELECT DISTINCT stream, id FROM {stripe}.raw_objects WHERE first_seen > ?::TIMESTAMPTZ OR ? IS NULL",
        [since, since],
    )
    _reach(
        connection,
        "SELECT id, NULL FROM changed_objects"
        " WHERE stream NOT IN ('customers', 'products', 'prices', 'subscriptions', 'tax_rates')",
    )
    _reach(
        connection,
        f"SELECT object_id, NULL FROM {stripe}.events WHERE type IN {TELLING}"
        " AND id IN (SELECT id FROM changed_objects WHERE stream = 'events')",
    )
    for stream, found in {
        "customers": f"SELECT id FROM {stripe}.charges WHERE customer IN (SELECT id FROM concerned)"
        f" UNION ALL SELECT id FROM {stripe}.invoices WHERE customer IN (SELECT id FROM concerned)",
        "products": f"SELECT invoice FROM {stripe}.invoice_lines WHERE product IN (SELECT id FROM concerned)"
        f" UNION ALL SELECT session FROM {stripe}.checkout_line_items WHERE product IN (SELECT id FROM concerned)",
        "prices": f"SELECT invoice FROM {stripe}.invoice_lines WHERE price IN (SELECT id FROM concerned)"
        f" UNION ALL SELECT session FROM {stripe}.checkout_line_items WHERE price IN (SELECT id FROM concerned)",
        # Whom it is sold for: what was paid says that itself.
        "subscriptions": f"SELECT id FROM {stripe}.invoices WHERE subscription IN (SELECT id FROM concerned)"
        f" AND id NOT IN (SELECT invoice FROM {stripe}.invoice_payments"
        "  WHERE status = 'paid' AND coalesce(charge, payment_intent) IS NOT NULL)",
        "tax_rates": f"SELECT invoice FROM {stripe}.invoice_lines WHERE tax_rate IN (SELECT id FROM concerned)",
    }.items():
        concerned = connection.execute(
            "CREATE OR REPLACE TEMP TABLE concerned AS SELECT id FROM changed_objects WHERE stream = ?", [stream]
        )
        if concerned.fetchone() != (0,):
            _reach(connection, f"SELECT *, NULL FROM ({found})")


def walk(connection: duckdb.DuckDBPyConnection, stripe: str) -> int:
    """Complete the families of what is reached; the number of ids."""
    seen = dict.fromkeys(LINKS, -1)
    links = {
        table: columns
        for table, columns in LINKS.items()
        if connection.execute(f"SELECT 1 FROM {stripe}.{table} LIMIT 1").fetchone()
    }
    turn = 0
    while True:
        before = turn
        for table, columns in links.items():
            among = _among_fresh(connection, table, columns, seen[table])
            if among is None:
                continue
            seen[table] = turn
            found = connection.execute(
                f"INSERT INTO reached SELECT id, any_value(kind), '{table}', {turn + 1} FROM ("
                f"  SELECT {_named(table)} FROM {stripe}.{table} WHERE {among}"
                ") AS t(id, kind) WHERE id IS NOT NULL AND id NOT IN (SELECT id FROM reached) GROUP BY id"
            ).fetchone()
            if found != (0,):
                turn += 1
        if turn == before:
            break
    row = connection.execute("SELECT count(*) FROM reached").fetchone()
    assert row is not None
    return int(row[0])


def add_customers(connection: duckdb.DuckDBPyConnection, stripe: str) -> None:
    """Reach the customers of what the schema `stripe` has of these tables."""
    for table in CUSTOMERS_OF:
        _reach(connection, f"SELECT customer, 'customer' FROM {stripe}.{table}")


def _among_fresh(connection: duckdb.DuckDBPyConnection, table: str, columns: tuple[str, ...], seen: int) -> str | None:
    """The condition for rows that name what was reached since a round; None where none can, for each search is long."""
    own = _kind(table, "id")
    fresh = connection.execute(
        # What the table itself has told of its own rows is no news to it.
        "SELECT DISTINCT kind, found_in FROM reached"
        " WHERE round > ? AND NOT coalesce(found_in = ? AND kind IS NOT DISTINCT FROM ?, false)",
        [seen, table, own],
    ).fetchall()
    kinds = {kind for kind, _ in fresh}
    sources_alone = {found_in for kind, found_in in fresh if kind is None} <= {"balance_transactions"}
    wanted = []
    for column in columns:
        kind = _kind(table, column)
        if kind is None and kinds - set(NO_SOURCE):
            wanted.append(f"{column} IN (SELECT id FROM reached WHERE round > {seen})")
        elif kind is not None and (kind in kinds or None in kinds and not (sources_alone and kind in NO_SOURCE)):
            ids = f"SELECT id FROM reached WHERE round > {seen} AND (kind = '{kind}' OR kind IS NULL)"
            wanted.append(f"{column} IN ({ids})")
    return " OR ".join(wanted) or None


def _kind(table: str, column: str) -> str | None:
    """What a column of ids names: a charge, an invoice …; None for objects of several kinds."""
    return table.removesuffix("s") if column == "id" else KIND_OF.get(column, column)


def _named(table: str) -> str:
    """All ids that a row of the table names, one a row, with their kinds."""
    columns = LINKS.get(table, ("id",))
    kinds = ", ".join(f"'{kind}'" if kind else "NULL" for kind in (_kind(table, column) for column in columns))
    return f"unnest([{', '.join(columns)}]), unnest([{kinds}]::VARCHAR[])"


def _reach(connection: duckdb.DuckDBPyConnection, query: str, found_in: str | None = None) -> None:
    """Reach the ids that the query gives, with their kinds or NULL where it does not know.

    `found_in` is the table if the query gives all ids of its rows.
    """
    connection.execute(
        f"INSERT INTO reached SELECT id, any_value(kind), $1, 0 FROM ({query}) AS t(id, kind)"
        " WHERE id IS NOT NULL AND id NOT IN (SELECT id FROM reached) GROUP BY id",
        [found_in],
    )
