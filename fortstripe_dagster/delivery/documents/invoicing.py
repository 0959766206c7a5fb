"""Invoices, credit invoices and payments as documents: what stands on them, frozen in their content.

Amounts in content are kronor. Numbers that only Fortnox can give (customer, original invoice, rounding) are looked up
when a body is built, see `bodies`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from fortstripe_dagster.delivery.customers.customers import customer_id
from fortstripe_dagster.delivery.documents import stock
from fortstripe_dagster.delivery.documents.desired import Credit, Row, Sale
from fortstripe_dagster.delivery.documents.documents import Document, Entry, Line, Part
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.money import to_decimal, vat_of_gross
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.settings.accounts import Accounts

SETTLEMENT = "settlement:"
"""Stands before a credit's id for what its settlement says: the ledger has no such entry, as it cancels out."""

MOST_ROWS = 500
"""Fortnox takes no more rows on an invoice."""

ARTICLES = {"35": "STRIPE-EU-VARA", "39": "STRIPE-EU-TJANST"}
"""Article by VAT box: the EC sales list (periodisk sammanställning) wants one on each row."""


def invoice(entry: Entry, sale: Sale, settings: Settings) -> Document:
    """The invoice of a sale: gross prices in kronor, Stripe's own number where Stripe issued the legal invoice."""
    customer = customer_id(sale, settings)
    rows = [part for row in _few(sale.rows) for part in _rows(row, sale.text)]
    return Document(
        document_id=f"invoice:{sale.sale_id}",
        kind="invoice",
        day=entry.day,
        description=f"Stripe {sale.number or sale.sale_id}, {sale.party.name}",
        parts=(Part(entry.entry_id, entry.lines),),
        depends_on=(customer, *_articles(rows)),
        content={
            "customer": customer,
            "reference1": sale.sale_id,
            "reference2": sale.charge,
            "due_day": max(sale.due_day or entry.day, entry.day).isoformat(),
            "stripe_number": sale.number if settings.invoice_issuer == "stripe" else None,
            "stripe_document": "Faktura" if sale.kind == "invoice" else "Kvitto",
            "note": _foreign(sale.gross, sale.gross_ore, sale.currency, sale.sek_per_unit),
            "rows": rows,
            "gross": to_decimal(sale.gross_ore),
            "vat": to_decimal(sum(row.vat for row in sale.rows)),
            "check_vat": _may_hide_a_difference(sale.rows),
        },
        rule_version=entry.rule_version,
    )


def credit_invoice(entry: Entry, credit: Credit, sale: Sale, settings: Settings) -> Document:
    """The credit of a sale that is an invoice: an invoice of its own with negative quantities."""
    customer = customer_id(sale, settings)
    original = f"invoice:{sale.sale_id}"
    rows = _credited(credit, sale, settings)
    return Document(
        document_id=f"credit_invoice:{credit.credit_id}",
        kind="credit_invoice",
        day=entry.day,
        description=f"{credit.text}: Stripe {sale.number or sale.sale_id}, {sale.party.name}",
        parts=(Part(entry.entry_id, entry.lines),),
        depends_on=(original, *_articles(rows)),
        content={
            "customer": customer,
            "original": original,
            "reference1": credit.credit_id,
            "reference2": credit.charge or sale.charge,
            "text": credit.text,
            "linked": settings.credit_invoices == "linked" and takes_all_back(credit, sale),
            "note": _foreign(-credit.gross, -credit.gross_ore, credit.currency, sale.sek_per_unit),
            "rows": rows,
            "gross": to_decimal(-credit.gross_ore),
            "vat": to_decimal(-sum(row.vat for row in credit.rows)),
            "check_vat": _may_hide_a_difference(credit.rows),
        },
        rule_version=entry.rule_version,
    )


def takes_all_back(credit: Credit, sale: Sale) -> bool:
    """Whether a credit says no other amounts than the invoice, so that Fortnox's own credit of it fits."""
    vat = [sum(row.vat for row in rows) for rows in (credit.rows, sale.rows)]
    return credit.gross_ore == sale.gross_ore and vat[0] == vat[1]


def payment(entry: Entry, target: str, target_ore: int, accounts: Accounts) -> Document:
    """Money on the receivable of `target` (an invoice or credit invoice of `target_ore` öre, credits negative).

    What moved is the line on clearing, disputed or advances, else on the customer's credit balance or where money came
    in outside Stripe; the entry's other lines (exchange differences, what was overpaid) are written off with it. The
    receivable is thus settled by amount + write-offs, positive when it falls.
    """
    at_stripe = {*accounts.clearing.values(), accounts.disputed, accounts.advances}
    besides = {accounts.customer_credit, accounts.paid_outside_stripe}
    moved = [line for line in entry.lines if line.account in at_stripe]
    moved = moved or [line for line in entry.lines if line.account in besides]
    others = [line for line in entry.lines if line not in moved and line.account != accounts.receivable]
    receivable = -sum((line.amount for line in entry.lines if line.account == accounts.receivable), Decimal(0))
    if len(moved) != 1:
        raise Failure(
            f"Entry {entry.entry_id} ({entry.kind}) moves money on {len(moved)} accounts; a payment has one.",
            "this is a fault in the booking rules: report it with that id.",
        )
    return Document(
        document_id=f"payment:{entry.entry_id}",
        kind="payment",
        day=entry.day,
        description=f"{'Betalning' if moved[0].amount > 0 else 'Återbetalning'} {entry.source or entry.entry_id}",
        parts=(Part(entry.entry_id, entry.lines),),
        depends_on=(target,),
        content={
            "target": target,
            "target_gross": to_decimal(target_ore),
            "account": moved[0].account,
            "amount": moved[0].amount,
            "write_offs": [{"account": line.account, "amount": line.amount} for line in others],
            "receivable": receivable,
        },
        rule_version=entry.rule_version,
    )


