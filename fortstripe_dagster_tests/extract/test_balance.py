"""Stripe's balance beside the transactions: opening balances, control total, readings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count

from starlette.requests import Request

from fortstripe_dagster.extract.balance import Amounts, parse_balances
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.extract.conftest import StartCompany, march

MONEY = ["balance_transactions"]


def test_the_opening_balance_is_what_the_transactions_since_the_start_leave(company: StartCompany) -> None:
    world = World(now=march(1) - timedelta(days=30))
    before = world.one_off_payment(at=march(1) - timedelta(days=20), amount=100_000)
    since = world.one_off_payment(at=march(2), amount=50_000)
    nets = {txn["source"]: txn["net"] for txn in world.all("balance_transaction")}
    shop = company(world)
    (line,) = shop.sync(streams=MONEY).balances
    assert (line.currency, line.balance_type, line.difference) == ("SEK", "payments", 0)
    assert (line.opening, line.since_start_net) == (nets[before["id"]], nets[since["id"]])

    world.one_off_payment(at=march(20), amount=7_000)
    (again,) = shop.sync(streams=MONEY).balances
    assert again.opening == line.opening and again.difference == 0
    assert shop.rows("SELECT currency, balance_type, since_start_net, opening FROM stripe.opening_balances") == [
        ("SEK", "payments", nets[since["id"]], nets[before["id"]])
    ]


def test_the_first_minutes_and_members_from_before_the_start_do_not_count_as_since_the_start(
    company: StartCompany,
) -> None:
    world = World(now=march(1) - timedelta(days=30))
    # 23:55 on the evening before the start, inside the overlap of the first window
    world.one_off_payment(at=march(1, 0) - timedelta(hours=1, minutes=5), amount=100_000)
    world.payout(at=march(12))
    shop = company(world)
    (line,) = shop.sync(streams=MONEY).balances
    assert line.difference == 0 and line.opening == -line.since_start_net > 0
    assert shop.value("SELECT count(*) FROM stripe.balance_transactions WHERE day < '2026-03-01'") == 1


def test_another_start_date_tells_another_opening(company: StartCompany) -> None:
    world = World(now=march(1))
    world.one_off_payment(at=march(2), amount=50_000)
    shop = company(world, start_date=date(2026, 3, 5))
    (line,) = shop.sync(streams=MONEY).balances
    assert line.since_start_net == 0 and line.opening == line.stripe
    shop.settings = shop.settings.model_copy(update={"start_date": date(2026, 3, 1)})
    (line,) = shop.sync(streams=MONEY).balances
    assert line.opening == 0 and line.since_start_net == line.stripe
    assert shop.value("SELECT count(*) FROM stripe.opening_balances") == 1


def test_a_missing_transaction_shows_as_a_difference(company: StartCompany) -> None:
    world = World(now=march(1))
    world.one_off_payment(at=march(2), amount=50_000)
    shop = company(world)
    shop.sync(streams=MONEY)
    with shop.warehouse.transaction() as connection:
        connection.execute("DELETE FROM stripe.balance_transactions")
    with shop.run() as run:
        (line,) = run.read_balance()
    assert line.difference == line.stripe - line.opening != 0


def test_a_sale_during_the_reading_is_waited_out(company: StartCompany) -> None:
    world = World(now=march(1))
    world.one_off_payment(at=march(2), amount=50_000)
    shop = company(world)
    shop.sync(streams=MONEY)
    turns = count()

    def sale_between_the_readings(request: Request) -> None:
        if request.url.path == "/v1/balance" and next(turns) == 1:
            world.one_off_payment(at=datetime.now(UTC), amount=7_000)

    watched = company(world, fault=sale_between_the_readings)
    with watched.run("x") as run:
        (line,) = run.read_balance()
    assert line.difference == 0


def test_kinds_of_balance_are_kept_apart() -> None:
    body = b"""{"object": "balance", "livemode": false,
        "available": [{"amount": 100, "currency": "sek"}, {"amount": -5, "currency": "eur"}],
        "pending": [{"amount": 50, "currency": "sek"}],
        "connect_reserved": [{"amount": 7, "currency": "sek"}],
        "issuing": {"available": [{"amount": 3, "currency": "sek"}]},
        "refund_and_dispute_prefunding": {
            "available": [{"amount": 2, "currency": "sek"}], "pending": [{"amount": 1, "currency": "sek"}]}}"""
    found = parse_balances(body)
    assert found == {
        ("SEK", "payments"): Amounts(100, 50, 7),
        ("EUR", "payments"): Amounts(-5, 0, 0),
        ("SEK", "issuing"): Amounts(3, 0, 0),
        ("SEK", "refund_and_dispute_prefunding"): Amounts(2, 1, 0),
    }
    assert found["SEK", "payments"].total == 150


def test_every_reading_is_kept(company: StartCompany) -> None:
    world = World(now=march(1))
    world.one_off_payment(at=march(2), amount=50_000)
    shop = company(world)
    shop.sync(streams=MONEY)
    assert shop.rows("SELECT DISTINCT balance_type, currency, available + pending FROM stripe.balances") == [
        ("payments", "SEK", world.all("balance_transaction")[0]["net"])
    ]
    assert shop.value("SELECT count(DISTINCT read_at) FROM stripe.balances") == 2
