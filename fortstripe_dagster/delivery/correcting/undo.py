"""`fortstripe undo`: record a person's order to take a document back, and send what takes it back.

The order is journalled before anything is sent; broken off, the next delivery of that day goes on from there. Its
entries stay out of Fortnox until a person orders them to be delivered again.
"""

from __future__ import annotations

from collections.abc import Callable

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery.correcting.orders import undone
from fortstripe_dagster.delivery.correcting.reversals import moves_nothing_else, reversal_id
from fortstripe_dagster.delivery.documents.documents import Document
from fortstripe_dagster.delivery.journal import history
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.delivery.sending.deliver import deliver
from fortstripe_dagster.delivery.sending.report import DeliveryReport
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.fortnox import Fortnox
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

WHY = "a person ordered a document of the day to be undone or delivered again"


def undo(
    settings: Settings,
    warehouse: Warehouse,
    document_id: str,
    reason: str,
    who: str,
    *,
    redo: bool = False,
    fortnox: Fortnox | None = None,
    progress: Callable[[str], None] = print,
) -> DeliveryReport:
    """Take a document of ours in Fortnox back; with `redo`, let its entries be delivered again.

    Nothing but what takes it back is sent here; where approval is manual, that awaits approval. What `redo` allows
    follows with the next delivery of the day. Raises Failure when the document cannot be undone, DeliveryStopped as
    `deliver` does, ConfigurationError in shadow mode.
    """
    settings.require_live(f"{document_id} cannot be undone:")
    with Journal(settings.journal_path) as journal:
        document = _undoable(journal, document_id, settings) if not redo else _undone(journal, document_id)
        if redo or document_id not in undone(journal):
            journal.order(document_id, "redo" if redo else "undo", reason, who)
    allowed = () if redo else (reversal_id(document),)
    days = Days(document.day, document.day)
    report = deliver(settings, warehouse, days, fortnox=fortnox, only=allowed, progress=progress)
    with Journal(settings.journal_path) as journal:
        journal.touch([document.day], WHY)
    return report


def _undoable(journal: Journal, document_id: str, settings: Settings) -> Document:
    document = _known(journal, document_id)
    if not document.posts or not document.parts:
        raise Failure(
            f"{document_id} says no entry of the ledger: there is nothing to undo.",
            "undo the invoice or voucher that it belongs to.",
        )
    if document.reverses:
        raise Failure(
            f"{document_id} takes another document back.", "deliver that again with `fortstripe undo … --redo`."
        )
    if document_id not in history.finished(journal, [document_id]):
        raise Failure(
            f"{document_id} is not finished in Fortnox.", "sync its day again, or cancel it in Fortnox by hand."
        )
    taken_back = history.sealed_by_id(journal, [reversal_id(document)])
    if taken_back and document_id not in undone(journal):
        raise Failure(f"{document_id} was taken back already.", "undo the document that replaced it.")
    if moves_nothing_else(document, settings.accounts):
        raise Failure(
            f"{document_id} moves money between clearing and transit alone, which Stripe's own figures prove.",
            "if Fortnox is wrong, find with `fortstripe prove` what differs; undo never posts to those accounts.",
        )
    return document


def _undone(journal: Journal, document_id: str) -> Document:
    document = _known(journal, document_id)
    if document_id not in undone(journal):
        raise Failure(f"{document_id} is not undone.", "`fortstripe plan` lists what is.")
    return document


def _known(journal: Journal, document_id: str) -> Document:
    found = history.sealed_by_id(journal, [document_id])
    if document_id not in found:
        raise Failure(
            f"Nothing was sent to Fortnox as {document_id}.",
            "name a document id as `fortstripe explain` or delivery.documents show it.",
        )
    return found[document_id]
