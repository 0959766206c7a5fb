"""Alerts in Dagster: an asset at the end of each run, a sensor for runs that fail, one for runs that never start."""

import warnings
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import get_args

import dagster as dg

from fortstripe_dagster.alerts import Alert, Told, find, tell
from fortstripe_dagster.alerts.channels import channels
from fortstripe_dagster.alerts.service_status import Vendor, read, side
from fortstripe_dagster.assets.company import Company, explained
from fortstripe_dagster.assets.metadata import markdown_table
from fortstripe_dagster.assets.partitions import BACKFILL_POLICY
from fortstripe_dagster.assets.place import Place
from fortstripe_dagster.assets.proof import TIE_OUT
from fortstripe_dagster.failures import ConfigurationError, DeliveryStopped, StripeFailure, WarehouseError
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.settings.alerts import AlertKind
from fortstripe_dagster.warehouse import Warehouse

# Dagster itself passes its beta parameter for owners on, whether a sensor has any or not.
warnings.filterwarnings("ignore", message="Parameter `owners`", category=dg.BetaWarning)

ALERTS = dg.AssetKey(["proof", "alerts"])
OF_RUNS: tuple[AlertKind, AlertKind] = ("run", "service")
"""Kinds of alert that are over when a run has gone the whole way, and not before."""
VENDORS: dict[str, Vendor] = {StripeFailure.__name__: "Stripe", DeliveryStopped.__name__: "Fortnox"}
"""Which service a failure may be the fault of."""
WATCH_SECONDS = 900
WAIT_SECONDS = 10
"""How long a sensor waits for the warehouse; a run that uses it tells its alerts itself."""


def alert_asset(place: Place) -> dg.AssetsDefinition:
    """What a person must know of, found and told when a run has gone the whole way."""

    @dg.asset(
        key=place.key(ALERTS),
        deps=[place.key(TIE_OUT)],
        group_name=place.group("proof"),
        kinds={"duckdb"},
        owners=["team:finance"],
        partitions_def=place.days,
        backfill_policy=BACKFILL_POLICY,
        pool=place.pool,
        description="What a person must know of, with the remedy: told to Slack, by e-mail and to a webhook, once.",
        check_specs=[
            dg.AssetCheckSpec(name="told", asset=place.key(ALERTS), description="Every channel took its message.")
        ],
    )
    def alerts(context: dg.AssetExecutionContext, company: Company) -> dg.MaterializeResult:
        with explained():
            settings = company.settings()
            warehouse = company.warehouse(settings, context.log.info)
            now = datetime.now(UTC)
            found = find(settings, warehouse, now)
            told = tell(settings, warehouse, found, now)
        context.log.info(told.text())
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(found),
                "urgent": sum(alert.urgent for alert in found),
                "alerts": markdown_table(
                    ["urgent", "what", "remedy"],
                    [("yes" if each.urgent else "", each.text, each.remedy) for each in found],
                ),
                "told": told.text(),
            },
            check_results=[_took(told)],
        )

    return alerts


def run_failures(place: Place) -> dg.SensorDefinition:
    """Tells of a run that failed: what happened, what to do, and which side is down where a service failed.

    Of several companies each is a repository, and Dagster gives a sensor the runs of its own alone.
    """

    @dg.run_failure_sensor(
        name=place.named("run_failures"),
        description="Tells of runs that failed, with the remedy, and where a service failed, which side is down.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def sensor(context: dg.RunFailureSensorContext, company: Company) -> None:
        settings = company.settings()
        context.log.info(_tell(settings, of_failed_run(settings, context)).text())

    return sensor


def watch(place: Place) -> dg.SensorDefinition:
    """Tells what no run can tell: that none has been, that a deadline draws near; and what a channel did not take."""

    @dg.sensor(
        name=place.named("watch"),
        minimum_interval_seconds=WATCH_SECONDS,
        description="Tells when nothing has run for too long, when deadlines draw near, and what a channel missed.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def sensor(context: dg.SensorEvaluationContext, company: Company) -> Iterator[dg.SkipReason]:
        try:
            settings = company.settings()
        except ConfigurationError as error:
            yield dg.SkipReason(f"There is nobody to tell: {error}")
            return
        if not channels(settings) or not settings.warehouse_path.is_file():
            yield dg.SkipReason("No channel is configured, or nothing was synced yet.")
            return
        yield dg.SkipReason(_tell(settings, []).text())

    return sensor


def of_failed_run(settings: Settings, context: dg.RunFailureSensorContext) -> list[Alert]:
    """The alert of a failed run, and of the service that failed it."""
    run = context.dagster_run
    found, failing = [], None
    for event in context.get_step_failure_events():
        given = event.step_failure_data.user_failure_data
        if given is None:
            error = event.step_failure_data.error
            name = error.cls_name if error is not None else "an error"
            found.append((f"{name} in {event.step_key}.", "read the run's log in Dagster, and report it."))
            continue
        remedy = str(given.metadata["remedy"].value) if "remedy" in given.metadata else "read the run's log."
        what = (given.description or "").removesuffix(f" Remedy: {remedy}")
        found.append((what, remedy))
        kind = given.metadata.get("failure")
        failing = failing or VENDORS.get(str(kind.value) if kind is not None else "")
    what, remedy = found[0] if found else (str(context.failure_event.message), "read the run's log in Dagster.")
    day = run.tags.get("dagster/partition") or run.tags.get("dagster/asset_partition_range_start")
    name = f"{run.job_name} of {day}" if day else run.job_name
    alerts = [Alert("run", run.job_name, f"{name} failed: {what}", remedy, urgent=True)]
    return alerts + ([side(failing, read(settings))] if failing else [])


def _tell(settings: Settings, more: Sequence[Alert]) -> Told:
    """Tell what the tables say and `more`; where the tables cannot be read now, `more` alone."""
    warehouse = Warehouse(settings.warehouse_path, wait_seconds=WAIT_SECONDS, say=lambda line: None)
    now = datetime.now(UTC)
    wanted = [alert for alert in more if alert.kind not in settings.alerts.leave_out]
    not_looked_at: Collection[AlertKind] = OF_RUNS
    try:
        wanted += find(settings, warehouse, now)
    except WarehouseError:
        not_looked_at = get_args(AlertKind)
    return tell(settings, warehouse, wanted, now, not_looked_at=not_looked_at)


def _took(told: Told) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name="told",
        passed=not told.failed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"failed": markdown_table(["what", "remedy"], [(f.what, f.remedy) for f in told.failed])},
    )
