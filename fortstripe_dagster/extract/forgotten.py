"""What of a customer whom a person had forgotten is not stored again, and is erased from what is stored.

Two parts go by forgotten_fields.csv: `contact` always, `identity` (name and address) only where no booked sale has to
keep them. Country, postal code and tax numbers stay: without them a rebuilt ledger would decide VAT otherwise.
"""

from __future__ import annotations

import csv
from importlib.resources import files

import duckdb

from fortstripe_dagster.extract.personal import Field, kept, lean
from fortstripe_dagster.extract.streams import STREAMS

OF = {
    "customers": "id",
    "events": "coalesce(json_extract_string(raw, '$.data.object.customer'),"
    " json_extract_string(raw, '$.data.object.id'))",
}
"""SQL for the customer of an object; in every other stream a field of that name has it."""


def customer_of(stream: str) -> str:
    """SQL for the customer of a stream's objects."""
    return OF.get(stream, "json_extract_string(raw, '$.customer')")


def fields(stream: str, *, identity: bool) -> list[Field]:
    """What is erased of a stream's objects. A field that both parts name is cut to what the stricter keeps."""
    text = files(__package__).joinpath("forgotten_fields.csv").read_text(encoding="utf-8")
    found: dict[str, Field] = {}
    for row in csv.DictReader(text.splitlines()):
        if row["stream"] == stream and (identity or row["part"] == "contact"):
            found[row["field"]] = Field(row["field"], tuple(row["keep"].split()))
    return list(found.values())


def without(stream: str, *, identity: bool) -> str | None:
    """SQL for `raw` without what is erased of it; None for a stream in which there is nothing to erase."""
    chosen = fields(stream, identity=identity)
    return lean("raw", chosen, [f"raw -> '$.{path}'" for path in kept(chosen)]) if chosen else None


def keep_forgotten(connection: duckdb.DuckDBPyConnection) -> None:
    """Erase from the objects that have arrived (`items`) what is not to be stored of forgotten customers again."""
    people = connection.execute("SELECT customer, bool_or(identity) FROM stripe.forgotten GROUP BY customer").fetchall()
    if not people:
        return
    for identity in (False, True):
        ids = [customer for customer, whole in people if whole == identity]
        for stream in STREAMS:
            raw = without(stream, identity=identity)
            if ids and raw:
                connection.execute(
                    f"UPDATE items SET raw = {raw} WHERE stream = ? AND parent IS NULL AND NOT deleted"
                    f" AND list_contains(?::VARCHAR[], {customer_of(stream)})",
                    [stream, ids],
                )
