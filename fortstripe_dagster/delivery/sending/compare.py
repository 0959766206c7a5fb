"""Does Fortnox hold documents of ours that the journal lacks? A lost or restored journal must never book twice.

Looked at before each delivery: the next number of our voucher series, and the invoices and payments changed since the
last look. What is found here is what `adopt` puts back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from fortstripe_dagster.delivery.documents import bodies
from fortstripe_dagster.delivery.documents.exact_json import dumps
from fortstripe_dagster.delivery.journal import history
from fortstripe_dagster.delivery.journal.claims import journals_beside
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.delivery.planning.preflight import Year
from fortstripe_dagster.delivery.sending.steps import Context, lastmodified
from fortstripe_dagster.failures import DeliveryStopped
from fortstripe_dagster.fortnox import path
from fortstripe_dagster.fortnox.values import as_bool
from fortstripe_dagster.settings import Settings

CURSOR = "compared"
_STRIPE_ID = re.compile(r"(in|ch|py|re|pyr|cn|du|dp)_\w+(:\w+)*")
_MOST_NAMED = 5
_BATCH = 500


@dataclass
class Lost:
    """Documents of ours in Fortnox, as its lists show them, that the journal does not know."""

    vouchers: list[Mapping[str, Any]] = field(default_factory=list)
    invoices: list[Mapping[str, Any]] = field(default_factory=list)
    payments: list[Mapping[str, Any]] = field(default_factory=list)

    def names(self) -> list[str]:
        """Each document for people."""
        return (
            [f"voucher {item['VoucherSeries']}{item['VoucherNumber']} ({_mark(item)})" for item in self.vouchers]
            + [f"invoice {item['DocumentNumber']} ({item['ExternalInvoiceReference1']})" for item in self.invoices]
            + [f"payment {item['Number']} of invoice {item['InvoiceNumber']}" for item in self.payments]
        )


def compare(context: Context) -> None:
    """Raise DeliveryStopped when the journal lacks documents of ours; else remember up to when Fortnox was compared."""
    started = datetime.now(UTC)
    lost = find(context, context.journal.cursor(CURSOR))
    names = lost.names()
    if names:
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        raise DeliveryStopped(
            f"Fortnox has {len(names)} documents of ours that the journal lacks: "
            f"{', '.join(names[:_MOST_NAMED])}{more}.",
            "the journal was lost or is an old copy: restore the newest, or rebuild it with `fortstripe adopt`.",
        )
    context.journal.move_cursor(CURSOR, started)


def find(context: Context, since: datetime | None, shared: str | None = None) -> Lost:
    """Documents of ours that the journal lacks, among all since a moment; None: since the start date.

    Payments go by their account. On a `shared` one people register theirs, too: all of it that we may have made.
    """
    changed = {"lastmodified": lastmodified(since)} if since else {}
    lost = Lost()
    for year in context.company.years:
        lost.vouchers += _vouchers(context, year)
    start = context.settings.start_date.isoformat()
    for items in _batches(context.fortnox.pages("/3/invoices", "Invoices", {"fromdate": start, **changed})):
        lost.invoices += _invoices(context.journal, items)
    lost.invoices = _not_of_others(context.settings, lost.invoices)
    lost_numbers = {str(item["DocumentNumber"]) for item in lost.invoices}
    if lost_numbers or _has_invoices(context.journal):
        for items in _batches(context.fortnox.pages("/3/invoicepayments", "InvoicePayments", changed)):
            lost.payments += _payments(context, items, lost_numbers, shared)
    return lost


def _vouchers(context: Context, year: Year) -> list[Mapping[str, Any]]:
    """Marked vouchers of our series that the journal lacks; nothing is listed while the numbers agree."""
    known = context.journal.rows(
        "SELECT count(DISTINCT a.number) FROM seals s JOIN intents i USING (seal) JOIN answers a USING (intent)"
        " WHERE s.kind = 'voucher' AND a.outcome IN ('done', 'found') AND s.day BETWEEN ? AND ? AND s.packaging <> ?",
        [year.first.isoformat(), year.last.isoformat(), history.BY_HAND],
    )[0][0]
    if year.next_voucher - 1 <= known:
        return []
    series = context.settings.voucher_series
    listed = context.fortnox.pages("/3/vouchers", "Vouchers", {"voucherseries": series, "financialyear": year.id})
    lost: list[Mapping[str, Any]] = []
    for items in _batches(listed):
        ours = [
            item
            for item in items
            if item["VoucherSeries"] == series and str(item.get("Comments") or "").startswith(bodies.MARK)
        ]
        made = _made(context.journal, (_mark(item) for item in ours))
        lost += [item for item in ours if (_mark(item), str(item["VoucherNumber"])) not in made]
    return lost


def _invoices(journal: Journal, items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of the invoices that have a reference of ours which the journal does not know."""
    ours = [
        item
        for item in items
        if not as_bool(item.get("Cancelled")) and _STRIPE_ID.fullmatch(str(item.get("ExternalInvoiceReference1") or ""))
    ]
    ids = (f"{kind}:{item['ExternalInvoiceReference1']}" for kind in ("invoice", "credit_invoice") for item in ours)
    made = {document_id.partition(":")[2] for document_id, _ in _made(journal, ids)}
    return [item for item in ours if item["ExternalInvoiceReference1"] not in made]


