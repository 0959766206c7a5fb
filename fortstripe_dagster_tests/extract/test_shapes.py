"""A warehouse of an older version gets the tables of this one, without asking Stripe anything."""

from __future__ import annotations

from typing import Any

from fortstripe_dagster.extract import create_tables, shapes
from fortstripe_dagster.extract.commit import SQL
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.extract.conftest import Company, StartCompany, march


def contents(company: Company) -> dict[str, list[tuple[Any, ...]]]:
    return {table: sorted(company.rows(f"SELECT * FROM stripe.{table}"), key=str) for table in sorted(SQL)}


def made_older(company: Company, *changes: str) -> None:
    """As a version would have left it that knew nothing of shapes and of some columns."""
    with company.warehouse.transaction() as connection:
        connection.execute("DROP TABLE stripe.shapes")
        for change in changes:
            connection.execute(change)


def sold(start: StartCompany) -> Company:
    world = World(seed=1, now=march(1))
    charge = world.one_off_payment(at=march(2), amount=21875, name="Anna Berg", email="anna@example.com")
    world.refund(charge, at=march(3), amount=5000)
    customer = world.customer(name="Bo Ek", email="bo@example.com")
    world.invoice(at=march(4), customer=customer, lines=[Line(description="Kurs", unit_amount=3_000)])
    company = start(world)
    company.sync()
    return company


def test_columns_that_an_older_version_lacked_are_there_with_their_contents(company: StartCompany) -> None:
    shop = sold(company)
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


def test_a_column_beside_objects_is_added_empty(company: StartCompany) -> None:
    shop = sold(company)
    made_older(shop, "ALTER TABLE stripe.account DROP COLUMN checked_key")
    with shop.warehouse.transaction() as connection:
        create_tables(connection)
    assert shop.value("SELECT checked_key FROM stripe.account") is None
    shop.sync()
    assert shop.value("SELECT checked_key FROM stripe.account")


def test_nothing_is_made_twice(company: StartCompany) -> None:
    shop = sold(company)
    with shop.warehouse.transaction() as connection:
        assert shapes.outdated(connection, SQL) == []
