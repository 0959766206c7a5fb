"""A small world booked for real: extracted over HTTP, built in DuckDB, read back as accounts and öre."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from shutil import copyfile
from typing import Any

import duckdb

from fortstripe_dagster.business_day import STOCKHOLM, Days
from fortstripe_dagster.extract import extract
from fortstripe_dagster.ledger import LedgerReport, build
from fortstripe_dagster.sandbox.rates_server import rates_app
from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.gate import RateLimits
from fortstripe_dagster.sandbox.stripe.server import stripe_app
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.conftest import CHOICES, MARCH

Amounts = dict[str, str]

_PART = """
    SELECT l.account, sum(l.debit - l.credit)::VARCHAR
    FROM ledger.entries e
    JOIN ledger.lines l USING (entry_id)
    LEFT JOIN stripe.balance_transactions b ON b.id = e.balance_transaction
    WHERE list_has_any(?, [e.source, e.charge, e.sale_id, e.credit_id]) OR list_contains(?, b.source)
    GROUP BY 1
"""


def at(day: int, hour: int = 12, minute: int = 0, *, month: int = 3) -> datetime:
    """A moment on the Stockholm clock in 2026."""
    return datetime.combine(date(2026, month, day), time(hour, minute), STOCKHOLM).astimezone(UTC)


def new_world(seed: int = 1, opened: datetime = datetime(2026, 2, 1, tzinfo=UTC)) -> World:
    """An empty account, opened before the books begin."""
    return World(seed=seed, now=opened)


@dataclass
class Book:
    """The ledger of a world, to look things up in."""

    settings: Settings
    warehouse: Warehouse
    report: LedgerReport

    @contextmanager
    def sql(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self.warehouse.writer() as connection:
            yield connection

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.sql() as connection:
            return connection.execute(query, list(parameters)).fetchall()

    def entry(self, entry_id: str) -> Amounts:
        """Accounts of one entry: '1250.00' debit, '-1250.00' credit."""
        found = self.rows(
            "SELECT account, sum(debit - credit)::VARCHAR FROM ledger.lines WHERE entry_id = ? GROUP BY 1", entry_id
        )
        return dict(sorted(found))

    def under(self, home: Path, *, change: str = "", **choices: Any) -> Book:
        """What Stripe said (and `change`, SQL, makes of it), booked anew under the tests' choices with these on top."""
        addresses = {
            "STRIPE_API_BASE": self.settings.stripe_api_base,
            "RATES_API_BASE": self.settings.rates_api_base,
        }
        settings = Settings(**{**CHOICES, "home": home, **addresses, **choices})
        home.mkdir()
        copyfile(self.settings.warehouse_path, settings.warehouse_path)
        warehouse = Warehouse(settings.warehouse_path)
        with warehouse.writer() as connection:
            connection.execute(f"DROP SCHEMA ledger CASCADE; CREATE SCHEMA ledger; {change}")
        return Book(settings, warehouse, build(settings, warehouse))

    def day(self, entry_id: str) -> date:
        return self.rows("SELECT event_day FROM ledger.entries WHERE entry_id = ?", entry_id)[0][0]

    def together(self, *entry_ids: str) -> Amounts:
        """Several entries as one: accounts that net to zero are left out."""
        found = self.rows(
            "SELECT account, sum(debit - credit)::VARCHAR FROM ledger.lines WHERE list_contains(?, entry_id) "
            "GROUP BY 1 HAVING sum(debit - credit) <> 0",
            list(entry_ids),
        )
        return dict(sorted(found))

    def part(self, *ids: str) -> Amounts:
        """Accounts of all that was booked for these Stripe objects alone, where other cases share the world."""
        found = self.rows(_PART, list(ids), list(ids))
        return defaultdict(lambda: "0.00", found)

    def held(self) -> dict[str, str]:
        """Why entries wait, by entry."""
        return {remark.entry_id: remark.text for remark in self.report.held}

    def alerts(self) -> dict[str, str]:
        """What a person should look at, by entry."""
        return {remark.entry_id: remark.text for remark in self.report.alerts}

    def accounts(self) -> Amounts:
        found = self.rows("SELECT account, sum(debit - credit)::VARCHAR FROM ledger.lines GROUP BY 1")
        return defaultdict(lambda: "0.00", found)


def book(world: World, home: Path, days: Days = MARCH, **choices: Any) -> Book:
    """Extract and build `days` of the world; the settings are the tests' with `choices` on top."""
    with ExitStack() as running:
        settings = served_settings(world, home, running.enter_context, **choices)
        warehouse = Warehouse(settings.warehouse_path)
        extract(settings, warehouse, days, progress=lambda line: None)
        return Book(settings, warehouse, build(settings, warehouse))


def played(world: World, *stories: Callable[[World], Any]) -> dict[str, Any]:
    """Let several stories happen in one world; what each made, by its name. They share days, and no customers."""
    return {story.__name__: story(world) for story in stories}


def served_settings(world: World, home: Path, enter: Callable[[Any], Any], **choices: Any) -> Settings:
    """Serve a world and the official rates; the servers stop with the stack behind `enter`."""
    unlimited = RateLimits(per_endpoint=10_000, overall=10_000)
    stripe = enter(serve(stripe_app(world, rate_limits=unlimited)))
    rates = enter(serve(rates_app()))
    addresses = {"STRIPE_API_BASE": stripe.url, "RATES_API_BASE": rates.url}
    return Settings(**{**CHOICES, "home": home, **addresses, **choices})


def row(description: str, unit_amount: int, quantity: int = 1, tax_rate: dict[str, Any] | None = None) -> Line:
    """An invoice row; `unit_amount` in öre."""
    return Line(description=description, unit_amount=unit_amount, quantity=quantity, tax_rate=tax_rate)
