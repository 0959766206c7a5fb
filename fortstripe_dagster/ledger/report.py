"""What a build says of itself: entries by kind, what waits for a person, what a person should look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import duckdb

from fortstripe_dagster.business_day import Days


class Remark(NamedTuple):
    """Something about one entry that a person should read."""

    entry_id: str
    day: date
    text: str


@dataclass(frozen=True)
class LedgerReport:
    """What the ledger holds after a build; `alerts` are those of the days that were asked for.

    `rebuilt` is the number of entries that were made anew, None for all.
    """

    entries: dict[str, int]
    lines: int
    held: list[Remark] = field(default_factory=list)
    alerts: list[Remark] = field(default_factory=list)
    rebuilt: int | None = None

    def alerts_of(self, days: Days) -> list[Remark]:
        """What a person should look at on these days; older alerts were said on theirs."""
        return [remark for remark in self.alerts if remark.day in days]


def report(
    connection: duckdb.DuckDBPyConnection, rebuilt: int | None, schema: str = "ledger", days: Days | None = None
) -> LedgerReport:
    """The report of the ledger in a schema as it stands, with the alerts of these days or of all."""
    kinds = connection.execute(f"SELECT kind, count(*) FROM {schema}.entries GROUP BY kind ORDER BY kind").fetchall()
    lines = connection.execute(f"SELECT count(*) FROM {schema}.lines").fetchone() or (0,)
    on_days = "" if days is None else f" AND event_day BETWEEN '{days.first}' AND '{days.last}'"
    held = _remarks(connection, f"{schema}.entries", "held")
    alerts = _remarks(connection, f"{schema}.entries", "alert", on_days)
    return LedgerReport(dict(kinds), lines[0], held, alerts, rebuilt)


def _remarks(connection: duckdb.DuckDBPyConnection, entries: str, column: str, among: str = "") -> list[Remark]:
    rows = connection.execute(
        f"SELECT entry_id, event_day, {column} FROM {entries} WHERE {column} IS NOT NULL{among}"
        " ORDER BY event_day, entry_id"
    )
    return list(map(Remark._make, rows.fetchall()))
