"""Whole runs: a month into every table, again without change, broken midway, resumed; the pins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from shutil import copyfile

import pytest
from starlette.requests import Request
from starlette.responses import Response

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract import LISTED, STREAMS, gathering
from fortstripe_dagster.failures import ConfigurationError, StripeFailure
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.extract.conftest import Company, StartCompany, Switchboard, march, start_company
from fortstripe_dagster_tests.sandbox.worlds import everything

SPRING = Days(date(2026, 3, 1), date(2026, 4, 30))
"""All of the days on which something happens in `everything()`."""


@pytest.fixture(scope="module")
def whole(switchboard: Switchboard, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A company after one clean run over everything; tests only look at it."""
    shop = start_company(switchboard, everything(), home=tmp_path_factory.mktemp("whole"))
    shop.sync(SPRING, run_id="whole")
    return shop


def stored(shop: Company) -> dict[str, int]:
    """Rows of each table."""
    with shop.warehouse.writer() as connection:
        names = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'stripe'"
        ).fetchall()
        return {name: connection.execute(f"SELECT count(*) FROM stripe.{name}").fetchall()[0][0] for (name,) in names}


def content(shop: Company) -> list[tuple[str, str, str]]:
    """Every object as it is stored."""
    return shop.rows("SELECT stream, id, raw::VARCHAR FROM stripe.raw_objects ORDER BY 1, 2")


def test_everything_fills_every_table(whole: Company) -> None:
    for name in LISTED:
        objects = {thing["id"] for thing in whole.world.all(STREAMS[name].object) if not thing.get("deleted")}
        if name == "events":
            kept = int((whole.world.now - timedelta(days=30)).timestamp())
            objects = {event["id"] for event in whole.world.all("event") if event["created"] > kept}
        (table, *_) = STREAMS[name].tables
        assert objects <= {id for (id,) in whole.rows(f"SELECT id FROM stripe.{table}")}, name
    nothing_yet = {"raw_versions", "lookups", "pieces", "opening_payouts", "opening_disputes", "forgotten"}
    assert {table for table, rows in stored(whole).items() if rows == 0} <= nothing_yet


def test_another_run_changes_nothing(company: StartCompany, whole: Company) -> None:
    shop = company(whole.world)
    copyfile(whole.settings.warehouse_path, shop.settings.warehouse_path)
    before, rows_before = content(shop), stored(shop)
    report = shop.sync(SPRING, run_id="again")
    assert content(shop) == before
    assert sum(stream.changed for stream in report.streams.values()) == 0
    growing = {"windows", "requests", "balances", "control_totals"}
    assert {k: v for k, v in stored(shop).items() if k not in growing} == {
        k: v for k, v in rows_before.items() if k not in growing
    }
    assert report.balances and all(line.difference == 0 for line in report.balances)
    assert sum(report.requests.values()) == report.total_requests == len(shop.asked)
    assert shop.value("SELECT sum(count) FROM stripe.requests WHERE run_id = 'again'") == len(shop.asked)


def test_amounts_dates_and_names_arrive_as_stripe_has_them(whole: Company) -> None:
    shop, world = whole, whole.world
    assert set(shop.rows("SELECT id, amount, fee, net, lower(currency), source FROM stripe.balance_transactions")) == {
        (txn["id"], txn["amount"], txn["fee"], txn["net"], txn["currency"], txn["source"])
        for txn in world.all("balance_transaction")
    }
    assert set(
        shop.rows("SELECT id, total, number, customer_name, customer_country, epoch(finalized_at) FROM stripe.invoices")
    ) == {
        (
            invoice["id"],
            invoice["total"],
            invoice["number"],
            invoice["customer_name"],
            (invoice["customer_address"] or {}).get("country"),
            invoice["status_transitions"]["finalized_at"],
        )
        for invoice in world.all("invoice")
    }
    assert shop.rows(
        "SELECT invoice, id, amount, discount_amount, tax_amount, tax_rate FROM stripe.invoice_lines"
        " ORDER BY invoice, position"
    ) == [
        (
            invoice,
            line["id"],
            line["amount"],
            sum(discount["amount"] for discount in line["discount_amounts"]),
            sum(tax["amount"] for tax in line["taxes"]),
            line["taxes"][0]["tax_rate_details"]["tax_rate"] if line["taxes"] else None,
        )
        for invoice, lines in sorted(world.lines.items())
        if world.find("invoice", invoice)
        for line in lines
    ]
    assert max(len(lines) for lines in world.lines.values()) > 10
    assert shop.rows("SELECT customer, value FROM stripe.customer_tax_ids ORDER BY 1, 2") == sorted(
        (customer, tax_id["value"])
        for customer, ids in world.tax_ids.items()
        for tax_id in ids
        if not world.get("customer", customer).get("deleted")
    )
    assert shop.value("SELECT count(*) FROM stripe.payment_failures") == sum(
        charge["status"] == "failed" for charge in world.all("charge")
    )


