"""Stripe's own PDF of an invoice or credit note, as something to attach to the invoice in Fortnox that says it.

Pure. The link to a PDF opens it for whoever has it and expires, so none is kept: what is sealed names the invoice at
Stripe, and the PDF is fetched when it is sent (see `sending.fetching`). Of a charge without an invoice Stripe has a
receipt as a web page alone.
"""

from __future__ import annotations

from fortstripe_dagster.delivery.documents.documents import Document
from fortstripe_dagster.settings import Settings

PDF = "application/pdf"
_ISSUED = {"in": "invoices", "cn": "credit_notes"}
"""Where Stripe has the papers it issued, by the beginning of their ids."""


def document_id(invoice: str) -> str:
    """The id of the PDF of an invoice or credit invoice."""
    return f"stripe_pdf:{invoice}"


def wants(invoice: Document, settings: Settings) -> bool:
    """Whether a document gets the PDF of what Stripe issued; what takes another one back, Stripe did not issue."""
    return settings.stripe_pdfs == "invoices" and not invoice.reverses and _issued(invoice) is not None


def document(invoice: Document) -> Document:
    """The PDF of an invoice or credit invoice, without its file."""
    paper = _issued(invoice)
    return Document(
        document_id=document_id(invoice.document_id),
        kind="specification",
        day=invoice.day,
        description=f"Stripe PDF: {invoice.description}",
        depends_on=(invoice.document_id,),
        content={"invoice": invoice.document_id, "paper": paper, "name": _file_name(invoice)},
        books={"invoice": invoice.content_hash},
        rule_version=invoice.rule_version,
    )


def of_stripe(attached: Document) -> str | None:
    """The API path of the invoice or credit note whose PDF this is; None for what is ours."""
    paper = attached.content.get("paper")
    return f"/v1/{_ISSUED[paper.partition('_')[0]]}/{paper}" if paper else None


def _issued(invoice: Document) -> str | None:
    """The id of the invoice or credit note at Stripe; an invoice made anew is numbered after it."""
    if invoice.kind not in ("invoice", "credit_invoice"):
        return None
    name = str(invoice.content.get("reference1") or "").partition(":")[0]
    return name if name.partition("_")[0] in _ISSUED else None


def _file_name(invoice: Document) -> str:
    """The same whenever the same document's PDF is sent, and no other's: an upload is found again by it."""
    return f"stripe-{invoice.document_id.replace(':', '-')}-{invoice.content_hash[:8]}.pdf"