def _not_of_others(settings: Settings, invoices: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without those of other Stripe accounts that write to the same Fortnox company: their own journals have them."""
    for path_beside in journals_beside(settings) if invoices else []:
        with Journal(path_beside) as beside:
            invoices = _invoices(beside, invoices)
    return invoices


def _payments(
    context: Context, items: Sequence[Mapping[str, Any]], lost: Set[str], shared: str | None
) -> list[Mapping[str, Any]]:
    """Payments of our invoices, or of `lost` ones, to an account of ours or a `shared` one, unknown to the journal."""
    invoices = lost | known_numbers(context.journal, ("invoice", "credit_invoice"), (i["InvoiceNumber"] for i in items))
    known = known_numbers(context.journal, ("payment",), (item["Number"] for item in items)) | {
        row["number"]
        for row in context.journal.rows(
            "SELECT number FROM matches WHERE document_id IN (SELECT value FROM json_each(?))",
            [dumps([f"invoicepayment:{item['Number']}" for item in items])],
        )
    }
    ours = context.settings.accounts
    accounts = {*ours.clearing.values(), ours.disputed, ours.suspense, ours.advances, ours.customer_credit, shared}
    found: list[Mapping[str, Any]] = []
    for item in items:
        if str(item["InvoiceNumber"]) in invoices and str(item["Number"]) not in known:
            full = context.fortnox.get(path("invoicepayments", str(item["Number"])))["InvoicePayment"]
            if str(full.get("ModeOfPaymentAccount")) in accounts:
                found.append({**item, **full})
    return found


def _made(journal: Journal, document_ids: Iterable[str]) -> set[tuple[str, str]]:
    """Those of the documents that the journal has, each with its numbers in Fortnox."""
    rows = journal.rows(
        "SELECT i.document_id, a.number FROM intents i JOIN answers a USING (intent) WHERE i.step = 'create'"
        " AND a.outcome IN ('done', 'found') AND i.document_id IN (SELECT value FROM json_each(?))",
        [dumps(sorted(document_ids))],
    )
    return {(row["document_id"], row["number"]) for row in rows}


def known_numbers(journal: Journal, kinds: Sequence[str], numbers: Iterable[object]) -> set[str]:
    """Those of Fortnox's numbers that documents of these kinds have in the journal."""
    rows = journal.rows(
        "SELECT a.number FROM answers a JOIN intents i USING (intent) JOIN seals s USING (seal)"
        " WHERE i.step = 'create' AND a.number IN (SELECT value FROM json_each(?))"
        " AND s.kind IN (SELECT value FROM json_each(?))",
        [dumps([str(number) for number in numbers]), dumps(kinds)],
    )
    return {row["number"] for row in rows}


def _has_invoices(journal: Journal) -> bool:
    return bool(journal.rows("SELECT 1 FROM seals WHERE kind IN ('invoice', 'credit_invoice') LIMIT 1"))


def _batches(items: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """A few hundred at a time: the journal is asked once for each, and none is kept."""
    while batch := list(islice(items, _BATCH)):
        yield batch


def _mark(item: Mapping[str, Any]) -> str:
    return str(item.get("Comments") or "").removeprefix(bodies.MARK)