def settlements(entry: Entry, credit: Credit, sale: Sale, accounts: Accounts) -> list[Document]:
    """A void invoice and its credit paid off against each other, so that neither stays open: no money moves.

    Both payments go to the suspense account, on which they come to nothing.
    """
    invoice, back = f"invoice:{sale.sale_id}", f"credit_invoice:{credit.credit_id}"
    first = f"payment:{credit.credit_id}:settled:1"
    return [
        _settlement(entry, first, invoice, sale.gross_ore, credit.gross_ore, (invoice, back), accounts),
        _settlement(entry, first[:-1] + "2", back, -credit.gross_ore, -credit.gross_ore, (back, first), accounts),
    ]


def _settlement(
    entry: Entry, name: str, target: str, target_ore: int, ore: int, after: tuple[str, ...], accounts: Accounts
) -> Document:
    kronor = to_decimal(ore)
    lines = (Line(accounts.suspense, kronor), Line(accounts.receivable, -kronor))
    return Document(
        document_id=name,
        kind="payment",
        day=entry.day,
        description=f"Kvittning {target.partition(':')[2]}",
        parts=(Part(f"{SETTLEMENT}{entry.credit_id}", lines),),
        depends_on=after,
        content={
            "target": target,
            "target_gross": to_decimal(target_ore),
            "account": accounts.suspense,
            "amount": kronor,
            "write_offs": [],
            "receivable": kronor,
        },
        rule_version=entry.rule_version,
    )


def _articles(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted({f"article:{row['article']}" for row in rows if row["article"]}))


def _credited(credit: Credit, sale: Sale, settings: Settings) -> list[dict[str, Any]]:
    """The rows of a credit. Where stock is kept, an article stands on them only if, and as often as, it comes back."""
    rows = _few(credit.rows)
    if settings.stock.moves == "off":
        return [{**_row(row, sale.text), "quantity": -1} for row in rows]
    back = stock.returned(credit, sale, settings)
    found = []
    for row in rows:
        quantity = back.pop(row.article, 0) if row.article else 0
        kept = replace(row, quantity=quantity or 1, article=row.article if quantity else None)
        found += [{**part, "quantity": -part["quantity"]} for part in _rows(kept, sale.text)]
    return found


def _rows(row: Row, fallback: str) -> list[dict[str, Any]]:
    """The row; two of them where its article's quantity does not divide the gross, so that both come out even."""
    if not row.article or row.quantity <= 1 or row.gross < 0 or row.gross % row.quantity == 0:
        return [_row(row, fallback)]
    price, over = divmod(row.gross, row.quantity)
    parts = ((row.quantity - over, price), (over, price + 1))
    return [_row(replace(row, quantity=number, gross=number * each), fallback) for number, each in parts if number]


def _row(row: Row, fallback: str) -> dict[str, Any]:
    """A row with a gross price of two decimals: Stripe's quantity if it divides the gross, else 1."""
    divides = row.quantity > 1 and row.gross >= 0 and row.gross % row.quantity == 0
    quantity = row.quantity if divides else 1
    return {
        "description": row.description or fallback,
        "quantity": quantity,
        "price": to_decimal(row.gross // quantity),
        "vat": row.vat_rate,
        "account": row.account,
        "article": row.article or ARTICLES.get(row.box),
        "cost_center": row.cost_center,
        "project": row.project,
    }


def _few(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows as they are, or summed up by account, rate and dimensions where there are more than Fortnox takes."""
    if sum(len(_rows(row, "")) for row in rows) <= MOST_ROWS:
        return rows
    groups: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.account, row.vat_rate, row.cost_center, row.project, row.article].append(row)
    return [
        Row(
            f"{group[0].description} … ({len(group)} rader)",
            sum(row.quantity for row in group) if group[0].article else 1,
            group[0].treatment, group[0].box, group[0].vat_rate, group[0].account,
            sum(row.gross for row in group), sum(row.vat for row in group),
            group[0].cost_center, group[0].project, group[0].article,
        )
        for group in groups.values()
    ]  # fmt: skip


def _may_hide_a_difference(rows: Sequence[Row]) -> bool:
    """Whether VAT of several rates is off in ways that may cancel out in the total, as Fortnox rounds it."""
    by_rate: dict[Decimal, list[Row]] = defaultdict(list)
    for row in rows:
        by_rate[row.vat_rate].append(row)
    off = [
        rate
        for rate, group in by_rate.items()
        if sum(row.vat for row in group) != vat_of_gross(sum(row.gross for row in group), rate)
    ]
    return len(off) > 1


def _foreign(gross: int, gross_ore: int, currency: str, sek_per_unit: Decimal | None) -> str | None:
    """The foreign amount for the text of an invoice in kronor."""
    if currency == "SEK" or sek_per_unit is None:
        return None
    rate = f"{sek_per_unit.normalize():f}"
    return f"{to_decimal(gross, currency)} {currency} till kurs {rate} = {to_decimal(gross_ore)} SEK."
