"""Which documents must be made one after the other, and which may be made side by side.

A chain is a customer with everything that hangs on it. Vouchers hang on nothing: each, with its supplements and files,
is a chain, taken in the order of days, so that their numbers follow the days closely and no request waits for another.
So are the moves of an article in stock: its quantity is read before it is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from fortstripe_dagster.delivery.documents.documents import SETTING_UP, Document
from fortstripe_dagster.delivery.documents.stock import KINDS

Chain = list[Document]

_ORDER = {
    "customer": 0,
    "customer_change": 0,
    "comment": 7,
    "invoice": 1,
    "payment": 2,
    "credit_invoice": 3,
    "voucher": 5,
    "specification": 6,
    "stock_document": 8,
    "stock_quantity": 8,
}


def chains_of(documents: Sequence[Document]) -> list[Chain]:
    """The documents in chains, oldest first; in each by day customer, invoice, payment, credit, its payment.

    What something of an earlier day depends on comes before that.
    """
    parents: dict[str, str] = {}

    def root(name: str) -> str:
        parents.setdefault(name, name)
        while parents[name] != name:
            parents[name] = name = parents[parents[name]]
        return name

    for document in documents:
        for other in document.depends_on if not _of_voucher(document) else ():
            if other.partition(":")[0] not in SETTING_UP:
                parents[root(document.document_id)] = root(other)
    chains: dict[str, Chain] = defaultdict(list)
    for document in documents:
        if _of_voucher(document):
            chain = f"voucher {document.document_id.split(':')[1:4]}"
        elif document.kind in KINDS:
            chain = f"stock {document.content['article']}"
        else:
            chain = root(document.document_id)
        chains[chain].append(document)
    ordered = [_after_what_they_need(sorted(members, key=_order)) for members in chains.values()]
    return sorted(ordered, key=lambda chain: (min(document.day for document in chain), chain[0].document_id))


def _after_what_they_need(chain: Chain) -> Chain:
    """The chain with each document after those that it depends on, also where their day is a later one."""
    by_id = {document.document_id: document for document in chain}
    placed: dict[str, Document] = {}

    def place(document: Document) -> None:
        if by_id.pop(document.document_id, None) is None:
            return
        for name in document.depends_on:
            if name in by_id:
                place(by_id[name])
        placed[document.document_id] = document

    for document in chain:
        place(document)
    return list(placed.values())


def _of_voucher(document: Document) -> bool:
    return document.kind == "voucher" or (document.kind == "specification" and "voucher" in document.content)


def _order(document: Document) -> tuple[bool, object, int, str]:
    of_credit = document.kind == "payment" and any(name.startswith("credit_invoice:") for name in document.depends_on)
    rank = 4 if of_credit else _ORDER[document.kind]
    return document.kind != "customer", document.day, 0 if document.reverses else rank, document.document_id
