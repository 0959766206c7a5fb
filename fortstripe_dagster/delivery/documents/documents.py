"""What a delivery is made of: entries of the ledger, and the documents in Fortnox that say them. Pure data.

A document's identity is its id, what the books say by it is its `content_hash`: entry ids, date, accounts, amounts,
VAT and dimensions. Names and texts are in `content` and may change until the document is sealed.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from fortstripe_dagster.delivery.documents.exact_json import dumps

Kind = Literal[
    "voucher_series", "mode_of_payment", "currency", "article", "customer", "invoice", "credit_invoice", "payment",
    "voucher", "specification", "customer_change", "comment", "stock_document", "stock_quantity",
]  # fmt: skip
STEPS: Mapping[str, tuple[str, ...]] = {
    "voucher_series": ("create",),
    "mode_of_payment": ("create",),
    "currency": ("create",),
    "article": ("create",),
    "customer": ("create",),
    "invoice": ("create", "bookkeep"),
    "credit_invoice": ("create", "bookkeep"),
    "payment": ("create", "bookkeep"),
    "voucher": ("create",),
    "specification": ("create", "connect"),
    "customer_change": ("update",),
    "comment": ("update",),
    "stock_document": ("create", "release"),
    "stock_quantity": ("update",),
}
"""The requests that make a document of each kind, in order. An invoice created but not bookkept is finished later,
so is a file uploaded but not attached."""

LINKED = ("create", "update", "bookkeep")
"""The requests of a credit invoice that Fortnox makes of the original: it knows neither our day nor our reference."""

POSTING = ("invoice", "credit_invoice", "payment", "voucher")
"""Kinds that stand in the books."""

BESIDE_THE_BOOKS = ("specification", "stock_document", "stock_quantity")
"""Kinds that need permissions of their own: without them they alone are held, and the books are done."""

SETTING_UP = ("voucher_series", "mode_of_payment", "currency", "article")
"""Kinds that a company needs once; they go before everything else."""


REVERSAL = ":reversal"
"""Ends the id of a document that takes another one back, after the id of that one."""

AMENDING = ("reverses", "replaces", "reposts", "supplements")
"""Names in a document's content under which it says which other document it amends; `because` says why."""


@dataclass(frozen=True)
class Line:
    """One line of an entry: kronor, debit positive."""

    account: str
    amount: Decimal
    vat_rate: Decimal | None = None
    treatment: str | None = None
    cost_center: str | None = None
    project: str | None = None


@dataclass(frozen=True)
class Entry:
    """An entry of the ledger (see schema `ledger`)."""

    entry_id: str
    day: date
    kind: str
    settlement: str
    source: str | None
    charge: str | None
    sale_id: str | None
    credit_id: str | None
    text: str
    held: str | None
    rule_version: str
    lines: tuple[Line, ...]
    choices: str | None = None
    """Digest of the choice set that it was made under."""
    at: datetime | None = None
    """When the money moved, in UTC; None for events without a balance transaction."""


@dataclass(frozen=True)
class Part:
    """What one document says of one entry: all of it, or in a supplementary voucher the difference."""

    entry_id: str
    lines: tuple[Line, ...]
    choices: str | None = None


@dataclass(frozen=True)
class Document:
    """Something to be made in Fortnox.

    `books` are facts besides the parts that the content hash covers; `content` is all that request bodies need.
    """

    document_id: str
    kind: Kind
    day: date
    description: str
    parts: tuple[Part, ...] = ()
    depends_on: tuple[str, ...] = ()
    content: Mapping[str, Any] = field(default_factory=dict)
    books: Mapping[str, Any] = field(default_factory=dict)
    rule_version: str = ""
    sealed_hash: str | None = None
    file: bytes | None = field(default=None, repr=False)
    """What a specification uploads; compiled again from the ledger where it has to be sent again."""

    @property
    def steps(self) -> tuple[str, ...]:
        """The requests that make it, in order; it is finished when those of its kind have been."""
        return LINKED if self.content.get("linked") else STEPS[self.kind]

    @property
    def posts(self) -> bool:
        """Whether it stands in the books; the others are registers."""
        return self.kind in POSTING

    @property
    def reverses(self) -> bool:
        """Whether it takes another document back."""
        return self.document_id.endswith(REVERSAL)

    @property
    def booked_on(self) -> date:
        """The date that it carries in Fortnox: its day, unless that was closed and it was moved (see `locked`)."""
        moved = self.content.get("booked_on")
        return date.fromisoformat(moved) if moved else self.day

    @property
    def entry_ids(self) -> tuple[str, ...]:
        return tuple(part.entry_id for part in self.parts)

    @property
    def lines(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Debit and credit in kronor by account of the ledger."""
        sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
        for part in self.parts:
            for line in part.lines:
                sums[line.account][0 if line.amount > 0 else 1] += abs(line.amount)
        return {account: (debit, credit) for account, (debit, credit) in sorted(sums.items())}

    @cached_property
    def content_hash(self) -> str:
        """What a person approves; the same whenever the books say the same. A sealed document keeps its own."""
        if self.sealed_hash is not None:
            return self.sealed_hash
        said = [
            self.kind,
            self.day.isoformat(),
            sorted([part.entry_id, line_key(part.lines)] for part in self.parts),
            self.books,
        ]
        return hashlib.sha256(dumps(said).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Held:
    """A document that is not sent: why, and what a person does about it."""

    document_id: str
    kind: str
    day: date
    entry_ids: tuple[str, ...]
    reason: str
    remedy: str
    content_hash: str = ""
    difference: tuple[Line, ...] = ()
    """What Fortnox lacks of an entry that a document says otherwise: a person may book it by hand."""


def held(document: Document, reason: str, remedy: str) -> Held:
    """The document, held."""
    return Held(
        document.document_id,
        document.kind,
        document.day,
        document.entry_ids,
        reason,
        remedy,
        document.content_hash,
    )


def line_key(lines: Sequence[Line]) -> list[list[str]]:
    """The lines as the books see them, in an order of their own: account, amount, VAT rate, dimensions if any."""
    return sorted(
        [
            line.account, f"{line.amount:.2f}", "" if line.vat_rate is None else f"{line.vat_rate:.2f}",
            *([line.cost_center or "", line.project or ""] if line.cost_center or line.project else []),
        ]
        for line in lines
    )  # fmt: skip
