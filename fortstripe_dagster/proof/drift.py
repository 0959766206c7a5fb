"""Drift: what people changed in Fortnox after delivery. How it is found stands in sql/drift.sql.

What belongs here: what was sent, from the journal, and what was found, as values.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path

import duckdb

from fortstripe_dagster.delivery import Journal
from fortstripe_dagster.warehouse import has_table

INVOICE_FIELDS = {
    each: f"$.Invoice.{each}"
    for each in ("InvoiceDate", "DueDate", "CustomerNumber", "Currency", "ExternalInvoiceReference1")
}
CUSTOMER_FIELDS = {
    each: f"$.Customer.{each}"
    for each in ("Name", "Address1", "Address2", "ZipCode", "City", "Email", "OrganisationNumber")
} | {"Phone": "$.Customer.Phone1"}
"""Fields that Fortnox's lists show, and where they stand in what is sent."""

SENT = """
    SELECT i.document_id, i.path, json_extract(i.body, '$.Customer.CustomerNumber') AS number,
           json_extract(i.body, {paths}) AS fields
    FROM intents i JOIN answers a USING (intent)
    WHERE a.outcome IN ('done', 'found') AND json_type(i.body, ?) = 'object'
    ORDER BY i.intent
"""


@dataclass(frozen=True)
class Drift:
    """One change: what was sent (`ours`) and what Fortnox has (`theirs`), by `who` and when where Fortnox tells.

    `gone_at` is None as long as the change stands.
    """

    found_at: datetime
    gone_at: datetime | None
    kind: str
    document: str
    what: str
    ours: str | None
    theirs: str | None
    who: str | None
    changed_on: date | None
    day: date
    severity: str
    text: str


def drift(connection: duckdb.DuckDBPyConnection, *, undone: bool = False) -> tuple[Drift, ...]:
    """All changes that stand, as of the last proof; with `undone` those too that were taken back since."""
    if not has_table(connection, "proof.drift"):
        return ()
    columns = ", ".join(each.name for each in fields(Drift))
    rows = connection.execute(
        f"SELECT {columns} FROM proof.drift WHERE ? OR gone_at IS NULL ORDER BY found_at, day, kind, document, what",
        [undone],
    ).fetchall()
    return tuple(Drift(*row) for row in rows)


def load_sent(connection: duckdb.DuckDBPyConnection, journal: Path) -> None:
    """Make the temporary table sent_fields: each field as last sent, of invoices by document, of customers by number.

    Without a journal it is empty.
    """
    sent: dict[tuple[str, str], str] = {}
    if journal.exists():
        with Journal(journal) as opened:
            for root, names in (("$.Invoice", INVOICE_FIELDS), ("$.Customer", CUSTOMER_FIELDS)):
                query = SENT.format(paths=", ".join(f"'{place}'" for place in names.values()))
                for document, path, number, fields_ in opened.rows(query, [root]):
                    key = document if root == "$.Invoice" else number or path.rpartition("/")[2]
                    values = zip(names, json.loads(fields_), strict=True)
                    sent |= {(key, what): str(value) for what, value in values if value is not None}
    connection.execute("CREATE OR REPLACE TEMP TABLE sent_fields (document_id VARCHAR, what VARCHAR, ours VARCHAR)")
    connection.execute(
        "INSERT INTO sent_fields SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
        [[key for key, _ in sent], [what for _, what in sent], list(sent.values())],
    )
