"""The tables of the law and of Stripe's vocabulary (`data/*.csv`) as typed tables of schema `ledger`.

A rule that is a table is data: it has rows with a day from which, and where it ended a day until which, it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

import duckdb

from fortstripe_dagster.money import CURRENCIES, REDENOMINATIONS

RENAMED = {"movements": "movement_kinds"}
"""Files whose table has another name, since `ledger.movements` are the movements themselves."""
TYPES = {
    "valid_from": "DATE",
    "valid_to": "DATE",
    "percent": "DECIMAL(5, 2)",
    "kronor": "DECIMAL(12, 2)",
    "digits": "INTEGER",
    "units_per_successor": "DECIMAL(12, 5)",
}
"""Columns that are not text."""
FOREVER = "9999-12-31"


def load(connection: duckdb.DuckDBPyConnection, origin: Iterable[Traversable] | None = None) -> None:
    """Make a table of each file (default: `sources`); a rule without an end holds until the year 9999."""
    for file in sources() if origin is None else origin:
        name = file.name.removesuffix(".csv")
        table = f"ledger.{RENAMED.get(name, name)}"
        header = file.read_text(encoding="utf-8").partition("\n")[0].split(",")
        columns = {column: TYPES.get(column, "VARCHAR") for column in header}
        connection.execute(
            f"CREATE OR REPLACE TABLE {table} AS "
            f"SELECT * FROM read_csv('{file}', header = true, auto_detect = false, columns = {columns})"
        )
        if "valid_to" in columns:
            connection.execute(f"UPDATE {table} SET valid_to = '{FOREVER}' WHERE valid_to IS NULL")
    connection.execute(
        "CREATE OR REPLACE TABLE ledger.vat_treatment_kinds AS "
        "SELECT DISTINCT treatment, rate, account, vat_type, coalesce(box, '') AS box FROM ledger.vat_treatments"
    )


def sources() -> Iterator[Traversable]:
    """The files, in the order of their names."""
    folder = files(__package__).joinpath("data")
    yield from sorted((file for file in folder.iterdir() if file.name.endswith(".csv")), key=lambda file: file.name)
    yield from (CURRENCIES, REDENOMINATIONS)
