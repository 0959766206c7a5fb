"""The whole way for a range of days: extract, ledger, delivery, proof. The command line and the demo run this; Dagster
runs the same stage functions, one asset each."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial

from fortstripe_dagster import delivery
from fortstripe_dagster.business_day import Days, today
from fortstripe_dagster.delivery import DeliveryReport
from fortstripe_dagster.delivery.journal import late_changes
from fortstripe_dagster.delivery.journal.choice_sets import request_replan, sealed_under_others
from fortstripe_dagster.extract import ExtractReport, extract
from fortstripe_dagster.failures import HELD, ConfigurationError, Failure
from fortstripe_dagster.ledger import LedgerReport, Remark, build, checks, choices_of, touched
from fortstripe_dagster.proof import ProofReport, prove
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

Progress = Callable[[str], None]


@dataclass(frozen=True)
class SyncReport:
    """What one run of the whole way did."""

    days: Days
    extracted: ExtractReport
    ledger: LedgerReport
    delivered: DeliveryReport
    proof: ProofReport

    @property
    def exit_code(self) -> int:
        """0 done, 1 the proof alarms, 3 done but something waits for a person or is of a type that no rule knows."""
        if self.proof.exit_code not in (0, HELD):
            return self.proof.exit_code
        unknown = any(alert.text.startswith("unknown") for alert in self.alerts)
        return self.delivered.exit_code or self.proof.exit_code or (HELD if unknown else 0)

    @property
    def alerts(self) -> list[Remark]:
        """What a person should look at on these days although it is booked."""
        return self.ledger.alerts_of(self.days)

    def as_json(self) -> dict[str, object]:
        """For `--json`; amounts as text."""
        return {
            "days": [self.days.first.isoformat(), self.days.last.isoformat()],
            "extracted": {
                "rows": self.extracted.rows,
                "requests": self.extracted.requests,
                "month": None if self.extracted.month is None else asdict(self.extracted.month),
            },
            "ledger": {
                "entries": self.ledger.entries,
                "held": [remark._asdict() for remark in self.ledger.held],
                "alerts": [remark._asdict() for remark in self.alerts],
            },
            "delivered": self.delivered.as_json(),
            "proof": self.proof.as_json(),
            "exit_code": self.exit_code,
        }


def sync(settings: Settings, days: Days, progress: Progress) -> SyncReport:
    """Make Fortnox hold what Stripe says of `days`, and prove it.

    Raises ConfigurationError for days before the start date or in the future, StripeFailure, RatesFailure,
    WarehouseError or DeliveryStopped when the work cannot go on; what was committed before stays.
    """
    check_range(settings, days)
    settings.require_stripe()
    settings.require_fortnox()
    warehouse = Warehouse(settings.warehouse_path, say=progress)
    run_id = uuid.uuid4().hex[:12]
    progress(f"1/4 Stripe, {days}")
    extracted = extract(settings, warehouse, days, progress=progress, run_id=run_id)
    progress(f"Stripe: {extracted.spent()}")
    progress("2/4 ledger")
    sealed = sealed_under_others(settings, choices_of(settings).digest)
    ledger = build(settings, warehouse, progress, days=days, sealed=sealed)
    refuse_broken_ledger(warehouse)
    for day in touched.hand_on(warehouse, partial(late_changes.keep, settings.journal_path)):
        if day not in days:
            progress(f"{day} has changed since it was delivered: sync it again (the nightly run does)")
    progress("3/4 Fortnox")
    delivered = delivery.deliver(settings, warehouse, days, run_id=run_id, progress=progress)
    progress("4/4 proof")
    proof = prove(settings, warehouse, days, progress)
    warehouse.publish()
    return SyncReport(days, extracted, ledger, delivered, proof)


def replan(settings: Settings, warehouse: Warehouse, since: date, reason: str, who: str, progress: Progress) -> None:
    """Let what is in Fortnox from a day on follow today's rules and settings; the next plan shows what changes.

    Raises as `build` does; the request stays recorded.
    """
    choices = choices_of(settings)
    request_replan(settings, since, reason, who, (choices.digest, choices.text))
    build(settings, warehouse, progress, sealed=sealed_under_others(settings, choices.digest))
    refuse_broken_ledger(warehouse)


def check_range(settings: Settings, days: Days) -> None:
    """Raise ConfigurationError unless the days lie between the start date and today."""
    if days.first < settings.start_date:
        raise ConfigurationError(
            f"{days.first} is before start_date {settings.start_date}.",
            "choose a later --from, or an earlier start_date before the first sync.",
        )
    if days.last > today():
        raise ConfigurationError(f"{days.last} has not come yet.", "choose a --to that is not after today.")


def refuse_broken_ledger(warehouse: Warehouse) -> None:
    """Raise Failure if the ledger does not balance or misses a balance transaction: nothing may be delivered then."""
    with warehouse.writer() as connection:
        found = [*checks.unbalanced(connection), *checks.incomplete(connection)]
    if found:
        what, detail = found[0]
        raise Failure(
            f"The ledger is not fit to be delivered: {what}: {detail} ({len(found)} in all).",
            "run the sync of that day again; if it repeats, report it with that id.",
        )
