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


def report(connection: duckdb.DuckDBPyConnection, rebuilt: int | None, schema: str = "ledger") -> LedgerReport:
    """The report of the ledger in a schema as it stands."""
    kinds = connection.execute(f"SELECT kind, count(*) FROM {schema}.entries GROUP BY kind ORDER BY kind").fetchall()
    lines = connection.execute(f"SELECT count(*) FROM {schema}.lines").fetchone() or (0,)
    held, alerts = (_remarks(connection, f"{schema}.entries", column) for column in ("held", "alert"))
    return LedgerReport(dict(kinds), lines[0], held, alerts, rebuilt)


def _remarks(connection: duckdb.DuckDBPyConnection, entries: str, column: str) -> list[Remark]:
    rows = connection.execute(
        f"SELECT entry_id, event_day, {column} FROM {entries} WHERE {column} IS NOT NULL ORDER BY event_day, entry_id"
    ).fetchall()
    return [Remark(*row) for row in rows]
