"""The database in which a build runs: its schema `stripe` is what the build may see, its schema `ledger` what it makes.

The SQL files name schemas, not databases. So the same files build everything, a few days, or the books as they were,
according to what stands in `stripe`; and the ledger in use is untouched until the result is copied over it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache

import duckdb

from fortstripe_dagster.ledger import idle
from fortstripe_dagster.ledger.places import at_places
from fortstripe_dagster.ledger.reached import OF_OWNER, WHOLE
from fortstripe_dagster.ledger.rule_files import current_rules

MEMORY = "2400MB"
"""What DuckDB may use for a build; the rest goes to disk."""


@contextmanager
def workspace(connection: duckdb.DuckDBPyConnection, name: str) -> Iterator[str]:
    """Work in a database `name` that is gone afterwards. Yields the name of the database that was worked in before.

    It is in memory, where tables are not compressed and nothing is logged; what does not fit goes to temporary files.
    """
    home = f'"{current(connection)}"'
    if connection.execute("SELECT current_setting('preserve_insertion_order')").fetchone() == (True,):
        # Once for a build: a limit that is set searches all memory for what must go.
        connection.execute(f"SET memory_limit = '{MEMORY}'; SET preserve_insertion_order = false")
    connection.execute(f"ATTACH ':memory:' AS {name}")
    try:
        connection.execute(f"CREATE SCHEMA {name}.stripe; CREATE SCHEMA {name}.ledger; USE {name}")
        yield home
    finally:
        connection.execute(f"USE {home}")
        connection.execute(f"DETACH {name}")


@contextmanager
def one_thread(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Many small statements: one thread runs them sooner than several, which each of them would start and join."""
    before = connection.execute("SELECT current_setting('threads')").fetchone() or (1,)
    connection.execute("SET threads = 1")
    yield
    connection.execute(f"SET threads = {before[0]}")


def current(connection: duckdb.DuckDBPyConnection) -> str:
    """The database whose schemas an SQL file sees."""
    row = connection.execute("SELECT current_database()").fetchone()
    assert row is not None
    return str(row[0])


def show(connection: duckdb.DuckDBPyConnection, stripe: str, names: Iterable[str]) -> None:
    """Let the workspace see these tables of the schema `stripe` (`database.schema`) as they are."""
    for table in names:
        connection.execute(f"CREATE VIEW stripe.{table} AS FROM {stripe}.{table}")


def show_reached(connection: duckdb.DuckDBPyConnection, stripe: str, by_family: Mapping[str, str]) -> None:
    """Let the workspace see what is `reached` of the tables that have families (see `families`)."""
    for table, column in by_family.items():
        # By row number: a scan of the ids alone, then of the few rows that are wanted.
        found = connection.execute(
            "CREATE OR REPLACE TEMP TABLE places AS"
            f" SELECT rowid AS place FROM {stripe}.{table} WHERE {column} IN (SELECT id FROM reached)"
        ).fetchone()
        wanted = "false" if found == (0,) else at_places(connection, "places")
        connection.execute(f"CREATE TABLE stripe.{table} AS FROM {stripe}.{table} WHERE {wanted}")


def families(connection: duckdb.DuckDBPyConnection, stripe: str, there: Collection[str]) -> dict[str, str]:
    """Those of the schema's tables whose rows belong to families, and the column that says to which."""
    database, _, name = stripe.rpartition(".")
    found = connection.execute(
        "SELECT table_name FROM duckdb_columns() WHERE database_name = ? AND schema_name = ? AND column_name = 'id'",
        [database.strip('"'), name],
    ).fetchall()
    by_id = {table: "id" for (table,) in found if table not in WHOLE}
    return by_id | {table: column for table, column in OF_OWNER.items() if table in there}


def tables(connection: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    """Tables and views of a schema, given as `database.schema`."""
    database, _, name = schema.rpartition(".")
    found = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = $1 AND schema_name = $2"
        " UNION ALL SELECT view_name FROM duckdb_views() WHERE database_name = $1 AND schema_name = $2 ORDER BY 1",
        [database.strip('"'), name],
    )
    return [row[0] for row in found.fetchall()]


def run(
    connection: duckdb.DuckDBPyConnection,
    names: Sequence[str],
    passing: Collection[str] = (),
    sql: Mapping[str, str] | None = None,
) -> None:
    """Execute SQL files in this order: their texts in `sql`, or today's. Of today's those that are idle are left out.

    Of `passing` each table is dropped after the last of the files that reads it.
    """
    today, present = current_rules().sql, idle.Present(connection)
    skips = sql is None or sql == today  # other rules may make other columns
    texts = [(sql or today)[name] for name in names]
    ends = {table: place for place, text in enumerate(texts) for table in _tables_in(text).intersection(passing)}
    for place, (name, text) in enumerate(zip(names, texts, strict=True)):
        empty = idle.instead(name)
        if not (skips and idle.is_idle(text, present)):
            made = connection.execute(text).fetchone()
            present.note(name, text, made)
        elif empty is not None:
            connection.execute(empty)
            present.note(name, text, (0,))
        for table in (table for table, end in ends.items() if end == place):
            connection.execute(f"DROP TABLE ledger.{table}")


def read_by(names: Iterable[str]) -> set[str]:
    """The tables of schema `ledger` that these SQL files name."""
    return {table for name in names for table in _tables_in(statements(name))}


def statements(name: str) -> str:
    """The text of an SQL file of today."""
    return current_rules().sql[name]


@cache
def _tables_in(text: str) -> frozenset[str]:
    """The tables of schema `ledger` that an SQL text names."""
    return frozenset(re.findall(r"\bledger\.(\w+)", text))
