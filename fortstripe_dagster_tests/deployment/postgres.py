"""A PostgreSQL of Debian's package for a test: an empty cluster on loopback, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fortstripe_dagster_tests.operations.dagster_ui import free_port

PACKAGED = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
USER = "dagster"


def missing() -> str:
    """Why no cluster can be made here; empty if one can."""
    if not PACKAGED:
        return "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    try:
        import dagster_postgres  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        return "dagster-postgres is not installed (make test-deploy installs it)"
    return ""


@contextmanager
def cluster() -> Iterator[dict[str, str]]:
    """A running cluster with an empty database; yields the variables of deploy/dagster.yaml."""
    bin_folder = PACKAGED[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    port = free_port()
    # PostgreSQL refuses to run as root; Debian's package brings a user for it.
    owner = pwd.getpwnam("postgres").pw_name if os.getuid() == 0 else None
    if owner:
        shutil.chown(folder, owner)

    def run(command: str, *arguments: str) -> None:
        subprocess.run([bin_folder / command, *arguments], check=True, user=owner, cwd=folder, capture_output=True)

    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"
    try:
        run("initdb", "-D", str(folder / "data"), "-U", USER, "--auth=trust", "--no-sync")
        run("pg_ctl", "-D", str(folder / "data"), "-l", str(folder / "log"), "-o", options, "-w", "start")
        try:
            run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", USER, USER)
            yield {
                "DAGSTER_PG_HOST": "127.0.0.1",
                "DAGSTER_PG_PORT": str(port),
                "DAGSTER_PG_USER": USER,
                "DAGSTER_PG_PASSWORD": "not asked for",
                "DAGSTER_PG_DB": USER,
            }
        finally:
            run("pg_ctl", "-D", str(folder / "data"), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
