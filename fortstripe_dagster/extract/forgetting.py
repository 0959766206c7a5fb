"""Erase a customer from schema `stripe` at a person's order: objects, their older versions, and the typed tables."""

from __future__ import annotations

from datetime import datetime

import duckdb

from fortstripe_dagster.extract.commit import SQL, WORKSPACE, create_tables
from fortstripe_dagster.extract.forgotten import GUEST, people_of, without
from fortstripe_dagster.extract.streams import STREAMS


def forget(connection: duckdb.DuckDBPyConnection, customer: str, at: datetime, *, identity: bool) -> dict[str, int]:
    """Erase a customer, or a guest by its id (`guest`), from what is stored, older versions included.

    In the caller's transaction. Returns how many objects were changed, by stream; {} if nothing is known of them.
    """
    create_tables(connection)
    connection.execute(WORKSPACE)
    if not _is_known(connection, customer):
        return {}
    connection.execute("INSERT INTO stripe.forgotten VALUES (?, ?, ?)", [customer, identity, at])
    changed = {}
    for stream in STREAMS.values():
        raw = without(stream.name, identity=identity)
        if raw is None:
            continue
        where = f"stream = '{stream.name}' AND list_contains({people_of(stream.name)}, ?)"
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE changed AS SELECT id, created, {raw} AS raw FROM stripe.raw_objects"
            f" WHERE {where} AND (created IS NOT NULL OR stream = 'customers')",
            [customer],
        )
        for table in ("raw_objects", "raw_versions"):
            connection.execute(f"UPDATE stripe.{table} SET raw = {raw} WHERE {where}", [customer])
        for table in stream.tables:
            connection.execute(SQL[table])
        (changed[stream.name],) = connection.execute("SELECT count(*) FROM changed").fetchone() or (0,)
    return changed


def _is_known(connection: duckdb.DuckDBPyConnection, customer: str) -> bool:
    if customer.startswith(GUEST):
        query = (
            f"SELECT 1 FROM stripe.raw_objects WHERE stream = 'charges' AND list_contains({people_of('charges')}, ?)"
        )
    else:
        query = "SELECT 1 FROM stripe.raw_objects WHERE stream = 'customers' AND id = ?"
    return connection.execute(f"{query} LIMIT 1", [customer]).fetchone() is not None
