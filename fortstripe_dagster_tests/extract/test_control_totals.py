"""What is stored beside what Stripe says: of now by the balance, of past days by Stripe's report."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count, repeat

import pytest
from starlette.requests import Request

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract import ControlTotal, Extraction, stripe_report
from fortstripe_dagster.failures import StripeFailure
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.extract.conftest import StartCompany, march

MONEY = ["balance_transactions"]
TOTALS = "SELECT evidence, currency, ours, stripes, difference, note FROM stripe.control_totals ORDER BY checked_at"


def compared(run: Extraction, days: Days) -> list[ControlTotal]:
    """What Stripe's own report of the days says beside what is stored."""
    run.read_balance(days)
    return [total for total in run.report().control_totals if total.evidence == "report"]


def test_a_transaction_that_is_lost_stops_the_run_and_names_the_days(company: StartCompany) -> None:
    world = World(now=march(1))
    world.one_off_payment(at=march(2), amount=50_000)
    shop = company(world)
    shop.sync(streams=MONEY)
    lost = world.one_off_payment(at=march(9), amount=10_000)
    net = world.get("balance_transaction", lost["balance_transaction"])["net"]
    with shop.warehouse.transaction() as connection:
        connection.execute("UPDATE stripe.control_totals SET to_day = '2026-03-05'")
    april = Days(date(2026, 4, 1), date(2026, 4, 1))  # the list goes on from where it stopped, after what was lost
    with pytest.raises(StripeFailure, match=rf"difference {net} \(arose since 2026-03-05, when they last agreed\)"):
        shop.sync(april, streams=MONEY)
    assert shop.rows(TOTALS)[-2][4] == net
    shop.sync(Days(date(2026, 3, 5), date(2026, 3, 31)), streams=MONEY)  # as the message says
    assert shop.rows(TOTALS)[-2][4] == 0


def test_what_is_sold_while_the_balance_is_read_is_explained_by_its_transactions(company: StartCompany) -> None:
    world = World(now=march(1))
    world.one_off_payment(at=march(2), amount=50_000)
    turns = count()

    def a_sale_after_each_reading(request: Request) -> None:
        if request.url.path == "/v1/balance_transactions" and next(turns) > 0:
            world.one_off_payment(at=datetime.now(UTC), amount=7_000)

    shop = company(world, fault=a_sale_after_each_reading)
    (line,) = shop.sync(streams=MONEY).balances
    assert line.difference == 0 and shop.rows("SELECT * FROM stripe.opening_balances") == []  # it never stood still
    turns = repeat(0)  # type: ignore[assignment]
    shop.sync(streams=MONEY)
    assert shop.value("SELECT opening FROM stripe.opening_balances") == 0
    turns = count()
    (line,) = shop.sync(streams=MONEY).balances
    assert line.difference == 0 and line.newer > 0
    explained = shop.value(
        "SELECT explained FROM stripe.control_totals WHERE evidence = 'balance' ORDER BY 1 DESC LIMIT 1"
    )
    assert explained == line.newer


def live(company: StartCompany, world: World, **options: object):  # type: ignore[no-untyped-def]
    shop = company(world, **options)
    with shop.run() as run:
        run.extract_stream("balance_transactions", Days(date(2026, 3, 1), date(2026, 3, 31)))
    return shop


def test_a_report_is_compared_by_day_and_currency_and_names_the_day_that_lacks_something(
    company: StartCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_report, "POLL_EVERY", 0.02)
    world = World(now=march(1), livemode=True)
    world.one_off_payment(at=march(2, 23, 30), amount=50_000)  # the third, in Stockholm
    sold = world.one_off_payment(at=march(5), amount=10_000)
    world.payout(at=march(12))
    world.at(march(20))
    net = world.get("balance_transaction", sold["balance_transaction"])["net"]
    shop = live(company, world)
    days = Days(date(2026, 3, 1), date(2026, 3, 31))
    with shop.run() as run:
        found = compared(run, days)
    assert [(total.from_day.day, total.difference) for total in found] == [(3, 0), (5, 0)]
    with shop.warehouse.transaction() as connection:
        connection.execute("DELETE FROM stripe.balance_transactions WHERE source = ?", [sold["id"]])
    with shop.run() as run:
        found = compared(run, days)
    assert [(total.from_day.day, total.difference) for total in found] == [(3, 0), (5, net)]
    assert {asked.path for asked in shop.asked if "report" in asked.path or "files" in asked.path} >= {
        "/v1/reporting/report_runs"
    }


@pytest.mark.parametrize(
    ("livemode", "forbidden", "note"),
    [
        (False, (), "Stripe makes reports of live accounts only"),
        (True, ("rak_report_runs_and_report_types_read",), "lacks the permission rak_report_runs"),
    ],
)
def test_where_there_is_no_report_that_is_said(
    company: StartCompany, livemode: bool, forbidden: tuple[str, ...], note: str
) -> None:
    world = World(now=march(1), livemode=livemode)
    world.one_off_payment(at=march(2), amount=50_000)
    world.at(march(20))
    shop = live(company, world, forbidden=forbidden)
    with shop.run() as run:
        (total,) = compared(run, Days(date(2026, 3, 1), date(2026, 3, 31)))
    assert total.difference is None and note in (total.note or "")
    assert note in shop.value("SELECT note FROM stripe.control_totals WHERE evidence = 'report'")


def test_a_report_that_is_never_ready_is_given_up(company: StartCompany) -> None:
    world = World(now=march(1), livemode=True)
    world.at(march(20))
    shop = company(world)
    waits: list[float] = []
    with shop.run() as run:
        account = run.check_account()
        report = stripe_report.read(
            run._api, Days(date(2026, 3, 1), date(2026, 3, 2)), livemode=account.livemode, pause=waits.append,
            poll_for=0,
        )  # fmt: skip
    assert report.totals is None and "is pending" in (report.note or "") and waits == []


def test_days_that_stripe_has_not_prepared_yet_are_left_out(company: StartCompany) -> None:
    world = World(now=march(1), livemode=True)
    world.at(march(20))
    shop = company(world)
    with shop.run() as run:
        run.check_account()
        (total,) = compared(run, Days(date(2026, 3, 20), date(2026, 3, 21)))
    assert "prepared no report of these days yet (only to 2026-03-19)" in (total.note or "")
    assert timedelta(0) == total.to_day - date(2026, 3, 21)
