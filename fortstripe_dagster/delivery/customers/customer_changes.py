"""What has changed about a customer in Stripe since Fortnox was told: exactly those fields are written, no others.

A person's edit in Fortnox stands wherever Stripe did not change the same field, and always in the fields that the
company keeps in Fortnox. Nothing is cleared because one sale lacks it, and an older sale does not bring back old facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fortstripe_dagster.delivery.customers.customers import is_guest
from fortstripe_dagster.delivery.documents import bodies
from fortstripe_dagster.delivery.documents.documents import Document
from fortstripe_dagster.delivery.documents.exact_json import dumps, loads
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.settings import Settings

FIELDS = (
    "name", "email", "phone", "address1", "address2", "zip_code", "city", "country", "organisation_number",
    "vat_number", "vat_type", "type",
)  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What Fortnox was told of a customer last: the fields, as of which day, and by how many changes."""

    content: Mapping[str, Any]
    day: str
    changes: int


def documents(wanted: Iterable[Document], journal: Journal, settings: Settings) -> list[Document]:
    """A change for each of these customers of whom Fortnox was told something else."""
    customers = {each.document_id: each for each in wanted if not is_guest(each)}
    found = []
    for document_id, told in _told(journal, customers).items():
        change = _change(customers[document_id], told, settings)
        if change is not None:
            found.append(change)
    return found


def _change(customer: Document, told: Told, settings: Settings) -> Document | None:
    if customer.day.isoformat() < told.day:
        return None
    after = dict(told.content)
    for name in FIELDS:
        value = customer.content.get(name)
        if value and name not in settings.customer_fields_owned_by_fortnox:
            after[name] = value
    changed = sorted(name for name in FIELDS if after.get(name) != told.content.get(name))
    if not changed:
        return None
    document = Document(
        document_id=f"customer_change:{customer.document_id.partition(':')[2]}:{told.changes + 1}",
        kind="customer_change",
        day=customer.day,
        description=f"{customer.description}: {', '.join(changed)}",
        depends_on=(customer.document_id,),
        content={"customer": customer.document_id, "before": dict(told.content), "after": after},
        books={"changed": {name: after[name] for name in changed}},
    )
    return document if bodies.differs(document) else None


def _told(journal: Journal, document_ids: Iterable[str]) -> dict[str, Told]:
    """What Fortnox was told of these customers; those of whom it was told nothing are left out."""
    rows = journal.rows(
        "SELECT s.kind, s.document_id, s.day, s.content FROM seals s WHERE s.kind IN ('customer', 'customer_change')"
        " AND CASE s.kind WHEN 'customer' THEN s.document_id ELSE json_extract(s.content, '$.customer') END"
        "     IN (SELECT value FROM json_each(?))"
        " AND EXISTS (SELECT 1 FROM intents i JOIN answers a USING (intent)"
        "             WHERE i.seal = s.seal AND a.outcome IN ('done', 'found'))"
        " ORDER BY s.seal",
        [dumps(sorted(document_ids))],
    )
    told: dict[str, Told] = {}
    for row in rows:
        content = loads(row["content"])
        if row["kind"] == "customer":
            told[row["document_id"]] = Told(content, row["day"], 0)
        elif content["customer"] in told:
            before = told[content["customer"]]
            told[content["customer"]] = Told(content["after"], row["day"], before.changes + 1)
    return told
