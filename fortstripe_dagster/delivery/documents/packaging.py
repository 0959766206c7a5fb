"""Entries become documents: which entry goes by invoice, by payment or by voucher. Pure rules, no I/O.

An entry that is sealed is never packaged again: if its lines changed since, only the difference is new, as a
supplement to its voucher, or as the smallest lawful correction of its invoice (see `corrections`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from fortstripe_dagster.delivery.correcting.corrections import correct, meets, on_another_day
from fortstripe_dagster.delivery.correcting.reversals import Sent
from fortstripe_dagster.delivery.documents import invoicing, vouchers
from fortstripe_dagster.delivery.documents.desired import Desired, Sale
from fortstripe_dagster.delivery.documents.documents import REVERSAL, Document, Entry, Held, Line, Part, held
from fortstripe_dagster.delivery.journal.history import Sealed
from fortstripe_dagster.settings import Settings

INVOICED_BOXES = frozenset({"35", "39"})
"""VAT boxes whose sales are always invoices: of them alone Fortnox makes the EC sales list."""

OSS = frozenset({"oss_services", "oss_goods"})
"""Treatments with another country's VAT rate, which Fortnox takes on an invoice only where it is registered by hand."""

AGENTS = frozenset({"seller", "commission"})
"""Treatments of what is sold for a connected account: the invoice to its buyer is the seller's, never the agent's."""

_OF_CREDITS = frozenset({"refund", "dispute_lost", "credit_to_balance", "credit_outside"})
_ON_RECEIVABLES = _OF_CREDITS | {"payment", "payment_failed", "advance_settled", "credit_balance", "paid_outside"}


@dataclass(frozen=True)
class Already:
    """What the journal knows: assignments by entry id, the kind of document in which sales and credits went, the ids
    of the documents of the range, the newest invoice by the id of the first, and entries that a person had undone."""

    sealed: Mapping[str, Sequence[Sealed]] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    document_ids: frozenset[str] = frozenset()
    newest: Mapping[str, str] = field(default_factory=dict)
    undone: frozenset[str] = frozenset()
    sent: Sent = Sent()


@dataclass(frozen=True)
class Packaged:
    """Documents that Fortnox does not have yet, and entries that no document may say."""

    documents: tuple[Document, ...]
    held: tuple[Held, ...]


def package(desired: Desired, already: Already, settings: Settings) -> Packaged:
    """Documents for all that the ledger wants in these days and no sealed document says."""
    fresh, changes, waiting = _compare(desired, already)
    rules = _Rules(desired, already, settings)
    entries = {entry.entry_id: entry for entry in desired.entries}
    documents: list[Document] = []
    supplements: list[tuple[str, Part]] = []
    stuck: dict[str, Held] = {}
    corrected: set[str] = set()
    for change in changes:
        entry = change.wanted
        if all(sealed.kind == "voucher" for sealed in change.group):
            met = meets(change.difference, change.group, entry, rules.sales_document, settings.accounts)
            if met is not None:
                documents.append(met)
                continue
            base = base_of(change.group[-1].document_id.removesuffix(REVERSAL))
            supplements.append((base, Part(change.entry_id, change.difference)))
            continue
        before = rules.before(change.entry_id)
        made = correct(change.difference, change.group, entry, rules.sales_document, before, already.sent, settings)
        if isinstance(made, Held):
            waiting.append(made)
            stuck[_movement(change.entry_id)] = made
        else:
            documents += made
            corrected.add(change.entry_id)
    again = {entry.entry_id: rules.on_another_day(entry, corrected) for entry in fresh}
    named = [*documents, *(document for document in again.values() if isinstance(document, Document))]
    newest = {**already.newest, **{base_of(document.document_id): document.document_id for document in named}}
    documents = [document if document.reverses else _aimed(document, newest) for document in documents]
    for_vouchers: dict[str, list[tuple[Entry | None, Part]]] = defaultdict(list)
    for entry in fresh:
        if entry.kind in vouchers.OPENING and settings.opening == "in_books":
            continue  # people booked it before the start
        if entry.held:
            waiting.append(
                Held(
                    f"entry:{entry.entry_id}", entry.kind, entry.day, (entry.entry_id,), entry.held,
                    "put it right in Stripe and sync these days again.",
                )
            )  # fmt: skip
            continue
        if entry.kind in _OF_CREDITS and (whole := stuck.get(_movement(entry.entry_id))) is not None:
            # What was sent as one movement would be in Fortnox twice in part.
            waiting.append(
                Held(
                    f"entry:{entry.entry_id}", entry.kind, entry.day, (entry.entry_id,),
                    f"It is a part of what {whole.document_id} waits to correct.", whole.remedy,
                )
            )  # fmt: skip
            continue
        document = again[entry.entry_id] or rules.sales_document(entry)
        if isinstance(document, Held):
            waiting.append(document)
        elif document is not None and rules.leaves_to_a_person(document):
            waiting.append(
                held(document, "How a credit is settled is left to a person.", "register the repayment in Fortnox.")
            )
        elif document is not None:
            documents.append(_aimed(document, newest))
        else:
            for_vouchers[rules.voucher_id(entry)].append((entry, Part(entry.entry_id, entry.lines)))
    documents += rules.settlements()
    for base, part in supplements:
        for_vouchers[base].append((entries.get(part.entry_id), part))
    for base, members in for_vouchers.items():
        number = 1 + sum(base_of(document_id) == base for document_id in already.document_ids)
        voucher = vouchers.document(base, number, members, settings, already.sent.because)
        if voucher is not None:
            documents.append(voucher)
    chosen = [_with_choices(document, entries) for document in documents]
    return Packaged(tuple(sorted(chosen, key=lambda d: (d.day, d.document_id))), tuple(waiting))


