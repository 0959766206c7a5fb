"""Whatever is on an invoice, its rows add up to it, and its VAT is that of each rate, to the öre."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from importlib.resources import files
from typing import NamedTuple

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fortstripe_dagster import ledger, money

SQL = files(ledger).joinpath("sql")


class Item(NamedTuple):
    """A row as it is rated: minor units with VAT, per cent, and the VAT that Stripe charged, if it did."""

    gross: int
    rate: Decimal
    tax: int | None


@st.composite
def items(draw: st.DrawFn) -> Item:
    gross = draw(st.integers(min_value=-200_000, max_value=2_000_000))
    rate = Decimal(draw(st.sampled_from(["25", "12", "6", "0", "19", "25.5"])))
    wrong_by = draw(st.sampled_from([None, 0, 0, 1, -1]))
    tax = None if wrong_by is None or not rate else money.vat_of_gross(gross, rate) + wrong_by
    return Item(gross, rate, tax or None)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        f"""
        CREATE SCHEMA ledger;
        CREATE TABLE ledger.account_map AS SELECT 'suspense' AS role, '2999' AS number;
        CREATE TABLE ledger.policy (name VARCHAR, value VARCHAR);
        CREATE TABLE ledger.currencies AS SELECT * FROM read_csv('{money.CURRENCIES}');
        CREATE TABLE ledger.sales (sale_id VARCHAR, gross BIGINT, gross_ore BIGINT, currency VARCHAR,
            sek_per_unit DECIMAL(20, 10), treatment VARCHAR);
        CREATE TABLE ledger.rated_items (sale_id VARCHAR, row_no BIGINT, gross BIGINT, vat_rate DECIMAL(5, 2),
            tax_amount BIGINT, taxed BOOLEAN, description VARCHAR, quantity BIGINT, product VARCHAR, kind VARCHAR,
            supply VARCHAR, decision VARCHAR, tax_place VARCHAR, vat_type VARCHAR, treatment VARCHAR, box VARCHAR,
            account VARCHAR, vat_account VARCHAR);
        CREATE TABLE ledger.row_rules (sale_id VARCHAR, row_no BIGINT, cost_center VARCHAR, project VARCHAR,
            article VARCHAR, rule VARCHAR);
        CREATE TABLE ledger.service_periods (sale_id VARCHAR, row_no BIGINT, first_day DATE, last_day DATE);
        """
    )
    connection.execute(SQL.joinpath("macros.sql").read_text("utf-8"))
    return connection


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(items(), min_size=1, max_size=12).filter(lambda rows: sum(row.gross for row in rows) > 0),
    currency=st.sampled_from(["SEK", "EUR", "JPY", "KWD"]),
    rate=st.integers(min_value=50_000_000, max_value=400_000_000_000),
)
def test_rows_add_up_and_vat_is_the_sum_of_its_rates(
    connection: duckdb.DuckDBPyConnection, rows: list[Item], currency: str, rate: int
) -> None:
    per_unit = Decimal(1) if currency == "SEK" else Decimal(rate).scaleb(-10)
    total = sum(row.gross for row in rows)
    total_ore = money.to_ore(total, currency, per_unit)
    connection.execute("DELETE FROM ledger.sales; DELETE FROM ledger.rated_items")
    connection.execute(
        "INSERT INTO ledger.sales VALUES ('in', ?, ?, ?, ?, 'x')", [total, total_ore, currency, per_unit]
    )
    for number, row in enumerate(rows, 1):
        connection.execute(
            "INSERT INTO ledger.rated_items (sale_id, row_no, gross, vat_rate, tax_amount, taxed)"
            " VALUES ('in', ?, ?, ?, ?, ?)",
            [number, row.gross, row.rate, row.tax, row.tax is not None],
        )
    connection.execute(SQL.joinpath("sale_rows.sql").read_text("utf-8"))
    found = connection.execute(
        "SELECT row_no, gross_ore, net_ore, vat_ore FROM ledger.sale_rows ORDER BY row_no"
    ).fetchall()
    assert sum(gross for _, gross, *_ in found) == total_ore
    assert all(gross == net + vat for _, gross, net, vat in found)
    vat: dict[Decimal, int] = defaultdict(int)
    charged: dict[Decimal, int] = defaultdict(int)
    uncharged: dict[Decimal, int] = defaultdict(int)
    for (_, gross, _, of_row), row in zip(found, rows, strict=True):
        vat[row.rate] += of_row
        if row.tax is None:
            uncharged[row.rate] += gross
        else:
            charged[row.rate] += row.tax
    for percent, ore in vat.items():
        group = sum(gross for (_, gross, *_), row in zip(found, rows, strict=True) if row.rate == percent)
        if group:  # rows that cancel out carry no VAT, whatever Stripe rounded
            due = money.to_ore(charged[percent], currency, per_unit)
            assert ore == due + money.vat_of_gross(uncharged[percent], percent)
