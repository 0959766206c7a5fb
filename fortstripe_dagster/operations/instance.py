"""What Dagster's instance needs before anything runs: a limit for each company, and no run that died unnoticed."""

from __future__ import annotations

import dagster as dg

from fortstripe_dagster.assets.place import pool_of
from fortstripe_dagster.settings.companies import company_files, several

IN_PROGRESS = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def limit_pools(instance: dg.DagsterInstance) -> None:
    """One run at a time for each company. Set beforehand: two first runs that both make the limit may overlap."""
    for company in [one.name for one in company_files()] if several() else [""]:
        instance.event_log_storage.set_concurrency_slots(pool_of(company), 1)


def end_orphans(instance: dg.DagsterInstance, location: str) -> list[str]:
    """Mark runs of a code location as failed whose processes cannot be alive, and free their turn; their ids.

    To be called before its code server starts, where runs are processes beside that server. Dagster does not notice
    when both end at once, as a machine does: such a run would stay in progress, and keep its company's turn, for ever.
    """
    left = [
        run
        for run in instance.get_runs(filters=dg.RunsFilter(statuses=IN_PROGRESS))
        if run.remote_job_origin and run.remote_job_origin.location_name == location
    ]
    for run in left:
        instance.report_run_failed(run, "The machine or container that ran this has stopped. The next run goes on.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return [run.run_id for run in left]
