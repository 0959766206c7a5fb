"""What people order against a document that is in Fortnox: undo it, deliver its entries again, or adopt a manual fix.

Orders are journalled with name, reason and time. The plan turns them into documents; nothing is ever deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from fortstripe_dagster.business_day import STOCKHOLM
from fortstripe_dagster.delivery.journal.journal import Journal

Action = Literal["undo", "redo", "adopt"]


@dataclass(frozen=True)
class Order:
    """One order; `at` is UTC."""

    document_id: str
    action: Action
    reason: str
    who: str
    at: datetime

    @property
    def because(self) -> str:
        """The reason with name and local day, for texts in Fortnox."""
        return f"{self.reason} ({self.who}, {self.at.astimezone(STOCKHOLM).date()})"


def undone(journal: Journal) -> dict[str, Order]:
    """The documents whose last order is to undo them."""
    rows = journal.rows("SELECT document_id, action, reason, who, at FROM orders ORDER BY rowid")
    latest = {row["document_id"]: _order(*row) for row in rows if row["action"] != "adopt"}
    return {document_id: order for document_id, order in latest.items() if order.action == "undo"}


def reason_for(journal: Journal, day: date) -> str:
    """Why entries of a day that were sent are corrected now: a person's re-plan if there is one, else late facts."""
    rows = journal.rows(
        "SELECT reason, who, at FROM replans WHERE from_day <= ? ORDER BY at DESC LIMIT 1", [day.isoformat()]
    )
    if not rows:
        return "underlaget hos Stripe ändrades"
    return _order("", "redo", *rows[0]).because


def _order(document_id: str, action: Action, reason: str, who: str, at: str) -> Order:
    return Order(document_id, action, reason, who, datetime.fromisoformat(at))
