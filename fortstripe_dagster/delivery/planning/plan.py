"""The plan: what Fortnox lacks of what the ledger wants, and what of it may be sent now.

Planning reads and decides; it writes nothing. First a draft from ledger and journal alone, then, with the company's
snapshot, the plan: what Fortnox would refuse is held, what depends on it waits, what a person must approve awaits that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery.correcting import set_off
from fortstripe_dagster.delivery.correcting.orders import reason_for, undone
from fortstripe_dagster.delivery.correcting.reversals import Sent, as_undone, taken_back
from fortstripe_dagster.delivery.customers import customer_changes, customers
from fortstripe_dagster.delivery.customers.customers import Match
from fortstripe_dagster.delivery.documents import papers, specifications, stock
from fortstripe_dagster.delivery.documents.desired import Desired, StripeAccount, read
from fortstripe_dagster.delivery.documents.desired import failed_payments as failed_payments_of
from fortstripe_dagster.delivery.documents.documents import SETTING_UP, Document, Held, held
from fortstripe_dagster.delivery.documents.packaging import Already, package
from fortstripe_dagster.delivery.journal import history
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.delivery.planning import setting_up, vat_codes
from fortstripe_dagster.delivery.planning.effects import boxes_of, effect
from fortstripe_dagster.delivery.planning.locked import place
from fortstripe_dagster.delivery.planning.plan_json import document_json, effect_json, held_json
from fortstripe_dagster.delivery.planning.preflight import Company, Needs, refusals
from fortstripe_dagster.delivery.sending import failed_payments
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

_RANK = {
    kind: rank
    for rank, kind in enumerate(
        (
            *SETTING_UP,
            "customer",
            "customer_change",
            "invoice",
            "credit_invoice",
            "payment",
            "voucher",
            "specification",
            "comment",
            "stock_document",
            "stock_quantity",
        )
    )
}
"""Nothing depends on a kind that comes later."""


@dataclass(frozen=True)
class Draft:
    """What Fortnox lacks, before anybody looked at the company. `finished` are ids that need nothing more."""

    days: Days
    documents: tuple[Document, ...]
    held: tuple[Held, ...] = ()
    finished: frozenset[str] = frozenset()
    needs: Needs = Needs()
    unchanged: int = 0
    stripe: StripeAccount | None = None
    undone: tuple[Held, ...] = ()
    boxes: Mapping[str, str] = field(default_factory=dict)
    """VAT box by treatment of what is sold or credited."""


@dataclass(frozen=True)
class Plan:
    """What a delivery may do, and what it may not and why. `matches` are customers and articles found in Fortnox."""

    days: Days
    to_send: tuple[Document, ...]
    held: tuple[Held, ...]
    awaiting: tuple[Document, ...]
    waiting: tuple[Held, ...]
    findings: tuple[str, ...] = ()
    matches: Mapping[str, Match] = field(default_factory=dict)
    unchanged: int = 0
    undone: tuple[Held, ...] = ()
    """What stays undone by a person's order."""
    boxes: Mapping[str, str] = field(default_factory=dict)
    """VAT box by account, as Fortnox's VAT codes tell."""

    def __add__(self, other: Plan) -> Plan:
        """Both plans as one, for the same days."""
        return Plan(
            self.days,
            self.to_send + other.to_send,
            self.held + other.held,
            self.awaiting + other.awaiting,
            self.waiting + other.waiting,
            self.findings + other.findings,
            {**self.matches, **other.matches},
            self.unchanged + other.unchanged,
            self.undone + other.undone,
            {**self.boxes, **other.boxes},
        )

    def counts(self) -> dict[str, int]:
        """Documents to send by kind."""
        return dict(Counter(document.kind for document in self.to_send))

    def summary(self) -> str:
        """The plan in a few words."""
        return (
            f"{len(self.to_send)} documents to send, {self.unchanged} in Fortnox already, {len(self.held)} held,"
            f" {len(self.waiting)} waiting, {len(self.awaiting)} awaiting approval"
        )

    def text(self) -> str:
        """The plan for a terminal."""
        lines = [f"Plan for {self.days}: {self.summary()}."]
        for document in self.to_send:
            lines.append(f"  {document.day}  {document.kind:15} {document.document_id}  {document.description}")
        for title, items in (("Held", self.held), ("Waiting", self.waiting), ("Undone", self.undone)):
            lines += [f"{title}:"] * bool(items)
            for item in items:
                lines.append(f"  {item.day}  {item.document_id}: {item.reason} Remedy: {item.remedy}")
        does = effect((*self.to_send, *self.awaiting), self.boxes)
        for account, (debit, credit) in does.accounts.items():
            lines.append(f"  account {account}  {debit:>14.2f}  {credit:>14.2f}")
        lines += [f"  VAT box {box:4} {amount:>14.2f}" for box, amount in does.boxes.items()]
        lines += ["Awaiting approval:"] * bool(self.awaiting)
        for document in self.awaiting:
            lines.append(f"  {document.day}  {document.document_id} {document.content_hash}  {document.description}")
        return "\n".join([*lines, *self.findings])

    def as_json(self) -> dict[str, Any]:
        """The plan for machines; amounts are text."""
        return {
            "days": [self.days.first.isoformat(), self.days.last.isoformat()],
            "to_send": [document_json(document, self.boxes) for document in self.to_send],
            "awaiting": [document_json(document, self.boxes) for document in self.awaiting],
            **effect_json((*self.to_send, *self.awaiting), self.boxes),
            "held": [held_json(item) for item in self.held],
            "waiting": [held_json(item) for item in self.waiting],
            "undone": [held_json(item) for item in self.undone],
            "findings": list(self.findings),
            "unchanged": self.unchanged,
        }


