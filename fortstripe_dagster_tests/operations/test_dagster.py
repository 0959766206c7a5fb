"""Dagster itself: the workspace loads without warnings, a backfill is a run a month, and checks stop delivery."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from fortstripe_dagster.assets.company import Company
from fortstripe_dagster.assets.delivery import FORECAST
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.definitions import build_definitions
from fortstripe_dagster.extract import extract
from fortstripe_dagster.ledger import build
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.ledger.books import at, new_world
from fortstripe_dagster_tests.operations.environment import configure


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A company to which nothing has happened."""
    with running(new_world(), tmp_path_factory.mktemp("dagster")) as served:
        yield served


@pytest.fixture
def company(served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    """That company, with the environment that a real run has."""
    configure(served.settings, tmp_path, monkeypatch)
    return served


def test_definitions_load_without_a_warning_or_a_secret(company: Running) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="Parameter `(backfill_policy|owners)`", category=dg.BetaWarning)
        defs = build_definitions(company.settings)
        dg.Definitions.validate_loadable(defs)
    assert {spec.group_name for spec in defs.resolve_all_asset_specs()} == {
        "stripe",
        "ledger",
        "delivery",
        "fortnox",
        "proof",
        "company",
    }
    for spec in defs.resolve_all_asset_specs():
        assert spec.description and spec.owners and spec.kinds, spec.key


def test_no_assets_are_bound_together_in_a_backfill(company: Running) -> None:
    """Dagster 1.13 now and then refuses a backfill of a multi-asset that cannot be subset, by the order of its sets."""
    graph = build_definitions(company.settings).resolve_asset_graph()
    assert {len(graph.get(key).execution_set_asset_keys) for key in graph.get_all_asset_keys()} == {1}


def test_a_backfill_of_a_month_is_one_run(company: Running) -> None:
    """Another policy, or other days, in a single asset of the job would make it a run a day."""
    defs = build_definitions(company.settings)
    graph = defs.resolve_asset_graph()
    nodes = [graph.get(key) for key in defs.resolve_job_def("daily_sync").asset_layer.selected_asset_keys]
    assert {node.backfill_policy for node in nodes} == {dg.BackfillPolicy.multi_run(max_partitions_per_run=31)}
    assert len({node.partitions_def for node in nodes}) == 1


def test_one_job_for_a_day_and_a_schedule_each_night(company: Running) -> None:
    defs = build_definitions(company.settings)
    schedule = defs.resolve_schedule_def("nightly")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("15 3 * * *", "Europe/Stockholm")
    night = datetime(2026, 11, 22, 2, 15, tzinfo=UTC)
    with dg.build_schedule_context(
        scheduled_execution_time=night, resources={"company": Company()}, repository_def=defs.get_repository_def()
    ) as context:
        tick = schedule.evaluate_tick(context)
    assert tick.run_requests is not None
    assert [(request.run_key, request.partition_key) for request in tick.run_requests] == [("2026-11-21",) * 2]


def test_a_day_on_which_the_clock_changes_is_one_partition(company: Running) -> None:
    defs = build_definitions(company.settings)
    partitions = defs.resolve_job_def("daily_sync").partitions_def
    assert isinstance(partitions, dg.DailyPartitionsDefinition)
    window = partitions.time_window_for_partition_key("2026-03-29")
    assert window.end.timestamp() - window.start.timestamp() == 23 * 3600


def test_a_forecast_of_a_backfill_is_an_asset_that_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world()
    world.one_off_payment(at=at(12), amount=12500, name="Anna")
    day = Days(date(2026, 3, 12), date(2026, 3, 12))
    with running(world, tmp_path / "home") as company:
        configure(company.settings, tmp_path, monkeypatch)
        warehouse = Warehouse(company.settings.warehouse_path)
        extract(company.settings, warehouse, day, progress=company.said.append)
        build(company.settings, warehouse)
        defs = build_definitions(company.settings, Company())
        assert FORECAST not in defs.resolve_job_def("daily_sync").asset_layer.selected_asset_keys
        result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
            asset_selection=[FORECAST], instance=dg.DagsterInstance.ephemeral(), partition_key="2026-03-12"
        )
        (made,) = result.asset_materializations_for_node("delivery__forecast")
        assert company.writes() == 0
        delivered = company.deliver(day)
    assert made.metadata["requests"].value == delivered.total_requests
    assert made.metadata["documents"].value == sum(delivered.documents().values())
