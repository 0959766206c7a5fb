"""The pods that Dagster's run launcher would make of the values for Kubernetes, checked by Kubernetes' own client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

launcher = pytest.importorskip("dagster_k8s.container_context", reason="dagster-k8s is not installed")
models = pytest.importorskip("dagster_k8s.models")
kubernetes = pytest.importorskip("kubernetes")

VALUES: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[2] / "deploy" / "kubernetes" / "values.yaml").read_text()
)
LAUNCHED: dict[str, Any] = VALUES["runLauncher"]["config"]["k8sRunLauncher"]["runK8sConfig"]


def model(kind: str, values: dict[str, Any]) -> Any:
    """A part of a pod as Kubernetes' client understands it; raises for a name that it does not know."""
    made = getattr(kubernetes.client, kind)
    return models.k8s_model_from_dict(made, models.k8s_snake_case_dict(made, values))


def test_a_run_goes_where_its_companys_volume_is() -> None:
    spec = model("V1PodSpec", LAUNCHED["podSpecConfig"] | {"containers": []})
    (term,) = spec.affinity.pod_affinity.required_during_scheduling_ignored_during_execution
    assert term.match_label_keys == ["fortstripe-company"] and term.topology_key == "kubernetes.io/hostname"
    assert term.label_selector.match_labels == {"app.kubernetes.io/part-of": "fortstripe"}
    assert spec.security_context.run_as_non_root and spec.security_context.fs_group == 1000
    with pytest.raises(Exception, match="affinities"):
        model("V1PodSpec", {"affinities": {}, "containers": []})


def test_kubernetes_starts_no_run_twice() -> None:
    job = model("V1JobSpec", LAUNCHED["jobSpecConfig"] | {"template": {}})
    assert job.backoff_limit == 0


def test_what_a_code_location_hands_to_its_runs_is_taken_by_the_launcher() -> None:
    """The chart turns these values into a container context; its names there are those of the launcher."""
    for one in VALUES["dagster-user-deployments"]["deployments"]:
        context = launcher.K8sContainerContext.create_from_config(
            {
                "k8s": {
                    "env_secrets": [each["name"] for each in one["envSecrets"]],
                    "env": one["env"],
                    "volumes": one["volumes"],
                    "volume_mounts": one["volumeMounts"],
                    "labels": one["labels"],
                    "resources": one["resources"],
                    "image_pull_policy": one["image"]["pullPolicy"],
                }
            }
        )
        assert context.run_k8s_config.pod_template_spec_metadata["labels"].items() >= one["labels"].items()
        volumes = context.run_k8s_config.pod_spec_config["volumes"]
        assert [volume["name"] for volume in volumes] == ["data", "companies"]
