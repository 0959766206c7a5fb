"""Everything that a company's runs left behind, as bytes that can be searched, also what a database packs tightly."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb


def written(folder: Path) -> Iterator[tuple[str, bytes]]:
    """(where, content) of each file below a folder, and of each table of each database among them."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        yield str(path.relative_to(folder)), path.read_bytes()
        if path.suffix == ".duckdb":
            yield from _of_duckdb(path, str(path.relative_to(folder)))
        elif path.read_bytes().startswith(b"SQLite format 3"):
            yield from _of_sqlite(path, str(path.relative_to(folder)))


def _of_duckdb(path: Path, place: str) -> Iterator[tuple[str, bytes]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute("SELECT table_schema, table_name FROM information_schema.tables").fetchall()
        for schema, table in tables:
            rows = connection.execute(f'SELECT string_agg(t::VARCHAR, chr(10)) FROM "{schema}"."{table}" AS t')
            ((content,),) = rows.fetchall()
            if content is not None:
                yield f"{place} {schema}.{table}", content.encode()


def _of_sqlite(path: Path, place: str) -> Iterator[tuple[str, bytes]]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                yield f"{place} {table}", "\n".join(str(value) for value in row).encode()
    finally:
        connection.close()
