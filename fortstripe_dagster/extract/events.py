"""Events as a feed of ids: which objects changed since they were last read. What an event says is never used.

An object is stale while an event about it was first seen after the object was last asked for. Both moments are our own
clock's, so no cursor can slip between two events of one second, and a crash between reading the events and reading the
objects loses nothing: they are still stale.
"""

from __future__ import annotations

import duckdb

from fortstripe_dagster.extract.streams import LISTED, STREAMS
from fortstripe_dagster.extract.windows import EVENTS_KEPT

FETCHED_IF_ABSENT = ("charges", "refunds", "disputes", "payouts", "invoices", "invoice_payments", "credit_notes")
"""Streams of which an unknown object is wanted when something happens to it: it is older than what was listed."""

_STALE = """
    WITH told AS (
        SELECT
            CASE WHEN e.object_type = 'tax_id' THEN seen.raw ->> '$.data.object.customer' ELSE e.object_id END AS id,
            CASE WHEN e.object_type = 'tax_id' THEN 'customer' ELSE e.object_type END AS object,
            epoch(e.created) AS created, seen.first_seen
        FROM stripe.events AS e
        JOIN stripe.raw_objects AS seen ON seen.stream = 'events' AND seen.id = e.id
    )
    SELECT k.stream, list(DISTINCT t.id ORDER BY t.id)
    FROM told AS t
    JOIN ({kinds}) AS k(object, stream, wanted) ON k.object = t.object
    LEFT JOIN stripe.raw_objects AS known ON known.stream = k.stream AND known.id = t.id
    LEFT JOIN stripe.coverage AS c ON c.stream = k.stream AND c.from_ts <= t.created AND t.created < c.to_ts
    WHERE known.fetched_at < t.first_seen OR known.id IS NULL AND k.wanted AND c.stream IS NOT NULL
    GROUP BY k.stream
"""


def stale(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Ids to read again, by stream.

    An unknown object is wanted only if its stream was listed over the moment of the event: were it as young as that,
    the list would have shown it, so it is older. What happened later than the lists reach is left to their next turn.
    """
    kinds = ", ".join(
        f"('{STREAMS[name].object}', '{name}', {name in FETCHED_IF_ABSENT})" for name in LISTED if name != "events"
    )
    return dict(connection.execute(_STALE.format(kinds=f"VALUES {kinds}")).fetchall())


def gap(covered: list[tuple[int, int]], now: int) -> str | None:
    """A remark if events were last read longer ago than Stripe keeps them."""
    last = max((end for _, end in covered), default=now)
    if now - last <= EVENTS_KEPT:
        return None
    return (
        f"Events were last read {(now - last) // 86_400} days ago and Stripe keeps them for 30: changes of older"
        " objects may have been missed. Objects that are not final are read again; for the rest sync the missed days."
    )
