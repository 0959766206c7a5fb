"""What Dagster shows of a company whose file cannot be used: one asset that fails, and a watchman who tells the reason.

The other companies of the code location do not notice.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import get_args

import dagster as dg

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.alerts import Alert, tell
from fortstripe_dagster.assets.alerting import WATCH_SECONDS
from fortstripe_dagster.assets.company import Company, explained
from fortstripe_dagster.business_day import TIMEZONE
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.settings.alerts import AlertKind
from fortstripe_dagster.settings.reachable import reachable


def broken_company(name: str, error: Failure) -> dg.Definitions:
    """An asset in the company's place, and a sensor that tells by the channels that can be made out."""

    @dg.asset(
        key=[name, "settings"],
        group_name=name,
        kinds={"error"},
        owners=["team:data"],
        description=f"This company cannot be run. {error}",
    )
    def settings(context: dg.AssetExecutionContext, company: Company) -> dg.MaterializeResult:
        with explained():
            company.settings()
        context.log.info("The file is in order now: reload the code location, and the company's assets are back.")
        return dg.MaterializeResult(metadata={"found before": str(error)})

    job = dg.define_asset_job(f"{name}_settings", selection=[settings], description=f"Fails until mended: {error}")
    night = dg.ScheduleDefinition(
        name=f"{name}_nightly",
        job=job,
        cron_schedule="15 3 * * *",
        execution_timezone=TIMEZONE,
        description="Fails each night until the company's file can be used.",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )

    @dg.sensor(
        name=f"{name}_watch",
        minimum_interval_seconds=WATCH_SECONDS,
        description="Tells that the company's file cannot be used, and what to do.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def watch() -> Iterator[dg.SkipReason]:
        alerts = []
        try:
            settings_module.load(name)
        except Failure as found:
            alerts.append(Alert("settings", name, f"Nothing is booked: {found.what}", found.remedy, urgent=True))
        others = [kind for kind in get_args(AlertKind) if kind != "settings"]
        told = tell(reachable(name), None, alerts, datetime.now(UTC), not_looked_at=others)
        yield dg.SkipReason(told.text() if alerts else "The file is in order now: reload the code location.")

    return dg.Definitions(
        assets=[settings],
        jobs=[job],
        schedules=[night],
        sensors=[watch],
        resources={"company": Company(name=name)},
        executor=dg.in_process_executor,
    )
