"""What people ordered against documents in Fortnox: it stands in the journal alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from fortstripe_dagster.business_day import STOCKHOLM, Days
from fortstripe_dagster.delivery import Journal


@dataclass(frozen=True)
class Order:
    """An order to undo, redo or adopt a document, with its local day."""

    day: date
    document: str
    kind: str
    reason: str
    who: str


def orders(journal: Path, days: Days) -> list[Order]:
    """The orders given since the first of the days, in their order; none without a journal."""
    if not journal.exists():
        return []
    with Journal(journal) as opened:
        rows = opened.rows("SELECT at, document_id, action, reason, who FROM orders ORDER BY at, document_id")
    found = [Order(datetime.fromisoformat(at).astimezone(STOCKHOLM).date(), *told) for at, *told in rows]
    return [order for order in found if order.day >= days.first]
