"""A delivery from beginning to end: recover, compare, look at the company, plan, apply, mirror."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery.customers import customer_list
from fortstripe_dagster.delivery.documents import differences
from fortstripe_dagster.delivery.documents.desired import StripeAccount, overview
from fortstripe_dagster.delivery.documents.documents import Document, Held, held
from fortstripe_dagster.delivery.journal import history
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.delivery.journal.mirror import Standing, publish
from fortstripe_dagster.delivery.planning.plan import Draft, Plan, draft, make_plan, settle
from fortstripe_dagster.delivery.planning.preflight import read_company, with_needs
from fortstripe_dagster.delivery.planning.time_left import TimeLeft
from fortstripe_dagster.delivery.sending.apply import Applied, apply
from fortstripe_dagster.delivery.sending.compare import compare
from fortstripe_dagster.delivery.sending.connection import connect, explained
from fortstripe_dagster.delivery.sending.recovery import resolve
from fortstripe_dagster.delivery.sending.report import DeliveryReport
from fortstripe_dagster.delivery.sending.steps import Context
from fortstripe_dagster.failures import DeliveryStopped
from fortstripe_dagster.fortnox import Fortnox
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

Say = Callable[[str], None]


def plan(
    settings: Settings,
    warehouse: Warehouse,
    days: Days,
    *,
    fortnox: Fortnox | None = None,
    offline: bool = False,
    progress: Say = print,
) -> Plan:
    """What `deliver` would write; nothing is written. `offline` leaves Fortnox alone: no checks, no customer match.

    Raises DeliveryStopped when Fortnox cannot be read.
    """
    with Journal(settings.journal_path) as journal:
        if offline:
            return make_plan(settings, warehouse, journal, None, days)
        with explained():
            client = fortnox or connect(settings)
            drafted = draft(settings, warehouse, journal, days)
            company = read_company(client, days, settings)
            kept = customer_list.kept_in(settings, warehouse)
            listed = partial(customer_list.read, kept, client, company.tenant_id, keep=False)
            company = with_needs(company, client, drafted.needs, listed)
            progress(f"delivery: read {company.name}'s Fortnox")
            differing = differences.documents(journal, client, days, settings)
            return settle(drafted, company, settings, journal) + settle(
                Draft(days, tuple(differing)), company, settings, journal
            )


def deliver(
    settings: Settings,
    warehouse: Warehouse,
    days: Days,
    *,
    run_id: str | None = None,
    fortnox: Fortnox | None = None,
    only: Container[str] | None = None,
    progress: Say = print,
) -> DeliveryReport:
    """Bring Fortnox to what the ledger says for these days; what is there already is not touched.

    `only` are the ids of documents that may be sent; None: all. A run that may not send all leaves its days to be run.
    In shadow mode none is sent: the report says how many would be.

    Raises DeliveryStopped when it would not be safe to write: another delivery runs, Fortnox is out of reach, belongs
    to another company, or holds documents of ours that the journal lacks. What was sent until then is journalled.
    """
    run_id = run_id or uuid.uuid4().hex
    shadow = settings.mode == "shadow"
    warehouse = warehouse.for_few_rows()
    client = fortnox or connect(settings)
    requests_before = Counter(client.requests)
    with Journal(settings.journal_path) as journal, journal.delivering():
        with explained():
            run = _begin(settings, warehouse, journal, client, days, run_id, () if shadow else only, progress)
            known = overview(warehouse, days)
            journal.keep_choices(known.choice_sets)
            parts, left = known.slices, TimeLeft()
            for number, part in enumerate(parts, 1):
                run.deliver(part, finishes=only is None and number == len(parts))
                if len(parts) > 1:
                    told = left.said((part.last - days.first).days + 1, (days.last - days.first).days + 1)
                    progress(f"delivery: part {number} of {len(parts)} is done, up to {part.last}{told}")
        return run.report(client.requests - requests_before)


def approve(settings: Settings, pairs: Iterable[tuple[str, str]], who: str) -> int:
    """Record that a person approves (document id, content hash) pairs of a plan; how many were new."""
    with Journal(settings.journal_path) as journal:
        return journal.approve(pairs, who)


def prepare(settings: Settings, journal: Journal, client: Fortnox, days: Days, run_id: str) -> Context:
    """Begin a run: read the company, for these days and those of open intents, and pin the journal to it.

    Raises DeliveryStopped when the journal belongs to another company.
    """
    open_days = {document.day for document in _in_doubt(journal)}
    company = read_company(client, sorted({*days, *open_days}), settings)
    if settings.fortnox.auth == "refresh_token" and company.tenant_id != settings.fortnox_tenant_id:
        raise DeliveryStopped(
            f"The login belongs to the Fortnox company {company.tenant_id} ({company.name}), "
            f"FORTNOX_TENANT_ID says {settings.fortnox_tenant_id}.",
            "correct FORTNOX_TENANT_ID, or run `fortstripe connect` as a user of the right company.",
        )
    journal.pin("fortnox_tenant", company.tenant_id, "the Fortnox company")
    journal.begin_run(run_id, days)
    return Context(settings, journal, client, company, {number: code for code, number in company.modes.items()})


def _begin(
    settings: Settings,
    warehouse: Warehouse,
    journal: Journal,
    client: Fortnox,
    days: Days,
    run_id: str,
    only: Container[str] | None,
    say: Say,
) -> _Run:
    """Find out what became of lost answers, and that nothing of ours is in Fortnox that the journal lacks."""
    try:
        context = prepare(settings, journal, client, days, run_id)
        found = resolve(context, say)
        compare(context)
    except BaseException:
        publish(journal, warehouse)
        raise
    return _Run(context, warehouse, days, run_id, only, say, written=found)


@dataclass
class _Run:
    """One delivery, slice after slice, and what came of it. Of documents that are done it keeps their number only."""

    context: Context
    warehouse: Warehouse
    days: Days
    run_id: str
    only: Container[str] | None
    say: Say
    written: Counter[str] = field(default_factory=Counter)
    held: list[Held] = field(default_factory=list)
    waiting: list[Held] = field(default_factory=list)
    awaiting: list[Held] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    shadow: Counter[str] = field(default_factory=Counter)
    unchanged: int = 0

    def deliver(self, part: Days, *, finishes: bool) -> None:
        """Plan and send the documents of a slice of the days, and show them in the warehouse.

        With the slice that `finishes` it, the run is done.
        """
        settings, journal = self.context.settings, self.context.journal
        planned: Plan | None = None
        applied = Applied()
        try:
            drafted = draft(settings, self.warehouse, journal, part, within=self.days)
            _pin_stripe(journal, drafted.stripe)
            client, company = self.context.fortnox, self.context.company
            kept = customer_list.kept_in(settings, self.warehouse)
            listed = partial(customer_list.read, kept, client, company.tenant_id, keep=True)
            company = with_needs(company, client, drafted.needs, listed)
            self.context = replace(self.context, company=company)
            planned = settle(drafted, company, settings, journal, self._not_sent())
            for document_id, match in planned.matches.items():
                journal.match(document_id, match.number, match.how)
                if match.document is not None:
                    journal.note_found(match.document, match.number, self.run_id)
            self.say(f"delivery: {'' if part == self.days else f'{part}: '}{planned.summary()}")
            allowed = [d for d in planned.to_send if self.only is None or d.document_id in self.only]
            apply(self.context, allowed, self.run_id, self.say, applied)
            if self.only is None:
                differing = differences.documents(journal, self.context.fortnox, part, settings)
                second = settle(Draft(part, tuple(differing)), company, settings, journal)
                planned += second
                apply(self.context, second.to_send, self.run_id, self.say, applied)
            if finishes:
                journal.finish_run(self.run_id)
        finally:
            publish(journal, self.warehouse, self._standing(planned, applied) if planned is not None else None)
            if planned is not None:
                self._note(planned, applied)

    def report(self, requests: Counter[tuple[str, str]]) -> DeliveryReport:
        """What the run did and what it left."""
        return DeliveryReport(
            days=self.days,
            run_id=self.run_id,
            written=dict(sorted(self.written.items())),
            held=tuple(self.held),
            awaiting=tuple(self.awaiting),
            waiting=tuple(self.waiting),
            in_doubt=tuple(
                held(
                    document, "The answer to a request was lost.", "run the same command again: it is looked up first."
                )
                for document in _in_doubt(self.context.journal)
            ),
            requests={f"{method} {endpoint}": count for (method, endpoint), count in sorted(requests.items())},
            findings=tuple(self.findings),
            unchanged=self.unchanged,
            shadow=dict(sorted(self.shadow.items())) if self._is_shadow else None,
        )

    @property
    def _is_shadow(self) -> bool:
        return self.context.settings.mode == "shadow"

    def _standing(self, planned: Plan, applied: Applied) -> Standing:
        standing = _standing(self.context.journal, planned, applied)
        if not self._is_shadow:
            return standing
        items = (("shadow" if status in _UNSENT else status, item) for status, item in standing.items)
        return replace(standing, items=tuple(items))

    def _not_sent(self) -> dict[str, Held]:
        return {item.document_id: item for item in (*self.awaiting, *self.waiting, *self.held)}

    def _note(self, planned: Plan, applied: Applied) -> None:
        self.written += applied.written
        self.held += [*planned.held, *applied.held.values()]
        self.findings += [*planned.findings, *applied.findings]
        self.unchanged += planned.unchanged
        if self._is_shadow:
            unsent: tuple[Document | Held, ...] = (*planned.to_send, *planned.awaiting, *planned.waiting)
            self.shadow += Counter(each.kind for each in unsent)
            return
        self.waiting += [*planned.waiting, *applied.waiting.values()]
        self.awaiting += [
            held(document, "It awaits approval.", "approve it with `fortstripe approve`.")
            for document in planned.awaiting
        ]


def _pin_stripe(journal: Journal, account: StripeAccount | None) -> None:
    """Tie the journal to the Stripe account and mode that the ledger was made of."""
    if account is not None:
        journal.pin("stripe_account", account.id, "the Stripe account")
        journal.pin("stripe_mode", "live" if account.livemode else "test", "Stripe's mode")


def _in_doubt(journal: Journal) -> list[Document]:
    opened = {intent.document_id for intent in journal.open_intents()}
    return list(history.sealed_by_id(journal, opened).values())


_UNSENT = frozenset({"planned", "awaiting approval", "waiting"})
"""What only shadow mode keeps from being sent, with what waits for it."""


def _standing(journal: Journal, plan: Plan, applied: Applied) -> Standing:
    """What of the plan is not in Fortnox now, and why."""
    complete = history.finished(journal, (document.document_id for document in plan.to_send))
    items: dict[str, tuple[str, Held | Document]] = {
        document.document_id: ("planned", document)
        for document in plan.to_send
        if document.document_id not in complete and document.posts
    }
    items |= {document.document_id: ("awaiting approval", document) for document in plan.awaiting}
    for status, group in (
        ("undone", plan.undone),
        ("waiting", (*plan.waiting, *applied.waiting.values())),
        ("held", (*plan.held, *applied.held.values())),
    ):
        items |= {item.document_id: (status, item) for item in group}
    return Standing(plan.days, tuple(items.values()))
