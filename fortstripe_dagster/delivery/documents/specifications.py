"""The specification (underlag) of a voucher or invoice: the file that says, one by one, what the books say as a sum.

Pure. The law wants each event with its time, what was sold, to whom, amount and VAT; the voucher holds one row for each
account. The file is compiled from the ledger's entries that the document seals, so it ties to what that books.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from fortstripe_dagster.business_day import STOCKHOLM
from fortstripe_dagster.delivery.documents import vouchers
from fortstripe_dagster.delivery.documents.desired import Credit, Desired, Row, Sale
from fortstripe_dagster.delivery.documents.documents import Document, Entry
from fortstripe_dagster.delivery.documents.exact_json import amount
from fortstripe_dagster.money import to_decimal
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.texts import cell

_COLUMNS = (
    "Tid", "Dag", "Händelse", "Stripe-id", "Betalning", "Kvitto eller faktura", "Vad", "Kund", "Land", "Valuta",
    "Belopp i valuta", "Brutto SEK", "Momssats %", "Moms SEK", "Konto", "Debet", "Kredit", "Post",
)  # fmt: skip
INVOICES = ("invoice", "credit_invoice")
_CALLED = {"voucher": "verifikation", "invoice": "faktura", "credit_invoice": "kreditfaktura"}
_SALES = frozenset({"sale", "sale_credit"})


def document_id(specified: str) -> str:
    """The id of the specification of a voucher or invoice."""
    return f"specification:{specified.removeprefix('voucher:')}"


def wants(specified: Document, settings: Settings) -> bool:
    """Whether a document gets a specification: daily vouchers do; where `all` is set, every voucher and invoice.

    What takes another one back names it, and so has that one's.
    """
    if settings.attachments == "off" or not specified.parts or specified.reverses:
        return False
    if settings.attachments == "all":
        return specified.kind in ("voucher", *INVOICES)
    return specified.kind == "voucher" and vouchers.is_daily(specified.document_id)


def document(specified: Document, desired: Desired, compiled: datetime) -> Document:
    """The specification of a voucher or invoice, as the ledger is now. `compiled` is in UTC."""
    file = content(specified, desired, compiled)
    return Document(
        document_id=document_id(specified.document_id),
        kind="specification",
        day=specified.day,
        description=f"Underlag: {specified.description}",
        depends_on=(specified.document_id,),
        content={
            target(specified): specified.document_id,
            "name": file_name(specified),
            "sha256": hashlib.sha256(file).hexdigest(),
        },
        books={target(specified): specified.content_hash},
        rule_version=specified.rule_version,
        file=file,
    )


def target(specified: Document) -> str:
    """Under which name a specification's content says what it belongs to: `voucher` or `invoice`."""
    return "invoice" if specified.kind in INVOICES else "voucher"


def file_name(specified: Document) -> str:
    """The same whenever the same document is specified, and no other's: an upload is found again by it."""
    words = specified.document_id.removeprefix("voucher:").replace(":", "-")
    return f"stripe-{words}-{specified.content_hash[:8]}.csv"


def content(specified: Document, desired: Desired, compiled: datetime) -> bytes:
    """The file: a table for a spreadsheet (semicolons, decimal commas, UTF-8 with its mark)."""
    entries = {entry.entry_id: entry for entry in desired.entries}
    text = io.StringIO()
    table = csv.writer(text, delimiter=";", lineterminator="\r\n")
    table.writerows(
        [
            [f"Underlag till {_CALLED[specified.kind]}", cell(specified.description)],
            ["Bokföringsdag", specified.day.isoformat()],
            ["Dokument", specified.document_id],
            ["Sammanställd", _time(compiled)],
            ["Regelversion", specified.rule_version],
            ["Innehållets kontrollsumma", specified.content_hash],
            ["Händelser", len(specified.parts)],
            [],
            _COLUMNS,
        ]
    )
    events = sorted(
        ((entries.get(part.entry_id), part) for part in specified.parts),
        key=lambda pair: (_when(pair[0]), pair[1].entry_id),
    )
    for entry, part in events:
        if entry is None:
            known: Sequence[object] = ["", specified.day, "Rättelse av borttagen post", "", "", "", "", "", "", "", ""]
        else:
            known = _event(entry, desired)
        sold = _sold(entry, desired) if entry is not None and entry.lines == part.lines else ()
        for row, sign in sold:
            table.writerow([*known[:6], cell(row.description), *known[7:], *_of_row(row, sign), "", "", part.entry_id])
        for line in part.lines:
            side = [_number(line.amount), ""] if line.amount > 0 else ["", _number(-line.amount)]
            rate = "" if line.vat_rate is None else _number(line.vat_rate)
            table.writerow([*known, "", rate, "", line.account, *side, part.entry_id])
    table.writerows([[], ["Summa per konto", "Debet", "Kredit"]])
    table.writerows(_sums(_rows(specified)))
    return text.getvalue().encode("utf-8-sig")


