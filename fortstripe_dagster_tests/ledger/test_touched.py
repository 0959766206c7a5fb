"""Which days a rebuild finds changed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from fortstripe_dagster.ledger import touched
from fortstripe_dagster.warehouse import Warehouse

MADE = """
    CREATE SCHEMA ledger;
    CREATE TABLE ledger.entries AS SELECT * FROM (VALUES
        ('a:sale', DATE '2026-03-02', 'sale', 'a', NULL::VARCHAR, 'v1'),
        ('b:sale', DATE '2026-03-03', 'sale', 'b', NULL, 'v1'),
        ('n:sale', DATE '2026-03-04', 'sale_credit', 'n', NULL, 'v1'),
        ('k:sale:p', DATE '2026-03-05', 'cash_sale', 'k', NULL, 'v1')
    ) AS t(entry_id, event_day, kind, sale_id, alert, rule_version);
    CREATE TABLE ledger.lines AS SELECT * FROM (VALUES
        ('a:sale', DATE '2026-03-02', 1, '3001', 100.00), ('a:sale', DATE '2026-03-02', 2, '3001', 100.00),
        ('b:sale', DATE '2026-03-03', 1, '3001', 50.00)
    ) AS t(entry_id, event_day, line_no, account, credit);
    CREATE TABLE ledger.parties AS SELECT * FROM (VALUES ('a', 'Anna'), ('b', 'Bo'), ('k', 'Kim')) AS t(sale_id, name);
    CREATE TABLE ledger.sale_rows AS
        SELECT * FROM (VALUES ('a', 'Kurs'), ('b', 'Bok'), ('n', 'Rest')) AS t(sale_id, text);
"""
SECOND, THIRD = date(2026, 3, 2), date(2026, 3, 3)


@pytest.fixture
def built() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(MADE)
    assert touched.update(connection) == []  # nothing to compare with
    return connection


@pytest.mark.parametrize(
    ("change", "days"),
    [
        ("SELECT 1", []),
        ("UPDATE ledger.entries SET alert = 'look', rule_version = 'v2'", []),
        ("UPDATE ledger.lines SET credit = 51 WHERE entry_id = 'b:sale'", [THIRD]),
        ("UPDATE ledger.parties SET name = 'Anna Berg' WHERE sale_id = 'a'", [SECOND]),
        ("UPDATE ledger.sale_rows SET text = 'Boken' WHERE sale_id = 'b'", [THIRD]),
        ("UPDATE ledger.sale_rows SET text = 'Resten' WHERE sale_id = 'n'", [date(2026, 3, 4)]),
        ("UPDATE ledger.parties SET name = 'Kim Ek' WHERE sale_id = 'k'", [date(2026, 3, 5)]),
        ("DELETE FROM ledger.lines WHERE entry_id = 'a:sale' AND line_no = 2", [SECOND]),
        ("DELETE FROM ledger.entries WHERE entry_id = 'b:sale'; DELETE FROM ledger.lines WHERE entry_id = 'b:sale'",
         [THIRD]),
        ("UPDATE ledger.lines SET event_day = '2026-03-03' WHERE entry_id = 'a:sale'", [SECOND, THIRD]),
        ("INSERT INTO ledger.lines VALUES ('c', DATE '2026-03-09', 1, '3001', 5)", [date(2026, 3, 9)]),
    ],
)  # fmt: skip
def test_exactly_the_days_that_hold_something_else_are_changed(
    built: duckdb.DuckDBPyConnection, change: str, days: list[date]
) -> None:
    built.execute(change)
    assert touched.update(built) == days
    assert touched.update(built) == []


def test_a_change_waits_until_it_is_handed_on(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    with warehouse.transaction() as connection:
        connection.execute(MADE.replace("CREATE SCHEMA ledger;", ""))
        touched.update(connection)
        connection.execute("UPDATE ledger.lines SET credit = 51")
        touched.update(connection)
        touched.update(connection)

    def broken_off(days: dict[date, str]) -> dict[date, str]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        touched.hand_on(warehouse, broken_off)
    assert list(touched.hand_on(warehouse, lambda days: days)) == [SECOND, THIRD]
    assert touched.hand_on(warehouse, lambda days: days) == {}
