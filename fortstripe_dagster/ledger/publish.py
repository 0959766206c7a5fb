"""From a build's workspace into the ledger in use, in one transaction: everything, or the rows of what was reached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import duckdb

from fortstripe_dagster.ledger.order import CONTRACT, FAMILIES, KINDS_OF_SALE, UNPUBLISHED
from fortstripe_dagster.ledger.places import at_places
from fortstripe_dagster.ledger.workspace import statements, tables

KEYS = ("sale_id", "balance_transaction", "id", "charge", "dispute", "source", "customer")
"""The column by which a table's rows belong to a family: the first of these that it has."""

PASSING = (*UNPUBLISHED, "postings", "uneven_entries")
"""Tables of the workspace that stay there."""

COPIED = ("entries", "lines", "parties", "sale_rows")
"""What delivery sees: of these, a build of a few days compares what it replaces with what it makes."""

SORTED = ("parties", "payments", "sale_rows")
"""Tables whose rows come from their joins in no order. By the sale's day, those of a few days lie near each other."""

_BY_DAY = "LEFT JOIN ledger.sales AS s ON s.sale_id = {0}.sale_id ORDER BY s.event_day"

KEPT = ("builds", "choice_sets", "rule_sets", "rule_texts", "day_contents")
"""Tables of schema `ledger` that remember; no build replaces them."""


def whole(connection: duckdb.DuckDBPyConnection, target: str) -> None:
    """Replace every table of the schema `target` (`database.schema`) by the workspace's.

    Where the workspace has no table of the contract, it is made here, straight from the postings: writing so many rows
    twice takes longer than making them.
    """
    made = [table for table in tables(connection, _here(connection)) if table not in PASSING]
    with _transaction(connection):
        for table in made:
            by_day = f"SELECT {table}.* FROM ledger.{table} {_BY_DAY.format(table)}"
            rows = by_day if table in SORTED else f"FROM ledger.{table}"
            connection.execute(f"CREATE OR REPLACE TABLE {target}.{table} AS {rows}")
        for table in (table for table in CONTRACT if table not in made):
            there = statements(table).replace(f"TABLE ledger.{table} ", f"TABLE {target}.{table} ")
            connection.execute(there)
        for table in sorted(set(tables(connection, target)) - {*made, *CONTRACT, *KEPT}):
            connection.execute(f"DROP TABLE {target}.{table}")


def find_replaced(connection: duckdb.DuckDBPyConnection, target: str) -> None:
    """Copy what the schema `target` has of the reached families to `entries_before`, `lines_before` and so on.

    The copies have the rows' numbers as `place`.
    """
    for table in COPIED:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {table}_before AS SELECT rowid AS place, * FROM {target}.{table} LIMIT 0"
        )
    # What is posted across families may be of a reached object too, as an opening payout is: it is judged by itself.
    across = f"kind IN (SELECT DISTINCT kind FROM {target}.across_postings)"
    family = f"coalesce(sale_id, balance_transaction, source) IN (SELECT id FROM reached) AND NOT {across}"
    _copy(connection, target, "entries", family)
    _copy_entries(connection, target, "lines", "entries_before")
    for table in ("parties", "sale_rows"):
        _copy(connection, target, table, "sale_id IN (SELECT id FROM reached)")


def add_replaced(connection: duckdb.DuckDBPyConnection, target: str) -> None:
    """Add the entries of `changed_across`, and their lines, to what is replaced."""
    for table in ("entries", "lines"):
        _copy_entries(connection, target, table, "changed_across")


_DAYS = "event_day IN (SELECT DISTINCT event_day FROM {})"
"""Entries and lines are sorted by the day: of other days nothing is read, for DuckDB skips what a short list bars."""


def _copy(connection: duckdb.DuckDBPyConnection, target: str, table: str, wanted: str) -> None:
    # In two steps, so that the width of the rows is read only where a row is wanted.
    if _find(connection, target, table, wanted):
        connection.execute(
            f"INSERT INTO {table}_before SELECT rowid AS place, * FROM {target}.{table}"
            f" WHERE {at_places(connection, 'places')}"
        )