def _rows(specified: Document) -> Iterable[Mapping[str, Any]]:
    """What the document books: a voucher's own rows, of an invoice what the ledger says of it."""
    if specified.kind == "voucher":
        rows: Iterable[Mapping[str, Any]] = specified.content["rows"]
        return rows
    return [{"account": name, "debit": debit, "credit": credit} for name, (debit, credit) in specified.lines.items()]


def _event(entry: Entry, desired: Desired) -> list[object]:
    """The columns that are the same for all lines of an event, `Tid` to `Belopp i valuta`."""
    sale = desired.sales.get(entry.sale_id or "")
    credit = desired.credits.get(entry.credit_id or "")
    return [
        _time(entry.at) if entry.at is not None else "",
        entry.day.isoformat(),
        entry.kind,
        (credit.credit_id if credit else None) or entry.source or entry.sale_id or entry.entry_id,
        entry.charge or (sale.charge if sale else None) or "",
        cell((sale.number if sale else None) or ""),
        cell(entry.text),
        cell(_customer(sale)),
        (sale.party.country if sale else None) or "",
        sale.currency if sale else entry.settlement,
        _foreign(entry, sale, credit),
    ]


def _sold(entry: Entry, desired: Desired) -> Sequence[tuple[Row, int]]:
    """What was sold or taken back by an entry, row by row, with the sign of its gross."""
    sale, credit = desired.sales.get(entry.sale_id or ""), desired.credits.get(entry.credit_id or "")
    if entry.kind in _SALES and sale is not None:
        return [(row, 1) for row in sale.rows]
    if entry.kind == "credit" and credit is not None:
        return [(row, -1) for row in credit.rows]
    return ()


def _of_row(row: Row, sign: int) -> list[str]:
    return [
        _number(sign * to_decimal(row.gross)),
        _number(row.vat_rate),
        _number(sign * to_decimal(row.vat)),
        row.account,
    ]


def _customer(sale: Sale | None) -> str:
    """Who bought, or why that is not said."""
    if sale is None:
        return "ingen kund i händelsen"
    party = sale.party
    return party.name or party.customer or party.email or "uppgift saknas hos Stripe"


def _foreign(entry: Entry, sale: Sale | None, credit: Credit | None) -> str:
    if entry.kind in _SALES and sale is not None:
        return _number(to_decimal(sale.gross, sale.currency))
    if entry.kind == "credit" and credit is not None:
        return _number(-to_decimal(credit.gross, credit.currency))
    return ""


def _sums(rows: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    sums: dict[str, list[Decimal]] = {}
    for row in rows:
        debit, credit = sums.setdefault(row["account"], [Decimal(0), Decimal(0)])
        sums[row["account"]] = [debit + amount(row.get("debit", 0)), credit + amount(row.get("credit", 0))]
    total = [sum((pair[side] for pair in sums.values()), Decimal(0)) for side in (0, 1)]
    return [[name, *map(_number, pair)] for name, pair in [*sorted(sums.items()), ("Summa", total)]]


def _when(entry: Entry | None) -> tuple[str, str]:
    if entry is None:
        return "", ""
    return entry.day.isoformat(), entry.at.isoformat() if entry.at is not None else ""


def _time(moment: datetime) -> str:
    return moment.astimezone(STOCKHOLM).strftime("%Y-%m-%d %H:%M:%S")


def _number(value: Decimal) -> str:
    return f"{value:f}".replace(".", ",")
