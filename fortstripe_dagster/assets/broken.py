"""What Dagster shows of a company whose file cannot be used: one asset that fails each night, with the reason.

The other companies of the code location do not notice.
"""

import dagster as dg

from fortstripe_dagster.assets.company import Company, explained
from fortstripe_dagster.business_day import TIMEZONE
from fortstripe_dagster.failures import Failure


def broken_company(name: str, error: Failure) -> dg.Definitions:
    """An asset in the company's place; its job runs each night, so that the alert of failed runs tells it."""

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
    return dg.Definitions(
        assets=[settings],
        jobs=[job],
        schedules=[night],
        resources={"company": Company(name=name)},
        executor=dg.in_process_executor,
    )
