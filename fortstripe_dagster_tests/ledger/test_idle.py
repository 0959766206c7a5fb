"""What files say that they yield nothing without is true of each, in a world where each of them yields something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import duckdb
import pytest

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract import extract
from fortstripe_dagster.ledger import idle
from fortstripe_dagster.ledger.build import make
from fortstripe_dagster.ledger.choices import choices_of
from fortstripe_dagster.ledger.rule_files import current_rules
from fortstripe_dagster.ledger.workspace import show, tables, workspace
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.conftest import CHOICES as DEFAULTS
from fortstripe_dagster_tests.ledger.books import at, new_world, row, served_settings
from fortstripe_dagster_tests.ledger.test_checkout import bought as visit
from fortstripe_dagster_tests.ledger.test_deferral import plan
from fortstripe_dagster_tests.ledger.test_partial import CHOICES, unusual

DAYS = Days(date(2026, 3, 2), date(2026, 4, 5))
SQL = {name: text for name, text in current_rules().sql.items() if idle.needs(text)}
ACCOUNTS = {
    "clearing": {"SEK": "1686", "EUR": "1687"},
    "transit": {"SEK": "1689", "EUR": "1688"},
    "granted_credit": "3730",
}
COMPANIES: dict[str, dict[str, Any]] = {
    "accrual": CHOICES
    | {"accounts": ACCOUNTS, "start_date": DAYS.first, "deferral_before_start": "deferred"}
    | {"rules": [{"name": "Gift cards", "when": {"description": "gift card"}, "kind": "gift_card_multi"}]},
    "cash": CHOICES | {"accounts": ACCOUNTS, "start_date": DAYS.first, "accounting_method": "cash"},
}


def world_of_everything() -> World:
    """Whatever a file can make rows of."""
    world = new_world()
    anna, tom = world.customer(name="Anna", country="SE"), world.customer(name="Tom", country="DE")
    rate = world.tax_rate(percentage=25)
    in_euro: dict[str, Any] = {"currency": "eur", "settle_in": "eur", "fee": 250, "name": "Tom"}
    # Before the books begin: what stands open then, at Stripe and at customers, and a year's plan.
    world.one_off_payment(at=at(20, month=2), amount=9900, **in_euro)
    world.invoice(at=at(20, month=2), customer=anna, lines=[row("Plan", 50000)], collection_method="send_invoice")
    plan(world, 1200000, date(2026, 2, 1), date(2027, 2, 1))
    later = plan(world, 1200000, date(2026, 3, 5), date(2027, 3, 5))
    world.credit_note(later, at=at(20), lines=[(later["lines"]["data"][0], 600000)])
    unusual(world)
    visit(world, day=5)
    early = world.invoice(at=at(6), customer=tom, lines=[row("Plan", 20000, 1, rate)], effective_at=at(20))
    world.pay_invoice(early, at=at(7), amount=30000)
    outside = world.invoice(at=at(8), customer=anna, lines=[row("Plan", 30000)], collection_method="send_invoice")
    world.pay_invoice_off_stripe(outside, at=at(9))
    lost = world.invoice(at=at(8), customer=anna, lines=[row("Plan", 40000)], collection_method="send_invoice")
    world.mark_uncollectible(lost, at=at(20))
    card = world.one_off_payment(at=at(9), amount=50000, name="Anna", description="gift card")
    world.refund(card, at=at(12), amount=10000)
    world.give_credit(anna, at=at(9), amount=10000)
    elin = world.customer(name="Elin", country="SE", currency="eur")
    world.give_credit(elin, at=at(9), amount=1000)
    world.invoice(at=at(10), customer=elin, lines=[row("Plan", 1000)], currency="eur")
    dispute = world.dispute_opened(world.one_off_payment(at=at(10), amount=9900, **in_euro), at=at(12), fee=2000)
    world.dispute_lost(dispute, at=at(18))
    world.application_fee(at=at(11), amount=5000)
    world.topup(at=at(12), amount=100000)
    nameless = world.invoice(at=at(13), customer=anna, lines=[row("Plan", 10000)], coupon=world.coupon(percent_off=10))
    nameless.update(discounts=[], total_discount_amounts=[])  # of which nothing shows a coupon
    noted = world.invoice(at=at(13), customer=anna, lines=[row("Plan", 10000)])
    free = world.credit_note(noted, at=at(14), lines=[(noted["lines"]["data"][0], 1000)])
    free["lines"]["data"][0].update(invoice_line_item=None, type="custom_line_item")
    world.customer(name="GmbH", country="DE", vat_number="DE123456789")
    return world


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    with ExitStack() as running:
        home = tmp_path_factory.mktemp("everything")
        settings = served_settings(world_of_everything(), home, running.enter_context, **COMPANIES["accrual"])
        extract(settings, Warehouse(settings.warehouse_path), DAYS, progress=lambda line: None)
        return settings


@contextmanager
def made(extracted: Settings, company: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """A workspace in which all files have run, and the database that has Stripe's tables."""
    choices = choices_of(Settings(**{**DEFAULTS, "home": extracted.home, **COMPANIES[company]}))
    with Warehouse(extracted.warehouse_path).writer() as connection, workspace(connection, "whole") as home:
        show(connection, f"{home}.stripe", tables(connection, f"{home}.stripe"))
        make(connection, choices, replace(current_rules(), passing=()), date(2026, 5, 1))
        yield connection, home


