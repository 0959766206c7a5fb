"""The schedule: each night yesterday, and the closed days that changed since they were delivered, and only them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from fortstripe_dagster.assets.company import Company
from fortstripe_dagster.assets.partitions import DAYS_IN_A_RUN
from fortstripe_dagster.assets.place import Place
from fortstripe_dagster.business_day import TIMEZONE, local_day
from fortstripe_dagster.delivery import late_changes


def nightly(job_name: str, place: Place) -> dg.ScheduleDefinition:
    """The nightly schedule of the job that brings a day from Stripe to Fortnox."""

    @dg.schedule(
        job_name=job_name,
        name=place.named("nightly"),
        cron_schedule=place.night,
        execution_timezone=TIMEZONE,
        description="Yesterday, and closed days that changed since they were delivered.",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )
    def schedule(context: dg.ScheduleEvaluationContext, company: Company) -> Iterator[dg.RunRequest]:
        yesterday = local_day(int(context.scheduled_execution_time.timestamp())) - timedelta(days=1)
        first_day = place.days.start.date()
        if yesterday < first_day:
            return
        late = [day for day in late_changes.waiting(company.settings().journal_path) if first_day <= day < yesterday]
        for first, last in late_changes.ranges(late, DAYS_IN_A_RUN):
            yield dg.RunRequest(
                run_key=f"{yesterday} late {first}",
                tags={
                    "dagster/asset_partition_range_start": first.isoformat(),
                    "dagster/asset_partition_range_end": last.isoformat(),
                    "fortstripe/why": "late change",
                },
            )
        yield dg.RunRequest(run_key=yesterday.isoformat(), partition_key=yesterday.isoformat())

    return schedule