def test_long_lists_within_objects_are_read_whole(company: StartCompany) -> None:
    world = World(now=march(1))
    firm = world.customer(name="Norrsken AB", at=march(1), tax_ids=[("eu_vat", f"SE{n:012}") for n in range(12)])
    rows = [Line(description=f"Rad {n}", unit_amount=100 + n) for n in range(230)]
    invoice = world.invoice(at=march(2), customer=firm, lines=rows)
    shop = company(world)
    shop.read("customers", "invoices")
    assert shop.rows("SELECT description FROM stripe.invoice_lines ORDER BY position") == [
        (row.description,) for row in rows
    ]
    assert shop.value("SELECT count(DISTINCT value) FROM stripe.customer_tax_ids") == 12
    assert len(shop.paths(f"{invoice['id']}/lines")) == 3


def test_only_the_streams_asked_for_are_listed(company: StartCompany) -> None:
    world = World(now=march(1))
    world.one_off_payment(at=march(2), amount=5000)
    shop = company(world)
    report = shop.sync(streams=["charges"])
    assert report.streams["charges"].rows == 1
    assert not shop.paths("invoices") and not shop.paths("customers")
    assert report.balances[0].difference == 0  # the balance always brings its transactions
    with pytest.raises(ConfigurationError, match="no stream 'sigma'"):
        shop.read("sigma")


def test_a_failure_midway_commits_no_partial_window_and_the_next_run_completes(company: StartCompany) -> None:
    world = World(now=march(1))
    payments = [world.one_off_payment(at=march(2) + timedelta(minutes=n), amount=1000 + n) for n in range(220)]
    failing = [True]

    def third_page_fails(request: Request) -> Response | None:
        page = "starting_after" in request.url.query
        return Response(status_code=500) if failing and page and request.url.path == "/v1/charges" else None

    shop = company(world, fault=third_page_fails)
    few = ["balance_transactions", "charges"]
    with pytest.raises(StripeFailure, match="charges, page 2"):
        shop.sync(streams=few)
    assert shop.value("SELECT count(*) FROM stripe.charges") == 0
    assert shop.value("SELECT count(*) FROM stripe.windows WHERE stream = 'charges'") == 0
    committed = shop.value("SELECT count(*) FROM stripe.balance_transactions")
    assert committed == len(payments)  # what was whole stays
    assert shop.value("SELECT sum(count) FROM stripe.requests") == len(shop.asked)

    failing.clear()
    shop.sync(streams=few)
    assert shop.value("SELECT count(*) FROM stripe.charges") == len(payments)


