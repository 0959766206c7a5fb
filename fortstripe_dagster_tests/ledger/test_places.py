"""Rows are found by their numbers, whether they lie together or everywhere, and no others."""

from __future__ import annotations

import duckdb
import pytest

from fortstripe_dagster.ledger.order import CONTRACT
from fortstripe_dagster.ledger.places import MANY, NEAR, at_places
from fortstripe_dagster.ledger.publish import SORTED, whole
from fortstripe_dagster.ledger.workspace import workspace


@pytest.mark.parametrize(
    ("wanted", "ranges"),
    [
        ([], 0),
        ([7], 1),
        ([0, 1, NEAR, 2 * NEAR], 1),
        ([5, 6, NEAR + 7, 90_000, 99_999], 4),
        (list(range(0, 2 * (MANY + 1) * NEAR, 2 * NEAR)), 0),
    ],
)
def test_what_is_found_is_what_was_wanted(wanted: list[int], ranges: int) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"CREATE TABLE rows_of AS SELECT n FROM range({3 * (MANY + 1) * NEAR}) AS t(n)")
        connection.execute("CREATE TABLE places AS SELECT unnest(?::BIGINT[]) AS place", [wanted[::-1]])
        condition = at_places(connection, "places")
        assert condition.count("BETWEEN") == ranges
        found = connection.execute(f"SELECT n FROM rows_of WHERE {condition} ORDER BY n").fetchall()
    assert [n for (n,) in found] == wanted


def test_what_was_sold_on_a_day_lies_together_however_the_joins_left_it() -> None:
    sales = "SELECT sale_id, DATE '2026-01-01' + (sale_id * 7 % 31)::INTEGER AS event_day FROM range(62) AS t(sale_id)"
    with duckdb.connect(":memory:") as connection:
        connection.execute("CREATE SCHEMA ledger")
        with workspace(connection, "made") as home:
            connection.execute(f"CREATE TABLE ledger.sales AS {sales}")
            for table in (*SORTED, *CONTRACT):
                connection.execute(f"CREATE TABLE ledger.{table} AS SELECT 61 - n AS sale_id FROM range(62) AS t(n)")
            connection.execute("INSERT INTO ledger.parties VALUES (99)")  # of no sale: kept all the same
            whole(connection, f"{home}.ledger")
        for table in SORTED:
            query = f"SELECT event_day FROM ledger.{table} t JOIN ledger.sales USING (sale_id) ORDER BY t.rowid"
            days = connection.execute(query).fetchall()
            assert days == sorted(days) and len(days) == 62
        assert connection.execute("SELECT count(*) FROM ledger.parties").fetchone() == (63,)
