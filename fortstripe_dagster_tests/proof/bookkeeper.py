"""A bookkeeper by hand: puts every ledger entry into the Fortnox stand-in's books and notes it in schema `delivery`.

It stands in for delivery so that these tests test the proof alone, and so that each step can be left out or done wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any

import duckdb

from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.ledger import Voucher, signed_row

MIRROR = files("fortstripe_dagster.delivery.journal").joinpath("mirror.sql").read_text(encoding="utf-8")
VOUCHER_GROUPS = {
    "fee": "fees",
    "fee_vat": "fees",
    "dispute": "disputes",
    "dispute_won": "disputes",
    "dispute_lost": "disputes",
}
PAYMENTS = ("payment", "refund", "dispute_lost")
_DOCUMENT = (
    "document_id, kind, day, entry_ids, status, reason, remedy, fortnox_number, voucher_series, voucher_number,"
    " voucher_year"
)
_LINE = "document_id, entry_id, day, account, debit, credit"
MONEY = ("1686", "1687", "1516")
"""Accounts that an invoice is paid to or from: clearing, and what a lost dispute took."""


@dataclass
class Entry:
    """An entry of the ledger with its lines (account, kronor, debit positive)."""

    entry_id: str
    day: date
    kind: str
    source: str
    sale_id: str | None
    credit_id: str | None
    lines: list[tuple[str, Decimal]] = field(default_factory=list)

    def on(self, account: str) -> Decimal:
        """What the entry posts on an account."""
        return sum((amount for number, amount in self.lines if number == account), Decimal(0))


class Bookkeeper:
    """Posts entries into `books` and keeps the mirror of the journal in the warehouse."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, books: Books) -> None:
        self.books = books
        self.connection = connection
        self.invoices: dict[str, int] = {}
        self.skip: set[str] = set()
        """Entries that are not booked: the document that holds them is left out."""
        self.held: dict[str, str] = {}
        """Entries that delivery holds, with the reason."""
        self._documents: list[tuple[Any, ...]] = []
        self._lines: list[tuple[Any, ...]] = []
        connection.execute(MIRROR)
        if "KUND" not in books.customers.register:
            books.customers.create({"CustomerNumber": "KUND", "Name": "Anna Berg", "VATType": "SEVAT"})

    def book_everything(self) -> None:
        """Each entry of the ledger in its document: invoices, credit invoices, payments and vouchers."""
        vouchers: dict[tuple[date, str], list[Entry]] = defaultdict(list)
        for entry in self._entries():
            if entry.entry_id in self.held:
                self._note(f"entry:{entry.entry_id}", "voucher", entry.day, [entry], status="held")
            elif entry.entry_id in self.skip or entry.kind == "opening":
                continue
            elif entry.kind == "sale":
                self.invoice(entry)
            elif entry.kind == "credit" and entry.sale_id in self.invoices:
                self.credit_invoice(entry)
            elif entry.kind in PAYMENTS and (entry.credit_id or entry.sale_id) in self.invoices:
                self.payment(entry)
            else:
                vouchers[entry.day, VOUCHER_GROUPS.get(entry.kind, entry.entry_id)].append(entry)
        for (day, group), entries in vouchers.items():
            self.voucher(f"voucher:{day}:{group}", day, entries)

    def invoice(self, entry: Entry) -> None:
        """A booked invoice of the sale."""
        assert entry.sale_id
        rows = self._rows("ledger.sale_rows", "sale_id", entry.sale_id, sign=1)
        number = self._booked_invoice(entry.day, entry.sale_id, rows)
        self.invoices[entry.sale_id] = number
        invoice = self.books.invoices.get(number)
        assert invoice.voucher
        self._note(f"invoice:{entry.sale_id}", "invoice", entry.day, [entry], invoice.voucher, number=number)

    def credit_invoice(self, entry: Entry) -> None:
        """A booked invoice with negative quantities."""
        assert entry.credit_id
        rows = self._rows("ledger.credit_rows", "credit_id", entry.credit_id, sign=-1)
        number = self._booked_invoice(entry.day, entry.credit_id, rows)
        self.invoices[entry.credit_id] = number
        voucher = self.books.invoices.get(number).voucher
        assert voucher
        document = f"credit_invoice:{entry.credit_id}"
        self._note(document, "credit_invoice", entry.day, [entry], voucher, number=number)

    def payment(self, entry: Entry) -> None:
        """A booked payment of the invoice or credit invoice, with what the money differs written off."""
        number = self.invoices[entry.credit_id or entry.sale_id or ""]
        invoice = self.books.invoices.get(number)
        money = [(account, amount) for account, amount in entry.lines if account in MONEY]
        amount = sum((amount for _, amount in money), Decimal(0))
        others = [(account, amount) for account, amount in entry.lines if account not in (*MONEY, "1510")]
        settled = -entry.on("1510")
        write_offs = [{"AccountNumber": int(account), "Amount": value} for account, value in others]
        rounded = invoice.balance - settled
        if rounded and abs(rounded) < 1:
            write_offs.append({"AccountNumber": 3740, "Amount": rounded})
        fields: dict[str, Any] = {
            "InvoiceNumber": number,
            "Amount": amount,
            "PaymentDate": entry.day,
            "ModeOfPaymentAccount": int(money[0][0]),
        }
        payment = self.books.payments.create(fields | ({"WriteOffs": write_offs} if write_offs else {}))
        voucher = self.books.payments.bookkeep(payment.number).voucher
        assert voucher
        self._note(f"payment:{entry.entry_id}", "payment", entry.day, [entry], voucher, number=payment.number)

    def voucher(
        self, document: str, day: date, entries: Iterable[Entry], *, posted_on: date | None = None, extra: str = "0"
    ) -> Voucher:
        """One voucher in our series; `extra` kronor too many on the first account, taken from suspense."""
        entries = list(entries)
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for entry in entries:
            for account, amount in entry.lines:
                sums["1511" if account == "1510" else account] += amount
        if Decimal(extra):
            sums[min(sums)] += Decimal(extra)
            sums["2999"] -= Decimal(extra)
        voucher = self.manual(posted_on or day, document, {a: v for a, v in sums.items() if v}, series="S")
        self._note(document, "voucher", day, entries, voucher, number=voucher.number)
        return voucher

    def manual(self, day: date, text: str, amounts: dict[str, Decimal], *, series: str = "A") -> Voucher:
        """A voucher that somebody books in Fortnox; nothing is noted of it."""
        year = self.books.ledger.required_year_of(day)
        rows = [signed_row(int(account), amount) for account, amount in sorted(amounts.items())]
        return self.books.ledger.post_manual(year, series, day, text, rows)

    def entries_of_kind(self, kind: str) -> list[Entry]:
        """The ledger's entries of one kind, by day."""
        return [entry for entry in self._entries() if entry.kind == kind]

    def _booked_invoice(self, day: date, reference: str, rows: list[dict[str, Any]]) -> int:
        fields = {
            "CustomerNumber": "KUND",
            "InvoiceDate": day,
            "VATIncluded": True,
            "ExternalInvoiceReference1": reference,
            "InvoiceRows": rows,
        }
        number = self.books.invoices.create(fields).number
        self.books.invoices.bookkeep(number)
        return number

    def _rows(self, table: str, key: str, value: str, *, sign: int) -> list[dict[str, Any]]:
        found = self.connection.execute(
            f"SELECT account, vat_rate, gross_ore FROM {table} WHERE {key} = ? ORDER BY row_no", [value]
        ).fetchall()
        return [
            {
                "AccountNumber": int(account),
                "DeliveredQuantity": Decimal(sign),
                "Price": Decimal(gross) / 100,
                "VAT": int(rate),
                "Description": "Vara",
            }
            for account, rate, gross in found
        ]

    def _entries(self) -> list[Entry]:
        entries: dict[str, Entry] = {}
        for row in self.connection.execute(
            "SELECT entry_id, event_day, kind, source, sale_id, credit_id FROM ledger.entries WHERE held IS NULL "
            "ORDER BY event_day, array_position(['sale', 'credit'], kind), entry_id"
        ).fetchall():
            entries[row[0]] = Entry(*row)
        for entry_id, account, amount in self.connection.execute(
            "SELECT entry_id, account, debit - credit FROM ledger.lines ORDER BY entry_id, line_no"
        ).fetchall():
            if entry_id in entries:
                entries[entry_id].lines.append((account, amount))
        return list(entries.values())

    def _note(
        self,
        document: str,
        kind: str,
        day: date,
        entries: list[Entry],
        voucher: Voucher | None = None,
        *,
        number: int | None = None,
        status: str = "done",
    ) -> None:
        reason = self.held.get(entries[0].entry_id) if entries else None
        self._documents.append(
            (
                document,
                kind,
                day,
                [entry.entry_id for entry in entries],
                status,
                reason,
                "unlock the period in Fortnox" if reason else None,
                str(number) if number else None,
                voucher.series if voucher else None,
                voucher.number if voucher else None,
                voucher.year if voucher else None,
            )
        )
        self._lines += [
            (document, entry.entry_id, day, account, max(amount, Decimal(0)), max(-amount, Decimal(0)))
            for entry in entries
            for account, amount in entry.lines
        ]

    def write_down(self) -> None:
        """Bring into the warehouse what was noted, in one go."""
        for table, columns, rows in (
            ("documents", _DOCUMENT, self._documents),
            ("document_lines", _LINE, self._lines),
        ):
            if rows:
                values = ", ".join(f"({', '.join('?' * len(row))})" for row in rows)
                given = [value for row in rows for value in row]
                self.connection.execute(f"INSERT INTO delivery.{table} ({columns}) VALUES {values}", given)
                rows.clear()
