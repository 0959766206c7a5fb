"""Whatever credits come, what a plan takes in it gives back: to the öre, and is never below nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fortstripe_dagster.ledger import reference_data

FIRST, START = date(2026, 3, 1), date(2026, 6, 15)
"""Of the earliest plan and of the books: what was invoiced in between, earlier books have begun to release."""
DAYS = st.integers(0, 400).map(lambda days: FIRST + timedelta(days=days))
PLANS = st.lists(
    st.tuples(
        DAYS,  # invoice date
        st.integers(-40, 60),  # days from it to the first of service
        st.integers(1, 400),  # days of service
        st.integers(1, 10**7) | st.integers(-(10**7), -1),  # net, öre
        st.lists(st.tuples(st.integers(0, 450), st.integers(1, 60)), max_size=4),  # credits: days later, per cent
    ),
    min_size=1,
    max_size=25,
)


@pytest.fixture(scope="module")
def books() -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables that the plans stand on, empty, and the ledger's own rounding."""
    with duckdb.connect() as connection:
        connection.execute(
            """
            CREATE SCHEMA ledger;
            CREATE TABLE ledger.account_map (role VARCHAR, number VARCHAR);
            CREATE TABLE ledger.policy AS
                FROM (VALUES ('today', '2027-01-15'), ('start_date', '2026-06-15')) AS p(name, value);
            CREATE TABLE ledger.covered_days AS
                SELECT unnest(generate_series(DATE '2026-06-15', DATE '2029-12-31', INTERVAL 1 DAY))::DATE AS day;
            CREATE TABLE ledger.deferral_plans (
                sale_id VARCHAR, row_no INTEGER, event_day DATE, first_day DATE, last_day DATE, amount_ore BIGINT,
                account VARCHAR, product VARCHAR, before_start BOOLEAN);
            CREATE TABLE ledger.credits (credit_id VARCHAR, event_day DATE, ordered_by INTEGER);
            CREATE TABLE ledger.credit_rows (credit_id VARCHAR, sale_id VARCHAR, group_no INTEGER, net_ore BIGINT);
            """
        )
        reference_data.load(connection)
        connection.execute(sql("macros"))
        connection.execute(sql("choices"))
        yield connection


def sql(name: str) -> str:
    return files("fortstripe_dagster.ledger").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans=PLANS)
def test_a_plan_gives_back_what_it_took(
    books: duckdb.DuckDBPyConnection, plans: list[tuple[date, int, int, int, list[tuple[int, int]]]]
) -> None:
    for table in ("deferral_plans", "credits", "credit_rows"):
        books.execute(f"DELETE FROM ledger.{table}")
    for number, (issued, offset, days, net, credited) in enumerate(plans):
        first = issued + timedelta(days=offset)
        last = max(first + timedelta(days=days - 1), issued + timedelta(days=31))
        before = issued < START
        if before and last < START:
            continue
        books.execute(
            "INSERT INTO ledger.deferral_plans VALUES (?, 1, ?, ?, ?, ?, '3001', NULL, ?)",
            [f"in_{number}", issued, first, last, net, before],
        )
        left = abs(net)
        for later, percent in credited:
            part = min(left, abs(net) * percent // 100)
            left -= part
            name = f"re_{number}_{later}_{left}"
            books.execute("INSERT INTO ledger.credits VALUES (?, ?, ?)", [name, issued + timedelta(days=later), later])
            signed = part if net > 0 else -part
            books.execute("INSERT INTO ledger.credit_rows VALUES (?, ?, 1, ?)", [name, f"in_{number}", signed])
    for name in ("deferral_states", "deferral_schedule", "deferral_openings", "deferred_revenue"):
        books.execute(sql(name))
    moves = books.execute(
        """
        WITH moves AS (
            SELECT sale_id, month_end AS day, 1 AS nth, released_ore AS ore FROM ledger.deferral_schedule
            UNION ALL
            SELECT sale_id, day, 0, taken * sign(amount_ore)::BIGINT
            FROM ledger.deferral_states JOIN ledger.deferral_plans USING (sale_id, row_no)
            WHERE day >= '2026-06-15'
            UNION ALL SELECT sale_id, last_day, 2, 0 FROM ledger.deferral_plans
        )
        SELECT p.sale_id, CASE WHEN p.before_start THEN coalesce(o.ore, 0) ELSE p.amount_ore END,
               sum(m.ore) OVER (PARTITION BY p.sale_id ORDER BY m.day, m.nth) AS gone, m.ore
        FROM ledger.deferral_plans p
        JOIN moves m USING (sale_id)
        LEFT JOIN ledger.deferral_openings o USING (sale_id)
        ORDER BY p.sale_id, m.day, m.nth
        """
    ).fetchall()
    gone_at_last, opened = {}, dict(books.execute("SELECT sale_id, amount_ore FROM ledger.deferral_plans").fetchall())
    for sale_id, amount, gone, ore in moves:
        assert 0 <= amount * (1 if opened[sale_id] > 0 else -1) <= abs(opened[sale_id]), (
            "no more is left than there was"
        )
        assert ore * amount >= 0, f"{sale_id} takes back what it gave"
        assert 0 <= gone * (1 if amount > 0 else -1) <= abs(amount), f"{sale_id} is below nothing"
        gone_at_last[sale_id] = (gone, amount)
    assert len(gone_at_last) == len(opened)
    assert all(gone == amount for gone, amount in gone_at_last.values())
    if not opened:
        return
    outlook = books.execute(
        "SELECT outlook_ore FROM ledger.deferred_revenue ORDER BY month_end DESC LIMIT 1"
    ).fetchone()
    assert outlook in ((0,), None)