def _movement(entry_id: str) -> str:
    """The balance transaction or document of which an entry is the whole or a part."""
    return entry_id.split(":")[0]


def base_of(document_id: str) -> str:
    """The id of a voucher without the number of a supplement."""
    return re.sub(r":\d+$", "", document_id)


def _with_choices(document: Document, entries: Mapping[str, Entry]) -> Document:
    """The document with the choice set that each of its entries was made under; what is taken back has none."""
    parts = (
        replace(part, choices=entries[part.entry_id].choices if part.entry_id in entries else None)
        for part in document.parts
    )
    return replace(document, parts=tuple(parts))


def _aimed(document: Document, newest: Mapping[str, str]) -> Document:
    """The document, on the newest invoice of its sale where that was credited and made anew."""
    aims = {name: document.content[name] for name in ("target", "original") if name in document.content}
    changed = {name: newest[target] for name, target in aims.items() if target in newest}
    if not changed:
        return document
    return replace(
        document,
        depends_on=tuple(newest.get(name, name) for name in document.depends_on),
        content={**document.content, **changed},
    )


class _Rules:
    """Where an entry goes, under the company's packaging."""

    def __init__(self, desired: Desired, already: Already, settings: Settings) -> None:
        self._desired = desired
        self._already = already
        self._settings = settings

    def sales_document(self, entry: Entry) -> Document | None:
        """The invoice, credit invoice or payment that says the entry; None if a voucher does."""
        sale = self._desired.sales.get(entry.sale_id or "")
        if sale is None or not self._invoiced(sale):
            return None
        credit = self._desired.credits.get(entry.credit_id or "")
        if entry.kind == "sale":
            return invoicing.invoice(entry, sale, self._settings)
        if entry.kind == "credit" and credit is not None:
            return invoicing.credit_invoice(entry, credit, sale, self._settings)
        receivable = self._settings.accounts.receivable
        if entry.kind not in _ON_RECEIVABLES or all(line.account != receivable for line in entry.lines):
            return None
        if entry.kind in _OF_CREDITS or (entry.kind == "advance_settled" and entry.credit_id):
            if credit is None or self._already.kinds.get(f"{credit.credit_id}:credit") == "voucher":
                return None
            return invoicing.payment(
                entry, f"credit_invoice:{credit.credit_id}", -credit.gross_ore, self._settings.accounts
            )
        return invoicing.payment(entry, f"invoice:{sale.sale_id}", sale.gross_ore, self._settings.accounts)

    def before(self, entry_id: str) -> list[Sealed]:
        """The invoices, credit invoices and payments that said an entry so far."""
        sealed = self._already.sealed.get(entry_id, ())
        return [each for each in sealed if each.kind != "voucher" and not each.document_id.endswith(REVERSAL)]

    def on_another_day(self, entry: Entry, corrected: AbstractSet[str]) -> Document | Held | None:
        """One more document of an entry that went with another day before; None if it did not, or a voucher says it.

        A payment waits until what said it before is taken back, unless that is `corrected` just now.
        """
        before = self.before(entry.entry_id)
        new = self.sales_document(entry) if before and not entry.held else None
        if new is None:
            return None
        said = (line for sealed in self._already.sealed[entry.entry_id] for line in sealed.lines)
        if new.kind == "payment" and entry.entry_id not in corrected and _sum(said):
            last = before[-1]
            return Held(
                f"entry:{entry.entry_id}", entry.kind, entry.day, (entry.entry_id,),
                f"{last.document_id} of {last.day} says it still.",
                f"put that right first: it is held, or sync one range that holds both {last.day} and {entry.day}.",
            )  # fmt: skip
        return on_another_day(new, before, self._already.sent)

    def settlements(self) -> list[Document]:
        """Void invoices and their credits, both unpaid, against each other."""
        found: list[Document] = []
        for entry in self._desired.entries if self._settings.credit_settlement == "payment" else ():
            credit, sale = (
                self._desired.credits.get(entry.credit_id or ""),
                self._desired.sales.get(entry.sale_id or ""),
            )
            if entry.kind != "credit" or entry.held or credit is None or sale is None or credit.kind != "void":
                continue
            if self._invoiced(sale) and self._already.kinds.get(entry.entry_id) != "voucher" and credit.gross_ore:
                found += invoicing.settlements(entry, credit, sale, self._settings.accounts)
        return [document for document in found if document.document_id not in self._already.document_ids]

    def leaves_to_a_person(self, document: Document) -> bool:
        """Whether it is a payment of a credit invoice that the company registers by hand."""
        of_credit = document.kind == "payment" and document.content["target"].startswith("credit_invoice:")
        return of_credit and self._settings.credit_settlement == "hold"

    def voucher_id(self, entry: Entry) -> str:
        """The voucher that says the entry: one a day and settlement currency for each group, payouts one each."""
        credit = self._desired.credits.get(entry.credit_id or "")
        if entry.kind == "credit" and credit is not None and credit.kind == "dispute":
            return vouchers.base_id(entry, "disputes")
        return vouchers.base_id(entry)

    def _invoiced(self, sale: Sale) -> bool:
        sent_as = self._already.kinds.get(f"{sale.sale_id}:sale")
        if sent_as is not None:
            return sent_as == "invoice"
        if sale.before_start or any(row.treatment in AGENTS for row in sale.rows):
            return False
        if any(row.box in INVOICED_BOXES for row in sale.rows):
            return True
        if self._settings.oss_packaging == "voucher" and any(row.treatment in OSS for row in sale.rows):
            return False
        match self._settings.sales:
            case "invoice":
                return True
            case "daily_voucher":
                return False
            case "auto" if self._settings.accounting_method == "cash":
                return False  # Fortnox books no invoices then: the payment is the sale, and a voucher says it
            case "auto":
                return sale.kind == "invoice" or sale.party.buyer == "business"


