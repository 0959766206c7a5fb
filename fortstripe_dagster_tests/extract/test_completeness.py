"""The rarer streams: what is fetched only where something refers to it, what may be switched off, what a gap costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract import events
from fortstripe_dagster.extract.replay import replay
from fortstripe_dagster.failures import StripeFailure
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.extract.conftest import StartCompany, list_of, march


@pytest.mark.parametrize("expanded", [True, False], ids=["ten shown", "none shown"])
def test_what_was_bought_in_checkout_is_known_with_its_taxes_beyond_ten_rows(
    company: StartCompany, expanded: bool
) -> None:
    world = World(now=march(1))
    rate = world.tax_rate(percentage=6)
    price = world.price(product=world.product(name="Bok"), unit_amount=10_000)
    lines = [Line(description=f"Bok {n}", unit_amount=10_000, tax_rate=rate, price=price) for n in range(12)]
    session = world.checkout_session(at=march(2), lines=lines, name="Anna")

    def unexpanded(request: Request) -> Response | None:
        if expanded or request.url.path != "/v1/checkout/sessions":
            return None
        bare = {field: value for field, value in session.items() if field != "line_items"}
        return JSONResponse(list_of(bare))

    shop = company(world, fault=unexpanded)
    shop.sync()
    assert shop.rows(
        "SELECT s.amount_total, s.amount_tax, s.customer_name, c.amount FROM stripe.checkout_sessions AS s"
        " JOIN stripe.charges AS c USING (payment_intent)"
    ) == [(127_200, 7_200, "Anna", 127_200)]
    assert shop.rows(
        "SELECT position, description, tax_rate, tax_percentage FROM stripe.checkout_line_items ORDER BY 1"
    ) == [(n + 1, f"Bok {n}", rate["id"], 6) for n in range(12)]
    assert len(shop.paths(f"/v1/checkout/sessions/{session['id']}/line_items")) == 1


def test_a_platforms_transfers_and_fees_are_fetched_with_what_took_them_back(company: StartCompany) -> None:
    world = World(now=march(1))
    old = world.transfer(at=march(1), amount=9_000)
    world.reverse_transfer(old, at=march(3), amount=4_000)
    world.refund_application_fee(world.application_fee(at=march(2), amount=3_000), at=march(4), amount=1_000)
    shop = company(world)
    shop.sync()
    assert shop.rows("SELECT amount, amount_reversed FROM stripe.transfers") == [(9_000, 4_000)]
    assert shop.rows("SELECT transfer, amount FROM stripe.transfer_reversals") == [(old["id"], 4_000)]
    assert shop.rows("SELECT amount, amount_refunded FROM stripe.application_fees") == [(3_000, 1_000)]
    assert shop.rows("SELECT amount FROM stripe.application_fee_refunds") == [(1_000,)]


def test_a_customers_credit_is_read_where_there_is_any_and_again_when_it_moved(company: StartCompany) -> None:
    world = World(now=march(1))
    anna, bo = (world.customer(name=name, at=march(1)) for name in ("Anna", "Bo"))
    world.give_credit(anna, at=march(2), amount=5_000)
    invoice = world.invoice(at=march(3), customer=anna, lines=[Line(description="Kurs", unit_amount=3_000)])
    shop = company(world)
    shop.sync()
    credit = "SELECT type, amount, ending_balance, invoice FROM stripe.customer_balance_transactions ORDER BY created"
    assert shop.rows(credit) == [
        ("adjustment", -5_000, -5_000, None),
        ("applied_to_invoice", 3_000, -2_000, invoice["id"]),
    ]
    assert not shop.paths(f"/v1/customers/{bo['id']}/balance_transactions")
    shop.asked.clear()
    shop.sync()
    assert not shop.paths("/balance_transactions")[1:] or not shop.paths(anna["id"])


def test_a_terminals_tip_is_known(company: StartCompany) -> None:
    world = World(now=march(1))
    world.one_off_payment(at=march(2), amount=11_000, method="card_present", tip=1_000)
    world.one_off_payment(at=march(2), amount=11_000)
    shop = company(world)
    shop.sync()
    assert shop.rows("SELECT amount, tip FROM stripe.payment_intents") == [(11_000, 1_000)]


def no_checkout(request: Request) -> Response | None:
    if not request.url.path.startswith("/v1/checkout"):
        return None
    return JSONResponse({"error": {"type": "invalid_request_error", "message": "Unrecognized request URL"}}, 404)


@pytest.mark.parametrize("how", ["forbidden", "absent"])
def test_a_stream_that_cannot_be_read_fails_and_names_its_switch(company: StartCompany, how: str) -> None:
    world = World(now=march(1))
    world.one_off_payment(at=march(2), amount=11_000)
    options = {"forbidden": ("rak_checkout_session_read",)} if how == "forbidden" else {"fault": no_checkout}
    with pytest.raises(StripeFailure, match='add "checkout_sessions" to stripe.switched_off: then what was bought'):
        company(world, **options).sync()


def test_a_stream_that_is_switched_off_is_said_and_not_asked_for(company: StartCompany) -> None:
    world = World(now=march(1))
    world.one_off_payment(at=march(2), amount=11_000)
    off = {"switched_off": ["checkout_sessions"], "requests_per_second": 1000, "requests_per_second_account": 1000}
    shop = company(world, fault=no_checkout, stripe=off)
    report = shop.sync()
    assert any("checkout_sessions is switched off" in remark for remark in report.remarks)
    assert not shop.paths("checkout")


def test_after_a_gap_in_the_events_what_may_have_changed_is_listed_anew_once(company: StartCompany) -> None:
    now = datetime.now(UTC)
    world = World(now=now - timedelta(days=90))
    anna = world.customer(name="Anna", at=now - timedelta(days=80))
    shop = company(world, start_date=(now - timedelta(days=60)).date())
    days = Days((now - timedelta(days=50)).date(), (now - timedelta(days=49)).date())
    shop.sync(days, streams=["events", "customers", "products"])
    with shop.warehouse.transaction() as connection:  # as if all that had been 40 days ago
        connection.execute(
            "UPDATE stripe.windows SET from_ts = greatest(0, from_ts - 40 * 86400), to_ts = to_ts - 40 * 86400,"
            " fetched_at = fetched_at - INTERVAL 40 DAY"
        )
        connection.execute("UPDATE stripe.raw_objects SET fetched_at = fetched_at - INTERVAL 40 DAY")
    world.update_customer(anna, at=now - timedelta(days=35), name="Anna Berg")  # its event is forgotten
    world.at(now)
    report = shop.sync(Days(now.date(), now.date()), streams=["events"])
    assert any("Listed anew, since events were lost: customers" in remark for remark in report.remarks)
    assert shop.rows("SELECT name FROM stripe.customers") == [("Anna Berg",)]
    with shop.warehouse.writer() as connection:
        assert events.gaps(connection) == []
    assert not shop.sync(Days(now.date(), now.date()), streams=["events"]).remarks


def test_a_past_state_is_replayed_with_the_versions_of_then(company: StartCompany) -> None:
    world = World(now=march(1))
    anna = world.customer(name="Anna", at=march(2))
    sold = world.one_off_payment(at=march(2), amount=11_000, customer=anna)
    shop = company(world)
    shop.sync()
    then = datetime.now(UTC)
    world.refund(sold, at=march(20), amount=1_000)
    anna["name"] = "Anna Berg"
    shop.sync()
    assert shop.rows("SELECT amount_refunded FROM stripe.charges") == [(1_000,)]
    with shop.warehouse.writer() as connection:
        for at, refunded, name, refunds in ((then, 0, "Anna", 0), (datetime.now(UTC), 1_000, "Anna Berg", 1)):
            replay(connection, at)
            asked = "SELECT (SELECT amount_refunded FROM {0}.charges), (SELECT name FROM {0}.customers),"
            asked += " (SELECT count(*) FROM {0}.refunds), (SELECT count(*) FROM {0}.balance_transactions)"
            assert connection.execute(asked.format("stripe_past")).fetchall() == [
                (refunded, name, refunds, 1 + refunds)
            ]
        before = connection.execute("SELECT count(*) FROM stripe_past.windows").fetchall()
        replay(connection, then)
        assert connection.execute("SELECT count(*) FROM stripe_past.windows").fetchall() < before
        with pytest.raises(ValueError, match="Cannot replay"):
            replay(connection, then, schema="stripe")
