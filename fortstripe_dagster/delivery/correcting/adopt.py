"""Rebuild a lost journal from Fortnox: documents of ours that it lacks are sealed as what they are.

Found by their references in bulk lists, compared for equality. Each gets the entries that the ledger puts in a document
of that id. Where a voucher in Fortnox says something else than the ledger does now, it is sealed with the difference on
a line of its own, which the next plan takes back by a supplement, as for any other late change.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from fortstripe_dagster.business_day import Days, today
from fortstripe_dagster.delivery.correcting import replaced_credits
from fortstripe_dagster.delivery.correcting.as_invoiced import as_invoiced
from fortstripe_dagster.delivery.correcting.unplaced import Unplaced, as_booked, called_for, order_again
from fortstripe_dagster.delivery.documents import bodies, differences, papers, specifications, stock
from fortstripe_dagster.delivery.documents.desired import Desired, read
from fortstripe_dagster.delivery.documents.documents import REVERSAL, STEPS, Document, Line, Part
from fortstripe_dagster.delivery.documents.exact_json import amount
from fortstripe_dagster.delivery.documents.packaging import Already, base_of, package
from fortstripe_dagster.delivery.journal import history
from fortstripe_dagster.delivery.journal.journal import Journal, Request
from fortstripe_dagster.delivery.journal.mirror import publish
from fortstripe_dagster.delivery.planning.plan import draft
from fortstripe_dagster.delivery.sending import attaching, stocking
from fortstripe_dagster.delivery.sending.compare import Lost, find, known_numbers
from fortstripe_dagster.delivery.sending.connection import connect, explained
from fortstripe_dagster.delivery.sending.deliver import prepare
from fortstripe_dagster.delivery.sending.steps import RESOURCES, Context
from fortstripe_dagster.fortnox import Fortnox, FortnoxError, path
from fortstripe_dagster.fortnox.values import as_bool, as_decimal
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

PACKAGING = "adopted"
Say = Callable[[str], None]


@dataclass(frozen=True)
class AdoptReport:
    """Documents put back by kind, and those that nobody could place; while there are any, deliveries stay stopped."""

    adopted: Mapping[str, int]
    unplaced: tuple[str, ...]

    def text(self) -> str:
        """The report for a terminal."""
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(self.adopted.items())) or "nothing"
        lines = [f"Adopted {counts}."]
        lines += [f"  not placed: {name}. Sync its day, or correct it in Fortnox." for name in self.unplaced]
        return "\n".join(lines)


def adopt(
    settings: Settings,
    warehouse: Warehouse,
    *,
    run_id: str | None = None,
    fortnox: Fortnox | None = None,
    progress: Say = print,
) -> AdoptReport:
    """Put back into the journal what Fortnox holds of ours since the start date. Writes nothing to Fortnox.

    Raises DeliveryStopped when Fortnox cannot be read or belongs to another company.
    """
    run_id = run_id or uuid.uuid4().hex
    client = fortnox or connect(settings)
    days = Days(settings.start_date, max(today(), settings.start_date))
    with Journal(settings.journal_path) as journal, journal.delivering():
        with explained():
            context = prepare(settings, journal, client, days, run_id)
            lost = find(context, None, settings.accounts.paid_outside_stripe)
            progress(f"adopt: {len(lost.names())} documents of ours are not in the journal")
            report = _Adoption(context, warehouse, read(warehouse, days), run_id).of(lost)
        publish(journal, warehouse)
    return report


class _Adoption:
    """One adoption: finds the document behind each record and writes it into the journal."""

    def __init__(self, context: Context, warehouse: Warehouse, desired: Desired, run_id: str) -> None:
        self._context = context
        self._warehouse = warehouse
        self._desired = desired
        self._run_id = run_id
        self._adopted: dict[str, int] = defaultdict(int)
        self._unplaced: list[Unplaced] = []

    def of(self, lost: Lost) -> AdoptReport:
        """Invoices first: what they say, no voucher says."""
        as_invoices = self._packaged("invoice")
        references = {str(item["ExternalInvoiceReference1"]) for item in lost.invoices}
        for item in lost.invoices:
            self._invoice(item, as_invoices, references)
        self._payments(lost.payments, as_invoices)
        self._replaced_credits()
        self._vouchers(lost.vouchers)
        self._corrections()
        self._leave_payments_to_people()
        self._stock()
        return AdoptReport(dict(self._adopted), tuple(item.text for item in self._unplaced))

    def _corrections(self) -> None:
        """What corrected documents that the journal knows: the plan calls for the same once more, round by round.

        What it does not call for by itself, a person had ordered.
        """
        while self._place_called_for():
            pass
        order_again(self._context.journal, self._unplaced)
        while self._place_called_for():
            order_again(self._context.journal, self._unplaced)

    def _replaced_credits(self) -> None:
        """Credits that the ledger has replaced since, and what paid them: the plan calls for what followed."""
        journal, desired = self._context.journal, self._desired
        sealed = history.sealed_entries(journal, (entry.entry_id for entry in desired.entries), desired.days)
        free = [entry for entry in desired.entries if entry.entry_id not in sealed]
        placed = replaced_credits.known_again(
            self._unplaced, desired, free, self._invoice_of_number, self._context.settings.accounts
        )
        for item, document in placed:
            self._put(document, item.number, item.answer)
        self._unplaced = [item for item in self._unplaced if item not in [each for each, _ in placed]]

    def _invoice_of_number(self, number: str) -> Document | None:
        """The invoice of ours that Fortnox has under a number."""
        journal = self._context.journal
        return next(iter(history.sealed_by_id(journal, history.invoices_of_number(journal, number)).values()), None)

    def _place_called_for(self) -> bool:
        """Place what the plan calls for now; whether there was any."""
        settings, journal = self._context.settings, self._context.journal
        if not self._unplaced:
            return False
        wanted = {
            document.document_id: document
            for document in draft(settings, self._warehouse, journal, self._desired.days).documents
            if document.sealed_hash is None
        }
        placed = []
        for item in self._unplaced:
            document = called_for(item, wanted, journal)
            if document is not None:
                booked = as_booked(wanted.pop(document.document_id), item, settings.accounts)
                self._put(booked, item.number, item.answer)
                placed.append(item)
        self._unplaced = [item for item in self._unplaced if item not in placed]
        return bool(placed)

    def _packaged(self, sales: str) -> dict[str, Document]:
        """What the ledger would send of all that is not sealed, if sales went so."""
        journal, desired = self._context.journal, self._desired
        related = [f"{sale}:sale" for sale in desired.sales] + [f"{credit}:credit" for credit in desired.credits]
        already = Already(
            sealed=history.sealed_entries(journal, (entry.entry_id for entry in desired.entries), desired.days),
            kinds=history.kinds_of_entries(journal, related),
        )
        settings = self._context.settings.model_copy(update={"sales": sales})
        return {document.document_id: document for document in package(desired, already, settings).documents}

    def _invoice(self, item: Mapping[str, Any], documents: Mapping[str, Document], lost: AbstractSet[str]) -> None:
        reference, number = str(item["ExternalInvoiceReference1"]), str(item["DocumentNumber"])
        kinds = ("invoice", "credit_invoice") if (as_decimal(item.get("Total")) or 0) >= 0 else ("credit_invoice",)
        document = next((documents[name] for kind in kinds if (name := f"{kind}:{reference}") in documents), None)
        if document is None:
            self._unplaced.append(
                Unplaced(
                    f"invoice {number} ({reference} is not in the ledger)",
                    "invoice",
                    number,
                    self._context.fortnox.get(path("invoices", number)),
                )
            )
            return
        answer = self._context.fortnox.get(path("invoices", number))
        customer = str(answer["Invoice"]["CustomerNumber"])
        self._context.journal.match(document.content["customer"], customer, "customer of an adopted invoice")
        document = as_invoiced(document, answer["Invoice"], self._context.settings.accounts)
        followed = {f"{reference}{REVERSAL}", f"{reference}:2"}
        if lost >= followed:  # it was of another day, maybe, and the plan calls for what followed
            document = replace(document, day=date.fromisoformat(str(answer["Invoice"]["InvoiceDate"])))
        self._put(document, number, answer)
        wanted = self._attachments(document)
        ties = attaching.invoice_ties(self._context.fortnox, number) if wanted else ()
        for attached, tie in zip(wanted, ties, strict=False):  # in the order in which they are sent
            self._put_attached(attached, tie, str(tie["fileId"]))

    def _payments(self, items: Sequence[Mapping[str, Any]], documents: Mapping[str, Document]) -> None:
        """Payments have no reference: date, amount and account on the same invoice tell them, equal ones by count."""
        payments = [document for document in documents.values() if document.kind == "payment"]
        came = history.progress(self._context.journal, {document.content["target"] for document in payments})
        wanted: dict[tuple[str, str, Decimal, str], list[Document]] = defaultdict(list)
        for document in payments:
            target = came.get(document.content["target"])
            if target is not None and target.number is not None:
                paid, account = amount(document.content["amount"]), str(document.content["account"])
                wanted[target.number, document.day.isoformat(), paid, account].append(document)
        for item in items:
            number, invoice = str(item["Number"]), str(item["InvoiceNumber"])
            account, paid = str(item["ModeOfPaymentAccount"]), as_decimal(item["Amount"]) or Decimal(0)
            key = (invoice, str(item["PaymentDate"]), paid, account)
            if wanted.get(key):
                self._put(wanted[key].pop(0), number, {"InvoicePayment": dict(item)})
                continue
            if account == self._context.settings.accounts.paid_outside_stripe:
                continue  # where people register payments, too: theirs
            self._unplaced.append(
                Unplaced(f"payment {number} of invoice {invoice}", "payment", number, {"InvoicePayment": dict(item)})
            )

    def _leave_payments_to_people(self) -> None:
        """What nothing explains on an invoice of ours, somebody else paid: known from now on, it stops no delivery.

        A day that the ledger does not have yet may explain it.
        """
        journal, payments = self._context.journal, [item for item in self._unplaced if item.kind == "payment"]
        invoices = [item.record["InvoiceNumber"] for item in payments]
        ours = known_numbers(journal, ("invoice", "credit_invoice"), invoices)
        for item in payments:
            day = date.fromisoformat(str(item.record["PaymentDate"]))
            if str(item.record["InvoiceNumber"]) in ours and day in self._desired.covered:
                journal.match(f"invoicepayment:{item.number}", item.number, "not ours")

    def _vouchers(self, items: Sequence[Mapping[str, Any]]) -> None:
        """A voucher and its supplements together say what the ledger's voucher of that id says."""
        choices = [self._packaged(self._context.settings.sales), self._packaged("daily_voucher")]
        groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for item in sorted(items, key=lambda each: int(each["VoucherNumber"])):
            full = self._context.fortnox.get(
                path("vouchers", item["VoucherSeries"], item["VoucherNumber"]), {"financialyear": item["Year"]}
            )["Voucher"]
            groups[base_of(_name(full))].append(full)
        for base, vouchers in sorted(groups.items()):
            if history.finished(self._context.journal, (_name(voucher) for voucher in vouchers)):
                self._leave(vouchers, base, "is there twice: reverse one")
                continue
            said = _said(vouchers)
            possible = [documents[base] for documents in choices if base in documents]
            document = next((each for each in possible if _wanted(each) == said), possible[0] if possible else None)
            if document is not None:
                parts = (*document.parts, *_beyond(base, said, _wanted(document)))
                self._put_vouchers(vouchers, parts, document.rule_version)
            elif base.endswith(differences.SUFFIX):
                self._put_vouchers(vouchers, (), "")
            else:
                self._leave(vouchers, base, "is not in the ledger")

    def _stock(self) -> None:
        """What vouchers of ours sold has left the stock: an article's quantity does not tell, so it is taken for so."""
        settings, journal, desired = self._context.settings, self._context.journal, self._desired
        by_quantity = settings.stock.moves == "articles" or (
            settings.stock.moves == "auto" and stocking.keeping(self._context.fortnox, (), None).module is False
        )
        if not by_quantity:
            return
        sealed = history.sealed_entries(journal, (entry.entry_id for entry in desired.entries), desired.days)
        invoiced = {name.removesuffix(":sale") for name, each in sealed.items() if each[0].kind == "invoice"}
        for document in stock.documents(desired, invoiced, settings):
            name = document.document_id.removeprefix("stock:").removesuffix(f":{document.content['article']}")
            if {f"{name}:sale", f"{name}:credit"} & sealed.keys():
                journal.match(document.document_id, document.content["article"], "taken for moved")
                self._adopted["stock"] += 1

    def _leave(self, vouchers: Sequence[Mapping[str, Any]], base: str, why: str) -> None:
        self._unplaced += [
            Unplaced(
                f"voucher {voucher['VoucherSeries']}{voucher['VoucherNumber']} ({base} {why})",
                "voucher",
                str(voucher["VoucherNumber"]),
                {"Voucher": dict(voucher)},
            )
            for voucher in vouchers
        ]

    def _put_vouchers(self, vouchers: Sequence[Mapping[str, Any]], parts: tuple[Part, ...], rule_version: str) -> None:
        """The first voucher gets all that they say together, its supplements nothing."""
        for voucher in vouchers:
            booked_on = str(voucher["TransactionDate"])
            day = _day(voucher)
            document = Document(
                document_id=_name(voucher),
                kind="voucher",
                day=day,
                description=str(voucher["Description"]),
                parts=parts,
                content={} if booked_on == day.isoformat() else {"booked_on": booked_on},
                books={"adopted": _name(voucher)},
                rule_version=rule_version,
            )
            self._put(document, str(voucher["VoucherNumber"]), {"Voucher": dict(voucher)})
            if specifications.wants(document, self._context.settings):
                tie = self._ties.get(
                    (str(voucher["VoucherSeries"]), str(voucher["VoucherNumber"]), str(voucher["Year"]))
                )
                if tie is not None:
                    self._put_attached(_specification(document), tie, str(tie["FileId"]))
            parts = ()

    def _attachments(self, invoice: Document) -> list[Document]:
        """What would be attached to an invoice."""
        settings = self._context.settings
        found = [_specification(invoice)] if specifications.wants(invoice, settings) else []
        return [*found, papers.document(invoice)] if papers.wants(invoice, settings) else found

    def _put_attached(self, attached: Document, tie: Mapping[str, Any], file_id: str) -> None:
        """What is attached to a document is taken for what we would attach: a second one would be one too many."""
        for step, answer in (("create", {"File": {"Id": file_id}}), ("connect", tie)):
            intent = self._context.journal.intend(attached, step, Request("POST", ""), self._run_id, PACKAGING)
            self._context.journal.answer(intent.intent, "found", number=file_id, body=answer)
        self._adopted["specification"] += 1

    @cached_property
    def _ties(self) -> dict[tuple[str, str, str], Mapping[str, Any]]:
        """What is attached to vouchers, by series, number and year; nothing where files are not to be read."""
        try:
            items = list(self._context.fortnox.pages("/3/voucherfileconnections", "VoucherFileConnections"))
        except FortnoxError as error:
            if not attaching.is_missing_permission(error):
                raise
            return {}
        return {
            (str(item["VoucherSeries"]), str(item["VoucherNumber"]), str(item["VoucherYear"])): item for item in items
        }

    def _put(self, document: Document, number: str, answer: Mapping[str, Any]) -> None:
        """Seal the document and answer its steps with what Fortnox has."""
        resource = RESOURCES[document.kind]
        booked = as_bool(answer[resource.wrapper].get("Booked"))
        for step in STEPS[document.kind] if booked else ("create",):
            request = Request("POST" if step == "create" else "PUT", path(resource.name, number))
            intent = self._context.journal.intend(document, step, request, self._run_id, PACKAGING)
            self._context.journal.answer(intent.intent, "found", number=number, body=answer)
        self._adopted[document.kind] += 1


