"""Öre by which Fortnox's VAT on a booked invoice differs from the ledger's, taken back by a voucher each.

Fortnox rounds VAT once for each rate of an invoice. Stripe's own tax is rounded for each line, and the parts of a
partly refunded sale add up to the whole: both may be an öre off, within `difference_limit`. The customer's invoice
says the ledger's VAT, so the books must too; the voucher names the invoice that it corrects.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery.documents.documents import Document
from fortstripe_dagster.delivery.documents.exact_json import loads
from fortstripe_dagster.delivery.journal import history
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.fortnox import Fortnox, path
from fortstripe_dagster.fortnox.values import as_decimal
from fortstripe_dagster.settings import Settings

SUFFIX = ":vat"
"""Ends the id of such a voucher, after the id of the invoice."""


def documents(journal: Journal, fortnox: Fortnox, days: Days, settings: Settings) -> list[Document]:
    """Vouchers for the booked invoices of these days that still differ; reads the voucher of each such invoice.

    Raises FortnoxError when Fortnox cannot be read.
    """
    found = []
    for document, booked in _differing(journal, days):
        series, number, year = (booked[f"Voucher{name}"] for name in ("Series", "Number", "Year"))
        voucher = fortnox.get(path("vouchers", series, number), {"financialyear": int(year)})["Voucher"]
        rows = _rows(document, voucher, settings)
        if rows:
            found.append(_document(document, str(booked["DocumentNumber"]), rows))
    return found


def _differing(journal: Journal, days: Days) -> Iterator[tuple[Document, Mapping[str, Any]]]:
    """Booked invoices whose TotalVAT is not ours and has no voucher yet, with what Fortnox answered."""
    rows = journal.rows(
        "SELECT s.document_id, a.body FROM seals s JOIN intents i USING (seal) JOIN answers a USING (intent)"
        " WHERE s.kind IN ('invoice', 'credit_invoice') AND i.step = 'bookkeep' AND a.outcome IN ('done', 'found')"
        " AND s.day BETWEEN ? AND ?"
        # Fortnox's VAT may come as text; the exact figures are compared below.
        " AND (abs(CAST(json_extract(a.body, '$.Invoice.TotalVAT') AS REAL) - json_extract(s.content, '$.vat')) > 0.004"
        "      OR json_extract(s.content, '$.check_vat'))",
        [days.first.isoformat(), days.last.isoformat()],
    )
    sealed = history.sealed_by_id(journal, (row["document_id"] for row in rows))
    done = history.finished(journal, (_id(document) for document in sealed.values()))
    for row in rows:
        document = sealed[row["document_id"]]
        if _id(document) not in done:
            yield document, loads(row["body"])["Invoice"]


def _rows(document: Document, voucher: Mapping[str, Any], settings: Settings) -> list[dict[str, Any]]:
    """What makes Fortnox's voucher say what the ledger says. Receivable and rounding are Fortnox's own affair."""
    differences: dict[str, Decimal] = defaultdict(Decimal)
    for part in document.parts:
        for line in part.lines:
            differences[line.account] += line.amount
    for row in voucher["VoucherRows"]:
        debit, credit = (as_decimal(row.get(side)) or Decimal(0) for side in ("Debit", "Credit"))
        differences[str(row["Account"])] -= debit - credit
    for account in (settings.accounts.receivable, settings.accounts.rounding):
        differences.pop(account, None)
    if any(abs(amount) > settings.difference_limit for amount in differences.values()):
        return []  # no rounding: somebody has set up Fortnox's accounts otherwise, which the proof shows
    return [
        {"account": account, "debit" if amount > 0 else "credit": abs(amount)}
        for account, amount in sorted(differences.items())
        if amount
    ]


def _document(original: Document, number: str, rows: list[dict[str, Any]]) -> Document:
    return Document(
        document_id=_id(original),
        kind="voucher",
        day=original.day,
        description=f"Stripe öresdifferens moms, faktura {number}",
        content={"rows": rows, "corrects": original.document_id},
        books={"rows": [[row["account"], f"{row.get('debit', 0)}", f"{row.get('credit', 0)}"] for row in rows]},
        rule_version=original.rule_version,
    )


def _id(original: Document) -> str:
    return f"voucher:{original.day}:{original.document_id}{SUFFIX}"
