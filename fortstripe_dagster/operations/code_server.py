"""The code server of a deployment in containers: prepares the instance, then becomes Dagster's own code server.

Not for Kubernetes, where runs are jobs of their own and outlive it. Options are those of `dagster code-server start`.
"""

from __future__ import annotations

import os
import sys

import dagster as dg

from fortstripe_dagster.operations.instance import end_orphans, limit_pools

LOCATION = "fortstripe"
"""The name of the code location in the workspace file."""


def main() -> None:
    """Never returns: the process becomes the code server."""
    with dg.DagsterInstance.get() as instance:
        limit_pools(instance)
        for run_id in end_orphans(instance, LOCATION):
            print(f"Run {run_id} did not survive the last stop; it is marked as failed.", flush=True)
    server = ["-m", "dagster", "code-server", "start", "-m", "fortstripe_dagster.definitions"]
    os.execv(sys.executable, [sys.executable, *server, "--location-name", LOCATION, *sys.argv[1:]])


if __name__ == "__main__":
    main()