def _replace(connection: duckdb.DuckDBPyConnection, target: str, table: str, wanted: str) -> None:
    # In two steps, for several threads search where one deletes.
    if _find(connection, target, table, wanted):
        connection.execute(f"DELETE FROM {target}.{table} WHERE rowid IN (SELECT place FROM places)")
    connection.execute(f"INSERT INTO {target}.{table} BY NAME SELECT * FROM ledger.{table} WHERE {wanted}")


def _find(connection: duckdb.DuckDBPyConnection, target: str, table: str, wanted: str) -> bool:
    """Note in `places` which rows are wanted; whether there are any."""
    found = connection.execute(
        f"CREATE OR REPLACE TEMP TABLE places AS SELECT rowid AS place FROM {target}.{table} WHERE {wanted}"
    ).fetchone()
    return found != (0,)


def _copy_entries(connection: duckdb.DuckDBPyConnection, target: str, table: str, entries: str) -> None:
    connection.execute(
        f"INSERT INTO {table}_before SELECT rowid AS place, * FROM {target}.{table}"
        f" WHERE {_DAYS.format(entries)} AND entry_id IN (SELECT entry_id FROM {entries})"
    )


def find_changed_days(connection: duckdb.DuckDBPyConnection) -> list[date]:
    """The days on which an entry, or the buyer or a row of its sale, will be another once the replaced are replaced."""
    changed = {}
    for table, left_out in {
        "entries": "alert, rule_version, choices",
        "lines": "",
        "parties": "",
        "sale_rows": "",
    }.items():
        before = f"SELECT * EXCLUDE ({', '.join(filter(None, ('place', left_out)))}) FROM {table}_before"
        after = f"SELECT *{f' EXCLUDE ({left_out})' if left_out else ''} FROM ledger.{table}"
        changed[table] = f"(({before} EXCEPT {after}) UNION ALL ({after} EXCEPT {before}))"
    sales = f"SELECT sale_id FROM {changed['parties']} UNION SELECT sale_id FROM {changed['sale_rows']}"
    rows = connection.execute(
        f"SELECT event_day FROM {changed['entries']} UNION SELECT event_day FROM {changed['lines']}"
        " UNION SELECT event_day FROM ledger.entries"
        f" WHERE kind IN {(*KINDS_OF_SALE, 'credit')} AND sale_id IN ({sales})"
    )
    return [row[0] for row in rows.fetchall()]


def reached(connection: duckdb.DuckDBPyConnection, target: str) -> int:
    """Replace the rows of what is `reached` and the entries across families that changed; how many entries it wrote."""
    with _transaction(connection):
        for table in tables(connection, _here(connection)):
            if table in PASSING:
                continue
            key = family_key(connection, table)
            if table in COPIED:
                connection.execute(f"DELETE FROM {target}.{table} WHERE rowid IN (SELECT place FROM {table}_before)")
                connection.execute(f"INSERT INTO {target}.{table} BY NAME SELECT * FROM ledger.{table}")
            elif table == "watchdogs":
                of_reached = "split_part(entry_id, ':', 1) IN (SELECT id FROM reached) OR kind = 'oss_threshold'"
                _replace(connection, target, table, of_reached)
            elif key is not None:
                _replace(connection, target, table, f"{key} IN (SELECT id FROM reached)")
            else:
                connection.execute(f"CREATE OR REPLACE TABLE {target}.{table} AS FROM ledger.{table}")
    row = connection.execute("SELECT count(*) FROM ledger.entries").fetchone()
    assert row is not None
    return int(row[0])


def family_key(connection: duckdb.DuckDBPyConnection, table: str) -> str | None:
    """The column by which the workspace's table knows its family; None for a table that is of no family."""
    if table not in FAMILIES:
        return None
    found = connection.execute(f"SELECT * FROM ledger.{table} LIMIT 0").description or ()
    columns = {column[0] for column in found}
    return next((key for key in KEYS if key in columns), None)


def _here(connection: duckdb.DuckDBPyConnection) -> str:
    row = connection.execute("SELECT current_database()").fetchone()
    assert row is not None
    return f"{row[0]}.ledger"


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
