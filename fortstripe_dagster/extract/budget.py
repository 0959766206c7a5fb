"""What a run and a month spent of the reading that Stripe allots, and a warning before it is used up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

MONTH = timedelta(days=30)
FOR_EACH_TRANSACTION = 500
AT_LEAST = 10_000
"""GETs in 30 days: Stripe allots 500 for each transaction, and never fewer than this (reference, section 0)."""
NEAR = 80
"""Per cent of the allotment at which a run warns."""

_SPENT = """
    SELECT coalesce(sum(count), 0)::BIGINT FROM stripe.requests
    WHERE spent_at > ? AND endpoint LIKE 'GET %' AND NOT regexp_matches(endpoint, '/v1/(reporting|files)')
"""
_TRANSACTIONS = "SELECT count(*) FROM stripe.charges WHERE status = 'succeeded' AND created > ?"


@dataclass(frozen=True)
class Budget:
    """GETs of the last 30 days, reports not counted, and what Stripe allots for them."""

    spent: int
    allotted: int

    @property
    def is_near(self) -> bool:
        """Whether little is left."""
        return self.spent * 100 >= self.allotted * NEAR

    def __str__(self) -> str:
        said = f"{self.spent} of {self.allotted} requests that Stripe allots in 30 days are used"
        return said + (": poll less often, or sync fewer days at a time" if self.is_near else "")


def spent(connection: duckdb.DuckDBPyConnection, now: datetime) -> Budget:
    """What was spent in the 30 days before `now`, by this warehouse's runs."""
    ((used,),) = connection.execute(_SPENT, [now - MONTH]).fetchall()
    ((transactions,),) = connection.execute(_TRANSACTIONS, [now - MONTH]).fetchall()
    return Budget(used, max(AT_LEAST, FOR_EACH_TRANSACTION * transactions))
