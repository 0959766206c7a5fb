"""A company for delivery's tests: a ledger by hand, a Fortnox stand-in over HTTP, a real journal and warehouse."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from starlette.types import Receive, Scope, Send

from fortstripe_dagster import delivery
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery import DeliveryReport, Journal, Plan
from fortstripe_dagster.extract.commit import create_tables
from fortstripe_dagster.fortnox import ClientCredentials, Fortnox, Limiter, Retries
from fortstripe_dagster.ledger import build
from fortstripe_dagster.money import to_decimal, vat_of_gross
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.company import Company
from fortstripe_dagster.sandbox.fortnox.gateway import Gateway, RateLimit
from fortstripe_dagster.sandbox.fortnox.server import fortnox_app
from fortstripe_dagster.sandbox.servers import serve
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.conftest import CHOICES, MARCH

FIRST = date(2026, 3, 2)
Line = tuple[str, str] | tuple[str, str, str] | tuple[str, str, str, str]
"""Account, signed amount, and for VAT and sales lines the rate and the treatment."""


@dataclass
class House:
    """One company. Amounts that tests give are öre; accounts read back are kronor."""

    settings: Settings
    warehouse: Warehouse
    books: Books
    gateway: Gateway
    said: list[str] = field(default_factory=list)
    _pending: list[tuple[str, list[object]]] = field(default_factory=list)

    def deliver(self, days: Days = MARCH, **changes: Any) -> DeliveryReport:
        self.write_ledger()
        settings = self.settings.model_copy(update=changes)
        return delivery.deliver(settings, self.warehouse, days, fortnox=self.client(), progress=self.said.append)

    def plan(self, days: Days = MARCH, **changes: Any) -> Plan:
        self.write_ledger()
        settings = self.settings.model_copy(update=changes)
        return delivery.plan(settings, self.warehouse, days, fortnox=self.client(), progress=self.said.append)

    def client(self) -> Fortnox:
        return Fortnox(
            api_base=self.settings.fortnox_api_base,
            auth=ClientCredentials(
                self.settings.fortnox_auth_base, "sandbox", "sandbox-secret", self.settings.fortnox_tenant_id
            ),
            limiter=Limiter(interval=0, per_window=10**6),
            retries=Retries(tries=3, first=0.01, most=0.05, throttled=0.02),
        )

    def journal(self) -> Journal:
        return Journal(self.settings.journal_path)

    @contextmanager
    def once_more(self, home: Path) -> Iterator[House]:
        """The company as it is now, with files and books of its own: what happens to it does not happen to this one."""
        self.write_ledger()
        shutil.copytree(self.settings.home, home, dirs_exist_ok=True)
        with fortnox(books=deepcopy(self.books)) as (books, gateway, _):
            settings = self.settings.model_copy(update={"home": home})
            yield House(settings, Warehouse(settings.warehouse_path), books, gateway)

    # Fortnox's side

    def accounts(self) -> dict[str, str]:
        """Fortnox's accounts with a balance, debit positive."""
        return {str(account): str(amount) for account, amount in self.books.general_ledger().items() if amount}

    def vouchers(self) -> dict[str, dict[str, str]]:
        """Our own vouchers by document id: account -> amount, debit positive."""
        found: dict[str, dict[str, str]] = {}
        for voucher in self.books.vouchers(series=self.settings.voucher_series):
            sums: Counter[str] = Counter()
            for row in voucher.rows:
                sums[str(row.account)] += row.amount  # type: ignore[assignment]
            found[voucher.comments.removeprefix("fortstripe:")] = {a: str(v) for a, v in sorted(sums.items())}
        return found

    def writes(self) -> list[str]:
        """The requests that wrote, in order: method and path."""
        return [f"{call.method} {call.path.removeprefix('/3/')}" for call in self.gateway.calls if call.writes]

    def sql(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        self.write_ledger()
        with self.warehouse.writer() as connection:
            return connection.execute(query, list(parameters)).fetchall()

    def write_ledger(self) -> None:
        """Bring what the test has said so far into the warehouse, in one go: opening it takes its time."""
        if not self._pending:
            return
        with self.warehouse.transaction() as connection:
            for statement, values in self._pending:
                connection.execute(statement, values)
        self._pending.clear()

    # The ledger's side

    def sale(
        self, sale_id: str, gross: int, *, day: date = FIRST, rate: int = 25, account: str = "3001",
        vat_account: str = "2611", box: str = "05", treatment: str = "se_taxable", customer: str | None = "cus_1",
        name: str = "Anna Berg", email: str | None = "anna@example.com", number: str | None = None,
        country: str = "SE", vat_number: str | None = None, organisation_number: str | None = None,
        buyer: str = "consumer", quantity: int = 1, currency: str = "SEK", minor: int | None = None,
        held: str | None = None, before_start: bool = False, description: str = "Order",
    ) -> None:  # fmt: skip
        """A sale of one row; `minor` is its amount in its own currency."""
        kind = "invoice" if sale_id.startswith("in_") else "charge"
        vat = vat_of_gross(gross, Decimal(rate))
        party_id = customer or (f"guest:{email}" if email else "guest:SE")
        self._insert(
            "parties",
            sale_id=sale_id, party_id=party_id, customer=customer, name=name, email=email, country=country,
            region="SE", vat_number=vat_number, organisation_number=organisation_number, buyer=buyer,
        )  # fmt: skip
        self._insert(
            "sales",
            sale_id=sale_id, kind=kind, event_day=day, charge=sale_id.replace("in_", "ch_"), party_id=party_id,
            currency=currency, gross=gross if minor is None else minor, number=number, due_day=day, text=description,
            treatment=treatment, sek_per_unit=Decimal(1) if minor is None else Decimal(gross) / minor, gross_ore=gross,
            before_start=before_start, held=held,
        )  # fmt: skip
        self._insert(
            "sale_rows",
            sale_id=sale_id, row_no=1, description=description, quantity=quantity, treatment=treatment, box=box,
            vat_rate=rate, currency=currency, gross=gross, gross_ore=gross, vat_ore=vat, net_ore=gross - vat,
            account=account, vat_account=vat_account if rate else None,
        )  # fmt: skip
        if not before_start:
            lines: list[Line] = [("1510", _kr(gross)), (account, _kr(vat - gross), str(rate))]
            lines += [(vat_account, _kr(-vat), str(rate))] if vat else []
            self.entry(f"{sale_id}:sale", "sale", lines, day=day, sale_id=sale_id, currency=currency, held=held)

    def payment(
        self, entry_id: str, sale_id: str, amount: int, *, day: date = FIRST, receivable: int | None = None,
        account: str = "1686", kind: str = "payment", held: str | None = None,
    ) -> None:  # fmt: skip
        """Money on a sale's receivable; where it settles another amount, the rest is an exchange difference."""
        settled = amount if receivable is None else receivable
        lines: list[Line] = [(account, _kr(amount)), ("1510", _kr(-settled))]
        lines += [("7960" if settled > amount else "3960", _kr(settled - amount))] if settled != amount else []
        self.entry(entry_id, kind, lines, day=day, sale_id=sale_id, held=held)

    def credit(
        self, credit_id: str, sale_id: str, gross: int, *, day: date = FIRST, kind: str = "refund", rate: int = 25,
        vat: int | None = None, account: str = "3001", box: str = "05", treatment: str = "se_taxable",
    ) -> None:  # fmt: skip
        """A credit of `gross` of a sale at one rate."""
        vat = vat_of_gross(gross, Decimal(rate)) if vat is None else vat
        self._insert(
            "credits", credit_id=credit_id, kind=kind, sale_id=sale_id, event_day=day, currency="SEK",
            text="Återbetalning", before_start=False, gross=gross, gross_ore=gross,
        )  # fmt: skip
        self._insert(
            "credit_rows",
            credit_id=credit_id, sale_id=sale_id, row_no=1, description="Order", treatment=treatment, box=box,
            vat_rate=rate, account=account, vat_account="2611" if rate else None, gross_ore=gross,
            vat_ore=vat, net_ore=gross - vat,
        )  # fmt: skip
        lines: list[Line] = [("1510", _kr(-gross)), (account, _kr(gross - vat), str(rate))]
        lines += [("2611", _kr(vat), str(rate))] if vat else []
        self.entry(f"{credit_id}:credit", "credit", lines, day=day, sale_id=sale_id, credit_id=credit_id)

    def refund(self, entry_id: str, sale_id: str, credit_id: str, amount: int, *, day: date = FIRST) -> None:
        """The money of a credit."""
        self.entry(
            entry_id, "refund", [("1686", _kr(-amount)), ("1510", _kr(amount))],
            day=day, sale_id=sale_id, credit_id=credit_id,
        )  # fmt: skip

    def fee(self, entry_id: str, amount: int, *, day: date = FIRST) -> None:
        self.entry(entry_id, "fee", [("1686", _kr(-amount)), ("6570", _kr(amount))], day=day)

    def payout(self, payout: str, amount: int, *, day: date = FIRST) -> None:
        self.entry(f"txn_{payout}", "payout", [("1686", _kr(-amount)), ("1689", _kr(amount))], day=day, source=payout)

    def entry(
        self, entry_id: str, kind: str, lines: Sequence[Line], *, day: date = FIRST, source: str | None = None,
        sale_id: str | None = None, credit_id: str | None = None, currency: str = "SEK", held: str | None = None,
    ) -> None:  # fmt: skip
        """Any entry; replaces the one with that id."""
        self.remove(entry_id)
        self._insert(
            "entries",
            entry_id=entry_id, event_day=day, kind=kind, source=source, sale_id=sale_id, credit_id=credit_id,
            settlement=currency, text=entry_id, held=held, rule_version="test",
        )  # fmt: skip
        for number, (account, amount, *vat) in enumerate(lines, 1):
            value = Decimal(amount)
            self._insert(
                "lines",
                entry_id=entry_id, event_day=day, line_no=number, account=account, debit=max(value, Decimal(0)),
                credit=max(-value, Decimal(0)), currency="SEK", vat_rate=vat[0] if vat else None,
                treatment=vat[1] if len(vat) > 1 else None,
            )  # fmt: skip

    def remove(self, entry_id: str) -> None:
        """The ledger takes an entry back."""
        for table in ("entries", "lines"):
            self.change(f"DELETE FROM ledger.{table} WHERE entry_id = ?", entry_id)

    def change(self, statement: str, *parameters: object) -> None:
        """Anything else that the ledger says of a sudden."""
        self._pending.append((statement, list(parameters)))

    def _insert(self, table: str, **values: object) -> None:
        marks = ", ".join("?" for _ in values)
        statement = f"INSERT INTO ledger.{table} ({', '.join(values)}) VALUES ({marks})"
        self._pending.append((statement, list(values.values())))


@contextmanager
def house(home: Path, *, company: Company | None = None, **choices: Any) -> Iterator[House]:
    """An empty ledger, whose days of March are covered, and an empty Fortnox."""
    with fortnox(company) as (books, gateway, url):
        settings = settings_for(home, books, url, **choices)
        home.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(empty_ledger(), settings.warehouse_path)
        yield House(settings, Warehouse(settings.warehouse_path), books, gateway)


@cache
def empty_ledger() -> Path:
    """A warehouse with all tables and nothing in them but the days of March, made once."""
    home = Path(tempfile.mkdtemp(prefix="fortstripe-tests-"))
    atexit.register(shutil.rmtree, home)
    settings = Settings(**{**CHOICES, "home": home})
    warehouse = Warehouse(settings.warehouse_path)
    with warehouse.transaction() as connection:
        create_tables(connection)
    build(settings, warehouse)
    with warehouse.writer() as connection:
        connection.execute(
            "INSERT INTO ledger.covered_days SELECT unnest(generate_series(?, ?, INTERVAL 1 DAY))::DATE",
            [MARCH.first, MARCH.last],
        )
        # Delivery reads nothing else of what Stripe sent; a small file opens faster.
        connection.execute("DROP SCHEMA stripe CASCADE")
        connection.execute("CREATE SCHEMA stripe")
        connection.execute("CREATE TABLE stripe.account (id VARCHAR, livemode BOOLEAN)")
    return settings.warehouse_path


class _Address:
    """One server for all tests, in which one company moves after the other: starting and stopping takes its time."""

    def __init__(self) -> None:
        self.gateway: Gateway | None = None
        self.server = serve(self)
        atexit.register(self.server.stop)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.gateway is not None
        await self.gateway(scope, receive, send)


@cache
def _address() -> _Address:
    return _Address()


@contextmanager
def fortnox(company: Company | None = None, books: Books | None = None) -> Iterator[tuple[Books, Gateway, str]]:
    """A company's Fortnox, empty or with these books, without a limit."""
    books = books or Books(company or Company())
    gateway = fortnox_app(books, limit=RateLimit(requests=10**9))
    address = _address()
    before, address.gateway = address.gateway, gateway
    yield books, gateway, address.server.url
    address.gateway = before


def settings_for(home: Path, books: Books, url: str, **choices: Any) -> Settings:
    """The tests' settings with the address of a Fortnox."""
    return Settings(
        **{
            **CHOICES,
            "home": home,
            "FORTNOX_API_BASE": url,
            "FORTNOX_AUTH_BASE": url,
            "FORTNOX_TENANT_ID": str(books.company.tenant_id),
            **choices,
        }
    )


def _kr(ore: int) -> str:
    return str(to_decimal(ore))
