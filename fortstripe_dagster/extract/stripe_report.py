"""Stripe's own report of past days, the only independent evidence of them: asked for, awaited, compared.

A report is the one thing that is ever posted to Stripe; it changes nothing there and its requests are not counted in
the reading that Stripe allots. Its amounts are in major units, unlike everywhere else in the API.
"""

from __future__ import annotations

import csv
import json
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import duckdb

from fortstripe_dagster.business_day import Days, local_day
from fortstripe_dagster.extract.balance import PAYMENTS
from fortstripe_dagster.extract.client import StripeApi, StripeForbidden
from fortstripe_dagster.extract.control_totals import ControlTotal
from fortstripe_dagster.failures import StripeFailure
from fortstripe_dagster.money import to_minor

ITEMIZED = "balance_change_from_activity.itemized.3"
COLUMNS = ("balance_transaction_id", "created_utc", "currency", "net", "reporting_category")
PERMISSION = "rak_report_runs_and_report_types_read"
NOT_ACTIVITY = ("payout", "payout_reversal")
"""Reporting categories that are no activity in Stripe's sense, so not in this report."""
POLL_EVERY, POLL_FOR = 2.0, 600.0
"""Seconds between two looks at a report that is being made, and until it is given up."""

Totals = dict[tuple[date, str], int]
"""Net in minor units by local day and currency."""

_OURS = """
    SELECT day, currency, sum(net)::BIGINT FROM stripe.balance_transactions
    WHERE balance_type = ? AND NOT list_contains(?, reporting_category) AND created >= ? AND created < ?
    GROUP BY ALL
"""


@dataclass(frozen=True)
class Report:
    """What Stripe's report says of a stretch of time, or why there is none."""

    days: Days
    totals: Totals | None
    note: str | None = None


def read(
    api: StripeApi,
    days: Days,
    *,
    livemode: bool,
    pause: Callable[[float], None] = time.sleep,
    poll_for: float = POLL_FOR,
) -> Report:
    """Stripe's report of these local days, as far as Stripe has prepared it.

    What makes it unavailable (test mode, no permission, not prepared yet) is the answer's note. Raises StripeFailure
    for an answer that cannot be trusted.
    """
    if not livemode:
        return Report(days, None, "Stripe makes reports of live accounts only")
    try:
        kind = json.loads(api.get(f"/v1/reporting/report_types/{ITEMIZED}", reading="the report type",
                                  permission=PERMISSION))  # fmt: skip
        start = max(days.start, int(kind["data_available_start"]))
        if int(kind["data_available_end"]) < days.end:
            last = local_day(int(kind["data_available_end"])) - timedelta(days=1)
            if last < days.first:
                return Report(days, None, f"Stripe has prepared no report of these days yet (only to {last})")
            days = Days(days.first, last)
        run = json.loads(
            api.post(
                "/v1/reporting/report_runs",
                {"report_type": ITEMIZED, "parameters": {"interval_start": start, "interval_end": days.end,
                                                         "columns": list(COLUMNS)}},
                reading="Stripe's report",
                permission=PERMISSION,
            )
        )  # fmt: skip
        run = _awaited(api, run, pause, poll_for)
    except StripeForbidden as error:
        return Report(days, None, error.what)
    except StripeFailure as error:
        return Report(days, None, f"no report could be had: {error.what}")
    if run["status"] != "succeeded":
        return Report(days, None, f"Stripe's report {run['id']} is {run['status']}: {run.get('error') or 'no reason'}")
    text = api.file(run["result"]["id"], reading="Stripe's report", permission=PERMISSION).decode("utf-8-sig")
    return Report(days, _totals(text))


def compare(connection: duckdb.DuckDBPyConnection, report: Report) -> list[ControlTotal]:
    """Each day and currency of the report beside what is stored; one line that says so where there is no report."""
    days = report.days
    if report.totals is None:
        return [ControlTotal("report", PAYMENTS, None, days.first, days.last, None, None, note=report.note)]
    bounds = [datetime.fromtimestamp(moment, UTC) for moment in (days.start, days.end)]
    rows = connection.execute(_OURS, [PAYMENTS, list(NOT_ACTIVITY), *bounds]).fetchall()
    ours: Totals = {(day, currency): net for day, currency, net in rows}
    return [
        ControlTotal("report", PAYMENTS, currency, day, day, ours.get((day, currency), 0),
                     report.totals.get((day, currency), 0), note="net of all but payouts")
        for day, currency in sorted(ours.keys() | report.totals.keys())
    ]  # fmt: skip


def _awaited(api: StripeApi, run: dict[str, Any], pause: Callable[[float], None], poll_for: float) -> dict[str, Any]:
    waited = 0.0
    while run["status"] == "pending" and waited < poll_for:
        pause(POLL_EVERY)
        waited += POLL_EVERY
        path = f"/v1/reporting/report_runs/{run['id']}"
        run = json.loads(api.get(path, reading="Stripe's report", permission=PERMISSION))
    return run


def _totals(text: str) -> Totals:
    """Net by local day and currency. Raises StripeFailure for a file without the columns asked for."""
    rows = csv.DictReader(StringIO(text))
    missing = {"created_utc", "currency", "net"} - set(rows.fieldnames or ())
    if missing:
        raise StripeFailure(
            f"Stripe's report came without {', '.join(sorted(missing))}.",
            'set stripe.use_reports = "off" and report this line.',
        )
    totals: defaultdict[tuple[date, str], int] = defaultdict(int)
    for row in rows:
        created = datetime.fromisoformat(row["created_utc"]).replace(tzinfo=UTC)
        currency = row["currency"].upper()
        totals[local_day(int(created.timestamp())), currency] += to_minor(Decimal(row["net"]), currency)
    return dict(totals)