def _specification(document: Document) -> Document:
    """The specification of a document, without its file."""
    return Document(
        document_id=specifications.document_id(document.document_id),
        kind="specification",
        day=document.day,
        description=f"Underlag: {document.description}",
        depends_on=(document.document_id,),
        content={
            specifications.target(document): document.document_id,
            "name": specifications.file_name(document),
        },
        books={specifications.target(document): document.content_hash},
    )


def _name(voucher: Mapping[str, Any]) -> str:
    return str(voucher["Comments"]).removeprefix(bodies.MARK)


def _day(voucher: Mapping[str, Any]) -> date:
    """The day of what it says, which its name holds; where that was closed, the voucher is dated later."""
    return date.fromisoformat(_name(voucher).split(":")[1])


def _said(vouchers: Sequence[Mapping[str, Any]]) -> dict[str, Decimal]:
    """What vouchers in Fortnox say together, by account, debit positive."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for voucher in vouchers:
        for row in voucher["VoucherRows"]:
            sums[str(row["Account"])] += (as_decimal(row.get("Debit")) or 0) - (as_decimal(row.get("Credit")) or 0)
    return {account: total for account, total in sums.items() if total}


def _wanted(document: Document) -> dict[str, Decimal]:
    """What a voucher of the ledger says, by account, debit positive."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in document.content["rows"]:
        sums[row["account"]] += amount(row.get("debit", 0)) - amount(row.get("credit", 0))
    return {account: total for account, total in sums.items() if total}


def _beyond(base: str, said: Mapping[str, Decimal], wanted: Mapping[str, Decimal]) -> tuple[Part, ...]:
    """What vouchers say beyond the ledger: as an entry that it does not have, so that the next plan takes it back."""
    lines = tuple(
        Line(account, said.get(account, Decimal(0)) - wanted.get(account, Decimal(0)))
        for account in sorted({*said, *wanted})
        if said.get(account, Decimal(0)) != wanted.get(account, Decimal(0))
    )
    return (Part(f"adopted:{base}", lines),) if lines else ()
