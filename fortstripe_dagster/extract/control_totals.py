"""Control totals: what is stored beside what Stripe says, kept with its evidence, and refused where they differ.

Of now, the balance endpoint is evidence; of days gone by, only Stripe's own report is (`stripe_report`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from fortstripe_dagster.extract.balance import BalanceLine
from fortstripe_dagster.extract.streams import STREAMS
from fortstripe_dagster.failures import StripeFailure

_AGREED = """
    SELECT max(to_day) FROM stripe.control_totals
    WHERE evidence = 'balance' AND balance_type = ? AND currency = ? AND difference = 0
"""


@dataclass(frozen=True)
class ControlTotal:
    """One comparison, in minor units; `stripes` is None where the evidence was not to be had."""

    evidence: str
    balance_type: str | None
    currency: str | None
    from_day: date
    to_day: date
    ours: int | None
    stripes: int | None
    explained: int = 0
    note: str | None = None

    @property
    def difference(self) -> int | None:
        """What nothing explains; None where there was nothing to compare with."""
        if self.ours is None or self.stripes is None:
            return None
        return self.stripes - self.ours + self.explained


def of_balances(
    connection: duckdb.DuckDBPyConnection, lines: Sequence[BalanceLine], start_date: date, day: date
) -> list[ControlTotal]:
    """The control totals of a reading of the balance on `day`; the note names the days in which a difference arose."""
    found = []
    for line in lines:
        note = None
        if line.difference:
            ((agreed,),) = connection.execute(_AGREED, [line.balance_type, line.currency]).fetchall()
            since = f"since {agreed}, when they last agreed" if agreed else f"since {start_date}, the first booked day"
            note = f"arose {since}"
        elif line.newer:
            note = "the transactions made while it was read explain the difference"
        ours = line.opening + line.since_start_net
        found.append(
            ControlTotal(
                "balance", line.balance_type, line.currency, start_date, day, ours, line.stripe, line.newer, note
            )
        )
    return found


def counts(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int, int]]:
    """Streams whose typed table does not hold each stored object once: (stream, objects, rows). Should be empty."""
    each = " UNION ALL ".join(
        f"SELECT '{stream.name}' AS stream,"
        f" (SELECT count(*) FROM stripe.raw_objects WHERE stream = '{stream.name}'"
        f" AND (created IS NOT NULL OR stream = 'customers')) AS objects,"
        f" (SELECT count(*) FROM stripe.{stream.tables[0]}) AS rows"
        for stream in STREAMS.values()
    )
    return connection.execute(f"SELECT * FROM ({each}) WHERE objects <> rows ORDER BY stream").fetchall()


def record(connection: duckdb.DuckDBPyConnection, totals: Sequence[ControlTotal], at: datetime) -> None:
    """Keep comparisons."""
    for each in totals:
        connection.execute(
            "INSERT INTO stripe.control_totals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [at, each.evidence, each.balance_type, each.currency, each.from_day, each.to_day, each.ours,
             each.stripes, each.difference, each.explained, each.note],
        )  # fmt: skip


def require_agreement(totals: Sequence[ControlTotal]) -> None:
    """Raise StripeFailure naming each comparison that nothing explains: no ledger is made of incomplete books."""
    wrong = [said(each) for each in totals if each.difference]
    if wrong:
        first = min(each.from_day for each in totals if each.difference)
        raise StripeFailure(
            f"The transactions read from Stripe are not complete: {'; '.join(wrong)}.",
            f"sync the days named again (fortstripe sync --from, at the earliest {first}); if the difference stays,"
            " report this line. Nothing was booked.",
        )


def said(total: ControlTotal) -> str:
    """A comparison in words."""
    what = f"{total.balance_type or 'payments'} {total.currency or ''}".strip()
    if total.difference is None:
        return f"{what} {total.from_day}…{total.to_day}: {total.note}"
    return (
        f"{what}, {total.evidence}, {total.from_day}…{total.to_day}: Stripe {total.stripes}, ours {total.ours},"
        f" difference {total.difference}" + (f" ({total.note})" if total.note else "")
    )
