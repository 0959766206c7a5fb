"""Credit invoices that Fortnox makes itself (`/credit`), once for an invoice and of all of it, and links with it.

Fortnox dates them today and knows no reference of ours, so an update follows before they are bookkept. Whether one was
made is told by the original's CreditInvoiceReference; where Fortnox refuses, the credit is an invoice of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fortstripe_dagster.delivery.documents.documents import Document
from fortstripe_dagster.delivery.journal.journal import Journal, Request
from fortstripe_dagster.fortnox import Fortnox, path
from fortstripe_dagster.fortnox.values import as_bool

_ACTION = "/credit"
_UPDATED = frozenset(
    {"CustomerNumber", "InvoiceDate", "DueDate", "ExternalInvoiceReference1", "ExternalInvoiceReference2", "Remarks"}
)
"""What of a credit invoice is ours to say, and the customer, whom Fortnox's specification wants on any invoice that is
written; rows and VAT are the original's."""


def credit(original: str) -> Request:
    """The request that has Fortnox credit an invoice."""
    return Request("PUT", path("invoices", original, _ACTION.strip("/")))


def update(number: str, body: Mapping[str, Any]) -> Request:
    """The request that gives the credit its day and our reference, from the `body` of a new credit invoice."""
    wanted = {name: value for name, value in body["Invoice"].items() if name in _UPDATED}
    return Request("PUT", path("invoices", number), {"Invoice": wanted})


def made_by_credit(request: Request) -> bool:
    """Whether a request has Fortnox credit an invoice itself."""
    return request.path.endswith(_ACTION)


def was_refused(journal: Journal, document: Document) -> bool:
    """Whether Fortnox has refused to credit the original itself; a new credit invoice says it then."""
    rows = journal.rows(
        "SELECT 1 FROM intents i JOIN answers a USING (intent)"
        " WHERE i.document_id = ? AND i.path LIKE ? AND a.outcome = 'refused' LIMIT 1",
        [document.document_id, f"%{_ACTION}"],
    )
    return bool(rows)


def number_of(answer: Mapping[str, Any]) -> str:
    """The credit invoice's number, in its own record or in the original's."""
    invoice = answer["Invoice"]
    number = invoice["DocumentNumber"] if as_bool(invoice.get("Credit")) else _reference(invoice)
    if number is None:
        raise KeyError("CreditInvoiceReference")
    return str(number)


def look_up(client: Fortnox, original: str, document: Document) -> dict[str, Any] | None:
    """The credit invoice that Fortnox made of the original for this document, if it did.

    One that is bookkept, or has another credit's reference, is somebody else's.
    """
    credited = client.get(path("invoices", original))["Invoice"]
    number = _reference(credited)
    if number is None:
        return None
    answer: dict[str, Any] = client.get(path("invoices", number))
    invoice, kept = answer["Invoice"], credited.get("ExternalInvoiceReference1")
    ours = invoice.get("ExternalInvoiceReference1") in (None, "", kept, document.content["reference1"])
    return answer if ours and not as_bool(invoice.get("Booked")) and not as_bool(invoice.get("Cancelled")) else None


def look_up_update(answer: dict[str, Any], document: Document) -> dict[str, Any] | None:
    """The credit invoice, if it has the day and the reference that the update gave it."""
    invoice = answer["Invoice"]
    said = (str(invoice.get("InvoiceDate")), invoice.get("ExternalInvoiceReference1"))
    return answer if said == (document.booked_on.isoformat(), document.content["reference1"]) else None


def _reference(invoice: Mapping[str, Any]) -> str | None:
    """The number of the credit invoice that an invoice names; Fortnox says "0" where there is none."""
    number = str(invoice.get("CreditInvoiceReference") or "0")
    return None if number == "0" else number
