"""What looks at all families together, in a build of a few days: sums of a day, balances, roll-forwards.

Its files run on what is kept and what is new. Of what they post only the entries that have changed are replaced: else
each build would look for the lines of every day and month end.
"""

from __future__ import annotations

import duckdb

from fortstripe_dagster.ledger import publish
from fortstripe_dagster.ledger.order import ACROSS, CARRIED, COMPLETED
from fortstripe_dagster.ledger.workspace import read_by, run, tables, workspace


def look_across(connection: duckdb.DuckDBPyConnection, kept: str) -> None:
    """Run the files of `ACROSS` and take over their tables and the entries that have changed.

    The current database is the workspace `few`; `kept` is the schema of the ledger as it is, of which the rows in
    `lines_before` are replaced.
    """
    keys = {table: publish.family_key(connection, table) for table in COMPLETED}
    with workspace(connection, "across"):
        read = read_by(ACROSS)
        for table in set(tables(connection, "few.ledger")) & read - {"postings"}:
            rows = f"FROM few.ledger.{table}"
            if table in COMPLETED:
                there = f"FROM {kept}.{table} WHERE {keys[table]} NOT IN (SELECT id FROM temp.reached)"
                rows = f"({rows}) UNION ALL BY NAME ({there})"
            connection.execute(f"CREATE VIEW ledger.{table} AS {rows}")
        run(connection, ("postings",))
        _carry_on_foreign_moves(connection, kept)
        run(connection, ACROSS)
        _find_changed(connection, kept)
        for table in set(tables(connection, "across.ledger")) & {CARRIED, *ACROSS}:
            connection.execute(f"CREATE OR REPLACE TABLE few.ledger.{table} AS FROM ledger.{table}")
    publish.add_replaced(connection, kept)


def _carry_on_foreign_moves(connection: duckdb.DuckDBPyConnection, kept: str) -> None:
    """Make the table of `CARRIED` of what is kept, less what is replaced, and what is new."""
    connection.execute(
        f"""
        CREATE TABLE ledger.{CARRIED} AS
        SELECT m.day, m.currency, m.account, sum(m.ore)::BIGINT AS ore, sum(m.amount)::BIGINT AS amount
        FROM (
            SELECT day, currency, account, ore, amount FROM {kept}.{CARRIED}
            UNION ALL
            SELECT event_day, currency, account, ((credit - debit) * 100)::BIGINT, -coalesce(amount_currency, 0)
            FROM temp.lines_before WHERE currency <> 'SEK'
            UNION ALL
            SELECT day, currency, account, ore, coalesce(amount, 0) FROM few.ledger.postings WHERE currency <> 'SEK'
        ) m
        SEMI JOIN few.ledger.foreign_accounts s
            ON s.account = m.account AND coalesce(s.currency, m.currency) = m.currency
        GROUP BY m.day, m.currency, m.account
        HAVING sum(m.ore) <> 0 OR sum(m.amount) <> 0
        """
    )


def _find_changed(connection: duckdb.DuckDBPyConnection, kept: str) -> None:
    """Note in `changed_across` which of the entries are not what they were, and post those in the workspace `few`."""
    before, after = f"FROM {kept}.across_postings", "FROM ledger.across_postings"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE changed_across AS SELECT DISTINCT entry_id, day AS event_day"
        f" FROM (({before} EXCEPT ALL {after}) UNION ALL ({after} EXCEPT ALL {before}))"
    )
    connection.execute(
        f"INSERT INTO few.ledger.postings {after} WHERE entry_id IN (SELECT entry_id FROM changed_across)"
    )
