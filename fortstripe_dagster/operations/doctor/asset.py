"""The doctor in Dagster: one asset for the company's set-up, with a check for each row of the table of checks.

It has no day and no part in the nightly run: a job of its own examines the company each week, or when a person asks.
No check blocks anything.
"""

import dagster as dg

from fortstripe_dagster.assets.company import Company, explained
from fortstripe_dagster.assets.metadata import markdown_table
from fortstripe_dagster.assets.place import Place
from fortstripe_dagster.business_day import TIMEZONE
from fortstripe_dagster.operations.doctor.checks import CHECKS
from fortstripe_dagster.operations.doctor.examine import examine
from fortstripe_dagster.operations.doctor.findings import Diagnosis, Examined

SET_UP = dg.AssetKey(["company", "set_up"])
WEEKLY = "* * 1"
"""Monday mornings, when somebody is there to mend what is found."""


def set_up_asset(place: Place) -> dg.AssetsDefinition:
    """The company's set-up as it stands in Stripe, Fortnox and the configuration, with its checks."""
    key = place.key(SET_UP)

    @dg.asset(
        key=key,
        group_name=place.group("company"),
        kinds={"stripe", "fortnox"},
        owners=["team:finance"],
        description="Whether Stripe key, Fortnox and configuration let a run through; each finding with its remedy.",
        check_specs=[
            dg.AssetCheckSpec(check.name, asset=key, description=f"{check.subject}: {check.title}") for check in CHECKS
        ],
    )
    def set_up(context: dg.AssetExecutionContext, company: Company) -> dg.MaterializeResult:
        with explained():
            diagnosis = examine(company.settings(), context.log.info)
        context.log.info(diagnosis.text())
        return dg.MaterializeResult(
            metadata={
                "errors": diagnosis.count("error"),
                "warnings": diagnosis.count("warning"),
                "to do": markdown_table(["", "where", "what", "remedy"], _to_do(diagnosis)),
            },
            check_results=[_result(check) for check in diagnosis.examined],
        )

    return set_up


def doctor_job(place: Place) -> dg.ScheduleDefinition:
    """The job that examines the company, and its weekly schedule."""
    job = dg.define_asset_job(
        place.named("doctor"),
        selection=dg.AssetSelection.assets(place.key(SET_UP)),
        description="Examine configuration, Stripe key and Fortnox. Reads only.",
    )
    return dg.ScheduleDefinition(
        name=place.named("weekly_doctor"),
        job=job,
        cron_schedule=place.at(6, 30, WEEKLY),
        execution_timezone=TIMEZONE,
        description="The doctor's checks, on Monday mornings at 06:30 Swedish time.",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )


def _to_do(diagnosis: Diagnosis) -> list[tuple[str, str, str, str]]:
    """What waits for a person, the gravest first."""
    open_ones = [
        (finding.severity, check.title, finding.what, finding.remedy)
        for check in diagnosis.examined
        for finding in check.findings
        if finding.severity in ("error", "warning")
    ]
    return sorted(open_ones, key=lambda row: row[0])


def _result(check: Examined) -> dg.AssetCheckResult:
    rows = [(finding.severity, finding.what, finding.remedy) for finding in check.findings]
    return dg.AssetCheckResult(
        check_name=check.name,
        passed=check.passed,
        severity=dg.AssetCheckSeverity.ERROR if check.worst == "error" else dg.AssetCheckSeverity.WARN,
        metadata={"findings": markdown_table(["severity", "what", "remedy"], rows)},
    )
