"""Send what a plan holds: customers' chains in parallel, each in order; commit the intent, send, commit the answer.

A refusal holds that document and what depends on it, nothing else. A lost answer sets its chain aside until the look-up
at the end of the round. No lock of the warehouse and no open transaction spans a request.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from fortstripe_dagster.delivery.documents import papers
from fortstripe_dagster.delivery.documents.documents import BESIDE_THE_BOOKS, SETTING_UP, Document, Held, held
from fortstripe_dagster.delivery.documents.exact_json import amount
from fortstripe_dagster.delivery.journal import history
from fortstripe_dagster.delivery.journal.journal import Intent
from fortstripe_dagster.delivery.planning.time_left import TimeLeft
from fortstripe_dagster.delivery.sending import attaching, fetching, linked
from fortstripe_dagster.delivery.sending.chains import Chain, chains_of
from fortstripe_dagster.delivery.sending.failed_payments import NoRoom
from fortstripe_dagster.delivery.sending.recovery import resolve
from fortstripe_dagster.delivery.sending.steps import (
    READY,
    Context,
    difference,
    look_up,
    number_of,
    request,
    reread,
    send,
)
from fortstripe_dagster.failures import DeliveryStopped
from fortstripe_dagster.fortnox import NotDone, Refused, Unauthorized

Say = Callable[[str], None]

NOT_READY = 2003498
"""Fortnox's code for an invoice that has to be marked as ready in the warehouse before it is bookkept."""
EVERY_SECONDS = 5.0
"""How often progress is told."""
MOST_DOUBTS = 3
"""How often the answer to one document may be lost before it is held, and how many rounds may bring nothing."""


@dataclass
class Applied:
    """What an application did. `written` counts steps that took effect, such as "invoice.create"."""

    written: Counter[str] = field(default_factory=Counter)
    held: dict[str, Held] = field(default_factory=dict)
    waiting: dict[str, Held] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


def apply(context: Context, documents: Sequence[Document], run_id: str, say: Say, result: Applied) -> None:
    """Send these documents, and note in `result`, as it goes, what became of them.

    Raises FortnoxError or DeliveryStopped when Fortnox is out of reach; what was sent until then is journalled.
    """
    if documents:
        _Application(context, documents, run_id, say, result).run()


