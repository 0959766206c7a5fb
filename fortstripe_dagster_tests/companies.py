"""A whole company on loopback for a test: Stripe with a world, Fortnox with real books, official rates, settings."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from fortstripe_dagster import delivery
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery import DeliveryReport
from fortstripe_dagster.operations.pipeline import SyncReport, sync
from fortstripe_dagster.proof import ProofReport, prove
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.company import Company
from fortstripe_dagster.sandbox.fortnox.gateway import Gateway, RateLimit
from fortstripe_dagster.sandbox.fortnox.server import fortnox_app
from fortstripe_dagster.sandbox.rates_server import rates_app
from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster.sandbox.stripe.gate import RateLimits
from fortstripe_dagster.sandbox.stripe.server import stripe_app
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.conftest import CHOICES, MARCH


@dataclass
class Running:
    """The servers of one company, and what stands in its Fortnox."""

    world: World
    settings: Settings
    books: Books
    fortnox: Gateway
    said: list[str]

    def sync(self, days: Days = MARCH) -> SyncReport:
        return sync(self.settings, days, self.said.append)

    def deliver(self, days: Days = MARCH) -> DeliveryReport:
        """Only what stands in the ledger already."""
        return delivery.deliver(self.settings, Warehouse(self.settings.warehouse_path), days, progress=self.said.append)

    def prove(self, days: Days = MARCH) -> ProofReport:
        return prove(self.settings, Warehouse(self.settings.warehouse_path), days, self.said.append)

    @contextmanager
    def once_more(self, home: Path, **choices: Any) -> Iterator[Running]:
        """The company as it is now, with a Stripe, a Fortnox and files of its own; `choices` as for `running`."""
        shutil.copytree(self.settings.home, home, dirs_exist_ok=True)
        with running(deepcopy(self.world), home, books=deepcopy(self.books), **choices) as again:
            yield again

    def approve_all(self) -> None:
        """A person approves all that awaits it."""
        plan = delivery.plan(self.settings, Warehouse(self.settings.warehouse_path), MARCH, progress=self.said.append)
        delivery.approve(self.settings, [(d.document_id, d.content_hash) for d in plan.awaiting], "Karin")

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with Warehouse(self.settings.warehouse_path).writer() as connection:
            yield connection

    def writes(self) -> int:
        """Requests that wrote to Fortnox so far."""
        return sum(call.writes for call in self.fortnox.calls)

    def general_ledger(self) -> dict[str, Decimal]:
        """Fortnox's accounts with a balance, debit positive."""
        return {str(account): amount for account, amount in self.books.general_ledger().items() if amount}


@contextmanager
def running(
    world: World, home: Path, *, company: Company | None = None, books: Books | None = None, **choices: Any
) -> Iterator[Running]:
    """Serve everything until the block ends; `choices` go on top of the tests' settings."""
    books = books or Books(company)
    gateway = fortnox_app(books, limit=RateLimit(requests=10**9))
    with ExitStack() as stack:
        stripe = stack.enter_context(
            serve(stripe_app(world, rate_limits=RateLimits(per_endpoint=10**6, overall=10**6)))
        )
        fortnox = stack.enter_context(serve(gateway))
        rates = stack.enter_context(serve(rates_app()))
        addresses = {
            "STRIPE_API_BASE": stripe.url,
            "FORTNOX_API_BASE": fortnox.url,
            "FORTNOX_AUTH_BASE": fortnox.url,
            "FORTNOX_TENANT_ID": str(books.company.tenant_id),
            "RATES_API_BASE": rates.url,
        }
        yield Running(world, Settings(**{**CHOICES, "home": home, **addresses, **choices}), books, gateway, [])
