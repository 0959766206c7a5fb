"""All that a company's Fortnox holds, in a form that two runs can be compared by.

Numbers that Fortnox gives in the order of arrival are replaced by what they stand for; everything else must be equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.ledger import Voucher, VoucherRow
from fortstripe_dagster.sandbox.fortnox.registers import Register


def said(books: Books) -> dict[str, list[str]]:
    """Registers, documents and vouchers, each in an order of its own, and the balance of every account."""
    invoices = {number: invoice.header["ExternalInvoiceReference1"] for number, invoice in books.invoices.all.items()}

    def told(text: object) -> str:
        return re.sub(r"faktura (\d+)", lambda found: f"faktura {invoices[int(found[1])]}", str(text))

    def rows(of: Iterable[VoucherRow]) -> list[str]:
        return sorted(f"{row.account} {row.amount} {row.transaction_information}" for row in of)

    def what(voucher: Voucher) -> str:
        number = voucher.reference_number
        if voucher.reference_type == "INVOICE":
            return str(invoices[int(number)])
        return str(invoices[books.payments.get(int(number)).invoice]) if number else voucher.comments

    return {
        "accounts": [f"{account} {amount}" for account, amount in sorted(books.general_ledger().items())],
        "series": sorted(f"{year} {one}" for year, each in books.ledger.series.items() for one in each.values()),
        "modes": _register(books.modes_of_payment),
        "articles": _register(books.articles),
        "stock": sorted(f"{key} {sorted(document.items(), key=str)}" for key, document in books.warehouse.items()),
        "customers": _register(books.customers.register),
        "invoices": sorted(
            f"{ {name: told(value) for name, value in sorted(i.header.items()) if name not in _NUMBERED} }"
            f" {[(r.description, r.quantity, r.price, r.account, r.article_number) for r in i.rows]}"
            f" credits {invoices.get(i.credit_of or 0)} by {invoices.get(i.credited_by or 0)}"
            f" total {i.sums.total} balance {i.balance} paid {i.final_pay_date} booked {i.booked} {i.cancelled}"
            for i in books.invoices.all.values()
        ),
        "payments": sorted(
            f"{invoices[p.invoice]} {p.day} {p.amount} {p.account} {p.fields.get('ModeOfPayment')}"
            f" {p.write_offs} {p.booked}"
            for p in books.payments.all.values()
        ),
        "vouchers": sorted(
            f"{v.year} {v.series} {v.day} {told(v.description)} {v.reference_type} {what(v)} {rows(v.rows)}"
            for v in books.vouchers()
        ),
    }  # fmt: skip


_NUMBERED = frozenset({"DocumentNumber", "OCR"})


def _register(register: Register) -> list[str]:
    fields: list[tuple[str, dict[str, Any]]] = [(key, record.fields) for key, record in register.records.items()]
    return sorted(f"{key} {sorted(each.items(), key=str)}" for key, each in fields)
