"""The schedule: each night yesterday with days that were missed, and the closed days that changed, and only them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg

from fortstripe_dagster.assets.company import Company
from fortstripe_dagster.assets.partitions import DAYS_IN_A_RUN
from fortstripe_dagster.assets.place import Place
from fortstripe_dagster.business_day import TIMEZONE, local_day
from fortstripe_dagster.delivery.journal import late_changes
from fortstripe_dagster.failures import WarehouseError
from fortstripe_dagster.proof.proven import proven_days
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

WAIT_SECONDS = 30
"""How long the schedule waits for the warehouse to say which days were missed; a night without is no loss."""


def nightly(job_name: str, place: Place) -> dg.ScheduleDefinition:
    """The nightly schedule of the job that brings a day from Stripe to Fortnox."""

    @dg.schedule(
        job_name=job_name,
        name=place.named("nightly"),
        cron_schedule=place.at(3, 15),  # after the hour that the clock change skips or repeats
        execution_timezone=TIMEZONE,
        description="Yesterday and days that were missed, and closed days that changed since they were delivered.",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )
    def schedule(context: dg.ScheduleEvaluationContext, company: Company) -> Iterator[dg.RunRequest]:
        yesterday = local_day(int(context.scheduled_execution_time.timestamp())) - timedelta(days=1)
        first_day = place.days.start.date()
        if yesterday < first_day:
            return
        settings = company.settings()
        since = missed_since(settings, max(first_day, yesterday - timedelta(days=DAYS_IN_A_RUN)), yesterday)
        late = [day for day in late_changes.waiting(settings.journal_path) if first_day <= day < since]
        for first, last in late_changes.ranges(late, DAYS_IN_A_RUN):
            yield dg.RunRequest(run_key=f"{yesterday} late {first}", tags=range_tags(first, last, "late change"))
        if since == yesterday:
            yield dg.RunRequest(run_key=yesterday.isoformat(), partition_key=yesterday.isoformat())
        else:
            yield dg.RunRequest(run_key=yesterday.isoformat(), tags=range_tags(since, yesterday, "days were missed"))

    return schedule


def range_tags(first: date, last: date, why: str) -> dict[str, str]:
    """The tags by which a run covers a range of days, and says why it was started."""
    return {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
        "fortstripe/why": why,
    }


def missed_since(settings: Settings, earliest: date, yesterday: date) -> date:
    """The day after the newest that was taken the whole way: from there to yesterday is one run.

    Yesterday itself where none was since `earliest`: after so long a stop a person says from where to go on.
    """
    warehouse = Warehouse(settings.warehouse_path, wait_seconds=WAIT_SECONDS, say=lambda line: None)
    try:
        done = newest_done(warehouse, earliest, yesterday)
    except WarehouseError:
        return yesterday
    return min(done + timedelta(days=1), yesterday) if done else yesterday


def newest_done(warehouse: Warehouse, earliest: date, yesterday: date) -> date | None:
    """The newest day that was taken the whole way, not before `earliest`. Raises WarehouseError while it is in use."""
    if not warehouse.path.is_file():
        return None
    with warehouse.writer() as connection:
        return max(proven_days(connection, earliest, yesterday), default=None)
