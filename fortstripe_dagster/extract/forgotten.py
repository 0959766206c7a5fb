"""What of a customer whom a person had forgotten is not stored again, and is erased from what is stored.

Two parts go by forgotten_fields.csv: `contact` always, `identity` (name and address) only where no booked sale has to
keep them. Country, postal code and tax numbers stay: without them a rebuilt ledger would decide VAT otherwise.
A guest is nobody's customer in Stripe and is known by the e-mail address; of that a digest alone is remembered.
"""

from __future__ import annotations

import csv
import hashlib
from importlib.resources import files

import duckdb

from fortstripe_dagster.extract.personal import Field, kept, lean
from fortstripe_dagster.extract.streams import STREAMS

GUEST = "guest:"
"""How the id of a guest begins; the address's digest follows."""
OWNERS = {"customers": "$.id", "events": "$.data.object.customer"}
"""Where the customer of an object stands; in every other stream a field of that name has it."""
ADDRESSES = {
    "charges": ("billing_details.email", "receipt_email"),
    "checkout_sessions": ("customer_details.email", "customer_email"),
    "payment_intents": ("receipt_email",),
}
"""Where the e-mail address of a guest stands."""


def guest(address: str) -> str:
    """The id under which a guest is remembered: the address itself would be what was to be forgotten."""
    return GUEST + hashlib.sha256(address.strip().lower().encode()).hexdigest()


def people_of(stream: str) -> str:
    """SQL for the ids of those whom an object is of, in a list: its customer, else the guests of its addresses."""
    owner = f"json_extract_string(raw, '{OWNERS.get(stream, '$.customer')}')"
    if stream == "events":
        paths = [f"data.object.{path}" for path in {path for found in ADDRESSES.values() for path in found}]
        known = f"coalesce({owner}, json_extract_string(raw, '$.data.object.id'))"
    else:
        paths, known = list(ADDRESSES.get(stream, ())), owner
    digests = ", ".join(
        f"'{GUEST}' || sha256(lower(trim(json_extract_string(raw, '$.{path}'))))" for path in sorted(paths)
    )
    return f"CASE WHEN {owner} IS NULL THEN [{known}, {digests}] ELSE [{known}] END" if paths else f"[{known}]"


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
                    f" AND list_has_any(?::VARCHAR[], {people_of(stream)})",
                    [stream, ids],
                )
