"""Which days a rebuild changed: a refund, a dispute's end, a voided invoice or a renamed buyer that came weeks later.

The whole ledger is rebuilt each time, so the days are found by comparing what each of them holds with what it held
after the build before. What changed is remembered in the same transaction until it is handed on to delivery.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from importlib.resources import files

import duckdb

from fortstripe_dagster.warehouse import Warehouse

_TABLE = """
    CREATE TABLE IF NOT EXISTS ledger.day_contents (
        day DATE PRIMARY KEY,
        content VARCHAR NOT NULL,  -- '' where the day no longer holds anything
        changed_at TIMESTAMPTZ NOT NULL,
        handed_on BOOLEAN NOT NULL  -- whether those who deliver know of the change
    )
"""
_NOT_HANDED_ON = "SELECT day, content FROM ledger.day_contents WHERE NOT handed_on ORDER BY day"
_DIFFERENT = """
    SELECT coalesce(new.day, old.day) AS day, coalesce(new.content, '') AS content
    FROM ({contents}) AS new
    FULL JOIN (FROM ledger.day_contents WHERE day IN (FROM looked_at)) AS old ON old.day = new.day
    WHERE coalesce(new.content, '') <> coalesce(old.content, '') ORDER BY 1
"""


def update(connection: duckdb.DuckDBPyConnection, days: Sequence[date] | None = None) -> list[date]:
    """Compare what each day holds now with the build before, remember it, and return the days that changed.

    `days` are those that the build can have changed, None for any. The first build, and the first with another DuckDB,
    has nothing to be compared with: no day is changed by it.
    """
    connection.execute(_TABLE)
    ((before,),) = connection.execute(
        "SELECT count(*) FROM ledger.day_contents WHERE starts_with(content, version() || ':')"
    ).fetchall()
    waiting = {day for day, _ in connection.execute(_NOT_HANDED_ON).fetchall()}
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE looked_at AS SELECT unnest(?::DATE[]) AS day"
        if days is not None
        else "CREATE OR REPLACE TEMP TABLE looked_at AS SELECT DISTINCT event_day AS day FROM ledger.lines"
        " UNION SELECT event_day FROM ledger.entries UNION SELECT day FROM ledger.day_contents",
        [] if days is None else [days],
    )
    contents = files(__package__).joinpath("sql", "day_contents.sql").read_text(encoding="utf-8")
    different = connection.execute(_DIFFERENT.format(contents=contents)).fetchall()
    now = datetime.now(UTC)
    if different:
        changed, held = zip(*different, strict=True)
        connection.execute(
            "INSERT OR REPLACE INTO ledger.day_contents"
            " SELECT unnest(?::DATE[]), unnest(?::VARCHAR[]), ?::TIMESTAMPTZ, unnest(?::BOOLEAN[])",
            [list(changed), list(held), now, [not before and day not in waiting for day in changed]],
        )
    return [day for day, _ in different] if before else []


def hand_on(warehouse: Warehouse, keep: Callable[[dict[date, str]], dict[date, str]]) -> dict[date, str]:
    """Give the days that were changed and not yet handed on to `keep`, with what they hold now; what it returns.

    Broken off in the middle, they are handed on once more, which must harm nothing.
    """
    with warehouse.writer() as connection:
        changed = dict(connection.execute(_NOT_HANDED_ON).fetchall())
    if not changed:
        return {}
    kept = keep(changed)
    with warehouse.writer() as connection:
        connection.execute(
            "UPDATE ledger.day_contents SET handed_on = true WHERE day IN (SELECT unnest(?))", [list(changed)]
        )
    return kept
