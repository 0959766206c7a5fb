"""A fleet on PostgreSQL: ten companies and a broken one, three services, each run a process that may die.

`make test-deploy` runs this; the whole suite leaves it out because it takes minutes.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import combinations

import duckdb
import pytest

from fortstripe_dagster.sandbox.fortnox.company import Company
from fortstripe_dagster.sandbox.merchant import tiny
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.deployment import postgres
from fortstripe_dagster_tests.deployment.site import Site, add_company, site
from fortstripe_dagster_tests.operations.environment import CHOSEN

pytestmark = pytest.mark.skipif(bool(postgres.missing()), reason=postgres.missing())

CLIENTS = [f"client_{number}" for number in range(10)]
KEYLESS, SLOW, KILLED, STOPPED = CLIENTS[3], CLIENTS[4], CLIENTS[0], CLIENTS[1]
FIRST, SECOND = "2026-03-02", "2026-03-03"


@dataclass
class Fleet:
    """The deployment, and each client's Stripe and Fortnox."""

    site: Site
    clients: dict[str, Running]

    def proven(self, client: str) -> set[tuple[str, str]]:
        """(day, status) of the equations of payments and clearing, as an analyst reads them."""
        copy = self.site.base / "data" / client / "warehouse.read.duckdb"
        with duckdb.connect(str(copy), read_only=True) as connection:
            return {
                (str(day), status)
                for day, status in connection.execute(
                    "SELECT day, status FROM proof.tie_out WHERE equation IN ('1', '2')"
                ).fetchall()
            }

    def invoices(self, client: str) -> list[str]:
        """The reference of each invoice in the client's Fortnox."""
        invoices = self.clients[client].books.invoices.all.values()
        return sorted(str(invoice.header["ExternalInvoiceReference1"]) for invoice in invoices)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    base = tmp_path_factory.mktemp("fleet")
    with ExitStack() as stack:
        clients = {
            name: stack.enter_context(
                running(tiny(seed=number), base / "unused" / name, company=Company(tenant_id=1000 + number))
            )
            for number, name in enumerate(CLIENTS, start=1)
        }
        for name, served in clients.items():
            add_company(base, name, served)
        (base / "companies" / "broken.toml").write_text(CHOSEN.replace("sales =", "salse ="))
        (base / "secrets" / KEYLESS / "STRIPE_API_KEY").unlink()
        database = stack.enter_context(postgres.cluster())
        yield Fleet(stack.enter_context(site(base, database)), clients)


def test_ten_companies_run_beside_each_other_whatever_three_of_them_do(fleet: Fleet) -> None:
    """One file is broken, one key is missing, one Fortnox is slow; the others neither fail nor wait for them."""
    nodes = fleet.site.graphql.ask("{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }")
    assert {node["name"] for node in nodes["repositoriesOrError"]["nodes"]} == {*CLIENTS, "broken"}
    fleet.clients[SLOW].fortnox.faults.latency = 15.0
    started = {name: fleet.site.launch(name, FIRST) for name in (SLOW, *(set(CLIENTS) - {SLOW}))}
    ended = {name: fleet.site.ended(run_id, 900) for name, run_id in started.items() if name != SLOW}
    slow = fleet.site.run(started[SLOW])
    fleet.clients[SLOW].fortnox.faults.latency = 0.0
    assert {name for name, run in ended.items() if run["status"] != "SUCCESS"} == {KEYLESS}
    assert slow["status"] == "STARTED", "the slow one was still at work when the others were done"
    assert fleet.site.ended(started[SLOW], 600)["status"] == "SUCCESS"
    for name in set(CLIENTS) - {KEYLESS}:
        assert (FIRST, "ok") in fleet.proven(name) and {status for _, status in fleet.proven(name)} == {"ok"}, name
        assert len(fleet.invoices(name)) == 7, name
    assert fleet.clients[KEYLESS].writes() == 0
    pids = {fleet.site.worker(run_id) for run_id in started.values()}
    assert len(pids) == len(CLIENTS), "each run was a process of its own"
    overlaps = [(a, b) for a, b in combinations(ended.values(), 2) if a["startTime"] < b["endTime"] > a["startTime"]]
    assert overlaps, "several were at work at the same time"


def test_a_killed_worker_is_seen_within_a_minute_and_a_new_one_finishes_the_work(fleet: Fleet) -> None:
    run_id = start_writing(fleet, KILLED)
    os.kill(fleet.site.worker(run_id), signal.SIGKILL)
    killed = time.monotonic()
    assert fleet.site.ended(run_id, 60)["status"] == "FAILURE"
    seen = time.monotonic() - killed
    finish(fleet, KILLED)
    print(f"seen after {seen:.1f} s")


def test_after_the_machine_stopped_no_run_blocks_its_company(fleet: Fleet) -> None:
    """Code server and worker die together, so nobody is left to tell; other companies have their turn meanwhile."""
    run_id = start_writing(fleet, STOPPED)
    fleet.site.kill("code")
    fleet.site.start_code()
    assert fleet.site.ended(run_id, 60)["status"] == "FAILURE"
    finish(fleet, STOPPED)


def start_writing(fleet: Fleet, client: str) -> str:
    """A run of the second day that has written something to Fortnox, and not yet all; its id."""
    served = fleet.clients[client]
    before = served.writes()
    served.fortnox.faults.latency = 1.0
    run_id = fleet.site.launch(client, SECOND)
    fleet.site.wait_for(lambda: served.writes() > before, f"{client} writes")
    assert fleet.site.run(run_id)["status"] == "STARTED"
    return run_id


def finish(fleet: Fleet, client: str) -> None:
    """A new run of the second day succeeds, and nothing is in Fortnox twice."""
    fleet.clients[client].fortnox.faults.latency = 0.0
    assert fleet.site.ended(fleet.site.launch(client, SECOND))["status"] == "SUCCESS"
    assert {(FIRST, "ok"), (SECOND, "ok")} <= fleet.proven(client)
    references = fleet.invoices(client)
    assert len(references) == len(set(references)) == 14
