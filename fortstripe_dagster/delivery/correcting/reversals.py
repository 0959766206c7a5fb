"""How a document in Fortnox is taken back: by an equal one the other way, which names it, the reason and who decided.

A voucher is taken back by a voucher, an invoice by a credit invoice, a credit invoice by an invoice, a payment by a
negative payment. Clearing and transit are proven by what Stripe says: they are never posted to here. What is freed
stands on the suspense account (OBS-konto) until a person has decided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from fortstripe_dagster.delivery.correcting.orders import Order
from fortstripe_dagster.delivery.documents.documents import REVERSAL, Document, Held, Line, Part
from fortstripe_dagster.delivery.documents.exact_json import amount
from fortstripe_dagster.delivery.documents.vouchers import short
from fortstripe_dagster.delivery.journal.history import Sealed
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.settings.accounts import Accounts

_FLIPPED: Mapping[str, Any] = {"invoice": "credit_invoice", "credit_invoice": "invoice"}
_SIDES = {"debit": "credit", "credit": "debit"}


@dataclass(frozen=True)
class Sent:
    """What is known of documents in Fortnox: as they were sealed, the finished, their numbers, why they change."""

    documents: Mapping[str, Document] = field(default_factory=dict)
    finished: frozenset[str] = frozenset()
    number_of: Callable[[str], str | None] = lambda _: None
    because: Callable[[date], str] = lambda _: ""


def reversal(document: Document, number: str, because: str, accounts: Accounts) -> Document:
    """What takes back a document that Fortnox has under `number`; `because` is the reason, with who and when."""
    moved = {account: accounts.suspense for account in (*accounts.clearing.values(), *accounts.transit.values())}
    return Document(
        document_id=reversal_id(document),
        kind=_FLIPPED.get(document.kind, document.kind),
        day=document.day,
        description=_text(document, number, because),
        parts=tuple(Part(part.entry_id, _negated(part.lines, moved)) for part in document.parts),
        depends_on=(document.document_id,),
        content=_content(document, number, because, moved),
        books={"reverses": document.document_id, "booked_on": document.booked_on.isoformat()},
        rule_version=document.rule_version,
    )


def reversal_id(document: Document | Sealed) -> str:
    """The id of what takes a document back; it can happen once."""
    kind, _, name = document.document_id.partition(":")
    return f"{_FLIPPED.get(kind, kind)}:{name}{REVERSAL}"


def moves_nothing_else(document: Document, accounts: Accounts) -> bool:
    """Whether a document moves money between clearing and transit alone, so that there is nothing to take back."""
    return set(document.lines) <= {*accounts.clearing.values(), *accounts.transit.values()}


def _negated(lines: tuple[Line, ...], moved: Mapping[str, str]) -> tuple[Line, ...]:
    return tuple(replace(line, account=moved.get(line.account, line.account), amount=-line.amount) for line in lines)


def _text(document: Document, number: str, because: str) -> str:
    what = {
        "voucher": "verifikation", "invoice": "faktura", "credit_invoice": "kreditfaktura", "payment": "betalning",
    }[document.kind]  # fmt: skip
    return short(f"Rättelse av {what} {number} {document.booked_on}: {because}")


def _content(document: Document, number: str, because: str, moved: Mapping[str, str]) -> dict[str, Any]:
    content: dict[str, Any] = {**document.content, "reverses": document.document_id, "because": because}
    match document.kind:
        case "voucher":
            content["rows"] = [
                {
                    **{name: value for name, value in row.items() if name not in _SIDES},
                    "account": moved.get(row["account"], row["account"]),
                    **{_SIDES[side]: row[side] for side in _SIDES if side in row},
                }
                for row in content["rows"]
            ]
        case "payment":
            content["account"] = moved.get(content["account"], content["account"])
            content["amount"] = -amount(content["amount"])
            content["receivable"] = -amount(content["receivable"])
            content["write_offs"] = [{**off, "amount": -amount(off["amount"])} for off in content["write_offs"]]
        case _:
            content |= {
                "original": document.document_id,
                "text": because,
                "note": None if document.kind == "invoice" else f"Återför kreditfaktura {number}: {because}",
                "reference1": f"{content['reference1']}{REVERSAL}",
                "stripe_number": None,
                "rows": [{**row, "quantity": -amount(row["quantity"])} for row in content["rows"]],
                "gross": -amount(content["gross"]),
                "vat": -amount(content["vat"]),
            }
            content.pop("due_day", None)
            content.pop("linked", None)
    return content


def taken_back(orders: Mapping[str, Order], sent: Sent, settings: Settings) -> list[Document]:
    """What the orders to undo documents call for, of those that are known and finished."""
    found = []
    for document_id, order in orders.items():
        number = sent.number_of(document_id) if document_id in sent.finished else None
        if number is not None and document_id in sent.documents:
            found.append(reversal(sent.documents[document_id], number, order.because, settings.accounts))
    return found


def as_undone(document: Document, order: Order) -> Held:
    """How an undone document is told to people: its entries stay out of Fortnox until a person says otherwise."""
    return Held(
        f"undone:{document.document_id}",
        document.kind,
        document.day,
        document.entry_ids,
        f"{document.document_id} was undone: {order.because}.",
        "move what it left on the suspense account by hand, or deliver it anew:"
        f" `fortstripe undo {document.document_id} --redo --reason …`.",
    )
