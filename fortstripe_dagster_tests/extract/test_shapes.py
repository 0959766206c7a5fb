"""A warehouse of an older version gets the tables of this one, without asking Stripe anything."""

from __future__ import annotations

from typing import Any

import pytest

from fortstripe_dagster.extract import create_tables, shapes
from fortstripe_dagster.extract.commit import SQL
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.extract.conftest import Company, Switchboard, march, start_company


def contents(company: Company) -> dict[str, list[tuple[Any, ...]]]:
    with company.warehouse.writer() as connection:
        rows = {table: connection.execute(f"SELECT * FROM stripe.{table}").fetchall() for table in sorted(SQL)}
    return {table: sorted(found, key=str) for table, found in rows.items()}


def made_older(company: Company, *changes: str) -> None:
    """As a version would have left it that knew nothing of shapes and of some columns."""
    with company.warehouse.transaction() as connection:
        connection.execute("DROP TABLE stripe.shapes")
        for change in changes:
            connection.execute(change)


@pytest.fixture(scope="module")
def shop(switchboard: Switchboard, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A company that has sold something; each test leaves its tables as this version makes them."""
    world = World(seed=1, now=march(1))
    charge = world.one_off_payment(at=march(2), amount=21875, name="Anna Berg", email="anna@example.com")
    world.refund(charge, at=march(3), amount=5000)
    customer = world.customer(name="Bo Ek", email="bo@example.com")
    world.invoice(at=march(4), customer=customer, lines=[Line(description="Kurs", unit_amount=3_000)])
    company = start_company(switchboard, world, home=tmp_path_factory.mktemp("sold"))
    company.sync()
    return company


def test_columns_that_an_older_version_lacked_are_there_with_their_contents(shop: Company) -> None:
    before, asked = contents(shop), len(shop.asked)
    made_older(
        shop,
        "ALTER TABLE stripe.charges DROP COLUMN ship_to_country",
        "ALTER TABLE stripe.official_rates ALTER sek_per_unit TYPE DECIMAL(12, 6)",
        "DROP TABLE stripe.checkout_sessions",
        "DELETE FROM stripe.invoices",
    )
    with shop.warehouse.transaction() as connection:
        create_tables(connection)
    assert contents(shop) == before
    assert len(shop.asked) == asked
    types = dict(shop.rows("SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'official_rates'"))
    assert types["sek_per_unit"] == "DECIMAL(20,10)"


def test_a_column_beside_objects_is_added_empty(shop: Company) -> None:
    made_older(shop, "ALTER TABLE stripe.account DROP COLUMN checked_key")
    with shop.warehouse.transaction() as connection:
        create_tables(connection)
    assert shop.value("SELECT checked_key FROM stripe.account") is None
    shop.sync()
    assert shop.value("SELECT checked_key FROM stripe.account")


def test_nothing_is_made_twice(shop: Company) -> None:
    with shop.warehouse.transaction() as connection:
        assert shapes.outdated(connection, SQL) == []
