"""What is made ready before Dagster starts: runs that died with their machine are ended, and nobody else's."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.test_utils import create_run_for_test

from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster.operations import dev
from fortstripe_dagster.operations.code_server import LOCATION
from fortstripe_dagster.operations.instance import end_orphans, limit_pools
from fortstripe_dagster_tests.operations.environment import CHOSEN

POOL = "warehouse_alpha"


def run_at(instance: dg.DagsterInstance, location: str, status: dg.DagsterRunStatus) -> str:
    """A run of a code location in a status, as the records of a dead machine show it."""
    origin = GrpcServerCodeLocationOrigin(host="127.0.0.1", port=1, location_name=location)
    job = RemoteJobOrigin(RemoteRepositoryOrigin(origin, "alpha"), "alpha_daily_sync")
    return create_run_for_test(instance, "alpha_daily_sync", status=status, remote_job_origin=job).run_id


def test_what_a_dead_machine_left_is_ended_and_its_company_has_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "alpha.toml").write_text(CHOSEN)
    monkeypatch.setenv("FORTSTRIPE_COMPANIES", str(tmp_path))
    with dg.instance_for_test() as instance:
        limit_pools(instance)
        slots = instance.event_log_storage
        dead = run_at(instance, LOCATION, dg.DagsterRunStatus.STARTED)
        others = [
            run_at(instance, LOCATION, dg.DagsterRunStatus.QUEUED),
            run_at(instance, LOCATION, dg.DagsterRunStatus.SUCCESS),
            run_at(instance, "elsewhere", dg.DagsterRunStatus.STARTED),
        ]
        before = [instance.get_run_by_id(run_id) for run_id in others]
        assert slots.claim_concurrency_slot(POOL, dead, "step").is_claimed
        assert slots.get_concurrency_info(POOL).active_run_ids == {dead}

        assert end_orphans(instance, LOCATION) == [dead]

        ended = instance.get_run_by_id(dead)
        assert ended is not None and ended.status == dg.DagsterRunStatus.FAILURE
        assert [instance.get_run_by_id(run_id) for run_id in others] == before
        turn = slots.get_concurrency_info(POOL)
        assert (turn.slot_count, turn.active_run_ids) == (1, set())
        assert end_orphans(instance, LOCATION) == []


def test_a_second_ui_over_the_same_data_does_not_start(tmp_path: Path) -> None:
    with dev._alone(tmp_path), pytest.raises(ConfigurationError, match="runs already"), dev._alone(tmp_path):
        pass
    with dev._alone(tmp_path):
        pass