@contextmanager
def without(connection: duckdb.DuckDBPyConnection, home: str, one_of: list[str]) -> Iterator[None]:
    """None of these things is there, for a while."""
    ((policies,),) = connection.execute("SELECT getvariable('policies')").fetchall()
    names = {need.removeprefix("policy ").partition(" = ")[0] for need in one_of if need.startswith("policy ")}
    connection.begin()
    try:
        set_policies(connection, {name: value for name, value in policies.items() if name not in names})
        for need in one_of:
            thing, _, condition = need.partition(" WHERE ")
            if thing.startswith("stripe."):
                rest = f"WHERE ({condition or 'true'}) IS NOT TRUE"
                connection.execute(f"CREATE OR REPLACE VIEW {thing} AS FROM {home}.{thing} {rest}")
            elif thing.startswith("ledger."):
                connection.execute(f"DELETE FROM {need}")
        yield
    finally:
        connection.rollback()
        set_policies(connection, policies)


def set_policies(connection: duckdb.DuckDBPyConnection, policies: dict[str, str | None]) -> None:
    connection.execute(
        "SET VARIABLE policies = (SELECT map(?::VARCHAR[], ?::VARCHAR[]))", [list(policies), list(policies.values())]
    )


def yields(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    """How many rows the file yields now."""
    (made,) = re.findall(r"^(?:CREATE OR REPLACE TABLE|INSERT INTO) (ledger\.\w+)", SQL[name], re.MULTILINE)[:1]
    added = "INSERT" in SQL[name]
    count = f"SELECT count(*) FROM {made}"
    ((before,),) = connection.execute(count).fetchall() if added else [(0,)]
    connection.execute(SQL[name])
    ((after,),) = connection.execute(count).fetchall()
    return int(after - before)


def test_a_file_yields_nothing_without_what_it_says(extracted: Settings) -> None:
    wrong, never = [], set(SQL)
    for company in COMPANIES:
        with made(extracted, company) as (connection, home):
            for name, text in SQL.items():
                with without(connection, home, []):
                    if yields(connection, name):
                        never.discard(name)
                for one_of in idle.needs(text):
                    with without(connection, home, one_of):
                        if yields(connection, name):
                            wrong.append((name, one_of))
    assert wrong == []
    assert never == set(), "the world lacks what these make rows of"


def test_an_empty_table_has_the_columns_of_a_full_one(extracted: Settings) -> None:
    with made(extracted, "accrual") as (connection, _):
        for name, text in SQL.items():
            if "CREATE OR REPLACE TABLE" not in text:
                assert idle.instead(name) is None
                continue
            described = connection.execute(f"DESCRIBE ledger.{name}").fetchall()
            columns = ", ".join(f"{column} {kind}" for column, kind, *_ in described)
            assert idle.instead(name) == f"CREATE OR REPLACE TABLE ledger.{name} ({columns})", (
                "write it to columns.json"
            )


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("-- No word of it.", False),
        ("-- Nothing without: filled", False),
        ("-- Nothing without: bare", True),
        ("-- Nothing without: bare or filled", False),
        ("-- Nothing without: filled\n-- Nothing without: bare", True),
        ("-- Nothing without: filled WHERE n > 1", True),
        ("-- Nothing without: policy deferral", False),
        ("-- Nothing without: policy tips", True),
        ("-- Nothing without: policy deferral = voucher", False),
        ("-- Nothing without: policy deferral = off", True),
    ],
)
def test_a_file_is_idle_where_one_line_is_not_met(head: str, expected: bool) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute("CREATE TABLE bare (n INTEGER); CREATE TABLE filled AS SELECT 1 AS n")
        connection.execute("SET VARIABLE policies = MAP {'deferral': 'voucher', 'tips': NULL}")
        assert idle.is_idle(f"{head}\nSELECT 1;", idle.Present(connection)) is expected
