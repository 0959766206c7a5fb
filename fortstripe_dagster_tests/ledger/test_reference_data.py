"""The tables of the law: nothing overlaps, nothing is missing, and every word of Stripe's is known."""

from __future__ import annotations

import csv
import json
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pytest

from fortstripe_dagster import ledger
from fortstripe_dagster.ledger import reference_data
from fortstripe_dagster.money import CURRENCIES, exponent

SHARED = Path(__file__).parents[2] / "../shared"


@pytest.fixture(scope="module")
def tables() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA ledger")
    reference_data.load(connection)
    return connection


def text_of(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(files(ledger).joinpath("data", f"{name}.csv").read_text("utf-8").splitlines()))


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("eu_rates", ["tax_place"]),
        ("swedish_rates", ["vat_class"]),
        ("oss_thresholds", []),
        ("vat_treatments", ["region", "buyer", "supply", "oss"]),
    ],
)
def test_no_day_has_two_rules(tables: duckdb.DuckDBPyConnection, table: str, key: list[str]) -> None:
    rows = tables.execute(f"SELECT * FROM ledger.{table}").fetchdf().astype(str).to_dict("records")
    for index, one in enumerate(rows):
        for other in rows[index + 1 :]:
            if all(one[name] == other[name] for name in key):
                apart = one["valid_to"] < other["valid_from"] or other["valid_to"] < one["valid_from"]
                assert apart, f"{table}: {one} and {other}"


def test_every_member_state_and_place_has_a_rate_today(tables: duckdb.DuckDBPyConnection) -> None:
    (missing,) = tables.execute(
        """
        SELECT list(place) FROM (
            SELECT tax_country AS place FROM ledger.eu_countries
            UNION SELECT tax_place FROM ledger.territories WHERE tax_place IS NOT NULL
        ) WHERE place NOT IN (SELECT tax_place FROM ledger.eu_rates WHERE current_date BETWEEN valid_from AND valid_to)
        """
    ).fetchone() or ("no answer",)
    assert missing is None


@pytest.mark.parametrize(
    ("place", "day", "percent"),
    [
        ("FI", date(2024, 8, 31), "24.00"), ("FI", date(2024, 9, 1), "25.50"),
        ("SK", date(2024, 12, 31), "20.00"), ("SK", date(2025, 1, 1), "23.00"),
        ("EE", date(2025, 6, 30), "22.00"), ("EE", date(2025, 7, 1), "24.00"),
        ("RO", date(2025, 7, 31), "19.00"), ("RO", date(2025, 8, 1), "21.00"),
        ("BG", date(2026, 1, 1), "20.00"), ("LU", date(2023, 12, 31), "16.00"),
    ],
)  # fmt: skip
def test_a_rate_belongs_to_its_day(tables: duckdb.DuckDBPyConnection, place: str, day: date, percent: str) -> None:
    query = "SELECT percent::VARCHAR FROM ledger.eu_rates WHERE tax_place = ? AND ? BETWEEN valid_from AND valid_to"
    assert tables.execute(query, [place, day]).fetchall() == [(percent,)]


@pytest.mark.parametrize(
    ("day", "percent"),
    [("2026-03-31", "12.00"), ("2026-04-01", "6.00"), ("2027-12-31", "6.00"), ("2028-01-01", "12.00")],
)
def test_food_by_day(tables: duckdb.DuckDBPyConnection, day: str, percent: str) -> None:
    food = "SELECT percent::VARCHAR FROM ledger.swedish_rates WHERE vat_class = 'food'"
    assert tables.execute(f"{food} AND ? BETWEEN valid_from AND valid_to", [day]).fetchall() == [(percent,)]


def test_the_sixteen_rows_of_the_decision_table_are_all_here() -> None:
    assert {row["decision"] for row in text_of("vat_treatments")} == {str(number) for number in range(1, 16)}
    treatments = {row["treatment"] for row in text_of("vat_treatments")}
    assert {row["treatment"] for row in text_of("taxability_reasons")} <= treatments


def test_every_reason_of_stripes_has_a_place() -> None:
    schema = SHARED / "specs/stripe-schema-2026-10-28.endive.json"
    if not schema.exists():
        pytest.skip("Stripe's schema is not here")
    objects: Any = json.loads(schema.read_text())["objects"]
    known = set(objects["line_item"]["inner"]["Tax"]["fields"]["taxability_reason"]["enum"])
    judged = {row["reason"] for row in text_of("taxability_reasons")}
    taxed = {reason for reason in known if reason.endswith("rated")} | {
        "taxable_basis_reduced",
        "portion_product_exempt",
    }
    assert known - judged - taxed == {"not_available", "product_exempt_holiday"}
    assert judged <= known


def test_minor_units_are_one_file() -> None:
    rows = list(csv.DictReader(CURRENCIES.read_text("utf-8").splitlines()))
    assert {row["currency"]: exponent(row["currency"]) for row in rows} == {
        row["currency"]: int(row["digits"]) for row in rows
    }
    assert (exponent("jpy"), exponent("KWD"), exponent("ISK"), exponent("UGX"), exponent("HUF")) == (0, 3, 2, 2, 2)
    assert exponent("EUR") == exponent("TWD") == 2
