"""What settled an invoice that was credited and made anew is carried over to the new one (kvittning): no money moves.

The old invoice and its credit are paid off against each other by way of the suspense account, and what customers had
paid of the old one pays the new one; the three come to nothing there. Without it the sub-ledger would show two open
items for ever. The same holds for a repayment whose credit was replaced by a credit note of an earlier day, or its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from fortstripe_dagster.delivery.correcting.corrections import advance_id
from fortstripe_dagster.delivery.correcting.orders import reason_for
from fortstripe_dagster.delivery.correcting.reversals import reversal_id
from fortstripe_dagster.delivery.documents.desired import Desired
from fortstripe_dagster.delivery.documents.documents import Document, Line, Part
from fortstripe_dagster.delivery.documents.exact_json import amount
from fortstripe_dagster.delivery.documents.invoicing import SETTLEMENT
from fortstripe_dagster.delivery.documents.packaging import base_of
from fortstripe_dagster.delivery.journal import history
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.money import to_decimal
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.settings.accounts import Accounts

_INVOICES = ("invoice", "credit_invoice")


@dataclass(frozen=True)
class _New:
    """What takes the place of an invoice or credit invoice: `gross` in kronor, credits negative."""

    document_id: str
    day: date
    gross: Decimal
    because: str | None
    rule_version: str


def documents(
    journal: Journal, there: Sequence[Document], coming: Sequence[Document], desired: Desired, settings: Settings
) -> list[Document]:
    """The payments that set off replaced invoices, of those that are `there` (sealed) and their successors there or
    `coming`. One that was sealed is left out, and so is an invoice on which a payment is not finished yet."""
    if settings.credit_settlement != "payment":
        return []
    pairs = [*_replaced(journal, there, coming), *_moved(journal, there, coming, desired, settings.accounts)]
    by_id = {old.document_id: (old, new) for old, new in pairs}
    names = {document.document_id for document in coming}
    found = [each for old, new in by_id.values() for each in _of(journal, old, new, names, settings.accounts)]
    sealed = history.sealed_by_id(journal, (each.document_id for each in found))
    return [each for each in found if each.document_id not in sealed]


def _replaced(
    journal: Journal, there: Sequence[Document], coming: Sequence[Document]
) -> Iterator[tuple[Document, _New]]:
    """What was credited and made anew, each with its successor."""
    successors = {str(new.content["replaces"]): new for new in (*there, *coming) if "replaces" in new.content}
    for old in history.sealed_by_id(journal, successors).values():
        new = successors[old.document_id]
        if old.kind in _INVOICES:
            because = new.content.get("because")
            yield old, _New(new.document_id, new.day, amount(new.content["gross"]), because, new.rule_version)


def _moved(
    journal: Journal,
    there: Sequence[Document],
    coming: Sequence[Document],
    desired: Desired,
    accounts: Accounts,
) -> Iterator[tuple[Document, _New]]:
    """Credit invoices that are taken back while the ledger has what paid them on another credit, each with that."""
    entries = {entry.entry_id: entry for entry in desired.entries}
    known = {document.document_id: document for document in (*there, *coming)}
    for payment in there:
        target = "" if payment.reverses else str(payment.content.get("target", ""))
        entry = entries.get(payment.entry_ids[0]) if target.startswith("credit_invoice:") else None
        credit = desired.credits.get(entry.credit_id or "") if entry is not None else None
        if entry is None or credit is None or base_of(target) == f"credit_invoice:{credit.credit_id}":
            continue
        if all(line.account != accounts.receivable for line in entry.lines):
            continue  # it waits for that on 2420
        old = history.sealed_by_id(journal, [target]).get(target)
        if old is not None and (reversal_id(old) in known or history.sealed_by_id(journal, [reversal_id(old)])):
            new, gross = f"credit_invoice:{credit.credit_id}", to_decimal(-credit.gross_ore)
            yield old, _New(new, credit.day, gross, reason_for(journal, old.day), entry.rule_version)


def _of(journal: Journal, old: Document, new: _New, coming: AbstractSet[str], accounts: Accounts) -> Iterator[Document]:
    payments = history.payments_of(journal, old.document_id)
    mine = [f"payment:{old.document_id}:setoff:{number}" for number in (1, 2, 3)]
    others = {name: receivable for name, receivable in payments.items() if name not in mine}
    advances = {advance_id(name) for name in others}
    if (
        others.keys() - history.finished(journal, others)
        or advances & coming
        or history.sealed_by_id(journal, advances)
    ):
        return
    paid, gross = sum(others.values(), Decimal(0)), amount(old.content["gross"])
    back = reversal_id(old)
    after = (old.document_id, back, new.document_id)
    for name, target, target_gross, value in (
        (mine[0], old.document_id, gross, gross - paid),
        (mine[1], back, -gross, -gross),
        (mine[2], new.document_id, new.gross, paid),
    ):
        if value:
            yield _payment(name, target, target_gross, value, after, max(old.day, new.day), new, accounts)


def _payment(
    name: str, target: str, target_gross: Decimal, value: Decimal, after: tuple[str, ...], day: date,
    new: _New, accounts: Accounts,
) -> Document:  # fmt: skip
    lines = (Line(accounts.suspense, value), Line(accounts.receivable, -value))
    return Document(
        document_id=name,
        kind="payment",
        day=day,
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
            "because": new.because,
        },
        rule_version=new.rule_version,
    )
