"""The tie-out: both sides of every equation, and the name of whatever keeps them apart, as SQL over the warehouse.

What belongs here is the order of the SQL files and the choices they read; the rules themselves stand in sql/.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files

import duckdb

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.proof.banking_days import banking_days
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import has_table

ORDER = (
    "macros",
    "documents",
    "sides",
    "equation_1",
    "equation_3a",
    "equation_2",
    "equation_4",
    "equation_5",
    "equation_7",
    "equation_8",
    "equation_9",
    "equation_10",
    "spans",
    "found_stripe",
    "found_invoices",
    "found_fortnox",
    "found_opening",
    "found_receivables",
    "found_payouts",
    "found_completeness",
    "drift",
    "tie_out",
)
NEEDED = ("stripe.balance_transactions", "ledger.entries", "delivery.documents")
_NOTHING_WITHOUT = re.compile(r"^-- Nothing without: (.+)$", re.MULTILINE)
LONGEST_DELAY = timedelta(days=60)
"""How long before the first proven day a payout may have been expected and still be counted in banking days."""


def refuse_unready(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise Failure unless extraction, ledger and delivery have each left something to prove."""
    for name in NEEDED:
        if not has_table(connection, name):
            raise Failure(f"There is no {name} in the warehouse to prove.", "run fortstripe sync of those days first.")


def invoice_days(connection: duckdb.DuckDBPyConnection, settings: Settings, days: Days) -> tuple[date, date] | None:
    """The dates of the invoices that the days' payments must have; None where no payment needs one."""
    if settings.sales != "invoice":
        return None
    row = connection.execute(
        """
        WITH sales AS (
            SELECT sale_id, s.event_day FROM ledger.payments p JOIN ledger.sales s USING (sale_id)
            WHERE p.treatment = 'payment' AND p.day BETWEEN ? AND ? AND NOT s.before_start
        ),
        sent AS (SELECT unnest(entry_ids) AS entry_id, day FROM delivery.documents WHERE kind = 'invoice')
        SELECT min(least(s.event_day, d.day)), max(greatest(s.event_day, d.day))
        FROM sales s LEFT JOIN sent d ON d.entry_id = s.sale_id || ':sale'
        """,
        [days.first, days.last],
    ).fetchone()
    return (row[0], row[1]) if row and row[0] else None


def compute(
    connection: duckdb.DuckDBPyConnection, settings: Settings, days: Days, today: date, read_at: datetime
) -> None:
    """Replace the days' rows of proof.tie_out and proof.items. Needs Fortnox's books in schema proof."""
    choices = {
        "first": days.first.isoformat(),
        "last": days.last.isoformat(),
        "today": today.isoformat(),
        "read_at": read_at.isoformat(),
        "sales": settings.sales,
        "approval": settings.approval,
        "mode": settings.mode,
        "opening": settings.opening,
        "voucher_series": settings.voucher_series,
        "difference_limit": str(settings.difference_limit),
    }
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE choices AS SELECT unnest(?::VARCHAR[]) AS name, unnest(?::VARCHAR[]) AS value",
        [list(choices), list(choices.values())],
    )
    open_banks = list(banking_days(days.first - LONGEST_DELAY, days.last))
    connection.execute("CREATE OR REPLACE TEMP TABLE banking_days AS SELECT unnest(?::DATE[]) AS day", [open_banks])
    for name in ORDER:
        for statement, source in statements(name):
            if source is None or connection.execute(f"SELECT 1 FROM {source} LIMIT 1").fetchone():
                connection.execute(statement)


@cache
def statements(name: str) -> list[tuple[str, str | None]]:
    """The statements of an SQL file, each with what it yields nothing without: a table of which some rows are there.

    DuckDB takes five to fifteen milliseconds to understand one that names differences, and mostly there are none.
    """
    text = files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    found = [statement.query for statement in duckdb.extract_statements(text)]
    sources = [_NOTHING_WITHOUT.search(statement) for statement in found]
    return [(text, source[1] if source else None) for text, source in zip(found, sources, strict=True)]
