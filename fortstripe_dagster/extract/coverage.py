"""What was listed: whole windows, and the pieces of windows that a run has not finished.

Only whole windows count for those who read schema `stripe`. Pieces are there so that a run that was broken off is
continued: they are committed with their objects, and give way to the window once that is whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from fortstripe_dagster.extract.spool import Piece
from fortstripe_dagster.extract.windows import OVERLAP, Window

CONTINUED_WITHIN = timedelta(days=2)
"""How old a piece may be to be relied on; what has changed since it was listed, events tell."""

Coverage = dict[str, list[tuple[int, int]]]
"""For each stream the stretches of `created` that were listed, merged and in order; seconds since the epoch."""


@dataclass(frozen=True)
class Whole:
    """A stream's window of which nothing is missing, and what it took."""

    stream: str
    window: Window
    rows: int
    requests: int


def coverage(connection: duckdb.DuckDBPyConnection) -> Coverage:
    """What was listed so far, in whole windows."""
    found: Coverage = {}
    for stream, start, end in connection.execute(
        "SELECT stream, from_ts, to_ts FROM stripe.coverage ORDER BY ALL"
    ).fetchall():
        found.setdefault(stream, []).append((start, end))
    return found


def pieces(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[Piece]:
    """Pieces of windows that were not finished and may be relied on.

    An object may take minutes to show in lists, so what was young when a piece was listed is left to be listed again.
    """
    return [
        Piece(*row)
        for row in connection.execute(
            "SELECT stream, variant, from_ts, greatest(from_ts, least(to_ts, epoch(fetched_at)::BIGINT - ?)), rows,"
            " requests FROM stripe.pieces WHERE fetched_at > ?",
            [OVERLAP, now - CONTINUED_WITHIN],
        ).fetchall()
    ]


def record_pieces(connection: duckdb.DuckDBPyConnection, listed: Iterable[tuple[Piece, datetime]]) -> None:
    """Note pieces and when they were asked for; in the same transaction as their objects."""
    rows = [[p.stream, p.variant, p.start, p.end, asked, p.rows, p.requests] for p, asked in listed]
    if rows:
        connection.executemany("INSERT INTO stripe.pieces VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def record_windows(connection: duckdb.DuckDBPyConnection, windows: Sequence[Whole], at: datetime) -> None:
    """Note that these windows are whole, asked for at that moment; in the same transaction as the last objects."""
    known = {
        "streams": [whole.stream for whole in windows],
        "starts": [whole.window.start for whole in windows],
        "ends": [whole.window.end for whole in windows],
    }
    spent = {"rows": [whole.rows for whole in windows], "requests": [whole.requests for whole in windows]}
    connection.execute(
        "INSERT INTO stripe.windows SELECT unnest($streams::VARCHAR[]), unnest($starts::BIGINT[]),"
        " unnest($ends::BIGINT[]), $at, unnest($rows::INTEGER[]), unnest($requests::INTEGER[])",
        {**known, **spent, "at": at},
    )
    connection.execute(
        "DELETE FROM stripe.pieces USING (SELECT unnest($streams::VARCHAR[]) AS of, unnest($starts::BIGINT[]) AS start,"
        ' unnest($ends::BIGINT[]) AS "end") AS whole WHERE stream = of AND from_ts >= start AND to_ts <= "end"',
        known,
    )
