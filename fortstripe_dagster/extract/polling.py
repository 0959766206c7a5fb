"""Between the runs that list: when Stripe may be asked for events again. Pure rules, and the moments they need.

Polling takes from the same allotment as everything else, so it gives way before the nightly runs would have to.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb

from fortstripe_dagster.extract.budget import NEAR, Budget

SLOWER = 6
"""How many times rarer events are asked for once little of the month's allotment is left."""
ALMOST_SPENT = 95
"""Per cent of the allotment from which the nightly run alone reads."""

_LAST = """
    SELECT max(spent_at) FROM stripe.requests WHERE endpoint = 'GET /v1/events'
"""


def pause(every: timedelta, month: Budget) -> timedelta | None:
    """How long to wait between two polls; None: not at all until the allotment has recovered."""
    if month.spent * 100 >= month.allotted * ALMOST_SPENT:
        return None
    return every * SLOWER if month.spent * 100 >= month.allotted * NEAR else every


def last_asked(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """When events were asked for last, by whatever run; None: never."""
    row = connection.execute(_LAST).fetchone()
    return row[0] if row else None
