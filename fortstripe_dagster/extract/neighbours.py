"""Which objects are cheaper read as a page of a list than one by one: pure rules over what is stored.

A list shows a hundred objects for the price of one. Objects to read again that lie within as many stored ones of each
other are one page; the payouts of the last ten days, the invoices that are still open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from fortstripe_dagster.extract.streams import STREAMS
from fortstripe_dagster.extract.windows import Window

PAGE = 90
"""Objects that are taken to fill a page; some may have come between since they were counted."""
BOOKED_AT_ONCE = ("transfers", "application_fees")
"""Streams whose objects are as old as their balance transactions, so that unknown ones can be placed by those."""
ASIDE = 60
"""Seconds that such an object may be older or younger than its balance transaction."""

_KNOWN = """
    WITH placed AS (
        SELECT id, epoch(created)::BIGINT AS sec, row_number() OVER (ORDER BY created, id) AS rank
        FROM stripe.raw_objects WHERE stream = $stream AND created IS NOT NULL
    )
    SELECT id, sec, sec + 1, rank FROM placed WHERE id IN (SELECT unnest($ids)) ORDER BY rank
"""
_BOOKED = """
    SELECT source, epoch(created)::BIGINT - $aside, epoch(created)::BIGINT + $aside,
        row_number() OVER (ORDER BY created, id) AS rank
    FROM stripe.balance_transactions WHERE source IN (SELECT unnest($ids)) ORDER BY rank
"""


_UNREAD = """
    SELECT id FROM (SELECT unnest($ids) AS id) ANTI JOIN (
        SELECT id FROM stripe.raw_objects WHERE stream = $stream AND fetched_at >= $since
    ) USING (id) ORDER BY id
"""


def pages(connection: duckdb.DuckDBPyConnection, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[Window]]:
    """The windows, by stream, that show several of the ids wanted for the price of one; the rest are read singly."""
    found: dict[str, list[Window]] = {}
    for name, ids in wanted.items():
        enough = 1 + len(STREAMS[name].variants)
        for page in _together(_placed(connection, name, ids)) if len(ids) >= enough else []:
            if len(page) >= enough:
                window = Window(min(place.first for place in page), max(place.end for place in page))
                found.setdefault(name, []).append(window)
    return found


def unread(
    connection: duckdb.DuckDBPyConnection, wanted: Mapping[str, Sequence[str]], since: datetime
) -> dict[str, list[str]]:
    """What no request since that moment has shown."""
    left = {
        stream: [
            id for (id,) in connection.execute(_UNREAD, {"ids": list(ids), "stream": stream, "since": since}).fetchall()
        ]
        for stream, ids in wanted.items()
    }
    return {stream: ids for stream, ids in left.items() if ids}


@dataclass(frozen=True)
class _Place:
    id: str
    first: int
    end: int
    rank: int


def _placed(connection: duckdb.DuckDBPyConnection, stream: str, ids: Sequence[str]) -> list[_Place]:
    rows = connection.execute(_KNOWN, {"stream": stream, "ids": list(ids)}).fetchall()
    if not rows and stream in BOOKED_AT_ONCE:
        rows = connection.execute(_BOOKED, {"ids": list(ids), "aside": ASIDE}).fetchall()
    return [_Place(*row) for row in rows]


def _together(places: Sequence[_Place]) -> list[list[_Place]]:
    """Places in order, those together that one page shows."""
    pages: list[list[_Place]] = []
    for place in places:
        if pages and place.rank - pages[-1][0].rank < PAGE:
            pages[-1].append(place)
        else:
            pages.append([place])
    return pages
