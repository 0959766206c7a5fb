"""What documents do to the books: kronor by account, and by box of the VAT return (momsdeklaration). Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from fortstripe_dagster.delivery.documents.documents import Document
from fortstripe_dagster.delivery.documents.exact_json import amount
from fortstripe_dagster.delivery.planning.preflight import Company
from fortstripe_dagster.fortnox import vat_box

BASES = frozenset({"20", "21", "22", "23", "24", "48"})
"""Boxes of purchases and input VAT: debit counts; in all others credit does."""


@dataclass(frozen=True)
class Effect:
    """Debit and credit by account, and what each VAT box rises by; kronor."""

    accounts: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    boxes: Mapping[str, Decimal] = field(default_factory=dict)


def effect(documents: Iterable[Document], boxes: Mapping[str, str]) -> Effect:
    """What the documents do together; `boxes` is the box of each account that has one (see `boxes_of`)."""
    debit: dict[str, Decimal] = defaultdict(Decimal)
    credit: dict[str, Decimal] = defaultdict(Decimal)
    for document in documents:
        for account, (left, right) in _posted(document).items():
            debit[account] += left
            credit[account] += right
    rises: dict[str, Decimal] = defaultdict(Decimal)
    for account in debit:
        box = boxes.get(account)
        if box is not None:
            rises[box] += (debit[account] - credit[account]) * (1 if box in BASES else -1)
    return Effect(
        {account: (debit[account], credit[account]) for account in sorted(debit)}, dict(sorted(rises.items()))
    )


def boxes_of(company: Company) -> dict[str, str]:
    """The VAT box by account, by the VAT codes of the newest financial year that was read."""
    found: dict[str, str] = {}
    for year in sorted(company.years, key=lambda year: year.first):
        for number, account in year.accounts.items():
            box = vat_box(account.vat_code) if account.vat_code else None
            if box is not None:
                found[number] = box
    return found


def _posted(document: Document) -> dict[str, tuple[Decimal, Decimal]]:
    """Debit and credit by account: a voucher's rows as they are sent, else the ledger's lines."""
    if document.kind != "voucher":
        return document.lines
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for row in document.content["rows"]:
        debit, credit = found.get(row["account"], (Decimal(0), Decimal(0)))
        found[row["account"]] = (debit + amount(row.get("debit", 0)), credit + amount(row.get("credit", 0)))
    return found
