"""Stripe becomes schema `stripe`: raw JSON with its versions, and typed tables beside it.

`extract` does a whole run; `Extraction` is the same in steps, for one Dagster asset a stream. What is read stands in
`streams`; the ledger reads nothing but the typed tables, which the files in `sql/` make and fill.
"""

from __future__ import annotations

from collections.abc import Sequence

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract.balance import Account, BalanceLine
from fortstripe_dagster.extract.client import Patience
from fortstripe_dagster.extract.commit import create_tables
from fortstripe_dagster.extract.control_totals import ControlTotal, require_agreement
from fortstripe_dagster.extract.extraction import Extraction
from fortstripe_dagster.extract.report import ExtractReport, StreamReport
from fortstripe_dagster.extract.streams import LISTED, STREAMS, Stream
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Say, Warehouse

__all__ = [
    "LISTED",
    "STREAMS",
    "Account",
    "BalanceLine",
    "ControlTotal",
    "ExtractReport",
    "Extraction",
    "Patience",
    "Stream",
    "StreamReport",
    "create_tables",
    "extract",
]


def extract(
    settings: Settings,
    warehouse: Warehouse,
    days: Days,
    *,
    streams: Sequence[str] | None = None,
    progress: Say = print,
    run_id: str | None = None,
    patience: Patience | None = None,
) -> ExtractReport:
    """Bring everything of `days` from Stripe into the warehouse, with all that it refers to.

    `streams` limits the lists; references, rates and balance are always completed. Raises StripeFailure, RatesFailure
    or ConfigurationError; what was committed before stays.
    """
    with Extraction(settings, warehouse, progress=progress, run_id=run_id, patience=patience) as run:
        wanted = [name for name in LISTED if streams is None or name in streams]
        run.extract_streams(wanted, days)
        run.complete_references()
        run.extract_rates()
        run.read_balance(days)
        report = run.report()
        require_agreement(report.control_totals)
        return report
