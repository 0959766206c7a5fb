"""Any interleaving of creation, mutation, crash and resume ends with the same typed tables as one clean pass.

A world with three weeks of history changes between runs and within them; runs break at a request, break in a commit, or
are killed. The last run, of yesterday and today alone, must lead where a fresh warehouse gets in one pass over it all.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from shutil import copyfile
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from fortstripe_dagster.business_day import Days, today
from fortstripe_dagster.extract.windows import OVERLAP
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.sandbox.rates_server import rates_app
from fortstripe_dagster.sandbox.stripe.faults import FOREVER, Fault, Faulty, failing, meanwhile
from fortstripe_dagster.sandbox.stripe.gate import RateLimits
from fortstripe_dagster.sandbox.stripe.server import stripe_app
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.conftest import CHOICES
from fortstripe_dagster_tests.extract.conftest import Switchboard
from fortstripe_dagster_tests.extract.happenings import HAPPENINGS, happen
from fortstripe_dagster_tests.extract.one_run import read

Choices = dict[str, Any]
HISTORY = timedelta(days=20)
OF_THE_RUN = {
    "windows", "requests", "balances", "opening_balances", "control_totals", "raw_versions", "lookups", "account",
}  # fmt: skip
"""Tables that tell of the runs, not of Stripe."""
OF_THE_READING = {"first_seen", "fetched_at", "raw"}
"""Columns that tell when something was read, and `raw`: Stripe counts a customer's invoices without an event."""


class Killed(BaseException):
    """The process dies here, as far as the run can tell."""


class Fragile(Warehouse):
    """A warehouse whose `dies_at`th transaction (counted from 1) is lost at the moment of its commit."""

    def __init__(self, path: Path, dies_at: int) -> None:
        super().__init__(path, wait_seconds=5)
        self._dies_at = dies_at
        self._turns = count(1)

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with super().transaction() as connection:
            yield connection
            if next(self._turns) == self._dies_at:
                raise Killed


@dataclass
class Shop:
    """A world that is read, and the faults of whoever reads it."""

    world: World
    base: Path
    empty: Path
    board: Switchboard
    homes: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.stripe = Faulty(stripe_app(self.world, rate_limits=RateLimits(per_endpoint=100_000, overall=100_000)))
        self.addresses = {
            "STRIPE_API_BASE": self.board.connect(self.stripe),
            "RATES_API_BASE": self.board.connect(rates_app()),
        }
        self.first = today() - HISTORY

    def fresh(self) -> Choices:
        """The choices of a company in a home of its own, with an empty warehouse."""
        home = self.base / str(next(self.homes))
        home.mkdir()
        copyfile(self.empty, home / "warehouse.duckdb")
        return {**CHOICES, "start_date": self.first, "home": home, **self.addresses}

    def days(self, *, caught_up: bool) -> Days:
        """What the next run is asked for: all, or what a nightly run is asked for."""
        return Days(today() - timedelta(days=1) if caught_up else self.first, today())


def just_now() -> datetime:
    """A moment ago: a list ends before the second in which it is asked for, so what happens in it is the next run's."""
    return datetime.now(UTC) - timedelta(seconds=2)


def warehouse_of(choices: Choices) -> Path:
    """The file."""
    return Path(choices["home"]) / "warehouse.duckdb"


