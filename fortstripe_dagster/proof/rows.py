"""Rows that Python holds into a table of the warehouse, many at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import duckdb

AT_ONCE = 20_000
"""Rows handed over together: bounds the memory that they take as text."""


def insert_rows(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Add rows of numbers, texts, dates, Decimals and None, which become what the table's columns hold.

    As one JSON text they cost a tenth of what they would row by row. Raises duckdb.Error for a value that does not fit.
    """
    paths = [f"$[{place}]" for place in range(len(columns))]
    values = ", ".join(f"v[{place}] AS {column}" for place, column in enumerate(columns, 1))
    for start in range(0, len(rows), AT_ONCE):
        text = json.dumps(rows[start : start + AT_ONCE], default=str, ensure_ascii=False)
        connection.execute(
            f"INSERT INTO {table} BY NAME SELECT {values} FROM ("
            f" SELECT json_extract_string(row, {paths}) AS v FROM (SELECT unnest(json_extract(?, '$[*]')) AS row))",
            [text],
        )
