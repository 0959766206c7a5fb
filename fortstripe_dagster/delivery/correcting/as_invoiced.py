"""An invoice of ours as Fortnox has it, for a journal that lost it: the ledger may say something else of it by now.

Pure. What Fortnox's rows say is sealed, so that the plan calls for the corrections that followed, as it did then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from fortstripe_dagster.delivery.documents.documents import Document, Line, Part
from fortstripe_dagster.delivery.documents.exact_json import amount
from fortstripe_dagster.fortnox.values import as_decimal
from fortstripe_dagster.money import to_decimal, to_minor, vat_of_gross
from fortstripe_dagster.settings.accounts import Accounts

Row = Mapping[str, Any]
_Sold = dict[tuple[str, str | None, str | None], Decimal]
"""Kronor with VAT by account, cost centre and project."""


def as_invoiced(document: Document, invoice: Mapping[str, Any], accounts: Accounts) -> Document:
    """The document with what the rows of Fortnox's `invoice` say, where that is not what it says itself.

    It is left as it is where a rate of VAT on them has no account of the company's.
    """
    rows = [_row(row) for row in invoice.get("InvoiceRows") or ()]
    there, wanted = _by_rate(rows), _by_rate(document.content["rows"])
    vat_accounts = {Decimal(rate): account for rate, account in accounts.output_vat.items()}
    if not rows or there == wanted or any(rate and rate not in vat_accounts for rate in there):
        return document
    (part,) = document.parts
    lines: list[Line] = []
    taxed = Decimal(0)
    for rate, sold in there.items():
        total = sum(sold.values(), Decimal(0))
        vat = _vat(total, rate)
        if total == sum(wanted.get(rate, {}).values(), Decimal(0)):  # Stripe's VAT, of the same amount
            vat = -sum((line.amount for line in part.lines if line.account == vat_accounts.get(rate)), Decimal(0))
        taxed += vat
        net = {key: gross - _vat(gross, rate) for key, gross in sold.items()}
        net[next(iter(net))] += total - vat - sum(net.values(), Decimal(0))
        lines += [Line(vat_accounts[rate], -vat, rate)] if vat else []
        lines += [Line(account, -value, rate, None, *dimensions) for (account, *dimensions), value in net.items()]
    gross = sum((value for sold in there.values() for value in sold.values()), Decimal(0))
    return replace(
        document,
        parts=(Part(part.entry_id, (Line(accounts.receivable, gross), *lines)),),
        content={**document.content, "rows": rows, "gross": gross, "vat": taxed},
    )


def _row(row: Row) -> dict[str, Any]:
    """A row of Fortnox's as one of a document's content."""
    return {
        "description": str(row.get("Description") or ""),
        "quantity": as_decimal(row.get("DeliveredQuantity")) or Decimal(0),
        "price": as_decimal(row.get("Price")) or Decimal(0),
        "vat": as_decimal(row.get("VAT")) or Decimal(0),
        "account": str(row.get("AccountNumber") or ""),
        "article": row.get("ArticleNumber") or None,
        "cost_center": row.get("CostCenter") or None,
        "project": row.get("Project") or None,
    }


def _by_rate(rows: Iterable[Row]) -> dict[Decimal, _Sold]:
    """What rows amount to by VAT rate; their order, texts and quantities do not matter."""
    found: dict[Decimal, _Sold] = defaultdict(lambda: defaultdict(Decimal))
    for row in rows:
        key = (row["account"], row.get("cost_center"), row.get("project"))
        found[amount(row["vat"]).normalize()][key] += amount(row["price"]) * amount(row["quantity"])
    return {rate: dict(sold) for rate, sold in found.items()}


def _vat(gross: Decimal, rate: Decimal) -> Decimal:
    return to_decimal(vat_of_gross(to_minor(gross), rate))
