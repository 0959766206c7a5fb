"""Does Fortnox hold documents of ours that the journal lacks? A lost or restored journal must never book twice.

Looked at before each delivery: the next number of our voucher series, and the invoices and payments changed since the
last look. What is found here is what `adopt` puts back.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fortstripe_dagster.delivery import bodies
from fortstripe_dagster.delivery.preflight import Year
from fortstripe_dagster.delivery.steps import Context, lastmodified
from fortstripe_dagster.failures import DeliveryStopped
from fortstripe_dagster.fortnox import path
from fortstripe_dagster.fortnox.values import as_bool

CURSOR = "compared"
_STRIPE_ID = re.compile(r"(in|ch|py|re|pyr|cn|du|dp)_\w+(:void)?")
_MOST_NAMED = 5


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


def find(context: Context, since: datetime | None) -> Lost:
    """Documents of ours that the journal lacks, among all since a moment; None: since the start date."""
    changed = {"lastmodified": lastmodified(since)} if since else {}
    lost = Lost()
    for year in context.company.years:
        lost.vouchers += _vouchers(context, year)
    known = _numbers_by_reference(context)
    start = context.settings.start_date.isoformat()
    for item in context.fortnox.pages("/3/invoices", "Invoices", {"fromdate": start, **changed}):
        reference = str(item.get("ExternalInvoiceReference1") or "")
        if _STRIPE_ID.fullmatch(reference) and reference not in known and not as_bool(item.get("Cancelled")):
            lost.invoices.append(item)
    ours = {number for numbers in known.values() for number in numbers}
    ours |= {str(item["DocumentNumber"]) for item in lost.invoices}
    if ours:
        lost.payments = _payments(context, ours, changed)
    return lost


def _vouchers(context: Context, year: Year) -> list[Mapping[str, Any]]:
    """Marked vouchers of our series that the journal lacks; nothing is listed while the numbers agree."""
    known = {
        (row["document_id"], row["number"])
        for row in context.journal.rows(
            "SELECT s.document_id, a.number FROM seals s JOIN intents i USING (seal) JOIN answers a USING (intent)"
            " WHERE s.kind = 'voucher' AND a.outcome IN ('done', 'found') AND s.day BETWEEN ? AND ?",
            [year.first.isoformat(), year.last.isoformat()],
        )
    }
    if year.next_voucher - 1 <= len(known):
        return []
    series = context.settings.voucher_series
    listed = context.fortnox.pages("/3/vouchers", "Vouchers", {"voucherseries": series, "financialyear": year.id})
    return [
        item
        for item in listed
        if item["VoucherSeries"] == series
        and str(item.get("Comments") or "").startswith(bodies.MARK)
        and (_mark(item), str(item["VoucherNumber"])) not in known
    ]


def _payments(context: Context, invoices: set[str], changed: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Payments of our invoices to a clearing account that the journal does not know."""
    known = {
        row["number"]
        for row in context.journal.rows(
            "SELECT a.number FROM answers a JOIN intents i USING (intent) JOIN seals s USING (seal)"
            " WHERE s.kind = 'payment' AND i.step = 'create' AND a.number IS NOT NULL"
            " UNION SELECT number FROM matches WHERE document_id LIKE 'invoicepayment:%'"
        )
    }
    accounts = {*context.settings.accounts.clearing.values(), context.settings.accounts.disputed}
    lost: list[Mapping[str, Any]] = []
    for item in context.fortnox.pages("/3/invoicepayments", "InvoicePayments", changed):
        if str(item["InvoiceNumber"]) in invoices and str(item["Number"]) not in known:
            full = context.fortnox.get(path("invoicepayments", str(item["Number"])))["InvoicePayment"]
            if str(full.get("ModeOfPaymentAccount")) in accounts:
                lost.append({**item, **full})
    return lost


def _numbers_by_reference(context: Context) -> dict[str, set[str]]:
    """Fortnox's invoice numbers by our reference."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in context.journal.rows(
        "SELECT json_extract(s.content, '$.reference1') AS reference, a.number FROM seals s JOIN intents i USING (seal)"
        " JOIN answers a USING (intent) WHERE s.kind IN ('invoice', 'credit_invoice') AND i.step = 'create'"
        " AND a.outcome IN ('done', 'found')"
    ):
        found[row["reference"]].add(row["number"])
    return found


def _mark(item: Mapping[str, Any]) -> str:
    return str(item.get("Comments") or "").removeprefix(bodies.MARK)
