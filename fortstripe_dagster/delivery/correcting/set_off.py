"""What settled an invoice that was credited and made anew is carried over to the new one (kvittning): no money moves.

The old invoice and its credit are paid off against each other by way of the suspense account, and what customers had
paid of the old one pays the new one; the three come to nothing there. Without it the sub-ledger would show two open
items for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from fortstripe_dagster.delivery.correcting.reversals import reversal_id
from fortstripe_dagster.delivery.documents.documents import Document, Line, Part
from fortstripe_dagster.delivery.documents.exact_json import amount
from fortstripe_dagster.delivery.documents.invoicing import SETTLEMENT
from fortstripe_dagster.delivery.journal import history
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.settings.accounts import Accounts

_INVOICES = ("invoice", "credit_invoice")


def documents(
    journal: Journal, there: Sequence[Document], coming: Sequence[Document], settings: Settings
) -> list[Document]:
    """The payments that set off replaced invoices, of those that are `there` (sealed) and their successors there or
    `coming`. One that was sealed is left out, and so is an invoice on which a payment is not finished yet."""
    if settings.credit_settlement != "payment":
        return []
    sealed = {document.document_id: document for document in there}
    found: list[Document] = []
    for new in (*there, *coming):
        old = sealed.get(str(new.content.get("replaces")))
        if old is not None and old.kind in _INVOICES:
            found += [each for each in _of(journal, old, new, settings) if each.document_id not in sealed]
    return found


def _of(journal: Journal, old: Document, new: Document, settings: Settings) -> Iterator[Document]:
    payments = history.payments_of(journal, old.document_id)
    mine = [f"payment:{old.document_id}:setoff:{number}" for number in (1, 2, 3)]
    others = {name: receivable for name, receivable in payments.items() if name not in mine}
    if others.keys() - history.finished(journal, others):
        return
    paid, gross = sum(others.values(), Decimal(0)), amount(old.content["gross"])
    back = reversal_id(old)
    after = (old.document_id, back, new.document_id)
    for name, target, target_gross, value in (
        (mine[0], old.document_id, gross, gross - paid),
        (mine[1], back, -gross, -gross),
        (mine[2], new.document_id, amount(new.content["gross"]), paid),
    ):
        if value:
            yield _payment(name, target, target_gross, value, after, new, settings.accounts)


def _payment(
    name: str, target: str, target_gross: Decimal, value: Decimal, after: tuple[str, ...], new: Document,
    accounts: Accounts,
) -> Document:  # fmt: skip
    lines = (Line(accounts.suspense, value), Line(accounts.receivable, -value))
    return Document(
        document_id=name,
        kind="payment",
        day=new.day,
        description=f"Kvittning {target.partition(':')[2]}",
        parts=(Part(f"{SETTLEMENT}{after[0]}", lines),),
        depends_on=(target, *(other for other in after if other != target)),
        content={
            "target": target,
            "target_gross": target_gross,
            "account": accounts.suspense,
            "amount": value,
            "write_offs": [],
            "receivable": value,
            "because": new.content.get("because"),
        },
        rule_version=new.rule_version,
    )
