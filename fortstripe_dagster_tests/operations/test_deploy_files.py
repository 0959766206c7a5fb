"""The files in deploy/, as far as they can be held against the code and against Dagster without a cluster."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._core.instance.ref import InstanceRef
from dagster._core.workspace.load import location_origins_from_yaml_paths

from fortstripe_dagster import operations, settings
from fortstripe_dagster.operations.code_server import LOCATION

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text())
VALUES: dict[str, Any] = yaml.safe_load((DEPLOY / "kubernetes" / "values.yaml").read_text())
CHART = {
    "": "global generatePostgresqlPasswordSecret postgresql runLauncher concurrency dagsterDaemon dagsterWebserver"
    " telemetry additionalInstanceConfig dagster-user-deployments",
    "global": "postgresqlSecretName",
    "postgresql": "enabled postgresqlHost postgresqlUsername postgresqlDatabase postgresqlScheme service",
    "runLauncher": "type config",
    "runLauncher.config.k8sRunLauncher": "imagePullPolicy runK8sConfig",
    "runLauncher.config.k8sRunLauncher.runK8sConfig": "podSpecConfig jobSpecConfig",
    "concurrency": "enabled pools runs",
    "concurrency.pools": "defaultLimit granularity",
    "concurrency.runs": "maxConcurrentRuns",
    "dagsterDaemon": "runMonitoring runRetries schedules sensors",
    "dagsterDaemon.schedules": "useThreads numWorkers",
    "dagsterDaemon.sensors": "useThreads numWorkers",
    "dagster-user-deployments": "enabled enableSubchart deployments",
}
"""Names that the chart's own schema of 1.13 has, of those that we use: a misspelt one would be ignored."""
DEPLOYMENT = (
    "name image codeServerArgs port includeConfigInLaunchedRuns labels env envSecrets volumes volumeMounts"
    " podSecurityContext resources"
)


def loaded(text: str, folder: Path) -> dict[str, Any]:
    """A dagster.yaml as Dagster takes it; raises what Dagster raises for a wrong name or type."""
    (folder / "dagster.yaml").write_text(text)
    return dict(InstanceRef.from_dir(str(folder)).settings)


