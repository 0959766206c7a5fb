"""Rows found by their numbers: what is far from all of them is not even read.

A table holds what happened together near together, and DuckDB skips the groups of rows that a range of numbers bars; a
list of numbers bars none.
"""

from __future__ import annotations

import duckdb

NEAR = 2_048
"""Rows that DuckDB reads at once: a gap of fewer spares nothing."""

MANY = 64
"""With more ranges than this the rows are everywhere."""


def at_places(connection: duckdb.DuckDBPyConnection, places: str) -> str:
    """The condition for the rows whose numbers stand in column `place` of this table."""
    ranges = connection.execute(
        "SELECT min(place), max(place) FROM ("
        f"  SELECT place, count(*) FILTER (far) OVER (ORDER BY place) AS nth FROM ("
        f"    SELECT place, place - lag(place) OVER (ORDER BY place) > {NEAR} AS far FROM {places}))"
        " GROUP BY nth ORDER BY 1"
    ).fetchall()
    wanted = f"rowid IN (SELECT place FROM {places})"
    if not ranges or len(ranges) > MANY:
        return wanted
    return f"({' OR '.join(f'rowid BETWEEN {first} AND {last}' for first, last in ranges)}) AND {wanted}"
