"""A change that arrives weeks later: exactly its day shows as stale in Dagster, and the next night runs it again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.loader import LoadingContextForTest

from fortstripe_dagster.assets.company import Company
from fortstripe_dagster.definitions import build_definitions
from fortstripe_dagster.delivery.journal import late_changes
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.ledger.books import at, new_world
from fortstripe_dagster_tests.operations.environment import configure

CHECKED = (["ledger", "lines"], ["delivery", "plan"], ["fortnox", "vouchers"], ["proof", "tie_out"])

READ = [
    dg.AssetKey(["stripe", name])
    for name in ("events", "charges", "balance_transactions", "references", "balances", "official_rates")
]
"""What of Stripe the runs read: no more than such a change needs, for each step costs a tenth of a second."""
TIE_OUT = dg.AssetKey(["proof", "tie_out"])
PLOTS = {
    "ledger/sales": "sales of the day (SEK)",
    "fortnox/invoices": "debit of the day (SEK)",
    "proof/tie_out": "alarms of the day",
    "stripe/charges": "new on the day",
}


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    world = new_world()
    for day in (2, 3, 4):
        world.one_off_payment(at=at(day), amount=12500, name="Anna")
    with running(world, tmp_path / "home") as served:
        configure(served.settings, tmp_path, monkeypatch)
        yield served


def stale(defs: dg.Definitions, instance: dg.DagsterInstance, days: list[str]) -> set[tuple[str, str]]:
    """(asset, day) of what Dagster says is out of date."""
    resolver = CachingStaleStatusResolver(instance, defs.resolve_asset_graph(), LoadingContextForTest(instance))
    return {
        ("/".join(path), day)
        for path in CHECKED
        for day in days
        if resolver.get_status(dg.AssetKey(path), day).value == "STALE"
    }


def test_a_late_change_makes_its_day_stale_and_the_next_night_runs_it_and_no_other(company: Running) -> None:
    defs = build_definitions(company.settings, Company())
    job = defs.resolve_job_def("daily_sync")
    days = ["2026-03-02", "2026-03-03", "2026-03-04"]
    span = {"dagster/asset_partition_range_start": days[0], "dagster/asset_partition_range_end": days[-1]}
    with dg.DagsterInstance.ephemeral() as instance:
        of_job = job.asset_layer.selected_asset_keys
        keys = [*READ, *(key for key in of_job if key.path[0] in ("ledger", "delivery", "fortnox")), TIE_OUT]
        run = partial(job.execute_in_process, instance=instance, asset_selection=keys)
        assert run(tags=span).success
        assert {name: plotted(instance, name, "2026-03-03") for name in PLOTS} == {
            "ledger/sales": 125.0,
            "fortnox/invoices": 125.0,
            "proof/tie_out": 0.0,
            "stripe/charges": 1.0,
        }
        assert stale(defs, instance, days) == set() and requested(defs, instance) == [("2026-11-21", {})]

        sold = next(c for c in company.world.all("charge") if datetime.fromtimestamp(c["created"], UTC).day == 3)
        sold["billing_details"] = sold["billing_details"] | {"name": "Någon Annan"}
        company.world.emit("charge.updated", sold, datetime(2026, 3, 20, 12, tzinfo=UTC))
        assert run(partition_key="2026-03-20").success
        assert stale(defs, instance, [*days, "2026-03-20"]) == {("delivery/plan", "2026-03-03")}
        assert late_changes.waiting(company.settings.journal_path) == [date(2026, 3, 3)]

        late, night = requested(defs, instance)
        assert night == ("2026-11-21", {})
        assert late[1]["dagster/asset_partition_range_start"] == "2026-03-03"
        assert late[1]["dagster/asset_partition_range_end"] == "2026-03-03"
        assert run(tags=late[1]).success
        assert stale(defs, instance, [*days, "2026-03-20"]) == set()
        assert requested(defs, instance) == [("2026-11-21", {})]


def plotted(instance: dg.DagsterInstance, name: str, day: str) -> object:
    """The figure of a day that Dagster plots on an asset's page."""
    of_day = dg.AssetRecordsFilter(dg.AssetKey(name.split("/")), asset_partitions=[day])
    (record,) = instance.fetch_materializations(of_day, limit=1).records
    assert record.asset_materialization is not None
    return record.asset_materialization.metadata[PLOTS[name]].value


def requested(defs: dg.Definitions, instance: dg.DagsterInstance) -> list[tuple[str | None, dict[str, str]]]:
    """What the schedule asks for on the night of 22 November 2026: (partition, range tags)."""
    night = datetime(2026, 11, 22, 2, 15, tzinfo=UTC)
    with dg.build_schedule_context(
        instance=instance,
        scheduled_execution_time=night,
        resources={"company": Company()},
        repository_def=defs.get_repository_def(),
    ) as context:
        tick = defs.resolve_schedule_def("nightly").evaluate_tick(context)
    assert tick.run_requests is not None
    return [
        (run.partition_key, {key: value for key, value in run.tags.items() if "partition_range" in key})
        for run in tick.run_requests
    ]