def test_a_crash_between_steps_leaves_consistent_windows(
    company: StartCompany, whole: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = everything()
    shop = company(world)

    class Killed(BaseException):
        pass

    steps: Iterator[int] = iter(range(100))
    original = gathering.record_windows

    def killed_at_the_seventh(*args: object) -> None:
        original(*args)  # type: ignore[arg-type]
        if next(steps) == 7:
            raise Killed

    monkeypatch.setattr(gathering, "record_windows", killed_at_the_seventh)
    with pytest.raises(Killed), shop.run() as run:
        for name in LISTED:
            run.extract_stream(name, SPRING)
    monkeypatch.undo()
    for stream, rows in shop.rows("SELECT stream, sum(rows) FROM stripe.windows GROUP BY stream"):
        assert shop.value(f"SELECT count(*) FROM stripe.{STREAMS[stream].tables[0]}") == rows

    shop.sync(SPRING)
    assert content(shop) == content(whole)


def test_days_in_any_order_end_with_the_same_tables(company: StartCompany, whole: Company) -> None:
    parts = [
        Days(date(2026, 3, 8), date(2026, 4, 30)),
        Days(date(2026, 3, 1), date(2026, 3, 7)),
    ]
    in_parts = company(whole.world)
    for part in parts:
        in_parts.sync(part)
    assert content(in_parts) == content(whole)


def test_another_account_and_another_mode_are_refused(company: StartCompany) -> None:
    shop = company(World(seed=1, now=march(1)))
    shop.read("charges")
    other = company(World(seed=2, now=march(1)))
    with pytest.raises(ConfigurationError, match="belongs to the Stripe account acct_.*but the key belongs to acct_"):
        other.read("charges")
    live = company(World(seed=1, now=march(1), livemode=True))
    with pytest.raises(ConfigurationError, match=r"\(test\), but the key belongs to acct_\w+ \(live\)"):
        live.read("charges")
    ((id, livemode, currency, country),) = shop.rows(
        "SELECT id, livemode, default_currency, country FROM stripe.account"
    )
    assert (id, livemode, currency, country) == (shop.world.account["id"], False, "SEK", "SE")


def test_steps_of_one_run_check_the_account_once(company: StartCompany) -> None:
    shop = company(World(now=march(1)))
    for stream in ("events", "charges", "refunds"):
        shop.read(stream, run_id="nightly")
    assert len(shop.paths("/v1/account")) == 1
    shop.read("charges", run_id="the next night")
    assert len(shop.paths("/v1/account")) == 2


@pytest.mark.parametrize(
    ("permission", "stream"),
    [("rak_charge_read", "charges"), ("rak_invoice_read", "invoices"), ("rak_payout_read", "payouts")],
)
def test_a_missing_permission_stops_the_run_and_is_named(company: StartCompany, permission: str, stream: str) -> None:
    shop = company(World(now=march(1)), forbidden=(permission,))
    with pytest.raises(StripeFailure, match=f"lacks the permission {permission}.*reading {stream}, page 1"):
        shop.sync(streams=[stream])


def test_inactive_prices_and_canceled_subscriptions_are_read(whole: Company) -> None:
    shop = whole
    assert shop.rows("SELECT active, count(*) FROM stripe.prices GROUP BY 1 ORDER BY 1") == [(False, 1), (True, 3)]
    assert shop.value("SELECT count(*) FROM stripe.tax_rates WHERE NOT active") == 1
    assert shop.value("SELECT count(*) FROM stripe.subscriptions WHERE status = 'canceled'") == 1


def test_what_happens_at_the_borders_of_a_day_belongs_to_its_local_day(company: StartCompany) -> None:
    world = World(now=march(1) - timedelta(days=80))
    moments = {
        "2025-12-31T23:30": date(2026, 1, 1),  # new year in Stockholm, not yet in UTC
        "2026-03-28T22:59": date(2026, 3, 28),
        "2026-03-28T23:00": date(2026, 3, 29),
        "2026-03-29T21:59": date(2026, 3, 29),
        "2026-03-29T22:00": date(2026, 3, 30),
    }
    made = {
        world.one_off_payment(at=datetime.fromisoformat(moment).replace(tzinfo=UTC), amount=1000)["id"]: day
        for moment, day in moments.items()
    }
    shop = company(world, start_date=date(2026, 1, 1))
    for day in (date(2026, 1, 1), date(2026, 3, 29)):
        shop.read("charges", days=Days(day, day))
        expected = {id for id, its_day in made.items() if its_day == day}
        assert {id for (id,) in shop.rows("SELECT id FROM stripe.charges WHERE day = ?", day)} == expected


def test_no_secret_is_stored_or_said(whole: Company) -> None:
    assert b"rk_test_sandbox" not in whole.settings.warehouse_path.read_bytes()
    assert whole.said and "rk_test" not in "".join(whole.said)
