"""A company at its year's end, with every kind of document that delivery makes.

A first delivery has been. Since then one of its entries changed, so that a supplement is due, and a paid invoice, which
is credited, made anew and set off; and days in a new financial year came, whose voucher series does not exist yet.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

from fortstripe_dagster import delivery
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery.sending import recovery
from fortstripe_dagster.failures import DONE, HELD, Failure
from fortstripe_dagster.fortnox import ClientCredentials, Fortnox, Limiter, Retries
from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.company import Company, FinancialYear
from fortstripe_dagster.sandbox.fortnox.gateway import Gateway
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.delivery.house import House, empty_ledger, fortnox, settings_for
from fortstripe_dagster_tests.delivery.test_corrections import change
from fortstripe_dagster_tests.kills.mortal import Reaper, apart
from fortstripe_dagster_tests.kills.weather import Clock, bad_weather, wait

OLD_YEAR, NEW_YEAR = date(2026, 4, 29), date(2026, 5, 2)
DAYS = Days(date(2026, 4, 28), date(2026, 5, 3))
EU = {"rate": 0, "account": "3308", "box": "39", "treatment": "eu_business_services"}

COMPANY = Company(
    years=(
        FinancialYear(1, date(2025, 5, 1), date(2026, 4, 30)),
        FinancialYear(2, date(2026, 5, 1), date(2027, 4, 30)),
    ),
    preselected_year=2,
    series=tuple(series for series in Company().series if series.code != "S"),
    modes_of_payment={"BG": ("Bankgiro", 1930)},
    warehouse=True,
)
CHOICES = {"credit_invoices": "linked", "stock": {"moves": "auto", "since": OLD_YEAR}}
MUG = {"ArticleNumber": "MUG", "Description": "Mugg", "StockGoods": True, "QuantityInStock": Decimal(20)}

SETTLE_SECONDS = 60.0
MOST_RUNS = 30


@dataclass(frozen=True)
class Sending:
    """How a delivery sends: how many requests side by side, and how many seconds it waits for an answer."""

    in_flight: int
    patience: float


ONE_BY_ONE = Sending(in_flight=1, patience=10.0)
HASTY = Sending(in_flight=4, patience=0.25)


@dataclass(frozen=True)
class Begun:
    """The company as the first delivery left it, its ledger ahead of Fortnox."""

    home: Path
    books: Books


@dataclass(frozen=True)
class Running:
    """A copy of the company, whose Fortnox answers."""

    settings: Settings
    books: Books
    gateway: Gateway

    def deliver(self, kind: Sending, *, kill_at: int | None = None, names: Path | None = None) -> int:
        """One delivery in a process of its own, which may be killed; its exit code, or minus the signal."""

        def work(settings: Settings) -> int:
            Reaper(kill_at, names).watch()
            return _deliver(settings, kind.patience)

        return self._apart(kind.in_flight, work)

    def resume(self) -> int:
        """Deliver again and again until a run finds nothing to do, as a person or a schedule would."""
        return self._apart(HASTY.in_flight, _until_done)

    def in_bad_weather(self, seed: int) -> AbstractContextManager[None]:
        """Let requests go wrong meanwhile."""
        return bad_weather(self.gateway.faults, self.books, self.settings.fortnox_api_base, seed)

    def log(self) -> str:
        """What the processes said."""
        return (self.settings.home / "log.txt").read_text(encoding="utf-8")

    def _apart(self, in_flight: int, work: Callable[[Settings], int]) -> int:
        limits = self.settings.fortnox.model_copy(update={"in_flight": in_flight, "settle_seconds": SETTLE_SECONDS})
        settings = self.settings.model_copy(update={"fortnox": limits})

        def waiting_for_fortnox_alone() -> int:
            recovery.sleep = partial(wait, settings.fortnox_api_base)
            return work(settings)

        return apart(waiting_for_fortnox_alone, self.settings.home / "log.txt")


def begin(home: Path) -> Begun:
    """Make the company, once for all tests. No warehouse is opened in this process: it will be forked."""
    home.mkdir(parents=True)
    clock = Clock()
    with fortnox(books=Books(COMPANY, clock=clock)) as (books, gateway, url):
        settings = settings_for(home, books, url, **CHOICES)

        books.save_article(MUG)

        def first_delivery() -> int:
            tempfile.tempdir = str(home)
            shutil.copyfile(empty_ledger(), settings.warehouse_path)
            house = House(settings, Warehouse(settings.warehouse_path), books, gateway)
            _first_days(house)
            left = house.deliver(DAYS).exit_code
            _what_came_since(house)
            return left

        assert apart(first_delivery, home / "log.txt") == DONE, (home / "log.txt").read_text()
    clock.ahead += timedelta(minutes=1)  # lists that lag show what was made until now, however fast the machine is
    return Begun(home, books)


@contextmanager
def running(begun: Begun, home: Path) -> Iterator[Running]:
    """The company as it was begun, as many times as wanted."""
    books = copy.deepcopy(begun.books)
    with fortnox(books=books) as (_, gateway, url):
        settings = settings_for(home, books, url, **CHOICES)
        home.mkdir(parents=True, exist_ok=True)
        for name in (settings.warehouse_path.name, settings.journal_path.name):
            shutil.copyfile(begun.home / name, home / name)
        yield Running(settings, books, gateway)


def _first_days(house: House) -> None:
    house.fee("txn_a:fee", 300, day=OLD_YEAR)
    house.fee("txn_b:fee", 200, day=OLD_YEAR)
    house.sale("ch_0", 10000, customer="cus_0", day=OLD_YEAR)
    house.payment("txn_0", "ch_0", 10000, day=OLD_YEAR)


def _what_came_since(house: House) -> None:
    """A new customer abroad, one at home who pays in two equal parts, a guest, goods; refunds, fees, a payout."""
    house.fee("txn_a:fee", 350, day=OLD_YEAR)
    change(house, "ch_0", 10000, customer="cus_0", rate=12, account="3002", vat_account="2621", day=OLD_YEAR)
    house.sale("ch_1", 12550, customer="cus_1", buyer="business", day=OLD_YEAR, **EU)  # type: ignore[arg-type]
    house.payment("txn_1", "ch_1", 12550, day=OLD_YEAR)
    house.credit("re_1", "ch_1", 12550, day=OLD_YEAR, **EU)  # type: ignore[arg-type]
    house.refund("txn_2", "ch_1", "re_1", 12550, day=OLD_YEAR)

    house.sale("in_2", 20050, customer="cus_2", name="Bo Ek", email="bo@example.com", number="ABC-1", day=OLD_YEAR)
    _by_an_ore(house, "in_2")
    house.payment("txn_3", "in_2", 10025, day=OLD_YEAR)
    house.payment("txn_4", "in_2", 10025, day=OLD_YEAR)

    house.sale("ch_3", 9999, customer=None, name="Gäst", email="gast@example.com", day=NEW_YEAR)
    house.payment("txn_5", "ch_3", 9999, day=NEW_YEAR)
    for number, (gross, vat) in enumerate([(3333, 667), (6666, 1333)], 1):
        house.credit(f"re_3{number}", "ch_3", gross, vat=vat, day=NEW_YEAR)
        house.refund(f"txn_6{number}", "ch_3", f"re_3{number}", gross, day=NEW_YEAR)
    house.sale("ch_4", 5000, customer=None, email=None, quantity=2, day=NEW_YEAR, treatment="oss_goods")
    house.sql("UPDATE ledger.sale_rows SET article = 'MUG' WHERE sale_id = 'ch_4'")
    house.fee("txn_5:fee", 417, day=NEW_YEAR)
    house.payout("po_1", 15000, day=NEW_YEAR)
    house.write_ledger()


def _by_an_ore(house: House, sale_id: str) -> None:
    """Stripe's VAT of a sale is an öre less than Fortnox's: a voucher takes the difference back."""
    house.sql("UPDATE ledger.sale_rows SET vat_ore = vat_ore - 1, net_ore = net_ore + 1 WHERE sale_id = ?", sale_id)
    house.sql(
        "UPDATE ledger.lines SET credit = credit + CASE account WHEN '2611' THEN -0.01 ELSE 0.01 END"
        " WHERE entry_id = ? AND credit > 0",
        f"{sale_id}:sale",
    )


def _deliver(settings: Settings, patience: float) -> int:
    """A delivery with a client that gives up early and tries again soon."""
    timeout = (1.0, patience)
    tenant = settings.fortnox_tenant_id
    client = Fortnox(
        api_base=settings.fortnox_api_base,
        auth=ClientCredentials(settings.fortnox_auth_base, "sandbox", "sandbox-secret", tenant, timeout=timeout),
        limiter=Limiter(interval=0, per_window=10**6),
        timeout=timeout,
        retries=Retries(tries=4, first=0.01, most=0.05, throttled=0.02),
    )
    report = delivery.deliver(settings, Warehouse(settings.warehouse_path), DAYS, fortnox=client)
    print(report.text())
    return DONE if report.nothing_to_do else HELD


def _until_done(settings: Settings) -> int:
    for _ in range(MOST_RUNS):
        try:
            if _deliver(settings, HASTY.patience) == DONE:
                return DONE
        except Failure as stopped:
            print(stopped)
    return HELD
