"""The treatment history (behandlingshistorik) for people and machines: what the warehouse's view of that name says.

Documents go by their day, what concerns the whole company (rules, settings, re-plans) by the day of its decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from fortstripe_dagster.business_day import STOCKHOLM, Days
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.delivery.journal.mirror import publish
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

_ALL = """
    SELECT * FROM delivery.treatment_history
    WHERE (?1 IS NULL OR list_contains([document_id, amends, in_fortnox], ?1))
      AND coalesce(day, timezone('Europe/Stockholm', done_at)::DATE) BETWEEN ?2 AND ?3
    ORDER BY done_at, document_id, action
"""


@dataclass(frozen=True)
class Treatment:
    """One thing that was done: `who` is a person's name or `fortstripe`, `at` is UTC. None where it does not apply."""

    at: datetime
    action: str
    document_id: str | None
    kind: str | None
    day: date | None
    who: str | None
    why: str | None
    what: str | None
    amends: str | None
    entry_ids: tuple[str, ...]
    rule_version: str | None
    packaging: str | None
    in_fortnox: str | None
    run_id: str | None

    def text(self) -> str:
        """One line for a terminal."""
        said = (self.what, f"[{self.in_fortnox}]" if self.in_fortnox else None, self.why and f"because: {self.why}")
        name = self.document_id or ""
        words = (f"{self.at.astimezone(STOCKHOLM):%Y-%m-%d %H:%M:%S}", self.who or "", self.action, name, *said)
        return "  ".join(word for word in words if word)


@dataclass(frozen=True)
class TreatmentHistory:
    """Everything that was done in the books, oldest first."""

    treatments: tuple[Treatment, ...]

    def text(self) -> str:
        """The history for a terminal, a line for each thing done."""
        return "\n".join([treatment.text() for treatment in self.treatments] or ["Nothing was done."])

    def as_json(self) -> list[dict[str, Any]]:
        """The history for machines; moments and days are ISO 8601."""
        return [
            {
                **vars(treatment),
                "at": treatment.at.isoformat(),
                "day": treatment.day.isoformat() if treatment.day else None,
                "entry_ids": list(treatment.entry_ids),
            }
            for treatment in self.treatments
        ]


def treatment_history(
    settings: Settings, warehouse: Warehouse, days: Days | None = None, document: str | None = None
) -> TreatmentHistory:
    """What was done with the documents of these days, or with one (its id, or `S 12`) and what amends it.

    The journal is the source: the warehouse is brought up to date with it first. Raises Failure for an unknown
    document.
    """
    with Journal(settings.journal_path) as journal:
        publish(journal, warehouse)
    window = [days.first, days.last] if days else [date.min, date.max]
    with warehouse.writer() as connection:
        rows = connection.execute(_ALL, [document, *window]).fetchall()
    if document is not None and not rows:
        raise Failure(
            f"The treatment history knows no {document}.",
            "name a document id as `fortstripe explain` shows it, or a voucher (S 12).",
        )
    return TreatmentHistory(tuple(_treatment(row) for row in rows))


def _treatment(row: tuple[Any, ...]) -> Treatment:
    at, action, document_id, kind, day, who, why, what, amends, entry_ids, *rest = row
    return Treatment(
        at.astimezone(UTC), action, document_id, kind, day, who, why, what, amends, tuple(entry_ids or ()), *rest
    )
