"""A month in Dagster: its VAT return and close pack, made from the partition alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from fortstripe_dagster.assets.closing import CLOSE_PACK, VAT_RETURN
from fortstripe_dagster.assets.company import Company
from fortstripe_dagster.assets.partitions import daily
from fortstripe_dagster.assets.place import Place
from fortstripe_dagster.assets.proof import DRIFT, proof_assets
from fortstripe_dagster.definitions import build_definitions
from fortstripe_dagster.proof import prove
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.companies import Running
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.operations.environment import configure
from fortstripe_dagster_tests.operations.small_world import booked


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with booked().once_more(tmp_path / "home") as served:
        configure(served.settings, tmp_path, monkeypatch)
        yield served


def test_a_month_is_one_run_with_figures(company: Running) -> None:
    defs = build_definitions(company.settings, Company())
    with dg.instance_for_test(overrides={"concurrency": {"pools": {"granularity": "run"}}}) as instance:
        closed = defs.resolve_job_def("monthly_close").execute_in_process(instance=instance, partition_key="2026-03-01")
    (vat,) = closed.asset_materializations_for_node("proof__vat_return")
    (pack,) = closed.asset_materializations_for_node("proof__close_pack")
    assert {each.check_name: each.passed for each in closed.get_asset_check_evaluations()} == {
        "vat_agrees": True,
        "in_order": True,
    }
    with company.warehouse() as connection:
        row = connection.execute("SELECT sum(amount) FROM proof.vat_lines WHERE box = '10'").fetchone()
    assert row is not None and vat.metadata["to pay, kronor"].value == int(row[0]) > 0
    assert pack.metadata["outcome"].value == "waits for a person", "the tax invoice was not attached"
    assert Path(str(pack.metadata["zip sv"].value)).exists() and Path(str(vat.metadata["page"].value)).exists()
    assert (pack.metadata["alarms"].value, pack.metadata["waits for a person"].value) == (0, 1)

    assert "has InvoiceDate 2026-03-30 in Fortnox" in drift_of_a_night(company)


def drift_of_a_night(company: Running) -> str:
    """What the night's asset shows of an invoice that somebody dated anew."""
    invoice = company.books.invoices.get(1)
    invoice.header["InvoiceDate"], invoice.modified = date(2026, 3, 30), company.books.clock() + timedelta(minutes=5)
    company.books.clock = lambda: invoice.modified
    prove(company.settings, Warehouse(company.settings.warehouse_path), MARCH, company.said.append)
    drift = next(each for each in proof_assets(Place(daily(company.settings.start_date))) if each.key == DRIFT)
    result = dg.materialize([drift], resources={"company": Company()}, partition_key="2026-03-31")
    (shown,) = result.asset_materializations_for_node("proof__drift")
    assert (shown.metadata["standing"].value, shown.metadata["alarms"].value) == (1, 1)
    return str(shown.metadata["changes"].value)


def test_the_night_shows_drift_and_leaves_months_alone(company: Running) -> None:
    nightly = set(build_definitions(company.settings).resolve_job_def("daily_sync").asset_layer.executable_asset_keys)
    assert DRIFT in nightly and not nightly & {VAT_RETURN, CLOSE_PACK}


def test_the_schedule_closes_the_month_that_ended(company: Running) -> None:
    defs = build_definitions(company.settings)
    schedule = defs.resolve_schedule_def("monthly")
    for moment, keys in (
        (datetime(2026, 4, 3, 4, tzinfo=UTC), ["2026-03-01"]),
        (datetime(2027, 1, 3, 5, tzinfo=UTC), ["2026-12-01"]),
        (datetime(2026, 3, 3, 5, tzinfo=UTC), []),
    ):
        with dg.build_schedule_context(
            scheduled_execution_time=moment, repository_def=defs.get_repository_def()
        ) as context:
            tick = schedule.evaluate_tick(context)
        assert [request.partition_key for request in tick.run_requests or []] == keys
