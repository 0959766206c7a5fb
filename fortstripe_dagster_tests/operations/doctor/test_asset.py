"""Every check of the doctor is an asset check in Dagster, and none of them stops anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from fortstripe_dagster.assets.company import Company
from fortstripe_dagster.definitions import build_definitions
from fortstripe_dagster.operations.doctor import CHECKS
from fortstripe_dagster.operations.doctor.asset import SET_UP
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.operations.environment import configure
from fortstripe_dagster_tests.operations.small_world import small_world


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(small_world(), tmp_path / "home") as served:
        configure(served.settings, tmp_path, monkeypatch)
        yield served


def test_the_job_makes_every_check_and_a_failed_one_is_told_with_its_remedy(
    company: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    defs = build_definitions(company.settings, Company())
    monkeypatch.setenv("FORTSTRIPE_ACCOUNTS__BANK", "1939")
    with dg.instance_for_test() as instance:
        result = defs.resolve_job_def("doctor").execute_in_process(instance=instance)
        evaluations = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert result.success
    assert set(evaluations) == {check.name for check in CHECKS}
    assert not any(check.blocking for check in evaluations.values())
    failed = evaluations["accounts"]
    assert not failed.passed and failed.severity == dg.AssetCheckSeverity.ERROR
    assert "1939 (accounts.bank)" in str(failed.metadata["findings"].value)
    assert "Register, Konton" in str(failed.metadata["findings"].value)
    assert [name for name, check in evaluations.items() if not check.passed] == ["accounts"]
    assert company.writes() == 0


def test_the_nightly_job_does_not_examine_the_company(company: Running) -> None:
    defs = build_definitions(company.settings)
    nightly = defs.resolve_job_def("daily_sync").asset_layer
    assert SET_UP not in nightly.executable_asset_keys
    assert dg.AssetKey(["fortnox", "vouchers"]) in nightly.executable_asset_keys
    schedule = defs.resolve_schedule_def("weekly_doctor")
    assert (schedule.job_name, schedule.execution_timezone) == ("doctor", "Europe/Stockholm")
