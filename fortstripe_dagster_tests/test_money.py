"""Rounding and allocation: the same in Python and in SQL, and nothing is lost."""

from __future__ import annotations

from decimal import Decimal
from importlib.resources import files

import duckdb
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from fortstripe_dagster import ledger, money
from fortstripe_dagster.business_day import local_day

MINOR = st.integers(min_value=-(10**12), max_value=10**12)


@pytest.fixture(scope="module")
def sql() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA ledger; CREATE TABLE ledger.account_map (role VARCHAR, number VARCHAR)")
    connection.execute("CREATE TABLE ledger.policy (name VARCHAR, value VARCHAR)")
    connection.execute(f"CREATE TABLE ledger.currencies AS SELECT * FROM read_csv('{money.CURRENCIES}')")
    connection.execute(files(ledger).joinpath("sql", "macros.sql").read_text())
    return connection


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("218.75", "SEK", 21875),
        ("500", "JPY", 500),
        ("1.250", "KWD", 1250),
        ("500", "ISK", 50000),
        ("500", "UGX", 50000),
    ],
)
def test_minor_units_follow_stripe(amount: str, currency: str, minor: int) -> None:
    assert money.to_minor(Decimal(amount), currency) == minor
    assert money.to_decimal(minor, currency) == Decimal(amount)


@pytest.mark.parametrize(
    ("gross", "percent", "vat"),
    [
        (125000, "25", 25000),
        (21875, "25", 4375),
        (9990, "6", 565),
        (11200, "12", 1200),
        (-125, "25", -25),
        (10000, "0", 0),
    ],
)
def test_vat_inside_a_gross_amount(gross: int, percent: str, vat: int) -> None:
    assert money.vat_of_gross(gross, Decimal(percent)) == vat


@settings(deadline=None)
@given(gross=MINOR, percent=st.sampled_from(["25", "12", "6", "0", "25.5", "19"]))
def test_sql_rounds_as_python_does(sql: duckdb.DuckDBPyConnection, gross: int, percent: str) -> None:
    row = sql.execute("SELECT vat_of_gross(?::BIGINT, ?::DECIMAL(5, 2))", [gross, percent]).fetchone()
    assert row == (money.vat_of_gross(gross, Decimal(percent)),)


@settings(deadline=None)
@given(
    minor=MINOR,
    rate=st.integers(min_value=1, max_value=20_000_000),
    currency=st.sampled_from(["EUR", "JPY", "KWD", "SEK"]),
)
def test_sql_converts_as_python_does(sql: duckdb.DuckDBPyConnection, minor: int, rate: int, currency: str) -> None:
    per_unit = Decimal(1) if currency == "SEK" else Decimal(rate) / 1_000_000
    row = sql.execute("SELECT to_ore(?::BIGINT, ?, ?::DECIMAL(18, 6))", [minor, currency, per_unit]).fetchone()
    assert row == (money.to_ore(minor, currency, per_unit),)


@settings(deadline=None)
@given(total=MINOR, weights=st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=12))
def test_allocation_loses_nothing(total: int, weights: list[int]) -> None:
    if sum(weights) == 0:
        with pytest.raises(ValueError, match="add up to zero"):
            money.allocate(total, weights)
        return
    parts = money.allocate(total, weights)
    assert sum(parts) == total
    assert all(
        abs(part - Decimal(total) * weight / sum(weights)) <= 1 for part, weight in zip(parts, weights, strict=True)
    )


@settings(deadline=None)
@given(
    numerator=st.integers(min_value=-(10**30), max_value=10**30) | st.integers(min_value=-(10**13), max_value=10**13),
    denominator=st.integers(min_value=10**12, max_value=10**20) | st.integers(min_value=1, max_value=10**6),
)
@example(numerator=2 * 10**18, denominator=3)
@example(numerator=-2 * 10**18 - 1, denominator=4 * 10**18)
@example(numerator=47 * 10**17, denominator=3)
def test_sql_divides_as_python_does(sql: duckdb.DuckDBPyConnection, numerator: int, denominator: int) -> None:
    assume(abs(numerator // denominator) < 2**62)
    row = sql.execute("SELECT round_div(?::HUGEINT, ?::HUGEINT)", [numerator, denominator]).fetchone()
    assert row == (money.round_div(numerator, denominator),)


@settings(deadline=None)
@given(at=st.integers(min_value=0, max_value=4_000_000_000))
@example(at=1711835999)  # the last second of a spring day, 21:59:59 UTC
@example(at=1711836000)
@example(at=1729980000)  # the first second of the day with 25 hours, 22:00 UTC
@example(at=1730069999)  # its last, 22:59:59 UTC
@example(at=1735686000)  # 23:00 UTC: the new year
def test_sql_knows_the_local_day_as_python_does(sql: duckdb.DuckDBPyConnection, at: int) -> None:
    row = sql.execute("SELECT local_day(to_timestamp(?))", [at]).fetchone()
    assert row == (local_day(at),)
