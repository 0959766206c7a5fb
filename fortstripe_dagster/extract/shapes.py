"""Tables follow their SQL files: a warehouse of an older version gets the columns and rows that the newer files make.

A table made of objects is filled anew from the raw objects, which hold every field; of the others, columns that are
missing are added. What a file said when its table was made stands in `stripe.shapes`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache

import duckdb

from fortstripe_dagster.extract.streams import STREAMS

OF_OBJECTS = frozenset(table for stream in STREAMS.values() for table in stream.tables)
"""Tables that can be filled again from raw objects at any time."""

_TABLE = re.compile(r"^CREATE TABLE IF NOT EXISTS stripe\..*?;$", re.DOTALL | re.MULTILINE)
_VIEW = re.compile(r"^CREATE OR REPLACE VIEW stripe\..*?;$", re.DOTALL | re.MULTILINE)
_SHAPES = "CREATE TABLE stripe.shapes (name VARCHAR PRIMARY KEY, digest VARCHAR NOT NULL)"


def outdated(connection: duckdb.DuckDBPyConnection, sql: Mapping[str, str]) -> list[str]:
    """The tables that were made by another text of their file than `sql` (by name) holds now, or by none."""
    try:
        known = dict(connection.execute("SELECT name, digest FROM stripe.shapes").fetchall())
    except duckdb.CatalogException:
        connection.execute(_SHAPES)
        known = {}
    return sorted(name for name, text in sql.items() if known.get(name) != _digest(text))


def follow(
    connection: duckdb.DuckDBPyConnection, sql: Mapping[str, str], names: Collection[str], workspace: str
) -> None:
    """Give these tables the shape that their files make now, in the caller's transaction.

    `workspace` makes what the files read. Raises duckdb.Error if what is stored cannot take the new shape.
    """
    for name in _there_of(connection, names):
        if name in OF_OBJECTS:
            connection.execute(f"DROP TABLE stripe.{name}")
        else:
            _widen(connection, name, sql[name])
    connection.execute("".join(creations(sql[name] for name in names)))
    if connection.execute("SELECT 1 FROM stripe.raw_objects LIMIT 1").fetchone():
        connection.execute(workspace)
        for stream in STREAMS.values():
            tables = [table for table in stream.tables if table in names]
            if tables:
                refill(connection, "stripe", stream.name, [sql[table] for table in tables])
    connection.execute(
        "INSERT OR REPLACE INTO stripe.shapes SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
        [list(names), [_digest(sql[name]) for name in names]],
    )


def refill(connection: duckdb.DuckDBPyConnection, schema: str, stream: str, files: Collection[str]) -> None:
    """Fill a stream's tables from all its raw objects in `schema`; the texts of `files` say how."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE changed AS SELECT id, created, raw FROM {schema}.raw_objects"
        " WHERE stream = ? AND (created IS NOT NULL OR stream = 'customers')",
        [stream],
    )
    for text in files:
        connection.execute(text)


def there(text: str, schema: str) -> str:
    """The text of a file for a schema other than `stripe`."""
    return re.sub(r"\bstripe\.(?=\w)", f"{schema}.", text)


def creations(texts: Iterable[str]) -> list[str]:
    """The statements of files that make their tables, then their views, without those that fill them."""
    texts = list(texts)
    return [made for kind in (_TABLE, _VIEW) for text in texts for made in kind.findall(text)]


def _widen(connection: duckdb.DuckDBPyConnection, name: str, text: str) -> None:
    """Add to a table what a fresh one would have."""
    before = _columns(connection, "stripe", name)
    connection.execute("DROP SCHEMA IF EXISTS shape CASCADE; CREATE SCHEMA shape")
    for creation in _TABLE.findall(text):
        connection.execute(there(creation, "shape"))
    for column, type in _columns(connection, "shape", name).items():
        if column not in before:
            connection.execute(f"ALTER TABLE stripe.{name} ADD COLUMN {column} {type}")
        elif before[column] != type:
            connection.execute(f"ALTER TABLE stripe.{name} ALTER {column} TYPE {type}")
    connection.execute("DROP SCHEMA shape CASCADE")


def _there_of(connection: duckdb.DuckDBPyConnection, names: Collection[str]) -> list[str]:
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'stripe' AND database_name = current_database()"
    ).fetchall()
    return sorted({name for (name,) in tables} & set(names))


def _columns(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> dict[str, str]:
    return dict(
        connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?",
            [schema, table],
        ).fetchall()
    )


@cache
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
