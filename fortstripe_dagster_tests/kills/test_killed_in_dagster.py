"""What `make dev` starts: a run that is killed in it, and a backfill from the UI that finishes its work."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from fortstripe_dagster.sandbox.merchant import tiny
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.operations.dagster_ui import GraphQL, free_port
from fortstripe_dagster_tests.operations.environment import configure
from fortstripe_dagster_tests.security.listening import listening

ROOT = Path(__file__).parents[2]


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """The tiny month, with the environment that a real run has."""
    with running(tiny(), tmp_path / "home") as served:
        configure(served.settings, tmp_path, monkeypatch)
        yield served


def test_after_a_killed_run_a_backfill_from_the_ui_is_one_run_that_proves_its_days(company: Running) -> None:
    """What `make dev` starts, driven as the UI drives it: workspace, queue and daemon are real processes.

    A run is killed while it writes to Fortnox; the backfill that follows must not wait for it, nor book anything twice.
    """
    port = free_port()
    log = company.settings.home.parent / "dagster.log"
    with log.open("w") as output:
        ui = subprocess.Popen(
            [sys.executable, "-m", "fortstripe_dagster.operations.dev", "-p", str(port)],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            graphql = GraphQL(f"http://127.0.0.1:{port}/graphql", deadline=time.monotonic() + 400)
            loaded = graphql.until("{ assetNodes { assetKey { path } jobNames } }", lambda data: data["assetNodes"])
            heard = listening(ui.pid)
            killed = kill_a_run_while_it_writes(company, graphql, log)
            days = ["2026-03-02", "2026-03-03", "2026-03-04"]
            launched = graphql.ask(
                "mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {"
                " __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }",
                {
                    "p": {
                        "assetSelection": [
                            node["assetKey"] for node in loaded["assetNodes"] if "daily_sync" in node["jobNames"]
                        ],
                        "partitionNames": days,
                        "tags": [],
                    }
                },
            )["launchPartitionBackfill"]
            assert launched["__typename"] == "LaunchBackfillSuccess", launched
            backfill = graphql.until(
                "query($id: String!) { partitionBackfillOrError(backfillId: $id) {"
                " ... on PartitionBackfill { status runs { id status } } } }",
                lambda data: data["partitionBackfillOrError"]["status"] not in ("REQUESTED", "IN_PROGRESS"),
                {"id": launched["backfillId"]},
            )["partitionBackfillOrError"]
            left = graphql.ask(RUN_STATUS, {"id": killed})["runOrError"]["status"]
        finally:
            ui.send_signal(signal.SIGINT)
            ui.wait(timeout=60)
    assert ("127.0.0.1", port) in heard and {address for address, _ in heard} <= {"127.0.0.1", "::1"}
    assert backfill["status"] == "COMPLETED_SUCCESS", log.read_text()
    assert [run["status"] for run in backfill["runs"]] == ["SUCCESS"]
    assert left == "FAILURE"
    with company.warehouse() as connection:
        equations = connection.execute(
            "SELECT DISTINCT day, status FROM proof.tie_out WHERE equation IN ('1', '2') ORDER BY day"
        ).fetchall()
    assert equations == [(date(2026, 3, day), "ok") for day in (2, 3, 4)]
    booked = {voucher.day for voucher in company.books.vouchers(series="B")}
    assert booked == {date(2026, 3, day) for day in (2, 3, 4)}
    assert "Warning" not in "".join(line for line in log.read_text().splitlines() if "fortstripe" in line)


RUN_STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


def kill_a_run_while_it_writes(company: Running, graphql: GraphQL, log: Path) -> str:
    """Start the job for a day, SIGKILL its process once Fortnox has seen a write; the run's id."""
    company.fortnox.faults.latency = 1.0
    run_id = graphql.ask(
        "mutation($p: ExecutionParams!) { launchPipelineExecution(executionParams: $p) {"
        " ... on LaunchRunSuccess { run { runId } } } }",
        {
            "p": {
                "selector": {
                    "repositoryName": "__repository__",
                    "repositoryLocationName": "fortstripe",
                    "pipelineName": "daily_sync",
                },
                "executionMetadata": {"tags": [{"key": "dagster/partition", "value": "2026-03-02"}]},
                "mode": "default",
            }
        },
    )["launchPipelineExecution"]["run"]["runId"]
    while not company.writes():
        assert time.monotonic() < graphql.deadline, log.read_text()
        time.sleep(0.1)
    (worker,) = {int(pid) for pid in re.findall(rf"{run_id} - (\d+) - ", log.read_text())}
    os.kill(worker, signal.SIGKILL)
    company.fortnox.faults.latency = 0.0
    return str(run_id)
