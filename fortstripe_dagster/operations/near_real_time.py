"""The sensor on Stripe's events and the job it starts: closed days that changed run again within minutes.

All it remembers stands in the warehouse and the journal: Dagster may lose its cursor, or sleep for a day, and the next
tick goes on from what was really read.
"""

import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg

from fortstripe_dagster.assets.company import Company, explained
from fortstripe_dagster.assets.ledger import report_late_changes
from fortstripe_dagster.assets.metadata import markdown_table
from fortstripe_dagster.assets.nightly import newest_done, range_tags
from fortstripe_dagster.assets.partitions import DAYS_IN_A_RUN
from fortstripe_dagster.assets.place import Place
from fortstripe_dagster.business_day import STOCKHOLM
from fortstripe_dagster.delivery.journal import late_changes
from fortstripe_dagster.extract import Extraction
from fortstripe_dagster.failures import StripeFailure, WarehouseError
from fortstripe_dagster.operations.following import closed_days_to_run, follow, poll
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

# Dagster itself passes its beta parameter for owners on, whether a sensor has any or not.
warnings.filterwarnings("ignore", message="Parameter `owners`", category=dg.BetaWarning)

TICK_SECONDS = 30
"""How soon after the ledger has changed the runs of closed days start; Stripe is asked far more rarely."""
DAY_BEGINS, HOURS_BETWEEN = 6, 3
"""Local hour from which a failed night is tried again, and hours between two tries: a service may be down for long."""
FINISHED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
WAIT_SECONDS = 10
"""How long a tick waits for the warehouse: a run that uses it will be over at a later one."""


def following_job(place: Place) -> dg.JobDefinition:
    """What the sensor starts when Stripe has news."""

    @dg.op(pool=place.pool, description="Read what Stripe's events name, and bring the ledger up to date.")
    def read_changes(context: dg.OpExecutionContext, company: Company) -> None:
        """Nothing of a closed day is written to Fortnox here; days that changed are noted, and the sensor runs them."""
        with explained():
            settings = company.settings()
            warehouse = company.warehouse(settings, context.log.info)
            followed = follow(settings, warehouse, context.log.info, run_id=context.run_id)
        report_late_changes(context, place, followed.late)
        context.add_output_metadata(
            {
                "read again": markdown_table(
                    ["stream", "objects"], sorted((stream, len(ids)) for stream, ids in followed.changed.items())
                ),
                "closed days that changed": ", ".join(str(day) for day in followed.late) or "none",
                "open day": followed.delivered.text() if followed.delivered else "left to the night (realtime = false)",
            }
        )

    @dg.job(
        name=place.named("follow_changes"),
        description="Read what changed in Stripe since the last look; closed days it touches run again by themselves.",
    )
    def follow_changes() -> None:
        read_changes()

    return follow_changes


def stripe_events(place: Place, sync_job: Any, follow_job: dg.JobDefinition) -> dg.SensorDefinition:
    """The sensor: runs of closed days that changed, and a look at Stripe's events whenever it is time for one.

    `sync_job` is what `define_asset_job` returns, which has no public name.
    """

    @dg.sensor(
        name=place.named("stripe_events"),
        jobs=[sync_job, follow_job],
        minimum_interval_seconds=TICK_SECONDS,
        description="Reads what changed in Stripe (poll_minutes, within the month's allotment) and runs the closed days"
        " that it touches. New sales follow at night, or at once as invoices with realtime = true.",
        default_status=dg.DefaultSensorStatus.STOPPED,
    )
    def sensor(context: dg.SensorEvaluationContext, company: Company) -> Iterator[dg.RunRequest | dg.SkipReason]:
        settings = company.settings()
        if not settings.warehouse_path.is_file():
            yield dg.SkipReason("Nothing was synced yet.")
            return
        warehouse = Warehouse(settings.warehouse_path, wait_seconds=WAIT_SECONDS, say=context.log.info)
        try:
            yield from late_runs(settings, warehouse, sync_job.name)
            if not unfinished(context.instance, sync_job.name):
                first_day = place.days.start.date()
                yield from missed_runs(settings, warehouse, sync_job.name, first_day, datetime.now(UTC))
            yield look(settings, warehouse, follow_job.name, datetime.now(UTC))
        except (WarehouseError, StripeFailure) as error:
            yield dg.SkipReason(f"{error} The next tick looks again.")

    return sensor


def late_runs(settings: Settings, warehouse: Warehouse, job_name: str) -> Iterator[dg.RunRequest]:
    """A run for each range of closed days that changed; once for each change, since the night tries again anyway."""
    days = closed_days_to_run(settings, warehouse)
    for first, last in late_changes.ranges(days, DAYS_IN_A_RUN):
        changed_at = late_changes.changed_at(settings.journal_path, first, last)
        yield dg.RunRequest(
            run_key=f"late {first} {last} {changed_at}", job_name=job_name, tags=range_tags(first, last, "late change")
        )


def missed_runs(
    settings: Settings, warehouse: Warehouse, job_name: str, first_day: date, now: datetime
) -> Iterator[dg.RunRequest]:
    """The run of a night that failed or never was, once more every few hours of the day, until it has succeeded."""
    local = now.astimezone(STOCKHOLM)
    yesterday = local.date() - timedelta(days=1)
    if local.hour < DAY_BEGINS or yesterday < first_day:
        return
    done = newest_done(warehouse, max(first_day, yesterday - timedelta(days=DAYS_IN_A_RUN)), yesterday)
    if done is not None and done < yesterday:
        yield dg.RunRequest(
            run_key=f"{yesterday} again {local.hour // HOURS_BETWEEN}",
            job_name=job_name,
            tags=range_tags(done + timedelta(days=1), yesterday, "the night has failed"),
        )


def unfinished(instance: dg.DagsterInstance, job_name: str) -> bool:
    """Whether a run of the job waits or works."""
    under_way = [status for status in dg.DagsterRunStatus if status not in FINISHED]
    return instance.get_runs_count(dg.RunsFilter(job_name=job_name, statuses=under_way)) > 0


def look(settings: Settings, warehouse: Warehouse, job_name: str, now: datetime) -> dg.RunRequest | dg.SkipReason:
    """Ask Stripe, if it is time, whether anything happened, and let a run read it if so."""
    found = poll(settings, warehouse, now)
    if not found.due:
        return dg.SkipReason(f"Not asked: {found.why}.")
    with Extraction(settings, warehouse, progress=lambda line: None) as extraction:
        if not extraction.has_news():
            return dg.SkipReason(f"Nothing has happened at Stripe ({found.why}).")
    # Until a run has read the events there is one run an hour for them, not one a look.
    return dg.RunRequest(
        run_key=f"events after {found.read_until}, {now:%Y-%m-%dT%H}",
        job_name=job_name,
        tags={"fortstripe/why": "Stripe has news"},
    )
