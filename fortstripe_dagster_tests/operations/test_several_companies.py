"""Several companies in one Dagster: each on its own, whatever another one's file, key or Stripe does."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import dagster as dg
import pytest

from fortstripe_dagster import definitions
from fortstripe_dagster.assets.company import Company
from fortstripe_dagster.sandbox.merchant import tiny
from fortstripe_dagster_tests.alerts.receivers import http_receiver
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.operations.environment import CHOSEN, servers_of

Names = Callable[[str], dg.RepositoryDefinition]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of company files, and where they keep their data."""
    folder = tmp_path / "companies"
    folder.mkdir()
    monkeypatch.setenv("FORTSTRIPE_COMPANIES", str(folder))
    monkeypatch.setenv("FORTSTRIPE_HOME", str(tmp_path / "home"))
    return folder


def add(folder: Path, name: str, served: Running, monkeypatch: pytest.MonkeyPatch, file: str = CHOSEN) -> None:
    """A company file, and the company's own variables that point at its servers."""
    (folder / f"{name}.toml").write_text(file)
    for variable, value in servers_of(served.settings).items():
        monkeypatch.setenv(f"{name.upper()}_{variable}", value)


def loaded() -> ModuleType:
    """definitions.py as a process of Dagster loads it now."""
    spec = importlib.util.spec_from_file_location("definitions_of_several", definitions.__file__)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def repositories() -> dict[str, dg.RepositoryDefinition]:
    module = loaded()
    found = [getattr(module, name) for name in dir(module) if name.startswith("company_")]
    return {one.name: one for one in found if isinstance(one, dg.RepositoryDefinition)}


def test_ten_companies_share_no_asset_no_pool_and_no_minute(folder: Path) -> None:
    names = [f"client_{number}" for number in range(10)]
    for number, name in enumerate(names):
        (folder / f"{name}.toml").write_text(CHOSEN.replace("2026-03-01", f"2026-03-{number + 1:02}"))
    found = repositories()
    assert sorted(found) == names
    keys = [set(one.asset_graph.get_all_asset_keys()) for one in found.values()]
    assert len(set.union(*keys)) == sum(map(len, keys)) > 10
    pools = {
        name: set().union(*(one.asset_graph.get(key).pools or () for key in one.asset_graph.get_all_asset_keys()))
        for name, one in found.items()
    }
    assert pools == {name: {f"warehouse_{name}"} for name in names}
    crons = [one.get_schedule_def(f"{name}_nightly").cron_schedule for name, one in found.items()]
    assert len(set(crons)) > 7, "they do not start at once"
    assert all(3 <= int(str(cron).split()[1]) <= 5 for cron in crons)
    times = [(int(hour), int(minute)) for minute, hour, *_ in (str(cron).split() for cron in crons)]
    assert min(times) >= (3, 15), "before it, clocks change"
    starts = {
        name: one.get_job(f"{name}_daily_sync").partitions_def.start.date().day  # type: ignore[union-attr]
        for name, one in found.items()
    }
    assert list(starts.values()) == list(range(1, 11))


def test_one_company_keeps_its_plain_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fortstripe.toml").write_text(CHOSEN)
    defs = loaded().defs
    assert dg.AssetKey(["proof", "tie_out"]) in defs.resolve_asset_graph().get_all_asset_keys()
    assert defs.resolve_schedule_def("nightly").cron_schedule == "15 3 * * *"
    assert defs.resolve_asset_graph().get(dg.AssetKey(["stripe", "charges"])).pools == {"warehouse"}


def test_a_broken_file_is_an_asset_that_fails_with_the_remedy(folder: Path) -> None:
    (folder / "good.toml").write_text(CHOSEN)
    (folder / "bad.toml").write_text(CHOSEN.replace("sales =", "salse ="))
    (folder / "Ett AB.toml").write_text(CHOSEN)
    found = repositories()
    assert len(found) == 3 and "good_daily_sync" in found["good"].job_names
    bad = found["bad"]
    assert bad.asset_graph.get_all_asset_keys() == {dg.AssetKey(["bad", "settings"])}
    assert "salse is not a setting (did you mean sales?)" in str(
        bad.asset_graph.get(dg.AssetKey(["bad", "settings"])).description
    )
    job = bad.get_job("bad_settings")
    with dg.instance_for_test() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        (failed,) = [event for event in result.all_events if event.is_step_failure]
        assert not result.success
        assert "salse is not a setting" in str(failed.step_failure_data.user_failure_data)
        (folder / "bad.toml").write_text(CHOSEN)
        assert job.execute_in_process(instance=instance).success


def test_a_broken_file_is_told_once_and_when_it_is_mended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "bad.toml").write_text(CHOSEN.replace("sales =", "salse =") + "\n[alerts]\nrepeat_days = 30\n")

    sensor = repositories()["bad"].get_sensor_def("bad_watch")

    def watched() -> str:
        with dg.build_sensor_context(resources={"company": Company(name="bad")}) as context:
            return str(sensor.evaluate_tick(context).skip_message)

    with http_receiver() as slack:
        monkeypatch.setenv("BAD_ALERT_SLACK_URL", slack.url)
        assert watched() == "slack: 1 told" and watched() == "slack: 0 told"
        (body,) = slack.bodies
        assert (
            "salse is not a setting (did you mean sales?)" in body.decode()
            and "Remedy" not in body.decode().partition("Remedy")[2]
        )
        (folder / "bad.toml").write_text("sales = ")
        assert watched() == "slack: 1 told", "another reason is news"
        assert "is not valid TOML" in slack.bodies[-1].decode()
        (folder / "bad.toml").write_text(CHOSEN)
        assert "reload the code location" in watched()
        assert len(slack.bodies) == 3 and "Solved" in slack.bodies[-1].decode()


def test_a_run_makes_the_definitions_of_its_company_alone(folder: Path) -> None:
    for name in ("alpha", "beta"):
        (folder / f"{name}.toml").write_text(CHOSEN)
    module = loaded()
    assert module.company_alpha.name == "alpha"
    assert module.repository.cache_info().currsize == 1


def test_one_companys_failure_leaves_the_other_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """alpha has no key and must not take the one that is nobody's; beta reads its Stripe into its own home."""
    with running(tiny(), tmp_path / "unused") as served:
        for name in ("alpha", "beta"):
            add(folder, name, served, monkeypatch)
        monkeypatch.delenv("ALPHA_STRIPE_API_KEY")
        monkeypatch.setenv("STRIPE_API_KEY", "rk_test_sandbox")
        found = repositories()
        with dg.instance_for_test(overrides={"concurrency": {"pools": {"granularity": "run"}}}) as instance:
            results = {
                name: found[name]
                .get_job(f"{name}_daily_sync")
                .execute_in_process(
                    instance=instance,
                    partition_key="2026-03-02",
                    asset_selection=[dg.AssetKey([name, "stripe", "events"])],
                    raise_on_error=False,
                )
                for name in ("alpha", "beta")
            }
            made = instance.get_latest_materialization_events(list(instance.all_asset_keys()))
    assert {name: result.success for name, result in results.items()} == {"alpha": False, "beta": True}
    assert {key.path[0] for key, event in made.items() if event} == {"beta"}
    (failed,) = [event for event in results["alpha"].all_events if event.is_step_failure][:1]
    assert "ALPHA_STRIPE_API_KEY is not set" in str(failed.step_failure_data.user_failure_data)
    assert (tmp_path / "home/beta/warehouse.duckdb").is_file()
    assert not (tmp_path / "home/alpha/warehouse.duckdb").exists()
