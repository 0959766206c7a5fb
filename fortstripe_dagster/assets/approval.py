"""The job with which a person approves documents of the plan in Dagster, and which then writes them to Fortnox."""

from datetime import date

import dagster as dg

from fortstripe_dagster import delivery
from fortstripe_dagster.assets.company import Company, explained
from fortstripe_dagster.assets.place import Place
from fortstripe_dagster.business_day import Days


class Approval(dg.Config):
    """Who approves what: local days as YYYY-MM-DD, and document ids or all that await approval."""

    first_day: str
    last_day: str
    who: str
    documents: list[str] = []
    everything: bool = False


def approval_job(place: Place) -> dg.JobDefinition:
    """Approval with who and which in the run's configuration."""

    @dg.op(pool=place.pool, description="Approve documents of the plan as it stands now, then deliver those days.")
    def approve_then_apply(context: dg.OpExecutionContext, config: Approval, company: Company) -> None:
        """Fails when nothing that was named awaits approval; what is held or new since is told, and waits."""
        with explained():
            settings = company.settings()
            warehouse = company.warehouse(settings, context.log.info)
            days = Days(date.fromisoformat(config.first_day), date.fromisoformat(config.last_day))
            new = delivery.approve_planned(
                settings, warehouse, days, config.who, config.documents, everything=config.everything,
                progress=context.log.info,
            )  # fmt: skip
            context.log.info(f"{new} documents approved by {config.who}.")
            report = delivery.deliver(settings, warehouse, days, run_id=context.run_id, progress=context.log.info)
            context.log.info(report.text())
            context.add_output_metadata(
                {"approved": new, "approved by": config.who, "exit code": report.exit_code, "report": report.text()}
            )

    @dg.job(
        name=place.named("approve_and_apply"),
        description="A person approves documents of the plan, by name; they are then written to Fortnox.",
    )
    def approve_and_apply() -> None:
        approve_then_apply()

    return approve_and_apply
