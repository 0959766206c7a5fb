"""What stood open when the books begin, told by what Stripe still says of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime

import duckdb
import pytest

from fortstripe_dagster.business_day import midnight
from fortstripe_dagster.extract import before_start, create_tables
from fortstripe_dagster.extract.windows import DAY, Window

START = date(2026, 3, 5)
MOMENT = midnight(START)
READ = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def stripe() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty schema `stripe`."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA stripe")
        create_tables(connection)
        yield connection


def dispute(stripe: duckdb.DuckDBPyConnection, id: str, status: str, due: int, *moved: tuple[int, int]) -> None:
    """A dispute of long before; `moved` are (days after the start, minor units), `due` is days after the start, too."""
    raw = {
        "status": status,
        "balance_transactions": [
            {"amount": amount, "created": MOMENT + days * DAY, "currency": "sek"} for days, amount in moved
        ],
    }
    stripe.execute(
        "INSERT INTO stripe.raw_objects VALUES ('disputes', ?, NULL, 'v', ?, ?, ?)", [id, READ, READ, json.dumps(raw)]
    )
    stripe.execute(
        "INSERT INTO stripe.disputes (id, created, day, amount, currency, status, evidence_due_by)"
        " VALUES (?, ?, ?, 100, 'SEK', ?, to_timestamp(?))",
        [id, READ, date(2026, 2, 1), status, MOMENT + due * DAY],
    )


def event(stripe: duckdb.DuckDBPyConnection, id: str, day: date) -> None:
    stripe.execute(
        "INSERT INTO stripe.events (id, created, day, type, object_id) VALUES (?, ?, ?, 'charge.dispute.closed', ?)",
        [f"evt_{id}", READ, day, id],
    )


def test_which_disputes_were_open(stripe: duckdb.DuckDBPyConnection) -> None:
    dispute(stripe, "du_waits", "under_review", -9, (-20, -100))
    dispute(stripe, "du_won_later", "won", -9, (-20, -110), (3, 110))
    dispute(stripe, "du_won_before", "won", -9, (-20, -120), (-1, 120))
    dispute(stripe, "du_lost_before", "lost", 9, (-20, -130))
    event(stripe, "du_lost_before", date(2026, 3, 4))
    dispute(stripe, "du_lost_later", "lost", -9, (-20, -140))
    event(stripe, "du_lost_later", START)
    dispute(stripe, "du_told_by_evidence", "lost", 1, (-20, -150))
    dispute(stripe, "du_long_lost", "lost", -1, (-20, -160))
    dispute(stripe, "du_seen_open", "lost", -1, (-20, -170))
    stripe.execute(
        "INSERT INTO stripe.raw_versions VALUES ('disputes', 'du_seen_open', 'v', ?, ?, ?)",
        [READ, READ, json.dumps({"status": "needs_response"})],
    )
    dispute(stripe, "du_asked", "warning_closed", -9)
    before_start.record(stripe, START, READ)
    assert stripe.execute("SELECT dispute, amount FROM stripe.opening_disputes ORDER BY amount").fetchall() == [
        ("du_waits", 100), ("du_won_later", 110), ("du_lost_later", 140), ("du_told_by_evidence", 150),
        ("du_seen_open", 170),
    ]  # fmt: skip


def payout(stripe: duckdb.DuckDBPyConnection, id: str, status: str, made: date, due: date, failed: date | None) -> None:
    stripe.execute(
        "INSERT INTO stripe.payouts (id, created, day, amount, currency, status, arrival_date, automatic,"
        " failure_balance_transaction) VALUES (?, ?, ?, 100, 'SEK', ?, ?, true, ?)",
        [id, READ, made, status, due, f"txn_{id}" if failed else None],
    )
    if failed is not None and failed >= START:  # older transactions are not read
        stripe.execute(
            "INSERT INTO stripe.balance_transactions (id, created, day, amount, currency, net, fee, type,"
            " reporting_category, balance_type, fee_details)"
            " VALUES (?, ?, ?, 100, 'SEK', 100, 0, 'payout_failure', 'payout', 'payments', '[]')",
            [f"txn_{id}", READ, failed],
        )


def test_which_payouts_were_on_their_way(stripe: duckdb.DuckDBPyConnection) -> None:
    before, yesterday, after = date(2026, 2, 27), date(2026, 3, 4), date(2026, 3, 9)
    payout(stripe, "po_arrives", "paid", yesterday, START, None)
    payout(stripe, "po_arrived", "paid", before, yesterday, None)
    payout(stripe, "po_ours", "paid", START, after, None)
    payout(stripe, "po_returned", "failed", before, yesterday, after)
    payout(stripe, "po_failed_later", "failed", yesterday, after, after)
    payout(stripe, "po_failed_before", "failed", before, after, yesterday)
    before_start.record(stripe, START, READ)
    found = "SELECT payout, on_its_way, read_at FROM stripe.opening_payouts ORDER BY payout"
    first = [("po_arrives", True, READ), ("po_failed_later", True, READ), ("po_returned", False, READ)]
    assert stripe.execute(found).fetchall() == first
    before_start.record(stripe, START, datetime(2026, 7, 1, tzinfo=UTC))
    assert stripe.execute(found).fetchall() == first, "what is known keeps the moment when it was found"
    before_start.record(stripe, date(2026, 4, 1), READ)
    assert stripe.execute(found).fetchall() == [], "another start has another opening"


def test_the_time_before_is_listed_once() -> None:
    wanted = before_start.windows({}, START, MOMENT + 90 * DAY)
    assert wanted == {
        "payouts": [Window(MOMENT - 30 * DAY, MOMENT)],
        "disputes": [Window(MOMENT - 180 * DAY, MOMENT)],
    }
    listed = {name: [(window.start, MOMENT + DAY)] for name, (window,) in wanted.items()}
    assert before_start.windows(listed, START, MOMENT + 90 * DAY) == {}
    assert set(before_start.windows({"payouts": listed["payouts"]}, START, MOMENT + 90 * DAY)) == {"disputes"}
    assert before_start.windows({}, START, MOMENT - 365 * DAY) == {}, "a start that is far ahead has no past yet"
