"""What stood open at the midnight when the books begin, besides Stripe's balances: payouts on their way,
disputes, and, where income is deferred, invoices whose service period reaches past it.

All are older than the first booked day, so no list of a booked day shows them: they are listed once, this far back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import duckdb

from fortstripe_dagster.business_day import midnight
from fortstripe_dagster.extract.coverage import Coverage
from fortstripe_dagster.extract.windows import DAY, OVERLAP, Window

DAYS_BACK: Mapping[str, int] = {"payouts": 30, "disputes": 180}
"""A payout takes days, a dispute with its last appeal months."""
DEFERRED_BACK: Mapping[str, int] = {"invoices": 400, "credit_notes": 400}
"""An annual plan is paid a year ahead, some weeks before it begins."""

_PAYOUTS = """
    SELECT p.id, p.currency, p.amount, p.arrival_date >= $start AS on_its_way
    FROM stripe.payouts AS p
    LEFT JOIN stripe.balance_transactions AS back ON back.id = p.failure_balance_transaction AND back.day >= $start
    WHERE p.day < $start AND NOT (p.status IN ('failed', 'canceled') AND back.id IS NULL)
        AND (p.arrival_date >= $start OR back.id IS NOT NULL)
"""
"""One that failed or was cancelled counts if its money came back on a booked day."""

_DISPUTES = """
    WITH places AS (  -- by row: reading all of `raw` would cost more
        SELECT rowid FROM stripe.raw_objects
        WHERE stream = 'disputes' AND id IN (SELECT id FROM stripe.disputes WHERE day < $start)
    ),
    moved AS (
        SELECT id, upper(bt.currency) AS currency, sum(bt.amount)::BIGINT AS amount
        FROM (
            SELECT id, unnest(from_json(raw, '{"balance_transactions":
                [{"amount": "BIGINT", "created": "BIGINT", "currency": "VARCHAR"}]}').balance_transactions) AS bt
            FROM stripe.raw_objects WHERE rowid IN (FROM places)
        )
        WHERE bt.created < $moment GROUP BY ALL HAVING sum(bt.amount) <> 0
    ),
    ids AS (SELECT id FROM moved),
    seen_open AS (
        SELECT id FROM stripe.raw_versions
        WHERE rowid IN (SELECT rowid FROM stripe.raw_versions WHERE stream = 'disputes' AND id IN (FROM ids))
            AND json_extract_string(raw, '$.status') NOT IN ('lost', 'won')
    ),
    closed AS (
        SELECT object_id AS id, max(day) AS day FROM stripe.events
        WHERE type = 'charge.dispute.closed' GROUP BY object_id
    )
    SELECT m.id, m.currency, -m.amount
    FROM moved AS m
    JOIN stripe.disputes AS d USING (id)
    LEFT JOIN closed AS c USING (id)
    WHERE d.status <> 'lost' OR c.day >= $start
        OR c.day IS NULL AND (m.id IN (FROM seen_open) OR d.evidence_due_by >= to_timestamp($moment))
"""
"""When one was lost, its event tells, or that it was read before; else it was open while evidence could be sent."""


def windows(covered: Coverage, start: date, now: int, *, deferred: bool = False) -> dict[str, list[Window]]:
    """What of the time before `start` has not been listed yet, by stream; `deferred`: invoices too."""
    end = min(midnight(start), now)
    back = {**DAYS_BACK, **(DEFERRED_BACK if deferred else {})}
    wanted = {name: Window(midnight(start) - days * DAY, end) for name, days in back.items()}
    return {
        name: [window]
        for name, window in wanted.items()
        if window.start < window.end
        and not any(first <= window.start and window.end - OVERLAP <= last for first, last in covered.get(name, []))
    }


def record(connection: duckdb.DuckDBPyConnection, start: date, at: datetime) -> None:
    """Keep what stood open when `start` began; what is known already keeps the moment when it was found."""
    for table, key, query, known in (
        ("opening_payouts", "payout", _PAYOUTS, {"start": start}),
        ("opening_disputes", "dispute", _DISPUTES, {"start": start, "moment": midnight(start)}),
    ):
        found = connection.execute(query, known).fetchall()
        rows = [(*row, start) for row in found]
        kept = connection.execute(f"SELECT * EXCLUDE (read_at) FROM stripe.{table}").fetchall()
        gone = [row[0] for row in {*kept} - {*rows}]
        connection.execute(f"DELETE FROM stripe.{table} WHERE {key} IN (SELECT unnest(?::VARCHAR[]))", [gone])
        for row in sorted({*rows} - {*kept}):
            places = ", ".join("?" for _ in (*row, at))
            connection.execute(f"INSERT INTO stripe.{table} VALUES ({places})", [*row, at])
