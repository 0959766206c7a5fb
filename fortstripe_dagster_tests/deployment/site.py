"""What docker-compose.yml starts, without Docker: its own dagster.yaml and workspace.yaml, each service a process."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fortstripe_dagster_tests.companies import Running
from fortstripe_dagster_tests.operations.dagster_ui import GraphQL, free_port
from fortstripe_dagster_tests.operations.environment import CHOSEN, servers_of

ROOT = Path(__file__).parents[2]
LAUNCH = """
mutation($p: ExecutionParams!) { launchPipelineExecution(executionParams: $p) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }
"""
STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status startTime endTime } } }"
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}


def add_company(base: Path, name: str, served: Running, file: str = CHOSEN) -> None:
    """A company file and the company's folder of secrets, as an operator makes them."""
    (base / "companies").mkdir(exist_ok=True)
    (base / "companies" / f"{name}.toml").write_text(file)
    secrets = base / "secrets" / name
    secrets.mkdir(parents=True)
    for variable, value in servers_of(served.settings).items():
        (secrets / variable).write_text(value)


@dataclass
class Site:
    """The running services, and the UI's own door to them."""

    base: Path
    environment: dict[str, str]
    graphql: GraphQL = field(init=False)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        """Start a service in a process group of its own; what it says goes to a file."""
        with (self.base / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=self.base,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start_code(self) -> None:
        port = self.environment["FORTSTRIPE_CODE_PORT"]
        self.start("code", "fortstripe_dagster.operations.code_server", "-h", "127.0.0.1", "-p", port)
        self.wait_for(lambda: self._healthy(port), "the code server answers")

    def _healthy(self, port: str) -> bool:
        check = [sys.executable, "-m", "dagster", "api", "grpc-health-check", "-p", port]
        return subprocess.run(check, env=self.environment, cwd=self.base, capture_output=True).returncode == 0

    def kill(self, name: str) -> None:
        """SIGKILL the service and every process it has started, as when its machine stops."""
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes.pop(name).wait()

    def stop(self) -> None:
        for process in self.processes.values():
            os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)

    def launch(self, company: str, day: str) -> str:
        """Start a company's daily_sync for a day, as the UI does; the run's id."""
        selector = {
            "repositoryName": company,
            "repositoryLocationName": "fortstripe",
            "pipelineName": f"{company}_daily_sync",
        }
        tags = [{"key": "dagster/partition", "value": day}]
        params = {"selector": selector, "executionMetadata": {"tags": tags}, "mode": "default"}
        answer = self.graphql.ask(LAUNCH, {"p": params})["launchPipelineExecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def run(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.graphql.ask(STATUS, {"id": run_id})["runOrError"]
        return found

    def ended(self, run_id: str, seconds: float = 400) -> dict[str, Any]:
        """The run once it has ended."""
        self.wait_for(lambda: self.run(run_id)["status"] in ENDED, f"run {run_id} ends", seconds)
        return self.run(run_id)

    def worker(self, run_id: str) -> int:
        """The process that executes a run."""
        (pid,) = {int(pid) for pid in re.findall(rf"{run_id} - (\d+) - ", self.log("code"))}
        return pid

    def log(self, name: str) -> str:
        return (self.base / f"{name}.log").read_text(errors="replace")

    def wait_for(self, ready: Callable[[], object], what: str, seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}\n{self.log('code')[-5000:]}"
            time.sleep(0.2)


@contextmanager
def site(base: Path, postgres: dict[str, str]) -> Iterator[Site]:
    """Code server, web server and daemon as three processes over PostgreSQL."""
    home = base / "dagster"
    home.mkdir()
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / "deploy" / name, home)
    environment = {
        **os.environ,
        **postgres,
        "DAGSTER_HOME": str(home),
        "FORTSTRIPE_CODE_HOST": "127.0.0.1",
        "FORTSTRIPE_CODE_PORT": str(free_port()),
        "FORTSTRIPE_COMPANIES": str(base / "companies"),
        "FORTSTRIPE_SECRETS": str(base / "secrets"),
        "FORTSTRIPE_HOME": str(base / "data"),
    }
    made = Site(base, environment)
    try:
        made.start_code()
        port, workspace = free_port(), str(home / "workspace.yaml")
        made.start("webserver", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port), "-w", workspace)
        made.start("daemon", "dagster._daemon", "run", "-w", workspace)
        made.graphql = GraphQL(f"http://127.0.0.1:{port}/graphql", deadline=time.monotonic() + 240)
        made.graphql.until("{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }", bool)
        yield made
    finally:
        made.stop()
