"""Events as a feed of ids: which objects changed since they were last read. What an event says is never used.

An object is stale while an event about it was first seen after the object was last asked for. Both moments are our own
clock's, so no cursor can slip between two events of one second, and a crash between reading the events and reading the
objects loses nothing: they are still stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import duckdb

from fortstripe_dagster.extract.streams import STREAMS, Stream
from fortstripe_dagster.extract.windows import DAY, EVENTS_KEPT, Window, merged

FETCHED_IF_ABSENT = (
    "charges", "refunds", "disputes", "payouts", "invoices", "invoice_payments", "credit_notes", "checkout_sessions",
)  # fmt: skip
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
    JOIN (VALUES {kinds}) AS k(object, stream, if_unknown) ON k.object = t.object
    LEFT JOIN stripe.raw_objects AS known ON known.stream = k.stream AND known.id = t.id
    LEFT JOIN stripe.coverage AS c
        ON c.stream = k.stream AND (k.if_unknown = 'new' OR c.from_ts <= t.created AND t.created < c.to_ts)
    WHERE known.fetched_at < t.first_seen
        OR known.id IS NULL AND k.if_unknown <> 'never' AND c.stream IS NOT NULL
    GROUP BY k.stream
"""

_READ = """
    SELECT greatest(from_ts, epoch(fetched_at)::BIGINT - $kept) AS from_ts, to_ts
    FROM stripe.windows WHERE stream = 'events' AND to_ts > epoch(fetched_at)::BIGINT - $kept
"""

SWEPT = "events_gap"
"""The name under which `stripe.windows` holds the gaps that were made up for."""

MAY_HAVE_CHANGED = {
    "customers": "SELECT id FROM stripe.customers WHERE NOT deleted",
    "invoices": "SELECT id FROM stripe.invoices WHERE status IN ('draft', 'open', 'uncollectible')",
    "credit_notes": "SELECT id FROM stripe.credit_notes WHERE status = 'issued'",
    "subscriptions": "SELECT id FROM stripe.subscriptions WHERE status NOT IN ('canceled', 'incomplete_expired')",
    "products": "SELECT id FROM stripe.products",
    "prices": "SELECT id FROM stripe.prices",
    "tax_rates": "SELECT id FROM stripe.tax_rates",
}
"""Streams whose changes only events tell, and their objects that are not final.

Charges, refunds, disputes and payouts are not among them: their state and their balance transactions tell.
"""
_OLDEST = """
    SELECT epoch(min(o.created))::BIGINT FROM stripe.raw_objects AS o SEMI JOIN ({ids}) USING (id)
    WHERE o.stream = ? AND o.fetched_at < to_timestamp(?)
"""


def stale(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Ids to read again, by stream.

    An unknown object is wanted only if its stream was listed over the moment of the event: were it as young as that,
    the list would have shown it, so it is older. What happened later than the lists reach is left to their next turn.
    A catalogue is listed but once, so there an unknown object is new.
    """
    kinds = ", ".join(
        f"('{stream.object}', '{stream.name}', '{_if_unknown(stream)}')"
        for stream in STREAMS.values()
        if stream.name != "events"
    )
    return dict(connection.execute(_STALE.format(kinds=kinds)).fetchall())


def known(connection: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> int:
    """How many of these events were read before."""
    row = connection.execute("SELECT count(*) FROM stripe.events WHERE id IN (SELECT unnest(?::VARCHAR[]))", [ids])
    return int((row.fetchone() or (0,))[0])


def _if_unknown(stream: Stream) -> str:
    if stream.reach == "everything":
        return "new"
    return "older" if stream.name in FETCHED_IF_ABSENT else "never"


def gap(covered: list[tuple[int, int]], now: int) -> str | None:
    """A remark if events were last read longer ago than Stripe keeps them."""
    last = max((end for _, end in covered), default=now)
    if now - last <= EVENTS_KEPT:
        return None
    return (
        f"Events were last read {(now - last) // DAY} days ago and Stripe keeps them for 30: what may have changed"
        " meanwhile is listed anew."
    )


def read(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
    """The stretches of time whose every event was read: what a window asked for, less what Stripe had forgotten."""
    return merged(connection.execute(_READ, {"kept": EVENTS_KEPT}).fetchall())


def read_with(stretches: Sequence[tuple[int, int]], windows: Iterable[Window], now: int) -> list[tuple[int, int]]:
    """The stretches of which every event was read, once these windows are, too."""
    return merged([*stretches, *((max(window.start, now - EVENTS_KEPT), window.end) for window in windows)])


def told_since(stretches: Sequence[tuple[int, int]], moment: int) -> bool:
    """Whether every event from `moment` to the last reading was read, by the stretches that were."""
    return bool(stretches) and stretches[-1][0] <= moment <= stretches[-1][1]


def gaps(connection: duckdb.DuckDBPyConnection) -> list[Window]:
    """Stretches between two readings whose events are lost and that were not made up for."""
    stretches = read(connection)
    swept = connection.execute("SELECT from_ts, to_ts FROM stripe.windows WHERE stream = ?", [SWEPT]).fetchall()
    between = [(before[1], after[0]) for before, after in pairwise(stretches)]
    return [Window(start, end) for start, end in between if not any(s <= start and end <= e for s, e in swept)]


def sweeps(connection: duckdb.DuckDBPyConnection) -> tuple[list[Window], dict[str, list[Window]]]:
    """Gaps to make up for, and what to list for that: from the oldest object that may have changed in a gap to its end.

    Only objects that were last read before the end of a gap may have changed in it unseen.
    """
    lost, planned = gaps(connection), dict[str, list[Window]]()
    for gap in lost:
        for stream, ids in MAY_HAVE_CHANGED.items():
            ((since,),) = connection.execute(_OLDEST.format(ids=ids), [stream, gap.end]).fetchall()
            if since is not None:
                planned[stream] = [Window(min([since, *(window.start for window in planned.get(stream, []))]), gap.end)]
    return lost, planned
