"""Between the nights: read what changed in Stripe, bring the ledger up to date, and say which closed days it touches.

With `realtime`, the open day's customers and invoices go to Fortnox as well. Closed days are left to runs of their own.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from fortstripe_dagster.business_day import Days, today
from fortstripe_dagster.delivery import DeliveryReport
from fortstripe_dagster.delivery.journal import late_changes
from fortstripe_dagster.delivery.journal.choice_sets import sealed_under_others
from fortstripe_dagster.delivery.sending.open_day import deliver_open_day
from fortstripe_dagster.extract import Extraction, extract, polling
from fortstripe_dagster.extract.budget import Budget, spent
from fortstripe_dagster.ledger import build, choices_of, touched
from fortstripe_dagster.operations.pipeline import refuse_broken_ledger
from fortstripe_dagster.proof.proven import proven_days
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse, has_table

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Followed:
    """What one look at Stripe's events led to."""

    changed: Mapping[str, Sequence[str]]
    """Ids of known objects that were read again, by stream; empty under `realtime`, which lists the open day anew."""
    late: Mapping[date, str]
    """Closed days whose entries changed, with what they hold now."""
    delivered: DeliveryReport | None
    """What of the open day went to Fortnox, under `realtime`."""


@dataclass(frozen=True)
class Poll:
    """Whether Stripe may be asked for events now, and how far they were read."""

    due: bool
    why: str
    read_until: int
    """Seconds since the epoch; 0: no events were ever read."""


def follow(settings: Settings, warehouse: Warehouse, progress: Progress, *, run_id: str | None = None) -> Followed:
    """Read what the events name and rebuild what that reaches.

    Raises StripeFailure, RatesFailure, Failure for a ledger that is not fit, and, under `realtime`, DeliveryStopped.
    """
    run_id = run_id or uuid.uuid4().hex
    open_day = Days(today(), today())
    changed: Mapping[str, Sequence[str]] = {}
    if settings.realtime:
        extract(settings, warehouse, open_day, progress=progress, run_id=run_id)
    else:
        with Extraction(settings, warehouse, progress=progress, run_id=run_id) as extraction:
            changed = extraction.refresh()
            extraction.extract_rates()
    sealed = sealed_under_others(settings, choices_of(settings).digest)
    build(settings, warehouse, progress, days=open_day, sealed=sealed)
    refuse_broken_ledger(warehouse)
    late = touched.hand_on(warehouse, partial(late_changes.keep, settings.journal_path))
    delivered = None
    if settings.realtime:
        delivered = deliver_open_day(settings, warehouse, open_day.first, run_id=run_id, progress=progress)
    return Followed(changed, {day: content for day, content in late.items() if day not in open_day}, delivered)


def closed_days_to_run(settings: Settings, warehouse: Warehouse) -> list[date]:
    """Closed days that changed since they were taken the whole way. Those that never were are the night's business."""
    late = late_changes.waiting(settings.journal_path)
    if not late:
        return []
    with warehouse.writer() as connection:
        closed = set(proven_days(connection, late[0], late[-1]))
    return [day for day in late if day in closed]


def poll(settings: Settings, warehouse: Warehouse, now: datetime) -> Poll:
    """Whether it is time to ask Stripe for events, as the setting and the month's allotment have it."""
    with warehouse.writer() as connection:
        if not has_table(connection, "stripe.windows"):
            return Poll(False, "nothing was synced yet", 0)
        month, last = spent(connection, now), polling.last_asked(connection)
        ((read_until,),) = connection.execute(
            "SELECT coalesce(max(to_ts), 0) FROM stripe.windows WHERE stream = 'events'"
        ).fetchall()
    if not read_until:
        return Poll(False, "no events were read yet: the first sync does that", 0)
    return Poll(*_due(timedelta(minutes=settings.poll_minutes), month, last, now), read_until)


def _due(every: timedelta, month: Budget, last: datetime | None, now: datetime) -> tuple[bool, str]:
    wait = polling.pause(every, month)
    if wait is None:
        return False, f"{month}: only the nightly run reads until the allotment has recovered"
    if last is not None and now < last + wait:
        return False, f"events were read at {last:%H:%M:%S} UTC, and are again after {wait}"
    return True, str(month)
