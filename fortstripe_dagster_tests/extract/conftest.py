"""A company whose Stripe is the sandbox, asked over real HTTP, with a warehouse on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract import Extraction, ExtractReport, Patience, StreamReport, extract
from fortstripe_dagster.sandbox.rates_server import rates_app
from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster.sandbox.stripe_gate import RateLimits
from fortstripe_dagster.sandbox.stripe_server import stripe_app
from fortstripe_dagster.sandbox.world import World
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
        with self.warehouse.writer() as connection:
            return connection.execute(sql, list(parameters)).fetchall()

    def value(self, sql: str, *parameters: Any) -> Any:
        """The one value that a query answers."""
        ((found,),) = self.rows(sql, *parameters)
        return found

    def paths(self, containing: str = "") -> list[str]:
        """Paths asked so far."""
        return [asked.path for asked in self.asked if containing in asked.path]


StartCompany = Callable[..., Company]


@pytest.fixture
def company(tmp_path: Path) -> Iterator[StartCompany]:
    """`company(world, fault=…, forbidden=…, limits=…, **settings)` starts both stand-ins."""
    with ExitStack() as running:

        def start(
            world: World,
            *,
            fault: Fault | None = None,
            forbidden: tuple[str, ...] = (),
            limits: RateLimits | None = None,
            home: Path = tmp_path / "home",
            **choices: Any,
        ) -> Company:
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
            addresses = {
                "STRIPE_API_BASE": running.enter_context(serve(app)).url,
                "RATES_API_BASE": running.enter_context(serve(rates_app())).url,
            }
            return Company(world, Settings(**{**CHOICES, "home": home, **addresses, **choices}), asked)

        yield start


def pointed_elsewhere(company: Company, **addresses: str | SecretStr) -> Company:
    """The same company with other addresses or another key."""
    return replace(company, settings=company.settings.model_copy(update=addresses))


def list_of(*objects: dict[str, Any], more: bool = False) -> dict[str, Any]:
    """A page of a list, as Stripe words it."""
    return {"object": "list", "url": "/v1/list", "has_more": more, "data": list(objects)}
