"""Rows are found by their numbers, whether they lie together or everywhere, and no others."""

from __future__ import annotations

import duckdb
import pytest

from fortstripe_dagster.ledger.places import MANY, NEAR, at_places


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
