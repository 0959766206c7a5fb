"""How little is enough: requests of a poll, a night, a month, with a warning in time; openings of the warehouse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta

import duckdb

from fortstripe_dagster.business_day import STOCKHOLM, Days, today
from fortstripe_dagster.extract import budget, extract
from fortstripe_dagster.sandbox.stripe.builder.balance import payable
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.extract.conftest import StartCompany

POLLS, NIGHTS = 144 * 31, 31
"""Of a month of 31 days: one each ten minutes, one each night."""


def ago(**units: float) -> datetime:
    return datetime.now(STOCKHOLM) - timedelta(**units)


def noon(days_ago: int) -> datetime:
    """Far from both midnights, at whatever hour the test runs."""
    return datetime.combine(today() - timedelta(days=days_ago), time(12), STOCKHOLM)


def test_a_small_shop_stays_under_its_month(company: StartCompany) -> None:
    """Ten payments a day: a part of them by subscription, open invoices, a payout a day, a refund."""
    world = World(now=ago(days=40))
    rate = world.tax_rate(percentage=25, at=ago(days=40))
    price = world.price(product=world.product(name="Kurs", at=ago(days=40)), unit_amount=24900, at=ago(days=40))
    regulars = [world.customer(name=f"Stam {n}", at=ago(days=39)) for n in range(20)]
    row = [Line(description="Kurs", unit_amount=24900, price=price, tax_rate=rate)]
    for n in range(30):  # invoices that nobody has paid yet
        world.invoice(at=ago(days=30, minutes=-n), customer=regulars[n % 20], lines=row,
                      collection_method="send_invoice")  # fmt: skip

    def a_day(days_ago: int) -> None:
        for n in range(10):
            at = noon(days_ago) - timedelta(minutes=10 * n)
            if n % 2:
                world.pay_invoice(world.invoice(at=at, customer=regulars[n], lines=row), at=at)
            else:
                world.one_off_payment(at=at, amount=10_000, customer=world.customer(name=f"Ny {days_ago}-{n}", at=at))
        evening = noon(days_ago) + timedelta(hours=3)
        if payable(world, "sek", evening):
            world.payout_paid(world.payout(at=evening), at=evening + timedelta(hours=6))

    for days_ago in range(15, 1, -1):
        a_day(days_ago)
    shop = company(world, start_date=ago(days=16).date())
    shop.sync(Days(ago(days=15).date(), ago(days=2).date()))

    nightly, polls = [], []
    for _ in range(2):
        a_day(1)
        shop.asked.clear()
        yesterday = ago(days=1).date()
        report = shop.sync(Days(yesterday, yesterday))
        nightly.append(len(shop.asked))
        assert report.total_requests == len(shop.asked), Counter(asked.path for asked in shop.asked)
        assert report.month and not report.month.is_near
        shop.asked.clear()
        with shop.run() as run:
            assert run.refresh() == {}
        polls.append(len(shop.asked))
    assert polls == [1, 1]
    assert max(nightly) <= 45, (nightly, Counter(asked.path for asked in shop.asked))
    assert POLLS + NIGHTS * max(nightly) < 6_000


def test_a_poll_reads_what_changed_and_names_it(company: StartCompany) -> None:
    world = World(now=ago(days=20))
    anna = world.customer(name="Anna", at=ago(days=19))
    shop = company(world, start_date=ago(days=20).date())
    shop.sync(Days(ago(days=20).date(), today()), streams=["events", "customers"])
    world.update_customer(anna, at=datetime.now(UTC), name="Anna Berg")
    shop.asked.clear()
    with shop.run() as run:
        assert run.refresh() == {"customers": [anna["id"]]}
    assert shop.paths() == ["/v1/events", f"/v1/customers/{anna['id']}"]
    assert shop.rows("SELECT name FROM stripe.customers") == [("Anna Berg",)]


def test_another_key_is_asked_who_it_belongs_to_before_a_poll(company: StartCompany) -> None:
    world = World(now=ago(days=20))
    shop = company(world, start_date=ago(days=20).date())
    shop.read("events", days=Days(today(), today()))
    with shop.warehouse.transaction() as connection:
        connection.execute("UPDATE stripe.account SET checked_key = 'of another key'")
    shop.asked.clear()
    with shop.run() as run:
        run.refresh()
    assert shop.paths() == ["/v1/account", "/v1/balance", "/v1/events"]


def test_the_warning_comes_before_the_allotment_is_used_up(company: StartCompany) -> None:
    world = World(now=ago(days=20))
    shop = company(world, start_date=ago(days=20).date())
    shop.read("events", days=Days(today(), today()))
    now = datetime.now(UTC)
    with shop.warehouse.transaction() as connection:
        for spent, near in ((7_900, False), (100, True)):
            connection.execute(
                "INSERT INTO stripe.requests VALUES ('r', ?, 'GET /v1/events', ?), ('r', ?, 'GET /v1/events', 9999),"
                " ('r', ?, 'GET /v1/reporting/report_runs/{id}', 9999)",
                [now, spent, now - timedelta(days=31), now],
            )
            month = budget.spent(connection, now)
            assert month.allotted == 10_000 and month.is_near == near
            assert ("poll less often" in str(month)) == near


def test_a_run_says_what_it_spent_by_endpoint(company: StartCompany) -> None:
    world = World(now=ago(days=20))
    shop = company(world, start_date=ago(days=20).date())
    report = shop.sync(Days(today(), today()), streams=["events"])
    said = report.spent()
    assert said.startswith(f"{len(shop.asked)} requests (")
    assert "/v1/events 1" in said and "of 10000 requests" in said


class Counted(Warehouse):
    """A warehouse that counts how often it is opened: each costs more than most questions."""

    opened = 0

    @contextmanager
    def writer(self) -> Iterator[duckdb.DuckDBPyConnection]:
        self.opened += 1
        with super().writer() as connection:
            yield connection


def test_a_small_company_opens_the_warehouse_a_few_times_a_night(company: StartCompany) -> None:
    world = World(now=ago(days=20))
    anna = world.customer(name="Anna", at=ago(days=19))
    first = world.one_off_payment(at=noon(3), amount=10_000, customer=anna)
    shop = company(world, start_date=ago(days=20).date())
    nights = []
    for days_ago in (3, 2):
        warehouse, day = Counted(shop.settings.warehouse_path), ago(days=days_ago).date()
        extract(shop.settings, warehouse, Days(day, day), progress=shop.said.append)
        nights.append(warehouse.opened)
        if not nights[1:]:
            world.refund(first, at=noon(2), amount=5_000)
    assert nights[0] <= 6, "account, lists, what is missing, rates, newest transactions, balance"
    assert nights[1] <= 8, "besides: events told, and one thing read again"
