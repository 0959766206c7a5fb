"""A home that the first version wrote, with twenty payments delivered and proven: today's code goes on with it.

`version_1` holds the files as they were. No later version may be unable to open them, lose a row of the journal, or
want to send anything again.
"""

from __future__ import annotations

import lzma
import re
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from fortstripe_dagster import delivery, migration
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery import Journal
from fortstripe_dagster.extract import create_tables
from fortstripe_dagster.ledger import build
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.conftest import CHOICES

DELIVERED = Days(date(2026, 3, 2), date(2026, 3, 5))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for packed in (Path(__file__).parent / "version_1").glob("*.xz"):
        (tmp_path / packed.stem).write_bytes(lzma.decompress(packed.read_bytes()))
    return tmp_path


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that a journal's tables held in the first version, by table."""
    with sqlite3.connect(path) as raw:
        tables = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: raw.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall() for table in tables}


def schema(path: Path) -> dict[str, object]:
    """Columns of tables, texts of indexes, triggers and views."""
    with sqlite3.connect(path) as raw:
        found: dict[str, object] = {}
        for kind, name, text in raw.execute("SELECT type, name, sql FROM sqlite_master").fetchall():
            columns = raw.execute(f"SELECT name, type, \"notnull\", pk FROM pragma_table_info('{name}')").fetchall()
            found[f"{kind} {name}"] = columns if kind == "table" else text
        return found


def test_an_old_journal_becomes_like_a_new_one_and_keeps_every_row(home: Path) -> None:
    path = home / "journal.sqlite"
    before = rows(path)
    assert len(before["answers"]) > 90 and "orders" not in before
    Journal(path).close()
    Journal(home / "new.sqlite").close()
    assert schema(path) == schema(home / "new.sqlite")
    after = rows(path)
    for table, kept in before.items():
        assert [row[: len(old)] for row, old in zip(after[table], kept, strict=True)] == kept


def test_nothing_of_what_the_first_version_delivered_is_sent_again(home: Path) -> None:
    settings = Settings(**{**CHOICES, "home": home})
    said: list[str] = []
    warehouse = Warehouse(settings.warehouse_path, say=said.append)
    with warehouse.writer() as connection:
        create_tables(connection)
        raw = connection.execute("SELECT count(*) FROM stripe.raw_objects WHERE stream = 'charges'").fetchall()
        typed = connection.execute("SELECT count(*) FROM stripe.charges").fetchall()
    assert "made by an older version" in said[0] and raw == typed == [(20,)]
    report = build(settings, warehouse, said.append)
    assert sum(report.entries.values()) == 62 and not report.held
    plan = delivery.plan(settings, warehouse, DELIVERED, offline=True)
    assert [document.document_id for document in plan.to_send if document.posts] == []
    assert plan.unchanged == 45 and not plan.held


def test_a_table_of_proof_gets_its_new_column_and_keeps_its_rows(home: Path) -> None:
    assert adapted(home, "ALTER TABLE proof.items DROP last_day") == ["proof.items"]
    with Warehouse(home / "warehouse.duckdb").writer() as connection:
        create_all(connection)
        assert connection.execute("SELECT count(*) FROM proof.tie_out").fetchall() > [(10,)]
        assert connection.execute("SELECT id, last_day FROM proof.items").fetchall() == [("kept", None)]


@pytest.mark.parametrize("change", ["DROP explained", "ALTER day TYPE VARCHAR", "ADD COLUMN of_a_later_one INTEGER"])
def test_one_that_cannot_be_filled_starts_over_with_those_of_its_file(home: Path, change: str) -> None:
    assert adapted(home, f"ALTER TABLE proof.tie_out {change}") == ["proof.items", "proof.tie_out"]
    with Warehouse(home / "warehouse.duckdb").writer() as connection:
        create_all(connection)
        assert connection.execute("SELECT count(explained) FROM proof.tie_out").fetchall() == [(0,)]
        assert connection.execute("SELECT count(*) FROM proof.runs").fetchall() == [(1,)], "a file of its own"


def adapted(home: Path, change: str) -> list[str]:
    """What is adapted when tables differ by a change from those of today."""
    with Warehouse(home / "warehouse.duckdb").writer() as connection:
        create_all(connection)
        assert migration.follow(connection) == []
        connection.execute(
            "INSERT INTO proof.items BY NAME SELECT DATE '2026-03-02' AS day, '1' AS equation, '' AS balance_type,"
            " 'SEK' AS currency, '' AS account, '' AS kind, 'kept' AS id, 0 AS amount, 0 AS difference,"
            " 'info' AS severity, '' AS text, '' AS remedy, DATE '2026-03-02' AS first_day"
        )
        connection.execute(f"{change}; DELETE FROM main.shapes")
        return sorted(migration.follow(connection))


def create_all(connection: duckdb.DuckDBPyConnection) -> None:
    for text in creations():
        connection.execute(text)


def creations() -> list[str]:
    """The statements that make tables of `delivery` and `proof`, as DuckDB itself takes the files apart."""
    package = Path(migration.__file__).parent
    texts = [path.read_text() for folder in ("delivery", "proof") for path in (package / folder).rglob("*.sql")]
    wanted = re.compile(r"^CREATE TABLE IF NOT EXISTS (delivery|proof)\.", re.MULTILINE)
    statements = [each.query for text in texts if wanted.search(text) for each in duckdb.extract_statements(text)]
    return [statement for statement in statements if wanted.search(statement)]


def test_every_table_that_a_file_makes_is_followed(tmp_path: Path) -> None:
    with Warehouse(tmp_path / "warehouse.duckdb").writer() as connection:
        create_all(connection)
        tables = connection.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE schema_name IN ('delivery', 'proof')"
        ).fetchall()
        for (table,) in tables:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN of_another_version INTEGER")
        connection.execute("DELETE FROM main.shapes")
        assert sorted(migration.follow(connection)) == sorted(table for (table,) in tables)
    assert len(tables) > 20