@pytest.fixture
def postgres(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment that the compose file gives every service of Dagster."""
    environment = {name: str(value) for name, value in COMPOSE["services"]["webserver"]["environment"].items()}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


def test_dagster_takes_its_settings_and_they_say_the_same_everywhere(tmp_path: Path, postgres: dict[str, str]) -> None:
    compose = loaded((DEPLOY / "dagster.yaml").read_text(), tmp_path)
    alone = loaded((Path(operations.__file__).parent / "dagster.yaml").read_text(), tmp_path)
    cluster = loaded(yaml.safe_dump(VALUES["additionalInstanceConfig"]), tmp_path)
    for one in (compose, alone, cluster):
        monitoring = dict(one["run_monitoring"])
        monitoring.pop("start_timeout_seconds")
        assert monitoring == {
            "enabled": True,
            "poll_interval_seconds": 10,
            "max_runtime_seconds": 43200,
            "free_slots_after_run_end_seconds": 10,
        }
    assert (
        compose["concurrency"]["pools"] == alone["concurrency"]["pools"] == {"default_limit": 1, "granularity": "run"}
    )
    assert VALUES["concurrency"]["pools"] == {"defaultLimit": 1, "granularity": "run"}
    with pytest.raises(Exception, match="max_runtime"):
        loaded("run_monitoring: {max_runtime: 1}", tmp_path)


def test_every_variable_that_a_file_reads_is_given(postgres: dict[str, str]) -> None:
    texts = [(DEPLOY / name).read_text() for name in ("dagster.yaml", "workspace.yaml")]
    assert {name for text in texts for name in re.findall(r"\{env: (\w+)\}", text)} == set(postgres)
    (origin,) = location_origins_from_yaml_paths([str(DEPLOY / "workspace.yaml")])
    assert origin.location_name == LOCATION


def test_services_find_each_other_and_what_they_run() -> None:
    services = COMPOSE["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        for dependency in service.get("depends_on", {}):
            assert "healthcheck" in services[dependency], f"{name} waits until {dependency} is healthy"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source.startswith("./") or source in COMPOSE["volumes"], volume
            assert not source.startswith("./") or (DEPLOY / source).is_dir(), volume
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), "Dagster has no log-in"
    module = services["code"]["command"][2]
    assert callable(import_module(module).main)
    healthy_at = services["code"]["healthcheck"]["test"][-1]
    assert healthy_at == services["code"]["command"][-1] == services["code"]["environment"]["FORTSTRIPE_CODE_PORT"]
    given = {name for name in services["code"]["environment"] if name.startswith("FORTSTRIPE_")}
    assert given - {"FORTSTRIPE_CODE_HOST", "FORTSTRIPE_CODE_PORT"} == {
        "FORTSTRIPE_COMPANIES", "FORTSTRIPE_HOME", "FORTSTRIPE_SECRETS",
    }  # fmt: skip
    for name in ("webserver", "daemon"):
        assert not {"FORTSTRIPE_SECRETS", "FORTSTRIPE_HOME"} & set(services[name]["environment"])


def test_the_image_is_made_of_what_is_there_and_of_no_secret() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    copied = [source for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE) for source in line.split()[:-1]]
    allowed = [line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"]
    assert sorted(source.removeprefix("./") for source in copied) == sorted(allowed)
    assert all((ROOT / source).exists() for source in copied)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "[deploy]" in text and any(
        "dagster-postgres" in each for each in project["project"]["optional-dependencies"]["deploy"]
    )
    assert "**/*.yaml" in project["tool"]["setuptools"]["package-data"]["fortstripe_dagster"]


@pytest.mark.parametrize("path", CHART)
def test_the_chart_knows_every_name(path: str) -> None:
    part: dict[str, Any] = VALUES
    for step in filter(None, path.split(".")):
        part = part[step]
    assert set(part) <= set(CHART[path].split())


def test_a_company_in_the_cluster_has_its_own_volume_file_and_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "company.yaml").read_text()))
    kinds = {document["kind"]: document for document in documents}
    term = VALUES["runLauncher"]["config"]["k8sRunLauncher"]["runK8sConfig"]["podSpecConfig"]["affinity"][
        "podAffinity"
    ]["requiredDuringSchedulingIgnoredDuringExecution"][0]
    for one in VALUES["dagster-user-deployments"]["deployments"]:
        assert set(one) <= set(DEPLOYMENT.split())
        assert one["includeConfigInLaunchedRuns"] == {"enabled": True}, "or a run would have neither volume nor secret"
        environment = {each["name"]: each["value"] for each in one["env"]}
        mounts = {each["name"]: each["mountPath"] for each in one["volumeMounts"]}
        name = environment["FORTSTRIPE_COMPANY"]
        assert (one["name"], one["labels"]["fortstripe-company"]) == (name, name)
        assert term["labelSelector"]["matchLabels"].items() <= one["labels"].items()
        assert set(term["matchLabelKeys"]) <= set(one["labels"])
        assert environment["FORTSTRIPE_HOME"] == mounts["data"]
        assert environment["FORTSTRIPE_COMPANIES"] == mounts["companies"]
        claim = {each["name"]: each for each in one["volumes"]}
        assert claim["data"]["persistentVolumeClaim"]["claimName"] == kinds["PersistentVolumeClaim"]["metadata"]["name"]
        assert claim["companies"]["configMap"]["name"] == kinds["ConfigMap"]["metadata"]["name"]
        for file, text in kinds["ConfigMap"]["data"].items():
            (tmp_path / file).write_text(text)
        monkeypatch.setenv("FORTSTRIPE_COMPANIES", str(tmp_path))
        assert settings.load(name).company == name
