"""What each materialization shows a finance person in the Dagster UI: counts, sums, table schemas, a small chart.

Money is text here, for Dagster refuses Decimal and a float would be wrong.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import dagster as dg
import duckdb

from fortstripe_dagster.business_day import TIMEZONE, Days
from fortstripe_dagster.money import to_decimal
from fortstripe_dagster.texts import one_line

Metadata = dict[str, Any]
CHART_WIDTH = 40


def of_table(connection: duckdb.DuckDBPyConnection, table: str) -> Metadata:
    """Row count and column schema of a warehouse table, each column with what `columns.csv` says of it."""
    count = connection.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)
    columns = connection.execute(f"DESCRIBE {table}").fetchall()
    schema = dg.TableSchema(
        [dg.TableColumn(name=row[0], type=row[1], description=said_of(table, row[0])) for row in columns]
    )
    return {"dagster/row_count": count[0], "dagster/column_schema": schema, "dagster/table_name": table}


def said_of(table: str, column: str) -> str | None:
    """What a column holds: by its table where it is named so, else by its name, which means the same everywhere."""
    known = descriptions()
    return known.get(f"{table}.{column}") or known.get(column)


@cache
def descriptions() -> dict[str, str]:
    """What `columns.csv` says, by column or by schema, table and column."""
    rows = csv.DictReader(files(__package__).joinpath("columns.csv").read_text("utf-8").splitlines())
    return {row["column"]: row["description"] for row in rows}


def shown(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object] = ()
) -> dg.MetadataValue[Any]:
    """The result of a query as a markdown table; amounts exactly as the warehouse has them."""
    cursor = connection.execute(query, list(parameters))
    names = [column[0] for column in cursor.description or []]
    return markdown_table(names, cursor.fetchall())


def new_by_day(connection: duckdb.DuckDBPyConnection, table: str, days: Days) -> list[tuple[date, Decimal]]:
    """How many objects of a stream were created on each of the days."""
    return connection.execute(
        f"SELECT (created AT TIME ZONE '{TIMEZONE}')::DATE AS day, count(*)::DECIMAL(18, 0) FROM {table} "
        "WHERE day BETWEEN ? AND ? GROUP BY 1 ORDER BY 1",
        [days.first, days.last],
    ).fetchall()


def amounts_by_currency(connection: duckdb.DuckDBPyConnection, table: str, days: Days) -> dg.MetadataValue | None:
    """What the days' objects add up to in each currency; None for a stream without amounts."""
    columns = {row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()}
    measures = [name for name in ("amount", "fee", "net", "total", "amount_paid") if name in columns]
    if "currency" not in columns or not measures:
        return None
    sums = ", ".join(f"coalesce(sum({name}), 0)::BIGINT" for name in measures)
    rows = connection.execute(
        f"SELECT currency, count(*), {sums} FROM {table} "
        f"WHERE (created AT TIME ZONE '{TIMEZONE}')::DATE BETWEEN ? AND ? GROUP BY 1 ORDER BY 1",
        [days.first, days.last],
    ).fetchall()
    return markdown_table(
        ["currency", "objects", *measures],
        [(row[0], row[1], *(to_decimal(minor, row[0]) for minor in row[2:])) for row in rows],
    )


def markdown_table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> dg.MetadataValue[Any]:
    """Rows as a markdown table; texts from outside cannot break out of their cell."""
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return dg.MetadataValue.md("\n".join(lines) if rows else "*nothing*")


def daily_chart(rows: Sequence[tuple[date, Decimal]]) -> dg.MetadataValue[Any]:
    """A bar for each day, with its amount beside it."""
    most = max((abs(amount) for _, amount in rows), default=Decimal(0))
    lines = [
        f"{day}  {'█' * max(int(abs(amount) * CHART_WIDTH / most), 1 if amount else 0) if most else '':<{CHART_WIDTH}}"
        f"  {amount:>14}"
        for day, amount in rows
    ]
    return dg.MetadataValue.md("```\n" + "\n".join(lines) + "\n```" if rows else "*nothing*")


def plot(
    context: dg.AssetExecutionContext, key: dg.AssetKey, title: str, rows: Sequence[tuple[date, Decimal | int]]
) -> None:
    """Give each day a figure of its own, which Dagster plots over the days. Only here is an amount a float."""
    for day, amount in rows:
        context.add_asset_metadata({title: float(amount)}, asset_key=key, partition_key=day.isoformat())


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return one_line(text).replace("|", "¦").replace("<", "‹").replace("`", "ʼ")