@dataclass(frozen=True)
class _Change:
    """An entry of which documents of one day say something else than the ledger; `wanted` None: nothing any more."""

    entry_id: str
    group: Sequence[Sealed]
    difference: tuple[Line, ...]
    wanted: Entry | None


def _compare(desired: Desired, already: Already) -> tuple[list[Entry], list[_Change], list[Held]]:
    """Entries that no document says; those that documents say otherwise; what needs a person.

    What a person had undone stays so.
    """
    fresh: list[Entry] = []
    changes: list[_Change] = []
    waiting: list[Held] = []
    current = {entry.entry_id: entry for entry in desired.entries}
    for entry_id in sorted({*current, *already.sealed} - already.undone):
        if entry_id.startswith(invoicing.SETTLEMENT):
            continue
        entry = current.get(entry_id)
        by_day: dict[date, list[Sealed]] = defaultdict(list)
        for sealed in already.sealed.get(entry_id, ()):
            by_day[sealed.day].append(sealed)
        said = {day: _sum(line for sealed in group for line in sealed.lines) for day, group in by_day.items()}
        elsewhere = desired.moved.get(entry_id) or next(
            (day for day, sums in said.items() if sums and day not in desired.within), None
        )
        if elsewhere is not None and by_day:
            waiting.append(_moved(entry_id, entry, by_day, elsewhere))
            continue
        for day, group in by_day.items():
            if day not in desired.days or (entry is None and day not in desired.covered):
                continue  # another slice's affair, or a day of which the ledger says nothing at present
            wanted = _sum(entry.lines) if entry is not None and entry.day == day else {}
            difference = _difference(wanted, said[day])
            if not difference:
                continue
            changes.append(_Change(entry_id, group, difference, entry if wanted else None))
        if entry is not None and entry.day not in by_day:
            fresh.append(entry)
    fresh.sort(key=lambda entry: (entry.day, entry.entry_id))
    return fresh, changes, waiting


_Sums = dict[tuple[str, Decimal | None, str | None, str | None], Decimal]
"""Kronor by account, VAT rate, cost centre and project: a wrong dimension is reposted (omförd)."""


def _sum(lines: Iterable[Line]) -> _Sums:
    sums: _Sums = defaultdict(Decimal)
    for line in lines:
        sums[line.account, line.vat_rate, line.cost_center, line.project] += line.amount
    return {key: amount for key, amount in sums.items() if amount}


def _difference(wanted: _Sums, said: _Sums) -> tuple[Line, ...]:
    changed = {key: wanted.get(key, Decimal(0)) - said.get(key, Decimal(0)) for key in {**said, **wanted}}
    return tuple(
        Line(account, amount, rate, None, cost_center, project)
        for (account, rate, cost_center, project), amount in changed.items()
        if amount
    )


def _moved(entry_id: str, entry: Entry | None, by_day: Mapping[date, list[Sealed]], elsewhere: date) -> Held:
    first = next(iter(by_day.values()))[0]
    day = entry.day if entry is not None else first.day
    return Held(
        f"correction:{first.document_id}",
        first.kind,
        day,
        (entry_id,),
        f"Entry {entry_id} was sent with {first.document_id} of {first.day} and belongs to another day now.",
        f"sync one range that holds both {day} and {elsewhere}.",
    )
