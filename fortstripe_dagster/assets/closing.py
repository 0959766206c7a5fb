"""The assets of a month: what its VAT return says, and its close pack. They have no part in the nightly run."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from fortstripe_dagster.assets.company import Company, explained
from fortstripe_dagster.assets.metadata import markdown_table
from fortstripe_dagster.assets.partitions import days_of, monthly
from fortstripe_dagster.assets.place import Place
from fortstripe_dagster.assets.proof import TIE_OUT
from fortstripe_dagster.business_day import TIMEZONE, local_day
from fortstripe_dagster.proof.close import ClosePack, close_month
from fortstripe_dagster.proof.close.speech import PackSpeech
from fortstripe_dagster.proof.vat_report import VatReport, vat_report

VAT_RETURN = dg.AssetKey(["proof", "vat_return"])
CLOSE_PACK = dg.AssetKey(["proof", "close_pack"])
THIRD = "3 * *"
"""The third of each month in the morning: Stripe and the bank have told the last day by then."""


def closing_assets(place: Place) -> list[dg.AssetsDefinition]:
    """The VAT return and the close pack of each month since the books began."""
    months = monthly(place.days.start.date())

    @dg.asset(
        key=place.key(VAT_RETURN),
        deps=[place.key(TIE_OUT)],
        group_name=place.group("proof"),
        kinds={"duckdb", "fortnox"},
        owners=["team:finance"],
        partitions_def=months,
        pool=place.pool,
        description="The month's VAT return, One Stop Shop and EC sales list, against Fortnox's VAT codes.",
        check_specs=[
            dg.AssetCheckSpec("vat_agrees", asset=place.key(VAT_RETURN), description="Each box is what Fortnox has.")
        ],
    )
    def vat_return(context: dg.AssetExecutionContext, company: Company) -> dg.MaterializeResult:
        with explained():
            settings = company.settings()
            warehouse = company.warehouse(settings, context.log.info)
            month = days_of(context)
            folder = settings.home / "vat" / f"{month.first:%Y-%m}"
            report = vat_report(
                settings, warehouse, month, context.log.info,
                files=folder, page=folder / "vat_return.html", compare=True,
            )  # fmt: skip
            warehouse.publish()
        return _of_vat(report)

    @dg.asset(
        key=place.key(CLOSE_PACK),
        deps=[place.key(VAT_RETURN)],
        group_name=place.group("proof"),
        kinds={"excel", "duckdb"},
        owners=["team:finance"],
        partitions_def=months,
        pool=place.pool,
        description="What an auditor asks for of the month: lists, checks, certificate, SIE and samples, as one zip.",
        check_specs=[
            dg.AssetCheckSpec("in_order", asset=place.key(CLOSE_PACK), description="No check of the cover is an alarm.")
        ],
    )
    def close_pack(context: dg.AssetExecutionContext, company: Company) -> dg.MaterializeResult:
        with explained():
            settings = company.settings()
            warehouse = company.warehouse(settings, context.log.info)
            pack = close_month(settings, warehouse, days_of(context), progress=context.log.info)
            context.log.info(pack.text())
            warehouse.publish()
        return _of_pack(pack)

    return [vat_return, close_pack]


def closing_schedule(place: Place) -> dg.ScheduleDefinition:
    """The job of a month, and the schedule that runs it for the month that ended."""
    job = dg.define_asset_job(
        place.named("monthly_close"),
        selection=closing_selection(place),
        description="The VAT return and the close pack of one month.",
    )

    @dg.schedule(
        job=job,
        name=place.named("monthly"),
        cron_schedule=place.at(6, 0, THIRD),
        execution_timezone=TIMEZONE,
        description="The close pack of the month that ended, on the third at 06:00 Swedish time.",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        ended = local_day(int(context.scheduled_execution_time.timestamp())).replace(day=1) - timedelta(days=1)
        if ended >= place.days.start.date():
            month = ended.replace(day=1).isoformat()
            yield dg.RunRequest(run_key=month, partition_key=month)

    return schedule


def closing_selection(place: Place) -> dg.AssetSelection:
    """What is made by the month."""
    return dg.AssetSelection.assets(place.key(VAT_RETURN), place.key(CLOSE_PACK))


def _of_vat(report: VatReport) -> dg.MaterializeResult:
    findings = (*report.found.findings, *(report.tie.findings if report.tie else ()))
    boxes = [(each.box, each.english, each.declared, each.amount) for each in report.found.boxes if each.lines]
    net = report.found.box("49")
    return dg.MaterializeResult(
        metadata={
            "to pay, kronor": net.declared,
            "boxes": markdown_table(["box", "about", "whole kronor", "as booked"], boxes),
            "to look at": markdown_table(
                ["what", "box", "amount", "text", "remedy"],
                [(each.kind, each.box, each.amount, each.text, each.remedy) for each in findings],
            ),
            "page": dg.MetadataValue.path(str(report.paths[-1])),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name="vat_agrees",
                passed=report.exit_code != 1,
                severity=dg.AssetCheckSeverity.ERROR,
                metadata={"alarms": sum(each.severity == "alarm" for each in findings)},
            )
        ],
    )


def _of_pack(pack: ClosePack) -> dg.MaterializeResult:
    speech = PackSpeech("en")
    rows = [
        (each.section, speech.check(each), speech.about(each), speech.side(each, each.left),
         speech.side(each, each.right), speech.word(each.outcome), speech.remark(each))
        for each in pack.checks
    ]  # fmt: skip
    return dg.MaterializeResult(
        metadata={
            "outcome": speech.word(pack.outcome),
            "alarms": sum(each.outcome == "alarm" for each in pack.checks),
            "waits for a person": sum(each.outcome == "waits" for each in pack.checks),
            "checks": markdown_table(["", "check", "about", "left", "right", "outcome", "remark"], rows),
            "sha256 of the manifest": pack.hash,
            **{f"zip {path.stem[-2:]}": dg.MetadataValue.path(str(path)) for path in pack.archives},
        },
        check_results=[
            dg.AssetCheckResult(
                check_name="in_order", passed=pack.outcome != "alarm", severity=dg.AssetCheckSeverity.ERROR
            )
        ],
    )
