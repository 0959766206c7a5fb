"""A credit invoice in Fortnox that the ledger has replaced since (a credit note came), for a journal that lost it.

Pure. The credit and what paid it are sealed as Fortnox has them, so that the plan calls once more for what took them
back. What the credit belonged to, the number of the invoice that it quotes tells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from fortstripe_dagster.delivery.correcting.as_invoiced import as_invoiced
from fortstripe_dagster.delivery.correcting.unplaced import Unplaced, as_booked
from fortstripe_dagster.delivery.documents.desired import Desired
from fortstripe_dagster.delivery.documents.documents import REVERSAL, Document, Entry, Part
from fortstripe_dagster.delivery.documents.invoicing import payment
from fortstripe_dagster.delivery.documents.packaging import base_of
from fortstripe_dagster.fortnox.values import as_decimal
from fortstripe_dagster.money import to_minor
from fortstripe_dagster.settings.accounts import Accounts

_QUOTED = re.compile(r"Krediterar faktura (\d+)")


def known_again(
    items: Iterable[Unplaced],
    desired: Desired,
    free: Iterable[Entry],
    invoice_of: Callable[[str], Document | None],
    accounts: Accounts,
) -> list[tuple[Unplaced, Document]]:
    """Those of the records that are such credits or what paid them, with their documents, credits first.

    `free` are entries that no document says; `invoice_of` finds an invoice of ours by its number in Fortnox.
    """
    items, left = list(items), {entry.entry_id: entry for entry in free}
    credits = [
        (item, document)
        for item in items
        if item.kind == "invoice" and (document := _credit(item.record, desired, invoice_of, accounts)) is not None
    ]
    by_number = {item.number: document for item, document in credits}
    payments = []
    for item in items:
        credit = by_number.get(str(item.record["InvoiceNumber"])) if item.kind == "payment" else None
        document = _repayment(item.record, credit, left.values(), accounts) if credit is not None else None
        if document is not None:
            payments.append((item, as_booked(document, item, accounts)))
            del left[document.entry_ids[0]]
    return credits + payments


def _credit(
    record: Mapping[str, Any], desired: Desired, invoice_of: Callable[[str], Document | None], accounts: Accounts
) -> Document | None:
    """The credit invoice that Fortnox's `record` is, if the ledger knows its day and has no such credit any more."""
    reference, day = str(record["ExternalInvoiceReference1"]), date.fromisoformat(str(record["InvoiceDate"]))
    if (as_decimal(record.get("Total")) or 0) >= 0 or reference.endswith(REVERSAL) or day not in desired.covered:
        return None
    entry_id = f"{base_of(reference)}:credit"
    original = invoice_of(_original(record))
    if original is None or any(entry.entry_id == entry_id for entry in desired.entries):
        return None
    # Ours name what gave the money back. Fortnox may repeat on a person's credit what stands on the invoice.
    if base_of(reference) == base_of(str(original.content["reference1"])):
        return None
    document = Document(
        document_id=f"credit_invoice:{reference}",
        kind="credit_invoice",
        day=day,
        description=f"Kredit av faktura {_original(record)}",
        parts=(Part(entry_id, ()),),
        depends_on=(original.document_id,),
        content={
            "customer": original.content["customer"],
            "original": original.document_id,
            "reference1": reference,
            "reference2": record.get("ExternalInvoiceReference2") or None,
            "text": "Återbetalning",
            "note": None,
            "rows": (),
        },
        rule_version=original.rule_version,
    )
    document = as_invoiced(document, record, accounts)
    return document if document.content["rows"] else None


def _repayment(
    record: Mapping[str, Any], target: Document, entries: Iterable[Entry], accounts: Accounts
) -> Document | None:
    """The payment that settled such a credit (`target`): the entry whose money waits on 2420 for the note by now, or
    is on the note's own receivable, with the line that it had; an entry of the same day first."""
    sale = base_of(str(target.content["original"])).partition(":")[2]
    account, paid = str(record["ModeOfPaymentAccount"]), as_decimal(record["Amount"]) or Decimal(0)
    found = [
        entry
        for entry in entries
        if entry.sale_id == sale
        and entry.credit_id
        and any((line.account, line.amount) == (account, paid) for line in entry.lines)
    ]
    found.sort(key=lambda entry: entry.day.isoformat() != str(record["PaymentDate"]))
    if not found:
        return None
    lines = tuple(
        replace(line, account=accounts.receivable) if line.account == accounts.advances else line
        for line in found[0].lines
    )
    return payment(replace(found[0], lines=lines), target.document_id, to_minor(target.content["gross"]), accounts)


def _original(record: Mapping[str, Any]) -> str:
    """The number of the invoice that a credit takes back."""
    quoted = _QUOTED.search(str(record.get("Remarks") or ""))
    return quoted[1] if quoted else str(record.get("CreditInvoiceReference") or "")