def make_plan(settings: Settings, warehouse: Warehouse, journal: Journal, company: Company | None, days: Days) -> Plan:
    """The plan for these days; without a company nothing is checked against Fortnox, nor any customer matched."""
    return settle(draft(settings, warehouse, journal, days), company, settings, journal)


def draft(
    settings: Settings, warehouse: Warehouse, journal: Journal, days: Days, *, within: Days | None = None
) -> Draft:
    """What ledger and journal say: new documents, and those that were begun but not finished.

    `within` is the whole range where `days` are a slice of it.
    """
    in_window = history.sealed_entries(journal, (), days)
    desired = read(warehouse, days, in_window, within=within)
    sealed = history.sealed_documents(journal, days)
    related = [f"{sale}:sale" for sale in desired.sales] + [f"{credit}:credit" for credit in desired.credits]
    complete = history.finished(journal, (document.document_id for document in sealed))
    orders = undone(journal)
    by_id = {document.document_id: document for document in sealed}
    already = Already(
        sealed=history.sealed_entries(journal, (entry.entry_id for entry in desired.entries), days),
        kinds=history.kinds_of_entries(journal, related),
        document_ids=frozenset(by_id),
        newest=history.newest_invoices(journal, related),
        undone=frozenset(name for i in orders.keys() & by_id.keys() for name in by_id[i].entry_ids),
        sent=Sent(
            by_id,
            frozenset(complete),
            partial(history.number, journal),
            partial(reason_for, journal),
        ),
    )
    packaged = package(desired, already, settings)
    begun = [document for document in sealed if document.document_id not in complete and document.posts]
    ordered = taken_back(orders, already.sent, settings)
    documents = [*begun, *(document for document in ordered if document.document_id not in by_id), *packaged.documents]
    documents += set_off.documents(journal, sealed, packaged.documents, desired, settings)
    prepared = [*_customers(documents, desired.sales, settings), *setting_up.articles(documents, settings)]
    dependencies = {name for document in documents for name in document.depends_on}
    finished = complete | history.finished(journal, dependencies)
    prepared = [document for document in prepared if document.document_id not in finished]
    prepared += customer_changes.documents(
        _customers(documents, desired.sales, settings, latest=True), journal, settings
    )
    if settings.failed_payment_comments == "customer":
        comments = failed_payments.documents(failed_payments_of(warehouse, days), journal)
        finished |= {name for document in comments for name in document.depends_on}
        prepared += comments
    moves = stock.documents(desired, _invoiced(packaged.documents, already), settings)
    moved_already = history.finished(journal, (document.document_id for document in moves))
    moved = [by_id.get(each.document_id, each) for each in moves if each.document_id not in moved_already]
    specified = _specifications([*sealed, *packaged.documents], desired, journal, settings)
    return Draft(
        days,
        (*prepared, *documents, *specified, *moved),
        packaged.held,
        frozenset(finished),
        Needs(
            customers=any(document.kind == "customer" for document in prepared),
            articles=frozenset(str(d.content["number"]) for d in prepared if d.kind == "article"),
            stocked=frozenset(str(each.content["article"]) for each in moved),
        ),
        sum(document.document_id in complete for document in sealed if document.posts),
        desired.stripe,
        tuple(as_undone(by_id[i], order) for i, order in orders.items() if i in by_id),
        _boxes(desired),
    )


