"""What must hold of the ledger before anything is written to Fortnox. A check returns what is wrong: (what, detail)."""

from __future__ import annotations

from collections.abc import Callable

import duckdb

Finding = tuple[str, str]
Check = Callable[[duckdb.DuckDBPyConnection], list[Finding]]


def unbalanced(connection: duckdb.DuckDBPyConnection) -> list[Finding]:
    """Debit = credit in every entry."""
    return connection.execute(
        "SELECT entry_id, 'debit ' || sum(debit) || ', credit ' || sum(credit) FROM ledger.lines "
        "GROUP BY entry_id HAVING sum(debit) <> sum(credit) ORDER BY 1"
    ).fetchall()


def incomplete(connection: duckdb.DuckDBPyConnection) -> list[Finding]:
    """Each balance transaction of a covered day is on clearing with its net, exactly once."""
    return connection.execute(
        """
        WITH booked AS (
            SELECT e.balance_transaction AS id, sum(l.amount_currency) AS net
            FROM ledger.entries e
            JOIN ledger.lines l USING (entry_id)
            JOIN ledger.account_map m ON m.number = l.account AND m.role = 'clearing:' || e.settlement
            WHERE l.amount_currency IS NOT NULL
            GROUP BY 1
        )
        SELECT b.id, b.type || ' of ' || b.day || ': net ' || b.net || ', on clearing ' || coalesce(k.net, 0)
        FROM stripe.balance_transactions b
        JOIN ledger.covered_days c ON c.day = b.day
        LEFT JOIN booked k ON k.id = b.id
        WHERE coalesce(k.net, 0) <> b.net
        ORDER BY 1
        """
    ).fetchall()


def unknown_types(connection: duckdb.DuckDBPyConnection) -> list[Finding]:
    """No balance transaction of a type that no rule knows; it stands on the suspense account until a rule does."""
    return connection.execute(
        "SELECT id, alert FROM ledger.movements WHERE alert LIKE 'unknown balance transaction type%' ORDER BY id"
    ).fetchall()
