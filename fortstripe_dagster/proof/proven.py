"""Which days a run took the whole way after they were over: the place from which a night goes on."""

from __future__ import annotations

from datetime import date

import duckdb

from fortstripe_dagster.business_day import TIMEZONE
from fortstripe_dagster.warehouse import has_table

_PROVEN = f"""
    WITH days AS (SELECT unnest(generate_series(?::DATE, ?::DATE, INTERVAL 1 DAY))::DATE AS day)
    SELECT day FROM days
    WHERE EXISTS (FROM proof.runs p WHERE day BETWEEN p.first_day AND p.last_day
                                      AND (p.proven_at AT TIME ZONE '{TIMEZONE}')::DATE > day)
      AND EXISTS (FROM delivery.runs r WHERE day BETWEEN r.first_day AND r.last_day
                                         AND r.finished_at IS NOT NULL)
    ORDER BY day
"""


def proven_days(connection: duckdb.DuckDBPyConnection, first: date, last: date) -> list[date]:
    """Days of the range that were delivered to the end, and proven after they were over, whatever the proof found."""
    if not (has_table(connection, "proof.runs") and has_table(connection, "delivery.runs")):
        return []
    return [row[0] for row in connection.execute(_PROVEN, [first, last]).fetchall()]
