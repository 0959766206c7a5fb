"""`make dev`: the Dagster UI over the company in the environment, or over the sandbox when none is configured."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from pathlib import Path

from dagster import DagsterInstance
from filelock import FileLock, Timeout

from fortstripe_dagster.failures import ConfigurationError, Failure
from fortstripe_dagster.operations.code_server import LOCATION
from fortstripe_dagster.operations.instance import end_orphans, limit_pools
from fortstripe_dagster.settings import config_path
from fortstripe_dagster.settings.companies import several

ROOT = Path(__file__).parents[2]
LOOPBACK = "127.0.0.1"


def prepare_instance(home: Path) -> Path:
    """Make DAGSTER_HOME under the data directory and create its storages once.

    Several processes that meet a fresh SQLite instance at the same time corrupt it, so this comes before any of them.
    """
    dagster_home = (home / "dagster").absolute()
    dagster_home.mkdir(parents=True, exist_ok=True)
    configuration = dagster_home / "dagster.yaml"
    if not configuration.exists():
        configuration.write_text(files(__package__).joinpath("dagster.yaml").read_text())
    with DagsterInstance.from_config(str(dagster_home)) as instance:
        instance.get_runs_count()
        limit_pools(instance)
        instance.schedule_storage.all_instigator_state() if instance.schedule_storage else None
        end_orphans(instance, LOCATION)
    return dagster_home


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Refuse a second UI over the same data: it would take the first one's runs for dead."""
    data.mkdir(parents=True, exist_ok=True)
    lock = FileLock(data / "dagster.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ConfigurationError(
            f"The Dagster UI over {data} runs already.",
            "use that one or stop it first, or set another FORTSTRIPE_HOME.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def main() -> int:
    """Run `dagster dev` until it is stopped; returns its exit code."""
    with ExitStack() as stack:
        environment = dict(os.environ)
        if not several() and not config_path().is_file():
            from fortstripe_dagster.operations.sandbox_host import PORTS, hosted

            host = stack.enter_context(hosted(Path(".fortstripe/demo"), seed=1, payments=300, ports=PORTS))
            environment |= host.environment
            print(f"No fortstripe.toml: showing the sandbox company. Its Fortnox is at {host.addresses['fortnox']}/")
        data = Path(environment.get("FORTSTRIPE_HOME", ".fortstripe"))
        stack.enter_context(_alone(data))
        home = prepare_instance(data)
        process = subprocess.Popen(
            # Dagster asks nobody for a password: it listens on this machine alone, unless a person says otherwise.
            [sys.executable, "-m", "dagster", "dev", "-w", str(ROOT / "workspace.yaml"), "-h", LOOPBACK, *sys.argv[1:]],
            env=environment | {"DAGSTER_HOME": str(home)},
            # A shell that starts this in the background ignores SIGINT, and children would inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

        def stop(*_: object) -> None:
            process.send_signal(signal.SIGINT)

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        return process.wait()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(failure, file=sys.stderr)
        sys.exit(failure.exit_code)
