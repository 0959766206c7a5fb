"""Schema `stripe` as it was after a past extraction, in a schema of its own: every version of an object is kept.

The same files in `sql/` that make and fill the tables of today do it here, so that a ledger built on the result is the
ledger of that moment.
"""

from __future__ import annotations

import re
from datetime import datetime

import duckdb

from fortstripe_dagster.extract.commit import SQL, WORKSPACE
from fortstripe_dagster.extract.shapes import creations, refill, there
from fortstripe_dagster.extract.streams import STREAMS

SEEN = {
    "windows": "fetched_at",
    "balances": "read_at",
    "opening_balances": "read_at",
    "opening_disputes": "read_at",
    "opening_payouts": "read_at",
    "lookups": "looked_up_at",
    "control_totals": "checked_at",
    "requests": "spent_at",
    "forgotten": "forgotten_at",
}
"""Tables that are not made of objects, and when each row came to be known."""
ALWAYS = ("account", "official_rates")
"""Tables whose rows do not change once they are known."""

_VERSIONS = """
    INSERT INTO {schema}.raw_objects BY NAME
    WITH versions AS (
        SELECT stream, id, api_version, first_seen, last_seen AS fetched_at, raw FROM stripe.raw_versions
        UNION ALL SELECT stream, id, api_version, first_seen, fetched_at, raw FROM stripe.raw_objects
    ),
    then_newest AS (
        SELECT * FROM versions WHERE first_seen <= $at
        QUALIFY row_number() OVER (PARTITION BY stream, id ORDER BY first_seen DESC) = 1
    )
    SELECT v.stream, v.id, o.created, v.api_version, v.first_seen, least(v.fetched_at, $at) AS fetched_at, v.raw
    FROM then_newest AS v JOIN stripe.raw_objects AS o USING (stream, id)
"""


def replay(connection: duckdb.DuckDBPyConnection, at: datetime, schema: str = "stripe_past") -> None:
    """Fill `schema` with the typed tables as they were at a moment; what stood in it is dropped.

    An extraction that was under way at that moment counts as far as it was committed. ValueError for a moment without
    a time zone, or a schema that is not plainly another one.
    """
    if at.tzinfo is None or schema == "stripe" or not re.fullmatch(r"[a-z_][a-z0-9_]*", schema):
        raise ValueError(f"Cannot replay {at} into schema {schema!r}.")
    connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")
    connection.execute(WORKSPACE)
    connection.execute(there("".join(creations(SQL.values())), schema))
    connection.execute(_VERSIONS.format(schema=schema), {"at": at})
    for table, seen in SEEN.items():
        connection.execute(f"INSERT INTO {schema}.{table} SELECT * FROM stripe.{table} WHERE {seen} <= ?", [at])
    for table in ALWAYS:
        connection.execute(f"INSERT INTO {schema}.{table} SELECT * FROM stripe.{table}")
    for stream in STREAMS.values():
        refill(connection, schema, stream.name, [there(SQL[table], schema) for table in stream.tables])
