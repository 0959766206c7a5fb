"""A company whose Stripe is the sandbox, asked over real HTTP, with a warehouse on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache, partial
from pathlib import Path
from shutil import copyfile
from typing import Any
from urllib.parse import parse_qsl

import duckdb
import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract import Extraction, ExtractReport, Patience, StreamReport, create_tables, extract
from fortstripe_dagster.sandbox.rates_server import rates_app
from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster.sandbox.stripe.gate import RateLimits
from fortstripe_dagster.sandbox.stripe.server import stripe_app
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.conftest import CHOICES

MARCH = Days(date(2026, 3, 1), date(2026, 3, 31))
KEY = "rk_test_sandbox"
HASTE = Patience(attempts=4, first_delay=0.01, longest_delay=0.05)
Fault = Callable[[Request], Response | None]


def march(day: int, hour: int = 12, minute: int = 0) -> datetime:
    """A moment in March 2026, UTC."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@cache
def reader() -> duckdb.DuckDBPyConnection:
    """The DuckDB that tests look into warehouses with: starting one takes longer than most questions."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; SET threads = 1")
    return connection


@dataclass
class Asked:
    """One request that Stripe's stand-in got."""

    path: str
    params: dict[str, str]
    version: str | None


@dataclass
class Company:
    """A company under test: its world at Stripe, what it asked, its warehouse."""

    world: World
    settings: Settings
    asked: list[Asked] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    patience: Patience = HASTE

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.settings.warehouse_path, wait_seconds=5)

    def sync(self, days: Days = MARCH, **options: Any) -> ExtractReport:
        """A whole run."""
        return extract(
            self.settings, self.warehouse, days, progress=self.said.append, patience=self.patience, **options
        )

    def read(self, *streams: str, days: Days = MARCH, run_id: str | None = None) -> list[StreamReport]:
        """Only the lists of some streams."""
        with self.run(run_id) as run:
            return [run.extract_stream(name, days) for name in streams]

    def run(self, run_id: str | None = None) -> Extraction:
        """A run in steps."""
        return Extraction(
            self.settings, self.warehouse, progress=self.said.append, patience=self.patience, run_id=run_id
        )

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The answer to a query on the warehouse."""
        with reader().cursor() as connection:
            connection.execute(f"ATTACH '{self.settings.warehouse_path}' AS warehouse (READ_ONLY); USE warehouse")
            try:
                return connection.execute(sql, list(parameters)).fetchall()
            finally:
                connection.execute("USE memory; DETACH warehouse")

    def value(self, sql: str, *parameters: Any) -> Any:
        """The one value that a query answers."""
        ((found,),) = self.rows(sql, *parameters)
        return found

    def paths(self, containing: str = "") -> list[str]:
        """Paths asked so far."""
        return [asked.path for asked in self.asked if containing in asked.path]


StartCompany = Callable[..., Company]


class Switchboard:
    """One server for all stand-ins of a session: `/1/v1/…` reaches the first, `/2/v1/…` the second."""

    def __init__(self) -> None:
        self.url = ""
        self._apps: dict[str, ASGIApp] = {}

    def connect(self, app: ASGIApp) -> str:
        """The address at which an application answers."""
        name = str(len(self._apps) + 1)
        self._apps[name] = app
        return f"{self.url}/{name}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, name, rest = scope["path"].split("/", 2)
        await self._apps[name]({**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}, receive, send)


@pytest.fixture(scope="session")
def switchboard() -> Iterator[Switchboard]:
    """The session's server."""
    board = Switchboard()
    with serve(board) as running:
        board.url = running.url
        yield board


@pytest.fixture(scope="session")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse whose tables are there: copying it is faster than making them for each test."""
    path = tmp_path_factory.mktemp("empty") / "warehouse.duckdb"
    with Warehouse(path).transaction() as connection:
        create_tables(connection)
    return path


@pytest.fixture
def company(tmp_path: Path, switchboard: Switchboard, empty_warehouse: Path) -> StartCompany:
    """`company(world, fault=…, forbidden=…, limits=…, **settings)` starts both stand-ins."""
    home = tmp_path / "home"
    home.mkdir()
    copyfile(empty_warehouse, home / "warehouse.duckdb")
    return partial(start_company, switchboard, home=home)


def start_company(
    switchboard: Switchboard,
    world: World,
    *,
    home: Path,
    fault: Fault | None = None,
    forbidden: tuple[str, ...] = (),
    limits: RateLimits | None = None,
    **choices: Any,
) -> Company:
    """Serve a world and the official rates to a company that lives in `home`."""
    asked: list[Asked] = []

    def watched(request: Request) -> Response | None:
        params = dict(parse_qsl(request.url.query))
        asked.append(Asked(request.url.path, params, request.headers.get("stripe-version")))
        return fault(request) if fault else None

    app = stripe_app(
        world,
        forbidden=forbidden,
        rate_limits=limits or RateLimits(per_endpoint=10_000, overall=10_000),
        fault=watched,
    )
    addresses = {"STRIPE_API_BASE": switchboard.connect(app), "RATES_API_BASE": switchboard.connect(rates_app())}
    return Company(world, Settings(**{**CHOICES, "home": home, **addresses, **choices}), asked)


def pointed_elsewhere(company: Company, **addresses: str | SecretStr) -> Company:
    """The same company with other addresses or another key."""
    return replace(company, settings=company.settings.model_copy(update=addresses))


def list_of(*objects: dict[str, Any], more: bool = False) -> dict[str, Any]:
    """A page of a list, as Stripe words it."""
    return {"object": "list", "url": "/v1/list", "has_more": more, "data": list(objects)}
