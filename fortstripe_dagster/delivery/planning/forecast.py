"""What a delivery will cost before anything is written: requests by kind, time, and what would be held.

It plans slice by slice as the delivery will, taking for granted that what an earlier slice sends arrives. Each step of
a document is a request; reads are those that the forecast itself has just made, for the delivery begins with the same.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery.customers import customer_list
from fortstripe_dagster.delivery.documents.desired import overview
from fortstripe_dagster.delivery.documents.documents import SETTING_UP, Document, Held, held
from fortstripe_dagster.delivery.documents.exact_json import amount
from fortstripe_dagster.delivery.journal import history
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.delivery.planning.plan import Draft, Plan, draft, settle
from fortstripe_dagster.delivery.planning.plan_json import held_json
from fortstripe_dagster.delivery.planning.preflight import read_company, with_needs
from fortstripe_dagster.delivery.planning.time_left import duration
from fortstripe_dagster.delivery.sending.chains import chains_of
from fortstripe_dagster.delivery.sending.compare import CURSOR, find
from fortstripe_dagster.delivery.sending.connection import connect, explained, pace
from fortstripe_dagster.delivery.sending.steps import Context
from fortstripe_dagster.failures import DONE, HELD
from fortstripe_dagster.fortnox import Fortnox
from fortstripe_dagster.money import to_minor, vat_of_gross
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

READS = "reading the company"
READ_FIRST = ("comment", "stock_quantity")
"""Kinds that change a part of a record, which is read before it is written."""
CORRECTIONS = "VAT öre taken back"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Forecast:
    """A delivery to come. `requests` and `documents` by kind; `seconds` is wall time at the pace of the settings."""

    days: Days
    documents: Mapping[str, int]
    requests: Mapping[str, int]
    seconds: float
    held: tuple[Held, ...]

    @property
    def total_requests(self) -> int:
        """Every request that the delivery will send."""
        return sum(self.requests.values())

    @property
    def exit_code(self) -> int:
        """0 if all of it can be sent, 3 if something would be held."""
        return HELD if self.held else DONE

    def text(self) -> str:
        """The forecast for a terminal."""
        lines = [f"Delivery of {self.days}: {self.total_requests} requests in about {duration(self.seconds)}."]
        lines += [
            f"  {self.documents.get(kind, ''):>8} {kind:20} {count:8} requests" for kind, count in self.requests.items()
        ]
        lines += [f"Would be held: {len(self.held)}"] * bool(self.held)
        lines += [f"  {item.day}  {item.document_id}: {item.reason} Remedy: {item.remedy}" for item in self.held]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The forecast for machines."""
        return {
            "days": [self.days.first.isoformat(), self.days.last.isoformat()],
            "documents": dict(self.documents),
            "requests": dict(self.requests),
            "total_requests": self.total_requests,
            "seconds": round(self.seconds),
            "held": [held_json(item) for item in self.held],
        }


def forecast(
    settings: Settings, warehouse: Warehouse, days: Days, *, fortnox: Fortnox | None = None, progress: Say = print
) -> Forecast:
    """What `deliver` would cost for these days. Writes nothing, neither to Fortnox nor to the journal.

    Raises DeliveryStopped when Fortnox cannot be read.
    """
    client = fortnox or connect(settings)
    before, started = client.requests.total(), time.monotonic()
    with Journal(settings.journal_path) as journal, explained():
        company = read_company(client, days, settings)
        find(Context(settings, journal, client, company, {}), journal.cursor(CURSOR))
        answer = (time.monotonic() - started) / (client.requests.total() - before)
        load = _Load()
        for part in overview(warehouse, days).slices:
            drafted = draft(settings, warehouse, journal, part, within=days)
            kept = customer_list.kept_in(settings, warehouse)
            listed = partial(customer_list.read, kept, client, company.tenant_id, keep=False)
            company = with_needs(company, client, drafted.needs, listed)
            planned = settle(load.without_what_is_known(drafted), company, settings, journal, load.held)
            load.add(planned, journal)
            progress(f"forecast: {part}: {planned.summary()}")
    # Reading and planning take the delivery as long as they took just now.
    seconds = time.monotonic() - started + load.seconds(pace(settings), answer, settings.fortnox.in_flight)
    requests = {**load.requests, READS: client.requests.total() - before}
    return Forecast(days, dict(load.documents), requests, seconds, tuple(load.held.values()))


class _Load:
    """What the slices so far come to. Keeps ids, not documents."""

    def __init__(self) -> None:
        self.documents: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self.held: dict[str, Held] = {}
        self._sent: set[str] = set()
        self._one_by_one = 0
        self._chains: list[tuple[int, int]] = []

    def without_what_is_known(self, drafted: Draft) -> Draft:
        """The draft as it will be when the slices before it have been sent."""
        documents = tuple(each for each in drafted.documents if each.document_id not in self._sent)
        return replace(drafted, documents=documents, finished=drafted.finished | self._sent)

    def add(self, planned: Plan, journal: Journal) -> None:
        """Count what a slice will send."""
        new = [document for document in planned.to_send if document.document_id not in self._sent]
        done = history.progress(journal, (document.document_id for document in new))
        lacking = {
            each.document_id: len(each.steps) - len(done[each.document_id].answers)
            if each.document_id in done
            else len(each.steps)
            for each in new
        }
        for document in new:
            self.documents[document.kind] += 1
            self.requests[document.kind] += lacking[document.document_id] + (document.kind in READ_FIRST)
        corrected = [document for document in new if _will_differ(document)]
        if corrected:
            self.requests[CORRECTIONS] += 2 * len(corrected)  # the voucher is read, and one is written
        chains = chains_of([document for document in new if document.kind not in SETTING_UP])
        lengths = [sum(lacking[document.document_id] for document in chain) for chain in chains]
        self._one_by_one += sum(lacking[each.document_id] for each in new if each.kind in SETTING_UP)
        self._one_by_one += 2 * len(corrected)
        self._chains.append((sum(lengths), max(lengths, default=0)))
        self._sent |= lacking.keys() | planned.matches.keys()
        awaiting = (held(each, "It awaits approval.", "approve it.") for each in planned.awaiting)
        for item in (*planned.held, *planned.waiting, *awaiting):
            self.held.setdefault(item.document_id, item)

    def seconds(self, interval: float, answer: float, in_flight: int) -> float:
        """How long the writes take: `interval` apart at least, `answer` seconds each, `in_flight` side by side."""
        side_by_side = sum(
            max(total * interval, total * answer / in_flight, longest * max(answer, interval))
            for total, longest in self._chains
        )
        return side_by_side + self._one_by_one * max(answer, interval)


def _will_differ(document: Document) -> bool:
    """Whether Fortnox, which rounds VAT once for each rate, will book an invoice an öre off the ledger."""
    if document.kind not in ("invoice", "credit_invoice"):
        return False
    gross: dict[Decimal, Decimal] = defaultdict(Decimal)
    for row in document.content["rows"]:
        gross[amount(row["vat"])] += amount(row["price"]) * amount(row["quantity"])
    return bool(document.content["check_vat"]) or _vat(gross.items()) != to_minor(amount(document.content["vat"]))


def _vat(gross_by_rate: Iterable[tuple[Decimal, Decimal]]) -> int:
    return sum(vat_of_gross(to_minor(gross), rate) for rate, gross in gross_by_rate)
