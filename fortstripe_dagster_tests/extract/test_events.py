"""Events name what changed; the objects themselves are read again, never taken from the event."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract import events
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.extract.conftest import StartCompany, march

FIRST_WEEK = Days(date(2026, 3, 1), date(2026, 3, 7))
SECOND_WEEK = Days(date(2026, 3, 8), date(2026, 3, 14))


FEW = ["events", "customers"]


def recent(days_ago: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days_ago)


def test_an_old_object_that_changed_is_read_again_and_its_old_version_kept(company: StartCompany) -> None:
    world = World(now=recent(20))
    anna = world.customer(name="Anna", at=recent(19))
    other = world.customer(name="Bo", at=recent(19))
    shop = company(world, start_date=recent(20).date())
    shop.sync(Days(recent(20).date(), recent(10).date()), streams=FEW)
    shop.asked.clear()
    world.update_customer(anna, at=recent(1), name="Anna Berg")
    shop.sync(Days(recent(2).date(), recent(0).date()), streams=FEW)
    assert shop.rows("SELECT name FROM stripe.customers WHERE id = ?", anna["id"]) == [("Anna Berg",)]
    assert shop.rows("SELECT raw ->> '$.name' FROM stripe.raw_versions WHERE id = ?", anna["id"]) == [("Anna",)]
    assert shop.paths(f"/v1/customers/{anna['id']}") and not shop.paths(f"/v1/customers/{other['id']}")

    shop.asked.clear()
    shop.sync(Days(recent(2).date(), recent(0).date()), streams=FEW)
    assert not shop.paths("/v1/customers/")  # read once, not again for the same event


def test_events_of_one_second_are_all_followed_though_some_were_seen_before(company: StartCompany) -> None:
    world = World(now=recent(20))
    moment = recent(0.001)
    people = [world.customer(name=f"Nr {n}", at=recent(19)) for n in range(4)]
    shop = company(world, start_date=recent(20).date())
    shop.sync(Days(recent(20).date(), recent(10).date()), streams=FEW)
    world.update_customer(people[0], at=moment, name="Först")
    shop.sync(Days(recent(0).date(), recent(0).date()), streams=FEW)
    for late in people[1:]:
        world.update_customer(late, at=moment, name="Sedan")  # the same second, but not yet shown at the first reading
    shop.sync(Days(recent(0).date(), recent(0).date()), streams=FEW)
    assert sorted(name for (name,) in shop.rows("SELECT name FROM stripe.customers")) == [
        "Först", "Sedan", "Sedan", "Sedan",
    ]  # fmt: skip


def test_a_crash_after_the_events_loses_none_of_them(company: StartCompany) -> None:
    world = World(now=recent(20))
    anna = world.customer(name="Anna", at=recent(19))
    shop = company(world, start_date=recent(20).date())
    shop.sync(Days(recent(20).date(), recent(10).date()), streams=FEW)
    world.update_customer(anna, at=recent(1), name="Anna Berg")
    since = Days(recent(1).date(), recent(0).date())
    shop.read("events", days=since)  # … and here it is killed
    shop.sync(since, streams=FEW)
    assert shop.rows("SELECT name FROM stripe.customers") == [("Anna Berg",)]


def test_an_event_about_a_tax_number_brings_its_customer(company: StartCompany) -> None:
    world = World(now=recent(20))
    firm = world.customer(name="Norrsken AB", at=recent(19))
    shop = company(world, start_date=recent(20).date())
    shop.sync(Days(recent(20).date(), recent(10).date()), streams=FEW)
    world.add_tax_id(firm, kind="eu_vat", value="SE556677889901", at=recent(1))
    shop.sync(Days(recent(1).date(), recent(0).date()), streams=FEW)
    assert shop.rows("SELECT customer, value FROM stripe.customer_tax_ids") == [(firm["id"], "SE556677889901")]


def test_a_deleted_customer_keeps_the_name_it_had(company: StartCompany) -> None:
    world = World(now=recent(20))
    anna = world.customer(name="Anna", at=recent(19))
    shop = company(world, start_date=recent(20).date())
    shop.sync(Days(recent(20).date(), recent(10).date()), streams=FEW)
    world.delete_customer(anna, at=recent(1))
    shop.sync(Days(recent(1).date(), recent(0).date()), streams=FEW)
    assert shop.rows("SELECT name, deleted FROM stripe.customers") == [("Anna", True)]


def test_an_unknown_invoice_that_something_happens_to_is_fetched_but_not_what_the_next_run_will_list(
    company: StartCompany,
) -> None:
    world = World(now=recent(200))
    anna = world.customer(name="Anna", at=recent(199))
    old = world.invoice(
        at=recent(198), customer=anna, lines=[Line(description="Kurs", unit_amount=1000)],
        collection_method="send_invoice",
    )  # fmt: skip
    world.void_invoice(old, at=recent(2))
    shop = company(world, start_date=recent(20).date())
    world.one_off_payment(at=recent(0.001), amount=5000, name="Idag")
    yesterday = Days(recent(3).date(), recent(1).date())
    shop.sync(yesterday, streams=["events", "charges", "invoices"])
    assert shop.rows("SELECT status FROM stripe.invoices") == [("void",)]
    assert shop.value("SELECT count(*) FROM stripe.events WHERE object_type = 'charge'") > 0
    assert shop.value("SELECT count(*) FROM stripe.charges") == 0 and not shop.paths("/v1/charges/")


def test_objects_listed_after_the_events_are_not_fetched_again(company: StartCompany) -> None:
    world = World(now=march(1))
    for n in range(30):
        world.one_off_payment(at=march(2, 10, n), amount=1000, customer=world.customer(name=f"Nr {n}", at=march(2)))
    shop = company(world)
    shop.sync(FIRST_WEEK, streams=[*FEW, "charges"])
    assert not shop.paths("/v1/charges/") and not shop.paths("/v1/customers/")
    shop.asked.clear()
    shop.sync(SECOND_WEEK, streams=[*FEW, "charges"])
    assert not shop.paths("/v1/charges/") and not shop.paths("/v1/customers/")


def test_a_reading_older_than_stripe_keeps_events_is_said(company: StartCompany) -> None:
    now = int(time.time())
    assert events.gap([], now) is None
    assert events.gap([(0, now - 29 * 86_400)], now) is None
    world = World(now=march(1))
    shop = company(world)
    shop.read("events")
    with shop.warehouse.transaction() as connection:
        connection.execute(
            "UPDATE stripe.windows SET from_ts = from_ts - 31 * 86400, to_ts = to_ts - 31 * 86400,"
            " fetched_at = fetched_at - INTERVAL 31 DAY"
        )
    report = shop.sync(streams=FEW)
    assert any("31 days ago" in remark for remark in report.remarks)
    assert any("31 days ago" in line for line in shop.said)


def test_every_event_is_read_before_anything_else_is_asked_for(company: StartCompany) -> None:
    world = World(now=recent(20))
    anna = world.customer(name="Anna", at=recent(19))
    for n in range(110):
        world.update_customer(anna, at=recent(2), name=f"Anna {n}")
    shop = company(world, start_date=recent(20).date())
    shop.sync(Days(recent(3).date(), recent(1).date()), streams=[*FEW, "charges", "products"])
    lists = [path for path in shop.paths("/v1/") if path not in ("/v1/account", "/v1/balance")]
    pages = lists.count("/v1/events")
    assert pages >= 2, "one page would prove nothing"
    assert set(lists[:pages]) == {"/v1/events"} and "/v1/customers" in lists


@pytest.mark.parametrize(("days_ago", "listed_again"), [(0, False), (20, False), (40, True)])
def test_a_catalogue_is_listed_again_only_where_events_were_lost(
    company: StartCompany, days_ago: int, listed_again: bool
) -> None:
    shop = company(World(now=recent(60)), start_date=recent(60).date())

    def read() -> None:
        with shop.run() as run:
            run.extract_streams(["events", "products"], Days(recent(1).date(), recent(0).date()))

    read()
    with shop.warehouse.transaction() as connection:  # as if it had been so long ago
        connection.execute(
            "UPDATE stripe.windows SET from_ts = greatest(0, from_ts - $secs), to_ts = to_ts - $secs,"
            " fetched_at = fetched_at - to_seconds($secs)",
            {"secs": days_ago * 86_400},
        )
    shop.asked.clear()
    read()
    assert bool(shop.paths("/v1/products")) == listed_again
