"""Alerts in Dagster: found and told at the end of a run; a run that fails is told with its remedy and whose fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner
from dagster._core.definitions.sensor_definition import SensorExecutionData
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteRepositoryOrigin
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fortstripe_dagster.assets.alerting import ALERTS, alert_asset, run_failures, watch
from fortstripe_dagster.assets.company import Company
from fortstripe_dagster.assets.partitions import daily
from fortstripe_dagster.assets.place import Place
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.cli import cli
from fortstripe_dagster.failures import FAILED, HELD
from fortstripe_dagster.operations.near_real_time import following_job
from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster_tests.alerts.receivers import Posted, http_receiver
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.ledger.books import at, new_world
from fortstripe_dagster_tests.operations.environment import configure

ALONE = Place(daily(date(2026, 3, 1)))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A disputed sale, booked."""
    world = new_world()
    world.dispute_opened(world.one_off_payment(at=at(3), amount=50000, name="Bo"), at=at(4))
    with running(world, tmp_path_factory.mktemp("alerting")) as served:
        served.sync(Days(date(2026, 3, 3), date(2026, 3, 4)))
        yield served


@pytest.fixture
def slack(company: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Posted]:
    configure(company.settings, tmp_path, monkeypatch)
    (company.settings.home / "alerts.sqlite").unlink(missing_ok=True)
    with http_receiver() as posted:
        monkeypatch.setenv("ALERT_SLACK_URL", posted.url)
        yield posted


def texts(posted: Posted) -> list[str]:
    return [json.loads(body)["text"] for body in posted.bodies]


def materialize() -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [alert_asset(ALONE)],
        partition_key="2026-03-04",
        resources={"company": Company()},
        instance=dg.DagsterInstance.ephemeral(),
    )


def test_the_end_of_a_run_tells_what_the_tables_hold(company: Running, slack: Posted) -> None:
    slack.status = 500
    (check,) = materialize().get_asset_check_evaluations()
    assert not check.passed and check.severity == dg.AssetCheckSeverity.WARN
    slack.status = 200
    result = materialize()
    assert [evaluation.passed for evaluation in result.get_asset_check_evaluations()] == [True]
    (made,) = result.asset_materializations_for_node("proof__alerts")
    assert made.asset_key == ALERTS and made.metadata["dagster/row_count"].value == 1
    assert "disputed" in str(made.metadata["alerts"].value) and "disputed" in texts(slack)[-1]
    told = len(slack.bodies)
    materialize()
    assert len(slack.bodies) == told


def test_a_run_that_fails_is_told_with_the_remedy_and_whose_fault_it_is(
    company: Running, slack: Posted, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(request: Request) -> Response:
        return JSONResponse({"UptimeStatus": "down", "message": "API errors"})

    monkeypatch.setenv("STRIPE_API_BASE", "http://127.0.0.1:9")
    job = following_job(ALONE)
    instance = dg.DagsterInstance.ephemeral()
    with serve(Starlette(routes=[Route("/current", down)])) as page:
        monkeypatch.setenv("FORTSTRIPE_ALERTS__STRIPE_STATUS", f"{page.url}/current")
        monkeypatch.setenv("FORTSTRIPE_ALERTS__FORTNOX_STATUS", "http://127.0.0.1:9/")
        failed = job.execute_in_process(instance=instance, resources={"company": Company()}, raise_on_error=False)
        assert not failed.success
        context = dg.build_run_status_sensor_context(
            sensor_name="run_failures",
            dagster_event=failed.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=failed.dagster_run,
            resources={"company": Company()},
        ).for_run_failure()
        run_failures(ALONE)(context)
    (text,) = texts(slack)
    assert "follow_changes failed: Stripe cannot be reached" in text and "run the same command again." in text
    assert "Stripe fails, and says so itself. Stripe's status page says down: API errors" in text
    assert "disputed" in text, "what the tables hold is told along"
    # The watchman does not take the run for mended; a whole run does.
    with dg.build_sensor_context(resources={"company": Company()}) as tick:
        watch(ALONE).evaluate_tick(tick)
    assert len(slack.bodies) == 1
    monkeypatch.setenv("STRIPE_API_BASE", company.settings.stripe_api_base)
    materialize()
    assert "Solved: follow_changes failed" in texts(slack)[-1] and "Solved: Stripe fails" in texts(slack)[-1]


def test_the_watchman_says_why_it_tells_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORTSTRIPE_CONFIG", str(tmp_path / "none.toml"))
    with dg.build_sensor_context(resources={"company": Company()}) as tick:
        skipped = watch(ALONE).evaluate_tick(tick).skip_message
    assert skipped is not None and "none.toml, which is not a file" in skipped


def test_the_command_shows_what_holds_and_tells_it_from_outside(company: Running, slack: Posted) -> None:
    shown = CliRunner().invoke(cli, ["alerts", "--json"], standalone_mode=False)
    (alert,) = json.loads(shown.stdout)
    assert alert["kind"] == "dispute" and shown.return_value == HELD and slack.bodies == []
    told = CliRunner().invoke(cli, ["alerts", "--send"], standalone_mode=False)
    assert alert["text"] in told.stdout and alert["remedy"] in told.stdout
    assert len(slack.bodies) == 1 and told.return_value == HELD
    slack.status = 404
    (company.settings.home / "alerts.sqlite").unlink()
    assert CliRunner().invoke(cli, ["alerts", "--send"], standalone_mode=False).return_value == FAILED


@pytest.mark.parametrize(("repository", "heard"), [("acme", 1), ("acme_north", 0)])
def test_dagster_gives_a_company_its_own_failures_alone(repository: str, heard: int) -> None:
    """Where the name of one company begins another's, too: repositories are compared, not names of jobs."""
    sensor = run_failures(Place(daily(date(2026, 3, 1)), "acme"))
    here = GrpcServerCodeLocationOrigin(host="localhost", port=1, location_name="companies")
    with dg.instance_for_test() as instance:

        def fails(name: str) -> None:
            origin = RemoteRepositoryOrigin(here, name).get_job_origin(f"{name}_daily_sync")
            instance.report_run_failed(instance.create_run_for_job(nothing, remote_job_origin=origin))

        def tick(cursor: str | None) -> SensorExecutionData:
            with dg.SensorEvaluationContext(
                None, cursor=cursor, instance=instance, repository_name="acme", code_location_origin=here,
                resources={"company": Company(name="acme").get_resource_definition()},
            ) as context:  # fmt: skip
                return sensor.evaluate_tick(context)

        fails("acme")
        begun = tick(None).cursor
        fails(repository)
        assert len(tick(begun).dagster_run_reactions or ()) == heard


@dg.job
def nothing() -> None:
    """A job of whatever repository."""
