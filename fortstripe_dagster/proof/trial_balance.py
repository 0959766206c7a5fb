"""The trial balance (råbalans) of Fortnox's books as they were last read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

from fortstripe_dagster.warehouse import Warehouse


@dataclass(frozen=True)
class TrialBalanceLine:
    """One account, in kronor: opening and closing are debit positive, debit and credit are sums of the year."""

    account: str
    name: str
    opening: Decimal
    debit: Decimal
    credit: Decimal
    closing: Decimal


def trial_balance(warehouse: Warehouse, day: date) -> tuple[TrialBalanceLine, ...]:
    """Fortnox's accounts that moved or stand at something, from the start of the financial year up to a day."""
    with warehouse.writer() as connection:
        return trial_balance_from(connection, day)


def trial_balance_from(connection: duckdb.DuckDBPyConnection, day: date) -> tuple[TrialBalanceLine, ...]:
    """The same, from an open connection."""
    rows = connection.execute(
        """
        WITH moved AS (
            SELECT l.account, sum(greatest(l.amount, 0)) AS debit, sum(greatest(-l.amount, 0)) AS credit
            FROM proof.fortnox_lines l
            JOIN proof.fortnox_vouchers v
              ON v.year_id = l.year_id AND v.series = l.series AND v.number IS NOT DISTINCT FROM l.number
            JOIN proof.fortnox_years y ON y.year_id = v.year_id AND ? BETWEEN y.first_day AND y.last_day
            WHERE v.day <= ?
            GROUP BY l.account
        )
        SELECT a.account, a.name, a.opening, coalesce(m.debit, 0), coalesce(m.credit, 0),
               a.opening + coalesce(m.debit, 0) - coalesce(m.credit, 0)
        FROM proof.fortnox_accounts a
        JOIN proof.fortnox_years y ON y.year_id = a.year_id AND ? BETWEEN y.first_day AND y.last_day
        LEFT JOIN moved m ON m.account = a.account
        WHERE a.opening <> 0 OR m.account IS NOT NULL
        ORDER BY a.account
        """,
        [day, day, day],
    ).fetchall()
    ore = Decimal("0.01")
    return tuple(TrialBalanceLine(row[0], row[1], *(value.quantize(ore) for value in row[2:])) for row in rows)
