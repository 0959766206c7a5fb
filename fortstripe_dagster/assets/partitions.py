"""The one partitioning of the project: local days in Europe/Stockholm, backfilled a month a run.

Every asset shares the same objects: another start or policy in one asset would split a backfill into a run a day.
"""

from __future__ import annotations

import warnings
from datetime import date

import dagster as dg

from fortstripe_dagster.business_day import TIMEZONE, Days, local_day

# Backfill policies are in beta; the version is pinned, and one policy for the chain is what makes a month one run.
warnings.filterwarnings("ignore", message="Parameter `backfill_policy`", category=dg.BetaWarning)

POOL = "warehouse"
"""The pool of every asset: one run at a time works on a company, the next waits in the queue."""

DAYS_IN_A_RUN = 31
BACKFILL_POLICY = dg.BackfillPolicy.multi_run(max_partitions_per_run=DAYS_IN_A_RUN)


def daily(start_date: date) -> dg.DailyPartitionsDefinition:
    """One partition for each local day from the company's start date to yesterday."""
    return dg.DailyPartitionsDefinition(start_date=start_date.isoformat(), timezone=TIMEZONE)


def monthly(start_date: date) -> dg.MonthlyPartitionsDefinition:
    """One partition for each month from that of the company's start date to the last that has ended."""
    return dg.MonthlyPartitionsDefinition(start_date=start_date.replace(day=1).isoformat(), timezone=TIMEZONE)


def days_of(context: dg.AssetExecutionContext) -> Days:
    """The local days a run covers: one partition, or a backfill's range of them.

    Bounds are taken as moments: a window's own subtraction would miscount the days on which the clock changes.
    """
    window = context.partition_time_window
    return Days(local_day(int(window.start.timestamp())), local_day(int(window.end.timestamp()) - 1))
