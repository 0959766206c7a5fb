"""What a build says of itself: entries by kind, what waits for a person, what a person should look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import duckdb

from fortstripe_dagster.business_day import Days


@dataclass(frozen=True)
class Remark:
    """Something about one entry that a person should read."""

    entry_id: str
    day: date
    text: str


@dataclass(frozen=True)
class LedgerReport:
    """What the ledger holds after a build. `rebuilt` is the number of entries that were made anew, None for all."""

    entries: dict[str, int]
    lines: int
    held: list[Remark] = field(default_factory=list)
    alerts: list[Remark] = field(default_factory=list)
    rebuilt: int | None = None

    def alerts_of(self, days: Days) -> list[Remark]:
        """What a person should look at on these days; older alerts were said on theirs."""
        return [remark for remark in self.alerts if remark.day in days]


def report(connection: duckdb.DuckDBPyConnection, rebuilt: int | None) -> LedgerReport:
    """The report of the ledger as it stands."""
    kinds = dict(connection.execute("SELECT kind, count(*) FROM ledger.entries GROUP BY kind ORDER BY kind").fetchall())
    lines = connection.execute("SELECT count(*) FROM ledger.lines").fetchone() or (0,)
    return LedgerReport(kinds, lines[0], _remarks(connection, "held"), _remarks(connection, "alert"), rebuilt)


def _remarks(connection: duckdb.DuckDBPyConnection, column: str) -> list[Remark]:
    rows = connection.execute(
        f"SELECT entry_id, event_day, {column} FROM ledger.entries WHERE {column} IS NOT NULL "
        "ORDER BY event_day, entry_id"
    ).fetchall()
    return [Remark(*row) for row in rows]
