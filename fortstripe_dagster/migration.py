"""A warehouse of an older version: its tables of schemas `delivery` and `proof` follow the SQL files of this one.

Tables of `stripe` follow theirs in `extract`, where they are filled again from the raw objects; those of `ledger` are
made anew by each build. What a file's tables look like is found by making them once in memory.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

import duckdb

_TABLE = re.compile(r"^CREATE TABLE IF NOT EXISTS ((?:delivery|proof)\.\w+) .*?;$", re.DOTALL | re.MULTILINE)
Columns = dict[str, tuple[str, bool]]
"""Type and whether it may be NULL, by name."""


def follow(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Bring outdated tables to today's shape; their names. Costs one query where nothing has changed.

    A table of `proof` keeps its rows and gets the new columns, empty, unless one may not be empty. Otherwise, and in
    `delivery`, a mirror, all tables of that file are dropped together: the next run makes and fills them again.
    """
    texts, digest = _texts()
    try:
        if connection.execute("SELECT digest FROM main.shapes").fetchall() == [(digest,)]:
            return []
    except duckdb.CatalogException:
        connection.execute("CREATE TABLE main.shapes (digest VARCHAR NOT NULL)")
    stored = _columns(connection)
    changed: list[str] = []
    connection.begin()
    for text in texts:
        creations = {made[1]: made[0] for made in _TABLE.finditer(text)}
        if not stored.keys() & creations.keys():
            continue
        declared = _declared(text)
        outdated = [name for name, columns in declared.items() if stored.get(name, columns) != columns]
        if all(_can_be_widened(name, stored[name], declared[name]) for name in outdated):
            for name in outdated:
                _widen(connection, name, creations[name])
        else:
            outdated = [name for name in declared if name in stored]
            connection.execute("".join(f"DROP TABLE {name};" for name in outdated))
        changed += outdated
    connection.execute("DELETE FROM main.shapes")
    connection.execute("INSERT INTO main.shapes VALUES (?)", [digest])
    connection.commit()
    return changed


def _can_be_widened(name: str, stored: Columns, declared: Columns) -> bool:
    new = declared.keys() - stored.keys()
    kept = {column: declared.get(column) for column in stored}
    return name.startswith("proof.") and kept == stored and all(declared[column][1] for column in new)


def _widen(connection: duckdb.DuckDBPyConnection, name: str, creation: str) -> None:
    """Make the table anew with its rows: columns that were only added would stand in another order."""
    connection.execute(f"CREATE TEMP TABLE before AS FROM {name}; DROP TABLE {name}; {creation}")
    connection.execute(f"INSERT INTO {name} BY NAME FROM before; DROP TABLE before")


@cache
def _texts() -> tuple[list[str], str]:
    """What makes tables, file by file, and a digest of it all."""
    package = Path(__file__).parent
    paths = [path for folder in ("delivery", "proof") for path in sorted((package / folder).rglob("*.sql"))]
    made = ["\n".join(found[0] for found in _TABLE.finditer(path.read_text(encoding="utf-8"))) for path in paths]
    texts = [text for text in made if text]
    return texts, hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


@cache
def _declared(text: str) -> dict[str, Columns]:
    """The tables that a file makes, as DuckDB understands them."""
    with duckdb.connect() as scratch:
        scratch.execute("CREATE SCHEMA delivery; CREATE SCHEMA proof")
        scratch.execute(text)
        return _columns(scratch)


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, Columns]:
    rows = connection.execute(
        "SELECT schema_name || '.' || table_name, column_name, data_type, is_nullable FROM duckdb_columns()"
        " WHERE schema_name IN ('delivery', 'proof') AND database_name = current_database()"
        " AND table_oid IN (SELECT table_oid FROM duckdb_tables())"
    ).fetchall()
    found: dict[str, Columns] = {}
    for table, column, type_, nullable in rows:
        found.setdefault(table, {})[column] = (type_, nullable)
    return found