def settle(
    draft: Draft,
    company: Company | None,
    settings: Settings,
    journal: Journal,
    before: Mapping[str, Held] = MappingProxyType({}),
) -> Plan:
    """Hold what Fortnox would refuse, let wait what depends on it, await approvals.

    `before` are documents of earlier slices that were not sent.
    """
    documents, findings = list(draft.documents), []
    matches: dict[str, Match] = {}
    stopped: list[Held] = _in_doubt(journal, documents)
    if company is not None:
        matches = _found(documents, company)
        findings = [
            f"{document_id} is customer {match.number} ({match.how}); Fortnox also has {', '.join(match.doubles)}."
            for document_id, match in matches.items()
            if match.doubles
        ]
        documents = setting_up.prepare([d for d in documents if d.document_id not in matches], company, settings)
        in_doubt = {item.document_id for item in stopped}
        documents, closed = place((d for d in documents if d.document_id not in in_doubt), company, settings)
        documents, unmoved = stock.settle(documents, company.stock or stock.Keeping(), settings)
        stopped += [*closed, *refusals(documents, company), *unmoved]
        miscoded, uncoded = vat_codes.check(documents, company, settings.accounts, draft.boxes)
        stopped += [item for item in miscoded if item.document_id not in {each.document_id for each in stopped}]
        findings += uncoded
    reasons = {**before, **{item.document_id: item for item in stopped}}
    approved = journal.approved()
    to_send: dict[str, Document] = {}
    awaiting: dict[str, Document] = {}
    waiting: list[Held] = []
    for document in sorted(documents, key=lambda d: (_rank(d), d.day, d.document_id)):
        if document.document_id in reasons:
            continue
        if document.kind == "specification" and not {*document.depends_on} <= draft.finished | to_send.keys():
            continue  # it comes with what it belongs to, whatever keeps that
        blocked = _blocked(document, draft.finished | matches.keys() | to_send.keys() | awaiting.keys(), reasons)
        if blocked is not None:
            waiting.append(blocked)
            reasons[document.document_id] = blocked
        elif _needs_approval(document, settings) and (document.document_id, document.content_hash) not in approved:
            awaiting[document.document_id] = document
        elif names := sorted(awaiting.keys() & set(document.depends_on)):
            waiting.append(
                held(
                    document, f"Waits for {names[0]}, which awaits approval.", "approve that with `fortstripe approve`."
                )
            )
            reasons[document.document_id] = waiting[-1]
        else:
            to_send[document.document_id] = document
    return Plan(
        draft.days,
        tuple(_only_needed(list(to_send.values()))),
        (*draft.held, *stopped),
        tuple(awaiting.values()),
        tuple(waiting),
        tuple(findings),
        matches,
        draft.unchanged,
        draft.undone,
        boxes_of(company) if company is not None else {},
    )


def _rank(document: Document) -> int:
    """What takes another document back goes before what replaces that."""
    return _RANK["customer"] if document.reverses else _RANK[document.kind]


