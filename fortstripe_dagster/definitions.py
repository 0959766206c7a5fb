"""The whole Dagster project on one page: from Stripe's streams to the proof that Fortnox agrees.

stripe (a stream an asset) -> ledger -> delivery/plan -> fortnox -> proof/tie_out -> proof/alerts
By the month: proof/vat_return -> proof/close_pack

One company is `defs`. Of several, each is a repository of its own in this code location: its assets, job, schedule and
resources are its own, and a file that cannot be used takes none of the others with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache

import dagster as dg

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.assets.alerting import alert_asset, run_failures, watch
from fortstripe_dagster.assets.approval import approval_job
from fortstripe_dagster.assets.broken import broken_company
from fortstripe_dagster.assets.closing import closing_assets, closing_schedule, closing_selection
from fortstripe_dagster.assets.company import Company
from fortstripe_dagster.assets.delivery import FORECAST, delivery_assets
from fortstripe_dagster.assets.extract import extract_assets
from fortstripe_dagster.assets.ledger import ledger_asset_checks, ledger_assets
from fortstripe_dagster.assets.nightly import nightly
from fortstripe_dagster.assets.partitions import daily
from fortstripe_dagster.assets.place import Place
from fortstripe_dagster.assets.proof import proof_assets
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.operations.doctor.asset import SET_UP, doctor_job, set_up_asset
from fortstripe_dagster.operations.near_real_time import following_job, stripe_events
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.settings.companies import company_files, several

UNCONFIGURED_START = date(2026, 1, 1)
"""Where partitions begin while there is no fortstripe.toml: the project loads, and a run says what is missing."""


def build_definitions(settings: Settings | None, company: Company | None = None) -> dg.Definitions:
    """Everything Dagster knows of one company; the settings decide only where its partitions begin."""
    name = settings.company if settings else ""
    place = Place(daily(settings.start_date if settings else UNCONFIGURED_START), name)
    on_demand = dg.AssetSelection.assets(place.key(SET_UP), place.key(FORECAST)) | closing_selection(place)
    daily_sync = dg.define_asset_job(
        place.named("daily_sync"),
        selection=dg.AssetSelection.all() - on_demand,
        description="One local day, or a range of them: extract, ledger, delivery, proof.",
    )
    follow_changes = following_job(place)
    stages = [
        *extract_assets(place),
        ledger_assets(place),
        *delivery_assets(place),
        *proof_assets(place),
        alert_asset(place),
    ]
    return dg.Definitions(
        assets=[set_up_asset(place), *stages, *closing_assets(place)],
        asset_checks=ledger_asset_checks(place),
        jobs=[approval_job(place), daily_sync, follow_changes],
        schedules=[nightly(daily_sync.name, place), closing_schedule(place), doctor_job(place)],
        sensors=[stripe_events(place, daily_sync, follow_changes), run_failures(place), watch(place)],
        resources={"company": company or Company(name=name)},
        # Steps of one company share one warehouse: in one process a step costs a tenth of a second instead of three.
        executor=dg.in_process_executor,
    )


@cache
def repository(company: str) -> dg.RepositoryDefinition:
    """One of several companies; where its file cannot be used, an asset that says why."""
    try:
        made = build_definitions(settings_module.load(company))
    except Failure as error:
        made = broken_company(company, error)
    return dg.create_repository_using_definitions_args(
        company,
        assets=made.assets,
        asset_checks=made.asset_checks,
        jobs=made.jobs,
        schedules=made.schedules,
        sensors=made.sensors,
        resources=made.resources,
        executor=made.executor,
    )


if several():
    _REPOSITORIES = {f"company_{one.name}": one.name for one in company_files()}

    def __dir__() -> Iterable[str]:
        """What Dagster looks through to find the repositories."""
        return [*globals(), *_REPOSITORIES]

    def __getattr__(name: str) -> dg.RepositoryDefinition:
        """A repository is made when it is asked for: the process of a run needs one of two hundred."""
        if name not in _REPOSITORIES:
            raise AttributeError(name)
        return repository(_REPOSITORIES[name])
else:
    defs = build_definitions(settings_module.load_if_configured())
