"""Documents of a plan for machines; amounts are text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fortstripe_dagster.delivery.documents.documents import Document, Held
from fortstripe_dagster.delivery.planning.effects import effect


def document_json(document: Document, boxes: Mapping[str, str]) -> dict[str, Any]:
    """A document for machines; `boxes` as in `effects`."""
    return {
        "document_id": document.document_id,
        "content_hash": document.content_hash,
        "kind": document.kind,
        "day": document.day.isoformat(),
        "description": document.description,
        "entries": list(document.entry_ids),
        "depends_on": list(document.depends_on),
        "booked_on": document.booked_on.isoformat(),
        **effect_json([document], boxes),
    }


def effect_json(documents: Iterable[Document], boxes: Mapping[str, str]) -> dict[str, Any]:
    """What documents do together, by account and VAT box, for machines; `boxes` as in `effects`."""
    does = effect(documents, boxes)
    return {
        "accounts": {
            account: {"debit": str(debit), "credit": str(credit)} for account, (debit, credit) in does.accounts.items()
        },
        "vat_boxes": {box: str(amount) for box, amount in does.boxes.items()},
    }


def held_json(item: Held) -> dict[str, Any]:
    """A held document for machines."""
    return {
        "document_id": item.document_id,
        "kind": item.kind,
        "day": item.day.isoformat(),
        "entries": list(item.entry_ids),
        "reason": item.reason,
        "remedy": item.remedy,
    }
