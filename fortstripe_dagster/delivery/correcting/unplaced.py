"""Documents of ours in Fortnox that a lost or old journal does not explain by the ledger alone: corrections and undos.

The journal that is left knows what they corrected, so that the plan calls for the same documents once more. What a
person had ordered is told by the document that came of it; the order is noted again, with the reason that it quotes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from fortstripe_dagster.delivery.correcting.as_invoiced import as_invoiced
from fortstripe_dagster.delivery.correcting.orders import undone
from fortstripe_dagster.delivery.documents import bodies
from fortstripe_dagster.delivery.documents.documents import REVERSAL, Document, Line, Part
from fortstripe_dagster.delivery.documents.exact_json import amount
from fortstripe_dagster.delivery.documents.packaging import base_of
from fortstripe_dagster.delivery.journal import history
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.fortnox.values import as_decimal
from fortstripe_dagster.settings.accounts import Accounts

WHO = "fortstripe adopt"
_DATES = {"invoice": "InvoiceDate", "payment": "PaymentDate", "voucher": "TransactionDate"}
_TAKEN_BACK_BY = {"invoice": "credit_invoice", "credit_invoice": "invoice"}
_WRAPPERS = {"invoice": "Invoice", "payment": "InvoicePayment", "voucher": "Voucher"}


@dataclass(frozen=True)
class Unplaced:
    """A record of ours that nothing explains yet: `text` for people; `kind` is invoice, payment or voucher."""

    text: str
    kind: str
    number: str
    answer: Mapping[str, Any]

    @property
    def record(self) -> Mapping[str, Any]:
        """What is in the answer's wrapper."""
        record: Mapping[str, Any] = self.answer[_WRAPPERS[self.kind]]
        return record

    @property
    def names(self) -> tuple[str, ...]:
        """The ids that its document may have; a payment tells none."""
        if self.kind == "voucher":
            return (str(self.record["Comments"]).removeprefix(bodies.MARK),)
        if self.kind == "payment":
            return ()
        reference = self.record["ExternalInvoiceReference1"]
        kinds = (
            ("invoice", "credit_invoice") if (as_decimal(self.record.get("Total")) or 0) >= 0 else ("credit_invoice",)
        )
        return tuple(f"{kind}:{reference}" for kind in kinds)


def order_again(journal: Journal, items: Iterable[Unplaced]) -> None:
    """Note the orders that undone documents, and those delivered anew after that, tell of."""
    for item in items:
        for name in item.names:
            base, latest = _undone_by(name), undone(journal)
            reason = str(item.record.get("Description") or item.record.get("Remarks") or name)
            if base not in latest and name.endswith(REVERSAL) and base in history.finished(journal, [base]):
                journal.order(base, "undo", reason, WHO)
            elif base_of(name) != name and base_of(name) in latest:
                journal.order(base_of(name), "redo", reason, WHO)


def called_for(item: Unplaced, wanted: Mapping[str, Document], journal: Journal) -> Document | None:
    """The document that the plan calls for and this record is: the same id, or the same payment of the same invoice."""
    if item.kind != "payment":
        return next((wanted[name] for name in item.names if name in wanted), None)
    invoice, paid = str(item.record["InvoiceNumber"]), as_decimal(item.record["Amount"]) or Decimal(0)
    for document in wanted.values():
        same = document.kind == "payment" and amount(document.content["amount"]) == paid
        if same and history.number(journal, document.content["target"]) == invoice:
            return document
    return None


def as_booked(document: Document, item: Unplaced, accounts: Accounts) -> Document:
    """The document with what Fortnox has of it: the date, where it was moved out of a closed period, and what it says
    where it was corrected once more since."""
    if item.kind == "invoice":
        document = as_invoiced(document, item.record, accounts)
    if item.kind == "voucher" and "reposts" in document.content:
        document = _as_reposted(document, item.record)
    booked_on = str(item.record[_DATES[item.kind]])
    if booked_on == document.booked_on.isoformat():
        return document
    return replace(document, content={**document.content, "booked_on": booked_on})


def _as_reposted(document: Document, voucher: Mapping[str, Any]) -> Document:
    """The reposting with the accounts that the voucher moves; the rate of VAT, no voucher tells."""
    (part,) = document.parts
    rates = {line.account: line.vat_rate for line in part.lines} | {"": part.lines[0].vat_rate}
    lines = tuple(
        Line(
            str(row["Account"]),
            (as_decimal(row.get("Debit")) or Decimal(0)) - (as_decimal(row.get("Credit")) or Decimal(0)),
            rates.get(str(row["Account"]), rates[""]),
            None,
            row.get("CostCenter") or None,
            row.get("Project") or None,
        )
        for row in voucher["VoucherRows"]
    )
    return replace(document, parts=(Part(part.entry_id, lines),))


def _undone_by(name: str) -> str:
    """The id of the document that one of this id takes back: an invoice is taken back by a credit invoice."""
    kind, _, rest = name.removesuffix(REVERSAL).partition(":")
    return f"{_TAKEN_BACK_BY.get(kind, kind)}:{rest}"