def tables(choices: Choices) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that tells of Stripe, without the moments of reading."""
    with duckdb.connect(str(warehouse_of(choices))) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        columns = connection.execute(
            "SELECT table_name, list(column_name ORDER BY ordinal_position) FROM information_schema.columns"
            " JOIN information_schema.tables USING (table_schema, table_name)"
            " WHERE table_schema = 'stripe' AND table_type = 'BASE TABLE' GROUP BY 1"
        ).fetchall()
        return {
            table: sorted(
                connection.execute(
                    f"SELECT {', '.join(name for name in names if name not in OF_THE_READING)} FROM stripe.{table}"
                ).fetchall(),
                key=repr,
            )
            for table, names in columns
            if table not in OF_THE_RUN
        }


def assert_same(ours: Choices, clean: Choices) -> None:
    """Both warehouses tell the same of Stripe; else what only one of them says."""
    one, other = tables(ours), tables(clean)
    assert one.keys() == other.keys()
    assert {
        table: (
            [row for row in one[table] if row not in other[table]],
            [r for r in other[table] if r not in one[table]],
        )
        for table in one
        if one[table] != other[table]
    } == {}


def assert_whole(choices: Choices, world: World) -> None:
    """What is noted as covered is there, but for what an overlap may still bring; every raw object has its row."""
    with duckdb.connect(str(warehouse_of(choices))) as connection:
        for stream, start, end in connection.execute("SELECT stream, from_ts, to_ts FROM stripe.coverage").fetchall():
            kind = "checkout.session" if stream == "checkout/sessions" else stream.removesuffix("s")
            stored = {
                id
                for (id,) in connection.execute(
                    "SELECT id FROM stripe.raw_objects WHERE stream = ?", [stream]
                ).fetchall()
            }
            read_at = connection.execute(
                "SELECT min(epoch(fetched_at)) FROM stripe.windows WHERE stream = ?", [stream]
            ).fetchall()[0][0]
            due = {t["id"] for t in world.all(kind) if start <= t["created"] < min(end, read_at - OVERLAP)}
            gone = {t["id"] for t in world.all(kind) if t.get("deleted")}
            assert due - gone <= stored, stream
        for table in ("charges", "refunds", "balance_transactions", "invoices"):
            raw = connection.execute("SELECT count(*) FROM stripe.raw_objects WHERE stream = ?", [table]).fetchall()
            assert raw == connection.execute(f"SELECT count(*) FROM stripe.{table}").fetchall(), table


ACTS = st.tuples(st.sampled_from(HAPPENINGS), st.integers(0, 60))
PAST = st.lists(st.tuples(ACTS, st.sampled_from([0, 0, 1, 3_600, 40_000, 90_000])), min_size=5, max_size=30)
TROUBLES = st.one_of(
    st.tuples(st.just("breaks at request"), st.integers(1, 40)),
    st.tuples(st.just("dies in commit"), st.integers(1, 20)),
    st.tuples(st.just("changes at request"), st.integers(3, 30)),
)
ROUNDS = st.lists(st.tuples(st.lists(ACTS, max_size=3), TROUBLES, ACTS), min_size=1, max_size=2)


@pytest.fixture(scope="module")
def opened(
    switchboard: Switchboard, empty_warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[World], Shop]:
    """`opened(world)` serves a world to fresh homes."""
    return lambda world: Shop(world, tmp_path_factory.mktemp("homes"), empty_warehouse, switchboard)


def with_a_past(past: list[tuple[tuple[str, int], int]]) -> World:
    """A world of three weeks, the last of them an hour ago."""
    now = datetime.now(UTC)
    world = World(now=now - HISTORY)
    moment, last = now - HISTORY + timedelta(hours=2), now - timedelta(hours=1)
    world.customer(name="Anna Berg", at=moment)
    for (what, number), pause in past:
        moment = min(moment + timedelta(seconds=pause), last)
        happen(world, what, number, moment)
    world.now = now
    return world


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(past=PAST, rounds=ROUNDS, coda=st.lists(ACTS, max_size=3))
def test_any_interleaving_ends_as_one_clean_pass_does(
    opened: Callable[[World], Shop],
    past: list[tuple[tuple[str, int], int]],
    rounds: list[tuple[list[tuple[str, int]], tuple[str, int], tuple[str, int]]],
    coda: list[tuple[str, int]],
) -> None:
    world = with_a_past(past)
    shop = opened(world)
    ours, caught_up = shop.fresh(), False

    def live(what: str, number: int) -> None:
        happen(world, what, number, just_now())

    for before, (trouble, when), between in rounds:
        for act in before:
            live(*act)
        warehouse = None
        if trouble == "breaks at request":
            shop.stripe.spoil([Fault("/v1/*", failing(503), nth=when, times=FOREVER)])
        elif trouble == "changes at request":
            shop.stripe.spoil([Fault("/v1/*", meanwhile(partial(live, *between)), nth=when)])
        else:
            warehouse = Fragile(warehouse_of(ours), dies_at=when)
        try:
            read(ours, shop.days(caught_up=caught_up), warehouse)
            caught_up = True
        except (Failure, Killed) as broken:
            event(f"{trouble}: {type(broken).__name__}")
            assert_whole(ours, world)
        shop.stripe.spoil([])
    for act in coda:
        live(*act)
    read(ours, shop.days(caught_up=caught_up))
    clean = shop.fresh()
    read(clean, shop.days(caught_up=False))
    assert_same(ours, clean)


@pytest.fixture(scope="module")
def processes() -> multiprocessing.context.ForkServerContext:
    """Processes that have everything imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fortstripe_dagster_tests.extract.one_run"])
    return context


def test_a_run_killed_at_any_point_is_resumed(
    opened: Callable[[World], Shop], processes: multiprocessing.context.ForkServerContext
) -> None:
    world = with_a_past([((what, number), 40_000) for number, what in enumerate(HAPPENINGS)])
    shop = opened(world)
    ours = shop.fresh()
    killed = []
    for nth in (3, 15, None):  # at a request, and when a commit has begun to reach the disk
        child = processes.Process(target=read, args=(ours, shop.days(caught_up=False)))
        written = warehouse_of(ours).with_suffix(".duckdb.wal")
        if nth:
            shop.stripe.spoil([Fault("/v1/*", meanwhile(partial(kill, child)), nth=nth)])
        child.start()
        while not nth and child.is_alive():
            if written.exists() and written.stat().st_size:
                kill(child)
                break
        child.join()
        killed.append(child.exitcode)
        shop.stripe.spoil([])
        assert_whole(ours, world)
        happen(world, "customer moved", len(killed), just_now())
    assert killed == [-signal.SIGKILL] * len(killed)
    read(ours, shop.days(caught_up=False))
    clean = shop.fresh()
    read(clean, shop.days(caught_up=False))
    assert_same(ours, clean)


def kill(process: multiprocessing.context.ForkServerProcess) -> None:
    """As the machine does when memory is out."""
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
