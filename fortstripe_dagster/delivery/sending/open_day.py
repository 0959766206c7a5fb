"""The day that is not over yet: its customers and invoices may be in Fortnox before it ends, nothing else.

A summary voucher would be wrong until the last payment of the day; payments, credits and fees wait for the night, too.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.delivery.sending.deliver import deliver
from fortstripe_dagster.delivery.sending.report import DeliveryReport
from fortstripe_dagster.fortnox import Fortnox
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

KINDS = frozenset({"customer", "article", "invoice"})
"""An invoice names its articles, so they go along."""


class _OfKinds:
    """The ids of documents of these kinds; each id begins with its kind."""

    def __contains__(self, document_id: object) -> bool:
        return str(document_id).split(":")[0] in KINDS


def deliver_open_day(
    settings: Settings,
    warehouse: Warehouse,
    day: date,
    *,
    run_id: str | None = None,
    fortnox: Fortnox | None = None,
    progress: Callable[[str], None] = print,
) -> DeliveryReport:
    """Send the customers and invoices of a day that is not over; the rest stays planned. Raises as `deliver` does."""
    return deliver(
        settings, warehouse, Days(day, day), run_id=run_id, fortnox=fortnox, only=_OfKinds(), progress=progress
    )