class _Application:
    """One application; its state is shared by the threads that work on the chains."""

    def __init__(self, context: Context, documents: Sequence[Document], run_id: str, say: Say, result: Applied) -> None:
        self._context = context
        self._documents = documents
        self._run_id = run_id
        self._say = say
        self._result = result
        self._changing = threading.Lock()
        self._stop: BaseException | None = None
        self._doubts: Counter[str] = Counter()
        self._open = 0
        self._certain = 0
        self._answers = 0
        self._told = time.monotonic()
        self._left = TimeLeft()
        self._no_files: tuple[str, str] | None = None
        """Why no file can be sent, and what to do about it: not asked again for each document."""
        self._wants_ready = False
        """Whether Fortnox has refused to bookkeep an invoice that was not marked as ready."""
        self._no_papers: fetching.NoPaper | None = None
        """Why none of Stripe's PDFs can be had now: not asked again for each invoice."""

    def run(self) -> None:
        first = [document for document in self._documents if document.kind in SETTING_UP]
        self._work([first] if first else [])
        self._learn_modes(first)
        self._work(chains_of([document for document in self._documents if document.kind not in SETTING_UP]))
        self._tell(always=True)

    def _work(self, chains: list[Chain]) -> None:
        """Rounds until every chain has come to its end; between them, what is in doubt is looked up."""
        fruitless = 0
        while chains:
            self._open, answers = 0, self._answers
            with ThreadPoolExecutor(self._context.settings.fortnox.in_flight, "fortnox") as pool:
                chains = [rest for rest in pool.map(self._chain, chains) if rest]
            if self._stop is not None:
                raise self._stop
            found = resolve(self._context, self._say)
            self._result.written += found
            self._answers += found.total()
            fruitless = 0 if self._answers > answers else fruitless + 1
            if fruitless > MOST_DOUBTS:
                raise DeliveryStopped(
                    "Fortnox gives no usable answers; nothing is in doubt.", "run the same command again later."
                )

    def _chain(self, chain: Chain) -> Chain:
        """Make a chain's documents in order; returns what is left where one of them fell in doubt."""
        for position, document in enumerate(chain):
            # No more requests may be in doubt at once than may be in flight.
            if self._stop is not None or self._open >= self._context.settings.fortnox.in_flight:
                return chain[position:]
            try:
                certain = self._make(document)
            except BaseException as error:
                with self._changing:
                    self._stop = self._stop or error
                return chain[position:]
            with self._changing:
                self._certain += certain
                self._open += not certain
            self._tell()
            if not certain:
                return chain[position:]
        return []

    def _make(self, document: Document) -> bool:
        """Do the steps that the document lacks; False if it is in doubt whether one took effect."""
        waiting = self._waits(document)
        if waiting is not None:
            if document.kind != "specification":  # it says nothing without what it belongs to
                self._result.waiting[document.document_id] = waiting
            return True
        if self._doubts[document.document_id] >= MOST_DOUBTS:
            self._hold(
                document, f"Fortnox gave no usable answer {MOST_DOUBTS} times; nothing was done.", "run again later."
            )
            return True
        if document.kind == "specification" and self._no_files is not None:
            self._hold(document, *self._no_files)
            return True
        done = history.progress(self._context.journal, [document.document_id]).get(
            document.document_id, history.Progress()
        )
        if papers.of_stripe(document) and "create" not in done.answers:
            fetched = self._with_paper(document)
            if fetched is None:
                return True
            document = fetched
        for step in self._steps(document):
            if step in done.answers:
                continue
            if step in ("bookkeep", READY) and document.kind != "payment" and not self._agrees(document):
                return True
            went = self._step(document, step)
            if not went:
                return went is not None
        return True

    def _steps(self, document: Document) -> tuple[str, ...]:
        """The requests that make the document, as this company wants them."""
        if self._wants_ready and document.kind in ("invoice", "credit_invoice"):
            return (*document.steps[:-1], READY, document.steps[-1])
        return document.steps

    def _with_paper(self, document: Document) -> Document | None:
        """The document with Stripe's PDF; None where that cannot be had: told, and no invoice waits for it."""
        try:
            if self._no_papers is not None:
                raise self._no_papers
            return replace(document, file=fetching.fetch(document, self._context.settings))
        except fetching.NoPaper as missing:
            if missing.lasting:
                self._result.findings.append(f"{document.document_id}: {missing.reason} Nothing is attached.")
            else:
                self._hold(document, missing.reason, missing.remedy)
            if missing.outage:
                self._no_papers = missing
            return None

    def _step(self, document: Document, step: str) -> bool | None:
        """One request: True if it took effect, False if it was refused, None if nobody knows."""
        try:
            wanted = request(self._context, document, step)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(str(part) for part in problem["loc"])
            self._hold(
                document,
                f"It cannot be written to Fortnox: {where} {problem['msg'].removeprefix('Value error, ')}.",
                "correct it in Stripe and sync these days again.",
            )
            return False
        except NoRoom:
            self._hold(
                document,
                "The customer's comments in Fortnox are full of people's notes.",
                'shorten them, or set failed_payment_comments = "off".',
            )
            return False
        intent = self._context.journal.intend(document, step, wanted, self._run_id, self._context.settings.sales)
        try:
            answer = send(self._context, document, wanted)
            number = number_of(document, answer)
        except Unauthorized as error:
            if document.kind in BESIDE_THE_BOOKS and error.status == 403:
                return self._refused(document, step, intent, error)  # the login is good, but not for this
            self._context.journal.answer(intent.intent, "refused", status=error.status, body=error.message)
            raise
        except Refused as error:
            return self._refused(document, step, intent, error)
        except NotDone as error:
            self._context.journal.answer(intent.intent, "not_done", status=error.status, body=error.message)
            raise
        except Exception as error:  # whatever it was, it may have taken effect: the intent stays open
            self._say(f"{document.document_id}: {error}")
            self._doubts[document.document_id] += 1
            return None
        self._context.journal.answer(intent.intent, "done", number=number, body=answer)
        self._took_effect(document, step)
        return True

    def _refused(self, document: Document, step: str, intent: Intent, error: Refused | Unauthorized) -> bool | None:
        """Hold the document, unless it was refused because it is done already, or can be made in another way."""
        journal = self._context.journal
        numbered_by_us = document.kind in SETTING_UP or (document.kind == "customer" and document.content["number"])
        if step in ("bookkeep", "connect") or numbered_by_us or document.kind == "stock_document":
            answer = look_up(self._context, document, step, intent.at)
            if answer is not None:
                journal.answer(intent.intent, "found", number=number_of(document, answer), body=answer)
                self._took_effect(document, step)
                return True
        journal.answer(intent.intent, "refused", status=error.status, code=error.code, body=error.message)
        with self._changing:
            self._answers += 1
        if linked.made_by_credit(intent.request):
            return self._step(document, step)  # as a credit invoice of its own: Fortnox makes one by itself once only
        if step == "bookkeep" and error.code == NOT_READY and not self._has_taken(document, READY):
            self._wants_ready = True
            return self._step(document, READY) and self._step(document, step)
        reason, remedy = _explained(document, error)
        if document.kind == "mode_of_payment":
            account = document.content["account"]
            self._result.findings.append(f"{document.document_id}: {reason} Payments name account {account} instead.")
        elif document.kind == "specification" and step == "create" and attaching.is_missing_permission(error):
            self._no_files = reason, attaching.REMEDY
            self._hold(document, *self._no_files)
        else:
            self._hold(document, reason, remedy)
        return False

    def _has_taken(self, document: Document, step: str) -> bool:
        """Whether a step of a document took effect already."""
        done = history.progress(self._context.journal, [document.document_id])
        return step in done[document.document_id].answers

    def _agrees(self, document: Document) -> bool:
        """Whether Fortnox computed an unbooked invoice as the ledger did; if not, it is left unbooked and held."""
        limit = self._context.settings.difference_limit
        created = history.progress(self._context.journal, [document.document_id])[document.document_id]
        problem = difference(document, created.answers["update" if "update" in document.steps else "create"], limit)
        if problem is not None:
            # A person may have put it right since.
            problem = difference(document, reread(self._context, document), limit)
        if problem is not None:
            self._hold(
                document,
                f"{problem} It is left unbooked.",
                f"correct invoice {created.number} in Fortnox by hand, or the VAT rate in Stripe, then sync again.",
            )
        return problem is None

    def _waits(self, document: Document) -> Held | None:
        missing = set(document.depends_on) - history.finished(self._context.journal, document.depends_on)
        if not missing:
            return None
        name = min(missing)
        cause = self._result.held.get(name) or self._result.waiting.get(name)
        return held(
            document,
            f"Waits for {name}: {cause.reason}" if cause else f"Waits for {name}, which is not in Fortnox.",
            cause.remedy if cause else "sync the day of that document first.",
        )

    def _took_effect(self, document: Document, step: str) -> None:
        with self._changing:
            self._result.written[f"{document.kind}.{step}"] += 1
            self._answers += 1

    def _learn_modes(self, documents: Sequence[Document]) -> None:
        """Name in payments the modes that are there by now, also those of which only a look-up told so."""
        made = history.finished(self._context.journal, (document.document_id for document in documents))
        for document in documents:
            if document.kind == "mode_of_payment" and document.document_id in made:
                self._context.modes[document.content["account"]] = document.content["code"]

    def _hold(self, document: Document, reason: str, remedy: str) -> None:
        self._result.held[document.document_id] = held(document, reason, remedy)

    def _tell(self, *, always: bool = False) -> None:
        with self._changing:
            if not always and time.monotonic() - self._told < EVERY_SECONDS:
                return
            self._told = time.monotonic()
            sent = sum(self._context.fortnox.requests.values())
            left = self._left.said(self._certain, len(self._documents))
            self._say(f"fortnox: {self._certain} of {len(self._documents)} documents, {sent} requests{left}")


def _explained(document: Document, error: Refused | Unauthorized) -> tuple[str, str]:
    """Why Fortnox refused a document, and what a person does about it."""
    known = error.remedy
    code = f" [{error.code}]" if error.code else ""
    reason = f"Fortnox refused it{code}: {error.message}" + (f" {known.cause_en}" if known else "")
    returned = document.kind == "payment" and amount(document.content["amount"]) < 0
    if returned and document.content["target"].startswith("invoice:"):
        return reason, (
            "the money of a booked payment has left again: undo that payment of the invoice in Fortnox by hand,"
            " and book what is left to pay."
        )
    return reason, known.remedy_en if known else "correct what Fortnox names, then sync these days again."