def _customers(
    documents: Sequence[Document], sales: Mapping[str, Any], settings: Settings, *, latest: bool = False
) -> list[Document]:
    """The customer of each invoice, as at its first sale in the range, or at its latest."""
    found: dict[str, Document] = {}
    for document in sorted(documents, key=lambda each: each.day, reverse=latest):
        sale = sales.get(document.document_id.removeprefix("invoice:")) if document.kind == "invoice" else None
        if sale is not None:
            customer = customers.document(sale, settings)
            found.setdefault(customer.document_id, customer)
    return list(found.values())


def _invoiced(packaged: Sequence[Document], already: Already) -> set[str]:
    """The sales that an invoice says, which moves stock itself."""
    new = {document.document_id.removeprefix("invoice:") for document in packaged if document.kind == "invoice"}
    return new | {name.removesuffix(":sale") for name, kind in already.kinds.items() if kind == "invoice"}


def _boxes(desired: Desired) -> dict[str, str]:
    """The VAT box of each treatment of what is sold and credited."""
    sold = {row.treatment: row.box for sale in desired.sales.values() for row in sale.rows}
    return sold | {row.treatment: row.box for credit in desired.credits.values() for row in credit.rows}


def _specifications(
    documents: Sequence[Document], desired: Desired, journal: Journal, settings: Settings
) -> list[Document]:
    """The specifications and papers of Stripe's that documents lack, also those that were booked before."""
    pdfs = {papers.document_id(each.document_id): each for each in documents if papers.wants(each, settings)}
    wanting = {
        specifications.document_id(document.document_id): document
        for document in documents
        if specifications.wants(document, settings)
    }
    there = history.finished(journal, [*wanting, *pdfs])
    compiled = datetime.now(UTC)
    made = [specifications.document(wanting[name], desired, compiled) for name in wanting.keys() - there]
    return [*made, *(papers.document(pdfs[name]) for name in pdfs.keys() - there)]


def _found(documents: Sequence[Document], company: Company) -> dict[str, Match]:
    """Customers and articles that Fortnox has already."""
    matches = customers.match((d for d in documents if d.kind == "customer"), company.customers or ())
    for document in documents:
        if document.kind == "article" and document.content["number"] in company.articles:
            matches[document.document_id] = Match(document.content["number"], "article number")
    return matches


def _in_doubt(journal: Journal, documents: Sequence[Document]) -> list[Held]:
    doubtful = {intent.document_id: intent for intent in journal.open_intents()}
    return [
        held(
            document,
            f"It is in doubt whether Fortnox took {doubtful[document.document_id].step} of this document.",
            "run `fortstripe apply`: it is looked up before anything is sent again.",
        )
        for document in documents
        if document.document_id in doubtful
    ]


def _blocked(document: Document, ready: AbstractSet[str], reasons: Mapping[str, Held]) -> Held | None:
    for name in document.depends_on:
        if name in reasons:
            return held(document, f"Waits for {name}: {reasons[name].reason}", reasons[name].remedy)
        if name not in ready:
            return held(document, f"Waits for {name}, which is not in Fortnox.", "sync the day of that document first.")
    return None


def _needs_approval(document: Document, settings: Settings) -> bool:
    """Customers and the like go with the documents that need them."""
    return (document.posts or document.kind in ("comment", *stock.KINDS)) and (
        settings.approval == "manual" or bool(document.content.get("needs_approval"))
    )


def _only_needed(documents: list[Document]) -> list[Document]:
    """Without customers, articles and the like of which no document has need now."""
    needed = {name for document in documents if document.posts for name in document.depends_on}
    paid_to = {document.content["account"] for document in documents if document.kind == "payment"}
    kept = [
        document
        for document in documents
        if document.posts
        or document.kind in ("specification", "comment", *stock.KINDS)
        or (document.kind == "customer_change" and document.content["customer"] in needed)
        or document.document_id in needed
        or (document.kind == "mode_of_payment" and document.content["account"] in paid_to)
    ]
    return sorted(kept, key=lambda d: (d.kind not in SETTING_UP, d.day, _RANK[d.kind], d.document_id))
