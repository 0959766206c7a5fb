"""A company whose month is extracted and booked for real, and proven against a Fortnox that each test fills."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from fortstripe_dagster.business_day import STOCKHOLM, Days
from fortstripe_dagster.extract import extract
from fortstripe_dagster.fortnox import ClientCredentials, Fortnox, Limiter
from fortstripe_dagster.ledger import build
from fortstripe_dagster.proof import Item, ProofReport, prove
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.company import Company as FortnoxCompany
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
from fortstripe_dagster_tests.proof.bookkeeper import Bookkeeper

CLEARING = {"clearing": {"SEK": "1686", "EUR": "1687"}, "transit": {"SEK": "1689", "EUR": "1690"}}


def local(month: int, day: int, hour: int = 12, minute: int = 0, *, year: int = 2026) -> datetime:
    """A moment on the Stockholm clock."""
    return datetime.combine(date(year, month, day), time(hour, minute), STOCKHOLM)


class Host:
    """One running server on which each test puts its own Fortnox."""

    app: ASGIApp
    url: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@dataclass
class Company:
    """Settings, a warehouse with an extracted and booked month, and the books of its Fortnox."""

    settings: Settings
    warehouse: Warehouse
    books: Books
    fortnox: Fortnox
    app: Gateway
    host: Host

    @contextmanager
    def bookkeeper(self) -> Iterator[Bookkeeper]:
        """Someone who books in Fortnox and notes it in the mirror of the journal."""
        with self.warehouse.transaction() as connection:
            bookkeeper = Bookkeeper(connection, self.books)
            yield bookkeeper
            bookkeeper.write_down()

    def book(self, *, skip: tuple[str, ...] = (), held: dict[str, str] | None = None) -> None:
        """Book the whole ledger."""
        with self.bookkeeper() as bookkeeper:
            bookkeeper.skip = set(skip)
            bookkeeper.held = held or {}
            bookkeeper.book_everything()

    def prove(self, days: Days = MARCH, **more: Any) -> ProofReport:
        """Prove over real HTTP."""
        self.host.app = self.app
        return prove(self.settings, self.warehouse, days, lambda line: None, fortnox=self.fortnox, **more)

    def sql(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """The rows of a query on the warehouse; changes are kept."""
        with self.warehouse.transaction() as connection:
            return connection.execute(query, list(parameters)).fetchall()


def extracted(world: World, home: Path, days: Days = MARCH, **choices: Any) -> Settings:
    """Extract and book the days of a world into a warehouse under `home`."""
    with ExitStack() as running:
        unlimited = RateLimits(per_endpoint=10_000, overall=10_000)
        stripe = running.enter_context(serve(stripe_app(world, rate_limits=unlimited)))
        rates = running.enter_context(serve(rates_app()))
        settings = Settings(
            **{
                **CHOICES,
                "accounts": CLEARING,
                "home": home,
                "STRIPE_API_BASE": stripe.url,
                "RATES_API_BASE": rates.url,
                **choices,
            }
        )
        warehouse = Warehouse(settings.warehouse_path)
        extract(settings, warehouse, days, progress=lambda line: None)
        build(settings, warehouse)
    return settings


def company(settings: Settings, home: Path, host: Host, fortnox_company: FortnoxCompany | None = None) -> Company:
    """A fresh Fortnox on the host, beside a copy of an extracted warehouse."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(settings.warehouse_path, home / settings.warehouse_path.name)
    return _beside(Books(fortnox_company), settings, home, host)


def again(found: Company, home: Path) -> Company:
    """A copy of a company with all that stands in its Fortnox, for a test to change."""
    shutil.copytree(found.settings.home, home)
    return _beside(deepcopy(found.books), found.settings, home, found.host)


def _beside(books: Books, settings: Settings, home: Path, host: Host) -> Company:
    """The books on the host, and the settings of a company at home there."""
    tenant = str(books.company.tenant_id)
    addresses = {"fortnox_api_base": host.url, "fortnox_auth_base": host.url, "fortnox_tenant_id": tenant}
    own = settings.model_copy(update={"home": home, **addresses})
    app = fortnox_app(books, limit=RateLimit(requests=10**9))
    host.app = app
    fortnox = Fortnox(
        api_base=host.url,
        auth=ClientCredentials(host.url, "sandbox", "sandbox-secret", tenant),
        limiter=Limiter(interval=0, per_window=10**6),
    )
    return Company(own, Warehouse(own.warehouse_path), books, fortnox, app, host)


def a_month() -> World:
    """March 2026: sales at two VAT rates, SEK and EUR, refunds, a dispute, payouts, fees, both ends of the DST day."""
    world = World(seed=1, now=local(2, 20))
    first = world.one_off_payment(at=local(3, 2, 10), amount=21875, name="Anna Berg", email="anna@example.com")
    second = world.one_off_payment(at=local(3, 3, 11), amount=9990, name="Erik Lund", metadata={"vat_rate": "6"})
    world.one_off_payment(at=local(3, 4, 9), amount=125000, name="Sara Ek", email="sara@example.com")
    disputed = world.one_off_payment(at=local(3, 5, 15), amount=49900, name="Olle Falk", email="olle@example.com")
    world.one_off_payment(at=local(3, 6, 16), amount=10000, currency="eur", name="Maja Lind", country="SE")
    world.refund(first, at=local(3, 9, 12), amount=5000)
    arrived = world.payout(at=local(3, 12, 6))
    world.payout_paid(arrived)
    dispute = world.dispute_opened(disputed, at=local(3, 16, 8))
    world.stripe_fee(at=local(3, 17, 3), amount=2500)
    world.refund(second, at=local(3, 18, 12))
    world.one_off_payment(at=local(3, 20, 13), amount=150000, name="Sara Ek", email="sara@example.com")
    world.dispute_lost(dispute, at=local(3, 24, 10))
    world.one_off_payment(at=local(3, 29, 0, 30), amount=33333, name="Anna Berg", email="anna@example.com")
    world.one_off_payment(at=local(3, 29, 23, 30), amount=12500, name="Anna Berg", email="anna@example.com")
    on_its_way = world.payout(at=local(3, 31, 6))
    world.payout_paid(on_its_way)
    world.one_off_payment(at=local(3, 31, 23, 45), amount=7700, name="Sara Ek", email="sara@example.com")
    world.one_off_payment(at=local(4, 1, 0, 15), amount=8800, name="Sara Ek", email="sara@example.com")
    return world


def only(items: tuple[Item, ...], kind: str) -> Item:
    """The one item of a kind."""
    found = [item for item in items if item.kind == kind]
    assert len(found) == 1, f"{len(found)} of {kind!r} in {[(item.kind, item.id) for item in items]}"
    return found[0]
